"""Predicts the next frame from the present ones and learns from the difference, frame by frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aura.zones.common.least_squares import RecursiveLeastSquares

if TYPE_CHECKING:
    from aura.zones.common.arrays import Array
    from aura.zones.fabric.params import PredictionParams

__all__ = ["FramePredictor", "Lesson"]


class Lesson(NamedTuple):
    """What one frame teaches."""

    features: Array
    """What it was predicted from, (feature,)."""
    following: Array
    """The frame that came, (frame,)."""
    before: Array
    """The frame before the context of the features, (frame,)."""


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
    With the features φ of the frames up to t, in float64 and with a last one of 1, the readout predicts the frame to
    come, :math:`\hat x_{t+1} = W \varphi_t`, and backwards the one before the context of K frames,
    :math:`\hat x_{t-K} = V \varphi_t`. With the errors e and b of the two, the loss of a frame is

    .. math:: \ell_t = \lVert e_t \rVert^2 + c \, \lVert e_t - e_{t-1} \rVert^2
              + d \, \bigl( \lVert b_t \rVert^2 + c \, \lVert b_t - b_{t-1} \rVert^2 \bigr)

    where the temporal coherence c weighs the error of the predicted change, and the direction d the past against the
    future. Recursive least squares minimise

    .. math:: \sum_t r_t \lambda^{T-t} \ell_t + \lambda^T \rho \, \bigl( \lVert W \rVert^2 + d \lVert V \rVert^2 \bigr)

    exactly, r being how much a frame counts, λ the forgetting and ρ the ridge: the change is a second row, the
    difference of two rows of features against that of two frames. W and V share the features and nothing else, so d
    alters neither: it weighs what the past says to that which makes the features, which learns by the `gradient`.

    Frames wait until a block is full, for a block costs little more than a row; until then the weights are those of
    the block before.
    """

    def __init__(self, params: PredictionParams, features: int, frame: int) -> None:
        self._params, self._frame = params, frame
        # A frame brings one row or, with its change, two; the learner forgets by the row.
        forgetting = params.forgetting ** 0.5 if params.coherence > 0.0 else params.forgetting
        targets = 2 * frame if params.direction > 0.0 else frame
        self._learner = RecursiveLeastSquares(features + 1, targets, ridge=params.ridge, forgetting=forgetting)
        self._rows: list[Array] = []
        self._targets: list[Array] = []
        self._counts: list[float] = []
        self._waiting = 0

    def predict(self, features: Array) -> Array:
        """Return the next frame, (frame,), as the features (feature,) foretell it."""
        weights = self._learner.weights
        prediction: Array = (features @ weights[:-1] + weights[-1])[:self._frame]
        return prediction

    def learn(self, lesson: Lesson, last: Lesson | None, count: float = 1.0) -> None:
        """Learn a frame.

        Parameters
        ----------
        lesson : Lesson
            The frame that came.
        last : Lesson, optional
            The one before it; None where there is a gap, and no change to learn.
        count : float
            How much the frame counts, above 0.
        """
        row, target = _with_one(lesson.features), self._target(lesson)
        self._take(row, target, count)
        if last is not None and self._params.coherence > 0.0:
            self._take(row - _with_one(last.features), target - self._target(last), count * self._params.coherence)
        self._waiting += 1
        if self._waiting >= self._params.block:
            self.settle()

    def gradient(self, lesson: Lesson, last: Lesson | None) -> Array:
        """Return the gradient of the loss of one frame, a mean over its numbers, with respect to the features.

        The errors are those that the present weights make; the features of the frame before are taken as given.
        """
        error = self._error(lesson)
        upstream = error if last is None else error + self._params.coherence * (error - self._error(last))
        upstream[self._frame:] *= self._params.direction
        gradient: Array = (self._learner.weights[:-1] @ upstream) * (2.0 / self._frame)
        return gradient

    def settle(self) -> None:
        """Bring the weights up to date with all frames that wait."""
        if self._rows:
            scale = np.sqrt(np.array(self._counts))[:, None]
            self._learner.learn(np.array(self._rows) * scale, np.array(self._targets) * scale)
        self._rows, self._targets, self._counts, self._waiting = [], [], [], 0

    def _take(self, row: Array, target: Array, count: float) -> None:
        self._rows.append(row)
        self._targets.append(target)
        self._counts.append(count)

    def _target(self, lesson: Lesson) -> Array:
        return np.concatenate([lesson.following, lesson.before]) if self._params.direction > 0.0 else lesson.following

    def _error(self, lesson: Lesson) -> Array:
        error: Array = _with_one(lesson.features) @ self._learner.weights - self._target(lesson)
        return error

    def state(self) -> dict[str, Any]:
        """Return the learner and the frames that wait."""
        return {"learner": self._learner.state(), "rows": [row.copy() for row in self._rows],
                "targets": [target.copy() for target in self._targets], "counts": list(self._counts),
                "waiting": self._waiting}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned."""
        self._learner.load_state(state["learner"])
        self._rows = [np.array(row) for row in state["rows"]]
        self._targets = [np.array(target) for target in state["targets"]]
        self._counts, self._waiting = [float(count) for count in state["counts"]], int(state["waiting"])


def _with_one(features: Array) -> Array:
    """Return the features with a last one of 1."""
    row = np.empty(len(features) + 1)
    row[:-1], row[-1] = features, 1.0
    return row
