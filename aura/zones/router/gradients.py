"""The gradient broadcast: what the users of a relay say of its items, added up and carried back by the chain rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aura.core.errors import SignalError
from aura.core.lasting import Stateful
from aura.core.pending import PendingItems
from aura.core.time import Time, format_time

__all__ = ["GainMemory", "scaled", "summed"]

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


def summed(gradients: Mapping[str, Rows], ids: Mapping[str, Ids], where: str, now: Time) -> tuple[Ids, Rows]:
    """Return the items that sources name, in the order in which they do first, and each one's gradients added up.

    Sources are taken in the order of their topics, so that the sum does not depend on who published first.

    Raises
    ------
    SignalError
        If a source gives no ids, or the shapes of the items differ.
    """
    topics = sorted(gradients)
    for topic in topics:
        if topic not in ids:
            raise SignalError(f"{where} at {format_time(now)}", got=f"those of {topic} without",
                              expected="gradients with the ids of their items",
                              hint="Return aura.Items(gradient, ids).")
        if gradients[topic].shape[1:] != gradients[topics[0]].shape[1:]:
            raise SignalError(f"{where} at {format_time(now)}",
                              expected=f"gradients of shape {gradients[topics[0]].shape[1:]}, as of {topics[0]}",
                              got=f"{gradients[topic].shape[1:]} of {topic}")
    first = topics[0]
    if len(topics) == 1 and (len(ids[first]) < 2 or len(np.unique(ids[first])) == len(ids[first])):
        return ids[first], gradients[first]
    names = np.concatenate([ids[topic] for topic in topics])
    rows = np.concatenate([gradients[topic] for topic in topics])
    known, begin, place = np.unique(names, return_index=True, return_inverse=True)
    order = np.argsort(begin)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    total = np.zeros((len(known), *rows.shape[1:]), np.float32)
    np.add.at(total, rank[place], rows)
    return known[order], total
