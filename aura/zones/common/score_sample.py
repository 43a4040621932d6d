"""A bounded sample of the latest scores, each as it was before its row was learned."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aura.core.lasting import Free, Stateful
from aura.zones.common.arrays import Array

__all__ = ["ScoreSample"]

SLACK = 0.25
"""Share of the size by which the sample overflows before the oldest are let go, so that this is rare."""

FIRST_ROOM = 64
"""Rows there is room for at first; it doubles as they come."""


class ScoreSample(Stateful):
    """Keeps the scores of the `size` latest items, with their labels.

    Parameters
    ----------
    size : int
        Items kept.
    classes : int
        Columns of scores and targets.
    least : float
        The score of earlier items for a class that is met later: they did not have it.

    Examples
    --------
    >>> sample = ScoreSample(size=2, classes=1, least=-16.0)
    >>> for score in (1.0, 2.0, 3.0):
    ...     sample.add(np.array([[score]]), np.ones((1, 1)))
    >>> sample.trim()
    >>> sample.scores.tolist()
    [[2.0], [3.0]]
    """

    lasting = (Free("_scores", 0, 1), Free("_targets", 0, 1), "_count", "_gone")

    def __init__(self, size: int, classes: int, least: float) -> None:
        self._size, self._most, self._least = size, size + max(1, int(SLACK * size)), least
        self._scores: NDArray[np.float32] = np.zeros((0, classes), np.float32)
        self._targets: NDArray[np.bool_] = np.zeros((0, classes), np.bool_)
        self._count, self._gone = 0, 0

    def __len__(self) -> int:
        return self._count

    @property
    def scores(self) -> Array:
        """The scores, the oldest first, (n, classes)."""
        return self._scores[:self._count].astype(np.float64)

    @property
    def targets(self) -> Array:
        """Which classes each had, zero or one, (n, classes)."""
        return self._targets[:self._count].astype(np.float64)

    @property
    def counts(self) -> Array:
        """How often each counts, (n,): once."""
        return np.ones(self._count)

    @property
    def halves(self) -> NDArray[np.bool_]:
        """Which are of the first of two halves, every other one, (n,)."""
        halves: NDArray[np.bool_] = np.arange(self._gone, self._gone + self._count) % 2 == 0
        return halves

    def add(self, scores: Array, targets: Array) -> None:
        """Take in a block of scores and targets (n, classes)."""
        scores, targets = scores[-self._size:], targets[-self._size:]
        count = len(scores)
        if self._count + count > self._most:
            self.trim()
        if self._count + count > len(self._scores):
            self._make_room(max(FIRST_ROOM, min(self._size + self._most, 2 * (self._count + count))))
        part = slice(self._count, self._count + count)
        self._scores[part], self._targets[part] = scores, targets > 0.5
        self._count += count

    def add_classes(self, count: int) -> None:
        """Append classes that no item has had so far."""
        around = ((0, 0), (0, count))
        self._scores = np.pad(self._scores, around, constant_values=self._least)
        self._targets = np.pad(self._targets, around)

    def trim(self) -> None:
        """Let all go but the `size` latest."""
        gone = self._count - self._size
        if gone > 0:
            for rows in (self._scores, self._targets):
                rows[:self._size] = rows[gone:self._count].copy()
            self._count, self._gone = self._size, self._gone + gone

    def before_load(self, state: dict[str, object]) -> None:
        self._count = 0

    def after_load(self) -> None:
        self.trim()

    def _make_room(self, rows: int) -> None:
        for name in ("_scores", "_targets"):
            old = getattr(self, name)
            new = np.zeros((rows, old.shape[1]), old.dtype)
            new[:self._count] = old[:self._count]
            setattr(self, name, new)
