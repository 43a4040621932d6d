"""The metric ``growth``: what grew, was pruned or frozen, and when, from a topic of JSON lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field, ValidationError

from aura.core.errors import AuraError
from aura.core.signals import Signal
from aura.core.time import NEVER, Time
from aura.plugins.figures import Column, Event, Figure, Table, Text, Timeline
from aura.plugins.metrics.metric import View
from aura.plugins.metrics.options import Label, MetricOptions, Need, Topic
from aura.plugins.metrics.results import Results
from aura.plugins.words import count, simulated

__all__ = ["Growth", "GrowthOptions"]

_CHANGES = {"grow": 1, "revive": 1, "prune": -1}
"""What an action adds to the number of those that take part."""

_SHOWN_MOST = 80
"""Letters of a bad line that an error shows."""

LIVES_MAX = 60
"""Lines that a page has room for."""
ROWS_MAX = 200
"""Events in the table; all are in metrics.json."""
EVENTS_MAX = 20
"""Events that are told in words, for those who cannot see the tree."""
_DONE = {"grow": "was grown", "prune": "was pruned", "revive": "was revived", "freeze": "was frozen",
         "thaw": "was thawed"}


class GrowthOptions(MetricOptions):
    """Options of the metric ``growth``."""

    events: Topic = Field(description="Topic of text, (event,): what grew or went, a JSON object a line.")
    label: Label = Field(
        "expert",
        description="What is grown, as for components: its charts have the same colours.")
    max_events: int = Field(2000, ge=1, le=100_000, description="Events kept; those beyond are counted only.")


class Growth(View):
    """The events of growth in their order, and how many there were in each phase."""

    kind = "growth"
    needs: ClassVar = {"events": Need(("text",), items=False, words="text without items, as (event,)")}
    lasting = ("_events", "_left_out", "_active", "_new")

    def __init__(self, name: str, options: GrowthOptions) -> None:
        super().__init__(name, options)
        self._events: list[dict[str, Any]] = []
        self._left_out = 0
        self._active = 0
        self._new = 0
        """Events of the present tick."""

    def new_part(self) -> dict[str, int]:
        return {}

    # --- what happens ---------------------------------------------------------------------------------------------

    def on_signal(self, signal: Signal) -> None:
        # All lines are read before any is kept: of a signal with a bad line nothing is.
        for event in [self._read(line) for line in signal.value]:
            counts = self.part(self.place())
            counts[event.action] = counts.get(event.action, 0) + 1
            self._active = max(self._active + _CHANGES.get(event.action, 0), 0)
            self._new, self.due = self._new + 1, 0
            if len(self._events) < self.options.max_events:
                self._events.append(event.model_dump(mode="json"))
            else:
                self._left_out += 1

    def after_tick(self, now: Time) -> Time:
        if self._new:
            self.add_row(now, self._new, {"active": float(self._active)})
            self._new = 0
        return NEVER

    def _read(self, line: Any) -> Event:
        try:
            return Event.model_validate_json(line)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(map(str, first["loc"]))
            shown = line if len(line) <= _SHOWN_MOST else f"{line[:_SHOWN_MOST]}..."
            raise AuraError(f"metrics.{self.name}.events",
                            expected=f"lines of JSON from {self.options.events} with time, items, action and expert",
                            got=f"{shown!r} ({where + ': ' if where else ''}{first['msg']})") from None

    # --- what a person reads --------------------------------------------------------------------------------------

    def headline(self) -> dict[str, float]:
        return {"active": float(self._active)} if self._events else {}

    def about(self) -> dict[str, Any]:
        return {"signal": self.options.events, "label": self.options.label, "all": self._active,
                "events": [dict(event) for event in self._events], "left_out": self._left_out}

    def tell(self, place: str, part: Any) -> dict[str, Any]:
        return {"items": sum(part.values()),
                "summary": {action: float(times) for action, times in sorted(part.items())}}

    @classmethod
    def figures(cls, found: Results, others: Mapping[str, Results]) -> list[Figure]:
        """Return the growth tree and its events."""
        events, what = found.more["events"], found.label or "component"
        if not events:
            return [Text(text=f"What {found.signal} told of.", kind="about"), Text(text="Nothing grew.")]
        born = {event["expert"] for event in events}
        rows = tuple((event["time"], event["items"], event["action"], event["expert"], event.get("kind", ""),
                      ", ".join(event.get("parents", ())), event.get("start", ""), event.get("reason", ""),
                      str(event.get("group", 0))) for event in events[:ROWS_MAX])
        columns = (Column(name="time", kind="time"), Column(name="items", kind="count"), Column(name="event"),
                   Column(name=what, kind="named", label=found.label),
                   *(Column(name=name) for name in ("kind", "from", "how", "why", "group")))
        figures: list[Figure] = [
            Text(text=f"What {found.signal} told of: {count(len(born))} grown, {count(found.more['all'])} of them take "
                      "part at the end.", kind="about"),
            Timeline(events=events, label=found.label, alt=in_words(events), caption=(
                f"A line for the life of each {what}, with lines from those that it was grown from: thick while it "
                "learns, thin while it is frozen, dotted while it is pruned; phases without learning are shaded."))
            if len(born) <= LIVES_MAX else Text(text=f"{count(len(born))} lives are too many to draw."),
            Table(columns=columns, rows=rows, caption="Every event, in its order.")]
        if more := len(events) - len(rows) + found.left_out:
            figures.append(Text(text=f"{count(more)} more events are not shown."))
        return figures


def in_words(events: Sequence[Mapping[str, Any]]) -> str:
    """Return the tree as a sentence.

    Examples
    --------
    >>> in_words([{"time": 0, "action": "grow", "expert": "a"},
    ...           {"time": 2_000_000, "action": "grow", "expert": "b", "parents": ("a",)}])
    'Growth tree: a was grown at 0 s; b was grown from a at 2 ms.'
    """
    clauses = [f"{event['expert']} {_DONE[event['action']]}"
            f"{' from ' + ' and '.join(event['parents']) if event.get('parents') else ''} at {simulated(event['time'])}"
            for event in events[:EVENTS_MAX]]
    more = f"; and {len(events) - len(clauses)} more events" if len(events) > len(clauses) else ""
    return f"Growth tree: {'; '.join(clauses)}{more}."
