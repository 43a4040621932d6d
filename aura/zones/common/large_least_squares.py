"""Recursive least squares on thousands of features: one triangle of the covariance, changed in place."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.linalg import get_blas_funcs, get_lapack_funcs, solve_triangular

from aura.core.errors import StateError
from aura.zones.common.arrays import Array
from aura.zones.common.least_squares import RecursiveLeastSquares

__all__ = ["LargeLeastSquares"]


class LargeLeastSquares(RecursiveLeastSquares):
    """The recursion of `RecursiveLeastSquares` for a covariance that is too large to be copied at every block.

    Parameters
    ----------
    features, outputs, ridge, forgetting
        As of `RecursiveLeastSquares`.
    precision : {"float64", "float32"}
        Of the covariance; the weights are float64 in any case.

    Notes
    -----
    Only the upper triangle of `covariance` is kept up to date: a symmetric product reads it, and a symmetric update of
    rank n changes it where it stands. Its state is the triangle alone, half the size of the square.

    Examples
    --------
    >>> learner = LargeLeastSquares(2, 1, ridge=1.0)
    >>> errors = learner.learn(np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[2.0], [4.0]]))
    >>> learner.weights.ravel().round(9).tolist()
    [1.0, 2.0]
    """

    def __init__(self, features: int, outputs: int, *, ridge: float, forgetting: float = 1.0,
                 precision: str = "float64") -> None:
        super().__init__(features, outputs, ridge=ridge, forgetting=forgetting)
        self.covariance = np.asfortranarray(self.covariance, dtype=precision)
        self._product, self._rank_update, self._divide, self._product_one, self._update_one = get_blas_funcs(
            ("symm", "syrk", "trsm", "symv", "syr"), (self.covariance,))
        self._pack, self._unpack = get_lapack_funcs(("trttp", "tpttr"), (self.covariance,))

    def _update(self, rows: Array, errors: Array) -> None:
        if len(rows) == 1:
            self._update_by_one(rows[0], errors[0])
            return
        scaled = np.ascontiguousarray(rows, dtype=self.covariance.dtype)
        gain = self._product(1.0, self.covariance, scaled.T)
        root = np.linalg.cholesky(np.eye(len(rows), dtype=scaled.dtype) + scaled @ gain)
        shrink = self._divide(1.0, root, gain, side=1, lower=1, trans_a=1, overwrite_b=1)
        self.weights += shrink @ solve_triangular(root, errors, lower=True, check_finite=False)
        self.covariance = self._rank_update(-1.0, shrink, beta=1.0, c=self.covariance, overwrite_c=1)

    def _update_by_one(self, row: Array, error: Array) -> None:
        scaled = row.astype(self.covariance.dtype)
        gain = self._product_one(1.0, self.covariance, scaled)
        spread = 1.0 + float(scaled @ gain)
        self.weights += np.outer(gain, error / spread)
        self.covariance = self._update_one(-1.0 / spread, gain, a=self.covariance, overwrite_a=1)

    @property
    def nbytes(self) -> int:
        """Memory of weights and covariance, in bytes."""
        return self.weights.nbytes + self.covariance.nbytes

    def state(self) -> dict[str, Any]:
        """Return the weights, and the upper triangle of the covariance column by column."""
        packed, _ = self._pack(self.covariance)
        return {"weights": self.weights.copy(), "covariance": packed}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned.

        Raises
        ------
        StateError
            If it is of another width or precision.
        """
        weights, packed = np.asarray(state["weights"]), np.asarray(state["covariance"])
        features = len(self.weights)
        expected = (features * (features + 1) // 2,)
        if packed.shape != expected or packed.dtype != self.covariance.dtype:
            raise StateError("least_squares.covariance", expected=f"{expected[0]} numbers of {self.covariance.dtype}",
                             got=f"{packed.shape} of {packed.dtype}")
        if weights.ndim != 2 or len(weights) != features:
            raise StateError("least_squares.weights", expected=f"({features}, outputs)", got=f"{weights.shape}")
        self.weights = np.array(weights, dtype=np.float64)
        self.covariance, _ = self._unpack(features, packed)
