"""The metric ``scalars``: single numbers and zones' learning scalars over time, in few rows."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import Field

from aura.core.errors import AuraError, nearest
from aura.core.signals import Signal
from aura.core.time import Time
from aura.core.zone import Scalars
from aura.plugins.figures import Figure
from aura.plugins.metrics.options import NUMBERS, MaxRows, MeansEvery, MetricOptions, Need, Topic
from aura.plugins.metrics.results import Results
from aura.plugins.metrics.totals import IntervalMeans, OverTime

if TYPE_CHECKING:
    from aura.core.observer import BrainView

__all__ = ["ScalarOptions", "ScalarSeries"]


class ScalarOptions(MetricOptions):
    """Options of the metric ``scalars``."""

    topics: tuple[Topic, ...] = Field((), description="Topics of single numbers.")
    zones: tuple[str, ...] = Field(
        ("*",),
        description="Zones whose learning scalars are kept, shell patterns; by default all.")
    every: MeansEvery = "100 ms"
    max_rows: MaxRows = 2000


class ScalarSeries(OverTime):
    """Means over intervals of time, a row for all topics and a row for each zone."""

    kind = "scalars"
    needs: ClassVar = {"topics": Need(NUMBERS, items=None)}

    def check(self, brain: BrainView) -> None:
        super().check(brain)
        for pattern in self.options.zones:
            if not any(fnmatchcase(zone, pattern) for zone in brain.plans):
                raise AuraError(f"metrics.{self.name}.zones", expected="zones of this brain", got=repr(pattern),
                                hint=nearest(pattern, brain.plans))

    def on_signal(self, signal: Signal) -> None:
        value = np.asarray(signal.value)
        if value.size:
            self._note("", [(signal.topic, float(value.mean()))], signal.time)

    def on_learn(self, zone: str, now: Time, scalars: Scalars) -> None:
        if scalars and any(fnmatchcase(zone, pattern) for pattern in self.options.zones):
            self._note(zone, [(f"{zone}.{name}", float(value)) for name, value in scalars.items()], now)

    def _note(self, owner: str, numbers: list[tuple[str, float]], now: Time) -> None:
        series = self.take(owner, self.place(), numbers, len(numbers))
        if not series.rows:
            series.next = now  # the first value is a row at once

    def write(self, owner: str, series: IntervalMeans, now: Time) -> None:
        if not owner:
            return super().write(owner, series, now)
        means = {name.removeprefix(f"{owner}."): mean for name, mean in series.take(now, self.options.max_rows).items()}
        return self.keep_row({"time": now, "phase": self.phase, "zone": owner, "values": means})

    def what(self, place: str) -> dict[str, Any]:
        return {}

    def tell(self, place: str, part: Any) -> dict[str, Any]:
        rows = part.rows()
        called = (("name", "name"), ("mean", "mean"), ("min", "least"), ("max", "largest"), ("last", "last"),
                  ("count", "count"))
        return {"summary": {row["name"]: row["mean"] for row in rows},
                "per_series": [{name: row[key] for name, key in called} for row in rows]}

    @classmethod
    def figures(cls, found: Results, others: Mapping[str, Results]) -> list[Figure]:
        """Return nothing: the report draws all scalars, and what zones log, in one section."""
        return []
