"""Columns brought to one scale: by mean and spread of the first rows, which are learned anew whenever these move."""

from __future__ import annotations

import numpy as np

from aura.core.lasting import Free, Stateful
from aura.zones.common.arrays import Array
from aura.zones.experts.kinds.expert import Rows

__all__ = ["Columns"]

GROWTH = 1.5
"""By which the first rows have grown when they are learned anew: three times the work of learning them once, in all."""

WIDEST = 3.0
"""Standard deviations beyond which a value counts as so many: a column that was nearly constant at first cannot drown
the others later (tuned here on flattened MNIST: 3 and 5 give 0.895 and 0.891, 2 0.901)."""


class Columns(Stateful):
    r"""Standardises the columns of rows, and keeps the first rows until mean and spread are settled.

    Parameters
    ----------
    width : int
        Columns.
    settle : int
        Rows after which mean and spread stay as they are.

    Notes
    -----
    A row x becomes :math:`z = \mathrm{clip}((x - \mu) / \sigma, -3, 3)`. A column that has been constant so far has the
    root mean square of the other columns' spreads for its own.

    Features of z are no linear function of those under another mean and spread, so what was learned cannot be carried
    over; but the first rows can be learned anew. They are kept with their targets and weights. Whenever their number
    has grown by half, mean and spread are taken from all of them, and the caller learns them from the beginning; so
    what it knows is at every instant what all rows teach under one mean and one spread. After `settle` rows they are
    let go.

    Examples
    --------
    >>> columns = Columns(2, settle=4)
    >>> columns.keep(np.float32([[1, 1000], [3, 3000]]), np.zeros((2, 1)), np.ones(2))
    True
    >>> columns.scaled(np.float32([[3, 1000]])).tolist()
    [[1.0, -1.0]]
    """

    lasting = ("_seen", "_next", "_mean", "_factor", Free("rows", 0), Free("targets"), Free("weights", 0))

    def __init__(self, width: int, settle: int) -> None:
        self._settle, self._seen, self._next = settle, 0, 1
        self._mean: Array = np.zeros(width)
        self._factor: Array = np.ones(width)
        self.rows: Rows = np.zeros((0, width), np.float32)
        """The first rows, until they are let go; with what they taught, and how much each counted."""
        self.targets: Array = np.zeros((0, 0))
        self.weights: Array = np.zeros(0)

    @property
    def settled(self) -> bool:
        """Whether mean and spread stay as they are."""
        return self._seen >= self._settle

    def scaled(self, rows: Rows) -> Rows:
        """Return rows (n, width) with their columns standardised."""
        return np.clip((rows - self._mean) * self._factor, -WIDEST, WIDEST).astype(np.float32)

    def pull_back(self, rows: Rows, slopes: Rows) -> Rows:
        """Return the gradient by the rows, given that by the standardised ones."""
        within = np.abs((rows - self._mean) * self._factor) < WIDEST
        return (slopes * self._factor * within).astype(np.float32)

    def keep(self, rows: Rows, targets: Array, weights: Array) -> bool:
        """Keep rows that are about to be learned; return whether all that are kept are to be learned anew instead.

        If they are, mean and spread are those of all of them, and `forget` is called when they have been learned.
        """
        grown = np.zeros((len(self.targets), targets.shape[1]))
        grown[:, :self.targets.shape[1]] = self.targets
        self.rows = np.concatenate([self.rows, rows])
        self.targets = np.concatenate([grown, targets])
        self.weights = np.concatenate([self.weights, weights])
        self._seen += len(rows)
        if self._seen < min(self._next, self._settle):
            return False
        self._next = int(GROWTH * self._seen) + 1
        kept = self.rows.astype(np.float64)
        self._mean, spread = kept.mean(axis=0), kept.std(axis=0)
        common = float(np.sqrt((spread ** 2).mean())) or 1.0
        self._factor = 1.0 / np.where(spread > 0, spread, common)
        return True

    def forget(self) -> None:
        """Let the first rows go once mean and spread are settled."""
        if self.settled:
            self.rows, self.targets = self.rows[:0].copy(), self.targets[:0].copy()
            self.weights = self.weights[:0].copy()

    @property
    def nbytes(self) -> int:
        """Memory, in bytes."""
        return sum(part.nbytes for part in (self._mean, self._factor, self.rows, self.targets, self.weights))
