"""The metric ``grouped``: a number by the value of another signal of the same tick, such as loss by mode."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from aura.core.classes import OTHER
from aura.core.errors import AuraError
from aura.core.signals import Signal
from aura.core.time import Time, parse_time
from aura.plugins.figures import Column, Curves, Figure, Table, Text
from aura.plugins.metrics.interval_means import IntervalMeans
from aura.plugins.metrics.metric import Metric
from aura.plugins.metrics.options import MaxRows, MeansEvery, MetricOptions, Topic
from aura.plugins.metrics.results import Results

if TYPE_CHECKING:
    from aura.core.observer import BrainView

__all__ = ["Grouped", "GroupedOptions"]


class GroupedOptions(MetricOptions):
    """Options of the metric ``grouped``."""

    value: Topic = Field(description="Topic of numbers; of several the mean is taken.")
    group: Topic = Field(
        description="Topic of one text or one integer, said in the same tick: what the numbers are grouped by.")
    every: MeansEvery = "100 ms"
    max_rows: MaxRows = 2000
    max_groups: int = Field(
        16, ge=2, le=100,
        description='Groups told apart; what comes beyond is one group "(other)".')


class Grouped(Metric):
    """Mean, least, largest and last of a number in each group, per phase, and its means over time."""

    kind = "grouped"

    def __init__(self, name: str, options: GroupedOptions) -> None:
        super().__init__(name, options)
        self.topics = tuple(dict.fromkeys((options.value, options.group)))
        self._groups: dict[str, None] = {}
        self._means = IntervalMeans(parse_time(options.every))
        self._totals: dict[str, dict[str, list[float]]] = {}
        """Phase to group to count, sum, least, largest, last."""
        self._value: float | None = None
        self._group: str | None = None
        self._unit = "1"

    def check(self, brain: BrainView) -> None:
        self._unit = self.require_topic(brain, "value", self.options.value, dtypes=("float", "int", "uint", "bool"),
                                        items=False).unit
        port = self.require_topic(brain, "group", self.options.group, dtypes=("text", "int", "uint"), items=False)
        if port.has_items or len(port.shape) > (port.dtype == "text"):
            raise AuraError(f"metrics.{self.name}.group", expected="a topic that says one text or one integer",
                            got=f"{self.options.group}: {port.describe()}")

    # --- what happens ---------------------------------------------------------------------------------------------

    def on_signal(self, signal: Signal) -> None:
        value = signal.value
        if signal.topic == self.options.group:
            self._group = self._named(value)
        if signal.topic == self.options.value and isinstance(value, np.ndarray) and value.size:
            self._value = float(value.mean()) if value.ndim else float(value)

    def after_tick(self, now: Time) -> None:
        # Only here: both topics of the tick have spoken, whatever their order.
        value, group = self._value, self._group
        self._value = self._group = None
        if value is not None and group is not None:
            self._take(value, group)
        if self._means.count and now >= self._means.next:
            self._roll(now)

    def end_phase(self, now: Time) -> None:
        if self._means.count:
            self._roll(now)

    def _named(self, value: Any) -> str:
        if isinstance(value, np.ndarray):
            return str(int(value))
        if len(value) != 1:
            raise AuraError(f"metrics.{self.name}.group", expected="one text in each signal", got=f"{len(value)}")
        return str(value[0])

    def _take(self, value: float, group: str) -> None:
        if group not in self._groups:
            if len(self._groups) >= self.options.max_groups - 1:
                group = OTHER
            self._groups[group] = None
        self._means.add(group, value)
        groups = self._totals.setdefault(self.place(), {})
        total = groups.get(group)
        if total is None:
            groups[group] = [1.0, value, value, value, value]
            return
        total[0] += 1.0
        total[1] += value
        total[2], total[3], total[4] = min(total[2], value), max(total[3], value), value

    def _roll(self, now: Time) -> None:
        count = self._means.count
        self.add_row(now, count, self._means.take(now, self.options.max_rows))

    # --- what a person reads --------------------------------------------------------------------------------------

    def results(self) -> dict[str, Any]:
        return {"kind": self.kind, "signal": self.options.value, "group": self.options.group, "unit": self._unit,
                "phases": {phase: self._phase_results(phase, groups) for phase, groups in self._totals.items()}}

    def _phase_results(self, phase: str, groups: dict[str, list[float]]) -> dict[str, Any]:
        return {**self.what(phase, judged=False),
                "summary": {group: total / count for group, (count, total, *_) in groups.items()},
                "groups": [{"name": group, "count": int(count), "mean": total / count, "least": least,
                            "largest": largest, "last": last}
                           for group, (count, total, least, largest, last) in groups.items()]}

    @classmethod
    def figures(cls, found: Results, others: Mapping[str, Results]) -> list[Figure]:
        """Return a number by group: its curves over time, and a table."""
        signal, group = found.signal, found.more["group"]
        keys = ("mean", "least", "largest", "last")
        # The same order in every phase, that in which the groups first came.
        order = list(dict.fromkeys(row["name"] for phase in found.phases.values() for row in phase.more["groups"]))
        rows = tuple((place, phase.how, row["name"], row["count"], *(row[key] for key in keys))
                     for place, phase in found.phases.items()
                     for row in sorted(phase.more["groups"], key=lambda row: order.index(row["name"])))
        return [Text(text=f"{signal} by what {group} said in the same tick.", kind="about"),
                Curves(smooth=True, quantity=found.quantity, alt=f"Mean {signal} by {group} over simulated time.",
                       caption=f"Running means, each of a 25th of its phase, a line for each {group}; phases without "
                               "learning are shaded."),
                *([Table(columns=(Column(name="phase"), Column(name="measured"), Column(name=group),
                                  Column(name="ticks", kind="count"),
                                  *(Column(name=key, kind="measured") for key in keys)), rows=rows,
                         caption=f"{signal}{'' if found.unit == '1' else f' in {found.unit}'} by {group}.")]
                  if rows else [])]

    # --- saving ---------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        return {**self.base_state(), "groups": list(self._groups), "means": self._means.state(),
                "waiting": [self._value, self._group],
                "totals": [[phase, [[group, *total] for group, total in groups.items()]]
                           for phase, groups in self._totals.items()]}

    def load_state(self, state: dict[str, Any]) -> None:
        self.load_base_state(state)
        self._groups = dict.fromkeys(state["groups"])
        self._means = IntervalMeans.of(state["means"])
        self._value, self._group = state["waiting"]
        self._totals = {phase: {group: total for group, *total in groups} for phase, groups in state["totals"]}
