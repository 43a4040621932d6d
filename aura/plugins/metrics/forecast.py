"""The metric ``forecast``: predictions of the next frame, beside persistence and a linear autoregression."""

from __future__ import annotations

from collections import deque
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from aura.core.errors import AuraError
from aura.core.lasting import Stateful
from aura.core.signals import Signal
from aura.core.time import NEVER, Time
from aura.plugins.metrics.metric import SEEN_BEFORE
from aura.plugins.metrics.options import MetricOptions, Need, RowsEvery, Topic, Window
from aura.plugins.metrics.rolling import Rolling
from aura.plugins.metrics.totals import Totals

__all__ = ["Autoregression", "Forecast", "ForecastOptions"]


class Autoregression(Stateful):
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

    lasting = ("recent", "gram", "cross", "_weights")

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
    window: Window = 1000
    every: RowsEvery = "auto"


class Forecast(Rolling):
    """Mean squared errors of the next frame: as predicted, as repeated, and as a linear autoregression has it.

    The prediction that comes with a frame is held against the frame after it, and counts among those seen before if
    that frame was learned before. The autoregression is fitted on all first sights of the learning phases, and stands
    beside the others in the phases without learning.
    """

    kind = "forecast"
    needs: ClassVar = {"frames": Need(("float", "uint")), "prediction": Need(("float", "uint"))}
    headlines: ClassVar = {"of_persistence": "error relative to repeating the last frame",
                           "of_autoregression": "error relative to a linear fit of past frames"}
    quantity = "mean squared error"
    lasting = ("_linear", "_frames", "_predictions")

    def __init__(self, name: str, options: ForecastOptions) -> None:
        super().__init__(name, options)
        self._linear = Autoregression(options.context, options.penalty)
        self._frames: deque[tuple[str, np.ndarray]] = deque()
        """Frames that wait for the next one, each with the place where it counts."""
        self._predictions: deque[np.ndarray] = deque()

    def new_part(self) -> Totals:
        return Totals()

    # --- what happens ---------------------------------------------------------------------------------------------

    def on_signal(self, signal: Signal) -> None:
        rows = np.asarray(signal.value, np.float64).reshape(len(signal.value), -1)
        if signal.topic == self.options.frames:
            self._frames.extend(zip(self.places(signal), rows, strict=True))
        if signal.topic == self.options.prediction:
            self._predictions.extend(rows)
        self.due = 0

    def after_tick(self, now: Time) -> Time:
        while self._predictions and len(self._frames) > 1:
            _, frame = self._frames.popleft()
            place, following = self._frames[0]
            self._take(place, frame, self._predictions.popleft(), following, now)
        return NEVER

    def end_phase(self, now: Time) -> None:
        # The last frame of a phase has no successor in it.
        self._frames.clear()
        self._predictions.clear()
        self._linear.recent.clear()
        super().end_phase(now)

    def _take(self, place: str, frame: np.ndarray, prediction: np.ndarray, following: np.ndarray, now: Time) -> None:
        if prediction.shape != following.shape:
            raise AuraError(f"metrics.{self.name}", expected=f"predictions of {len(following)} numbers, as frames have",
                            got=str(len(prediction)))
        self._linear.recent.append(frame)
        errors = {"prediction": prediction - following, "persistence": frame - following}
        row = self._linear.row()
        if row is not None and self.learned(place):
            if self.is_first(place):
                self._linear.learn(row, following)
        elif row is not None and (linear := self._linear.predict(row)) is not None:
            errors["autoregression"] = linear - following
        squares = {name: float(error @ error) / len(error) for name, error in errors.items()}
        self.part(place).add(squares.items())
        self.roll(place, (squares["prediction"], squares["persistence"]), self.items_of(place), now)

    def figures_of(self, items: list[tuple[float, float]]) -> dict[str, float]:
        return dict(zip(("prediction", "persistence"), np.mean(items, axis=0).tolist(), strict=True))

    def items_of(self, place: str) -> int:
        return int(self.parts[place].table["prediction"][0])

    # --- what a person reads --------------------------------------------------------------------------------------

    def headline(self) -> dict[str, float]:
        place, latest = self._latest
        if not latest or latest["persistence"] <= 0.0:
            return {}
        later = "" if self.is_first(place) else f" ({SEEN_BEFORE})"
        return {f"of_persistence{later}": latest["prediction"] / latest["persistence"]}

    def about(self) -> dict[str, Any]:
        return {"truth": self.options.frames, "prediction": self.options.prediction}

    def tell(self, place: str, part: Any) -> dict[str, Any]:
        means = part.means()
        known = {name: means[name] for name in ("prediction", "persistence", "autoregression") if name in means}
        summary = {f"{name}_mse": mean for name, mean in known.items()}
        for name in ("persistence", "autoregression"):
            if means.get(name):
                summary[f"of_{name}"] = means["prediction"] / means[name]
        return {"items": self.items_of(place), "summary": summary}
