"""The metric ``components``: a vector over time, one number for each part of a mixture that may grow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
from pydantic import BeforeValidator, Field

from aura.core.errors import AuraError
from aura.core.lasting import Free, Lasting, Stateful
from aura.core.signals import Signal
from aura.core.time import Time
from aura.plugins.figures import Column, Curves, Figure, Table, Text
from aura.plugins.metrics.options import NUMBERS, Label, MaxRows, MeansEvery, MetricOptions, Need, Topic
from aura.plugins.metrics.results import Results, main_phases
from aura.plugins.metrics.totals import IntervalMeans, OverTime
from aura.plugins.words import count, share

if TYPE_CHECKING:
    from aura.core.observer import BrainView

__all__ = ["ComponentOptions", "Components", "one_sided"]

BLOCK = 64
"""Signals that are added up at once (tuned here: a tick costs a third of what it does with one at a time)."""
ONE_SIDED_MIN = 0.9
"""The share from which on one component is said to take over."""


def _names_or_topic(value: Any) -> Any:
    """Return names that differ, or a topic, or nothing."""
    if value is None or (isinstance(value, str) and "." in value):
        return value
    names = list(value) if isinstance(value, (list, tuple)) else []
    if not names or not all(isinstance(name, str) and name for name in names):
        raise ValueError("names such as ['fast', 'slow'], or the topic that tells them, such as 'mixture.names'")
    if twice := _twice(names):
        raise ValueError(f"names that differ; {twice!r} stands twice")
    return value


def _twice(names: Sequence[str]) -> str | None:
    return next((name for number, name in enumerate(names) if name in names[:number]), None)


def one_sided(values: np.ndarray) -> tuple[int, float] | None:
    """Return the component that has more than 90 % of the whole, and its share, or None if there is none such.

    Parameters
    ----------
    values : numpy.ndarray
        float64 (component,), not negative: how much each has. Of a single component nothing is said.

    Examples
    --------
    >>> one_sided(np.array([1.0, 19.0])), one_sided(np.array([1.0, 2.0])), one_sided(np.array([3.0]))
    ((1, 0.95), None, None)
    """
    whole = float(values.sum())
    if len(values) < 2 or whole <= 0.0:
        return None
    most = int(values.argmax())
    found = float(values[most]) / whole
    return (most, found) if found > ONE_SIDED_MIN else None


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


class _Totals(Stateful):
    """As `Totals`, of all components at once: counts, sums, least, largest and last, float64 (5, component).

    What comes is added up when it is asked for, or when there are `BLOCK` of it: in their order, so that the sums are
    those of one by one.
    """

    lasting: ClassVar[tuple[str | Lasting, ...]] = (Free("table"),)

    def __init__(self) -> None:
        self._table = np.zeros((5, 0))
        self._waiting: list[np.ndarray] = []

    @property
    def table(self) -> np.ndarray:
        """The totals of all that has come."""
        if self._waiting:
            self._fold()
        return self._table

    @table.setter
    def table(self, table: np.ndarray) -> None:
        self._table, self._waiting = table, []

    def add(self, values: np.ndarray) -> None:
        """Take one number of each component; nobody changes them any more."""
        if self._waiting and (len(self._waiting) >= BLOCK or len(self._waiting[0]) != len(values)):
            self._fold()
        self._waiting.append(values)

    def _fold(self) -> None:
        self.add_up(np.array(self._waiting))
        self._waiting = []

    def add_up(self, block: np.ndarray) -> None:
        """Add some signals to the totals, (signal, component)."""
        more = block.shape[1] - self._table.shape[1]
        if more > 0:
            fresh = np.repeat([[0.0], [0.0], [np.inf], [-np.inf], [0.0]], more, axis=1)
            self._table = np.concatenate([self._table, fresh], axis=1)
        table = self._table[:, :block.shape[1]]
        table[0] += len(block)
        table[1] = _added(table[1], block)
        np.minimum(table[2], block.min(axis=0), out=table[2])
        np.maximum(table[3], block.max(axis=0), out=table[3])
        table[4] = block[-1]

    def means(self) -> dict[str, float]:
        """Return the mean of each by its number."""
        return {row["name"]: row["mean"] for row in self.rows()}

    def rows(self) -> list[dict[str, Any]]:
        """Return all of it, a row a component."""
        return [{"name": str(number), "count": int(count), "mean": total / count, "least": least, "largest": largest,
                 "last": last} for number, (count, total, least, largest, last) in enumerate(self.table.T.tolist())]


class _Phase(_Totals):
    """The totals of one phase, its signals, and the sums since there last was one component more."""

    lasting = ("signals", Free("since_growth"))

    def __init__(self) -> None:
        super().__init__()
        self.signals, self._since_growth = 0, np.zeros(0)

    @property
    def since_growth(self) -> np.ndarray:
        """The sums since there last was one component more."""
        if self._waiting:
            self._fold()
        return self._since_growth

    @since_growth.setter
    def since_growth(self, sums: np.ndarray) -> None:
        self._since_growth = sums

    def add(self, values: np.ndarray) -> None:
        super().add(values)
        self.signals += 1

    def add_up(self, block: np.ndarray) -> None:
        super().add_up(block)
        length = block.shape[1]
        if length > len(self._since_growth):
            self._since_growth = np.zeros(length)
        self._since_growth[:length] = _added(self._since_growth[:length], block)


def _added(sums: np.ndarray, block: np.ndarray) -> np.ndarray:
    """Return sums to which the rows of a block are added one after the other, as `np.sum` does not."""
    found: np.ndarray = np.add.accumulate(np.concatenate([sums[None], block]))[-1]
    return found


class Components(OverTime):
    """Means of each component over intervals of time and over each phase, such as the utilisation of experts.

    Of a topic with items the mean over the items of a tick counts, in a phase the mean of those whose rows were learned
    before by itself.
    """

    kind = "components"
    needs: ClassVar = {"signal": Need(NUMBERS, items=None, axes=(1,), words=(
        "one number for each component, as (expert,) or (item, expert)"))}
    lasting = (Lasting("_given_names", key="told"), "_largest", "_value")

    def __init__(self, name: str, options: ComponentOptions) -> None:
        super().__init__(name, options)
        self._names_topic = options.names if isinstance(options.names, str) else None
        self.topics += (self._names_topic,) if self._names_topic else ()
        self._given_names: tuple[str, ...] = options.names if isinstance(options.names, tuple) else ()
        self._largest = 0
        self._value: tuple[Any, ...] | None = None
        """What the signal of the present tick is made of."""

    def check(self, brain: BrainView) -> None:
        super().check(brain)
        if self._names_topic is not None:
            self.require_topic(brain, "names", self._names_topic, dtypes=("text",), items=False)

    def new_part(self) -> _Phase:
        return _Phase()

    def new_totals(self) -> _Totals:
        return _Totals()

    # --- what happens ---------------------------------------------------------------------------------------------

    def on_signal(self, signal: Signal) -> None:
        if signal.topic == self.options.signal:
            self._value, self.due = tuple(signal), 0
        if signal.topic == self._names_topic:
            names = tuple(signal.value)
            if twice := _twice(names):
                raise AuraError(f"metrics.{self.name}.names", expected="names that differ", got=f"{twice!r} twice")
            self._given_names = names

    def after_tick(self, now: Time) -> Time:
        # Only here: both topics of the tick have spoken, whatever their order.
        if self._value is not None:
            signal, self._value = Signal(*self._value), None
            values = np.asarray(signal.value, dtype=np.float64)
            if values.ndim == 1:
                self._take(values, self.place())
            elif len(values):
                places = self.places(signal)
                for place in dict.fromkeys(places):
                    self._take(values[[other == place for other in places]].mean(axis=0), place)
        return super().after_tick(now)

    def _take(self, values: np.ndarray, place: str) -> None:
        self._largest = max(self._largest, len(values))
        self.take("", place, values[:self.options.max_components], 1)

    def write(self, owner: str, series: IntervalMeans, now: Time) -> None:
        signals, names = series.count, self._names()
        sums = series.totals.table[1].tolist()
        means = list(series.take(now, self.options.max_rows).values())
        if self.options.stacked:
            # Before it was grown a component had no share; so the shares of an interval make one whole.
            means = [total / signals for total in sums]
        self.add_row(now, signals, dict(zip(names, means)))  # noqa: B905  of the last interval there may be fewer

    def _names(self) -> list[str]:
        """Return the names of the components so far; what nobody has named has its number."""
        prefix = f"{self.options.label}_" if self.options.label else ""
        count = min(self._largest, self.options.max_components)
        given = self._given_names[:count]
        return [*given, *(f"{prefix}{number}" for number in range(len(given), count))]

    # --- what a person reads --------------------------------------------------------------------------------------

    def about(self) -> dict[str, Any]:
        options = self.options
        return {"signal": options.signal, "unit": self.unit(options.signal), "label": options.label,
                "stacked": options.stacked, "all": self._largest, "names": self._names()}

    def tell(self, place: str, part: Any) -> dict[str, Any]:
        names = self._names()
        rows = [{**row, "name": names[int(row["name"])]} for row in part.rows()]
        found = one_sided(part.since_growth) if self.options.stacked else None
        return {"items": part.signals, "summary": {row["name"]: row["mean"] for row in rows}, "components": rows,
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
