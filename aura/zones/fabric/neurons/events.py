"""What goes into cells and what comes out of them: openings of receptors, and spikes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Opened", "Spikes"]


class Spikes(NamedTuple):
    """Spikes of one advance, in the order of their cells, then of their times."""

    cell: NDArray[np.int32]
    """Which cell, (spike,)."""
    step: NDArray[np.int32]
    """In which step of the advance, (spike,)."""
    time_ms: NDArray[np.float64]
    """When its soma crossed the threshold upwards, in ms after the advance began, (spike,)."""

    @classmethod
    def in_order(cls, cell: NDArray[np.int32], step: NDArray[np.int32], time_ms: NDArray[np.float64]) -> Spikes:
        """Return spikes given in any order."""
        order = np.lexsort((step, cell))
        return cls(cell[order], step[order], time_ms[order])


class Opened(NamedTuple):
    """Which rows the opening of an afferent at a site adds to, and by how much; each array (entry,)."""

    row: NDArray[np.int64]
    place: NDArray[np.int64]
    """afferent · sites + site"""
    scale: NDArray[Any]
