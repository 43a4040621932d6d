"""Traces against the sums over all spikes that they stand for."""

from __future__ import annotations

import numpy as np
import pytest

from aura.core.errors import ParameterError, StateError
from aura.core.state import trees_equal
from aura.zones.fabric.tissue.traces import NEVER, SpikeTraces, trace_at
from tests.zones.fabric.tissue import naive

CELLS, PAST = 7, 6


def traces(tau_ms: float = 20.0, slot_ms: float = 1.0, past: int = 0, saturating: bool = False) -> SpikeTraces:
    return SpikeTraces(CELLS, tau_ms=tau_ms, slot_ms=slot_ms, past=past, saturating=saturating)


def run(tracked: SpikeTraces, train: naive.Train, first: int = 0) -> None:
    for slot, spikes in enumerate(train, first):
        tracked.record(np.array(spikes, np.int32), slot)


@pytest.mark.parametrize("tau_ms, slot_ms", [(20.0, 1.0), (1000.0, 0.1), (3.0, 2.0)])
def test_the_trace_is_the_sum_over_all_spikes(tau_ms: float, slot_ms: float) -> None:
    tracked, train = traces(tau_ms, slot_ms), naive.random_train(CELLS, 400, 0.05, np.random.default_rng(1))
    for slot, spikes in enumerate(train):
        tracked.record(np.array(spikes, np.int32), slot)
        if slot % 13 == 0:
            expected = [naive.trace(train, cell, slot, tau_ms / slot_ms) for cell in range(CELLS)]
            assert tracked.read(slot) == pytest.approx(expected, rel=1e-13, abs=1e-14)


def test_a_saturating_trace_is_that_of_the_nearest_spike() -> None:
    tracked, train = traces(saturating=True), naive.random_train(CELLS, 200, 0.05, np.random.default_rng(1))
    run(tracked, train)
    for cell, value in enumerate(tracked.read(199)):
        last = max(slot for slot, spikes in enumerate(train) if cell in spikes)
        assert value == pytest.approx(np.exp(-(199 - last) / 20.0), rel=1e-13)


def test_a_late_reader_sees_the_trace_as_it_was() -> None:
    tracked, train = traces(past=PAST), naive.random_train(CELLS, 120, 0.4, np.random.default_rng(1))
    for slot, spikes in enumerate(train):
        for lag in range(1, min(PAST, slot) + 1):
            scale = tracked.frame.scale(slot - lag)
            seen = [trace_at(cell, slot - lag, tracked.slots, tracked.values) * scale for cell in range(CELLS)]
            expected = [naive.trace(train, cell, slot - lag, 20.0) for cell in range(CELLS)]
            assert seen == pytest.approx(expected, rel=1e-12)
        tracked.record(np.array(spikes, np.int32), slot)


def test_silence_ends_in_exact_zeros_and_never_in_denormals() -> None:
    tracked = traces(tau_ms=5.0, past=PAST)
    run(tracked, [list(range(CELLS))] * 20)
    for slot in range(20, 400):
        tracked.record(np.zeros(0, np.int32), slot)
        kept = tracked.values[tracked.values != 0]
        assert kept.size == 0 or kept.min() > 1e-17
    assert not tracked.values.any()
    assert not tracked.read(400).any()


def test_a_state_continues_to_the_same_bits() -> None:
    train = naive.random_train(CELLS, 300, 0.1, np.random.default_rng(1))
    tracked, other = traces(past=PAST), traces(past=PAST)
    run(tracked, train[:151])
    other.load_state(tracked.state())
    run(tracked, train[151:], 151)
    run(other, train[151:], 151)
    assert trees_equal(tracked.state(), other.state())


def test_a_cell_that_never_spiked_says_so() -> None:
    tracked = traces()
    run(tracked, [[1]])
    assert tracked.slots[0].tolist() == [NEVER, 0, *[NEVER] * (CELLS - 2)]


@pytest.mark.parametrize("times", [(0.0, 1.0), (20.0, 0.0), (-1.0, 1.0), (np.inf, 1.0), (np.nan, 1.0)])
def test_times_must_be_positive(times: tuple[float, float]) -> None:
    with pytest.raises(ParameterError, match="a time above 0 ms"):
        traces(*times)


def test_a_reader_must_not_lag_so_far_that_traces_have_gone() -> None:
    with pytest.raises(ParameterError, match="2 ms or more, for delays of 60 ms"):
        traces(tau_ms=1.9, past=60)
    tracked = traces(tau_ms=2.0, past=60)
    run(tracked, [[1], *[[]] * 59])
    seen = trace_at(1, 0, tracked.slots, tracked.values) * tracked.frame.scale(0)
    assert seen == pytest.approx(1.0, rel=1e-12)


def test_a_state_of_other_delays_is_refused() -> None:
    with pytest.raises(StateError, match=r"slots: expected int64 \(1, 7\), got int64 \(4, 7\)"):
        traces().load_state(traces(past=3).state())
