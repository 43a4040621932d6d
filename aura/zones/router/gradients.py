"""The gradient broadcast: what the users of a relay say of its items, added up and carried back by the chain rule."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aura.core.lasting import Stateful
from aura.core.pending import PendingItems

__all__ = ["GainMemory", "scaled"]

Ids = NDArray[np.int64]
Rows = NDArray[np.float32]


class GainMemory(Stateful):
    """The gain by which each item was relayed, kept where it is not the relay's own.

    Parameters
    ----------
    own : float
        The relay's own gain, by which every item that is not kept was relayed.
    capacity : int
        Items that are kept at most; the oldest go first.
    """

    lasting = ("_gains",)

    def __init__(self, own: float, capacity: int) -> None:
        self._own, self._gains = own, PendingItems(capacity)

    def note(self, ids: Ids | None, gain: float) -> None:
        """Keep the gain by which these items were relayed."""
        if ids is None:
            return
        if gain != self._own:
            self._gains.store(ids, [gain] * len(ids))
        elif len(self._gains):
            self._gains.take(ids)

    def back(self, ids: Ids, rows: Rows) -> Rows:
        """Return gradients (n, ...) with respect to the items, from those with respect to what was relayed of them."""
        if not len(self._gains):
            return rows if self._own == 1.0 else scaled(rows, np.float32(self._own))
        gains = np.array([self._gains.get(identity, self._own) for identity in ids.tolist()], np.float32)
        return scaled(rows, gains.reshape(-1, *[1] * (rows.ndim - 1)))


def scaled(rows: Rows, gain: Any) -> Rows:
    """Return rows times a gain; what overflows is refused by name when it is published."""
    with np.errstate(over="ignore"):
        return np.asarray(rows * gain, dtype=np.float32)
