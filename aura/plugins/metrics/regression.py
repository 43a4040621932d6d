"""The metric ``regression``: numbers predicted by a zone against the truth that the stream tells."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import pearsonr
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from aura.core.errors import AuraError
from aura.core.signals import Signal
from aura.core.time import Time
from aura.plugins.metrics.cadence import Cadence
from aura.plugins.metrics.matching import Matcher, ids_of
from aura.plugins.metrics.metric import Metric
from aura.plugins.metrics.moments import Moments
from aura.plugins.metrics.options import RegressionOptions

if TYPE_CHECKING:
    from aura.core.brain import Brain

__all__ = ["Regression", "window_figures"]

BLOCK_ITEMS = 256
"""Items merged into the moments at once; fixed, so that a resumed run adds in the same order."""

Pair = tuple[np.ndarray, np.ndarray]


def window_figures(true: np.ndarray, said: np.ndarray) -> dict[str, float]:
    """Return MAE, RMSE, R2 and Pearson's r of two arrays (item, dimension), averaged over the dimensions.

    R2 and r are left out where the truth, or for r the prediction, does not vary.
    """
    figures = {"mae": float(mean_absolute_error(true, said)), "rmse": float(root_mean_squared_error(true, said))}
    if len(true) > 1 and np.ptp(true, axis=0).all():
        figures["r2"] = float(r2_score(true, said))
        if np.ptp(said, axis=0).all():
            figures["pearson"] = float(np.mean([pearsonr(true[:, d], said[:, d]).statistic
                                                for d in range(true.shape[1])]))
    return figures


class Regression(Metric):
    """MAE, RMSE, R2 and Pearson's r, per phase and rolling; phases as for ``classification``.

    Parameters
    ----------
    name : str
        The metric's name in its scenario.
    options : RegressionOptions
        What it watches.
    """

    kind = "regression"

    def __init__(self, name: str, options: RegressionOptions) -> None:
        super().__init__(name, options)
        self.topics = tuple(dict.fromkeys((options.truth, options.prediction)))
        self._matcher = Matcher(("truth", "prediction"), options.pending)
        self._moments: dict[str, Moments] = {}
        self._learned: dict[str, bool] = {}
        self._blocks: dict[str, list[Pair]] = {}
        self._items: dict[str, int] = {}
        self._window: deque[Pair] = deque(maxlen=options.window)
        self._cadence = Cadence(options.every)
        self._latest: dict[str, float] = {}
        self._since_row = 0

    def check(self, brain: Brain) -> None:
        for option, topic in (("truth", self.options.truth), ("prediction", self.options.prediction)):
            self.require_topic(brain, option, topic, dtypes=("float",))

    # --- what happens ---------------------------------------------------------------------------------------------

    def on_signal(self, signal: Signal) -> None:
        ids = ids_of(signal.ids)
        rows: Sequence[np.ndarray] = [np.atleast_1d(row) for row in np.asarray(signal.value)]
        if signal.topic == self.options.truth:
            self._take(signal.time, self._matcher.put(0, ids, rows))
        if signal.topic == self.options.prediction:
            self._take(signal.time, self._matcher.put(1, ids, [(self.phase, self.learning, row) for row in rows]))

    def on_phase(self, phase: str, learning: bool, now: Time) -> None:
        if (phase, learning) == (self.phase, self.learning):
            return
        if self._since_row:
            self._roll(now)
        super().on_phase(phase, learning, now)
        self._window.clear()
        self._cadence.new_phase(now)

    def _take(self, now: Time, complete: Iterable[list[Any]]) -> None:
        for true, (phase, learning, said) in complete:
            if true.shape != said.shape:
                raise AuraError(f"metrics.{self.name}", expected="as many numbers in the truth as in the prediction",
                                got=f"{true.size} and {said.size}")
            block = self._blocks.setdefault(phase, [])
            block.append((true, said))
            self._learned.setdefault(phase, learning)
            self._items[phase] = self._items.get(phase, 0) + 1
            if len(block) == BLOCK_ITEMS:
                self._moments.setdefault(phase, Moments(true.size)).add(*_stacked(block))
                block.clear()
            if phase == self.phase:
                self._window.append((true, said))
                self._since_row += 1
                if self._cadence.due(self._items[phase], now):
                    self._roll(now)

    def _roll(self, now: Time) -> None:
        self._since_row = 0
        self._latest = window_figures(*_stacked(self._window))
        self.add_row(now, self._items[self.phase], self._latest)

    # --- what a person reads --------------------------------------------------------------------------------------

    def headline(self) -> dict[str, float]:
        return {name: self._latest[name] for name in ("mae", "r2") if name in self._latest}

    def results(self) -> dict[str, Any]:
        return {"kind": self.kind, "truth": self.options.truth, "prediction": self.options.prediction,
                "phases": {phase: self._phase_results(phase) for phase in self._blocks},
                "unmatched": dict(self._matcher.unmatched), "waiting": len(self._matcher)}

    def _phase_results(self, phase: str) -> dict[str, Any]:
        block = self._blocks[phase]
        moments = self._moments.get(phase)
        moments = moments.copy() if moments is not None else Moments(block[0][0].size)
        if block:
            moments.add(*_stacked(block))
        count = len(moments.mean_true)
        names = self.options.names if len(self.options.names) == count else tuple(map(str, range(count)))
        figures = [moments.figures(dimension) for dimension in range(count)]
        shared = [key for key in figures[0] if all(key in one for one in figures)]
        learning = self._learned[phase]
        return {"learning": learning, "how": "prequential" if learning else "held-out", "items": moments.items,
                "summary": {key: float(np.mean([one[key] for one in figures])) for key in shared},
                "per_dimension": [{"name": name, **one} for name, one in zip(names, figures, strict=True)]}

    # --- saving ---------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        return {
            **self.base_state(), "matcher": self._matcher.state(), "next": self._cadence.next,
            "latest": dict(self._latest), "since_row": self._since_row,
            "phases": [[phase, self._learned[phase], self._items[phase], _packed(block),
                        self._moments[phase].state() if phase in self._moments else None]
                       for phase, block in self._blocks.items()],
            "window": _packed(self._window),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        self.load_base_state(state)
        self._matcher.load_state(state["matcher"])
        self._cadence.next, self._latest, self._since_row = state["next"], state["latest"], state["since_row"]
        self._moments, self._learned, self._blocks, self._items = {}, {}, {}, {}
        for phase, learning, items, block, moments in state["phases"]:
            self._learned[phase], self._items[phase], self._blocks[phase] = learning, items, _unpacked(block)
            if moments is not None:
                self._moments[phase] = Moments(len(moments["mean_true"]))
                self._moments[phase].load_state(moments)
        self._window = deque(_unpacked(state["window"]), maxlen=self.options.window)


def _stacked(pairs: Iterable[Pair]) -> Pair:
    true, said = zip(*pairs, strict=True)
    return np.stack(true), np.stack(said)


def _packed(pairs: Sequence[Pair] | deque[Pair]) -> list[np.ndarray]:
    return list(_stacked(pairs)) if pairs else []


def _unpacked(arrays: list[np.ndarray]) -> list[Pair]:
    return list(zip(*arrays, strict=True)) if arrays else []
