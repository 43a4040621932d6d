"""The metric ``forecast``: predictions of the next frame, beside persistence and a linear autoregression."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import Field

from aura.core.errors import AuraError
from aura.plugins.metrics.metric import SEEN_BEFORE, Metric
from aura.plugins.metrics.options import MetricOptions, RowsEvery, Topic
from aura.plugins.metrics.rolling import Rolling

if TYPE_CHECKING:
    from aura.core.observer import BrainView
    from aura.core.signals import Signal
    from aura.core.time import Time

__all__ = ["Autoregression", "Forecast", "ForecastOptions"]

FORECASTS = ("prediction", "persistence", "autoregression")


class Autoregression:
    r"""A linear autoregression of the last frames, fitted by least squares from running sums.

    .. math:: \hat x_{t+1} = b + \sum_{k < K} A_k x_{t-k}, \qquad
              \min \sum_t \lVert x_{t+1} - \hat x_{t+1} \rVert^2 + \rho \sum_k \lVert A_k \rVert^2

    Parameters
    ----------
    context : int
        Frames it reads, K.
    penalty : float
        Ridge penalty, above 0.
    """

    def __init__(self, context: int, penalty: float) -> None:
        self.context, self.penalty = context, penalty
        self.recent: deque[np.ndarray] = deque(maxlen=context)
        self.gram: np.ndarray | None = None
        self.cross: np.ndarray | None = None
        self._weights: np.ndarray | None = None

    def row(self) -> np.ndarray | None:
        """Return what the next frame is predicted from; None before there are enough frames."""
        if len(self.recent) < self.context:
            return None
        return np.concatenate([*reversed(self.recent), np.ones(1)])

    def learn(self, row: np.ndarray, frame: np.ndarray) -> None:
        """Count one row and the frame that followed."""
        if self.gram is None or self.cross is None:
            self.gram, self.cross = np.zeros((len(row), len(row))), np.zeros((len(row), len(frame)))
        self.gram += np.outer(row, row)
        self.cross += np.outer(row, frame)
        self._weights = None

    def predict(self, row: np.ndarray) -> np.ndarray | None:
        """Return the frame expected to follow; None before anything was learned."""
        if self.gram is None or self.cross is None:
            return None
        if self._weights is None:
            penalty = np.full(len(self.gram), self.penalty)
            penalty[-1] = 0.0
            self._weights = np.linalg.lstsq(self.gram + np.diag(penalty), self.cross, rcond=None)[0]
        prediction: np.ndarray = row @ self._weights
        return prediction


class ForecastOptions(MetricOptions):
    """Options of the metric ``forecast``."""

    frames: Topic = Field(description="Topic of the frames, (item, ...), in their order.")
    prediction: Topic = Field(
        description="Topic of the frames expected to follow, one with each frame, alike in shape.")
    context: int = Field(
        1, ge=1, le=64,
        description="Frames that the autoregression reads; give it as many as the zone has.")
    penalty: float = Field(1.0, gt=0.0, description="Penalty on the squared weights of the autoregression.")
    window: int = Field(1000, ge=1, le=100_000, description="Frames that a rolling figure looks back on.")
    every: RowsEvery = "auto"


class Forecast(Metric):
    """Mean squared errors of the next frame: as predicted, as repeated, and as a linear autoregression has it.

    The prediction that comes with a frame is held against the frame after it, and counts among those seen before if
    that frame was learned before. The autoregression is fitted on all first sights of the learning phases, and stands
    beside the others in the phases without learning.
    """

    kind = "forecast"
    headlines: ClassVar = {"of_persistence": "error relative to repeating the last frame",
                           "of_autoregression": "error relative to a linear fit of past frames"}
    quantity = "mean squared error"

    def __init__(self, name: str, options: ForecastOptions) -> None:
        super().__init__(name, options)
        self.topics = tuple(dict.fromkeys((options.frames, options.prediction)))
        self._linear = Autoregression(options.context, options.penalty)
        self._frames: deque[tuple[str, np.ndarray]] = deque()
        """Frames that wait for the next one, each with the place where it counts."""
        self._predictions: deque[np.ndarray] = deque()
        self._sums: dict[str, dict[str, list[float]]] = {}
        self._rolling: Rolling[tuple[float, float]] = Rolling(options.window, options.every)
        self._latest: tuple[str, list[float]] = ("", [])
        """Where the last row stands, and its two errors."""

    def check(self, brain: BrainView) -> None:
        for option, topic in (("frames", self.options.frames), ("prediction", self.options.prediction)):
            self.require_topic(brain, option, topic, dtypes=("float", "uint"))

    # --- what happens ---------------------------------------------------------------------------------------------

    def on_signal(self, signal: Signal) -> None:
        rows = np.asarray(signal.value, np.float64).reshape(len(signal.value), -1)
        if signal.topic == self.options.frames:
            self._frames.extend(zip(self.places(signal), rows, strict=True))
        if signal.topic == self.options.prediction:
            self._predictions.extend(rows)

    def after_tick(self, now: Time) -> None:
        while len(self._predictions) and len(self._frames) > 1:
            _, frame = self._frames.popleft()
            place, following = self._frames[0]
            self._take(place, frame, self._predictions.popleft(), following, now)

    def end_phase(self, now: Time) -> None:
        # The last frame of a phase has no successor in it.
        self._frames.clear()
        self._predictions.clear()
        self._linear.recent.clear()
        for place in self._rolling.waiting():
            self._roll(place, now)
        self._rolling.clear()

    def _take(self, place: str, frame: np.ndarray, prediction: np.ndarray, following: np.ndarray, now: Time) -> None:
        if prediction.shape != following.shape:
            raise AuraError(f"metrics.{self.name}", expected=f"predictions of {len(following)} numbers, as frames have",
                            got=str(len(prediction)))
        self._linear.recent.append(frame)
        errors = {"prediction": prediction - following, "persistence": frame - following}
        row = self._linear.row()
        if row is not None:
            if self.learned(place):
                if self.is_first(place):
                    self._linear.learn(row, following)
            else:
                linear = self._linear.predict(row)
                if linear is not None:
                    errors["autoregression"] = linear - following
        squares = {name: float(error @ error) / len(error) for name, error in errors.items()}
        sums = self._sums.setdefault(place, {})
        for name, square in squares.items():
            entry = sums.setdefault(name, [0.0, 0.0])
            entry[0] += 1.0
            entry[1] += square
        if self._rolling.add(place, (squares["prediction"], squares["persistence"]), int(sums["prediction"][0]), now):
            self._roll(place, now)

    def _roll(self, place: str, now: Time) -> None:
        means = np.mean(self._rolling.row(place), axis=0).tolist()
        self._latest = place, means
        self.add_row(now, int(self._sums[place]["prediction"][0]),
                     {"prediction": means[0], "persistence": means[1]}, place)

    # --- what a person reads --------------------------------------------------------------------------------------

    def headline(self) -> dict[str, float]:
        place, means = self._latest
        if not means or means[1] <= 0.0:
            return {}
        later = "" if self.is_first(place) else f" ({SEEN_BEFORE})"
        return {f"of_persistence{later}": means[0] / means[1]}

    def results(self) -> dict[str, Any]:
        return {"kind": self.kind, "truth": self.options.frames, "prediction": self.options.prediction,
                "phases": {phase: self._phase_results(phase, sums) for phase, sums in self._sums.items()}}

    def _phase_results(self, phase: str, sums: dict[str, list[float]]) -> dict[str, Any]:
        means = {name: sums[name][1] / sums[name][0] for name in FORECASTS if name in sums}
        summary = {f"{name}_mse": mean for name, mean in means.items()}
        for name in ("persistence", "autoregression"):
            if means.get(name):
                summary[f"of_{name}"] = means["prediction"] / means[name]
        return {**self.what(phase), "items": int(sums["prediction"][0]), "summary": summary}

    # --- saving ---------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        linear = self._linear
        gram, cross = (None if sums is None else sums.copy() for sums in (linear.gram, linear.cross))
        return {**self.base_state(), "frames": [[place, frame] for place, frame in self._frames],
                "predictions": list(self._predictions), "recent": list(linear.recent), "gram": gram, "cross": cross,
                "sums": [[place, [[name, *entry] for name, entry in sums.items()]]
                         for place, sums in self._sums.items()],
                "latest": list(self._latest), "rolling": self._rolling.state(lambda pairs: [list(p) for p in pairs])}

    def load_state(self, state: dict[str, Any]) -> None:
        self.load_base_state(state)
        self._frames = deque((place, frame) for place, frame in state["frames"])
        self._predictions = deque(state["predictions"])
        self._linear = Autoregression(self.options.context, self.options.penalty)
        self._linear.recent.extend(state["recent"])
        self._linear.gram, self._linear.cross = state["gram"], state["cross"]
        self._sums = {place: {name: list(entry) for name, *entry in sums} for place, sums in state["sums"]}
        self._latest = (state["latest"][0], list(state["latest"][1]))
        self._rolling.load_state(state["rolling"], lambda pairs: [(pair[0], pair[1]) for pair in pairs])
