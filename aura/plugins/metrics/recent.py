"""What was said in the last stretch of each phase, and what a picture needs of more than it can show."""

from __future__ import annotations

import math
from collections import deque
from typing import Any, ClassVar, NamedTuple

import numpy as np

from aura.core.lasting import Lasting, Made, Stateful
from aura.core.time import Time
from aura.plugins.metrics.metric import View

__all__ = ["LastStretch", "Recent", "block_sides", "envelope", "evenly", "pooled"]


class _Block(NamedTuple):
    """The samples of one signal, (row, sample): the instant of the last one, and the time that they cover."""

    end: Time
    covers: Time
    samples: np.ndarray


class Recent(Stateful):
    """Samples of the last stretch of time, the oldest leave; they are kept as they came, without a copy.

    Parameters
    ----------
    span : int
        Nanoseconds that it reaches back from the newest samples.
    most : int
        Samples at most; beyond them it reaches less far back.
    """

    lasting = ("since", "count", Made("blocks", _Block))

    def __init__(self, span: Time, most: int) -> None:
        self.span, self.most, self.since = span, most, 0
        self.blocks: deque[_Block] = deque()
        self.count = 0

    def add(self, now: Time, samples: np.ndarray, covers: Time = 0) -> None:
        """Take the samples of one signal, (row, sample)."""
        blocks = self.blocks
        blocks.append(_Block(now, covers, samples))
        self.count += samples.shape[1]
        start = now - self.span
        while len(blocks) > 1 and (blocks[0].end <= start or self.count > self.most):
            gone = blocks.popleft()
            self.count -= gone.samples.shape[1]
            self.since = gone.end

    def clear(self, now: Time) -> None:
        """Forget all, and reach back to `now` at most."""
        self.blocks.clear()
        self.count, self.since = 0, now

    def samples(self) -> np.ndarray:
        """Return all samples, (row, sample); there must be a block."""
        return np.concatenate([block.samples for block in self.blocks], axis=1)


class LastStretch(View):
    """A view of the last stretch of each phase."""

    lasting: ClassVar[tuple[str | Lasting, ...]] = ("_recent", "_done")

    def __init__(self, name: str, options: Any, recent: Recent) -> None:
        super().__init__(name, options)
        self._recent = recent
        self._done: dict[str, tuple[Any, ...]] = {}
        """Phases that are over: whether they learned, and what they left."""

    def seen(self, now: Time) -> tuple[Any, ...] | None:
        """Return what the present phase has left at this instant; None if nothing was said in it."""
        raise NotImplementedError

    def end_phase(self, now: Time) -> None:
        left = self.seen(now)
        if left is not None:
            self._done[self.phase] = (self.learning, *left)
        self._recent.clear(now)

    def phases(self, now: Time) -> dict[str, dict[str, Any]]:
        """Return the results of all phases, the present one as it is at this instant."""
        left = self.seen(now)
        done = self._done if left is None else {**self._done, self.phase: (self.learning, *left)}
        return {phase: {"learning": learning, "how": self.while_learning if learning else "held-out",
                        **self.tell(phase, found)} for phase, (learning, *found) in done.items()}


def evenly(count: int, most: int) -> np.ndarray:
    """Return at most `most` indices below `count`, evenly spaced, the first and the last among them.

    Examples
    --------
    >>> evenly(10, 4).tolist(), evenly(3, 4).tolist()
    ([0, 3, 6, 9], [0, 1, 2])
    """
    return np.arange(count) if count <= most else np.linspace(0, count - 1, most).round().astype(np.int64)


def envelope(values: np.ndarray, most: int) -> np.ndarray:
    """Return the indices of at most `most` samples of each trace that have its outline, ascending.

    Stretches of equal length keep their least and their largest sample, so that no peak is lost, however short.

    Parameters
    ----------
    values : numpy.ndarray
        (trace, sample), without NaN.
    most : int
        Indices for each trace, at least 2.

    Returns
    -------
    numpy.ndarray
        int64 (trace, index); all samples where there are no more than `most`.

    Examples
    --------
    >>> envelope(np.array([[0, 0, 9, 0, 0, 0, -5, 1]]), most=4).tolist()
    [[0, 2, 6, 7]]
    """
    traces, samples = values.shape
    if samples <= most:
        return np.tile(np.arange(samples), (traces, 1))
    width = -(-samples // (most // 2))
    stretches = -(-samples // width)
    padded = np.pad(values, ((0, 0), (0, stretches * width - samples)), mode="edge").reshape(traces, stretches, width)
    first = np.arange(stretches) * width
    ends = np.stack((padded.argmin(axis=2) + first, padded.argmax(axis=2) + first), axis=2)
    return np.sort(np.minimum(ends, samples - 1), axis=2).reshape(traces, -1)


def block_sides(shape: tuple[int, ...], most: int) -> tuple[int, ...]:
    """Return the sides of blocks of which at most `most` fill a grid; the axes with the most are halved first.

    Examples
    --------
    >>> block_sides((17, 17, 128), 3000), block_sides((5, 5, 16), 3000)
    ((2, 2, 8), (1, 1, 1))
    """
    sides = [1] * len(shape)
    while math.prod(blocks := [-(-length // side) for length, side in zip(shape, sides, strict=True)]) > most:
        sides = [side * 2 if count == max(blocks) else side for side, count in zip(sides, blocks, strict=True)]
    return tuple(sides)


def pooled(values: np.ndarray, sides: tuple[int, ...]) -> np.ndarray:
    """Return the means of blocks of these sides; blocks at the far ends may be smaller.

    Examples
    --------
    >>> pooled(np.array([[1.0, 3.0, 5.0]]), (1, 2)).tolist()
    [[2.0, 5.0]]
    """
    for axis, side in enumerate(sides):
        starts = np.arange(0, values.shape[axis], side)
        sizes = np.diff(np.append(starts, values.shape[axis]))
        lengths = sizes.reshape([-1 if other == axis else 1 for other in range(values.ndim)])
        values = np.add.reduceat(values, starts, axis=axis) / lengths
    return values
