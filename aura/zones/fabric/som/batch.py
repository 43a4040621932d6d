"""The batch rule: every unit is the mean of what its neighbourhood has won, old items counting less."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aura.core.lasting import Stateful
from aura.zones.fabric.som.codebook import Codebook
from aura.zones.fabric.som.grid import Shape, profiles, smooth
from aura.zones.fabric.som.params import Neighbourhood
from aura.zones.fabric.som.product import ORDERED, Rows
from aura.zones.fabric.som.schedule import Step

__all__ = ["BatchRule"]

LEAST_SUM = np.float32(1e-15)
"""A sum that has decayed below it is 0: denormal numbers would slow every product."""

LEAST_MASS = 1e-6
"""Items that a neighbourhood must have won, old ones counting less, for its unit to move."""


@njit(cache=True, nogil=True, fastmath=ORDERED)
def _decay(factor: Any, least: Any, sums: Any) -> None:
    """Let sums shrink, down to a floor at which they vanish."""
    for u in range(sums.shape[0]):
        for f in range(sums.shape[1]):
            value = sums[u, f] * factor
            sums[u, f] = value if abs(value) >= least else np.float32(0.0)


@njit(cache=True, nogil=True, fastmath=ORDERED)
def _add_rows(rows: Any, winners: Any, weight: Any, sums: Any) -> None:
    """Add each row, and a last column of ones, to its winner's sum."""
    features = rows.shape[1]
    for i in range(len(rows)):
        unit = winners[i]
        for f in range(features):
            sums[unit, f] = sums[unit, f] + weight * rows[i, f]
        sums[unit, features] = sums[unit, features] + weight


class BatchRule(Stateful):
    r"""Keeps, for each unit, the sum and the number of the items it won, and smooths both over the grid.

    Parameters
    ----------
    shape : tuple of three int
        The grid.
    features : int
        Length of an item.
    neighbourhood : str
        Its kind.

    Notes
    -----
    With c the winner of item i, h the share and M the memory in items,

    .. math:: s_c \leftarrow e^{-n / M} s_c + \sum_{i \to c} x_i, \quad
        n_c \leftarrow e^{-n / M} n_c + \sum_{i \to c} 1, \quad
        w_u = \frac{\sum_c h_{uc} s_c}{\sum_c h_{uc} n_c}

    after each block of n items. A memory of 0 is the batch map (Kohonen 2013): the block, or the whole data,
    alone. With memory it is the same map in increments, as stochastic expectation-maximisation is
    (Cappé and Moulines 2009): it uses what a block has shown before the next block is looked at. Smoothing goes axis
    by axis, so a block of n items costs O(n U d) for the search and O(U (x + y + z) d) for the units.

    References
    ----------
    T. Kohonen, Essentials of the self-organizing map, Neural Networks 37, 2013, doi:10.1016/j.neunet.2012.09.018.
    O. Cappé, E. Moulines, On-line expectation-maximization algorithm for latent data models, Journal of the Royal
    Statistical Society B 71, 2009, doi:10.1111/j.1467-9868.2009.00698.x.
    """

    lasting = ("sums",)

    def __init__(self, shape: Shape, features: int, neighbourhood: Neighbourhood) -> None:
        self._shape, self._neighbourhood = shape, neighbourhood
        self.sums: Rows = np.zeros((math.prod(shape), features + 1), np.float32)

    def begin(self, units: Rows, mass: float) -> None:
        """Forget all, and count every unit as `mass` items of its own weights."""
        self.sums[:, :-1], self.sums[:, -1] = units * np.float32(mass), mass

    def learn(self, codebook: Codebook, rows: Rows, winners: NDArray[Any], step: Step, weight: float) -> None:
        """Take in a block (item, feature), each item counting `weight` times, and renew the units."""
        keep = math.exp(-len(rows) * weight / step.memory) if step.memory > 0 else 0.0
        _decay(np.float32(keep), LEAST_SUM, self.sums)
        _add_rows(rows, winners, np.float32(weight), self.sums)
        total = smooth(self.sums, profiles(self._neighbourhood, step.radius, self._shape), self._shape)
        moved = np.flatnonzero(total[:, -1] > LEAST_MASS)
        if len(moved) == len(total):
            np.divide(total[:, :-1], total[:, -1:], out=codebook.units)
            codebook.refresh()
        else:
            codebook.units[moved] = total[moved, :-1] / total[moved, -1:]
            codebook.refresh(moved)
