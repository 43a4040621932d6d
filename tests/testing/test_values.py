"""Values that the kit makes for a port are ones that the bus would take from a publisher."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura.core.ports import NUMERIC, Port, make_check
from aura.testing.values import AXIS_LENGTH, TEXTS, random_value

AXES = st.lists(st.sampled_from(["item", "feature", 2, 0]), max_size=3).map(tuple)
SPANS = st.one_of(st.none(), st.tuples(st.integers(-100, 0), st.integers(0, 100)).map(
    lambda span: (float(span[0]), float(span[1]))), st.sampled_from([(0.0, np.inf), (-np.inf, 5.0), (-np.inf, np.inf)]))


@pytest.mark.slow
@given(st.sampled_from(sorted(NUMERIC)), AXES, SPANS, st.integers(0, 4), st.integers(0, 1000))
def test_numbers_pass_the_bus_and_lie_in_their_range(
        dtype: str, shape: tuple[int | str, ...], span: tuple[float, float] | None, items: int, seed: int) -> None:
    if dtype.startswith("u") and span is not None:
        span = (0.0, 7.0)
    port = Port("x", dtype=dtype, shape=shape, range=span)
    value = make_check(port, "t.x")(0, random_value(port, np.random.default_rng(seed), items, {}))
    assert value.shape == tuple({"item": items, "feature": AXIS_LENGTH}.get(axis, axis) for axis in shape)
    if span is not None and np.dtype(dtype).kind in "iuf" and value.size:
        assert value.min() >= span[0]
        assert value.max() <= span[1]


@pytest.mark.parametrize("dtype", ["text", "tags"])
def test_texts_and_tags_pass_the_bus(dtype: str) -> None:
    port = Port("x", dtype=dtype, shape=("item",))
    value = make_check(port, "t.x")(0, random_value(port, np.random.default_rng(1), 40, {}))
    assert len(value) == 40
    assert len(set(value)) > 3


def test_named_axes_take_the_length_they_are_given() -> None:
    assert random_value(Port("x", shape=("feature",)), np.random.default_rng(1), 1, {"feature": 9}).shape == (9,)


def test_texts_hold_the_awkward_ones() -> None:
    assert {"", " "} < set(TEXTS)
    assert any("\ud800" <= letter <= "\udfff" for text in TEXTS for letter in text)
    assert any("\0" in text for text in TEXTS)
    assert max(map(len, TEXTS)) > 3000
