"""The metric ``forecast``: predictions of the next frame, beside persistence and a linear autoregression."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

import numpy as np

from aura.core.errors import AuraError
from aura.plugins.metrics.cadence import Cadence
from aura.plugins.metrics.metric import Metric

if TYPE_CHECKING:
    from aura.core.brain import Brain
    from aura.core.signals import Signal
    from aura.core.time import Time
    from aura.plugins.metrics.options import ForecastOptions

__all__ = ["Autoregression", "Forecast"]

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


class Forecast(Metric):
    """Mean squared errors of the next frame: as predicted, as repeated, and as a linear autoregression has it.

    The prediction that comes with a frame is held against the frame after it. The autoregression is fitted on all
    that the learning phases showed, and stands beside the others in the held-out phases.

    Parameters
    ----------
    name : str
        The metric's name in its scenario.
    options : ForecastOptions
        What it watches.
    """

    kind = "forecast"

    def __init__(self, name: str, options: ForecastOptions) -> None:
        super().__init__(name, options)
        self.topics = tuple(dict.fromkeys((options.frames, options.prediction)))
        self._linear = Autoregression(options.context, options.penalty)
        self._frames: deque[np.ndarray] = deque()
        self._predictions: deque[np.ndarray] = deque()
        self._sums: dict[str, dict[str, list[float]]] = {}
        self._learned: dict[str, bool] = {}
        self._window: deque[tuple[float, float]] = deque(maxlen=options.window)
        self._cadence = Cadence(options.every)
        self._items = self._since_row = 0

    def check(self, brain: Brain) -> None:
        for option, topic in (("frames", self.options.frames), ("prediction", self.options.prediction)):
            self.require_topic(brain, option, topic, dtypes=("float", "uint"))

    # --- what happens ---------------------------------------------------------------------------------------------

    def on_signal(self, signal: Signal) -> None:
        rows = np.asarray(signal.value, np.float64).reshape(len(signal.value), -1)
        if signal.topic == self.options.frames:
            self._frames.extend(rows)
        if signal.topic == self.options.prediction:
            self._predictions.extend(rows)

    def after_tick(self, now: Time) -> None:
        while len(self._predictions) and len(self._frames) > 1:
            self._take(self._frames.popleft(), self._predictions.popleft(), self._frames[0])
        if self._since_row and self._cadence.due(self._items, now):
            values = np.mean(self._window, axis=0)
            self.add_row(now, self._since_row, {"prediction": float(values[0]), "persistence": float(values[1])})
            self._since_row = 0

    def on_phase(self, phase: str, learning: bool, now: Time) -> None:
        if (phase, learning) != (self.phase, self.learning):
            # The last frame of a phase has no successor in it.
            self._frames.clear()
            self._predictions.clear()
            self._linear.recent.clear()
            self._window.clear()
            self._items = self._since_row = 0
            self._cadence.new_phase(now)
        super().on_phase(phase, learning, now)

    def _take(self, frame: np.ndarray, prediction: np.ndarray, following: np.ndarray) -> None:
        if prediction.shape != following.shape:
            raise AuraError(f"metrics.{self.name}", expected=f"predictions of {len(following)} numbers, as frames have",
                            got=str(len(prediction)))
        self._linear.recent.append(frame)
        errors = {"prediction": prediction - following, "persistence": frame - following}
        row = self._linear.row()
        if row is not None:
            if self.learning:
                self._linear.learn(row, following)
            else:
                linear = self._linear.predict(row)
                if linear is not None:
                    errors["autoregression"] = linear - following
        self._learned[self.phase] = self.learning
        sums = self._sums.setdefault(self.phase, {})
        for name, error in errors.items():
            entry = sums.setdefault(name, [0.0, 0.0])
            entry[0] += 1.0
            entry[1] += float(error @ error) / len(error)
        self._window.append((float(errors["prediction"] @ errors["prediction"]) / len(following),
                             float(errors["persistence"] @ errors["persistence"]) / len(following)))
        self._items += 1
        self._since_row += 1

    # --- what a person reads --------------------------------------------------------------------------------------

    def headline(self) -> dict[str, float]:
        if not self._window:
            return {}
        prediction, persistence = np.mean(self._window, axis=0)
        return {"of_persistence": float(prediction / persistence)} if persistence > 0.0 else {}

    def results(self) -> dict[str, Any]:
        return {"kind": self.kind, "truth": self.options.frames, "prediction": self.options.prediction,
                "phases": {phase: self._phase_results(phase, sums) for phase, sums in self._sums.items()}}

    def _phase_results(self, phase: str, sums: dict[str, list[float]]) -> dict[str, Any]:
        learning = self._learned[phase]
        means = {name: sums[name][1] / sums[name][0] for name in FORECASTS if name in sums}
        summary = {f"{name}_mse": mean for name, mean in means.items()}
        for name in ("persistence", "autoregression"):
            if means.get(name):
                summary[f"of_{name}"] = means["prediction"] / means[name]
        return {"learning": learning, "how": "prequential" if learning else "held-out",
                "items": int(sums["prediction"][0]), "summary": summary}

    # --- saving ---------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        linear = self._linear
        gram, cross = (None if sums is None else sums.copy() for sums in (linear.gram, linear.cross))
        return {**self.base_state(), "frames": list(self._frames), "predictions": list(self._predictions),
                "recent": list(linear.recent), "gram": gram, "cross": cross,
                "sums": [[phase, self._learned[phase], [[name, *entry] for name, entry in sums.items()]]
                         for phase, sums in self._sums.items()],
                "window": [list(pair) for pair in self._window], "next": self._cadence.next,
                "items": self._items, "since_row": self._since_row}

    def load_state(self, state: dict[str, Any]) -> None:
        self.load_base_state(state)
        self._frames, self._predictions = deque(state["frames"]), deque(state["predictions"])
        self._linear = Autoregression(self.options.context, self.options.penalty)
        self._linear.recent.extend(state["recent"])
        self._linear.gram, self._linear.cross = state["gram"], state["cross"]
        self._sums, self._learned = {}, {}
        for phase, learning, sums in state["sums"]:
            self._learned[phase] = learning
            self._sums[phase] = {name: list(entry) for name, *entry in sums}
        self._window = deque((tuple(pair) for pair in state["window"]), maxlen=self.options.window)
        self._cadence.next, self._items, self._since_row = state["next"], state["items"], state["since_row"]
