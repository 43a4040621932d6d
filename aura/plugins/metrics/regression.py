"""The metric ``regression``: numbers predicted by a zone against the truth that the stream tells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import Field

from aura.core.errors import AuraError
from aura.core.signals import Signal
from aura.core.time import Time
from aura.plugins.figures import Column, Figure, Table
from aura.plugins.metrics.matching import ids_of
from aura.plugins.metrics.metric import SEEN_BEFORE, Metric
from aura.plugins.metrics.moments import Moments
from aura.plugins.metrics.options import MetricOptions, Pending, RowsEvery, Topic
from aura.plugins.metrics.results import PhaseResults, Results, by_phase
from aura.plugins.metrics.rolling import Rolling
from aura.plugins.words import named

if TYPE_CHECKING:
    from aura.core.observer import BrainView

__all__ = ["Regression", "RegressionOptions", "window_figures"]

BLOCK_ITEMS = 256
"""Items merged into the moments at once; fixed, so that a resumed run adds in the same order."""

Pair = tuple[np.ndarray, np.ndarray]


def window_figures(true: np.ndarray, said: np.ndarray) -> dict[str, float]:
    """Return MAE, RMSE, R2 and Pearson's r of two arrays (item, dimension), averaged over the dimensions.

    R2 and r are left out where the truth, or for r the prediction, does not vary.
    """
    true, said = true.astype(np.float64), said.astype(np.float64)
    errors, off_true, off_said = said - true, true - true.mean(axis=0), said - said.mean(axis=0)
    squared, spread = (errors**2).sum(axis=0), (off_true**2).sum(axis=0)
    figures = {"mae": float(np.abs(errors).mean()), "rmse": float(np.sqrt(squared / len(true)).mean())}
    if len(true) > 1 and np.ptp(true, axis=0).all():
        figures["r2"] = float((1.0 - squared / spread).mean())
        if np.ptp(said, axis=0).all():
            both = np.sqrt(spread) * np.sqrt((off_said**2).sum(axis=0))
            figures["pearson"] = float(((off_true * off_said).sum(axis=0) / both).mean())
    return figures


class RegressionOptions(MetricOptions):
    """Options of the metric ``regression``."""

    truth: Topic = Field(description="Topic of floats, (item,) or (item, dimension).")
    prediction: Topic = Field(description="Topic of what was predicted of the same items, alike in shape.")
    names: tuple[str, ...] = Field((), description="The dimensions' names; by default they are numbered.")
    window: int = Field(1000, ge=2, le=100_000, description="Items that a rolling figure looks back on.")
    every: RowsEvery = "auto"
    pending: Pending = None


class Regression(Metric):
    """MAE, RMSE, R2 and Pearson's r, per phase and rolling; phases as for ``classification``."""

    kind = "regression"
    headlines: ClassVar = {"r2": "R²", "pearson": "Pearson's r", "mae": "MAE"}

    def __init__(self, name: str, options: RegressionOptions) -> None:
        super().__init__(name, options)
        self.topics = tuple(dict.fromkeys((options.truth, options.prediction)))
        self._matcher = self.matching(("truth", "prediction"))
        self._moments: dict[str, Moments] = {}
        self._blocks: dict[str, list[Pair]] = {}
        self._items: dict[str, int] = {}
        self._rolling: Rolling[Pair] = Rolling(options.window, options.every)
        self._latest: tuple[str, dict[str, float]] = ("", {})
        """Where the last row stands, and its figures."""

    def check(self, brain: BrainView) -> None:
        for option, topic in (("truth", self.options.truth), ("prediction", self.options.prediction)):
            self.require_topic(brain, option, topic, dtypes=("float",))

    # --- what happens ---------------------------------------------------------------------------------------------

    def on_signal(self, signal: Signal) -> None:
        ids = ids_of(signal.ids)
        rows: Sequence[np.ndarray] = [np.atleast_1d(row) for row in np.asarray(signal.value)]
        if signal.topic == self.options.truth:
            self._take(signal.time, self._matcher.put(0, ids, rows))
        if signal.topic == self.options.prediction:
            self._take(signal.time, self._matcher.put(1, ids, zip(self.places(signal), rows, strict=True)))

    def end_phase(self, now: Time) -> None:
        for place in self._rolling.waiting():
            self._roll(place, now)
        self._rolling.clear()

    def _take(self, now: Time, complete: Iterable[list[Any]]) -> None:
        for true, (place, said) in complete:
            if true.shape != said.shape:
                raise AuraError(f"metrics.{self.name}", expected="as many numbers in the truth as in the prediction",
                                got=f"{true.size} and {said.size}")
            block = self._blocks.setdefault(place, [])
            block.append((true, said))
            self._items[place] = self._items.get(place, 0) + 1
            if len(block) == BLOCK_ITEMS:
                self._moments.setdefault(place, Moments(true.size)).add(*_stacked(block))
                block.clear()
            if self.is_present(place) and self._rolling.add(place, (true, said), self._items[place], now):
                self._roll(place, now)

    def _roll(self, place: str, now: Time) -> None:
        self._latest = place, window_figures(*_stacked(self._rolling.row(place)))
        self.add_row(now, self._items[place], self._latest[1], place)

    # --- what a person reads --------------------------------------------------------------------------------------

    def headline(self) -> dict[str, float]:
        place, latest = self._latest
        later = f" ({SEEN_BEFORE})" if latest and not self.is_first(place) else ""
        return {f"{name}{later}": latest[name] for name in ("mae", "r2") if name in latest}

    def results(self) -> dict[str, Any]:
        return {"kind": self.kind, "truth": self.options.truth, "prediction": self.options.prediction,
                "phases": {phase: self._phase_results(phase) for phase in self._blocks},
                "unmatched": self._matcher.alone(), "waiting": len(self._matcher)}

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
        return {**self.what(phase), "items": moments.items,
                "summary": {key: float(np.mean([one[key] for one in figures])) for key in shared},
                "per_dimension": [{"name": name, **one} for name, one in zip(names, figures, strict=True)]}

    @classmethod
    def figures(cls, found: Results, others: Mapping[str, Results]) -> list[Figure]:
        return [*super().figures(found, others), *by_phase(found, "Dimensions", _dimensions)]

    # --- saving ---------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        return {
            **self.base_state(), "matcher": self._matcher.state(), "latest": list(self._latest),
            "phases": [[place, self._items[place], _packed(block),
                        self._moments[place].state() if place in self._moments else None]
                       for place, block in self._blocks.items()],
            "rolling": self._rolling.state(_packed),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        self.load_base_state(state)
        self._matcher.load_state(state["matcher"])
        self._latest = (state["latest"][0], state["latest"][1])
        self._moments, self._blocks, self._items = {}, {}, {}
        for place, items, block, moments in state["phases"]:
            self._items[place], self._blocks[place] = items, _unpacked(block)
            if moments is not None:
                self._moments[place] = Moments(len(moments["mean_true"]))
                self._moments[place].load_state(moments)
        self._rolling.load_state(state["rolling"], _unpacked)


def _dimensions(name: str, phase: PhaseResults) -> Iterator[Figure]:
    if rows := phase.more.get("per_dimension"):
        keys = [key for key in dict.fromkeys(key for row in rows for key in row) if key != "name"]
        yield Table(columns=(Column(name="dimension"), *(Column(name=named(key), kind="figure") for key in keys)),
                    rows=tuple((row.get("name", ""), *map(row.get, keys)) for row in rows), caption="Every dimension.")


def _stacked(pairs: Iterable[Pair]) -> Pair:
    true, said = zip(*pairs, strict=True)
    return np.stack(true), np.stack(said)


def _packed(pairs: Sequence[Pair]) -> list[np.ndarray]:
    return list(_stacked(pairs)) if pairs else []


def _unpacked(arrays: list[np.ndarray]) -> list[Pair]:
    return list(zip(*arrays, strict=True)) if arrays else []
