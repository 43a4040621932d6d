"""Delivery of spikes: a ring of conductance increments, one for each slot until the longest delay has passed."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from aura.core.errors import ParameterError, SignalError, StateError
from aura.zones.fabric.tissue.compiled import kernel
from aura.zones.fabric.tissue.synapses import Synapses
from aura.zones.fabric.tissue.workers import Workers

__all__ = ["RECEPTORS", "DelayLine", "checked_spikes"]

RECEPTORS = 2
"""Excitatory and inhibitory."""

EVENT_NS = 1.0
"""What one delivery takes about (measured here, 10,000 cells of 100 synapses each)."""

Reals = NDArray[Any]
Starts = NDArray[np.uint32]


@kernel
def _valid(spikes: NDArray[np.int32], cells: int) -> bool:
    if spikes.size == 0:
        return True
    for index in range(1, spikes.size):
        if spikes[index] < spikes[index - 1]:
            return False
    return bool(spikes[0] >= 0 and spikes[-1] < cells)


def checked_spikes(spikes: NDArray[Any], cells: int) -> NDArray[np.int32]:
    """Return the spikes of a slot as int32.

    Raises
    ------
    SignalError
        If they are no cells in ascending order.
    """
    cast = np.ascontiguousarray(spikes, np.int32)
    if cast.ndim != 1 or (cast.size > 0 and spikes.dtype.kind not in "iu") or not _valid(cast, cells):
        raise SignalError("fabric.spikes", expected=f"cells from 0 to {cells - 1} in ascending order",
                          got=np.array2string(spikes, threshold=8))
    return cast


@kernel
def _split(row_start: NDArray[np.int64], target: NDArray[np.int32], bounds: NDArray[np.int32], split: Starts) -> None:
    """Find in each row where the targets of each part begin."""
    for cell in range(row_start.size - 1):
        split[0, cell] = row_start[cell]
        for part in range(1, split.shape[0]):
            place = np.int64(split[part - 1, cell])
            while place < row_start[cell + 1] and target[place] < bounds[part]:
                place += 1
            split[part, cell] = place


@kernel
def _deliver(spikes: NDArray[np.int32], bases: NDArray[np.uint64], start: Starts, stop: Starts, place: NDArray[Any],
             weights: Reals, ring: Reals) -> None:
    size = np.uint64(ring.size)
    for index in range(spikes.size):
        cell, base = spikes[index], bases[index]
        for synapse in range(start[cell], stop[cell]):
            slot = base + place[synapse]
            if slot >= size:
                slot -= size
            ring[slot] += weights[synapse]


class DelayLine:
    """Carries spikes to their synapses: what arrives in a slot adds up until the slot is taken.

    Each slot: `take` its increments, let the cells integrate it, `deliver` their spikes.

    Parameters
    ----------
    synapses : Synapses
        Where each spike goes and how long it takes.
    sites : int
        Sites of a cell.
    receptors : int
        Receptors of a site.
    dtype : float32 or float64
        Of the increments.
    workers : Workers, optional
        Threads, each of which serves a range of postsynaptic cells.
    slots : int
        How many are taken at once: up to the shortest delay nothing sent in them arrives in them.

    Raises
    ------
    ParameterError
        If synapses end at a site or receptor that there is not, or a delay is shorter than what is taken at once.

    Notes
    -----
    Each place of the ring belongs to one thread, and every thread walks all spikes in the given order; so the sums, and
    their bits, do not depend on how many threads there are. The places are worked out once, as
    delay · (receptors · sites · cells) + (receptor · sites + site) · cells + target; a spike then costs, for each of
    its synapses, two loads in a row and one addition at random.

    Examples
    --------
    >>> line = DelayLine(Synapses.from_arrays(2, [0, 0], [1, 1], [0.5, 2.0], [1, 3]), sites=1)
    >>> line.deliver(np.array([0]))
    >>> [float(line.take()[0, 0, 1]) for slot in range(4)]
    [0.5, 0.0, 2.0, 0.0]
    """

    def __init__(self, synapses: Synapses, *, sites: int, receptors: int = RECEPTORS, dtype: DTypeLike = np.float32,
                 workers: Workers | None = None, slots: int = 1) -> None:
        for name, have, need in (("sites", sites, synapses.sites),
                                 ("receptors", receptors, int(synapses.receptor.max(initial=0)) + 1)):
            if have < need:
                raise ParameterError(f"fabric.{name}", expected=f"{need} at least, synapses end there", got=str(have))
        shortest = int(synapses.delay.min(initial=slots))
        if not 1 <= slots <= shortest:
            raise ParameterError("fabric.slots", expected=f"1 to {shortest}, the shortest delay", got=str(slots))
        self.cells, self.slots, self.longest_delay = synapses.cells, slots, synapses.longest_delay
        # In whole takes, so that each is one stretch of memory.
        length = -(-(self.longest_delay + slots) // slots) * slots
        self._ring: Reals = np.zeros((length, receptors, sites, self.cells), dtype)
        self._now = length - slots
        self._weights = synapses.weight
        self._workers = workers or Workers()
        self._place = _places(synapses, sites, self._ring)
        self._split = _target_ranges(synapses, self._workers.threads)

    def take(self) -> Reals:
        """Return the increments (receptor, site, cell) in uS of the slot that begins; (slot, ...) if it takes several.

        It is a view, valid until the next `take`, which clears it; more may be added to it.
        """
        self._ring[self._now:self._now + self.slots] = 0.0
        self._now = (self._now + self.slots) % len(self._ring)
        current: Reals = self._ring[self._now:self._now + self.slots]
        return current[0] if self.slots == 1 else current

    def deliver(self, spikes: NDArray[Any], weights: Reals | None = None, *, slot: NDArray[Any] | None = None) -> None:
        """Send out the spikes of what was last taken.

        Parameters
        ----------
        spikes : int32 (spike,)
            The cells that spiked, ascending, each as often as it did.
        slot : int array (spike,), optional
            In which of the slots last taken each did; in the first if not given.
        weights : float array (synapse,), uS, optional
            The weights as they are now; those of the synapses to begin with if not given.

        Raises
        ------
        SignalError
            If the spikes are no cells in ascending order, or not in the slots last taken.
        """
        cast = checked_spikes(spikes, self.cells)
        if cast.size == 0:
            return
        used = self._weights if weights is None else weights
        if used.shape != self._place.shape:
            raise SignalError("fabric.weights", expected=f"one for each of {self._place.size} synapses",
                              got=f"an array of shape {used.shape}")
        ring = self._ring.reshape(-1)
        cast, since = self._by_slot(cast, slot)
        bases = (self._now + since).astype(np.uint64) * np.uint64(self._ring[0].size)
        bounds = self._workers.cut(len(self._split) - 1, EVENT_NS * cast.size * used.size / self.cells)
        self._workers.run(_deliver, [(cast, bases, self._split[first], self._split[last], self._place, used, ring)
                                     for first, last in pairwise(bounds)])

    def _by_slot(self, spikes: NDArray[np.int32], slot: NDArray[Any] | None) -> tuple[NDArray[np.int32], NDArray[Any]]:
        """Return spikes in the order in which one slot after the other would send them, and their slots."""
        if slot is None:
            return spikes, np.zeros(len(spikes), np.int64)
        whole = slot.shape == spikes.shape and slot.dtype.kind in "iu"
        if not whole or slot.min() < 0 or slot.max() >= self.slots:
            raise SignalError("fabric.slot", got=np.array2string(slot, threshold=8),
                              expected=f"a slot from 0 to {self.slots - 1} for each of {len(spikes)} spikes")
        order = np.argsort(slot, kind="stable")
        return spikes[order], slot[order]

    def state(self) -> dict[str, Any]:
        """Return what is under way: where in the ring, as seen from the slot last taken, and how much."""
        flat = self._ring.reshape(-1)
        under_way = np.flatnonzero(flat)
        places = (under_way - self._now * self._ring[0].size) % flat.size
        order = np.argsort(places)
        return {"shape": list(self._ring.shape), "places": places[order], "amounts": flat[under_way[order]]}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned.

        Raises
        ------
        StateError
            If it is of another tissue.
        """
        amounts = state["amounts"]
        if list(state["shape"]) != list(self._ring.shape) or amounts.dtype != self._ring.dtype:
            raise StateError("fabric.delay_line", expected=f"{self._ring.dtype} of shape {list(self._ring.shape)}",
                             got=f"{amounts.dtype} of shape {list(state['shape'])}")
        self._ring[...] = 0.0
        self._ring.reshape(-1)[state["places"]] = amounts
        self._now = 0


def _places(synapses: Synapses, sites: int, ring: Reals) -> NDArray[Any]:
    """Return how far from the present slot's first place in the ring each synapse adds its weight."""
    dtype = np.dtype(np.uint32 if ring.size <= np.iinfo(np.uint32).max else np.uint64)
    place: NDArray[Any] = synapses.receptor.astype(dtype)
    for stride, part in ((sites, synapses.site), (synapses.cells, synapses.target)):
        place = place * dtype.type(stride) + part.astype(dtype)
    place += synapses.delay.astype(dtype) * dtype.type(ring[0].size)
    return place


def _target_ranges(synapses: Synapses, parts: int) -> Starts:
    """Return where each part's synapses begin in each row (part + 1, cell), parts getting equally many synapses."""
    shares = np.arange(parts + 1) * len(synapses) // parts
    bounds = np.searchsorted(synapses.column_start, shares).astype(np.int32)
    split = np.empty((parts + 1, synapses.cells), np.uint32)
    _split(synapses.row_start, synapses.target, bounds, split)
    split[-1] = synapses.row_start[1:]
    return split
