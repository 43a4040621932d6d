"""The metric: an observer that scores what it sees, keeps bounded memory, and can be saved and resumed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from aura.core.errors import AuraError, nearest
from aura.core.flow import room
from aura.core.lasting import Lasting, Made
from aura.core.observer import Observer
from aura.core.signals import seen_before
from aura.core.time import Time
from aura.plugins.figures import Curves, Figure, Text
from aura.plugins.metrics.matching import PENDING, Matcher
from aura.plugins.metrics.options import Need
from aura.plugins.metrics.results import Results, cards, figure_names, summary_table

if TYPE_CHECKING:
    from aura.core.observer import BrainView
    from aura.core.ports import Port
    from aura.core.signals import Signal

__all__ = ["SEEN_BEFORE", "Metric", "View"]

SEEN_BEFORE = "seen before"
"""What figures are called of items whose rows were learned before: neither prequential nor held-out."""

ROWS_MAX = 10_000
"""Rows kept until they are taken, the oldest go: 10,000 rows of five numbers are about 5 MB."""

class Metric(Observer):
    """The base of all metrics: it finds the topics that its options name, and keeps a part for each phase.

    A metric says how it takes in (`on_signal`, `after_tick`), what it adds up in (`new_part`), and what it tells of it
    (`tell`, `about`, `figures`). Figures stand under the phase in which a zone was asked, and items whose rows were
    learned before apart from the others: ``learn`` and ``learn, seen before``. What a resumed run goes on with, it
    names in `lasting`, beside what the classes above it name.

    Parameters
    ----------
    name : str
        The metric's name in its scenario.
    options : MetricOptions
        Its validated options.
    """

    kind: ClassVar[str] = "metric"
    needs: ClassVar[Mapping[str, Need]] = {}
    """The options that name topics, and what these have to be."""
    headlines: ClassVar[Mapping[str, str]] = {}
    """Figures of a phase that have a card at the top of the report, and what they are called there."""
    quantity: ClassVar[str] = ""
    """What stands on the vertical axis of the rolling values."""
    while_learning: ClassVar[str] = "prequential"
    """What the figures of a phase in which zones learned are called."""
    lasting: ClassVar[tuple[str | Lasting, ...]] = ("phase", "learning", "rows", "_measured", Made("parts", "new_part"))

    def __init__(self, name: str, options: Any) -> None:
        self.name, self.options = name, options
        self.topics = tuple(dict.fromkeys(topic for _, _, topic in self._topics()))
        self.phase, self.learning = "run", True
        self.parts: dict[str, Any] = {}
        """What was counted, by the name that its figures stand under."""
        self.rows: deque[dict[str, Any]] = deque(maxlen=ROWS_MAX)
        """Rolling rows that nobody has taken yet."""
        self.on_row: Callable[[], None] | None = None
        """Called when there is one more."""
        self._matchers: list[tuple[Matcher, int | None]] = []
        """With how many items the options let wait in each."""
        self._measured: dict[str, tuple[bool, bool]] = {}
        """Of each name that figures stand under: whether zones learned, and whether rows had been learned before."""
        self._units: dict[str, str] = {}

    # --- what a person reads --------------------------------------------------------------------------------------

    def results(self) -> dict[str, Any]:
        """Return the figures of every phase as JSON values; the metric is not changed."""
        found = {"kind": self.kind, **self.about(),
                 "phases": {place: {**self.what(place), **self.tell(place, part)}
                            for place, part in self.parts.items()}}
        for matcher, _ in self._matchers:
            found |= {"unmatched": matcher.alone(), "waiting": len(matcher)}
        return found

    def about(self) -> dict[str, Any]:
        """Return what the results say of all phases together, such as ``truth`` and ``prediction``."""
        return {}

    def tell(self, place: str, part: Any) -> dict[str, Any]:
        """Return what the results say of one phase: ``items``, ``summary``, and keys of this metric's own."""
        return {}

    @classmethod
    def figures(cls, found: Results, others: Mapping[str, Results]) -> list[Figure]:
        """Return what is shown of what `results` told: by default cards, the rolling values, and a table of phases.

        It works from the results alone, so that a run can be drawn again from its folder.

        Parameters
        ----------
        found : Results
            What this metric's `results` returned; keys of its own stand in ``found.more`` and, of each phase, in
            ``phase.more``.
        others : mapping of str to Results
            Those of all metrics of the run, by name.

        Returns
        -------
        list of Figure
            In the order in which they are drawn, from the vocabulary of `aura.plugins.figures`.
        """
        about = f"{found.prediction} against {found.truth}" if found.prediction else found.kind
        return [Text(text=about, kind="about"), *cards(found, cls.headlines, others),
                Curves(names=figure_names(found) if found.kind == "classification" else {}, quantity=cls.quantity,
                       caption="Rolling figures over simulated time; phases without learning are shaded."),
                *summary_table(found)]

    def headline(self) -> dict[str, float]:
        """Return the few rolling figures that stand in the progress line; empty before there are any."""
        return {}

    def headline_of(self) -> str:
        """Return what the headline is of, such as ``"last 1,000"``; empty if of all that the phase has had."""
        return ""

    def take_rows(self) -> list[dict[str, Any]]:
        """Return the rolling rows since the last call, oldest first."""
        rows = list(self.rows)
        self.rows.clear()
        return rows

    # --- what happens ---------------------------------------------------------------------------------------------

    def check(self, brain: BrainView) -> None:
        """Raise AuraError if the options name a topic that this brain does not have, or one of another form."""
        for where, option, topic in self._topics():
            need = self.needs[option]
            port = self.require_topic(brain, where, topic, dtypes=need.dtypes, items=bool(need.items))
            if (need.items is False and port.has_items) or (
                    need.axes and len(port.shape) - port.has_items not in need.axes):
                raise AuraError(f"metrics.{self.name}.{where}", expected=f"a topic of {need.words}",
                                got=f"{topic}: {port.describe()}")
            self._units[topic] = port.unit

    def on_start(self, brain: BrainView) -> None:
        self.check(brain)
        self.make_room(brain)

    def make_room(self, brain: BrainView) -> None:
        """Let as many items wait as the wiring needs, none that only some topics speak of, and tell of those that go.

        Raises
        ------
        WiringError
            If ``pending`` is too little for the wiring.
        """
        topics = [topic for topic in self.topics if topic in brain.topics]
        text = "let {count} items go before all was said of them, as too many waited (pending)"
        for matcher, pending in self._matchers:
            matcher.capacity = room(pending, [brain.wait_between(topics)], PENDING,
                                    f"metrics.{self.name}.pending")
            matcher.sources = brain.sources_in_common(topics)
            matcher.on_drop = lambda: brain.tell(f"metric {self.name}", text)

    def on_phase(self, phase: str, learning: bool, now: Time) -> None:
        if (phase, learning) != (self.phase, self.learning):
            self.end_phase(now)
            self.phase, self.learning = phase, learning

    def end_phase(self, now: Time) -> None:
        """Close what belongs to the present phase alone, before another begins."""

    # --- for subclasses -------------------------------------------------------------------------------------------

    def new_part(self) -> Any:
        """Return what the figures of a phase are added up in, empty: something with `state` and `load_state`."""
        raise NotImplementedError

    def part(self, place: str) -> Any:
        """Return what is added up under a name, new if nothing has been."""
        found = self.parts.get(place)
        if found is None:
            found = self.parts[place] = self.new_part()
        return found

    def matching(self, sides: tuple[str, ...], pending: int | None = None) -> Matcher:
        """Return what brings together what is said of an item; `pending` items wait in it, or as the wiring needs."""
        matcher = Matcher(sides, pending)
        self._matchers.append((matcher, pending))
        return matcher

    def place(self, *, again: bool = False) -> str:
        """Return the name under which the figures of this phase stand, or those of its rows that were learned before.
        """
        name = f"{self.phase}, {SEEN_BEFORE}" if again else self.phase
        if name not in self._measured:
            self._measured[name] = (self.learning, again)
        return name

    def places(self, signal: Signal) -> list[str]:
        """Return for each item of a signal the name under which its figures stand; of one without ids the phase."""
        count = len(signal.value)
        if signal.ids is None or not (before := seen_before(np.asarray(signal.ids))).any():
            return [self.place()] * count
        first = "" if before.all() else self.place()
        later = self.place(again=True)
        return [later if again else first for again in before.tolist()]

    def is_present(self, place: str) -> bool:
        """Return whether the items of a place are of the present phase."""
        return place in (self.phase, f"{self.phase}, {SEEN_BEFORE}")

    def is_first(self, place: str) -> bool:
        """Return whether the items of a place were first sights."""
        return not self._measured[place][1]

    def learned(self, place: str) -> bool:
        """Return whether zones learned when the items of a place were seen."""
        return self._measured[place][0]

    def what(self, place: str) -> dict[str, Any]:
        """Return what the figures of a place are, as `results` tells it."""
        learning, again = self._measured[place]
        return {"learning": learning, "again": again,
                "how": SEEN_BEFORE if again else self.while_learning if learning else "held-out"}

    def unit(self, topic: str) -> str:
        """Return the unit of a topic, as the brain has it."""
        return self._units.get(topic, "1")

    def add_row(self, time: Time, items: int, values: Mapping[str, float], phase: str | None = None) -> None:
        """Keep one rolling row until it is taken."""
        self.keep_row({"time": time, "phase": self.phase if phase is None else phase, "metric": self.name,
                       "items": items, "values": dict(values)})

    def keep_row(self, row: dict[str, Any]) -> None:
        """Keep a row of a form of its own until it is taken."""
        self.rows.append(row)
        if self.on_row is not None:
            self.on_row()

    def require_topic(self, brain: BrainView, option: str, topic: str, *, dtypes: tuple[str, ...] = (),
                      items: bool = True) -> Port:
        """Return the port of `topic`, an output of one of these types, with items if they are asked for.

        Raises
        ------
        AuraError
            If the brain has no such output.
        """
        where = f"metrics.{self.name}.{option}"
        zone, _, name = topic.partition(".")
        port = brain.plans[zone].outputs.get(name) if zone in brain.plans else None
        if port is None:
            raise AuraError(where, expected="an output of this brain", got=repr(topic),
                            hint=nearest(topic, brain.topics))
        if dtypes and not any(port.dtype.startswith(dtype) for dtype in dtypes):
            raise AuraError(where, expected=f"a topic of {' or '.join(dtypes)}", got=f"{topic}: {port.describe()}")
        if items and not port.has_items:
            raise AuraError(where, expected="a topic whose first axis is 'item'", got=f"{topic}: {port.describe()}")
        return port

    def _topics(self) -> list[tuple[str, str, str]]:
        """Return the topics that the options name: where, the option, and the topic."""
        found = []
        for option in self.needs:
            named = getattr(self.options, option)
            if isinstance(named, tuple):
                found += [(f"{option}[{number}]", option, topic) for number, topic in enumerate(named)]
            elif named is not None:
                found.append((option, option, named))
        return found


class View(Metric):
    """A metric whose figures show how something went, and do not say how well it was done."""

    while_learning = "while learning"

    def results(self) -> dict[str, Any]:
        return {**super().results(), "view": True}
