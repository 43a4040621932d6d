"""Predicts the next frame from the present ones and learns from the difference, frame by frame."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from aura.zones.common.least_squares import RecursiveLeastSquares

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from aura.zones.common.arrays import Array
    from aura.zones.fabric.params import PredictionParams

__all__ = ["FramePredictor"]


class FramePredictor:
    r"""A linear readout, learned online, from context, map and tissue to the next frame and the one before.

    Parameters
    ----------
    params : PredictionParams
        Weights of the losses, ridge, forgetting, block.
    features : int
        Numbers that it reads.
    frame : int
        Numbers of a frame.

    Notes
    -----
    With the features :math:`\varphi_t` of the frames up to t, the readout predicts :math:`\hat x_{t+1} = W \varphi_t`
    and, backwards, the frame before the context, :math:`\hat x_{t-K} = V \varphi_t`. It minimises over all that came

    .. math:: \sum_t \lVert x_{t+1} - \hat x_{t+1} \rVert^2 + d \,\lVert x_{t-K} - \hat x_{t-K} \rVert^2
              + \rho\,(\lVert W \rVert^2 + d \lVert V \rVert^2)

    exactly, by recursive least squares. What lies before the readout learns by the gradient of the same loss, and of
    its temporal coherence (`Response.learn`).

    Frames wait until a block is full, for a block costs little more than a row; until then the weights are those of
    the block before.
    """

    def __init__(self, params: PredictionParams, features: int, frame: int) -> None:
        self._params, self._frame = params, frame
        self._learner = RecursiveLeastSquares(features + 1, 2 * frame, ridge=params.ridge,
                                              forgetting=params.forgetting)
        self._rows: list[Array] = []
        self._targets: list[Array] = []

    def predict(self, features: Array) -> Array:
        """Return the next frame, (frame,), as the features (feature,) foretell it."""
        prediction: Array = self._learner.predict(_with_one(features)[None])[0, :self._frame]
        return prediction

    def learn(self, features: Array, following: Array, before: Array, weight: float = 1.0) -> Array:
        """Learn what followed a row of features, and what had come before; return the gradient, (feature,).

        Parameters
        ----------
        features : ndarray, shape (feature,)
            What the prediction was made from.
        following, before : ndarray, shape (frame,)
            The frame that came next, and the one before the context.
        weight : float
            How much the row counts.
        """
        row, target = _with_one(features), np.concatenate([following, before])
        gradient = self._gradient(row, target)
        self._rows.append(row * math.sqrt(weight))
        self._targets.append(target * math.sqrt(weight))
        if len(self._rows) >= self._params.block:
            self.settle()
        return gradient

    def settle(self) -> None:
        """Bring the weights up to date with all rows that wait."""
        if not self._rows:
            return
        rows, targets = np.array(self._rows), np.array(self._targets)
        self._rows, self._targets = [], []
        self._learner.learn(rows, targets)

    def _gradient(self, row: Array, target: Array) -> Array:
        """Return the gradient of the loss of one row, a mean over the frame, with respect to its features."""
        error = row @ self._learner.weights - target
        forward, backward = error[:self._frame], error[self._frame:]
        upstream = np.concatenate([forward, self._params.direction * backward])
        gradient: Array = (self._learner.weights @ upstream)[:-1] * (2.0 / self._frame)
        return gradient

    def state(self) -> dict[str, Any]:
        """Return the learner, the rows that wait and the last one."""
        return {"learner": self._learner.state(), "rows": [row.copy() for row in self._rows],
                "targets": [target.copy() for target in self._targets]}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned."""
        self._learner.load_state(state["learner"])
        self._rows = [np.array(row) for row in state["rows"]]
        self._targets = [np.array(target) for target in state["targets"]]


def _with_one(features: NDArray[Any]) -> Array:
    """Return the features in float64 with a last one of 1."""
    row = np.empty(len(features) + 1)
    row[:-1], row[-1] = features, 1.0
    return row
