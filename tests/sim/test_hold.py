"""One process at a time plays a run's folder."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys

import pytest

from aura.core.errors import AuraError
from aura.sim.hold import FolderWatch, Hold

HOLDER = "import sys, time; from pathlib import Path; from aura.sim.hold import Hold\n" \
         "Hold(Path(sys.argv[1])); print('held', flush=True); time.sleep(60)"


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the folder."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.mark.slow
def test_a_folder_that_another_process_holds_is_refused_naming_it_and_free_once_that_was_killed(tmp_path, holder):
    with pytest.raises(AuraError, match=f"got process {holder.pid} on {socket.gethostname()} since "):
        Hold(tmp_path)
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert (tmp_path / "lock").exists()
    with Hold(tmp_path):
        assert json.loads((tmp_path / "lock").read_text())["pid"] == os.getpid()
    assert not (tmp_path / "lock").exists()


def test_a_second_holder_in_one_process_is_refused_too(tmp_path):
    with Hold(tmp_path), pytest.raises(AuraError, match=f"process {os.getpid()} on "):
        Hold(tmp_path)
    Hold(tmp_path).release()


@pytest.mark.parametrize(("content", "free"), [
    ({"pid": 2**22 + 1, "host": socket.gethostname()}, True),
    ({"pid": os.getpid(), "host": socket.gethostname()}, False),
    ({"pid": 1, "host": "elsewhere"}, False),
    (None, True),
])
def test_where_there_are_no_locks_the_process_that_is_named_decides(tmp_path, monkeypatch, content, free):
    def unsupported(file, how):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr("fcntl.flock", unsupported)
    if content is not None:
        (tmp_path / "lock").write_text(json.dumps(content), encoding="utf-8")
    if free:
        Hold(tmp_path).release()
    else:
        with pytest.raises(AuraError, match="a run that no other process plays"):
            Hold(tmp_path)


def test_a_link_in_place_of_the_lock_is_not_followed(tmp_path):
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    (tmp_path / "run").mkdir()
    (tmp_path / "run/lock").symlink_to(tmp_path / "mine.txt")
    with pytest.raises(AuraError, match="a place that can be written to"):
        Hold(tmp_path / "run")
    assert (tmp_path / "mine.txt").read_text(encoding="utf-8") == "mine"


def test_a_folder_that_is_moved_away_is_noticed_within_a_second_of_the_clock(tmp_path):
    now = 0.0
    (tmp_path / "run").mkdir()
    with Hold(tmp_path / "run") as hold:
        watch = FolderWatch(hold, clock=lambda: now)
        watch.after_tick(0)
        (tmp_path / "run").rename(tmp_path / "elsewhere")
        watch.after_tick(1)
        now = 1.0
        with pytest.raises(AuraError, match="the folder of the run, got none any more"):
            watch.after_tick(2)
