"""Checkpoint folders: whole or not there, whatever happens while one is written."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aura import Brain
from aura.core import checkpoint
from aura.core.checkpoint import (
    checkpoint_at,
    checkpoint_time,
    latest_checkpoint,
    list_checkpoints,
    read_checkpoint,
    write_checkpoint,
)
from aura.core.errors import CheckpointError, StateError
from aura.core.state import trees_equal

TREES = {"zone": {"w": np.arange(300.0), "n": 3}, "other": {"w": np.ones((2, 2), np.float32), "name": "é\ud800"}}


def test_what_is_written_is_read(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path, 1_500_000, {"seed": 7}, TREES)
    manifest, trees = read_checkpoint(folder)
    assert (manifest["time"], manifest["seed"], checkpoint_time(folder)) == (1_500_000, 7, "1500 us")
    assert trees_equal(trees, TREES)


def test_only_the_last_few_are_kept(tmp_path: Path) -> None:
    for instant in range(6):
        write_checkpoint(tmp_path, instant, {}, {}, keep=3)
    assert [checkpoint_time(path) for path in list_checkpoints(tmp_path)] == ["3 ns", "4 ns", "5 ns"]
    for instant in range(6, 9):
        write_checkpoint(tmp_path, instant, {}, {}, keep=0)
    assert len(list_checkpoints(tmp_path)) == 6


def test_folders_that_are_no_checkpoints_are_left_alone(tmp_path: Path) -> None:
    for name in ("tmp", "t1", "tensors", "t" + "9" * 20 + ".bak"):
        (tmp_path / name).mkdir()
    for instant in range(3):
        write_checkpoint(tmp_path, instant, {}, {}, keep=1)
    assert len(list_checkpoints(tmp_path)) == 1
    assert {"tmp", "t1", "tensors", "t" + "9" * 20 + ".bak"} < {path.name for path in tmp_path.iterdir()}
    with pytest.raises(CheckpointError, match="the folder of a checkpoint"):
        checkpoint_time(tmp_path / "tmp")


def test_a_second_checkpoint_of_one_instant_replaces_the_first(tmp_path: Path) -> None:
    for turn in range(12):
        write_checkpoint(tmp_path, 5, {"turn": turn}, TREES, keep=1)
    assert len(list_checkpoints(tmp_path)) == 1
    assert read_checkpoint(latest_checkpoint(tmp_path))[0]["turn"] == 11
    assert checkpoint_time(latest_checkpoint(tmp_path)) == "5 ns"


@pytest.mark.parametrize(("asked", "found"), [
    (5_000_000_000, 5_000_000_001), (5_000_999_999, 5_000_000_001), (7_000_000_000, 7_000_000_000),
    (9_000_000_000, 7_000_000_001)])
def test_a_checkpoint_is_found_by_the_instant_of_its_tick(tmp_path: Path, asked: int, found: int) -> None:
    # A state after a tick stands a nanosecond behind it; one that was left where a run stopped, at that very instant.
    for instant in (3_000_000_001, 5_000_000_001, 7_000_000_000, 7_000_000_001):
        write_checkpoint(tmp_path, instant, {}, {}, keep=0)
    path = checkpoint_at(tmp_path, asked, resolution=1_000_000)
    assert path.name == f"t{found:020d}"
    assert checkpoint_time(path, 1_000_000) == f"{found // 1_000_000_000} s"


def test_no_checkpoint_is_early_enough(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, 5_000_000_001, {}, {})
    with pytest.raises(CheckpointError, match="expected a checkpoint at or before 4999 ms, got 5 s"):
        checkpoint_at(tmp_path, 4_999_000_000, resolution=1_000_000)


@pytest.mark.slow
def test_a_byte_changed_anywhere_is_found(tmp_path: Path) -> None:
    whole = write_checkpoint(tmp_path, 2, {}, TREES)
    rng = np.random.default_rng(0)
    for file in sorted(whole.iterdir()):
        content = file.read_bytes()
        for position in {0, len(content) - 1, *rng.integers(len(content), size=25).tolist()}:
            changed = bytearray(content)
            changed[position] ^= int(rng.integers(1, 256))
            file.write_bytes(changed)
            if file.suffix == ".json" and _same_json(content, bytes(changed)):
                continue  # white space
            with pytest.raises(CheckpointError):
                read_checkpoint(whole)
        file.write_bytes(content)
    read_checkpoint(whole)


def _same_json(one: bytes, other: bytes) -> bool:
    try:
        return bool(json.loads(one) == json.loads(other))
    except ValueError:
        return False


def test_a_file_cut_short_or_gone_is_found_and_the_one_before_is_taken(tmp_path: Path) -> None:
    before = write_checkpoint(tmp_path, 1, {}, TREES)
    last = write_checkpoint(tmp_path, 2, {}, TREES)
    for file in sorted(last.iterdir()):
        content = file.read_bytes()
        for length in (0, 1, 8, len(content) // 2, len(content) - 1):
            file.write_bytes(content[:length])
            with pytest.raises(CheckpointError):
                read_checkpoint(last)
            assert latest_checkpoint(tmp_path) == before
        file.unlink()
        with pytest.raises(CheckpointError):
            read_checkpoint(last)
        assert latest_checkpoint(tmp_path) == before
        file.write_bytes(content)
    assert latest_checkpoint(tmp_path) == last


@pytest.mark.parametrize("text", ["", "[]", "3", '"content"', "{}", '{"content": 1, "sha256": 2}', "\xff"])
def test_a_manifest_of_another_shape_is_a_checkpoint_error(tmp_path: Path, text: str) -> None:
    folder = write_checkpoint(tmp_path, 2, {}, TREES)
    (folder / "manifest.json").write_text(text, encoding="latin-1")
    with pytest.raises(CheckpointError):
        read_checkpoint(folder)


def test_another_format_is_refused_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "FORMAT", 99)
    folder = write_checkpoint(tmp_path, 2, {}, TREES)
    monkeypatch.undo()
    with pytest.raises(CheckpointError, match=f"expected format {checkpoint.FORMAT}, got format 99"):
        read_checkpoint(folder)


def test_no_checkpoint_at_all_is_said(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(CheckpointError, match="at least one whole checkpoint"):
            latest_checkpoint(folder)


class Crash(BaseException):
    """The machine stops here."""


@pytest.mark.parametrize("instant", [7, 8])
@pytest.mark.parametrize("call", ["rename", "fsync", "open"])
def test_a_crash_at_any_call_leaves_the_checkpoint_before_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                                call: str, instant: int) -> None:
    real = getattr(os, call)
    survived = False
    for at in range(20):
        folder = tmp_path / str(at)
        write_checkpoint(folder, 7, {"turn": at}, TREES, keep=1)
        calls = 0

        def crash(*arguments: Any, at: int = at, **more: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls > at:
                raise Crash
            return real(*arguments, **more)

        monkeypatch.setattr(os, call, crash)
        try:
            write_checkpoint(folder, instant, {"turn": "next"}, TREES, keep=1)
            survived = True
        except Crash:
            pass
        monkeypatch.undo()
        manifest, trees = read_checkpoint(latest_checkpoint(folder))
        assert manifest["turn"] in (at, "next")
        assert trees_equal(trees, TREES)
        for path in list_checkpoints(folder):
            read_checkpoint(path)
        if survived:
            break
    assert survived
    assert at >= 2


def test_a_state_that_cannot_be_written_leaves_the_checkpoint_before_whole(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, 1, {}, TREES)
    with pytest.raises(StateError):
        write_checkpoint(tmp_path, 2, {}, {"a": {}, "b": {"x": object()}})
    assert [checkpoint_time(path) for path in list_checkpoints(tmp_path)] == ["1 ns"]


def test_what_a_killed_writer_left_is_cleared_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object) -> None:
        raise Crash

    monkeypatch.setattr(os, "rename", crash)
    with pytest.raises(Crash):
        write_checkpoint(tmp_path, 1, {}, TREES)
    monkeypatch.undo()
    assert len(list(tmp_path.iterdir())) == 1
    whole = write_checkpoint(tmp_path, 2, {}, TREES)
    assert list(tmp_path.iterdir()) == [whole]


CHILD = """
import sys, numpy as np
from pathlib import Path
from aura.core.checkpoint import write_checkpoint
n = 0
while True:
    n += 1
    write_checkpoint(Path(sys.argv[1]), n // 2, {"n": n}, {"zone": {"w": np.full(20_000, float(n))}}, keep=2)
    print(n, flush=True)
"""


@pytest.mark.slow
def test_a_writer_killed_at_any_instant_leaves_whole_checkpoints_only(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    for turn in range(6):
        folder = tmp_path / str(turn)
        child = subprocess.Popen([sys.executable, "-c", CHILD, str(folder)], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(float(rng.uniform(0, 0.1)))
        child.send_signal(signal.SIGKILL)
        written = child.stdout.read().split()
        child.wait()
        child.stdout.close()
        for path in list_checkpoints(folder):
            manifest, trees = read_checkpoint(path)
            assert (trees["zone"]["w"] == manifest["n"]).all()
        assert read_checkpoint(latest_checkpoint(folder))[0]["n"] >= max(map(int, written), default=1)


def test_what_is_no_checkpoint_is_told_by_what_it_is(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "empty").mkdir()
    brain = Brain()
    for name, got in (("nope", "no such folder"), ("file", "a file"), ("empty", "one without a manifest.json")):
        with pytest.raises(CheckpointError, match=rf"{name}: expected the folder of a checkpoint, .*got {got}$"):
            brain.load(tmp_path / name)
