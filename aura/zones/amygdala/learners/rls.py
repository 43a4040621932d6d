"""The default learner: exact recursive least squares, of classes on targets of zero and one."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from aura.core.errors import StateError
from aura.core.lasting import Stateful
from aura.zones.amygdala.learners.learner import Head
from aura.zones.amygdala.learners.linear import LinearLearner
from aura.zones.common.arrays import Array
from aura.zones.common.least_squares import RecursiveLeastSquares
from aura.zones.common.links import INDICATOR, Link

__all__ = ["LeastSquaresReadout", "RlsLearner"]

MOST_LEVERAGE = 1.0 - 1e-9
"""Of a row that is all that is known of a direction: its score without itself is only known to rounding."""


class LeastSquaresReadout(Stateful):
    """Regresses numbers, or the indicator of each class, on the rows; always equal to the batch ridge solution.

    Parameters
    ----------
    features : int
        Columns of a row, the bias included.
    outputs : int
        Numbers, or classes known from the start.
    ridge, forgetting : float
        As of `RecursiveLeastSquares`; the bias is penalised like any other weight.

    Notes
    -----
    A class that is met later has had the target zero until then, so zero weights are the exact solution for it.
    """

    lasting = ("_learner", "_imported", "_applied")

    def __init__(self, features: int, outputs: int, *, ridge: float, forgetting: float) -> None:
        self._ridge, self._imported, self.moved = ridge, False, False
        self._applied = ridge
        """The ridge that the learner owes its numbers to."""
        self._learner = RecursiveLeastSquares(features, outputs, ridge=ridge, forgetting=forgetting)

    @property
    def weights(self) -> Array:
        """The map, (features, outputs), the bias in its last row."""
        return self._learner.weights

    @weights.setter
    def weights(self, weights: Array) -> None:
        self._learner.weights, self._imported = weights, True

    def scores(self, rows: Array) -> Array:
        """Return the scores (n, outputs) of rows (n, features)."""
        return self._learner.predict(rows)

    def left_out(self, rows: Array, targets: Array, weights: Array) -> Array:
        r"""Return the scores (n, outputs) that learned rows would have if they had not been learned.

        Notes
        -----
        Exact, as the regression is: with the leverage :math:`h = w x^\top P x` of a row of weight w, its score without
        itself is :math:`(s - h y) / (1 - h)`.

        References
        ----------
        D. M. Allen, The relationship between variable selection and data augmentation and a method for prediction,
        Technometrics 16, 1974, doi:10.1080/00401706.1974.10489157 (the PRESS residual).
        """
        leverage = np.minimum(weights * self._learner.spread(rows), MOST_LEVERAGE)[:, None]
        left: Array = (self.scores(rows) - leverage * targets) / (1.0 - leverage)
        return left

    def loss(self, scores: Array, targets: Array) -> Array:
        """Return half the squared error of each item, (n,)."""
        loss: Array = 0.5 * ((scores - targets) ** 2).sum(axis=1)
        return loss

    def slope(self, scores: Array, targets: Array) -> Array:
        """Return the derivative of each item's loss with respect to its scores, (n, outputs)."""
        return scores - targets

    def learn(self, rows: Array, targets: Array, rate: float) -> None:
        """Learn a block; each item counts `rate` times."""
        self._learner.learn(rows, targets, rate)

    def add_classes(self, count: int, seen: float) -> None:
        """Append classes; their scores have been zero so far."""
        self._learner.add_outputs(count)

    def after_load(self) -> None:
        """Make of a readout with another ridge what it were if it had had this one all along.

        Raises
        ------
        StateError
            If the ridge is another and the weights were imported, so that nobody knows what they owe to it.
        """
        self.moved = self._applied != self._ridge
        if self.moved:
            if self._imported:
                raise StateError("amygdala.learner.ridge", got=f"{self._ridge:g}", hint="Leave it as it was.",
                                 expected=f"{self._applied:g}, as weights were imported under it")
            self._change_ridge(self._applied)
            self._applied = self._ridge

    def _change_ridge(self, old: float) -> None:
        r"""Put the present ridge in the place of the old one.

        Notes
        -----
        The inverse of the covariance P is the sum of the rows' products and the penalty; with d more of the penalty,
        :math:`P \leftarrow (I + d P)^{-1} P` and :math:`W \leftarrow (I + d P)^{-1} W`, which is exact.
        """
        learner = self._learner
        kept = learner.penalty / old
        more = (self._ridge - old) * kept
        both = np.linalg.solve(np.eye(len(learner.covariance)) + more * learner.covariance,
                               np.hstack([learner.covariance, learner.weights]))
        covariance, weights = np.hsplit(both, [len(learner.covariance)])
        learner.covariance, learner.weights = (covariance + covariance.T) / 2.0, np.ascontiguousarray(weights)
        learner.penalty = self._ridge * kept


class RlsLearner(LinearLearner):
    """A readout of exact least squares for each head, whether it is told classes or numbers."""

    link: ClassVar[Link] = INDICATOR

    def readout(self, head: Head) -> LeastSquaresReadout:
        return LeastSquaresReadout(self.features + 1, head.outputs, ridge=self.options.ridge,
                                   forgetting=self.options.forgetting)

    def after_load(self) -> None:
        self.moved = any(getattr(readout, "moved", False) for readout in self._readouts.values())
