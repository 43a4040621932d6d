"""The board: running statistics of every expert, exact in item order.

A running mean at rate ``a`` of what has come with weights ``w``:

    m <- m + w                    mass so far
    x <- x + min(1, max(a w, c w / m)) (value - x)

With c = 1 it is the plain weighted mean until the memory ``1 / a`` is full; with c = 4 early values, those of an expert
that still learns fast, are forgotten sooner (polynomial-decay averaging, Shamir and Zhang 2013, arXiv:1212.1824).
"""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aura.core.errors import SignalError
from aura.core.lasting import Free, Stateful
from aura.zones.common.arrays import Array
from aura.zones.experts.growth.running import toward

__all__ = ["FIELDS", "SLOW", "Board"]

FIELDS = ("utilisation", "recent", "fast_loss", "slow_loss", "expected", "accuracy", "routed", "mass", "first",
          "learned", "age")
"""Rows of the table; ``recent`` is the utilisation over the fast memory, ``mass`` the gate's mass so far and ``first``
the items of which the expert had most of it."""

SLOW = 20.0
"""Times by which the slow memory is longer than the fast one (tuned here: over 200 items the slow loss then takes up
5 % of a jump while the fast one takes up 63 %, and chance alone gave no surprise in 2,000,000 items)."""

FORGET = 4.0
"""c of the slow means (of a loss that falls as 1 / t they stand at c / (c - 1) = 4/3)."""

_UTILISATION, _RECENT, _FAST, _SLOW, _EXPECTED, _ACCURACY, _ROUTED, _MASS, _FIRST, _LEARNED, _AGE = range(len(FIELDS))

Chosen = NDArray[np.int64]
Rows = NDArray[np.float32]


@njit(cache=True, nogil=True)
def _route(chosen: Any, weights: Any, memory: float, fast: float, seen: Any, table: Any) -> int:
    """Count who was asked, item by item; `seen` and `table` are changed, unless an item (returned) has a flaw."""
    for i in range(len(chosen)):
        for j in range(chosen.shape[1]):
            if chosen[i, j] >= table.shape[1] or (chosen[i, j] >= 0 and not 0.0 <= weights[i, j] < np.inf):
                return i
    for i in range(len(chosen)):
        seen[0] += 1
        rate, rate_recent = max(1.0 / memory, 1.0 / seen[0]), max(1.0 / fast, 1.0 / seen[0])
        for e in range(table.shape[1]):
            table[_UTILISATION, e] = toward(table[_UTILISATION, e], 0.0, rate)
            table[_RECENT, e] = toward(table[_RECENT, e], 0.0, rate_recent)
            table[_AGE, e] += 1.0
        for j in range(chosen.shape[1]):
            e = chosen[i, j]
            if e >= 0:
                table[_UTILISATION, e] += rate * weights[i, j]
                table[_RECENT, e] += rate_recent * weights[i, j]
                table[_ROUTED, e] += 1.0
    return -1


@njit(cache=True, nogil=True)
def _score(chosen: Any, weights: Any, losses: Any, mixture: Any, correct: Any, memory: float, fast: float,
           expected: Any, table: Any) -> int:
    """Count how well it went, in order; `expected` and `table` are changed, unless an item (returned) has a flaw."""
    for i in range(len(chosen)):
        if not np.isfinite(mixture[i]):
            return i
        for j in range(chosen.shape[1]):
            if chosen[i, j] >= table.shape[1]:
                return i
            if chosen[i, j] >= 0 and not (np.isfinite(losses[i, j]) and 0.0 <= weights[i, j] < np.inf):
                return i
    slow = fast * SLOW
    for i in range(len(chosen)):
        total, known, best, most = 0.0, 0.0, -1, 0.0
        for j in range(chosen.shape[1]):
            e, w = chosen[i, j], np.float64(weights[i, j])
            if e >= 0 and (best < 0 or w > most):
                best, most = e, w
            if e >= 0 and w > 0.0 and table[_MASS, e] > 0.0:
                total += w
                known += w * table[_EXPECTED, e]
        expected[i] = known / total if total > 0.0 else np.float64(mixture[i])
        for j in range(chosen.shape[1]):
            e, w = chosen[i, j], np.float64(weights[i, j])
            if e < 0 or w <= 0.0:
                continue
            table[_MASS, e] += w
            mean = w / table[_MASS, e]
            table[_FAST, e] = toward(table[_FAST, e], losses[i, j], max(w / fast, mean))
            table[_SLOW, e] = toward(table[_SLOW, e], losses[i, j], max(w / slow, FORGET * mean))
            table[_EXPECTED, e] = toward(table[_EXPECTED, e], mixture[i], max(w / slow, FORGET * mean))
        if best >= 0:
            table[_FIRST, best] += 1.0
            rate = max(1.0 / memory, 1.0 / table[_FIRST, best])
            table[_ACCURACY, best] = toward(table[_ACCURACY, best], 1.0 if correct[i] else 0.0, rate)
    return -1


class Board(Stateful):
    """Running statistics of the experts, one column each in order of birth.

    Parameters
    ----------
    memory : float
        Items over which the utilisation (share of the gate's mass) and the accuracy are taken, 1 or more.
    fast : float
        Items over which the fast loss is taken, 1 or more; the slow one is taken over `SLOW` times as many.
    where : str
        Whose it is, for errors.

    Notes
    -----
    Losses are weighted by the gate. ``expected`` is the slow mean of the mixture's loss on the items in which an
    expert had its part: where it is routed to, that is what is to be expected.
    """

    lasting = (Free("_table", 1), "_seen")

    def __init__(self, memory: float = 1000.0, fast: float = 200.0, where: str = "growth") -> None:
        self._memory, self._fast, self._where = max(1.0, float(memory)), max(1.0, float(fast)), where
        self._table = np.zeros((len(FIELDS), 0))
        self._seen = np.zeros(1, np.int64)

    def __len__(self) -> int:
        return self._table.shape[1]

    def __getitem__(self, name: str) -> Array:
        """Return one of `FIELDS`, (experts,), as a read-only view that goes on changing; copy it to keep it."""
        row: Array = self._table[FIELDS.index(name)]
        row.flags.writeable = False
        return row

    @property
    def utilisation(self) -> Array:
        """(experts,), the running share of the gate's mass; read-only, and goes on changing."""
        return self["utilisation"]

    @property
    def accuracy(self) -> Array:
        """(experts,), of the items of which an expert had most; read-only, and goes on changing."""
        return self["accuracy"]

    @property
    def items(self) -> int:
        """Items counted so far."""
        return int(self._seen[0])

    def grow(self, count: int = 1) -> None:
        """Add experts, of whom nothing is known."""
        self._table = np.ascontiguousarray(np.pad(self._table, ((0, 0), (0, count))))

    def learned(self, expert: int, items: int) -> None:
        """Count items that an expert has learned from."""
        self._table[_LEARNED, expert] += items

    def route(self, chosen: Chosen, weights: Rows) -> None:
        """Count in order who was asked for items, with what weight of the gate; as `update`, where no loss is known."""
        flaw = _route(chosen, weights, self._memory, self._fast, self._seen, self._table)
        if flaw >= 0:
            self._refuse(flaw, chosen, weights=weights)

    def score(self, chosen: Chosen, weights: Rows, losses: Rows, mixture: Rows, correct: NDArray[np.bool_]) -> Array:
        """Count how well it went for items that were counted by `route`; arguments and return as those of `update`."""
        expected = np.empty(len(chosen))
        flaw = _score(chosen, weights, losses, mixture, correct, self._memory, self._fast, expected, self._table)
        if flaw >= 0:
            self._refuse(flaw, chosen, weights=weights, losses=losses, mixture=mixture)
        return expected

    def update(self, chosen: Chosen, weights: Rows, losses: Rows, mixture: Rows, correct: NDArray[np.bool_]) -> Array:
        """Count items in order: who was asked, and how well it went.

        Parameters
        ----------
        chosen : array of int64 (n, K)
            The experts of each item, -1 for none.
        weights, losses : arrays of float32 (n, K)
            The gate's weight and the own loss of each.
        mixture : array of float32 (n,)
            The mixture's loss.
        correct : array of bool (n,)
            Whether the expert with most weight (the first of equals) was right.

        Returns
        -------
        array of float64 (n,)
            The mixture's loss that was to be expected of each item by whom it was routed to, before it was counted.

        Raises
        ------
        SignalError
            If an item holds a loss or weight that is not finite, or an unknown expert; nothing is counted then.
        """
        expected = self.score(chosen, weights, losses, mixture, correct)
        self.route(chosen, weights)
        return expected

    def _refuse(self, item: int, chosen: Chosen, **values: Rows) -> NoReturn:
        got = ", ".join(f"{name} {array[item].tolist()}" for name, array in values.items())
        raise SignalError(f"{self._where}: item {item} of {len(chosen)}",
                          expected=f"finite losses, and weights of 0 or more for the {len(self)} experts there are",
                          got=f"experts {chosen[item].tolist()}, {got}")
