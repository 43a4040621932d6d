"""The metric ``grouped``: a number by the value of another signal of the same tick, such as loss by mode."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import Field

from aura.core.classes import OTHER
from aura.core.errors import AuraError
from aura.core.signals import Signal
from aura.core.time import Time
from aura.plugins.figures import Column, Curves, Figure, Table, Text
from aura.plugins.metrics.options import NUMBERS, MaxRows, MeansEvery, MetricOptions, Need, Topic
from aura.plugins.metrics.results import Results
from aura.plugins.metrics.totals import OverTime

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


class Grouped(OverTime):
    """Mean, least, largest and last of a number in each group, per phase, and its means over time."""

    kind = "grouped"
    needs: ClassVar = {"value": Need(NUMBERS, items=None), "group": Need(("text", "int", "uint"), items=None)}
    lasting = ("_groups", "_value", "_group")

    def __init__(self, name: str, options: GroupedOptions) -> None:
        super().__init__(name, options)
        self._groups: list[str] = []
        self._value: float | None = None
        self._group: str | None = None

    def check(self, brain: BrainView) -> None:
        super().check(brain)
        port = self.require_topic(brain, "group", self.options.group, items=False)
        if port.has_items or len(port.shape) > (port.dtype == "text"):
            raise AuraError(f"metrics.{self.name}.group", expected="a topic that says one text or one integer",
                            got=f"{self.options.group}: {port.describe()}")

    def on_signal(self, signal: Signal) -> None:
        self.due, value = 0, signal.value
        if signal.topic == self.options.group:
            if not isinstance(value, np.ndarray) and len(value) != 1:
                raise AuraError(f"metrics.{self.name}.group", expected="one text in each signal", got=f"{len(value)}")
            self._group = str(int(value) if isinstance(value, np.ndarray) else value[0])
        if signal.topic == self.options.value and isinstance(value, np.ndarray) and value.size:
            self._value = float(value.mean())

    def after_tick(self, now: Time) -> Time:
        # Only here: both topics of the tick have spoken, whatever their order.
        value, group = self._value, self._group
        self._value = self._group = None
        if value is not None and group is not None:
            if group not in self._groups:
                group = OTHER if len(self._groups) >= self.options.max_groups - 1 else group
                self._groups += [] if group in self._groups else [group]
            self.take("", self.place(), [(group, value)], 1)
        return super().after_tick(now)

    def about(self) -> dict[str, Any]:
        return {"signal": self.options.value, "group": self.options.group, "unit": self.unit(self.options.value)}

    def tell(self, place: str, part: Any) -> dict[str, Any]:
        return {"summary": part.means(), "groups": part.rows()}

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
        columns = (Column(name="phase"), Column(name="measured"), Column(name=group),
                   Column(name="ticks", kind="count"), *(Column(name=key, kind="measured") for key in keys))
        caption = f"{signal}{'' if found.unit == '1' else f' in {found.unit}'} by {group}."
        return [Text(text=f"{signal} by what {group} said in the same tick.", kind="about"),
                Curves(smooth=True, quantity=found.quantity, alt=f"Mean {signal} by {group} over simulated time.",
                       caption=f"Running means, each of a 25th of its phase, a line for each {group}; phases without "
                               "learning are shaded."),
                *([Table(columns=columns, rows=rows, caption=caption)] if rows else [])]
