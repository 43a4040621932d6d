"""Killed at any instant, a run leaves a whole checkpoint and a recording that reads up to it."""

from __future__ import annotations

import random
import subprocess
import sys
import time

import pytest

from aura.core.checkpoint import latest_checkpoint, list_checkpoints
from aura.plugins.recording import Recorder, Recording, digest


@pytest.mark.slow
def test_killed_at_25_random_instants_the_last_checkpoint_loads_and_the_recording_reaches_it(
        make_brain, small_brain_file, tmp_path):
    instants = random.Random(5)
    for kill in range(25):
        folder = tmp_path / str(kill)
        with subprocess.Popen([sys.executable, small_brain_file, folder], stdout=subprocess.PIPE) as child:
            assert child.stdout.readline() == b"saved\n"
            time.sleep(instants.uniform(0.0, 0.4))
            child.kill()
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
