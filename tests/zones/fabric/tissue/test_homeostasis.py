"""Homeostasis: cells come to their target rate, and their weights keep their ratios."""

from __future__ import annotations

import math

import numpy as np
import pytest

from aura.zones.fabric.tissue.params import HomeostasisParams, PlasticityParams
from aura.zones.fabric.tissue.plasticity import Plasticity
from aura.zones.fabric.tissue.synapses import EXCITATORY, INHIBITORY, Synapses

CELLS, INPUTS, LARGEST = 6, 10, 0.01


def feed(seed: int = 1) -> Synapses:
    """Return synapses of the last cells onto the first, excitatory but for one."""
    rng = np.random.default_rng(seed)
    receptor = np.where(np.arange(INPUTS) == 3, INHIBITORY, EXCITATORY)
    return Synapses.from_arrays(CELLS + INPUTS, np.repeat(np.arange(CELLS, CELLS + INPUTS), CELLS),
                                np.tile(np.arange(CELLS), INPUTS), rng.uniform(0.1, 0.3, CELLS * INPUTS) * LARGEST, 1,
                                receptor=np.repeat(receptor, CELLS))


def rules(synapses: Synapses, **options: float) -> Plasticity:
    params = HomeostasisParams(**{"target_hz": 20.0, "rate_tau_ms": 500.0, "tau_s": 4.0, "interval_ms": 20.0,
                                  **options})
    return Plasticity(synapses, PlasticityParams(largest_weight_us=LARGEST, homeostasis=params, activation=None),
                      slot_ms=1.0, dtype=np.float64)


@pytest.mark.slow
def test_cells_that_follow_their_input_come_to_the_target_rate() -> None:
    synapses = feed()
    plasticity = rules(synapses)
    hertz_per_us = np.linspace(0.4, 4.0, CELLS) * 20.0 / (2 * LARGEST)
    phase, rates = np.linspace(0, 0.9, CELLS), []
    for _ in range(30_000):
        excitation = np.bincount(synapses.target, plasticity.weights * (synapses.receptor == EXCITATORY))[:CELLS]
        rates.append(hertz_per_us * excitation)
        phase += rates[-1] / 1000.0
        fired = phase >= 1.0
        phase -= fired
        plasticity.after_slot(np.flatnonzero(fired).astype(np.int32))
    assert np.abs(rates[0] - 20.0).max() > 15.0
    assert rates[-1] == pytest.approx([20.0] * CELLS, rel=0.01)


def test_a_silent_cells_weights_grow_by_e_in_the_time_constant() -> None:
    synapses = feed()
    plasticity, start = rules(synapses), synapses.weight.astype(float)
    for _ in range(1000):
        plasticity.after_slot(np.zeros(0, np.int32))
    excitatory = synapses.receptor == EXCITATORY
    assert plasticity.weights[excitatory] == pytest.approx(start[excitatory] * math.exp(1 / 4), rel=1e-9)
    assert np.array_equal(plasticity.weights[~excitatory], start[~excitatory])


def test_at_the_target_rate_nothing_is_scaled() -> None:
    synapses = feed()
    plasticity = rules(synapses, target_hz=50.0, rate_tau_ms=1e6)
    assert plasticity.homeostasis is not None
    rate = 1000.0 * -math.expm1(-1e-6)
    plasticity.homeostasis.load_state({"traces": {
        "slots": np.zeros((1, CELLS + INPUTS), np.int64), "values": np.full((1, CELLS + INPUTS), 50.0 / rate),
        "frame": {"origin": 0}}})
    for slot in range(200):
        plasticity.after_slot(np.arange(CELLS + INPUTS, dtype=np.int32) if slot % 20 == 10 else np.zeros(0, np.int32))
    assert plasticity.weights == pytest.approx(synapses.weight, rel=1e-4)


def test_the_ratios_of_a_cells_weights_are_kept() -> None:
    synapses = feed()
    plasticity, rng = rules(synapses, tau_s=0.3), np.random.default_rng(3)
    for _ in range(300):
        plasticity.after_slot(np.flatnonzero(rng.random(CELLS + INPUTS) < 0.1).astype(np.int32))
    excitatory = synapses.receptor == EXCITATORY
    factors = plasticity.weights / synapses.weight
    for cell in range(CELLS):
        own = factors[excitatory & (synapses.target == cell)]
        assert own == pytest.approx([own[0]] * own.size, rel=1e-12)
        assert own[0] != pytest.approx(1.0, rel=1e-3)


def test_no_weight_passes_the_largest_and_a_step_is_bounded() -> None:
    synapses = feed()
    plasticity, start = rules(synapses, tau_s=0.001), synapses.weight.astype(float)
    for _ in range(20):
        plasticity.after_slot(np.zeros(0, np.int32))
    excitatory = synapses.receptor == EXCITATORY
    assert plasticity.weights[excitatory] == pytest.approx(start[excitatory] * math.exp(0.1), rel=1e-9)
    for _ in range(2000):
        plasticity.after_slot(np.zeros(0, np.int32))
    assert (plasticity.weights[excitatory] == LARGEST).all()


def test_a_cell_that_never_rests_loses_its_input_to_an_exact_zero() -> None:
    synapses = feed()
    plasticity = rules(synapses, tau_s=0.001, target_hz=0.1)
    always = np.arange(CELLS + INPUTS, dtype=np.int32)
    for _ in range(10_000):
        plasticity.after_slot(always)
    assert not plasticity.weights[synapses.receptor == EXCITATORY].any()
