"""Error sums and co-moments of numbers against their truth: cumulative, of constant size, numerically stable.

Blocks are merged pairwise: with n, m, M the count, mean and sum of squared deviations of two sets A and B and
d = m_B - m_A, ``M = M_A + M_B + d**2 n_A n_B / n`` and ``m = m_A + d n_B / n``; likewise for products.

References
----------
Chan, Golub & LeVeque 1983, Algorithms for computing the sample variance, eq. 2.1, doi:10.1080/00031305.1983.10483115
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["Moments"]

_ARRAYS = ("mean_true", "mean_said", "squares_true", "squares_said", "products", "absolute_errors", "squared_errors")


class Moments:
    """Moments of (truth, prediction) per dimension, float64 (dimension,) each.

    Parameters
    ----------
    dimensions : int
        How many numbers an item has.
    """

    mean_true: np.ndarray
    mean_said: np.ndarray
    squares_true: np.ndarray
    squares_said: np.ndarray
    products: np.ndarray
    absolute_errors: np.ndarray
    squared_errors: np.ndarray

    def __init__(self, dimensions: int) -> None:
        self.items = 0
        for name in _ARRAYS:
            setattr(self, name, np.zeros(dimensions))

    def add(self, true: np.ndarray, said: np.ndarray) -> None:
        """Merge a block of items, two arrays (item, dimension)."""
        count = len(true)
        if not count:
            return
        true, said = true.astype(np.float64), said.astype(np.float64)
        mean_true, mean_said = true.mean(axis=0), said.mean(axis=0)
        off_true, off_said = true - mean_true, said - mean_said
        total = self.items + count
        weight = self.items * count / total
        step_true, step_said = mean_true - self.mean_true, mean_said - self.mean_said
        self.squares_true += (off_true**2).sum(axis=0) + step_true**2 * weight
        self.squares_said += (off_said**2).sum(axis=0) + step_said**2 * weight
        self.products += (off_true * off_said).sum(axis=0) + step_true * step_said * weight
        self.mean_true += step_true * (count / total)
        self.mean_said += step_said * (count / total)
        self.absolute_errors += np.abs(true - said).sum(axis=0)
        self.squared_errors += ((true - said) ** 2).sum(axis=0)
        self.items = total

    def figures(self, dimension: int) -> dict[str, float]:
        """Return MAE, RMSE, R2 and Pearson's r of one dimension; what is undefined is left out."""
        if not self.items:
            return {}
        squared = float(self.squared_errors[dimension])
        figures = {"mae": float(self.absolute_errors[dimension]) / self.items,
                   "rmse": float(np.sqrt(squared / self.items))}
        spread = float(self.squares_true[dimension])
        if spread > 0:
            figures["r2"] = 1.0 - squared / spread
        both = spread * float(self.squares_said[dimension])
        if both > 0:
            figures["pearson"] = float(self.products[dimension]) / float(np.sqrt(both))
        return figures

    def copy(self) -> Moments:
        """Return moments that can be added to apart."""
        twin = Moments(len(self.mean_true))
        twin.load_state(self.state())
        return twin

    def state(self) -> dict[str, Any]:
        """Return all sums."""
        return {"items": self.items, **{name: getattr(self, name).copy() for name in _ARRAYS}}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned."""
        self.items = state["items"]
        for name in _ARRAYS:
            setattr(self, name, state[name])
