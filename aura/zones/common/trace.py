"""The eligibility trace: what a zone saw lately, kept until the teacher says what it was."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["MEMORY", "UNMATCHED", "EligibilityTrace"]

MEMORY = 1024
"""Items that may wait where the wiring tells nothing of their number."""

UNMATCHED = "found nothing that waited for {count} labels: they came too late, twice, or for items that it never saw"
"""What a zone tells of labels that taught nothing."""

FIRST_ROOM = 64
"""Rows there is room for at first; it doubles as they come."""

Ids = NDArray[np.int64]
Rows = NDArray[np.float32]


class EligibilityTrace:
    """Remembers the rows of the latest items by their ids, each until it has been recalled or is displaced.

    An item is handed to each reader once for each time it was stored, so that a label told twice is learned once. An
    id stored again displaces its earlier row. Of a full trace the oldest item goes first.

    Parameters
    ----------
    capacity : int
        How many items are kept; memory is taken as they come.
    width : int
        Length of a row.
    readers : int
        How many parties recall items independently of each other.

    Examples
    --------
    >>> trace = EligibilityTrace(capacity=2, width=1)
    >>> trace.store(np.array([7, 8, 9]), np.array([[0.5], [0.25], [2.0]], dtype=np.float32))
    >>> which, rows = trace.recall(np.array([9, 7, 9]))
    >>> which.tolist(), rows.tolist()
    ([0], [[2.0]])
    """

    def __init__(self, capacity: int, width: int, readers: int = 1) -> None:
        self.capacity = capacity
        """How many items are kept at most."""
        first = min(capacity, FIRST_ROOM)
        self._rows: Rows = np.zeros((first, width), np.float32)
        self._waiting = np.zeros((first, readers), np.bool_)
        self._slots: dict[int, int] = {}
        self._free = list(range(first - 1, -1, -1))

    @property
    def width(self) -> int:
        """Length of a row."""
        return int(self._rows.shape[1])

    def __len__(self) -> int:
        return len(self._slots)

    def store(self, ids: Ids, rows: Rows) -> None:
        """Keep the rows (n, width) under their ids (n,)."""
        for identity, row in zip(ids.tolist(), rows, strict=True):
            self._drop(identity)
            if not self._free:
                self._make_room()
            slot = self._slots[identity] = self._free.pop()
            self._rows[slot], self._waiting[slot] = row, True

    def recall(self, ids: Ids, reader: int = 0) -> tuple[NDArray[np.intp], Rows]:
        """Return which of the ids are kept and new to this reader, as indices into `ids`, and their rows.

        An item that every reader has recalled is let go.
        """
        found: list[int] = []
        slots: list[int] = []
        for index, identity in enumerate(ids.tolist()):
            slot = self._slots.get(identity)
            if slot is not None and self._waiting[slot, reader]:
                self._waiting[slot, reader] = False
                found.append(index)
                slots.append(slot)
        rows = self._rows[np.array(slots, dtype=np.intp)]
        for index, slot in zip(found, slots, strict=True):
            if not self._waiting[slot].any():
                self._drop(int(ids[index]))
        return np.array(found, dtype=np.intp), rows

    def state(self) -> dict[str, Any]:
        """Return what is kept, oldest first."""
        slots = np.array(list(self._slots.values()), dtype=np.intp)
        return {"ids": np.array(list(self._slots), dtype=np.int64), "rows": self._rows[slots],
                "waiting": self._waiting[slots]}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned; a smaller trace keeps the newest of it."""
        self._free += self._slots.values()
        self._slots.clear()
        newest = slice(max(len(state["ids"]) - self.capacity, 0), None)
        self.store(state["ids"][newest], state["rows"][newest])
        self._waiting[list(self._slots.values())] = state["waiting"][newest]

    def _make_room(self) -> None:
        """Double the memory, as far as the capacity goes; beyond it let the oldest item go."""
        now = len(self._rows)
        more = min(now, self.capacity - now)
        if not more:
            self._drop(next(iter(self._slots)))
            return
        self._rows = np.concatenate([self._rows, np.zeros((more, self.width), np.float32)])
        self._waiting = np.concatenate([self._waiting, np.zeros((more, self._waiting.shape[1]), np.bool_)])
        self._free += range(now + more - 1, now - 1, -1)

    def _drop(self, identity: int) -> None:
        slot = self._slots.pop(identity, None)
        if slot is not None:
            self._free.append(slot)
