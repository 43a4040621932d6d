"""Radius, rate and memory, by the clock and by the input."""

from __future__ import annotations

import math

import pytest

from aura.zones.fabric.som.params import SomParams
from aura.zones.fabric.som.schedule import LEAST_MEMORY, MEMORY_GROWTH, Schedule


def played(kind: str, errors: list[float], count: int = 100, **params: float) -> list[float]:
    schedule = Schedule(SomParams(schedule=kind, **{"length": 2000, **params}), 8.0)  # type: ignore[arg-type]
    return [schedule.next(count, error).radius for error in errors]


@pytest.mark.parametrize(("kind", "middle"), [("exponential", 2.0), ("linear", 4.25), ("novelty", 2.0)])
def test_a_clock_goes_from_start_to_end_and_stays(kind: str, middle: float) -> None:
    radii = played(kind, [1.0] * 30, radius_end=0.5)
    assert radii[0] == 8.0
    assert radii[10] == pytest.approx(middle)
    assert radii[20:] == [0.5] * 10


def test_rate_goes_with_the_radius() -> None:
    schedule = Schedule(SomParams(length=100, rate_start=0.4, rate_end=0.1), 8.0)
    assert [round(schedule.at(age).rate, 9) for age in (0, 50, 100)] == [0.4, 0.2, 0.1]


def test_memory_grows_with_what_has_been_seen_up_to_its_length() -> None:
    schedule = Schedule(SomParams(memory=5000, length=10), 8.0)
    assert schedule.at(0).memory == LEAST_MEMORY
    assert schedule.at(10_000).memory == MEMORY_GROWTH * 10_000
    assert schedule.at(1e6).memory == 5000
    assert Schedule(SomParams(memory=50), 8.0).at(0).memory == 50


def test_plsom_radius_follows_its_formula() -> None:
    radii = played("plsom", [2.0, 1.0, 4.0, 1.0, 0.0], radius_end=0.5)
    expected = [7.5 * math.log1p(match * (math.e - 1)) + 0.5 for match in (1.0, 0.5, 1.0, 0.25, 0.0)]
    assert radii == pytest.approx(expected)


def test_news_open_the_neighbourhood_again_and_it_closes_again() -> None:
    radii = played("novelty", [10.0] + [5.0] * 59 + [8.0] * 60 + [5.0] * 60)
    settled, after, last = radii[55], max(radii[60:90]), radii[-1]
    assert settled == 0.3
    assert after > 3.0
    assert last == 0.3


def test_greater_news_open_it_wider() -> None:
    some, much = (max(played("novelty", [10.0] + [5.0] * 59 + [error] * 30)[60:]) for error in (6.0, 9.0))
    assert 0.5 < some < much


def test_a_few_bad_items_are_no_news() -> None:
    assert max(played("novelty", [10.0] + [5.0] * 59 + [9.0] * 3 + [5.0] * 30)[60:]) == 0.3


def test_state_continues_in_the_middle_of_an_alarm() -> None:
    params = SomParams(schedule="novelty", length=2000)
    errors = [10.0] + [5.0] * 59 + [8.0] * 60
    schedule = Schedule(params, 8.0)
    for error in errors[:65]:
        schedule.next(100, error)
    other = Schedule(params, 8.0)
    other.load_state(schedule.state())
    assert other.last == schedule.last
    assert [schedule.next(100, error) for error in errors[65:]] == [other.next(100, error) for error in errors[65:]]
    assert other.state() == schedule.state()
