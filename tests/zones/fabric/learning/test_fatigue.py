"""Fatigue against its differential equation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura.core.errors import ParameterError, StateError
from aura.core.state import trees_equal
from aura.zones.fabric.learning.fatigue import Fatigue
from aura.zones.fabric.learning.response_params import FatigueParams

from .naive_responses import tired


def fatigue(level: float = 0.0, **params: float) -> Fatigue:
    made = Fatigue(FatigueParams(**params), (1,))
    made.level[:] = level
    return made


@pytest.mark.parametrize("level, activity", [(0.0, 1.0), (0.9, 0.0), (0.9, 0.3), (0.2, 5.0)])
def test_a_step_solves_the_differential_equation(level: float, activity: float) -> None:
    made = fatigue(level, recovery_ms=700.0, utilisation=0.4, rate_hz=20.0)
    made.step([activity], 350.0)
    expected = tired(level, activity, 350.0, 700.0, 0.4 * 20.0 / 1000)
    assert made.level[0] == pytest.approx(expected, abs=1e-7)


def test_one_long_step_equals_many_short_ones() -> None:
    one, many = fatigue(0.3), fatigue(0.3)
    one.step([0.7], 100.0)
    for _ in range(1000):
        many.step([0.7], 0.1)
    assert one.level[0] == pytest.approx(many.level[0], rel=1e-12)


@given(st.floats(0, 1), st.floats(0, 1e30), st.floats(0, 1e12))
def test_fatigue_stays_between_none_and_all(level: float, activity: float, span_ms: float) -> None:
    made = fatigue(level)
    made.step([activity], span_ms)
    assert 0 <= made.level[0] <= 1
    assert 0 <= made.vigour[0] <= 1


def test_a_rested_unit_comes_to_exactly_no_fatigue() -> None:
    made = fatigue(0.5)
    for _ in range(400):
        made.step([0.0], 100.0)
    assert made.level[0] == 0.0


def test_state_continues_to_the_same_bits_and_one_of_another_shape_is_refused() -> None:
    one, other = fatigue(0.1), fatigue()
    other.load_state(one.state())
    for made in (one, other):
        made.step([0.4], 3.0)
    assert trees_equal(one.state(), other.state())
    with pytest.raises(StateError, match=r"level: expected float64 \(2,\), got float64 \(1,\)"):
        Fatigue(FatigueParams(), (2,)).load_state(one.state())


@pytest.mark.parametrize("activity, span_ms", [(-1.0, 1.0), (np.nan, 1.0), (1.0, -1.0), (1.0, np.inf)])
def test_negative_and_endless_values_are_refused(activity: float, span_ms: float) -> None:
    with pytest.raises(ParameterError):
        fatigue().step([activity], span_ms)
