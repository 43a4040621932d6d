"""How ready a user is to learn: a Bayesian linear regression on the trajectory, against what was told of others."""

from __future__ import annotations

import numpy as np

from aura.core.lasting import Stateful
from aura.zones.common.arrays import Array
from aura.zones.common.least_squares import RecursiveLeastSquares

__all__ = ["Readiness"]

UNIFORM_VARIANCE = 1.0 / 12.0
"""Of a number of which nothing is known but that it lies between 0 and 1."""
PRIOR_ITEMS = 4.0
"""How many items that variance weighs (tuned here: it only keeps a handful that happen to fit from certainty)."""
LARGEST_DEVIATION = 0.5
"""No number between 0 and 1 has a larger standard deviation."""


class Readiness(Stateful):
    r"""Expects a number from 0 to 1 and knows how sure it is.

    Parameters
    ----------
    features : int
        Columns of a row, the bias among them.
    prior : float
        What is expected before anything was told.
    ridge : float
        The penalty on the squared weights.

    Notes
    -----
    Ridge regression of what was told, less the prior. With :math:`s^2` the mean squared error of rows before they were
    learned, which begins as the variance of a uniform number, the variance at a row x is :math:`s^2 (1 + x^\top P x)`,
    P as of recursive least squares.

    References
    ----------
    C. M. Bishop, Pattern Recognition and Machine Learning, 2006, section 3.3.2 (the predictive distribution).
    """

    lasting = ("_regression", "_squares", "_items")

    def __init__(self, features: int, prior: float, ridge: float) -> None:
        self._prior = prior
        self._regression = RecursiveLeastSquares(features, 1, ridge=ridge)
        self._squares, self._items = PRIOR_ITEMS * UNIFORM_VARIANCE, PRIOR_ITEMS

    @property
    def learned(self) -> int:
        """From how many items it has learned."""
        return int(self._items - PRIOR_ITEMS)

    def expect(self, rows: Array) -> tuple[Array, Array]:
        """Return what is expected of rows (n, features), and its standard deviation, (n,) each."""
        expected = np.clip(self._prior + self._regression.predict(rows)[:, 0], 0.0, 1.0)
        if not self.learned:
            return expected, np.full(len(rows), np.sqrt(UNIFORM_VARIANCE))
        variance = self._squares / self._items * (1.0 + self._regression.spread(rows))
        return expected, np.minimum(np.sqrt(variance), LARGEST_DEVIATION)

    def learn(self, rows: Array, targets: Array, rate: float) -> float:
        """Learn rows (n, features) with what was told, (n,); return the mean absolute error before."""
        expected, _ = self.expect(rows)
        error = float(np.abs(targets - expected).mean())
        if rate > 0:
            self._regression.learn(rows, targets[:, None] - self._prior, rate)
            self._squares += float(((targets - expected) ** 2).sum())
            self._items += len(rows)
        return error
