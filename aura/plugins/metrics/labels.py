"""Labels as they come on the bus, and the classes that they name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from aura.core.classes import ClassIndex

__all__ = ["PlaceSets", "beyond", "natural_key", "pack", "sets_of", "unpack"]

PlaceSets = Sequence[tuple[int, ...]]
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


def beyond(classes: ClassIndex) -> dict[str, int]:
    """Return what the results of a metric say of classes beyond the bound; nothing where there are none."""
    return {"beyond": classes.beyond, "told_apart": len(classes) - 1} if classes.beyond else {}


def pack(sets: PlaceSets) -> dict[str, np.ndarray]:
    """Return label sets as two arrays: all numbers one after the other, and how many each item has."""
    flat = [number for labels in sets for number in labels]
    return {"numbers": np.array(flat, dtype=np.int64), "lengths": np.array([len(s) for s in sets], dtype=np.int64)}


def unpack(packed: dict[str, np.ndarray]) -> list[tuple[int, ...]]:
    """Return what `pack` was given."""
    ends = np.cumsum(packed["lengths"]).tolist()
    numbers = packed["numbers"].tolist()
    return [tuple(numbers[end - length:end]) for end, length in zip(ends, packed["lengths"].tolist(), strict=True)]
