"""The metric ``components``: a vector over time, one number for each part of a mixture that may grow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import BeforeValidator, Field

from aura.core.errors import AuraError
from aura.core.signals import Signal
from aura.core.time import Time, parse_time
from aura.plugins.figures import Column, Curves, Figure, Table, Text
from aura.plugins.metrics.component_totals import ComponentTotals, added, one_sided
from aura.plugins.metrics.interval_means import IntervalMeans
from aura.plugins.metrics.metric import Metric
from aura.plugins.metrics.options import Label, MaxRows, MeansEvery, MetricOptions, Topic
from aura.plugins.metrics.results import Results, main_phases
from aura.plugins.words import count, share

if TYPE_CHECKING:
    from aura.core.observer import BrainView

__all__ = ["ComponentOptions", "Components"]

BLOCK_SIGNALS = 256
"""Signals counted at once: one by one they would cost some 30 us each."""


def _names_or_topic(value: Any) -> Any:
    """Return names that differ, or a topic, or nothing."""
    if isinstance(value, str):
        if "." not in value:
            raise ValueError("names such as ['fast', 'slow'], or the topic that tells them, such as 'mixture.names'")
    elif value is not None:
        names = list(value) if isinstance(value, (list, tuple)) else []
        if not names or not all(isinstance(name, str) and name for name in names):
            raise ValueError("names such as ['fast', 'slow'], or the topic that tells them, such as 'mixture.names'")
        twice = [name for number, name in enumerate(names) if name in names[:number]]
        if twice:
            raise ValueError(f"names that differ; {twice[0]!r} stands twice")
    return value


class ComponentOptions(MetricOptions):
    """Options of the metric ``components``."""

    signal: Topic = Field(
        description="Topic of one number for each component, (component,) or (item, component), of which the mean "
                    "over the items counts; it may get longer as the brain grows.")
    label: Label = Field(
        "",
        description="What a component is: expert names them expert_0, expert_1, and so on; without it they are "
                    "numbered. Charts of one label give each component the same colour.")
    names: Annotated[tuple[str, ...] | Topic | None, BeforeValidator(_names_or_topic)] = Field(
        None,
        description="Instead of the label: the names of the components in their order, or the topic of text that tells "
                    "them; of those beyond the names the numbers stand.")
    stacked: bool = Field(
        False,
        description="Whether the numbers are shares of one whole: drawn on top of each other, and one that has "
                    "more than 90 % since the last growth is told of.")
    every: MeansEvery = "100 ms"
    max_rows: MaxRows = 2000
    max_components: int = Field(64, ge=1, le=250, description="Components kept; those beyond are counted only.")


class Components(Metric):
    """Means of each component over intervals of time and over each phase, such as the utilisation of experts.

    Of a topic with items the mean over the items of a tick counts, in a phase the mean of those whose rows were learned
    before by itself.
    """

    kind = "components"

    def __init__(self, name: str, options: ComponentOptions) -> None:
        super().__init__(name, options)
        self._names_topic = options.names if isinstance(options.names, str) else None
        self.topics = (options.signal, self._names_topic) if self._names_topic else (options.signal,)
        self._means = IntervalMeans(parse_time(options.every))
        self._signals = 0
        """Signals since the last row."""
        self._phases: dict[str, ComponentTotals] = {}
        self._told: tuple[str, ...] = options.names if isinstance(options.names, tuple) else ()
        self._value: Signal | None = None
        self._block: list[np.ndarray] = []
        self._place = ""
        """Where the block counts."""
        self._largest = 0
        self._unit = "1"

    def check(self, brain: BrainView) -> None:
        options = self.options
        port = self.require_topic(brain, "signal", options.signal, dtypes=("float", "int", "uint", "bool"), items=False)
        if len(port.shape) != 1 + port.has_items:
            raise AuraError(f"metrics.{self.name}.signal", expected="a topic of one number for each component, as "
                            "(expert,) or (item, expert)", got=f"{options.signal}: {port.describe()}")
        self._unit = port.unit
        if self._names_topic is not None:
            self.require_topic(brain, "names", self._names_topic, dtypes=("text",), items=False)

    # --- what happens ---------------------------------------------------------------------------------------------

    def on_signal(self, signal: Signal) -> None:
        if signal.topic == self.options.signal:
            self._value = signal
        if signal.topic == self._names_topic:
            self._told = self._checked(signal.value)

    def after_tick(self, now: Time) -> None:
        # Only here: both topics of the tick have spoken, whatever their order.
        signal, self._value = self._value, None
        if signal is not None:
            values = np.asarray(signal.value, dtype=np.float64)
            if values.ndim == 1:
                self._take(values, self.place())
            elif len(values):
                places = self.places(signal)
                for place in dict.fromkeys(places):
                    self._take(values[[other == place for other in places]].mean(axis=0), place)
        if self._signals and now >= self._means.next:
            self._roll(now)

    def end_phase(self, now: Time) -> None:
        if self._signals:
            self._roll(now)

    def _take(self, values: np.ndarray, place: str) -> None:
        self._largest = max(self._largest, len(values))
        values = values[:self.options.max_components]
        if self._block and (len(self._block[0]) != len(values) or len(self._block) >= BLOCK_SIGNALS
                            or place != self._place):
            self._fold()
        self._place = place
        self._block.append(values)
        self._signals += 1

    def _fold(self) -> None:
        """Count what has been gathered, all of it in one place and interval."""
        if not self._block:
            return
        block, self._block = np.stack(self._block), []
        totals = self._phases.setdefault(self._place, ComponentTotals())
        totals.add(block)
        length = block.shape[1]
        before = [self._means.sums.get(str(number), [0.0, 0.0]) for number in range(length)]
        sums = added(np.array([total for total, _ in before]), block).tolist()
        for number, ((_, seen), total) in enumerate(zip(before, sums, strict=True)):
            self._means.sums[str(number)] = [total, seen + len(block)]

    def _roll(self, now: Time) -> None:
        self._fold()
        signals, self._signals = self._signals, 0
        names = self._names()
        sums = {number: total for number, (total, _) in self._means.sums.items()}
        means = self._means.take(now, self.options.max_rows)
        if self.options.stacked:
            # Before it was grown a component had no share; so the shares of an interval make one whole.
            means = {number: total / signals for number, total in sums.items()}
        self.add_row(now, signals, {names[int(number)]: mean for number, mean in means.items()})

    def _checked(self, said: Any) -> tuple[str, ...]:
        twice = [name for number, name in enumerate(said) if name in said[:number]]
        if twice:
            raise AuraError(f"metrics.{self.name}.names", expected="names that differ", got=f"{twice[0]!r} twice")
        return tuple(said)

    def _names(self) -> list[str]:
        """Return the names of the components so far; what nobody has named has its number."""
        prefix = f"{self.options.label}_" if self.options.label else ""
        count = min(self._largest, self.options.max_components)
        told = self._told[:count]
        return [*told, *(f"{prefix}{number}" for number in range(len(told), count))]

    # --- what a person reads --------------------------------------------------------------------------------------

    def results(self) -> dict[str, Any]:
        self._fold()  # this changes no figure
        names = self._names()
        return {"kind": self.kind, "signal": self.options.signal, "unit": self._unit, "label": self.options.label,
                "stacked": self.options.stacked, "all": self._largest, "names": names,
                "phases": {phase: self._phase_results(phase, totals, names) for phase, totals in self._phases.items()}}

    def _phase_results(self, phase: str, totals: ComponentTotals, names: list[str]) -> dict[str, Any]:
        rows = totals.rows(names)
        found = one_sided(totals.since_growth) if self.options.stacked else None
        return {**self.what(phase, judged=False), "items": totals.signals,
                "summary": {row["name"]: row["mean"] for row in rows}, "components": rows,
                "one_sided": None if found is None else {"name": names[found[0]], "share": found[1]}}

    @classmethod
    def figures(cls, found: Results, others: Mapping[str, Results]) -> list[Figure]:
        """Return who has how much: over time, a sentence if one has nearly all, and a table."""
        what, stacked, names = found.label or "component", found.more["stacked"], found.more["names"]
        how = "as layers on top of each other" if stacked else "a line for each"
        figures: list[Figure] = [
            Text(text=f"{found.signal}: one number for each {what}.", kind="about"),
            Curves(names={name: name for name in names}, label=found.label, stacked=stacked, quantity=found.quantity,
                   alt=f"{found.signal} of {len(names)} over simulated time, {how}: {', '.join(names[:24])}.",
                   caption=f"Means over intervals of simulated time, {how}; phases without learning are shaded.")]
        for place, phase in found.phases.items():
            if most := phase.more.get("one_sided"):
                figures.append(Text(kind="message", text=(
                    f"Routing is one-sided in the phase {place}: {most['name']} takes {share(most['share'], 1.0)} "
                    "since the last growth. Above 90 % either the data are that simple or the gate has collapsed.")))
        keys = ("least", "largest", "last")
        rows = tuple((row["name"], place, phase.how, row["mean"], *(row[key] for key in keys), row["count"])
                     for place, phase in main_phases(found) for row in phase.more["components"])
        if rows:
            most_of = 1.0 if stacked else max(*(row[3] for row in rows), 0.0)
            figures.append(Table(
                columns=(Column(name=what, kind="named", label=found.label), Column(name="phase"),
                         Column(name="measured"), Column(name="mean", kind="bar", most=most_of),
                         *(Column(name=key, kind="measured") for key in keys), Column(name="ticks", kind="count")),
                rows=rows, caption=f"{found.quantity} in the phases that matter; choose a column to sort by it."))
        if (beyond := found.more["all"] - len(names)) > 0:
            figures.append(Text(text=f"{count(beyond)} more were not kept."))
        return figures

    # --- saving ---------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        self._fold()
        return {**self.base_state(), "means": self._means.state(), "signals": self._signals, "told": list(self._told),
                "value": None if self._value is None else [*self._value], "largest": self._largest,
                "phases": [[phase, totals.state()] for phase, totals in self._phases.items()]}

    def load_state(self, state: dict[str, Any]) -> None:
        self.load_base_state(state)
        self._means = IntervalMeans.of(state["means"])
        self._signals, self._told, self._largest = state["signals"], tuple(state["told"]), state["largest"]
        self._value, self._block = None if state["value"] is None else Signal(*state["value"]), []
        self._phases = {phase: ComponentTotals.of(totals) for phase, totals in state["phases"]}
