"""Counts of events over the whole of a run, in bins that merge in pairs whenever there are too many."""

from __future__ import annotations

from typing import Any

import numpy as np

from aura.core.time import Time

__all__ = ["BINS_MAX", "RateBins"]

BINS_MAX = 1024
"""Bins at most: after the first merge there are always more than half as many, enough for a page's width."""


class RateBins:
    """Events counted by the bin in which they fall, from time 0 on.

    Parameters
    ----------
    width : int
        Nanoseconds of a bin, at first.

    Examples
    --------
    >>> bins = RateBins(width=10)
    >>> bins.add(np.array([0, 9, 10, 35]))
    >>> bins.counts.tolist()
    [2, 1, 0, 1]
    >>> bins.add(np.array([10 * BINS_MAX]))
    >>> bins.width, bins.counts[:2].tolist(), len(bins.counts)
    (20, [3, 1], 513)
    """

    def __init__(self, width: Time) -> None:
        self.width = width
        self._counts = np.zeros(BINS_MAX, dtype=np.int64)
        self._used = 0

    @property
    def counts(self) -> np.ndarray:
        """The events of each bin up to the last that has any, int64 (bin,)."""
        return self._counts[:self._used]

    def add(self, times: np.ndarray) -> None:
        """Count events at these instants in nanoseconds, int64; what lies before 0 counts for the first bin."""
        if not len(times):
            return
        bins = np.maximum(times // self.width, 0)
        last = int(bins.max())
        while last >= BINS_MAX:
            self.width *= 2
            self._counts[:BINS_MAX // 2] = self._counts.reshape(-1, 2).sum(axis=1)
            self._counts[BINS_MAX // 2:] = 0
            bins //= 2
            last //= 2
            self._used = -(-self._used // 2)
        np.add.at(self._counts, bins, 1)
        self._used = max(self._used, last + 1)

    def state(self) -> dict[str, Any]:
        """Return width and counts."""
        return {"width": self.width, "counts": self.counts.copy()}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned."""
        self.width, self._used = state["width"], len(state["counts"])
        self._counts = np.zeros(BINS_MAX, dtype=np.int64)
        self._counts[:self._used] = state["counts"]
