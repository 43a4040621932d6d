"""Unmet goals raise the learning drive; met goals let it fall back."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura.zones.control.drives import Drives, shortfall
from aura.zones.control.params import GoalOptions

HIGH = GoalOptions(target=0.9, span=0.5)
LOW = GoalOptions(target=0.1, direction="below", weight=3.0, tau_s=2.0)
any_number = st.floats(-3e38, 3e38)


@pytest.mark.parametrize(("goal", "value", "expected"), [
    (HIGH, 0.9, 0.0), (HIGH, 1.7, 0.0), (HIGH, 0.65, 0.5), (HIGH, 0.0, 1.0),
    (LOW, 0.1, 0.0), (LOW, -5.0, 0.0), (LOW, 0.35, 0.25), (LOW, 9.0, 1.0),
])
def test_a_goal_is_unmet_by_its_distance_on_the_wrong_side(goal: GoalOptions, value: float, expected: float) -> None:
    assert shortfall(value, goal) == pytest.approx(expected)


def test_an_unmet_goal_raises_the_drive_and_a_met_one_lets_it_fall_back() -> None:
    drives = Drives({"high": HIGH}, largest=3.0)
    assert drives.learning_drive == 1.0
    drives.follow({"high": 0.65}, seconds=10.0)
    assert drives.drive == pytest.approx(0.5 * (1 - math.exp(-1)))
    assert drives.learning_drive == pytest.approx(1 + 2 * drives.drive)
    drives.follow({"high": 0.0}, seconds=1e4)
    assert drives.learning_drive == pytest.approx(3.0)
    drives.follow({"high": 1.0}, seconds=10.0)
    assert drives.drive == pytest.approx(math.exp(-1))
    drives.follow({"high": 1.0}, seconds=1e4)
    assert drives.learning_drive == 1.0


def test_goals_count_by_their_weight() -> None:
    drives = Drives({"high": HIGH, "low": LOW}, largest=2.0)
    drives.follow({"high": 0.0, "low": 0.0}, seconds=1e6)
    assert drives.drive == pytest.approx(1 / 4)
    drives.follow({"high": 1.0, "low": 5.0}, seconds=1e6)
    assert drives.drive == pytest.approx(3 / 4)


def test_a_goal_that_nobody_has_told_is_no_drive() -> None:
    drives = Drives({"high": HIGH, "low": LOW}, largest=2.0)
    drives.follow({}, seconds=100.0)
    assert (drives.drive, drives.learning_drive) == (0.0, 1.0)


def test_without_goals_the_drive_is_neutral() -> None:
    assert (Drives({}, 5.0).drive, Drives({}, 5.0).learning_drive) == (0.0, 1.0)


@pytest.mark.slow
@given(st.lists(st.tuples(any_number, any_number, st.floats(0, 1e9)), max_size=20))
def test_the_learning_drive_stays_within_its_bounds(goals: list[tuple[float, float, float]]) -> None:
    drives = Drives({"high": HIGH, "low": LOW}, largest=4.0)
    for high, low, seconds in goals:
        drives.follow({"high": high, "low": low}, seconds)
        assert 0.0 <= drives.drive <= 1.0
        assert 1.0 <= drives.learning_drive <= 4.0


@given(value=st.floats(-2, 2), seconds=st.floats(0.01, 100), parts=st.integers(2, 30))
def test_one_long_span_equals_many_short_ones(value: float, seconds: float, parts: int) -> None:
    whole, pieces = Drives({"low": LOW}, 2.0), Drives({"low": LOW}, 2.0)
    whole.follow({"low": value}, seconds)
    for _ in range(parts):
        pieces.follow({"low": value}, seconds / parts)
    assert whole.drive == pytest.approx(pieces.drive, abs=1e-12)


def test_a_drive_that_fades_ends_at_zero_not_at_a_denormal() -> None:
    drives = Drives({"low": LOW}, 2.0)
    drives.follow({"low": 9.0}, 10.0)
    drives.follow({"low": 0.0}, 142.0)
    assert drives.levels["low"] == 0.0
