"""Files that are written aside and renamed: whole, or not there."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from aura.core.errors import StateError
from aura.zones.common.npy_files import write_array
from aura.zones.common.whole_files import read_file, whole_file, write_file


@pytest.mark.parametrize("durable", [False, True])
def test_a_file_is_read_back_and_nothing_lies_beside_it(tmp_path, durable):
    path = tmp_path / "new" / "file"
    write_file(path, b"first", durable=durable)
    write_file(path, b"second", durable=durable)
    assert read_file(path, "bytes") == b"second"
    assert [found.name for found in path.parent.iterdir()] == ["file"]


def test_a_place_that_cannot_be_written_to_is_named_and_nothing_is_left(tmp_path):
    (tmp_path / "taken").mkdir()
    with pytest.raises(StateError, match=r"taken: expected a place that can be written to, got .*directory"):
        write_file(tmp_path / "taken", b"data")
    assert [found.name for found in tmp_path.iterdir()] == ["taken"]


def test_an_array_that_cannot_be_written_leaves_the_earlier_one(tmp_path, monkeypatch):
    before = write_array(tmp_path / "W.npy", np.ones(3)).read_bytes()
    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(StateError, match=r"W\.npy: expected a place that can be written to, got No space left"):
        write_array(tmp_path / "W.npy", np.zeros(3))
    assert (tmp_path / "W.npy").read_bytes() == before
    assert [found.name for found in tmp_path.iterdir()] == ["W.npy"]


def test_a_file_that_another_writes_takes_its_place_once_it_is_whole(tmp_path):
    path = tmp_path / "weights"
    with whole_file(path) as aside:
        aside.write_bytes(b"first")
        assert not path.exists()

    def half(aside):
        aside.write_bytes(b"sec")
        full()

    with pytest.raises(StateError, match="weights: expected a place"), whole_file(path) as aside:
        half(aside)
    assert path.read_bytes() == b"first"
    assert os.listdir(tmp_path) == ["weights"]


def full(*_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_file_that_is_missing_or_a_folder_is_named(tmp_path):
    with pytest.raises(StateError, match=r"expected a head, got no such file\. Export it\."):
        read_file(tmp_path / "nowhere", "a head", "Export it.")
    with pytest.raises(StateError, match="expected a head, got IsADirectoryError"):
        read_file(tmp_path, "a head")
