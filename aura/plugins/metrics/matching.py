"""Item ids bring together what several topics say about one item, in a table of bounded size."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

__all__ = ["PENDING", "Matcher", "ids_of"]

PENDING = 10_000
"""Items that may wait where the wiring tells nothing of their number."""

_EMPTY = object()


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
        self.sides, self.capacity = sides, PENDING if capacity is None else capacity
        self.unmatched = dict.fromkeys(sides, 0)
        self.on_drop: Callable[[], None] | None = None
        """Called whenever an item goes because the table is full."""
        self._table: dict[int, list[Any]] = {}

    def __len__(self) -> int:
        return len(self._table)

    def put(self, side: int, ids: Iterable[int], values: Iterable[Any]) -> list[list[Any]]:
        """Lay down one side of some items and return the values of those now complete, in their order."""
        table, complete = self._table, []
        sides = len(self.sides)
        for item, value in zip(ids, values, strict=True):
            entry = table.get(item)
            if entry is None:
                if len(table) >= self.capacity:
                    self._drop_oldest()
                entry = table[item] = [_EMPTY] * sides
            entry[side] = value
            if not any(value is _EMPTY for value in entry):
                complete.append(table.pop(item))
        return complete

    def alone(self) -> dict[str, int]:
        """Return of each side how many items have been without another: those that went, and those that still wait."""
        counts = dict(self.unmatched)
        for entry in self._table.values():
            for name, value in zip(self.sides, entry, strict=True):
                counts[name] += value is not _EMPTY
        return counts

    def _drop_oldest(self) -> None:
        entry = self._table.pop(next(iter(self._table)))
        if self.on_drop is not None:
            self.on_drop()
        for name, value in zip(self.sides, entry, strict=True):
            if value is not _EMPTY:
                self.unmatched[name] += 1

    def state(self) -> dict[str, Any]:
        """Return the waiting items, oldest first, and the counts."""
        return {
            "ids": np.fromiter(self._table, dtype=np.int64, count=len(self._table)),
            "filled": [[value is not _EMPTY for value in entry] for entry in self._table.values()],
            "values": [[None if value is _EMPTY else value for value in entry] for entry in self._table.values()],
            "unmatched": dict(self.unmatched),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned."""
        self._table = {
            int(item): [value if there else _EMPTY for value, there in zip(values, filled, strict=True)]
            for item, values, filled in zip(state["ids"], state["values"], state["filled"], strict=True)}
        self.unmatched = dict(state["unmatched"])


def ids_of(ids: Sequence[int] | np.ndarray | None) -> list[int]:
    """Return item ids as plain integers, which hash faster than numpy's."""
    return [] if ids is None else np.asarray(ids).tolist()
