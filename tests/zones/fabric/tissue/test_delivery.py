"""Delivery, bit for bit, against adding up spike by spike."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura.core.errors import ParameterError, SignalError, StateError
from aura.core.state import trees_equal
from aura.zones.fabric.tissue.connectivity import random_network
from aura.zones.fabric.tissue.delivery import DelayLine
from aura.zones.fabric.tissue.synapses import Synapses
from aura.zones.fabric.tissue.workers import Workers
from tests.zones.fabric.tissue import naive

SITES = 3


def network(cells: int = 40, seed: int = 1, delays: tuple[int, int] = (1, 9)) -> Synapses:
    return random_network(cells, 12, rng=np.random.default_rng(seed), delays=delays, excitatory_sites=range(SITES))


def run(line: DelayLine, train: naive.Train, weights: np.ndarray | None = None) -> list[np.ndarray]:
    taken = []
    for spikes in train:
        taken.append(line.take().copy())
        line.deliver(np.array(spikes, np.int32), weights)
    return taken


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("delays", [(1, 1), (1, 9), (300, 310)], ids=str)
def test_increments_equal_those_added_one_by_one(dtype: type, delays: tuple[int, int]) -> None:
    synapses = network(delays=delays)
    rng = np.random.default_rng(7)
    weights = rng.random(len(synapses)).astype(np.float32)
    train = naive.random_train(40, 60, 0.1, rng) + [[]] * delays[1]
    taken = run(DelayLine(synapses, sites=SITES, dtype=dtype), train, weights)
    for found, expected in zip(taken, naive.deliver(synapses, train, (2, SITES), weights, dtype), strict=False):
        assert found.tobytes() == expected.tobytes()
    assert np.any(taken[-1])


@pytest.mark.parametrize("slots", [2, 4, 5])
def test_slots_taken_together_hold_what_they_hold_one_by_one(slots: int) -> None:
    synapses = network(delays=(5, 11))
    train = naive.random_train(40, 60, 0.2, np.random.default_rng(7)) + [[]] * 20
    line, taken = DelayLine(synapses, sites=SITES, slots=slots), []
    for first in range(0, len(train), slots):
        taken += list(line.take().copy())
        spikes = sorted((cell, slot) for slot, cells in enumerate(train[first:first + slots]) for cell in cells)
        cells, slot = np.array(spikes, np.int32).reshape(-1, 2).T
        line.deliver(cells, slot=slot)
    for found, expected in zip(taken, run(DelayLine(synapses, sites=SITES), train), strict=True):
        assert found.tobytes() == expected.tobytes()


def test_more_slots_than_the_shortest_delay_cannot_be_taken_together() -> None:
    with pytest.raises(ParameterError, match="1 to 5, the shortest delay"):
        DelayLine(network(delays=(5, 11)), sites=SITES, slots=6)


@pytest.mark.parametrize("slot", [[0, 5], [-1, 0], [0], [0.0, 1.0]])
def test_spikes_of_slots_that_were_not_taken_are_refused(slot: list[float]) -> None:
    line = DelayLine(network(delays=(5, 11)), sites=SITES, slots=5)
    line.take()
    with pytest.raises(SignalError, match="a slot from 0 to 4 for each of 2 spikes"):
        line.deliver(np.array([0, 1]), slot=np.array(slot))
    assert not line.state()["amounts"].size


@pytest.mark.usefixtures("eager_threads")
@pytest.mark.parametrize("threads", [2, 3, 5])
def test_threads_give_the_same_bits(threads: int) -> None:
    synapses = network(200)
    rng = np.random.default_rng(7)
    weights = rng.lognormal(size=len(synapses)).astype(np.float32)
    train = naive.random_train(200, 40, 0.3, rng)
    workers = Workers(threads)
    alone = run(DelayLine(synapses, sites=SITES), train, weights)
    together = run(DelayLine(synapses, sites=SITES, workers=workers), train, weights)
    workers.close()
    assert trees_equal(alone, together)


def test_the_weights_to_begin_with_are_used_if_none_are_given() -> None:
    synapses, train = network(), [[0, 3, 3], [], [5], [], []]
    assert trees_equal(run(DelayLine(synapses, sites=SITES), train),
                       run(DelayLine(synapses, sites=SITES), train, synapses.weight))


def test_what_is_added_to_the_slot_taken_is_gone_with_it() -> None:
    line = DelayLine(network(), sites=SITES)
    line.take()[...] = 1.0
    for _ in range(30):
        assert not line.take().any()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), cut=st.integers(0, 30))
def test_a_state_continues_to_the_same_bits(seed: int, cut: int) -> None:
    synapses = network()
    train = naive.random_train(40, 40, 0.1, np.random.default_rng(seed))
    line, other = DelayLine(synapses, sites=SITES), DelayLine(synapses, sites=SITES)
    run(line, train[:cut])
    run(other, train[20:31])
    other.load_state(line.state())
    assert trees_equal(line.state(), other.state())
    assert trees_equal(run(line, train[cut:]), run(other, train[cut:]))


def test_what_does_not_fit_is_refused() -> None:
    synapses = network()
    with pytest.raises(ParameterError, match="sites"):
        DelayLine(synapses, sites=2)
    with pytest.raises(ParameterError, match="receptors"):
        DelayLine(synapses, sites=SITES, receptors=1)
    line = DelayLine(synapses, sites=SITES)
    for spikes in ([40], [-1], [3, 2], [[1]], [1.5]):
        with pytest.raises(SignalError, match="ascending"):
            line.deliver(np.array(spikes))
    with pytest.raises(SignalError, match="weights"):
        line.deliver(np.array([1]), np.zeros(3, np.float32))
    with pytest.raises(StateError, match="delay_line"):
        line.load_state(DelayLine(synapses, sites=SITES + 1).state())
    with pytest.raises(StateError, match="delay_line"):
        line.load_state(DelayLine(synapses, sites=SITES, dtype=np.float64).state())


def test_a_tissue_without_synapses_stays_silent() -> None:
    line = DelayLine(Synapses.from_arrays(4, [], [], 1.0, 1), sites=1, workers=Workers(2))
    line.deliver(np.array([0, 3]))
    assert not line.take().any()
