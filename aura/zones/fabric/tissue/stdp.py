"""Spike-timing-dependent plasticity by pairs of spikes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aura.core.lasting import Stateful
from aura.zones.fabric.tissue.pairing import Pairing, SpikeHistory
from aura.zones.fabric.tissue.params import StdpParams
from aura.zones.fabric.tissue.plastic_index import PlasticIndex
from aura.zones.fabric.tissue.traces import TRACE_FLOOR
from aura.zones.fabric.tissue.workers import Workers

__all__ = ["PairStdp"]


class PairStdp(Stateful):
    r"""Weights grow where arrivals precede postsynaptic spikes, and shrink where they follow them.

    Parameters
    ----------
    index : PlasticIndex
        The plastic synapses.
    params : StdpParams
        The window.
    slot_ms : float, ms
        Length of a slot.
    largest_weight_us : float, uS
        The upper bound of the weights; the lower one is 0.
    workers : Workers
        Threads.

    Notes
    -----
    `Pairing` has the window. Its amplitudes are, with w the weight and W its largest value,

    .. math:: A_\pm = a_\pm W \;\text{(additive)}, \qquad A_+ = a_+ (W - w),\; A_- = a_- w \;\text{(multiplicative)}.

    Weights are clipped at 0 and W after each pair (Song, Miller and Abbott 2000), which multiplicative changes hardly
    ever come to (Morrison et al. 2008, section 4.1.2); below `TRACE_FLOOR` of W they are 0.

    References
    ----------
    See `StdpParams`.
    """

    lasting = ("_pairing",)

    def __init__(self, index: PlasticIndex, params: StdpParams, *, slot_ms: float, largest_weight_us: float,
                 workers: Workers) -> None:
        self._params, self._largest = params, largest_weight_us
        self._pairing = Pairing(index, tau_plus_ms=params.tau_plus_ms, tau_minus_ms=params.tau_minus_ms,
                                slot_ms=slot_ms, workers=workers)

    def step(self, now: int, spikes: NDArray[np.int32], history: SpikeHistory, weights: NDArray[Any],
             drive: float = 1.0) -> None:
        """Change the weights by the pairs that slot `now` completes, `drive` times as much; 0 leaves them alone."""
        if drive > 0:
            scale = drive * self._largest
            self._pairing.pair(now, spikes, history, weights, plus=self._params.amplitude_plus * scale,
                               minus=self._params.amplitude_minus * scale,
                               soft=self._params.bounds == "multiplicative", floor=TRACE_FLOOR * self._largest,
                               ceiling=self._largest)
        self._pairing.record(now, spikes)
