"""Calcium-based plasticity: fixed points, the course between them, and which synapses take part."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from aura.core.errors import SignalError
from aura.zones.fabric.tissue.params import CalciumStdpParams, PlasticityParams
from aura.zones.fabric.tissue.plasticity import Plasticity
from aura.zones.fabric.tissue.synapses import INHIBITORY, Synapses

LARGEST = 0.004
LOW, MIDDLE, HIGH = 0.1e-3, 0.45e-3, 0.9e-3
UNGATED = CalciumStdpParams(presynaptic_tau_ms=None)


def synapses(count: int = 3) -> Synapses:
    """Return synapses of cell 0 onto sites 0, 1, ... of cell 1."""
    return Synapses.from_arrays(2, [0] * count, [1] * count, np.linspace(0.2, 0.8, count) * LARGEST, 2,
                                site=np.arange(count))


def rules(table: Synapses, params: CalciumStdpParams, slot_ms: float = 0.5) -> Plasticity:
    return Plasticity(table, PlasticityParams(largest_weight_us=LARGEST, calcium=params, activation=None),
                      slot_ms=slot_ms, dtype=np.float64)


def levels(*sites: float) -> np.ndarray:
    return np.column_stack([np.full(len(sites), LOW), sites])


def test_low_calcium_keeps_middling_reduces_and_high_goes_to_the_ratio_of_the_rates() -> None:
    plasticity = rules(synapses(), CalciumStdpParams(presynaptic_tau_ms=None, tau_s=15.0))
    for _ in range(2000):
        plasticity.after_slot(np.zeros(0, np.int32), levels(LOW, MIDDLE, HIGH))
    kept, reduced, raised = plasticity.weights / LARGEST
    assert kept == pytest.approx(0.2, rel=1e-6)
    assert reduced == pytest.approx(0.5 * math.exp(-200 / 15), rel=1e-9)
    assert raised == pytest.approx(321.808 / 521.808, rel=1e-9)


def test_the_fixed_points_are_reached_from_either_side_and_exactly_kept() -> None:
    rest = 321.808 / 521.808
    for start in (0.0, rest, 1.0):
        table = Synapses.from_arrays(1, [0, 0], [0, 0], start * LARGEST * (1 - 1e-7), 1, site=[0, 1])
        plasticity = rules(table, CalciumStdpParams(presynaptic_tau_ms=None, tau_s=0.5))
        for _ in range(400):
            plasticity.after_slot(np.zeros(0, np.int32), np.array([[MIDDLE], [HIGH]]))
        assert plasticity.weights[0] == 0
        assert plasticity.weights[1] == pytest.approx(rest * LARGEST, rel=1e-12)


@pytest.mark.parametrize("level, rest", [
    (0.999 * 0.35e-3, None), (0.35e-3, 0.0), (0.999 * 0.55e-3, 0.0), (0.55e-3, 321.808 / 521.808),
])
def test_the_thresholds_are_where_they_are_said_to_be(level: float, rest: float | None) -> None:
    plasticity = rules(synapses(1), CalciumStdpParams(presynaptic_tau_ms=None, tau_s=0.05), slot_ms=1.0)
    start = plasticity.weights[0]
    for _ in range(100):
        plasticity.after_slot(np.zeros(0, np.int32), levels(level))
    assert plasticity.weights[0] == (start if rest is None else pytest.approx(rest * LARGEST, rel=1e-9))


@pytest.mark.slow
@pytest.mark.parametrize("interval_ms", [0.5, 1.0, 4.0])
def test_the_course_is_that_of_the_equation(interval_ms: float) -> None:
    params = CalciumStdpParams(presynaptic_tau_ms=None, interval_ms=interval_ms, tau_s=1.0)
    times = np.arange(0, 80, 4)
    course = np.where(times % 3 == 0, MIDDLE, np.where(times % 5 == 0, LOW, HIGH))

    def slope(time_ms: float, efficacy: np.ndarray) -> np.ndarray:
        level = course[min(int(time_ms // 4), len(course) - 1)]
        change = 321.808 * (1 - efficacy) * (level >= 0.55e-3) - 200 * efficacy * (level >= 0.35e-3)
        return change / 1000.0

    expected = solve_ivp(slope, (0, 80), [0.2], rtol=1e-9, atol=1e-12, max_step=0.1).y[0, -1]
    plasticity = rules(synapses(1), params)
    for slot in range(160):
        plasticity.after_slot(np.zeros(0, np.int32), levels(course[slot // 8]))
    assert plasticity.weights[0] / LARGEST == pytest.approx(expected, rel=1e-4)


def test_only_a_synapse_in_use_changes_and_the_less_the_longer_ago() -> None:
    table = Synapses.from_arrays(3, [0, 1], [2, 2], 0.5 * LARGEST, [3, 2])
    plasticity = rules(table, CalciumStdpParams(presynaptic_tau_ms=20.0, interval_ms=1.0), slot_ms=1.0)
    calcium = np.full((1, 3), LOW)
    logs = []
    for slot in range(60):
        calcium[0, 2] = HIGH if slot >= 3 else LOW
        before = plasticity.weights.copy()
        plasticity.after_slot(np.array([0] if slot in (0, 30) else [], np.int32), calcium)
        rest = LARGEST * 321.808 / 521.808
        logs.append(math.log((plasticity.weights[0] - rest) / (before[0] - rest)))
    assert plasticity.weights[1] == table.weight[1]
    since = np.array([slot - 3 if slot < 33 else slot - 33 for slot in range(60)])
    expected = -521.808 / 150_000 * np.exp(-since / 20.0) * (np.arange(60) >= 3)
    assert logs == pytest.approx(expected, rel=1e-6, abs=1e-12)


def test_inhibitory_synapses_are_left_alone() -> None:
    table = Synapses.from_arrays(2, [0, 1], [1, 0], 0.5 * LARGEST, 1, receptor=INHIBITORY)
    plasticity = rules(table, UNGATED)
    for _ in range(10):
        plasticity.after_slot(np.array([0, 1], np.int32), np.full((1, 2), HIGH))
    assert np.array_equal(plasticity.weights, table.weight)


def test_calcium_is_asked_for_once_in_an_interval_only() -> None:
    plasticity = rules(synapses(), CalciumStdpParams(interval_ms=2.0))
    asked = []
    for _ in range(8):
        asked.append(plasticity.needs_calcium)
        plasticity.after_slot(np.array([0], np.int32), levels(HIGH, HIGH, HIGH) if asked[-1] else None)
    assert asked == [False, False, False, True] * 2


def test_missing_or_misshapen_calcium_is_refused() -> None:
    for calcium in (None, levels(LOW, LOW), np.zeros((3, 5)), np.zeros(3)):
        with pytest.raises(SignalError, match="calcium"):
            rules(synapses(), UNGATED, slot_ms=1.0).after_slot(np.zeros(0, np.int32), calcium)
