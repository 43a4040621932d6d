"""The metric ``scalars``: single numbers and zones' learning scalars over time, in few rows."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from aura.core.errors import AuraError, nearest
from aura.core.signals import Signal
from aura.core.time import Time, parse_time
from aura.core.zone import Scalars
from aura.plugins.figures import Figure
from aura.plugins.metrics.interval_means import IntervalMeans
from aura.plugins.metrics.metric import Metric
from aura.plugins.metrics.options import MeansEvery, MetricOptions, Topic
from aura.plugins.metrics.results import Results

if TYPE_CHECKING:
    from aura.core.observer import BrainView

__all__ = ["ScalarOptions", "ScalarSeries"]

_TOPICS = ""
"""The series of the topics, beside one series a zone; no zone has this name."""


class ScalarOptions(MetricOptions):
    """Options of the metric ``scalars``."""

    topics: tuple[Topic, ...] = Field((), description="Topics of single numbers.")
    zones: tuple[str, ...] = Field(
        ("*",),
        description="Zones whose learning scalars are kept, shell patterns; by default all.")
    every: MeansEvery = "100 ms"
    max_rows: int = Field(
        2000, ge=10,
        description="After so many rows of one series its interval doubles, so that rows grow with the logarithm "
                    "of time only.")


class ScalarSeries(Metric):
    """Means over intervals of time, a row for all topics and a row for each zone."""

    kind = "scalars"

    def __init__(self, name: str, options: ScalarOptions) -> None:
        super().__init__(name, options)
        self.topics = tuple(dict.fromkeys(options.topics))
        self._span = parse_time(options.every)
        self._series: dict[str, IntervalMeans] = {}
        self._totals: dict[str, dict[str, dict[str, float]]] = {}

    def check(self, brain: BrainView) -> None:
        for topic in self.options.topics:
            self.require_topic(brain, "topics", topic, dtypes=("float", "int", "uint", "bool"), items=False)
        for pattern in self.options.zones:
            if not any(fnmatchcase(zone, pattern) for zone in brain.plans):
                raise AuraError(f"metrics.{self.name}.zones", expected="zones of this brain", got=repr(pattern),
                                hint=nearest(pattern, brain.plans))

    def on_signal(self, signal: Signal) -> None:
        value = np.asarray(signal.value)
        if value.size:
            self._take(_TOPICS, signal.topic, float(value.mean()), signal.time)

    def on_learn(self, zone: str, now: Time, scalars: Scalars) -> None:
        if scalars and any(fnmatchcase(zone, pattern) for pattern in self.options.zones):
            for name, value in scalars.items():
                self._take(zone, name, float(value), now)

    def after_tick(self, now: Time) -> None:
        for owner, series in self._series.items():
            if series.count and now >= series.next:
                self._write(owner, series, now)

    def end_phase(self, now: Time) -> None:
        for owner, series in self._series.items():
            if series.count:
                self._write(owner, series, now)

    def _take(self, owner: str, name: str, value: float, now: Time) -> None:
        series = self._series.get(owner)
        if series is None:
            series = self._series[owner] = IntervalMeans(self._span)
            series.next = now  # the first value is a row at once
        series.add(name, value)
        label = f"{owner}.{name}" if owner else name
        total = self._totals.setdefault(self.phase, {}).setdefault(
            label, {"count": 0.0, "sum": 0.0, "min": value, "max": value, "last": value})
        total["count"] += 1.0
        total["sum"] += value
        total["min"], total["max"], total["last"] = min(total["min"], value), max(total["max"], value), value

    def _write(self, owner: str, series: IntervalMeans, now: Time) -> None:
        count = series.count
        means = series.take(now, self.options.max_rows)
        if owner:
            self.rows.append({"time": now, "phase": self.phase, "zone": owner, "values": means})
        else:
            self.add_row(now, count, means)

    def results(self) -> dict[str, Any]:
        return {"kind": self.kind, "phases": {
            phase: {"summary": {name: total["sum"] / total["count"] for name, total in totals.items()},
                    "per_series": [{"name": name, "mean": total["sum"] / total["count"], "min": total["min"],
                                    "max": total["max"], "last": total["last"], "count": int(total["count"])}
                                   for name, total in totals.items()]}
            for phase, totals in self._totals.items()}}

    @classmethod
    def figures(cls, found: Results, others: Mapping[str, Results]) -> list[Figure]:
        """Return nothing: the report draws all scalars, and what zones log, in one section."""
        return []

    def state(self) -> dict[str, Any]:
        return {**self.base_state(),
                "series": [[owner, *one.state()] for owner, one in self._series.items()],
                "totals": [[phase, [[name, dict(total)] for name, total in totals.items()]]
                           for phase, totals in self._totals.items()]}

    def load_state(self, state: dict[str, Any]) -> None:
        self.load_base_state(state)
        self._series = {owner: IntervalMeans.of(one) for owner, *one in state["series"]}
        self._totals = {phase: {name: dict(total) for name, total in totals} for phase, totals in state["totals"]}
