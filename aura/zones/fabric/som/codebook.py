"""The units' weights, and the copy of them that is laid out for the search."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aura.core.lasting import Stateful
from aura.zones.fabric.som.product import INNER, LANES, ORDERED, Rows, padded

__all__ = ["PANEL", "Codebook"]

PANEL = 512
"""Units a panel at most: with 300 features its 600 KB lie in the second-level cache while rows pass over it."""


@njit(cache=True, nogil=True, fastmath=ORDERED)
def _pack(units: Any, centre: Any, groups: Any, panels: Any, halves: Any) -> None:
    """Write groups of `LANES` units, less the centre, into the panels' columns, and half their squared lengths."""
    count, features = units.shape
    width = panels.shape[2]
    for group in groups:
        first = group * LANES
        panel, column = first // width, first % width
        here = min(LANES, count - first)
        for lane in range(here):
            halves[panel, column + lane] = np.float32(0.0)
        for f in range(features):
            for lane in range(here):
                value = units[first + lane, f] - centre[f]
                panels[panel, f, column + lane] = value
                halves[panel, column + lane] = halves[panel, column + lane] + np.float32(0.5) * value * value


class Codebook(Stateful):
    """Weights (unit, feature), and panels of them, transposed and centred, that products run over.

    Parameters
    ----------
    units : array (unit, feature)
        The weights; taken over, not copied. Who changes them calls `refresh`.
    centre : array (feature,)
        A point near the data. The search works with differences from it, so that data far from the origin keep their
        digits in float32.
    """

    lasting = ("units", "centre")

    def __init__(self, units: Rows, centre: Rows) -> None:
        self.units, self.centre = units, centre
        count, features = units.shape
        width = min(PANEL, padded(count, LANES))
        sheets = -(-count // width)
        self.panels: Rows = np.zeros((sheets, padded(features, INNER), width), np.float32)
        # Columns that stand for no unit are infinitely far away.
        self.halves: Rows = np.full((sheets, width), np.inf, np.float32)
        self.refresh()

    def refresh(self, changed: NDArray[np.intp] | None = None) -> None:
        """Bring the panels up to date, for all units or for those that have changed."""
        groups = np.arange(-(-len(self.units) // LANES)) if changed is None else np.unique(changed // LANES)
        _pack(self.units, self.centre, groups, self.panels, self.halves)

    def after_load(self) -> None:
        self.refresh()

    def move(self, centre: Rows) -> None:
        """Take another centre."""
        self.centre = centre
        self.refresh()
