"""Eligibility: the sum of fading pairings, and what a modulator makes of it."""

from __future__ import annotations

import numpy as np
import pytest

from aura.core.errors import ParameterError, SignalError
from aura.zones.fabric.tissue.eligibility import Eligibility
from aura.zones.fabric.tissue.params import EligibilityParams, PlasticityParams
from aura.zones.fabric.tissue.plasticity import Plasticity
from aura.zones.fabric.tissue.synapses import INHIBITORY, Synapses
from tests.zones.fabric.tissue import naive
from tests.zones.fabric.tissue.test_stdp import CELLS, LARGEST, run, tangle

RULE = EligibilityParams(tau_ms=60.0, rate=0.3, amplitude_plus=0.01, amplitude_minus=0.012, tau_plus_ms=17.0,
                         tau_minus_ms=34.0)


def rules(synapses: Synapses, params: EligibilityParams = RULE, dtype: type = np.float64) -> Plasticity:
    return Plasticity(synapses, PlasticityParams(largest_weight_us=LARGEST, eligibility=params, activation=None),
                      slot_ms=1.0, dtype=dtype)


def eligibility(plasticity: Plasticity) -> Eligibility:
    assert plasticity.eligibility is not None
    return plasticity.eligibility


def test_traces_equal_the_double_sum_over_pairs_that_fade() -> None:
    # Long enough for the frame of the traces, 4 · 60 slots, to move.
    synapses, train = tangle(), naive.random_train(CELLS, 600, 0.04, np.random.default_rng(5))
    plasticity = rules(synapses)
    run(plasticity, train)
    expected = naive.pair_sums(synapses, train, 0.01 * LARGEST, 0.012 * LARGEST, 17.0, 34.0, decay=60.0)
    assert eligibility(plasticity).traces(599) == pytest.approx(expected, rel=1e-5, abs=1e-6 * np.abs(expected).max())


def test_a_modulator_adds_its_share_of_the_eligibility_to_the_weights() -> None:
    synapses, train = tangle(), naive.random_train(CELLS, 80, 0.06, np.random.default_rng(5))
    for modulator in (1.0, -2.5):
        plasticity = rules(synapses)
        run(plasticity, train)
        traces = eligibility(plasticity).traces(79).astype(float)
        plasticity.modulate(modulator)
        expected = np.clip(synapses.weight + 0.3 * modulator * traces, 0, LARGEST)
        assert np.abs(traces).max() > 0
        assert plasticity.weights == pytest.approx(expected, rel=1e-6, abs=1e-12)


def test_without_a_modulator_nothing_changes() -> None:
    synapses, train = tangle(), naive.random_train(CELLS, 80, 0.06, np.random.default_rng(5))
    plasticity = rules(synapses, dtype=np.float32)
    run(plasticity, train)
    plasticity.modulate(0.0)
    assert plasticity.weights.tobytes() == synapses.weight.tobytes()


def test_a_large_modulator_stops_at_the_bounds_and_leaves_inhibition_alone() -> None:
    synapses, train = tangle(), naive.random_train(CELLS, 80, 0.1, np.random.default_rng(5))
    plasticity = rules(synapses)
    run(plasticity, train)
    plasticity.modulate(1e9)
    inhibitory = synapses.receptor == INHIBITORY
    assert np.array_equal(plasticity.weights[inhibitory], synapses.weight[inhibitory])
    assert set(plasticity.weights[~inhibitory].tolist()) == {0.0, LARGEST}


def test_silence_ends_in_exact_zeros_and_never_in_denormals() -> None:
    plasticity = rules(tangle(), EligibilityParams(tau_ms=5.0))
    run(plasticity, naive.random_train(CELLS, 50, 0.2, np.random.default_rng(5)))
    for _ in range(400):
        plasticity.after_slot(np.zeros(0, np.int32))
        kept = np.abs(plasticity.state()["eligibility"]["traces"])
        assert kept.max() == 0 or kept[kept > 0].min() > 1e-22
    assert not kept.any()


def test_the_modulator_must_be_a_number_and_the_rule_be_there() -> None:
    with pytest.raises(SignalError, match="modulator"):
        rules(tangle()).modulate(float("nan"))
    without = Plasticity(tangle(), PlasticityParams(), slot_ms=1.0)
    with pytest.raises(ParameterError, match="eligibility"):
        without.modulate(1.0)


def test_a_constant_reward_weakens_synapses_between_cells_that_spike_together() -> None:
    # Both amplitudes alike: an arrival follows the spike of the other cell by the delay, so pairs weaken.
    even = EligibilityParams(amplitude_plus=0.005, amplitude_minus=0.005)
    together = np.arange(CELLS, dtype=np.int32)
    sums = {}
    for reward in (1.0, -1.0):
        plasticity = rules(tangle(), even)
        for slot in range(2000):
            plasticity.after_slot(together if slot % 200 == 0 else together[:0])
            if slot % 10 == 9:
                plasticity.modulate(reward)
        sums[reward] = plasticity.weights.sum()
    assert sums[1.0] < tangle().weight.sum() < sums[-1.0]
