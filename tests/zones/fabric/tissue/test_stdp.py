"""Pair-based plasticity: its window, and its sums over all pairs of two trains."""

from __future__ import annotations

import math

import numpy as np
import pytest

from aura.core.errors import ParameterError
from aura.core.params import validated
from aura.zones.fabric.tissue.params import PlasticityParams, StdpParams
from aura.zones.fabric.tissue.plasticity import Plasticity
from aura.zones.fabric.tissue.synapses import EXCITATORY, INHIBITORY, Synapses
from tests.zones.fabric.tissue import naive

CELLS, LARGEST = 8, 0.004
RULE = StdpParams(amplitude_plus=0.01, amplitude_minus=0.012, tau_plus_ms=17.0, tau_minus_ms=34.0)


def tangle(count: int = 60, seed: int = 2, longest: int = 9, weight: float | None = None) -> Synapses:
    """Return synapses between all kinds of cells, some of them double or onto the cell itself."""
    rng = np.random.default_rng(seed)
    weights = rng.uniform(0, LARGEST * 0.999, count) if weight is None else np.full(count, weight)
    return Synapses.from_arrays(CELLS, rng.integers(0, CELLS, count), rng.integers(0, CELLS, count), weights,
                                rng.integers(1, longest + 1, count),
                                receptor=np.where(rng.random(count) < 0.8, EXCITATORY, INHIBITORY))


def rules(synapses: Synapses, params: StdpParams, dtype: type = np.float64, slot_ms: float = 1.0,
          largest: float = LARGEST) -> Plasticity:
    return Plasticity(synapses, PlasticityParams(largest_weight_us=largest, stdp=params, activation=None),
                      slot_ms=slot_ms, dtype=dtype)


def run(plasticity: Plasticity, train: naive.Train) -> np.ndarray:
    for spikes in train:
        plasticity.after_slot(np.array(spikes, np.int32))
    return plasticity.weights


@pytest.mark.slow
@pytest.mark.parametrize("delay", [1, 4])
@pytest.mark.parametrize("slot_ms", [0.5, 1.0])
def test_a_pair_changes_the_weight_by_the_window_at_its_distance(delay: int, slot_ms: float) -> None:
    start = 0.5 * LARGEST
    synapses = Synapses.from_arrays(2, [0], [1], start, delay)
    for apart in range(-60, 61):
        arrival = 70
        slots = {arrival - delay: [0], arrival + apart: [1]}
        train = [slots.get(slot, []) if slot != arrival - delay or arrival + apart != slot else [0, 1]
                 for slot in range(140)]
        change = (run(rules(synapses, RULE, slot_ms=slot_ms), train)[0] - np.float32(start)) / LARGEST
        expected = (0.01 * math.exp(-apart * slot_ms / 17.0) if apart >= 0
                    else -0.012 * math.exp(apart * slot_ms / 34.0))
        assert change == pytest.approx(expected, rel=1e-9)


def test_all_pairs_add_up_to_the_double_sum_over_the_trains() -> None:
    # The bounds are far away, so that the sum alone counts.
    synapses = tangle(weight=0.5)
    train = naive.random_train(CELLS, 300, 0.06, np.random.default_rng(5))
    gentle = StdpParams(**{**RULE.model_dump(), "amplitude_plus": 0.003, "amplitude_minus": 0.0025})
    found = run(rules(synapses, gentle, largest=1.0), train) - synapses.weight
    expected = naive.pair_sums(synapses, train, 0.003, 0.0025, 17.0, 34.0)
    assert 0.05 < np.abs(expected).max() < 0.4
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-13)


@pytest.mark.parametrize("bounds", ["additive", "multiplicative"])
@pytest.mark.parametrize("dtype, tolerance", [(np.float64, 1e-12), (np.float32, 2e-5)])
def test_bounded_weights_equal_those_worked_out_pairing_by_pairing(bounds: str, dtype: type, tolerance: float) -> None:
    params = StdpParams(**{**RULE.model_dump(), "bounds": bounds, "amplitude_plus": 0.11, "amplitude_minus": 0.1})
    synapses, train = tangle(), naive.random_train(CELLS, 200, 0.06, np.random.default_rng(5))
    found = run(rules(synapses, params, dtype), train)
    largest = float(np.dtype(dtype).type(LARGEST))
    expected = naive.stdp(synapses, train, synapses.weight, largest, 0.11, 0.1, 17.0, 34.0,
                          soft=bounds == "multiplicative")
    assert found == pytest.approx(expected, rel=tolerance, abs=tolerance * LARGEST)
    assert (found >= 0).all()
    assert (found <= largest).all()
    if bounds == "additive":
        assert (found == 0).any()
        assert (found == largest).any()


def test_inhibitory_weights_stay_as_they_are() -> None:
    synapses, train = tangle(), naive.random_train(CELLS, 100, 0.2, np.random.default_rng(5))
    found = run(rules(synapses, RULE), train)
    inhibitory = synapses.receptor == INHIBITORY
    assert np.array_equal(found[inhibitory], synapses.weight[inhibitory])
    assert not np.array_equal(found[~inhibitory], synapses.weight[~inhibitory])


def test_the_drive_scales_what_is_learned_and_with_none_the_traces_go_on() -> None:
    synapses = Synapses.from_arrays(2, [0], [1], 0.5 * LARGEST, 1)
    changes = []
    for drive in (1.0, 0.25, 0.0):
        plasticity = rules(synapses, RULE)
        for spikes in ([0], [], [1]):
            plasticity.after_slot(np.array(spikes, np.int32), drive=drive)
        changes.append(plasticity.weights[0] - synapses.weight[0])
    assert changes == pytest.approx([changes[0], 0.25 * changes[0], 0.0], rel=1e-9)
    for _ in range(3):
        plasticity.after_slot(np.array([], np.int32), drive=0.0)
    plasticity.after_slot(np.array([1], np.int32))
    assert plasticity.weights[0] - synapses.weight[0] == pytest.approx(LARGEST * 0.01 * math.exp(-5 / 17), rel=1e-9)


def test_a_weight_that_is_only_ever_reduced_ends_at_an_exact_zero() -> None:
    synapses = Synapses.from_arrays(2, [0], [1], 0.5 * LARGEST, 1)
    params = StdpParams(amplitude_minus=1.0, amplitude_plus=0.0, bounds="multiplicative", tau_minus_ms=3.0)
    plasticity = rules(synapses, params, np.float32)
    seen = [float(run(plasticity, [[1], [0], *[[]] * 20])[0]) for _ in range(90)]
    assert seen[:20] == pytest.approx(0.5 * LARGEST * (1 - math.exp(-2 / 3)) ** np.arange(1, 21), rel=0.02)
    assert seen[-1] == 0
    assert all(weight == 0 or weight > 1e-18 for weight in seen)


@pytest.mark.parametrize("key, value", [
    ("tau_plus_ms", 0.0), ("tau_minus_ms", -1.0), ("amplitude_plus", -0.1), ("amplitude_minus", 2.0),
    ("bounds", "hard"), ("tau", 1.0),
])
def test_a_parameter_out_of_its_range_is_named(key: str, value: float | str) -> None:
    with pytest.raises(ParameterError, match=f"stdp.*{key}"):
        validated(PlasticityParams, {"stdp": {key: value}}, "fabric.plasticity", ParameterError)
