"""How far a stimulus is from all that was learned: by the mean of the nearest class, beside what is usual."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aura.core.lasting import Free, Stateful
from aura.zones.common.arrays import Array

__all__ = ["Novelty"]

UNKNOWN = 1.0
"""The novelty of all where nothing has been learned."""


class Novelty(Stateful):
    r"""Measures rows by their distance from the nearest class mean.

    Parameters
    ----------
    features : int
        Length of a row.
    classes : int
        Classes known from the start.
    forgetting : float
        Factor by which the weight of the past shrinks with each row.

    Notes
    -----
    With the squared distance :math:`d^2` of a row from the nearest of the class means and its mean over rows
    :math:`\langle d^2 \rangle`, each measured before it was learned, the novelty is
    :math:`d^2 / (d^2 + \langle d^2 \rangle)`: 0 at a class mean, one half where a row is as far as new rows usually
    are, towards 1 far from all. It costs a product of a row with the means, and as little to learn.

    The distance is Euclidean. That of Lee et al. weighs directions by the inverse covariance within the classes, shared
    by all; shrinking that covariance towards a multiple of the identity only helped, up to the identity itself
    (CLINC150, embeddings of all-MiniLM-L6-v2, a part of the training rows against `oos_train`: area under the ROC curve
    0.972, 0.983, 0.988 and 0.990 with a share of 0.05, 0.5, 0.9 and 1).

    References
    ----------
    K. Lee, K. Lee, H. Lee, J. Shin, A simple unified framework for detecting out-of-distribution samples and
    adversarial attacks, NeurIPS 2018, section 2.1, arXiv:1807.03888.

    Examples
    --------
    >>> novelty = Novelty(features=2, classes=2)
    >>> novelty.learn(np.array([[0.0, 1.0], [0.0, 0.8], [1.0, 0.0]]), np.eye(2)[[0, 0, 1]], 1.0)
    >>> novelty.learn(np.array([[0.1, 0.9]]), np.array([[1.0, 0.0]]), 1.0)
    >>> novelty.measure(np.array([[0.0, 0.9], [0.1, 0.9], [3.0, 3.0]])).round(3).tolist()
    [0.1, 0.308, 0.999]
    """

    lasting = (Free("_sums", 0), Free("_weights", 0), "_typical", "_seen")

    def __init__(self, features: int, classes: int, forgetting: float = 1.0) -> None:
        self._forgetting = forgetting
        self._sums: Array = np.zeros((classes, features))
        self._weights: Array = np.zeros(classes)
        """How much the rows of each class weigh; both shrink together, so that only new rows move a mean."""
        self._typical, self._seen = 0.0, 0.0
        """The mean squared distance of new rows, and how much they weigh."""
        self.after_load()

    def measure(self, rows: NDArray[np.floating]) -> Array:
        """Return the novelty of rows (n, features), (n,)."""
        distance = self._distance(rows)
        if distance is None or self._typical <= 0.0:
            return np.full(len(rows), UNKNOWN)
        out: Array = distance / (distance + self._typical)
        return out

    def learn(self, rows: NDArray[np.floating], targets: Array, rate: float) -> None:
        """Learn rows (n, features) with their classes, zero or one, (n, classes); each row counts `rate` times."""
        if rate <= 0 or not len(rows):
            return
        keep = self._forgetting ** len(rows)
        distance = self._distance(rows)
        if distance is not None:
            weight = keep * self._seen + rate * len(rows)
            self._typical += (rate * float(distance.sum()) - rate * len(rows) * self._typical) / weight
            self._seen = weight
        if keep != 1.0:
            self._sums *= keep
            self._weights *= keep
        present = np.flatnonzero(targets.any(axis=0))
        self._sums[present] += rate * (targets[:, present].T @ rows)
        self._weights[present] += rate * targets[:, present].sum(axis=0)
        self._mean(present)

    def add_classes(self, count: int) -> None:
        """Append classes of which no row has come."""
        self._sums = np.pad(self._sums, ((0, count), (0, 0)))
        self._weights = np.pad(self._weights, (0, count))
        self.after_load()

    def after_load(self) -> None:
        self._means: Array = np.zeros(self._sums.shape)
        self._norms: Array = np.full(len(self._sums), np.inf)
        self._mean(np.flatnonzero(self._weights > 0))

    def _mean(self, classes: NDArray[np.intp]) -> None:
        means = self._sums[classes] / self._weights[classes, None]
        self._means[classes], self._norms[classes] = means, (means**2).sum(axis=1)

    def _distance(self, rows: NDArray[np.floating]) -> Array | None:
        """Return the squared distance from the nearest class mean, (n,); None where no class has one."""
        if not np.isfinite(self._norms).any():
            return None
        rows = rows.astype(np.float64)
        nearest: Array = (self._norms - 2.0 * (rows @ self._means.T)).min(axis=1) + (rows**2).sum(axis=1)
        return np.maximum(nearest, 0.0)
