"""Heads come back as they were written, and no damage goes unseen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aura.core.errors import StateError
from aura.core.state import trees_equal
from aura.zones.common.heads import head_array, read_head, write_head


def tree() -> dict[str, Any]:
    rng = np.random.default_rng(3)
    return {"W": rng.normal(size=(3, 4)).astype(np.float32), "count": 7, "rate": 0.25, "names": ["a", "ä"], "on": True,
            "part": {"empty": np.zeros((0, 5)), "ids": np.arange(4, dtype=np.int64)}}


def test_a_tree_comes_back_to_the_bit_and_writable(tmp_path: Path) -> None:
    path = write_head(tmp_path / "zone" / "head.msgpack", tree())
    back = read_head(path)
    assert list(back) == sorted(tree())
    assert trees_equal({name: back[name] for name in tree()}, tree())
    back["W"][0, 0] = 5.0
    assert [file.name for file in path.parent.iterdir()] == ["head.msgpack"]


def test_the_file_is_plain_flax(tmp_path: Path) -> None:
    from flax.serialization import msgpack_restore

    path = write_head(tmp_path / "head.msgpack", tree())
    assert np.array_equal(msgpack_restore(path.read_bytes())["head"]["W"], tree()["W"])


def test_the_same_tree_gives_the_same_bytes(tmp_path: Path) -> None:
    one, other = (write_head(tmp_path / name, tree()).read_bytes() for name in ("one", "other"))
    assert one == other


def test_a_flipped_bit_is_noticed_wherever_it_is(tmp_path: Path) -> None:
    path = write_head(tmp_path / "head.msgpack", tree())
    whole = path.read_bytes()
    for place in range(len(whole)):
        broken = bytearray(whole)
        broken[place] ^= 1 << place % 8
        path.write_bytes(bytes(broken))
        with pytest.raises(StateError, match=r"head\.msgpack"):
            read_head(path)


@pytest.mark.parametrize("length", [0, 1, 40, -1])
def test_a_file_cut_short_names_itself(tmp_path: Path, length: int) -> None:
    path = write_head(tmp_path / "head.msgpack", tree())
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(StateError, match=r"head\.msgpack: expected a head that AURA exported"):
        read_head(path)


def test_a_missing_file_a_folder_and_another_format_name_themselves(tmp_path: Path) -> None:
    from flax.serialization import msgpack_serialize

    with pytest.raises(StateError, match=r"none\.msgpack: .*no such file"):
        read_head(tmp_path / "none.msgpack")
    with pytest.raises(StateError, match="IsADirectoryError"):
        read_head(tmp_path)
    other = tmp_path / "other.msgpack"
    other.write_bytes(msgpack_serialize({"format": 9, "sha256": "", "head": {}}))
    with pytest.raises(StateError, match=r"other\.msgpack: .*format 9"):
        read_head(other)
    other.write_bytes(msgpack_serialize({"weights": 1}))
    with pytest.raises(StateError, match="another kind of file"):
        read_head(other)


def test_what_msgpack_cannot_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StateError, match=r"head\.msgpack/when: expected dicts"):
        write_head(tmp_path / "head.msgpack", {"when": object()})
    assert list(tmp_path.iterdir()) == []


def test_an_array_of_a_head_is_checked(tmp_path: Path) -> None:
    head, path = tree(), tmp_path / "head.msgpack"
    assert head_array(head, "W", (3, None), path) is head["W"]
    with pytest.raises(StateError, match=r"head\.msgpack: W: expected float32 of shape \(3, 5\), got float32 \(3, 4\)"):
        head_array(head, "W", (3, 5), path)
    with pytest.raises(StateError, match="float64"):
        head_array(head, "W", (3, 4), path, np.float64)
    with pytest.raises(StateError, match="got nothing"):
        head_array(head, "V", (3, 4), path)
    with pytest.raises(StateError, match="got int"):
        head_array(head, "count", (), path)
    head["W"][0, 0] = np.nan
    with pytest.raises(StateError, match="finite"):
        head_array(head, "W", (3, 4), path)


def test_a_text_that_is_no_unicode_comes_back(tmp_path: Path) -> None:
    odd = {"names": ["\ud800 lone", "ä"], "one": "\udfff"}
    assert read_head(write_head(str(tmp_path / "head.msgpack"), odd)) == odd


@pytest.mark.parametrize("made", [
    {"format": np.zeros(2), "sha256": "", "head": {}}, {"format": 1, "sha256": np.zeros(3), "head": {}},
    {"format": 1, "sha256": "x", "head": {"a": None}}, {"format": "1", "sha256": "x", "head": []},
    {"format": 1, "sha256": "x", "head": {}, "more": 1}, [1, 2],
])
def test_what_only_looks_like_a_head_is_refused(tmp_path: Path, made: Any) -> None:
    from flax.serialization import msgpack_serialize

    path = tmp_path / "head.msgpack"
    path.write_bytes(msgpack_serialize(made))
    with pytest.raises(StateError, match=r"head\.msgpack: expected a head that AURA exported"):
        read_head(path)
