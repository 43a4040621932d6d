from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura.plugins.metrics.matching import Matcher


def test_sides_may_come_in_any_order_and_in_other_batches():
    matcher = Matcher(("truth", "prediction", "best"), 10)
    assert matcher.put(2, [1, 2], ["b1", "b2"]) == []
    assert matcher.put(0, [2, 1], ["t2", "t1"]) == []
    assert matcher.put(1, [1], ["p1"]) == [["t1", "p1", "b1"]]
    assert matcher.put(1, [2], ["p2"]) == [["t2", "p2", "b2"]]
    assert len(matcher) == 0


def test_arrays_and_none_are_values_too():
    matcher = Matcher(("truth", "prediction"), 10)
    matcher.put(0, [1], [None])
    [[truth, row]] = matcher.put(1, [1], [np.arange(3)])
    assert truth is None
    assert row.tolist() == [0, 1, 2]


def test_the_oldest_goes_when_the_table_is_full():
    matcher = Matcher(("truth", "prediction"), 2)
    matcher.put(0, [1, 2, 3], "abc")
    assert matcher.gone == {"truth": 1, "prediction": 0}
    assert matcher.put(1, [2, 3], "BC") == [["b", "B"], ["c", "C"]]


@pytest.mark.slow
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 8)), max_size=60), st.integers(1, 6), st.integers(0, 60))
def test_a_restored_table_goes_on_as_the_saved_one(words, capacity, stop):
    sides = ("truth", "prediction", "best")
    whole, before, after = (Matcher(sides, capacity) for _ in range(3))
    complete = [whole.put(side, [item], [f"{side}{item}"]) for side, item in words]
    first = [before.put(side, [item], [f"{side}{item}"]) for side, item in words[:stop]]
    after.load_state(before.state())
    rest = [after.put(side, [item], [f"{side}{item}"]) for side, item in words[stop:]]
    assert first + rest == complete
    assert after.gone == whole.gone
    assert len(whole) <= capacity
