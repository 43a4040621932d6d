"""Activation tracking against counting."""

from __future__ import annotations

import numpy as np
import pytest

from aura.core.state import trees_equal
from aura.zones.fabric.tissue.activation import Activation
from aura.zones.fabric.tissue.params import ActivationParams
from tests.zones.fabric.tissue import naive

CELLS = 12


def run(activation: Activation, train: naive.Train, first: int = 0) -> None:
    for slot, spikes in enumerate(train, first):
        activation.step(slot, np.array(spikes, np.int32))


def test_counts_and_last_spikes_are_those_of_the_train() -> None:
    activation = Activation(CELLS, ActivationParams(window_ms=10.0), slot_ms=0.5)
    train = naive.random_train(CELLS - 1, 200, 0.03, np.random.default_rng(1))
    run(activation, train)
    flat = [cell for spikes in train for cell in spikes]
    assert activation.counts.tolist() == [flat.count(cell) for cell in range(CELLS)]
    last = [max((slot for slot, spikes in enumerate(train) if cell in spikes), default=-np.inf)
            for cell in range(CELLS)]
    assert activation.last_spike_ms(199).tolist() == [(199 - slot) * 0.5 for slot in last]
    assert activation.active_share(199) == sum(slot > 199 - 20 for slot in last) / CELLS


@pytest.mark.slow
@pytest.mark.parametrize("slot_ms", [0.1, 1.0, 10.0])
def test_the_running_rate_of_a_random_train_is_its_rate(slot_ms: float) -> None:
    activation = Activation(400, ActivationParams(rate_tau_ms=500.0), slot_ms=slot_ms)
    rng, slots = np.random.default_rng(1), int(3000 / slot_ms)
    for slot in range(slots):
        activation.step(slot, np.flatnonzero(rng.random(400) < 0.02 * slot_ms).astype(np.int32))
    error = np.sqrt(20.0 * (1 - 0.02 * slot_ms) / 400 / (2 * 0.5))
    assert activation.rates(slots - 1).mean() == pytest.approx(20.0, abs=4 * error)


def test_rates_of_a_silent_tissue_come_to_exact_zeros() -> None:
    activation = Activation(CELLS, ActivationParams(rate_tau_ms=10.0), slot_ms=1.0)
    run(activation, [[*range(CELLS)]] * 5)
    run(activation, [[]] * 400, 5)
    assert activation.rates(405).max() < 1e-10
    assert not activation.rates(405).any()


def test_a_state_continues_to_the_same_bits() -> None:
    train = naive.random_train(CELLS, 200, 0.1, np.random.default_rng(1))
    activation, other = (Activation(CELLS, ActivationParams(rate_tau_ms=20.0), slot_ms=1.0) for _ in range(2))
    run(activation, train[:90])
    other.load_state(activation.state())
    for one in (activation, other):
        run(one, train[90:], 90)
    assert trees_equal(activation.state(), other.state())
    assert np.array_equal(activation.rates(199), other.rates(199))
