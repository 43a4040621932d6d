"""An expert's file brings back the expert to the bit, and says what is wrong with it where it cannot."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flax.serialization import msgpack_restore, msgpack_serialize
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from aura.core.errors import ParameterError, StateError
from aura.core.state import trees_equal
from aura.zones.experts.expert_file import (
    DamagedError,
    pack_expert,
    read_bytes,
    read_expert,
    unpack_expert,
    write_expert,
)
from aura.zones.experts.kinds.expert import Expert, Lesson, Rows
from aura.zones.experts.kinds.lookup import expert_kind
from tests.zones.experts.store_experts import SmallExpert, SmallOptions, lesson, small, small_kind

KEYS = st.text(max_size=5).filter(lambda key: not key.startswith("$") and key.isprintable())
DTYPES = st.sampled_from(["bool", "int8", "uint64", "float16", "float32", "float64", "complex64", ">i4", ">f8"])
PLAIN = (st.none() | st.booleans() | st.integers() | st.integers(-(2**130), 2**130) | st.floats() | st.text()
         | st.text(st.characters(categories=["Cs"]), max_size=2))
ARRAYS = DTYPES.flatmap(lambda dtype: arrays(dtype, array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3)))
SCALARS = ARRAYS.map(lambda array: array.astype(array.dtype.newbyteorder("=")).reshape(-1)[:1]).filter(len).map(
    lambda array: array[0])
TREES = st.recursive(PLAIN | ARRAYS | SCALARS, lambda parts: (
    st.lists(parts, max_size=3) | st.lists(parts, max_size=3).map(tuple) | st.dictionaries(KEYS, parts, max_size=3)),
    max_leaves=12)


class Keeper(SmallExpert):
    """Keeps any tree."""

    def state(self) -> dict[str, Any]:
        return {"tree": getattr(self, "tree", None)}

    def load_state(self, state: dict[str, Any]) -> None:
        self.tree = state["tree"]


def native(node: Any) -> Any:
    """Return a tree whose arrays are in this machine's byte order, which is all that a file changes."""
    if isinstance(node, np.ndarray):
        return node.astype(node.dtype.newbyteorder("="))
    if isinstance(node, dict):
        return {key: native(part) for key, part in node.items()}
    return type(node)(map(native, node)) if isinstance(node, (list, tuple)) else node


@pytest.mark.slow
@settings(deadline=None)
@given(TREES, st.integers(0, 2**128))
def test_a_state_of_any_shape_comes_back_to_the_bit(tree: Any, seed: int) -> None:
    expert = Keeper((2,), 1, SmallOptions(), seed)
    expert.tree = tree
    header, found = unpack_expert(pack_expert(expert, "expert_0", "keeper"), "here", lambda _: Keeper)
    assert trees_equal(found.state()["tree"], native(tree))
    assert (header.seed, found.seed) == (seed, seed)


def test_an_expert_comes_back_and_goes_on_as_it_would_have(tmp_path: Path) -> None:
    expert, path = small(seed=2**100), tmp_path / "deep" / "expert_3.msgpack"
    expert.learn(lesson(1))
    expert.add_classes(1)
    write_expert(path, expert, "expert_3", "small")
    header, other = read_expert(path, small_kind, shape=(2, 2), name="expert_3")
    assert (header.name, header.kind, header.shape, header.classes) == ("expert_3", "small", (2, 2), 4)
    assert other.options == expert.options
    for each in (expert, other):
        each.learn(lesson(2, classes=4))
    assert trees_equal(expert.state(), other.state())
    assert [entry.name for entry in path.parent.iterdir()] == ["expert_3.msgpack"]


def test_what_is_read_may_be_written_to(tmp_path: Path) -> None:
    expert = Keeper((2,), 1, SmallOptions(), 0)
    expert.tree = np.zeros(3)
    write_expert(tmp_path / "a", expert, "a", "keeper")
    _, found = read_expert(tmp_path / "a", lambda _: Keeper)
    found.state()["tree"][:] = 1.0


def test_the_file_is_one_map_that_flax_reads(tmp_path: Path) -> None:
    path = tmp_path / "expert_0.msgpack"
    write_expert(path, small(), "expert_0", "small")
    tree = msgpack_restore(path.read_bytes())
    assert tree["format"] == 1
    assert tree["state"]["weights"].tobytes() == small().weights.tobytes()


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_a_single_flipped_bit_is_noticed(data: st.DataObject) -> None:
    whole = bytearray(pack_expert(small(), "expert_0", "small"))
    whole[data.draw(st.integers(0, len(whole) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(DamagedError, match=r"^here: .* changed"):
        unpack_expert(bytes(whole), "here", small_kind)


@settings(deadline=None, max_examples=60)
@given(st.floats(0, 1, exclude_max=True))
def test_a_file_that_is_cut_short_is_noticed(share: float) -> None:
    whole = pack_expert(small(), "expert_0", "small")
    with pytest.raises(DamagedError, match=r"^here: .* cut short"):
        unpack_expert(whole[:int(share * len(whole))], "here", small_kind)


def test_a_missing_file_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(StateError, match=r"expert_7\.msgpack.*No such file.*on_damage"):
        read_expert(tmp_path / "expert_7.msgpack", small_kind)


def test_a_folder_in_the_place_of_a_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="directory"):
        read_bytes(tmp_path)


def whole_file(tree: dict[str, Any]) -> bytes:
    """Return the bytes of a file whose digest is right, whatever it holds."""
    from hashlib import sha256

    body = msgpack_serialize({**tree, "sha256": bytes(32)}, in_place=True)[:-32]
    return body + sha256(body).digest()


def test_another_format_is_refused() -> None:
    with pytest.raises(DamagedError, match="of format 1, got format 2"):
        unpack_expert(whole_file({"format": 2}), "here", small_kind)


def test_a_file_with_other_keys_is_refused() -> None:
    with pytest.raises(DamagedError, match=r"expected the keys format, name.* got format, extra"):
        unpack_expert(whole_file({"format": 1, "extra": 0}), "here", small_kind)


def test_an_expert_for_another_shape_is_refused(tmp_path: Path) -> None:
    write_expert(tmp_path / "a", small(), "expert_0", "small")
    with pytest.raises(StateError, match=r"stimuli of shape \(28, 28\), got one for \(2, 2\)"):
        read_expert(tmp_path / "a", small_kind, shape=(28, 28))


def test_an_expert_of_another_name_is_refused(tmp_path: Path) -> None:
    write_expert(tmp_path / "a", small(), "expert_0", "small")
    with pytest.raises(StateError, match="expected the expert 'expert_1', got 'expert_0'"):
        read_expert(tmp_path / "a", small_kind, name="expert_1")


def test_a_kind_that_is_not_here_is_named_with_the_file(tmp_path: Path) -> None:
    def none(name: str) -> type[Expert]:
        raise ParameterError("experts.kinds", expected="a known kind", got=repr(name))

    write_expert(tmp_path / "a", small(), "expert_0", "small")
    with pytest.raises(StateError, match=r"/a: expected an expert of the kind 'small'.*a known kind"):
        read_expert(tmp_path / "a", none)


def test_a_crash_between_writing_and_renaming_leaves_the_older_file(tmp_path: Path,
                                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        """As if the process ended here."""

    def kill(*_: object) -> None:
        raise Killed

    path = tmp_path / "expert_0.msgpack"
    write_expert(path, small(seed=1), "expert_0", "small")
    monkeypatch.setattr(Path, "replace", kill)
    with pytest.raises(Killed):
        write_expert(path, small(seed=2), "expert_0", "small")
    assert read_expert(path, small_kind)[0].seed == 1


def test_a_disk_that_is_full_is_an_error_that_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StateError, match=r"expert_0\.msgpack.*No space left"):
        write_expert(tmp_path / "expert_0.msgpack", small(), "expert_0", "small")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("part", [object(), np.array(["text"]), {1: object()}, 1j, np.datetime64("2020")])
def test_a_state_that_no_file_can_hold_is_refused(part: Any) -> None:
    expert = Keeper((2,), 1, SmallOptions(), 0)
    expert.tree = part
    with pytest.raises(StateError, match="expert_0/tree"):
        pack_expert(expert, "expert_0", "keeper")


@pytest.mark.slow  # compiles
@pytest.mark.parametrize("name", ["analytic", "mlp"])
def test_real_experts_predict_the_same_from_their_files(tmp_path: Path, name: str) -> None:
    kind = expert_kind(name)
    expert = kind((4,), 3, kind.Options(), 5)
    rows: Rows = np.random.default_rng(0).normal(size=(8, 4)).astype(np.float32)
    targets = np.eye(3, dtype=np.float32)[np.arange(8) % 3]
    expert.learn(Lesson(rows, targets, np.ones(8, np.float32), np.zeros(8, np.float32), 1.0))
    write_expert(tmp_path / "a", expert, "expert_0", name)
    _, other = read_expert(tmp_path / "a", expert_kind)
    assert other.predict(rows).tobytes() == expert.predict(rows).tobytes()
    assert trees_equal(other.state(), expert.state())
