"""All rules of plasticity that a tissue has, run after each slot in one order."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from aura.core.errors import ParameterError, SignalError
from aura.core.lasting import Stateful
from aura.zones.fabric.tissue.activation import Activation
from aura.zones.fabric.tissue.calcium_stdp import CalciumStdp
from aura.zones.fabric.tissue.delivery import checked_spikes
from aura.zones.fabric.tissue.eligibility import Eligibility
from aura.zones.fabric.tissue.homeostasis import Homeostasis
from aura.zones.fabric.tissue.pairing import SpikeHistory
from aura.zones.fabric.tissue.params import PlasticityParams
from aura.zones.fabric.tissue.plastic_index import PlasticIndex
from aura.zones.fabric.tissue.stdp import PairStdp
from aura.zones.fabric.tissue.synapses import EXCITATORY, Synapses
from aura.zones.fabric.tissue.workers import Workers

__all__ = ["Plasticity"]


class Plasticity(Stateful):
    """The weights of a tissue, and what changes them.

    Parameters
    ----------
    synapses : Synapses
        The tissue's; its weights are those to begin with.
    params : PlasticityParams
        The rules; those that are None are neither built nor run.
    slot_ms : float, ms
        Length of a slot.
    workers : Workers, optional
        Threads.
    dtype : float32 or float64
        Of the weights.

    Attributes
    ----------
    weights : float array (synapse,), uS
        As they are now; hand them to `DelayLine.deliver`. Excitatory ones alone ever change.
    slot : int
        How many slots have been seen.
    stdp, calcium, eligibility, homeostasis, activation
        The rules, or None.

    Raises
    ------
    ParameterError
        If the slot is no positive time, or a rule is to change weights and an excitatory one is above the largest.

    Notes
    -----
    A slot is: `DelayLine.take`, the cells, `DelayLine.deliver` with the weights as they are, `after_slot`. So a spike
    carries the weights as they were when it was born. `after_slot` runs pair-based STDP, eligibility, calcium-based
    STDP, homeostasis and activation, each on what those before it have left.

    Examples
    --------
    >>> from aura.zones.fabric.tissue.params import StdpParams
    >>> synapses = Synapses.from_arrays(2, [0], [1], 0.0025, [3])
    >>> rules = Plasticity(synapses, PlasticityParams(largest_weight_us=0.005, stdp=StdpParams()), slot_ms=1.0)
    >>> for spikes in ([0], [], [], [], [], [1]):
    ...     rules.after_slot(np.array(spikes, np.int32))
    >>> rules.weights.round(9).tolist() == np.float32([0.0025 + 0.005 * 0.005 * np.exp(-2 / 20)]).round(9).tolist()
    True
    """

    lasting = ("slot", "weights", "_history", "stdp", "eligibility", "calcium", "homeostasis", "activation")

    def __init__(self, synapses: Synapses, params: PlasticityParams, *, slot_ms: float, workers: Workers | None = None,
                 dtype: DTypeLike = np.float32) -> None:
        if not 0 < slot_ms < math.inf:
            raise ParameterError("fabric.slot_ms", expected="a time above 0 ms", got=repr(slot_ms))
        self.slot = 0
        self.weights: NDArray[Any] = synapses.weight.astype(dtype)
        largest = float(self.weights.dtype.type(params.largest_weight_us))
        self._cells = synapses.cells
        pool = workers or Workers()
        if params.stdp or params.calcium or params.eligibility or params.homeostasis:
            _within(synapses, largest)
        paired = params.stdp or params.eligibility
        self._history = SpikeHistory(synapses.longest_delay) if paired else None
        index = PlasticIndex.of(synapses) if paired or params.calcium else None
        common: dict[str, Any] = {"slot_ms": slot_ms, "largest_weight_us": largest, "workers": pool}
        self.stdp = self.eligibility = self.calcium = None
        if index is not None:
            self.stdp = PairStdp(index, params.stdp, **common) if params.stdp else None
            self.calcium = CalciumStdp(index, params.calcium, **common) if params.calcium else None
            if params.eligibility:
                self.eligibility = Eligibility(index, len(synapses), params.eligibility, **common)
        self.homeostasis = Homeostasis(synapses, params.homeostasis, **common) if params.homeostasis else None
        self.activation = Activation(synapses.cells, params.activation, slot_ms=slot_ms) if params.activation else None

    @property
    def needs_calcium(self) -> bool:
        """Whether the next call of `after_slot` must be given calcium; in most slots it need not be read."""
        return self.calcium is not None and self.calcium.due(self.slot)

    def after_slot(self, spikes: NDArray[Any], calcium: NDArray[Any] | None = None, *, drive: float = 1.0) -> None:
        """Run the rules on a slot that has been integrated.

        Parameters
        ----------
        spikes : int32 (spike,)
            The cells that spiked in it, ascending, each as often as it did.
        calcium : float array (site, cell), mmol/l, optional
            At its end; needed if `needs_calcium` said so before.
        drive : float
            Factor on the speed of learning, 0 or more. With 0 no weight changes, but all traces go on.

        Raises
        ------
        SignalError
            If the spikes are no cells in ascending order, the drive is negative, or calcium is needed and not given.
        """
        if not 0 <= drive < math.inf:
            raise SignalError("fabric.drive", expected="a factor of 0 or more", got=repr(drive))
        now, cast = self.slot, checked_spikes(spikes, self._cells)
        if self._history is not None:
            if self.stdp:
                self.stdp.step(now, cast, self._history, self.weights, drive)
            if self.eligibility:
                self.eligibility.step(now, cast, self._history)
            self._history.push(cast, now)
        if self.calcium:
            self.calcium.step(now, cast, calcium, self.weights, drive)
        if self.homeostasis:
            self.homeostasis.step(now, cast, self.weights, drive)
        if self.activation:
            self.activation.step(now, cast)
        self.slot += 1

    def modulate(self, modulator: float) -> None:
        """Let a modulator turn the eligibility of every synapse into weight; 0 changes nothing.

        Meant for once a tick of the zone, for it costs a pass over all synapses.

        Raises
        ------
        SignalError
            If the modulator is not finite.
        ParameterError
            If the tissue keeps no eligibility.
        """
        if not math.isfinite(modulator):
            raise SignalError("fabric.modulator", expected="a finite number", got=repr(modulator))
        if self.eligibility is None:
            raise ParameterError("fabric.plasticity.eligibility", expected="the rule, to modulate it", got="None")
        self.eligibility.modulate(max(self.slot - 1, 0), modulator, self.weights)


def _within(synapses: Synapses, largest: float) -> None:
    heaviest = float(synapses.weight[synapses.receptor == EXCITATORY].max(initial=0.0))
    if heaviest > max(largest, float(np.float32(largest))):
        raise ParameterError("fabric.plasticity.largest_weight_us", got=f"{largest} uS",
                             expected=f"at least {heaviest:.6g} uS, the heaviest excitatory synapse",
                             hint="Raise it, or lower the connectivity's weight or weight_ceiling.")
