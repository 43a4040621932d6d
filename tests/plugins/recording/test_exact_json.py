"""JSON that gives back exactly what was put in."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura.core.state import trees_equal
from aura.plugins.recording.exact_json import dumps, loads, pack, unpack

TEXT = st.text(st.characters(codec=None, exclude_categories=()))
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | TEXT
TREES = st.recursive(
    PLAIN, lambda part: st.lists(part, max_size=3) | st.dictionaries(TEXT, part, max_size=3)
    | st.lists(part, max_size=3).map(tuple), max_leaves=12)


@pytest.mark.slow
@given(TREES)
def test_trees_come_back_exactly(tree):
    assert trees_equal(unpack(loads(dumps(pack(tree)))), tree)


@given(TEXT)
def test_every_text_comes_back_lone_surrogates_included(text):
    assert unpack(loads(dumps(pack(text)))) == text


def test_surrogates_that_would_pair_stay_two():
    assert loads(dumps(["\ud83d\ude00", "\U0001f600"])) == ["\ud83d\ude00", "\U0001f600"]


def test_the_standard_reader_reads_the_bytes():
    assert json.loads(dumps({"a": ["é\udc80", 0.1]})) == {"a": ["é\udc80", 0.1]}


@pytest.mark.parametrize("value", [
    np.arange(6, dtype=np.int16).reshape(2, 3), np.asarray(1.5, np.float32), np.zeros((0, 4)),
    np.array([1 + 2j]), np.array([True, False]), np.array([np.nan, -0.0])])
def test_arrays_keep_type_shape_and_bits(value):
    assert trees_equal(unpack(loads(dumps(pack({"x": (value,)})))), {"x": (value,)})


def test_numpy_scalars_bytes_and_dollar_keys_come_back():
    back = unpack(loads(dumps(pack([np.float32(0.1), b"\x00\xff", {"$array": 1, 2: "b"}]))))
    assert type(back[0]) is np.float32
    assert back == [np.float32(0.1), b"\x00\xff", {"$array": 1, 2: "b"}]


def test_what_has_no_json_is_named():
    with pytest.raises(TypeError, match="no JSON for object"):
        pack(object())
    with pytest.raises(TypeError, match="no JSON for ndarray"):
        pack(np.array([object()]))


def test_a_float_that_is_not_finite_is_refused_unpacked():
    with pytest.raises(ValueError, match="JSON"):
        dumps(math.nan)
