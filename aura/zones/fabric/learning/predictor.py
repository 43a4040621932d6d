"""Predicts the next frame from the present ones and learns from the difference, frame by frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aura.core.lasting import Stateful
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


class FramePredictor(Stateful):
    r"""A linear readout, learned online, from context, map and tissue to the next frame and the one before.

    Parameters
    ----------
    params : PredictionParams
        Weights of the losses, ridge, forgetting, block.
    features : int
        Numbers that it reads.
    frame : int
        Numbers of a frame.
    response : int
        How many of the features, the last ones, are made by kernels that learn.

    Notes
    -----
    With the features φ of the frames up to t, in float64 and with a last one of 1, the readout predicts the frame to
    come, :math:`\hat x_{t+1} = W \varphi_t`, and backwards the one before the context of K frames,
    :math:`\hat x_{t-K} = V \varphi_t`. With e and b, the errors of the two, each of F numbers, and y, the R last of the
    features, the loss of a frame is

    .. math:: \ell_t = \frac{1}{F} \bigl( \lVert e_t \rVert^2 + d \, \lVert b_t \rVert^2 \bigr)
              + \frac{c}{R} \, \lVert y_t - y_{t-1} \rVert^2

    where the direction d weighs the past against the future, and the temporal coherence c slowness against both. Every
    part is a mean over its own numbers, so that c means the same with few kernels or many, on a small grid or a large
    one: the mean squared error that a mean squared change of 1 is worth. After a gap, where the frame before is not
    known, the last part is missing.

    Two learn from it. The readout minimises

    .. math:: \sum_t r_t \lambda^{T-t} \lVert e_t \rVert^2 + \lambda^T \rho \lVert W \rVert^2

    exactly, by recursive least squares, and the same for V and b: r is how much a frame counts, λ the forgetting and ρ
    the ridge. Neither d nor c alters it, for W and V share the features and nothing else, and slowness asks nothing of
    them. That which makes y learns by the `gradient` of the whole.

    Temporal coherence is after Mobahi et al., who likewise add to the loss of a task that consecutive frames should be
    represented alike. They sum absolute changes, and push apart frames that do not follow one another; here changes are
    squared, as in slow feature analysis, and the prediction alone keeps y from becoming constant.

    Frames wait until a block is full, for a block costs little more than a row; until then the weights are those of
    the block before.

    References
    ----------
    H. Mobahi, R. Collobert, J. Weston, Deep learning from temporal coherence in video, ICML 2009,
    doi:10.1145/1553374.1553469.
    L. Wiskott, T. J. Sejnowski, Slow feature analysis, Neural Computation 14, 2002, doi:10.1162/089976602317318938.
    """

    lasting = ("_learner", "_rows", "_targets", "_counts")

    def __init__(self, params: PredictionParams, features: int, frame: int, response: int = 0) -> None:
        self._params, self._frame, self._response = params, frame, response
        targets = 2 * frame if params.direction > 0.0 else frame
        self._learner = RecursiveLeastSquares(features + 1, targets, ridge=params.ridge, forgetting=params.forgetting)
        self._rows: list[Array] = []
        self._targets: list[Array] = []
        self._counts: list[float] = []

    def predict(self, features: Array) -> Array:
        """Return the next frame, (frame,), as the features (feature,) predict it."""
        weights = self._learner.weights
        prediction: Array = (features @ weights[:-1] + weights[-1])[:self._frame]
        return prediction

    def learn(self, lesson: Lesson, count: float = 1.0) -> None:
        """Learn a frame, which counts so much, above 0."""
        self._rows.append(_with_one(lesson.features))
        self._targets.append(self._target(lesson))
        self._counts.append(count)
        if len(self._rows) >= self._params.block:
            self.settle()

    def gradient(self, lesson: Lesson, last: Lesson | None) -> Array:
        """Return the gradient of the loss of a frame with respect to the response among its features, (response,).

        Parameters
        ----------
        lesson : Lesson
            The frame; its errors are those that the present weights make.
        last : Lesson, optional
            The one before it, whose features are taken as given; None where there is a gap.
        """
        readout = self._learner.weights[len(lesson.features) - self._response:-1]
        gradient: Array = readout @ self._weighted_error(lesson) * (2.0 / self._frame)
        if last is not None and self._response:
            change = (lesson.features - last.features)[-self._response:]
            gradient += (2.0 * self._params.coherence / self._response) * change
        return gradient

    def settle(self) -> None:
        """Bring the weights up to date with all frames that wait."""
        if self._rows:
            scale = np.sqrt(np.array(self._counts))[:, None]
            self._learner.learn(np.array(self._rows) * scale, np.array(self._targets) * scale)
        self._rows, self._targets, self._counts = [], [], []

    def _target(self, lesson: Lesson) -> Array:
        return np.concatenate([lesson.following, lesson.before]) if self._params.direction > 0.0 else lesson.following

    def _weighted_error(self, lesson: Lesson) -> Array:
        error: Array = _with_one(lesson.features) @ self._learner.weights - self._target(lesson)
        error[self._frame:] *= self._params.direction
        return error


def _with_one(features: Array) -> Array:
    """Return the features with a last one of 1."""
    row = np.empty(len(features) + 1)
    row[:-1], row[-1] = features, 1.0
    return row
