"""The items that rolling figures look back on, and when the next row of them is due."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

from aura.core.time import Time
from aura.plugins.metrics.cadence import Cadence

__all__ = ["Rolling"]

T = TypeVar("T")


class Rolling(Generic[T]):
    """The latest items of a phase: those seen for the first time and those seen before in a window each.

    Parameters
    ----------
    window : int
        Items that are looked back on.
    every : int or str
        As `Cadence` takes it.

    Examples
    --------
    >>> rolling = Rolling(window=2, every=2)
    >>> [rolling.add("learn", item, seen=item, now=0) for item in (1, 2, 3)]
    [False, True, False]
    >>> rolling.row("learn"), rolling.waiting()
    ([2, 3], [])
    """

    def __init__(self, window: int, every: int | str) -> None:
        self._window, self._every = window, every
        self._parts: dict[str, _Part[T]] = {}

    def add(self, place: str, item: T, seen: int, now: Time) -> bool:
        """Take the item that is the `seen`-th of its place, and return whether a row is due."""
        part = self._parts.get(place)
        if part is None:
            part = self._parts[place] = self._new(now)
        part.items.append(item)
        part.fresh += 1
        return part.cadence.due(seen, now)

    def row(self, place: str) -> list[T]:
        """Return what the row is of that is now written."""
        part = self._parts[place]
        part.fresh = 0
        return list(part.items)

    def waiting(self) -> list[str]:
        """Return the places with items since their last row."""
        return [place for place, part in self._parts.items() if part.fresh]

    def clear(self) -> None:
        """Begin a phase."""
        self._parts = {}

    def _new(self, now: Time) -> _Part[T]:
        part: _Part[T] = _Part(deque(maxlen=self._window), Cadence(self._every))
        part.cadence.new_phase(now)
        return part

    def state(self, pack: Callable[[list[T]], Any]) -> list[Any]:
        """Return all of it; `pack` turns items into what can be saved."""
        return [[place, pack(list(part.items)), part.cadence.next, part.fresh] for place, part in self._parts.items()]

    def load_state(self, state: Iterable[Any], unpack: Callable[[Any], Iterable[T]]) -> None:
        """Take over what `state` returned."""
        self._parts = {}
        for place, items, due, fresh in state:
            part = self._parts[place] = self._new(0)
            part.items.extend(unpack(items))
            part.cadence.next, part.fresh = due, fresh


class _Part(Generic[T]):
    def __init__(self, items: deque[T], cadence: Cadence) -> None:
        self.items, self.cadence, self.fresh = items, cadence, 0
