"""Activation tracking: how often each cell spikes, when it last did, and how many cells are active."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from aura.core.lasting import Stateful
from aura.zones.fabric.tissue.compiled import kernel
from aura.zones.fabric.tissue.params import ActivationParams
from aura.zones.fabric.tissue.traces import NEVER, SpikeTraces

__all__ = ["Activation", "hertz"]


@kernel
def _count(spikes: NDArray[np.int32], counts: NDArray[np.int64]) -> None:
    for cell in spikes:
        counts[cell] += 1


def hertz(traces: NDArray[np.float64], tau_ms: float, slot_ms: float) -> NDArray[np.float64]:
    """Return rates (cell,) in Hz from traces that each spike adds 1 to.

    A cell that spikes with probability p in each slot has a trace of p / (1 - exp(-slot / tau)) on average, so the
    rates are without bias at any length of the slot.
    """
    return traces * (-math.expm1(-slot_ms / tau_ms) * 1000.0 / slot_ms)


class Activation(Stateful):
    """Keeps the activity of each cell.

    Parameters
    ----------
    cells : int
        How many.
    params : ActivationParams
        Time constant and window.
    slot_ms : float, ms
        Length of a slot.

    Examples
    --------
    >>> activation = Activation(2, ActivationParams(rate_tau_ms=100.0), slot_ms=1.0)
    >>> for slot in range(1000):
    ...     activation.step(slot, np.array([0] if slot % 20 == 19 else [], np.int32))
    >>> activation.counts.tolist(), activation.active_share(999), activation.last_spike_ms(999).tolist()
    ([50, 0], 0.5, [0.0, inf])
    """

    lasting = ("counts", "_traces")

    def __init__(self, cells: int, params: ActivationParams, *, slot_ms: float) -> None:
        self._params, self._slot_ms = params, slot_ms
        self._window = max(round(params.window_ms / slot_ms), 1)
        self._traces = SpikeTraces(cells, tau_ms=params.rate_tau_ms, slot_ms=slot_ms)
        self.counts: NDArray[np.int64] = np.zeros(cells, np.int64)
        """How often each cell has spiked in all."""

    def step(self, now: int, spikes: NDArray[np.int32]) -> None:
        """Take in the spikes of slot `now`."""
        self._traces.record(spikes, now)
        if spikes.size:
            _count(spikes, self.counts)

    def rates(self, now: int) -> NDArray[np.float64]:
        """Return the running rates (cell,) in Hz as of slot `now`."""
        return hertz(self._traces.read(now), self._params.rate_tau_ms, self._slot_ms)

    def last_spike_ms(self, now: int) -> NDArray[np.float64]:
        """Return how long ago each cell spiked last (cell,), in ms before slot `now`; infinity if it never has."""
        slots = self._traces.slots[0]
        return np.where(slots == NEVER, np.inf, (now - slots) * self._slot_ms)

    def active_share(self, now: int) -> float:
        """Return the share of cells that have spiked within the window that ends with slot `now`."""
        return float((self._traces.slots[0] > now - self._window).mean())
