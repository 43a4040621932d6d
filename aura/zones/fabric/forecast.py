"""The forecast: from context, map and tissue to the frame that comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from aura.core.errors import SignalError
from aura.zones.fabric.learning.pooling import Pooling
from aura.zones.fabric.learning.predictor import FramePredictor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from aura.core.signals import Inputs
    from aura.zones.common.arrays import Array
    from aura.zones.fabric.learning.response import Response
    from aura.zones.fabric.params import FabricParams
    from aura.zones.fabric.tissue.circuit import Circuit

__all__ = ["Forecast"]


class Forecast:
    """Foretells frames one after the other and learns from what came.

    Parameters
    ----------
    params : FabricParams
        What it reads: the context, the map's units, the response of tissue and convolution.
    features : int
        Numbers of a frame.
    circuit : Circuit, optional
        The tissue; without one nothing is convolved or propagated.
    tick_ms : float
        The zone's period.
    rng : numpy.random.Generator
        Draws the kernels.
    """

    def __init__(self, params: FabricParams, features: int, circuit: Circuit | None, tick_ms: float,
                 rng: np.random.Generator) -> None:
        assert params.prediction is not None
        self._params, self._frame, self._context = params.prediction, features, params.context
        self._pooling = Pooling(params.spatial_dims, params.prediction.most_units)
        self._response: Response | None = None
        if circuit is not None and params.convolution is not None:
            from aura.zones.fabric.learning.lateral import LateralWeights
            from aura.zones.fabric.learning.response import Response

            self._response = Response(params, LateralWeights(circuit), tick_ms, rng)
        units = len(self._pooling) if params.prediction.units else 0
        responses = 0 if self._response is None else self._response.features
        self._width = features * params.context + units + responses
        self._predictor = FramePredictor(params.prediction, self._width, features)
        self._waiting: Array | None = None
        self._before: Array | None = None
        self._prediction: Array | None = None
        self._last: Array | None = None
        self._lessons: list[tuple[Array, Array, Array]] = []

    def step(self, rows: NDArray[np.float32], contexts: NDArray[np.float32], before: NDArray[np.float32],
             activations: NDArray[np.float32], activity: NDArray[np.float32] | None, codebook: NDArray[np.float32],
             inputs: Inputs, shape: tuple[int, ...], rng: np.random.Generator) -> dict[str, Any]:
        """Take in frames (item, feature), their contexts and the frames before these; return what is published."""
        out: dict[str, Any] = {}
        parts = [contexts.astype(np.float64)]
        if self._params.units:
            pooled = self._pooling.pool(activations)
            # Units that share a frame share one vote, as normalised radial basis functions do.
            parts.append(pooled * (np.sqrt(len(self._pooling)) / np.maximum(pooled.sum(axis=1), 1e-9))[:, None])
        if self._response is not None and activity is not None:
            found = self._response.forward(activity, activations.mean(axis=0), codebook[:, :self._frame],
                                           self._goal(inputs), rng)
            parts.append(np.repeat(found[None], len(rows), axis=0))
            out["mode"] = (self._response.mode.value,)
        features = np.concatenate(parts, axis=1)
        predictions = np.empty((len(rows), self._frame), np.float32)
        losses, persistences = [], []
        self._lessons = []
        for index, row in enumerate(rows.astype(np.float64)):
            if self._prediction is not None and self._last is not None:
                losses.append(float(((self._prediction - row) ** 2).mean()))
                persistences.append(float(((self._last - row) ** 2).mean()))
                assert self._waiting is not None
                assert self._before is not None
                self._lessons.append((self._waiting, row, self._before))
            self._prediction = self._predictor.predict(features[index])
            predictions[index] = self._prediction
            self._waiting, self._last = features[index], row
            self._before = before[index].astype(np.float64)
        out["prediction"] = predictions.reshape(len(rows), *shape)
        if losses:
            out["loss"] = np.float64(np.mean(losses))
            out["persistence"] = np.float64(np.mean(persistences))
        return out

    def learn(self, rate: float) -> dict[str, float]:
        """Learn from the frames that came; return the loss of the kernels' gradient step."""
        gradient = None
        for features, following, before in self._lessons:
            gradient = self._predictor.learn(features, following, before, rate)
        self._lessons = []
        if self._response is None or gradient is None or self._params.rate == 0.0:
            return {}
        part = gradient[-self._response.features:]
        self._response.learn(part, rate * self._params.rate, self._params.coherence)
        return {"kernel_gradient": float(np.sqrt(part @ part))}

    def _goal(self, inputs: Inputs) -> NDArray[Any] | None:
        goal = inputs["goal"]
        if goal is None:
            return self._prediction
        if goal.shape != (self._frame,):
            raise SignalError("fabric.goal", expected=f"{self._frame} features, as a frame has", got=str(goal.shape))
        return np.asarray(goal)

    def state(self) -> dict[str, Any]:
        """Return readout, response, and what waits for the next frame."""
        kept = {"waiting": self._waiting, "before": self._before, "prediction": self._prediction, "last": self._last}
        return {"predictor": self._predictor.state(),
                "response": None if self._response is None else self._response.state(),
                **{name: None if value is None else value.copy() for name, value in kept.items()}}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned."""
        self._predictor.load_state(state["predictor"])
        if self._response is not None:
            self._response.load_state(state["response"])
        self._waiting, self._before, self._prediction, self._last = (
            None if state[name] is None else np.array(state[name])
            for name in ("waiting", "before", "prediction", "last"))

    def close(self) -> None:
        """Let the threads go."""
        if self._response is not None:
            self._response.close()
