"""State trees: what is written is read back to the bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura.core.errors import StateError
from aura.core.ports import NUMERIC
from aura.core.state import decode, encode, read_tree, trees_equal, write_tree


@st.composite
def arrays(draw: st.DrawFn) -> np.ndarray:
    dtype = np.dtype(draw(st.sampled_from(NUMERIC)))
    shape = tuple(draw(st.lists(st.integers(0, 4), max_size=3)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    raw = rng.bytes(int(np.prod(shape)) * dtype.itemsize)  # any bits: NaN payloads, infinities, subnormals
    array = np.frombuffer(raw, np.uint8).copy()
    array = (array % 2).astype(bool) if dtype.kind == "b" else array.view(dtype)
    array = array.reshape(shape)
    way = draw(st.sampled_from(["plain", "transposed", "strided", "reversed", "fortran"]))
    if way == "transposed":
        return array.T
    if way == "strided":
        return np.repeat(array, 2, axis=0)[::2] if array.ndim else array
    if way == "reversed":
        return array[::-1] if array.ndim else array
    return np.asfortranarray(array) if way == "fortran" and array.ndim else array


plain = (st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
         | arrays() | arrays().filter(lambda array: array.size).map(lambda array: array.reshape(-1)[0]))
whole = st.integers() | st.integers(2**63 - 2, 2**64 + 1) | st.integers(-(2**63) - 2, -(2**63) + 1)
texts = st.text(max_size=4) | st.text(st.characters(min_codepoint=0xd700, max_codepoint=0xe000), max_size=2)
words = st.none() | st.booleans() | whole | texts | texts.map("$".__add__) | st.binary(max_size=3)
keys = texts | st.tuples(words, words) | words
trees = st.recursive(plain | words | st.sets(words, max_size=3) | st.sets(st.integers(0, 2**64 - 1)),
                     lambda part: st.lists(part, max_size=3) | st.lists(part, max_size=3).map(tuple)
                     | st.dictionaries(keys, part, max_size=3), max_leaves=12)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(tree=trees)
def test_a_tree_is_read_back_to_the_bit(tmp_path_factory: pytest.TempPathFactory, tree: Any) -> None:
    path = tmp_path_factory.getbasetemp() / "tree.safetensors"
    write_tree(path, tree, "owner")
    read = read_tree(path, "owner")
    assert trees_equal(read, tree)
    for array in _arrays_in(read):
        assert array.flags.writeable
        assert array.flags.c_contiguous


def _arrays_in(tree: Any) -> list[np.ndarray]:
    if isinstance(tree, np.ndarray):
        return [tree]
    parts = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, (list, tuple)) else ()
    return [array for part in parts for array in _arrays_in(part)]


def test_keys_that_spell_one_path_keep_their_own_arrays(tmp_path: Path) -> None:
    tree = {"a": {"b": np.arange(2)}, "a/b": np.arange(3), "a/b'": np.arange(4)}
    write_tree(tmp_path / "f", tree, "owner")
    assert trees_equal(read_tree(tmp_path / "f", "owner"), tree)


@pytest.mark.parametrize("value", [0j, np.zeros((), complex), np.zeros((4, 4), complex)[:, ::2].T,
                                   np.zeros((3, 0), np.complex64), np.complex64(1 - 2j)])
def test_complex_numbers_of_any_layout_are_kept(tmp_path: Path, value: Any) -> None:
    value = np.asarray(value) if isinstance(value, complex) else value
    write_tree(tmp_path / "f", {"z": value}, "owner")
    assert trees_equal(read_tree(tmp_path / "f", "owner")["z"], value)


def test_a_generators_state_is_kept(tmp_path: Path) -> None:
    rng, other = np.random.default_rng(1), np.random.default_rng(2)
    rng.integers(10, size=3, dtype=np.int32)
    write_tree(tmp_path / "f", rng.bit_generator.state, "owner")
    other.bit_generator.state = read_tree(tmp_path / "f", "owner")
    assert other.integers(10**9, size=9).tolist() == rng.integers(10**9, size=9).tolist()


@pytest.mark.parametrize(("one", "other"), [
    (0.0, -0.0), (1, 1.0), (1, True), ([1], (1,)), (np.float32(1), np.asarray(1, np.float32)),
    (np.float16(0.0), np.float16(-0.0)), (np.float32("nan"), np.float32(1)),
    (np.zeros(2), np.zeros(2, np.float32)), (np.zeros(2), np.zeros((2, 1))), ({"a": 1}, {"b": 1}),
    ({"a": 1, "b": 2}, {"b": 2, "a": 1}), (np.array([0.0]), np.array([-0.0])),
])
def test_trees_that_differ_in_a_bit_or_a_type_are_unequal(one: Any, other: Any) -> None:
    assert not trees_equal(one, other)
    assert trees_equal(one, one)
    assert trees_equal(other, other)


@pytest.mark.parametrize(("tree", "path"), [
    ({"a": [object()]}, "owner/a/0"), ({"a": {object()}}, "owner/a"), ({"a": {3: object()}}, "owner/a/3"),
    ({"a": np.array(["x"])}, "owner/a"), ({"a": np.array([None])}, "owner/a"), ({"a": bytearray(2)}, "owner/a"),
    ({"a": np.zeros(2, np.longdouble)}, "owner/a"), ({"a": np.zeros(2, np.clongdouble)}, "owner/a"),
    ({"a": np.zeros(2, "M8[s]")}, "owner/a"),
])
def test_what_cannot_be_kept_is_refused_by_its_path(tmp_path: Path, tree: Any, path: str) -> None:
    with pytest.raises(StateError) as caught:
        write_tree(tmp_path / "f", tree, "owner")
    assert caught.value.where == path


@settings(max_examples=100, deadline=None)
@given(tree=trees)
def test_a_tree_in_plain_parts_holds_what_any_file_can_say_and_is_read_back(tree: Any) -> None:
    encoded = encode(tree, "owner")
    for part in _parts_of(encoded):
        assert type(part) in (dict, list, str, bytes, int, float, bool, type(None), np.ndarray)
        if type(part) is int:
            assert -(2**63) <= part < 2**64
        elif type(part) is str:
            part.encode()
    assert trees_equal(decode(encoded), tree)


def _parts_of(tree: Any) -> list[Any]:
    parts = [*tree, *tree.values()] if isinstance(tree, dict) else tree if isinstance(tree, list) else []
    return [tree, *(below for part in parts for below in _parts_of(part))]


def test_a_missing_and_a_foreign_file_are_state_errors(tmp_path: Path) -> None:
    (tmp_path / "foreign").write_bytes(b"no tensors at all")
    for name in ("missing", "foreign"):
        with pytest.raises(StateError, match="owner: expected a state file"):
            read_tree(tmp_path / name, "owner")


@pytest.mark.slow
def test_plain_values_beyond_what_a_file_holds_are_refused_when_written(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="less than 100 MB"):
        write_tree(tmp_path / "f", {"text": "x" * 101_000_000}, "owner")
