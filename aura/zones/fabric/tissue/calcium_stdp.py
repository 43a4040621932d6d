"""Plasticity driven by the calcium of the postsynaptic segment."""

from __future__ import annotations

from itertools import pairwise
from math import exp
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aura.core.errors import SignalError
from aura.core.lasting import Stateful
from aura.zones.fabric.tissue.compiled import kernel
from aura.zones.fabric.tissue.params import CalciumStdpParams
from aura.zones.fabric.tissue.plastic_index import PlasticIndex
from aura.zones.fabric.tissue.traces import TRACE_FLOOR, SpikeTraces, trace_at
from aura.zones.fabric.tissue.workers import Workers

__all__ = ["CalciumStdp"]

RELAXATION_NS = 20.0
"""What the change of one synapse takes about (measured here)."""

Cells = NDArray[np.int32]
Index = NDArray[np.uint32]
Slots = NDArray[np.int64]
Floats = NDArray[np.float64]


@kernel
def _hot(calcium: NDArray[Any], threshold: float, hot: NDArray[np.bool_]) -> None:
    """Mark the cells that have a segment above the threshold."""
    hot[:] = False
    for site in range(calcium.shape[0]):
        for cell in range(calcium.shape[1]):
            hot[cell] |= calcium[site, cell] >= threshold


@kernel
def _relax(first: int, last: int, hot: NDArray[np.bool_], calcium: NDArray[Any], now: int, start: Index,
           synapses: Index, sources: Index, delays: NDArray[Any], sites: NDArray[Any], gated: bool, slots: Slots,
           trace: Floats, ago: Floats, upper: float, lower: float, plus: float, minus: float, floor: float,
           largest: float, levels: NDArray[np.uint8], weights: NDArray[Any]) -> None:
    for cell in range(first, last):
        if not hot[cell]:
            continue
        # A cell's sites lie far apart in `calcium`, and each is asked for by several synapses.
        for site in range(levels.shape[1]):
            levels[cell, site] = 2 * (calcium[site, cell] >= upper) + (calcium[site, cell] >= lower)
        for place in range(start[cell], start[cell + 1]):
            level = levels[cell, sites[place]]
            gain = plus if level & 2 else 0.0
            loss = minus if level & 1 else 0.0
            if gain + loss == 0.0:
                continue
            delay = delays[place]
            use = trace_at(sources[place], now - delay, slots, trace) * ago[delay] if gated else 1.0
            if use > 0.0:
                rest = largest * (gain / (gain + loss))
                weight = rest + (weights[synapses[place]] - rest) * exp(-(gain + loss) * use)
                weights[synapses[place]] = 0.0 if weight <= floor else weight


class CalciumStdp(Stateful):
    r"""Weights grow where calcium is high, shrink where it is moderate, and stay where it is low.

    Parameters
    ----------
    index : PlasticIndex
        The plastic synapses.
    params : CalciumStdpParams
        Thresholds and rates.
    slot_ms : float, ms
        Length of a slot.
    largest_weight_us : float, uS
        The weight of efficacy 1.
    workers : Workers
        Threads.

    Notes
    -----
    The efficacy ρ = w / W of a synapse follows

    .. math:: \tau \dot\rho = u \left[ \gamma_p (1 - \rho)\, \Theta(c - \theta_p)
              - \gamma_d\, \rho\, \Theta(c - \theta_d) \right],

    the model of Graupner and Brunel 2012 with the flat potential of Higgins et al. 2014, so that nothing changes while
    calcium is below both thresholds, and nothing need be done. Here c is the segment's own calcium, where the source
    has a sum of transients set off by spikes; and since segments share calcium among their synapses, u = exp(-s / τ_u)
    makes the rates those of synapses that are in use (`CalciumStdpParams.presynaptic_tau_ms`; u = 1 without it).

    While c and u stay as they are, the solution is ρ∞ + (ρ - ρ∞) exp(-(Γ_p + Γ_d) u t / τ), with
    Γ = γ Θ and ρ∞ = Γ_p / (Γ_p + Γ_d); it is taken for each interval, so any length of it is stable. Fixed points: 0
    for θ_d ≤ c < θ_p, γ_p / (γ_p + γ_d) for c above both.

    References
    ----------
    See `CalciumStdpParams`.
    """

    lasting = ("_use",)

    def __init__(self, index: PlasticIndex, params: CalciumStdpParams, *, slot_ms: float, largest_weight_us: float,
                 workers: Workers) -> None:
        self._index, self._params, self._workers = index, params, workers
        self._largest = largest_weight_us
        self._interval = max(round(params.interval_ms / slot_ms), 1)
        self._share = self._interval * slot_ms / (1000.0 * params.tau_s)
        self._gated = params.presynaptic_tau_ms is not None
        self._use = SpikeTraces(index.cells, tau_ms=params.presynaptic_tau_ms or slot_ms, slot_ms=slot_ms,
                                past=index.longest_delay, saturating=True)
        self._ago: Floats = np.exp(np.arange(index.longest_delay + 1) * self._use.frame.rate)
        self._hot = np.zeros(index.cells, np.bool_)
        self._sites = int(index.fan_in_site.max(initial=0)) + 1
        self._levels = np.zeros((index.cells, self._sites), np.uint8)

    def due(self, now: int) -> bool:
        """Return whether an interval ends with slot `now`, so that calcium is needed."""
        return (now + 1) % self._interval == 0

    def step(self, now: int, spikes: Cells, calcium: NDArray[Any] | None, weights: NDArray[Any],
             drive: float = 1.0) -> None:
        """Change the weights if an interval ends with slot `now`.

        Parameters
        ----------
        now : int
            The slot.
        spikes : int32 (spike,)
            Cells that spiked in it, ascending.
        calcium : float array (site, cell), mmol/l, optional
            At its end; needed if it is `due`.
        weights : float array (synapse,), uS
            Are changed.
        drive : float
            Factor on the rates; 0 leaves the weights alone.

        Raises
        ------
        SignalError
            If calcium is not given for each site and cell.
        """
        if self.due(now):
            if (calcium is None or calcium.ndim != 2 or calcium.shape[0] < self._sites
                    or calcium.shape[1] != self._hot.size):
                raise SignalError("fabric.calcium", expected=f"{self._sites} sites or more by {self._hot.size} cells",
                                  got="None" if calcium is None else f"an array of shape {calcium.shape}",
                                  hint="Give the calcium of all sites, or switch the calcium-based rule off.")
            self._relax(now, calcium[: self._sites], weights, drive * self._share)
        if self._gated:
            self._use.record(spikes, now)

    def _relax(self, now: int, calcium: NDArray[Any], weights: NDArray[Any], share: float) -> None:
        if share <= 0:
            return
        params, index = self._params, self._index
        upper, lower = params.threshold_plus_mmolar, params.threshold_minus_mmolar
        _hot(calcium, min(upper, lower), self._hot)
        rest = (self._hot, calcium, now, index.fan_in_start, index.fan_in_synapse, index.fan_in_source,
                index.fan_in_delay, index.fan_in_site, self._gated, self._use.slots, self._use.values,
                self._ago * self._use.frame.scale(now), upper, lower, params.gamma_plus * share,
                params.gamma_minus * share, TRACE_FLOOR * self._largest, self._largest, self._levels, weights)
        work_ns = RELAXATION_NS * len(index) * float(self._hot.mean())
        bounds = self._workers.cut(index.cells, work_ns)
        self._workers.run(_relax, [(*part, *rest) for part in pairwise(bounds)])
