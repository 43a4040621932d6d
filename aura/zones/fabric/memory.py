"""What the fabric keeps of the past: the last frames, and the labels that the map's units have won."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aura.core.lasting import Free, Stateful
from aura.core.pending import PendingItems, received
from aura.zones.fabric.som.readout import MajorityReadout

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from aura.core.signals import Inputs
    from aura.core.time import Time

__all__ = ["LABEL_MEMORY", "FrameMemory", "Frames", "LabelMemory"]

LABEL_MEMORY = 4096
"""Frames that may wait for their label where the wiring tells nothing of their number."""

ENDLESS = np.iinfo(np.int64).max
"""Frames without a gap, back to a stream's beginning: what came before its first frame is taken to equal it."""


class Frames(NamedTuple):
    """Frames that came together, one after the other."""

    rows: NDArray[np.float32]
    """Each frame, (item, feature)."""
    contexts: NDArray[np.float32]
    """Each frame with those before it, newest first, (item, context * feature)."""
    before: NDArray[np.float32]
    """The frame before each context, (item, feature)."""


class FrameMemory(Stateful):
    """Joins each frame with those before it, and knows which of them may be learned from.

    Parameters
    ----------
    context : int
        Frames of a context.

    Notes
    -----
    Frames that come while learning is off are held out: they must not be learned later either, as part of a context.
    `attend` is called for the frames that are learned from, and counts how far back there is no gap.

    Examples
    --------
    >>> memory = FrameMemory(2)
    >>> frames = memory.take(np.float32([[1.0], [2.0], [3.0]]))
    >>> frames.contexts.tolist(), frames.before.ravel().tolist()
    ([[1.0, 1.0], [2.0, 1.0], [3.0, 2.0]], [1.0, 1.0, 1.0])
    """

    lasting = (Free("_recent"), "_count", "_taken", "_begin", "_end")

    def __init__(self, context: int) -> None:
        self._context = context
        self._recent: NDArray[np.float32] = np.zeros((0, 0), np.float32)
        self._count = self._taken = 0
        self._begin = self._end = 0

    def take(self, rows: NDArray[np.float32]) -> Frames:
        """Take in frames (item, feature), one or more."""
        if not self._count:
            self._recent = np.repeat(rows[:1], self._context, axis=0)
        count, span = len(rows), self._context
        line = np.concatenate([self._recent, rows])
        contexts = np.concatenate([line[span - back:span - back + count] for back in range(span)], axis=1)
        self._recent = line[-span:].copy()
        self._count, self._taken = self._count + count, count
        return Frames(rows, contexts, line[:count])

    def attend(self) -> NDArray[np.int64]:
        """Note that the frames last taken are learned from.

        Returns
        -------
        ndarray, shape (item,)
            For each of them how many frames up to it, itself included, came one after the other to be learned from.
        """
        first = self._count - self._taken
        if self._end < first:
            self._begin = first
        self._end = self._count
        if self._begin == 0:
            return np.full(self._taken, ENDLESS)
        return np.arange(first, self._count) - self._begin + 1


class LabelMemory(Stateful):
    """Joins labels with the winners of the frames that they belong to, and reads labels from the map.

    Parameters
    ----------
    memory : int
        Frames that may wait for their label.
    units : int
        Of the map.
    name : str
        The zone's, for errors.
    sources : frozenset of int, optional
        From which sources the frames come that may have labels, if that is known.
    """

    lasting = ("_pending", "_readout")

    def __init__(self, memory: int, units: int, name: str, sources: frozenset[int] | None = None) -> None:
        self._pending = PendingItems(memory, sources=[sources])
        self._readout = MajorityReadout(units)
        self._name = name

    @property
    def unmatched(self) -> int:
        """Labels that found no frame."""
        return self._pending.unmatched

    def store(self, ids: NDArray[np.int64] | None, winners: NDArray[Any]) -> None:
        """Keep the winners of frames until their labels come."""
        if ids is not None:
            self._pending.store(ids, winners)

    def read(self, winners: NDArray[Any], codebook: NDArray[np.float32]) -> tuple[tuple[str, ...], ...]:
        """Return the label of each winner, () while none is known."""
        return tuple((label,) if label is not None else () for label in self._readout.read(winners, codebook))

    def learn(self, now: Time, inputs: Inputs, *, count: bool) -> dict[str, float]:
        """Take in the labels that have come; return how many found their frame."""
        batch = received(inputs, "teacher", self._name, now)
        if batch is None:
            return {}
        ids, labels = batch
        found, winners = self._pending.take(ids)
        if count:
            for index, winner in zip(found.tolist(), winners, strict=True):
                for label in labels[index]:
                    self._readout.learn(int(winner), label)
        return {"labelled": float(len(found)), "unmatched": float(len(ids) - len(found))}
