"""Eligibility traces: what pairs of spikes would have changed, kept until a modulator says whether they shall."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aura.core.lasting import Stateful
from aura.zones.fabric.tissue.compiled import kernel
from aura.zones.fabric.tissue.pairing import Pairing, SpikeHistory
from aura.zones.fabric.tissue.params import EligibilityParams
from aura.zones.fabric.tissue.plastic_index import PlasticIndex
from aura.zones.fabric.tissue.traces import TRACE_FLOOR, DecayFrame, rebase
from aura.zones.fabric.tissue.workers import Workers

__all__ = ["Eligibility"]

CONVERSION_NS = 1.0
"""What one synapse takes about when a modulator comes (measured here)."""


@kernel
def _convert(first: int, last: int, gain: float, traces: NDArray[Any], floor: float, ceiling: float,
             weights: NDArray[Any]) -> None:
    for synapse in range(first, last):
        if traces[synapse] != 0.0:
            weight = min(weights[synapse] + gain * traces[synapse], ceiling)
            weights[synapse] = 0.0 if weight <= floor else weight


class Eligibility(Stateful):
    r"""Collects the pairings of each synapse in a decaying trace, which a modulator turns into weight.

    Parameters
    ----------
    index : PlasticIndex
        The plastic synapses.
    synapses : int
        How many synapses there are in all.
    params : EligibilityParams
        Trace and window.
    slot_ms : float, ms
        Length of a slot.
    largest_weight_us : float, uS
        The upper bound of the weights; the lower one is 0.
    workers : Workers
        Threads.

    Notes
    -----
    With the additive pairings Δ of `Pairing`, the trace of a synapse and its weight follow

    .. math:: \dot e = -e / \tau_e + \sum_k \Delta_k\, \delta(t - t_k), \qquad w \leftarrow w + \eta M e

    (Izhikevich 2007, equations 1 and 2), the second once for each call of `modulate`.

    The traces are kept in a `DecayFrame`, so that a slot costs no more than its pairings. When the frame is moved,
    those below `TRACE_FLOOR` of the largest single pairing become 0.

    References
    ----------
    See `EligibilityParams`.
    """

    lasting = ("_traces", "_frame", "_pairing")

    def __init__(self, index: PlasticIndex, synapses: int, params: EligibilityParams, *, slot_ms: float,
                 largest_weight_us: float, workers: Workers) -> None:
        self._params, self._largest, self._workers = params, largest_weight_us, workers
        self._pairing = Pairing(index, tau_plus_ms=params.tau_plus_ms, tau_minus_ms=params.tau_minus_ms,
                                slot_ms=slot_ms, workers=workers)
        self._frame = DecayFrame(params.tau_ms, slot_ms)
        self._floor = TRACE_FLOOR * max(params.amplitude_plus, params.amplitude_minus) * largest_weight_us
        self._traces: NDArray[np.float32] = np.zeros(synapses, np.float32)

    def step(self, now: int, spikes: NDArray[np.int32], history: SpikeHistory) -> None:
        """Add the pairs that slot `now` completes to the traces."""
        factor = self._frame.move(now)
        if factor is not None:
            rebase(factor, self._floor, self._traces)
        scale = self._largest / self._frame.scale(now)
        self._pairing.pair(now, spikes, history, self._traces, plus=self._params.amplitude_plus * scale,
                           minus=self._params.amplitude_minus * scale)
        self._pairing.record(now, spikes)

    def modulate(self, now: int, modulator: float, weights: NDArray[Any]) -> None:
        """Add rate · modulator · eligibility to the weights, bounded; a modulator of 0 leaves them alone.

        Costs a pass over all synapses, so it is meant for once a tick.
        """
        gain = self._params.rate * modulator * self._frame.scale(now)
        if gain == 0.0:
            return
        rest = (gain, self._traces, TRACE_FLOOR * self._largest, self._largest, weights)
        bounds = self._workers.cut(weights.size, CONVERSION_NS * weights.size)
        self._workers.run(_convert, [(*part, *rest) for part in pairwise(bounds)])

    def traces(self, now: int) -> NDArray[np.float32]:
        """Return the eligibility of each synapse (synapse,) in uS as of slot `now`."""
        return self._traces * np.float32(self._frame.scale(now))
