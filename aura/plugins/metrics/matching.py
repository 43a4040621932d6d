"""Item ids bring together what several topics say about one item, in a table of bounded size."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from aura.core.pending import PendingItems

__all__ = ["PENDING", "Matcher", "ids_of"]

PENDING = 10_000
"""Items that may wait where the wiring tells nothing of their number."""


class Matcher:
    """A table from item id to one value per side; an item is complete when every side has spoken.

    A side that speaks twice before the item is complete replaces its first word. When the table is full the oldest
    item goes, and each of its sides is counted as unmatched.

    Parameters
    ----------
    sides : tuple of str
        Their names.
    capacity : int
        How many items may wait; `PENDING` if it is None.

    Examples
    --------
    >>> matcher = Matcher(("truth", "prediction"), capacity=10)
    >>> matcher.put(0, [7, 8], ["joy", "fear"])
    []
    >>> matcher.put(1, [8], ["anger"])
    [['fear', 'anger']]
    """

    def __init__(self, sides: tuple[str, ...], capacity: int | None) -> None:
        self.sides = sides
        self._keys = [str(side) for side in range(len(sides))]
        self.unmatched = dict.fromkeys(sides, 0)
        self.on_drop: Callable[[], None] | None = None
        """Called whenever an item goes because the table is full."""
        self._pending = PendingItems(PENDING if capacity is None else capacity, on_displaced=self._dropped)

    def __len__(self) -> int:
        return len(self._pending)

    @property
    def capacity(self) -> int:
        """How many items may wait."""
        return self._pending.capacity

    @capacity.setter
    def capacity(self, capacity: int) -> None:
        self._pending.capacity = capacity

    def put(self, side: int, ids: Iterable[int], values: Iterable[Any]) -> list[list[Any]]:
        """Lay down one side of some items and return the values of those now complete, in their order."""
        pending, key = self._pending, self._keys[side]
        complete: list[list[Any]] = []
        new: dict[int, dict[str, Any]] = {}
        for item, value in zip(ids, values, strict=True):
            said = pending.get(item)
            if said is None:
                said = new.setdefault(item, {})
            said[key] = value
            if len(said) == len(self._keys):
                complete.append([said[one] for one in self._keys])
                pending.pop(item)
        if new:
            pending.store(new, list(new.values()))
        return complete

    def alone(self) -> dict[str, int]:
        """Return of each side how many items have been without another: those that went, and those that still wait."""
        counts = dict(self.unmatched)
        for said in self._pending.values():
            for key in said:
                counts[self.sides[int(key)]] += 1
        return counts

    def _dropped(self, said: dict[str, Any]) -> None:
        for key in said:
            self.unmatched[self.sides[int(key)]] += 1
        if self.on_drop is not None:
            self.on_drop()

    def state(self) -> dict[str, Any]:
        """Return the waiting items, oldest first, and the counts."""
        state = self._pending.state()
        return {"pending": {**state, "blocks": _copied(state["blocks"])}, "unmatched": dict(self.unmatched)}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned."""
        pending = state["pending"]
        self._pending.load_state({**pending, "blocks": _copied(pending["blocks"])})
        self.unmatched = dict(state["unmatched"])


def _copied(blocks: Sequence[list[dict[str, Any]]]) -> list[list[dict[str, Any]]]:
    """Return blocks of items whose sides can be laid down and change nobody else's."""
    return [[dict(said) for said in block] for block in blocks]


def ids_of(ids: Sequence[int] | np.ndarray | None) -> list[int]:
    """Return item ids as plain integers, which hash faster than numpy's."""
    return [] if ids is None else np.asarray(ids).tolist()
