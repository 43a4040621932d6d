"""Synaptic scaling: a cell's excitatory input is scaled until the cell spikes at its target rate."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aura.core.lasting import Stateful
from aura.zones.fabric.tissue.activation import hertz
from aura.zones.fabric.tissue.compiled import kernel
from aura.zones.fabric.tissue.params import HomeostasisParams
from aura.zones.fabric.tissue.synapses import EXCITATORY, Synapses
from aura.zones.fabric.tissue.traces import TRACE_FLOOR, SpikeTraces
from aura.zones.fabric.tissue.workers import Workers

__all__ = ["Homeostasis"]

SCALING_NS = 1.0
"""What the scaling of one synapse takes about (measured here)."""


@kernel
def _scale(first: int, last: int, target: NDArray[np.int32], receptor: NDArray[np.uint8], plastic: int,
           factors: NDArray[np.float64], floor: float, ceiling: float, weights: NDArray[Any]) -> None:
    for synapse in range(first, last):
        if receptor[synapse] == plastic:
            weight = min(weights[synapse] * factors[target[synapse]], ceiling)
            weights[synapse] = 0.0 if weight <= floor else weight


class Homeostasis(Stateful):
    r"""Multiplies all excitatory weights onto a cell by one factor, above 1 if it spikes too little.

    Parameters
    ----------
    synapses : Synapses
        All synapses; the excitatory ones are scaled.
    params : HomeostasisParams
        Target and time constants.
    slot_ms : float, ms
        Length of a slot.
    largest_weight_us : float, uS
        The upper bound of the weights.
    workers : Workers
        Threads.

    Notes
    -----
    With the running rate r of the postsynaptic cell and its target r*,

    .. math:: \tau_h \dot w = w\, (r^* - r) / r^*,

    the proportional term of van Rossum, Bi and Turrigiano 2000, equation 4. It is solved exactly for the rate as it
    stands: once in an interval T, w is multiplied by exp(T (1 - r / r*) / τ_h). The ratios of a cell's weights are kept
    (Turrigiano et al. 1998), but for those at their bound. The loop is stable if τ_h is long beside the rate's time
    constant.

    References
    ----------
    See `HomeostasisParams`.
    """

    lasting = ("_traces",)

    def __init__(self, synapses: Synapses, params: HomeostasisParams, *, slot_ms: float, largest_weight_us: float,
                 workers: Workers) -> None:
        self._synapses, self._params, self._workers = synapses, params, workers
        self._slot_ms, self._largest = slot_ms, largest_weight_us
        self._interval = max(round(params.interval_ms / slot_ms), 1)
        self._share = self._interval * slot_ms / (1000.0 * params.tau_s)
        self._traces = SpikeTraces(synapses.cells, tau_ms=params.rate_tau_ms, slot_ms=slot_ms)

    def step(self, now: int, spikes: NDArray[np.int32], weights: NDArray[Any], drive: float = 1.0) -> None:
        """Take in the spikes of slot `now`; if an interval ends with it, scale the weights, `drive` times as fast."""
        self._traces.record(spikes, now)
        if drive <= 0 or (now + 1) % self._interval:
            return
        bound = self._params.largest_step
        factors = np.exp(np.clip(drive * self._share * (1.0 - self.rates(now) / self._params.target_hz), -bound, bound))
        rest = (self._synapses.target, self._synapses.receptor, EXCITATORY, factors, TRACE_FLOOR * self._largest,
                self._largest, weights)
        bounds = self._workers.cut(weights.size, SCALING_NS * weights.size)
        self._workers.run(_scale, [(*part, *rest) for part in pairwise(bounds)])

    def rates(self, now: int) -> NDArray[np.float64]:
        """Return the running rates (cell,) in Hz."""
        return hertz(self._traces.read(now), self._params.rate_tau_ms, self._slot_ms)
