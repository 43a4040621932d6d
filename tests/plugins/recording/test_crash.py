"""Killed at any instant, a run leaves a whole checkpoint and a recording that reads up to it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time

import pytest

from aura.core.checkpoint import latest_checkpoint, list_checkpoints
from aura.plugins.recording import Recorder, Recording, digest

# Imports once, and for each folder that it is told begins a process that records there until it is killed.
FORKING = """
import os, pathlib, runpy, sys
main = runpy.run_path(sys.argv[1])["main"]
for line in sys.stdin:
    child = os.fork()
    if not child:
        main(pathlib.Path(line.rstrip()))
    print("began", child, flush=True)
    print("ended", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


def record_and_kill(parent, folder, delay_s):
    """Record into a folder, from the first checkpoint on for so long."""
    parent.stdin.write(f"{folder}\n")
    parent.stdin.flush()
    lines = [parent.stdout.readline().split() for _ in range(2)]
    assert sorted(words[0] for words in lines) == ["began", "saved"]
    time.sleep(delay_s)
    os.kill(next(int(words[1]) for words in lines if words[0] == "began"), signal.SIGKILL)
    while (line := parent.stdout.readline()) == "saved\n":
        pass
    assert line == f"ended {-signal.SIGKILL}\n"


@pytest.mark.slow
def test_killed_at_25_random_instants_the_last_checkpoint_loads_and_the_recording_reaches_it(
        make_brain, small_brain_file, tmp_path):
    instants = random.Random(5)
    folders = [tmp_path / str(kill) for kill in range(25)]
    with subprocess.Popen([sys.executable, "-c", FORKING, small_brain_file], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as parent:
        for folder in folders:
            record_and_kill(parent, folder, instants.uniform(0.0, 0.2))
        parent.stdin.close()
    for folder in folders:
        newest = latest_checkpoint(folder / "checkpoints")
        assert newest == list_checkpoints(folder / "checkpoints")[-1]
        with make_brain() as resumed:
            resumed.observe(Recorder(folder / "recording"))
            resumed.load(newest)
            reached, end = resumed.now, resumed.now + 5_000_000
            times, _ = Recording(folder).series("source.x")
            assert times.tolist() == list(range(0, reached, 1_000_000))
            resumed.run(until=end)
        with make_brain() as whole:
            whole.observe(Recorder(folder / "whole"))
            whole.run(until=end)
        assert digest(Recording(folder)) == digest(Recording(folder / "whole"))
