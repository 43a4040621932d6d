"""Labels as they come on the bus, and the classes they name, numbered in the order in which they appear."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any

import numpy as np

__all__ = ["OTHER", "Classes", "LabelSets", "natural_key", "pack", "sets_of", "unpack"]

OTHER = "(other)"
"""The class that stands for all beyond the bound."""

BEYOND_MAX = 100_000
"""Classes beyond the bound that are counted; each costs some 60 bytes."""

LabelSets = Sequence[tuple[int, ...]]
"""One tuple of class numbers an item, ascending, each once."""


def sets_of(value: Any) -> list[tuple[str, ...]]:
    """Return one label set an item from a value of tags, of text, or of integers; an empty text is no label.

    Examples
    --------
    >>> sets_of((("joy", "love"), ()))
    [('joy', 'love'), ()]
    >>> sets_of(("joy", "fear", ""))
    [('joy',), ('fear',), ()]
    >>> sets_of(np.array([3, 0]))
    [('3',), ('0',)]
    """
    if isinstance(value, np.ndarray):
        return [(str(number),) for number in value.tolist()]
    sets = [(label,) if isinstance(label, str) else label for label in value]
    return [tuple(filter(None, labels)) if "" in labels else labels for labels in sets]


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
    """The classes met so far; beyond `most` of them all new ones are `OTHER`, and are only counted.

    Examples
    --------
    >>> classes = Classes(2)
    >>> [classes.number(label) for label in ("joy", "love", "fear", "love")], classes.beyond
    ([0, 1, 1, 1], 2)
    >>> classes.known("love")
    False
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._numbers: dict[str, int] = {}
        self._beyond: dict[int, None] = {}

    def __len__(self) -> int:
        return len(self._numbers)

    @property
    def names(self) -> list[str]:
        """The classes in the order of their numbers."""
        return list(self._numbers)

    @property
    def beyond(self) -> int:
        """How many classes are not told apart, up to `BEYOND_MAX`."""
        return len(self._beyond)

    def number(self, label: str) -> int:
        """Return the number of a class, new or known."""
        number = self._numbers.get(label)
        if number is not None:
            return number
        if len(self._numbers) >= self._most - 1:
            if len(self._beyond) < BEYOND_MAX:
                digest = blake2b(label.encode(errors="surrogatepass"), digest_size=7)
                self._beyond[int.from_bytes(digest.digest())] = None
            label = OTHER
        return self._numbers.setdefault(label, len(self._numbers))

    def known(self, label: str) -> bool:
        """Return whether a class that was met is told apart from all others."""
        return label in self._numbers and not (label == OTHER and self._beyond)

    def numbers(self, labels: Iterable[str]) -> tuple[int, ...]:
        """Return the numbers of a label set, ascending, each once."""
        numbers = {self.number(label) for label in labels}
        return tuple(numbers) if len(numbers) < 2 else tuple(sorted(numbers))

    def told(self) -> dict[str, int]:
        """Return what the results of a metric say of classes beyond the bound; nothing where there are none."""
        return {"beyond": self.beyond, "told_apart": self._most - 1} if self._beyond else {}

    def state(self) -> dict[str, Any]:
        """Return all of it."""
        return {"names": self.names, "beyond": np.array(list(self._beyond), dtype=np.int64)}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Take over what `state` returned."""
        self._numbers = {name: number for number, name in enumerate(state["names"])}
        self._beyond = dict.fromkeys(state["beyond"].tolist())


def pack(sets: LabelSets) -> dict[str, np.ndarray]:
    """Return label sets as two arrays: all numbers one after the other, and how many each item has."""
    flat = [number for labels in sets for number in labels]
    return {"numbers": np.array(flat, dtype=np.int64), "lengths": np.array([len(s) for s in sets], dtype=np.int64)}


def unpack(packed: dict[str, np.ndarray]) -> list[tuple[int, ...]]:
    """Return what `pack` was given."""
    ends = np.cumsum(packed["lengths"]).tolist()
    numbers = packed["numbers"].tolist()
    return [tuple(numbers[end - length:end]) for end, length in zip(ends, packed["lengths"].tolist(), strict=True)]
