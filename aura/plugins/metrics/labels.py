"""Labels as they come on the bus, and the classes they name, numbered in the order in which they appear."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

__all__ = ["OTHER", "Classes", "LabelSets", "natural_key", "pack", "sets_of", "unpack"]

OTHER = "(other)"
"""The class that stands for all beyond the bound."""

LabelSets = Sequence[tuple[int, ...]]
"""One tuple of class numbers an item, ascending, each once."""


def sets_of(value: Any) -> list[tuple[str, ...]]:
    """Return one label set an item from a value of tags, of text, or of integers.

    Examples
    --------
    >>> sets_of((("joy", "love"), ()))
    [('joy', 'love'), ()]
    >>> sets_of(("joy", "fear"))
    [('joy',), ('fear',)]
    >>> sets_of(np.array([3, 0]))
    [('3',), ('0',)]
    """
    if isinstance(value, np.ndarray):
        return [(str(number),) for number in value.tolist()]
    return [(label,) if isinstance(label, str) else label for label in value]


def natural_key(label: str) -> tuple[Any, ...]:
    """Return a key that sorts ``"2"`` before ``"10"``, and text by its letters.

    Examples
    --------
    >>> sorted(["10", "2", "joy"], key=natural_key)
    ['2', '10', 'joy']
    """
    parts = [part for part in re.split(r"([0-9]+)", label) if part]
    return (*((0, int(part), "") if part.isdecimal() else (1, 0, part.casefold()) for part in parts), (2, 0, label))


class Classes:
    """The classes met so far; beyond `most` of them all new ones are `OTHER`."""

    def __init__(self, most: int, names: Iterable[str] = ()) -> None:
        self._most = most
        self._numbers: dict[str, int] = {name: number for number, name in enumerate(names)}

    def __len__(self) -> int:
        return len(self._numbers)

    @property
    def names(self) -> list[str]:
        """The classes in the order of their numbers."""
        return list(self._numbers)

    def number(self, label: str) -> int:
        """Return the number of a class, new or known."""
        number = self._numbers.get(label)
        if number is not None:
            return number
        if len(self._numbers) >= self._most - 1:
            label = OTHER
        return self._numbers.setdefault(label, len(self._numbers))

    def numbers(self, labels: Iterable[str]) -> tuple[int, ...]:
        """Return the numbers of a label set, ascending, each once."""
        numbers = {self.number(label) for label in labels}
        return tuple(numbers) if len(numbers) < 2 else tuple(sorted(numbers))


def pack(sets: LabelSets) -> dict[str, np.ndarray]:
    """Return label sets as two arrays: all numbers one after the other, and how many each item has."""
    flat = [number for labels in sets for number in labels]
    return {"numbers": np.array(flat, dtype=np.int64), "lengths": np.array([len(s) for s in sets], dtype=np.int64)}


def unpack(packed: dict[str, np.ndarray]) -> list[tuple[int, ...]]:
    """Return what `pack` was given."""
    ends = np.cumsum(packed["lengths"]).tolist()
    numbers = packed["numbers"].tolist()
    return [tuple(numbers[end - length:end]) for end, length in zip(ends, packed["lengths"].tolist(), strict=True)]
