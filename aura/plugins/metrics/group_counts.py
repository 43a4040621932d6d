"""Items and hits by the value of one signal or two, such as by expert and by regime."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from aura.core.classes import ClassIndex
from aura.plugins.metrics.labels import natural_key, sets_of

__all__ = ["GroupCounts", "group_values"]

NONE = "(none)"
"""The value of an item whose set of tags is empty."""


def group_values(value: Any) -> list[str]:
    """Return one value an item from a signal of text, of integers, or of tags.

    Examples
    --------
    >>> group_values(("before", "after")), group_values((("joy", "love"), ())), group_values(np.array([3]))
    (['before', 'after'], ['joy, love', '(none)'], ['3'])
    """
    return [", ".join(labels) or NONE for labels in sets_of(value)]


class GroupCounts:
    """For each phase and each value of one or two topics: items, and those of them that were right.

    Parameters
    ----------
    topics : sequence of str
        One or two.
    most : int
        Values of each topic counted apart; what comes beyond is one value "(other)".
    """

    def __init__(self, topics: Sequence[str], most: int) -> None:
        self.topics, self._most = tuple(topics), most
        self._values = [ClassIndex(most=most) for _ in topics]
        self._counts: dict[str, dict[tuple[int, ...], list[int]]] = {}

    def add(self, phase: str, values: Sequence[str], hit: bool) -> None:
        """Count one item."""
        key = tuple(known.place(value) for known, value in zip(self._values, values, strict=True))
        count = self._counts.setdefault(phase, {}).setdefault(key, [0, 0])
        count[0] += 1
        count[1] += hit

    def results(self, phase: str) -> dict[str, Any]:
        """Return a table for each topic, and of two topics the table of their pairs."""
        table = self._table(phase)
        found: dict[str, Any] = {"by": [self._along(table, axis) for axis in range(len(self.topics))]}
        if len(self.topics) == 2:
            found["cross"] = self._cross(table)
        return found

    def _table(self, phase: str) -> np.ndarray:
        """Return the counts of a phase as int64 (value, ..., 2)."""
        table = np.zeros((*map(len, self._values), 2), dtype=np.int64)
        for key, count in self._counts.get(phase, {}).items():
            table[key] = count
        return table

    def _along(self, table: np.ndarray, axis: int) -> dict[str, Any]:
        sums = table.sum(axis=tuple(other for other in range(table.ndim - 1) if other != axis))
        return {"topic": self.topics[axis], "values": [
            {"name": name, "items": int(sums[number, 0]), "accuracy": int(sums[number, 1]) / int(sums[number, 0])}
            for name, number in self._ordered(axis) if sums[number, 0]]}

    def _cross(self, table: np.ndarray) -> dict[str, Any]:
        ordered = [[(name, number) for name, number in self._ordered(axis) if table[..., 0].take(number, axis).any()]
                   for axis in range(2)]
        rows, columns = ordered
        cells = [[table[row, column].tolist() for _, column in columns] for _, row in rows]
        return {"topics": list(self.topics), "rows": [name for name, _ in rows],
                "columns": [name for name, _ in columns], "items": [[items for items, _ in row] for row in cells],
                "accuracy": [[hits / items if items else None for items, hits in row] for row in cells]}

    def _ordered(self, axis: int) -> list[tuple[str, int]]:
        return sorted(((name, number) for number, name in enumerate(self._values[axis].names)),
                      key=lambda one: natural_key(one[0]))

    def state(self) -> dict[str, Any]:
        """Return all of it."""
        return {"values": [known.state() for known in self._values],
                "counts": [[phase, np.array([(*key, *count) for key, count in counts.items()], dtype=np.int64)]
                           for phase, counts in self._counts.items()]}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned."""
        for known, told in zip(self._values, state["values"], strict=True):
            known.load_state(told)
        self._counts = {phase: {tuple(row[:-2]): row[-2:] for row in rows.tolist()} for phase, rows in state["counts"]}
