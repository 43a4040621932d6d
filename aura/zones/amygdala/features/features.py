"""The features of an item in their order: 32 of the affect code, 3 of the text, and those of the embedding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from aura.core.errors import SignalError
from aura.zones.amygdala.features.affect_code import LENGTH
from aura.zones.amygdala.features.extras import EXTRAS

__all__ = ["PARTS", "WIDTHS", "Part", "added", "joined"]

Part: TypeAlias = Literal["affect", "extras", "embedding"]

PARTS: tuple[Part, ...] = ("affect", "extras", "embedding")
"""All parts, in the order in which they stand in a row."""

WIDTHS: Mapping[Part, int] = {"affect": LENGTH, "extras": EXTRAS}
"""Features of those parts whose number is fixed; that of the embedding is its encoder's, 384 by default."""


def added(parts: tuple[Part, ...]) -> int:
    """Return how many features stand before those of the embedding.

    Examples
    --------
    >>> added(PARTS) + 384
    419
    """
    return sum(WIDTHS[part] for part in parts if part in WIDTHS)


def joined(found: Mapping[Part, NDArray[np.float32]], where: str) -> NDArray[np.float32]:
    """Return rows (n, features) of the parts that were found, each (n, width), in the order of `PARTS`.

    Raises
    ------
    SignalError
        If a part has another width or number of rows than is due, or is not finite.
    """
    items = len(found["embedding"])
    for part, rows in found.items():
        due = (items, WIDTHS.get(part, rows.shape[-1]))
        if rows.shape != due:
            raise SignalError(f"{where}: {part}", expected=f"features of shape {due}", got=f"shape {rows.shape}")
        if not np.isfinite(rows).all():
            raise SignalError(f"{where}: {part}", expected="finite features",
                              got=f"{int((~np.isfinite(rows)).sum())} that are not")
    return np.hstack([found[part] for part in PARTS if part in found]).astype(np.float32, copy=False)
