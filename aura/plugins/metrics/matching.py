"""Item ids bring together what several topics say about one item, in a table of bounded size."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from aura.core.held import saved
from aura.core.pending import PendingItems
from aura.core.signals import source_of

__all__ = ["PENDING", "Matcher", "ids_of"]

PENDING = 10_000
"""Items that may wait where the wiring tells nothing of their number."""


class Matcher(PendingItems):
    """A table from item id to one value per side; an item is complete when every side has spoken.

    A side that speaks twice before the item is complete replaces its first word. When the table is full the oldest
    item goes, and each of its sides is counted.

    Parameters
    ----------
    sides : tuple of str
        Their names, two or more.
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
        super().__init__(PENDING if capacity is None else capacity, on_displaced=self._dropped)
        self.sides = sides
        self.gone = dict.fromkeys(sides, 0)
        """Of each side how many of its words went because the table was full."""
        self.on_drop: Callable[[], None] | None = None
        """Called whenever an item goes because the table is full."""
        self.sources: frozenset[int] | None = None
        """The sources whose items all sides speak of, as `source_of` numbers them; items of others are passed over."""
        self._keys = [str(side) for side in range(len(sides))]

    def put(self, side: int, ids: Iterable[int], values: Iterable[Any]) -> list[list[Any]]:
        """Lay down one side of some items and return the values of those now complete, in their order."""
        items, keys, key, sources = self._items, self._keys, self._keys[side], self.sources
        complete: list[list[Any]] = []
        new: dict[int, dict[str, Any]] = {}
        # Once a row and metric: the items are looked up here, not by `get` and `pop`.
        for item, value in zip(ids, values, strict=True):
            if sources is not None and source_of(item) not in sources:
                continue
            found = items.get(item)
            partial = new.setdefault(item, {}) if found is None else found[0].values[found[1]]
            partial[key] = value
            if len(partial) == len(keys):
                complete.append([partial[one] for one in keys])
                del items[item]
        if new:
            self.store(new, list(new.values()))
        return complete

    def alone(self) -> dict[str, int]:
        """Return of each side how many items have been without another: those that went, and those that still wait."""
        counts = dict(self.gone)
        for partial in self.values():
            for key in partial:
                counts[self.sides[int(key)]] += 1
        return counts

    def _dropped(self, partial: dict[str, Any]) -> None:
        for key in partial:
            self.gone[self.sides[int(key)]] += 1
        if self.on_drop is not None:
            self.on_drop()

    def state(self) -> dict[str, Any]:
        """Return the waiting items, oldest first, and the counts."""
        state: dict[str, Any] = saved({**super().state(), "gone": self.gone})  # items change while they wait
        return state

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned."""
        super().load_state(state)
        self.gone = dict(state["gone"])


def ids_of(ids: Sequence[int] | np.ndarray | None) -> list[int]:
    """Return item ids as plain integers, which hash faster than numpy's."""
    return [] if ids is None else np.asarray(ids).tolist()
