"""Labels read from the map by majority."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura.core.errors import ParameterError, StateError
from aura.core.state import trees_equal
from aura.zones.fabric.som.readout import MajorityReadout

LINE = np.arange(5.0)[:, None]


def test_a_unit_answers_with_what_it_received_most_often() -> None:
    readout = MajorityReadout(5)
    readout.learn_all([1, 1, 1, 3, 3], ["a", "b", "b", "a", "a"])
    assert readout.read(np.array([1, 3, 1]), LINE) == ["b", "a", "b"]


def test_a_unit_without_labels_answers_with_the_nearest_that_has_one() -> None:
    readout = MajorityReadout(5)
    readout.learn_all([0, 3], ["left", "right"])
    assert readout.of_units(LINE) == ["left", "left", "right", "right", "right"]


def test_without_labels_there_is_no_answer() -> None:
    assert MajorityReadout(5).read(np.array([0, 4]), LINE) == [None, None]


def test_with_a_half_life_a_unit_that_has_moved_forgets_what_it_stood_for() -> None:
    lasting, fading = MajorityReadout(5), MajorityReadout(5, half_life=10.0)
    for readout in (lasting, fading):
        readout.learn_all([2] * 100 + [2] * 30, ["old"] * 100 + ["new"] * 30)
    assert lasting.read(np.array([2]), LINE) == ["old"]
    assert fading.read(np.array([2]), LINE) == ["new"]


def test_a_half_life_is_the_labels_after_which_one_counts_half() -> None:
    readout = MajorityReadout(5, half_life=10.0)
    readout.learn_all([0] * 11, ["a"] + ["b"] * 10)
    assert readout.counts[0, 0] == pytest.approx(0.5)


def test_a_very_long_stream_neither_overflows_nor_underflows() -> None:
    readout = MajorityReadout(5, half_life=1.0)
    readout.learn_all([0] * 5000, ["a", "b"] * 2500)
    assert readout.counts[0].tolist() == pytest.approx([2 / 3, 4 / 3])


@pytest.mark.slow
@given(pairs=st.lists(st.tuples(st.integers(0, 4), st.sampled_from("abc")), min_size=1, max_size=60))
def test_answers_are_those_of_counting_by_hand(pairs: list[tuple[int, str]]) -> None:
    readout = MajorityReadout(5)
    readout.learn_all([unit for unit, _ in pairs], [label for _, label in pairs])
    order = list(dict.fromkeys(label for _, label in pairs))
    for unit in {unit for unit, _ in pairs}:
        counted = Counter(label for place, label in pairs if place == unit)
        expected = max(order, key=lambda label: (counted[label], -order.index(label)))
        assert readout.read(np.array([unit]), LINE) == [expected]


@pytest.mark.slow
@given(pairs=st.lists(st.tuples(st.integers(0, 4), st.sampled_from("abc")), max_size=40), cut=st.integers(0, 40),
       half_life=st.sampled_from([0.0, 3.0]))
def test_state_continues_to_the_same_bits(pairs: list[tuple[int, str]], cut: int, half_life: float) -> None:
    one, other = MajorityReadout(5, half_life), MajorityReadout(5, half_life)
    for unit, label in pairs[:cut]:
        one.learn(unit, label)
    other.load_state(one.state())
    for unit, label in pairs[cut:]:
        one.learn(unit, label)
        other.learn(unit, label)
    assert trees_equal(one.state(), other.state())


def test_bad_input_is_refused() -> None:
    with pytest.raises(ParameterError, match="at least 1"):
        MajorityReadout(0)
    with pytest.raises(ParameterError, match="from 0 up"):
        MajorityReadout(3, half_life=-1.0)
    with pytest.raises(ParameterError, match="0 to 2"):
        MajorityReadout(3).learn(3, "a")
    with pytest.raises(StateError, match=r"counts: expected float64 \(3, 0\), got float64 \(4, 0\)"):
        MajorityReadout(3).load_state(MajorityReadout(4).state())
