"""How sharp probabilities are made of scores: one factor before the softmax, fitted before the rows are learned."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aura.core.lasting import Stateful
from aura.zones.common.arrays import Array

__all__ = ["Sharpness", "softmax"]

FIRST, LOWEST, HIGHEST = 6.0, 0.5, 40.0
"""Sharpness before anything is known, and its bounds (tuned here: MNIST settles at 10 to 12)."""

WINDOW = 2000.0
"""Rows of weight 1 after which a row's part in the curvature is 1 / e (tuned here: 500 to 8,000 are alike)."""

CONFIDENCE = 1.0
"""Curvature that the first value counts for, in nats per unit squared."""

LONGEST_STEP = 1.0
"""Of the sharpness in one lesson: a few odd rows cannot throw it off."""

SMALLEST = 1e-30
"""Probabilities below are 0: no denormal numbers."""


def softmax(logits: Array) -> Array:
    """Return probabilities (n, classes).

    Examples
    --------
    >>> softmax(np.array([[0.0, 0.0]]))
    array([[0.5, 0.5]])
    """
    out: Array = np.exp(logits - logits.max(axis=1, keepdims=True))
    out /= out.sum(axis=1, keepdims=True)
    out[out < SMALLEST] = 0.0
    return out


class Sharpness(Stateful):
    r"""The factor :math:`a` in softmax(a s), by a running Newton method on the cross-entropy.

    Notes
    -----
    For a row with scores s, target t and :math:`p = \mathrm{softmax}(a s)` the loss has the slope
    :math:`g = (p - t)^\top s` and the curvature :math:`h = \mathrm{Var}_p(s)` in a. The loss is convex in a; each
    lesson takes one step :math:`a \leftarrow a - \sum g / H`, H being the running sum of h over about 2,000 rows.
    It is given the scores before the rows are learned; those after would be too good.

    References
    ----------
    C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, On calibration of modern neural networks, ICML 2017,
    arXiv:1706.04599, section 4.2 (temperature scaling).

    Examples
    --------
    >>> sharpness = Sharpness()
    >>> scores, targets = np.array([[1.0, 0.0]] * 10), np.array([[1.0, 0.0]] * 7 + [[0.0, 1.0]] * 3)
    >>> for _ in range(100):
    ...     sharpness.learn(scores, targets, np.ones(10))
    >>> round(float(softmax(sharpness.value * scores)[0, 0]), 2)
    0.7
    """

    lasting = ("value", "_curvature")

    def __init__(self) -> None:
        self.value, self._curvature = FIRST, CONFIDENCE

    def learn(self, scores: Array, targets: NDArray[Any], weights: NDArray[Any]) -> None:
        """Take one step.

        Parameters
        ----------
        scores : array (n, classes)
            By the weights before these rows are learned.
        targets : array (n, classes)
            Rows that sum to 1.
        weights : array (n,)
            How much each row counts, 0 or more.
        """
        chances = softmax(self.value * scores)
        mean = (chances * scores).sum(axis=1)
        slope = float(weights @ (mean * targets.sum(axis=1) - (targets * scores).sum(axis=1)))
        spread = (chances * (scores - mean[:, None]) ** 2).sum(axis=1)
        self._curvature = self._curvature * float(np.exp(-weights.sum() / WINDOW)) + float(weights @ spread)
        step = slope / max(self._curvature, CONFIDENCE)
        self.value = min(max(self.value - min(max(step, -LONGEST_STEP), LONGEST_STEP), LOWEST), HIGHEST)
