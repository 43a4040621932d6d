"""The forecast: from context, map and tissue to the frame that comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aura.core.lasting import Made, Stateful
from aura.zones.fabric.learning.pooling import Pooling
from aura.zones.fabric.learning.predictor import FramePredictor, Lesson

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from aura.zones.common.arrays import Array
    from aura.zones.fabric.learning.response import Response
    from aura.zones.fabric.memory import Frames
    from aura.zones.fabric.params import FabricParams

__all__ = ["Forecast"]

LEAST_SUM = 1e-9
"""Activations that come to less share no vote (chosen here: a winner's alone is 1)."""


class _Waiting(NamedTuple):
    """A frame whose successor has not come yet."""

    features: Array
    frame: Array
    before: Array
    prediction: Array


class Forecast(Stateful):
    """Predicts frames one after the other and learns from what came.

    Parameters
    ----------
    params : FabricParams
        What it reads: the context, and the map's units.
    features : int
        Numbers of a frame.
    response : Response, optional
        What tissue and convolution make of the frames; read too if given.

    Notes
    -----
    The response comes once a tick, with all its frames in it: only the last of several frames may be predicted from
    it, those before it are predicted from the response of the tick before.
    """

    lasting = ("_predictor", Made("_waiting", _Waiting), Made("_last", Lesson))

    def __init__(self, params: FabricParams, features: int, response: Response | None) -> None:
        assert params.prediction is not None
        self._params, self._frame, self._context = params.prediction, features, params.context
        self._pooling = Pooling(params.spatial_dims, params.prediction.most_units)
        self._response = response
        units = len(self._pooling) if params.prediction.units else 0
        made = 0 if response is None else len(response)
        width = features * params.context + units + made
        self._predictor = FramePredictor(params.prediction, width, features, made)
        self._waiting: _Waiting | None = None
        self._last: Lesson | None = None
        self._lessons: list[tuple[Lesson, Lesson | None] | None] = []

    @property
    def expected(self) -> Array | None:
        """The frame that is expected next, (feature,); None before the first."""
        return None if self._waiting is None else self._waiting.prediction

    def step(self, frames: Frames, activations: NDArray[np.float32], earlier: Array | None) -> dict[str, Any]:
        """Take in the frames of a tick and return what is published.

        Parameters
        ----------
        frames : Frames
            As they came, one after the other.
        activations : ndarray, shape (item, x, y, z)
            Of the map.
        earlier : ndarray, shape (response feature,), optional
            The response of the tick before; the present one is read from the response itself.
        """
        features = self._features(frames, activations, earlier)
        rows, before = frames.rows.astype(np.float64), frames.before.astype(np.float64)
        predictions = np.empty((len(rows), self._frame), np.float32)
        losses, persistences = [], []
        self._lessons = []
        for index, row in enumerate(rows):
            if self._waiting is not None:
                losses.append(float(np.square(self._waiting.prediction - row).mean()))
                persistences.append(float(np.square(self._waiting.frame - row).mean()))
                lesson = Lesson(self._waiting.features, row, self._waiting.before)
                self._lessons.append((lesson, self._last))
                self._last = lesson
            else:
                self._lessons.append(None)
            prediction = self._predictor.predict(features[index])
            predictions[index] = prediction
            self._waiting = _Waiting(features[index], row, before[index], prediction)
        out: dict[str, Any] = {"prediction": predictions}
        if losses:
            out |= {"loss": np.float64(np.mean(losses)), "persistence": np.float64(np.mean(persistences))}
        return out

    def learn(self, rate: float, depth: NDArray[np.int64]) -> dict[str, float]:
        """Learn from the frames of the last step.

        Parameters
        ----------
        rate : float
            How much they count, above 0.
        depth : ndarray, shape (item,)
            How many frames up to each came without a gap to be learned from, itself included (`FrameMemory.attend`).

        Returns
        -------
        dict
            The length of the kernels' gradient, if they learned.
        """
        # A lesson holds its frame, the context that predicted it, and the frame before that.
        held = self._context + 2
        lessons = [(pair[0], pair[1] if reach > held else None)
                   for pair, reach in zip(self._lessons, depth.tolist(), strict=True) if pair and reach >= held]
        self._lessons = []
        scalars = {}
        if self._response is not None and self._params.rate > 0.0 and lessons:
            gradient = np.mean([self._predictor.gradient(*pair) for pair in lessons], axis=0)
            scalars["kernel_gradient"] = self._response.learn(gradient, rate * self._params.rate)
        for lesson, _ in lessons:
            self._predictor.learn(lesson, rate)
        return scalars

    def after_load(self) -> None:
        self._lessons = []

    def _features(self, frames: Frames, activations: NDArray[np.float32], earlier: Array | None) -> Array:
        """Return what each frame is predicted from, (item, feature)."""
        parts = [frames.contexts]
        if self._params.units:
            pooled = self._pooling.pool(activations)
            # Units that share a frame share one vote, as normalised radial basis functions do.
            votes = np.sqrt(len(self._pooling)) / np.maximum(pooled.sum(axis=1, keepdims=True), LEAST_SUM)
            parts.append(pooled * votes)
        if self._response is not None:
            assert earlier is not None
            parts.append(np.vstack([np.repeat(earlier[None], len(frames.rows) - 1, axis=0), self._response.features]))
        return np.concatenate(parts, axis=1, dtype=np.float64)
