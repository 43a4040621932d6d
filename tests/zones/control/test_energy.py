"""Energy and fatigue follow their equation exactly, stay in their range, and shut the gate."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura.zones.control.energy import Energy
from aura.zones.control.params import EnergyOptions

amounts = st.floats(0.0, 3e38)
spans = st.floats(0.0, 1e10)
modest = st.floats(0.0, 100.0)


def energy_at(level: float, fatigue: float, **options: float) -> Energy:
    energy = Energy(EnergyOptions(**options))
    energy.load_state({"level": level, "fatigue": fatigue, "open": level >= 0.1})
    return energy


def slow_twin(energy: Energy, options: EnergyOptions, activity: float, effort: float, seconds: float,
              steps: int) -> tuple[float, float]:
    """Integrate the equations by the midpoint rule."""
    cost = options.activity_cost_per_s * activity + options.effort_cost_per_s * effort
    load = options.restore_s * cost

    def slope(level: float, fatigue: float) -> tuple[float, float]:
        return ((1 - options.fatigue_weight * fatigue - level) / options.restore_s - cost * level,
                (load / (1 + load) - fatigue) / options.fatigue_s)

    level, fatigue, dt = energy.level, energy.fatigue, seconds / steps
    for _ in range(steps):
        rise, tire = slope(level, fatigue)
        rise, tire = slope(level + dt / 2 * rise, fatigue + dt / 2 * tire)
        level, fatigue = level + dt * rise, fatigue + dt * tire
    return level, fatigue


@pytest.mark.parametrize(("level", "fatigue", "activity", "effort"),
                         [(1.0, 0.0, 0.0, 0.0), (1.0, 0.0, 4.0, 2.0), (0.2, 0.9, 0.0, 0.0), (0.5, 0.1, 40.0, 0.0)])
def test_the_closed_solution_is_that_of_the_equations(level: float, fatigue: float, activity: float,
                                                      effort: float) -> None:
    options = EnergyOptions(restore_s=5.0, fatigue_s=20.0, fatigue_weight=0.6, effort_cost_per_s=0.05)
    energy = energy_at(level, fatigue, **options.model_dump())
    expected = slow_twin(energy, options, activity, effort, 7.0, 4000)
    energy.spend(activity, effort, 7.0)
    assert (energy.level, energy.fatigue) == pytest.approx(expected, abs=1e-6)


@given(level=st.floats(0, 1), fatigue=st.floats(0, 1), activity=modest, seconds=st.floats(1e-3, 500),
       parts=st.integers(2, 50))
def test_one_long_rest_or_effort_equals_many_short_ones(level: float, fatigue: float, activity: float, seconds: float,
                                                        parts: int) -> None:
    whole, pieces = energy_at(level, fatigue), energy_at(level, fatigue)
    whole.spend(activity, activity / 3, seconds)
    for _ in range(parts):
        pieces.spend(activity, activity / 3, seconds / parts)
    assert whole.level == pytest.approx(pieces.level, abs=1e-12)
    assert whole.fatigue == pytest.approx(pieces.fatigue, abs=1e-12)


@pytest.mark.slow
@given(st.lists(st.tuples(amounts, amounts, spans), max_size=20), st.floats(0, 1))
def test_energy_and_fatigue_stay_between_0_and_1(lived: list[tuple[float, float, float]], weight: float) -> None:
    energy = Energy(EnergyOptions(fatigue_weight=weight))
    for activity, effort, seconds in lived:
        energy.spend(activity, effort, seconds)
        assert 0.0 <= energy.level <= 1.0
        assert 0.0 <= energy.fatigue <= 1.0
        assert energy.gate == 0.0 or 0.1 <= energy.gate <= 1.0


@given(activity=modest, more=st.floats(0.01, 100))
def test_who_does_more_has_less_left_and_is_more_tired(activity: float, more: float) -> None:
    less, much = Energy(EnergyOptions()), Energy(EnergyOptions())
    less.spend(activity, 0.0, 3.0)
    much.spend(activity + more, 0.0, 3.0)
    assert much.level < less.level
    assert much.fatigue > less.fatigue


def test_rest_restores_at_its_time_constant_and_fatigue_holds_it_back() -> None:
    fresh, tired = energy_at(0.3, 0.0), energy_at(0.3, 0.8)
    for energy in (fresh, tired):
        energy.spend(0.0, 0.0, 10.0)
    assert fresh.level == pytest.approx(1 - 0.7 * math.exp(-1))
    assert tired.level < fresh.level - 0.05
    tired.spend(0.0, 0.0, 3600.0)
    assert tired.level == pytest.approx(1.0)


def test_the_gate_shuts_below_a_tenth_and_opens_again_at_a_fifth() -> None:
    energy = Energy(EnergyOptions())
    gates = []
    for level in (0.1, 0.0999, 0.15, 0.1999, 0.2, 0.15, 0.1, 0.05):
        energy.load_state({**energy.state(), "level": level})
        energy.spend(0.0, 0.0, 0.0)
        gates.append(energy.gate)
    assert gates == pytest.approx([0.1, 0.0, 0.0, 0.0, 0.2, 0.15, 0.1, 0.0])


def test_an_open_gate_is_never_below_what_other_zones_take_for_shut() -> None:
    energy = Energy(EnergyOptions(shut_below=0.03, open_above=0.05, initial=0.03))
    assert energy.gate == pytest.approx(0.1)
    energy.load_state({"level": 1.0, "fatigue": 0.0, "open": True})
    assert energy.gate == pytest.approx(1.0)


def test_a_brain_born_without_energy_begins_with_a_shut_gate_and_recovers_by_rest() -> None:
    energy = Energy(EnergyOptions(initial=0.0))
    assert energy.gate == 0.0
    energy.spend(0.0, 0.0, 60.0)
    assert energy.gate > 0.9


def test_costs_above_any_restoration_leave_energy_at_nothing_and_no_denormal() -> None:
    energy = Energy(EnergyOptions())
    for _ in range(5):
        energy.spend(3e38, 0.0, 1e6)
    assert (energy.level, energy.gate) == (0.0, 0.0)
    assert energy.fatigue == 1.0
    energy.spend(0.0, 0.0, 1e9)
    assert energy.fatigue == 0.0
    assert energy.level == 1.0


@settings(max_examples=30)
@given(st.floats(0.0, 1e-300))
def test_what_is_too_small_to_mean_anything_becomes_zero(level: float) -> None:
    energy = energy_at(level, level)
    energy.spend(0.0, 0.0, 0.0)
    assert (energy.level, energy.fatigue) == (0.0, 0.0)
