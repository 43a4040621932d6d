"""What the components of a mixture were over one phase, and whether one of them takes nearly all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["ONE_SIDED_MIN", "ComponentTotals", "added", "one_sided"]

ONE_SIDED_MIN = 0.9
"""The share from which on one component is said to take over."""


def one_sided(values: np.ndarray) -> tuple[int, float] | None:
    """Return the component that has more than 90 % of the whole, and its share, or None if there is none such.

    Parameters
    ----------
    values : numpy.ndarray
        float64 (component,), not negative: how much each has. Of a single component nothing is said.

    Examples
    --------
    >>> one_sided(np.array([1.0, 19.0])), one_sided(np.array([1.0, 2.0])), one_sided(np.array([3.0]))
    ((1, 0.95), None, None)
    """
    whole = float(values.sum())
    if len(values) < 2 or whole <= 0.0:
        return None
    most = int(values.argmax())
    share = float(values[most]) / whole
    return (most, share) if share > ONE_SIDED_MIN else None


def added(sums: np.ndarray, block: np.ndarray) -> np.ndarray:
    """Return sums with the rows of a block added one after the other, to the last bit.

    Examples
    --------
    >>> added(np.array([1.0, 0.0]), np.array([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [5.0, 6.0]
    """
    # A sum may add in any order, a running sum may not: so a run that was saved in mid-block has the same bits.
    last: np.ndarray = np.concatenate([sums[None], block]).cumsum(axis=0)[-1]
    return last


class ComponentTotals:
    """Count, sum, least, largest and last of each component over a phase.

    Attributes
    ----------
    signals : int
        How many signals were taken.
    since_growth : numpy.ndarray
        float64 (component,): the sums since there last was one component more, or since the phase began.
    """

    def __init__(self) -> None:
        self.signals = 0
        self._counts = np.zeros(0, dtype=np.int64)
        self._table = np.zeros((4, 0))
        self.since_growth = np.zeros(0)

    def add(self, block: np.ndarray) -> None:
        """Take signals of one length, float64 (signal, component); it does not matter how many come at once."""
        signals, length = block.shape
        more = length - self._table.shape[1]
        if more > 0:
            self._counts = np.pad(self._counts, (0, more))
            fill = np.array([0.0, np.inf, -np.inf, 0.0])[:, None]
            self._table = np.concatenate([self._table, np.repeat(fill, more, axis=1)], axis=1)
            self.since_growth = np.zeros(length)
        part = slice(length)
        self.signals += signals
        self._counts[part] += signals
        sums, least, largest, last = self._table
        sums[part] = added(sums[part], block)
        np.minimum(least[part], block.min(axis=0), out=least[part])
        np.maximum(largest[part], block.max(axis=0), out=largest[part])
        last[part] = block[-1]
        self.since_growth[part] = added(self.since_growth[part], block)

    def rows(self, names: Sequence[str]) -> list[dict[str, Any]]:
        """Return one row a component, with its name."""
        sums, least, largest, last = self._table.tolist()
        return [{"name": names[k], "count": count, "mean": sums[k] / count, "least": least[k], "largest": largest[k],
                 "last": last[k]} for k, count in enumerate(self._counts.tolist())]

    def state(self) -> dict[str, Any]:
        """Return all of it."""
        return {"signals": self.signals, "counts": self._counts.copy(), "table": self._table.copy(),
                "since_growth": self.since_growth.copy()}

    @classmethod
    def of(cls, state: dict[str, Any]) -> ComponentTotals:
        """Return the totals that `state` told of."""
        totals = cls()
        totals.signals, totals.since_growth = state["signals"], state["since_growth"]
        totals._counts, totals._table = state["counts"], state["table"]
        return totals
