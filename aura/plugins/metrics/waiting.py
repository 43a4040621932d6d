"""Values that wait for something else to be said of their items: of bounded size, nothing copied."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

__all__ = ["Waiting"]

WAITING_BYTES = 16_000_000
"""Values wait in so many bytes at most; the oldest go first."""


class Waiting:
    """Values of items, by their ids, until they are asked for; of bounded size.

    Examples
    --------
    >>> waiting = Waiting(most=2)
    >>> waiting.put([7, 8, 9], ("a", "b", "c"))
    >>> waiting.take(9), waiting.take(7)
    ('c', None)
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: dict[int, tuple[Any, int]] = {}

    def put(self, ids: Iterable[int], values: Sequence[Any] | np.ndarray) -> None:
        """Keep the values of some items; nothing is copied."""
        most = self._most
        if isinstance(values, np.ndarray) and len(values):
            most = min(most, max(1, WAITING_BYTES // max(1, values[0].nbytes)))
        for place, item in enumerate(ids):
            self._values[item] = (values, place)
        while len(self._values) > most:
            del self._values[next(iter(self._values))]

    def take(self, item: int) -> Any:
        """Return the value of an item and forget it; None if there is none."""
        found = self._values.pop(item, None)
        return None if found is None else found[0][found[1]]

    def state(self) -> list[Any]:
        """Return all of it."""
        return [[item, np.array(values[place]) if isinstance(values, np.ndarray) else values[place]]
                for item, (values, place) in self._values.items()]

    def load_state(self, state: Iterable[Any]) -> None:
        """Take over what `state` returned."""
        self._values = {item: ((value,), 0) for item, value in state}
