"""Pairings of presynaptic arrivals with postsynaptic spikes, all to all, as they come."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aura.core.lasting import Free, Stateful
from aura.zones.fabric.tissue.compiled import kernel
from aura.zones.fabric.tissue.plastic_index import PlasticIndex
from aura.zones.fabric.tissue.traces import SpikeTraces, trace_at
from aura.zones.fabric.tissue.workers import Workers

__all__ = ["Pairing", "SpikeHistory"]

PAIRING_NS = 10.0
"""What one pairing takes about (measured here, 10,000 cells of 100 synapses each)."""

Cells = NDArray[np.int32]
Index = NDArray[np.uint32]
Slots = NDArray[np.int64]
Floats = NDArray[np.float64]


@kernel
def _arrivals(first: int, last: int, spikes: Cells, born: Slots, now: int, longest: int, start: Index, arrival: Index,
              trace: Floats, amplitude: float, soft: bool, floor: float, ceiling: float, values: NDArray[Any]) -> None:
    for index in range(first, last):
        step = spikes[index] * longest + (now - born[index]) - 1
        for place in range(start[step], start[step + 1]):
            post = trace[0, arrival[place, 1]]
            if post > 0.0:
                value = values[arrival[place, 0]]
                reduced = value - amplitude * post * (value / ceiling if soft else 1.0)
                values[arrival[place, 0]] = 0.0 if reduced <= floor else reduced


@kernel
def _births(first: int, last: int, spikes: Cells, now: int, start: Index, synapses: Index, sources: Index,
            delays: NDArray[Any], slots: Slots, trace: Floats, amplitudes: Floats, soft: bool, ceiling: float,
            values: NDArray[Any]) -> None:
    for index in range(first, last):
        for place in range(start[spikes[index]], start[spikes[index] + 1]):
            pre = trace_at(sources[place], now - delays[place], slots, trace)
            if pre > 0.0:
                value = values[synapses[place]]
                raised = value + amplitudes[delays[place]] * pre * (1.0 - value / ceiling if soft else 1.0)
                values[synapses[place]] = min(raised, ceiling)


class SpikeHistory(Stateful):
    """The spikes of the last slots, which are still on their way to a synapse.

    Parameters
    ----------
    longest_delay : int, slots
        How long a spike is kept.
    """

    lasting = (Free("spikes", 0), Free("born", 0))

    def __init__(self, longest_delay: int) -> None:
        self._longest = longest_delay
        self.spikes: Cells = np.zeros(0, np.int32)
        self.born: Slots = np.zeros(0, np.int64)

    def push(self, spikes: Cells, now: int) -> None:
        """Take in the spikes of slot `now`, and drop those that have reached all their synapses by then."""
        dropped = int(np.searchsorted(self.born, now - self._longest, side="right"))
        if dropped or spikes.size:
            self.spikes = np.concatenate([self.spikes[dropped:], spikes])
            self.born = np.concatenate([self.born[dropped:], np.full(spikes.size, now, np.int64)])


class Pairing(Stateful):
    r"""Adds to a value of each plastic synapse what its pairs of spikes are worth.

    Parameters
    ----------
    index : PlasticIndex
        The synapses.
    tau_plus_ms, tau_minus_ms, slot_ms : float, ms
        Time constants for arrival before spike and after it; length of a slot.
    workers : Workers
        Threads, each of which serves some of the spikes.

    Notes
    -----
    A spike of the presynaptic cell in slot s counts from its arrival at the synapse, a = s + delay; the postsynaptic
    cell's spike in slot b is felt there at once. Every pair of them changes the value by

    .. math:: \Delta = A_+ e^{-(b - a) T / \tau_+} \;(b \ge a), \qquad \Delta = -A_- e^{-(a - b) T / \tau_-} \;(b < a),

    when the later of the two comes (Morrison et al. 2008, section 4.1, all to all, with axonal delays). An arrival and
    a spike in one slot count as arrival first, for increments arrive when a slot begins. In a slot arrivals come first,
    then spikes. Spikes are placed by their slots, so the window is shifted by less than a slot.

    Only one trace for each cell is needed: an arrival reads the postsynaptic cell's as it is, a postsynaptic spike the
    presynaptic cell's as it was a delay ago. The cost is that of the synapses of cells that spike.
    """

    lasting = ("_pre", "_post")

    def __init__(self, index: PlasticIndex, *, tau_plus_ms: float, tau_minus_ms: float, slot_ms: float,
                 workers: Workers) -> None:
        self._index, self._workers = index, workers
        self._pre = SpikeTraces(index.cells, tau_ms=tau_plus_ms, slot_ms=slot_ms, past=index.longest_delay)
        self._post = SpikeTraces(index.cells, tau_ms=tau_minus_ms, slot_ms=slot_ms)
        self._ago: Floats = np.exp(np.arange(index.longest_delay + 1) * self._pre.frame.rate)
        self._mean_fan = len(index) / max(index.cells, 1)

    def pair(self, now: int, spikes: Cells, history: SpikeHistory, values: NDArray[Any], *, plus: float, minus: float,
             soft: bool = False, floor: float = -np.inf, ceiling: float = np.inf) -> None:
        """Change the values by the pairs that a slot completes.

        Parameters
        ----------
        now : int
            The slot.
        spikes : int32 (spike,)
            Cells that spiked in it, ascending.
        history : SpikeHistory
            The spikes of the slots before it.
        values : float array (synapse,)
            Is changed.
        plus, minus : float
            A₊ and A₋, in the unit of the values.
        soft : bool
            Whether A₊ is multiplied by 1 - value / ceiling and A₋ by value / ceiling.
        floor, ceiling : float
            No value is raised above the ceiling; one that is reduced to the floor or below becomes 0.
        """
        index = self._index
        arrived = (history.spikes, history.born, now, index.longest_delay, index.arrival_start, index.arrival,
                   self._post.values, minus * self._post.frame.scale(now), soft, floor, ceiling, values)
        bounds = self._bounds(history.spikes, self._mean_fan / index.longest_delay)
        self._workers.run(_arrivals, [(*part, *arrived) for part in pairwise(bounds)])
        born = (spikes, now, index.fan_in_start, index.fan_in_synapse, index.fan_in_source, index.fan_in_delay,
                self._pre.slots, self._pre.values, plus * self._pre.frame.scale(now) * self._ago, soft, ceiling,
                values)
        self._workers.run(_births, [(*part, *born) for part in pairwise(self._bounds(spikes, self._mean_fan))])

    def record(self, now: int, spikes: Cells) -> None:
        """Take the spikes of a slot into the traces, after they have been paired."""
        self._pre.record(spikes, now)
        self._post.record(spikes, now)

    def _bounds(self, spikes: Cells, pairings: float) -> list[int]:
        """Return where to cut the spikes among the threads: never between two of one cell, which share synapses."""
        bounds = self._workers.cut(spikes.size, PAIRING_NS * spikes.size * pairings)
        for place in range(1, len(bounds) - 1):
            cut = max(bounds[place], bounds[place - 1])
            while 0 < cut < spikes.size and spikes[cut] == spikes[cut - 1]:
                cut += 1
            bounds[place] = cut
        return bounds
