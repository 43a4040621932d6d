"""Exact recursive least squares, in blocks: after every block the weights are those of the batch ridge regression."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aura.core.errors import StateError
from aura.core.lasting import Free, Stateful
from aura.zones.common.arrays import Array

__all__ = ["LARGEST_BLOCK", "RecursiveLeastSquares", "with_bias"]


LARGEST_BLOCK = 64
"""Rows a single update takes; more are split, as the cost grows with the square (tuned here: 16 to 128 are alike)."""

WINDUP_LIMIT = 1e3
"""Forgetting pauses while the trace of the covariance exceeds so many times its first value (tuned here: large
enough to leave the weights alone, small enough that no float64 overflows)."""


def with_bias(features: NDArray[Any]) -> Array:
    """Return the rows in float64 with a last column of ones.

    Examples
    --------
    >>> with_bias(np.array([[2.0, 3.0]]))
    array([[2., 3., 1.]])
    """
    rows, width = features.shape
    out = np.empty((rows, width + 1))
    out[:, :width] = features
    out[:, width] = 1.0
    return out


class RecursiveLeastSquares(Stateful):
    r"""Linear regression that learns block by block and keeps no data.

    Parameters
    ----------
    features : int
        Columns of a row, the bias among them if there is one.
    outputs : int
        Columns of a target; more can be added later.
    ridge : float
        The penalty on the squared weights, above 0.
    forgetting : float
        Factor in (0, 1] by which the weight of everything learned shrinks with each row; 1 forgets nothing.

    Notes
    -----
    The weights minimise

    .. math:: \sum_i \lambda^{N-i} w_i \lVert y_i - W^\top x_i \rVert^2 + \lambda^N \rho \lVert W \rVert^2

    over the N rows seen, :math:`\rho` being the ridge, :math:`\lambda` the forgetting and :math:`w_i` the weight of a
    row. With the rows of a block, scaled by the root of their weight, in X (n, d), P the covariance, A = P Xᵀ and
    L Lᵀ = I + X A (Cholesky),

    .. math:: B = L^{-1} A^\top, \quad W \leftarrow W + B^\top L^{-1} (Y - X W), \quad P \leftarrow P - B^\top B

    which is Woodbury's identity in the form that keeps P symmetric to the bit. A block of n rows costs
    O(n d² + n² d). An added output begins with zero weights, which is exact: its targets have all been zero so far.

    References
    ----------
    S. Haykin, Adaptive Filter Theory, 4th edition, 2002, chapter 9 (the recursion).
    G. H. Golub, C. F. Van Loan, Matrix Computations, 4th edition, 2013, section 2.1.4 (Woodbury's identity).

    Examples
    --------
    >>> learner = RecursiveLeastSquares(2, 1, ridge=1.0)
    >>> errors = learner.learn(np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[2.0], [4.0]]))
    >>> learner.weights.ravel().round(9).tolist()
    [1.0, 2.0]
    """

    lasting = (Free("weights", 1), "covariance", "penalty")

    def __init__(self, features: int, outputs: int, *, ridge: float, forgetting: float = 1.0) -> None:
        self.forgetting = forgetting
        self.covariance: Array = np.eye(features) / ridge
        self.weights: Array = np.zeros((features, outputs))
        self.penalty = ridge
        """What is left of the ridge in the inverse of the covariance: forgetting shrinks it as all else."""
        self._trace_limit = WINDUP_LIMIT * features / ridge

    def predict(self, rows: Array) -> Array:
        """Return the outputs (n, outputs) for rows (n, features)."""
        return rows @ self.weights

    def learn(self, rows: Array, targets: Array, weight: float | Array = 1.0) -> Array:
        """Learn a block and return its errors before learning.

        Parameters
        ----------
        rows : array (n, features)
            What the outputs were predicted from.
        targets : array (n, outputs)
            What they should have been.
        weight : float, or array (n,)
            How much each row counts, 0 for not at all.

        Returns
        -------
        array (n, outputs)
            Targets less predictions, by the weights before this block.
        """
        errors = targets - self.predict(rows)
        first = slice(0, LARGEST_BLOCK)
        self.absorb(rows[first], errors[first], _part(weight, first))
        for start in range(LARGEST_BLOCK, len(rows), LARGEST_BLOCK):
            part = slice(start, start + LARGEST_BLOCK)
            self.absorb(rows[part], targets[part] - self.predict(rows[part]), _part(weight, part))
        return errors

    def absorb(self, rows: Array, errors: Array, weight: float | Array = 1.0) -> None:
        """Move the weights by one block, given its errors (n, outputs) before learning.

        `learn` is this with the errors of the linear prediction; other rules may bring their own.
        """
        count = len(rows)
        if count == 0 or not (weight.any() if isinstance(weight, np.ndarray) else weight > 0):
            return
        scale = np.full(count, np.sqrt(weight))
        if self.forgetting < 1 and np.trace(self.covariance) < self._trace_limit:
            scale *= self.forgetting ** (0.5 * np.arange(count - 1, -1, -1))
            self.covariance /= self.forgetting ** count
            self.penalty *= self.forgetting ** count
        self._update(rows * scale[:, None], errors * scale[:, None])

    def _update(self, rows: Array, errors: Array) -> None:
        """Do the recursion for rows and errors that are scaled by the root of their weight.

        Raises
        ------
        StateError
            If the rows are so large beside the ridge that rounding leaves no covariance.
        """
        count = len(rows)
        gain = self.covariance @ rows.T
        try:
            root = np.linalg.cholesky(np.eye(count) + rows @ gain)
        except np.linalg.LinAlgError:
            raise StateError("least squares", got=f"rows of up to {np.abs(rows).max():.1e}, whose squares leave none",
                             expected="rows beside whose squares the penalty has digits left in a float64",
                             hint="Scale the features, or raise the ridge.") from None
        halves = np.linalg.solve(root, np.hstack([gain.T, errors]))
        shrink = np.ascontiguousarray(halves[:, : len(self.covariance)])
        self.weights += shrink.T @ halves[:, len(self.covariance):]
        self.covariance -= shrink.T @ shrink

    def spread(self, rows: Array) -> Array:
        """Return xᵀ P x of each row (n, features): how little is known where it lies, (n,)."""
        spread: Array = np.einsum("ij,ij->i", rows @ self.covariance, rows)
        return spread

    def add_outputs(self, count: int) -> None:
        """Append outputs whose targets have been zero so far."""
        self.weights = np.hstack([self.weights, np.zeros((len(self.weights), count))])


def _part(weight: float | Array, part: slice) -> float | Array:
    return weight[part] if isinstance(weight, np.ndarray) else weight
