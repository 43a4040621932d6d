"""The stochastic logistic rule, in one pass, with its step shaped by the covariance of the features."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from aura.core.lasting import Free, Stateful
from aura.zones.amygdala.learners.learner import Head, TargetType
from aura.zones.amygdala.learners.linear import LinearLearner, LinearReadout
from aura.zones.amygdala.learners.rls import LeastSquaresReadout
from aura.zones.common.arrays import Array
from aura.zones.common.least_squares import LARGEST_BLOCK, RecursiveLeastSquares
from aura.zones.common.links import sigmoid, softmax

__all__ = ["LogisticLearner", "LogisticReadout"]

FIRST_CURVATURE = 0.25
"""The curvature of the logistic loss at an even chance, p (1 - p) with p = 1/2."""

FIRST_ITEMS = 32.0
"""How many items the first curvature weighs (tuned here on the last fifth of the GoEmotions training stream: 1, 32 and
1,000 give 0.523, 0.523 and 0.522 of items whose best class is right)."""

LEAST_CURVATURE = 1e-3
"""A class rarer than one in a thousand takes no larger steps than that one (tuned here, as a guard)."""

MOST_STIFFNESS = 0.5
"""Of a single row (tuned here, as a guard for the first rows)."""


class LogisticReadout(Stateful):
    r"""Logistic regression by natural-gradient steps: independent classes, or one of several.

    Parameters
    ----------
    features : int
        Columns of a row, the bias included.
    classes : int
        Classes known from the start.
    multi_label : bool
        Whether each class has its own logistic (Bernoulli), or all share a softmax.
    ridge, forgetting : float
        As of `RecursiveLeastSquares`, for the covariance of the features.
    learning_rate : float
        Factor on every step; 1 is the second-order step.

    Notes
    -----
    The Hessian of the loss is approximated by a Kronecker product, the second moments of the features on one side and
    the mean curvature :math:`h_c` of each class on the other, so that one covariance P serves all classes:

    .. math:: W_c \leftarrow W_c + \frac{\eta}{h_c} P X^\top (y_c - p_c), \quad
              h_c = \langle p_c (1 - p_c) \rangle

    with P as of recursive least squares after this block, and the probabilities p before it. The cost is that of
    least squares. The steps shrink as P does, with the number of items.

    References
    ----------
    S. Amari, Natural gradient works efficiently in learning, Neural Computation 10, 1998,
    doi:10.1162/089976698300017746. J. Martens, R. Grosse, Optimizing neural networks with Kronecker-factored
    approximate curvature, ICML 2015, section 3.
    """

    lasting = ("_learner", Free("_curvature", 0), "_items")

    def __init__(self, features: int, classes: int, *, multi_label: bool, ridge: float, forgetting: float,
                 learning_rate: float) -> None:
        self._learner = RecursiveLeastSquares(features, classes, ridge=ridge, forgetting=forgetting)
        self._multi_label, self._learning_rate = multi_label, learning_rate
        self._curvature: Array = np.full(classes, FIRST_CURVATURE * FIRST_ITEMS)
        self._items = FIRST_ITEMS

    @property
    def weights(self) -> Array:
        """The map, (features, classes), the bias in its last row."""
        return self._learner.weights

    @weights.setter
    def weights(self, weights: Array) -> None:
        self._learner.weights = weights

    def scores(self, rows: Array) -> Array:
        """Return the log odds (n, classes) of rows (n, features)."""
        return self._learner.predict(rows)

    def left_out(self, rows: Array, targets: Array, weights: Array) -> Array:
        r"""Return about the scores (n, classes) that learned rows would have if they had not been learned.

        Notes
        -----
        One Newton step away from each row, with the Hessian of the rule: with
        :math:`q = w x^\top P x / h_c`, the score without the row is :math:`s + q (p - y) / (1 - q p (1 - p))`.

        References
        ----------
        K. Rahnama Rad, A. Maleki, A scalable estimate of the out-of-sample prediction error via approximate
        leave-one-out cross-validation, Journal of the Royal Statistical Society B 82, 2020, doi:10.1111/rssb.12374.
        """
        scores = self.scores(rows)
        chances = self.probability(scores)
        reach = (weights * self._learner.spread(rows))[:, None] / self._mean_curvature
        stiffness = np.minimum(reach * chances * (1.0 - chances), MOST_STIFFNESS)
        left: Array = scores + self._learning_rate * reach * (chances - targets) / (1.0 - stiffness)
        return left

    def probability(self, logits: Array) -> Array:
        """Return the probabilities (n, classes) for scores."""
        return sigmoid(logits) if self._multi_label else softmax(logits)

    def loss(self, scores: Array, targets: Array) -> Array:
        """Return the cross entropy of each item in nats, (n,)."""
        if self._multi_label:
            loss: Array = (np.logaddexp(0.0, scores) - targets * scores).sum(axis=1)
            return loss
        top = scores.max(axis=1, keepdims=True)
        total: Array = np.log(np.exp(scores - top).sum(axis=1)) + top[:, 0] - (targets * scores).sum(axis=1)
        return total

    def slope(self, scores: Array, targets: Array) -> Array:
        """Return the derivative of each item's loss with respect to its scores, (n, classes)."""
        return self.probability(scores) - targets

    def learn(self, rows: Array, targets: Array, rate: float) -> None:
        """Learn a block; each item counts `rate` times."""
        if rate <= 0:
            return
        for start in range(0, len(rows), LARGEST_BLOCK):
            part = slice(start, start + LARGEST_BLOCK)
            self._step(rows[part], targets[part], rate)

    def add_classes(self, count: int, seen: float) -> None:
        """Append classes whose bias says that none of the `seen` items had them."""
        self._learner.add_outputs(count)
        self._learner.weights[-1, len(self._curvature):] = -float(np.log1p(seen))
        first = np.full(count, FIRST_CURVATURE * FIRST_ITEMS)
        self._curvature = np.concatenate([self._curvature, first])

    def _step(self, rows: Array, targets: Array, rate: float) -> None:
        probability = self.probability(self.scores(rows))
        keep = self._learner.forgetting ** len(rows)
        self._curvature = keep * self._curvature + (probability * (1 - probability)).sum(axis=0)
        self._items = keep * self._items + len(rows)
        errors = self._learning_rate * (targets - probability) / self._mean_curvature
        self._learner.absorb(rows, errors, rate)

    @property
    def _mean_curvature(self) -> Array:
        return np.maximum(self._curvature / self._items, LEAST_CURVATURE)


class LogisticLearner(LinearLearner):
    """A logistic readout for each head of classes.

    Notes
    -----
    The natural-gradient step on the squared error of numbers, whose curvature is 1, is recursive least squares itself,
    so heads of numbers learn by that. What rows would score had they not been learned is told by one Newton step, which
    for the many rare classes of a softmax goes too far: temperatures come from the stream (measured on CLINC150).
    """

    close_for: ClassVar[tuple[TargetType, ...]] = ("labels",)

    def readout(self, head: Head) -> LinearReadout:
        ridge, forgetting = self.options.ridge, self.options.forgetting
        if head.target_type == "numbers":
            return LeastSquaresReadout(self.features + 1, head.outputs, ridge=ridge, forgetting=forgetting)
        return LogisticReadout(self.features + 1, head.outputs, multi_label=head.target_type == "labels", ridge=ridge,
                               forgetting=forgetting, learning_rate=self.options.learning_rate)
