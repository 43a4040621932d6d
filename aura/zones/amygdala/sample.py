"""A bounded sample of the rows that were learned, the same whatever order they came in."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aura.zones.common.arrays import Array

__all__ = ["RowSample"]

SLACK = 0.25
"""Share of the size by which the sample overflows before it is trimmed, so that trimming is rare."""

FIRST_ROOM = 64
"""Rows there is room for at first; it doubles as they come."""

_COLUMNS = ("_rows", "_targets", "_marks", "_keys", "_weights", "_counts")


class RowSample:
    r"""Keeps the `size` rows with the smallest keys, with their labels and how often they came.

    Parameters
    ----------
    size : int
        Rows kept.
    features : int
        Length of a row, without the bias.
    classes : int
        Columns of a target.
    forgetting : float
        That of the learner: factor by which the past counts less with each row.

    Notes
    -----
    The key of a row is a random number that follows from its content alone, a digest of row and labels, so which rows
    are kept depends neither on their order nor on a random stream, and a row that comes again is known again: it is
    kept once, and counted. With forgetting :math:`\lambda` a row is kept with a chance in proportion to
    :math:`\lambda^{age}`: with an exponential variate e from the digest, the key is
    :math:`\log e + t \log \lambda` at the t-th row. Where the learner pauses its forgetting, the sample does not.

    References
    ----------
    E. Cohen, H. Kaplan, Summarizing data using bottom-k sketches, PODC 2007, doi:10.1145/1281100.1281133.
    P. S. Efraimidis, P. G. Spirakis, Weighted random sampling with a reservoir, Information Processing Letters 97,
    2006, doi:10.1016/j.ipl.2005.11.003.

    Examples
    --------
    >>> sample = RowSample(size=2, features=1, classes=1)
    >>> rows = np.array([[0.5], [0.25], [0.5]], dtype=np.float32)
    >>> sample.add(rows, np.ones((3, 1)), [("a",), ("a",), ("a",)], 1.0)
    >>> sample.rows.tolist(), sample.counts.tolist()
    ([[0.5], [0.25]], [2.0, 1.0])
    """

    def __init__(self, size: int, features: int, classes: int, forgetting: float = 1.0) -> None:
        self._size, self._most = size, size + max(1, int(SLACK * size))
        self._forgetting, self._seen, self._bound = forgetting, 0, np.inf
        self._rows: NDArray[np.float32] = np.zeros((0, features), np.float32)
        self._targets: NDArray[np.bool_] = np.zeros((0, classes), np.bool_)
        self._marks: NDArray[np.uint64] = np.zeros(0, np.uint64)
        self._keys: Array = np.zeros(0)
        self._weights: Array = np.zeros(0)
        self._counts: Array = np.zeros(0)
        self._places: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._places)

    @property
    def rows(self) -> NDArray[np.float32]:
        """The rows, (n, features)."""
        return self._rows[:len(self)]

    @property
    def targets(self) -> Array:
        """Which classes each had, zero or one, (n, classes)."""
        return self._targets[:len(self)].astype(np.float64)

    @property
    def weights(self) -> Array:
        """What each weighs in the learner, (n,)."""
        return self._weights[:len(self)]

    @property
    def counts(self) -> Array:
        """How often each came, (n,)."""
        return self._counts[:len(self)]

    @property
    def halves(self) -> NDArray[np.bool_]:
        """Which rows are of the first of two halves that content alone decides, (n,)."""
        return (self._marks[:len(self)] & np.uint64(1)).astype(np.bool_)

    def add(self, rows: NDArray[np.float32], targets: Array, labels: Sequence[tuple[str, ...]], weight: float) -> None:
        """Take in a block that the learner has learned, each row with this weight."""
        count = len(rows)
        fade = self._forgetting ** np.arange(count - 1, -1, -1)
        self._weights[:len(self)] *= self._forgetting ** count
        marks = np.array([_mark(row, names) for row, names in zip(rows, labels, strict=True)], dtype=np.uint64)
        ages = np.arange(self._seen + 1, self._seen + count + 1) * np.log(self._forgetting)
        chances = ((marks >> np.uint64(12)).astype(np.float64) + 0.5) / 2.0**52  # within (0, 1), never at an end
        keys = np.log(-np.log(chances)) + ages
        self._seen += count
        for index in np.flatnonzero(keys <= self._bound).tolist():
            mark = int(marks[index])
            place = self._places.get(mark)
            if place is None:
                place = self._room_for(mark)
                self._rows[place], self._targets[place] = rows[index], targets[index] > 0.5
                self._marks[place], self._weights[place], self._counts[place] = mark, 0.0, 0.0
            self._keys[place] = keys[index]
            self._weights[place] += weight * fade[index]
            self._counts[place] += 1.0

    def add_classes(self, count: int) -> None:
        """Append classes that no row has had so far."""
        self._targets = np.pad(self._targets, ((0, 0), (0, count)))

    def trim(self) -> None:
        """Let all go but the `size` rows with the smallest keys."""
        if len(self) > self._size:
            kept = np.sort(np.argpartition(self._keys[:len(self)], self._size - 1)[:self._size])
            self._bound = float(self._keys[kept].max()) if self._forgetting == 1 else np.inf
            self._take(kept)

    def _room_for(self, mark: int) -> int:
        if len(self) == self._most:
            self.trim()
        place = self._places[mark] = len(self)
        if place == len(self._rows):
            self._make_room(min(self._most, max(FIRST_ROOM, 2 * place)))
        return place

    def _make_room(self, rows: int) -> None:
        for name in _COLUMNS:
            old = getattr(self, name)
            new = np.zeros((rows, *old.shape[1:]), old.dtype)
            new[:len(old)] = old
            setattr(self, name, new)

    def _take(self, kept: NDArray[np.intp]) -> None:
        for name in _COLUMNS:
            column = getattr(self, name)
            column[:len(kept)] = column[kept]
        self._places = {mark: place for place, mark in enumerate(self._marks[:len(kept)].tolist())}

    def state(self) -> dict[str, Any]:
        """Return what is kept."""
        kept = {name[1:]: getattr(self, name)[:len(self)].copy() for name in _COLUMNS}
        return {**kept, "seen": self._seen, "bound": self._bound}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned; a smaller sample keeps what it has room for."""
        for name in _COLUMNS:
            setattr(self, name, state[name[1:]].copy())
        self._places = {mark: place for place, mark in enumerate(self._marks.tolist())}
        self._seen, self._bound = int(state["seen"]), float(state["bound"])
        if len(self) > self._most:
            self.trim()


def _mark(row: NDArray[np.float32], labels: tuple[str, ...]) -> int:
    """Return 64 bits that follow from a row and its labels alone."""
    digest = blake2b(np.ascontiguousarray(row).tobytes(), digest_size=8)
    for label in sorted(set(labels)):
        digest.update(b"\0" + label.encode("utf-8", "surrogatepass"))
    return int.from_bytes(digest.digest(), "little")
