"""The growth tree: a line for the life of each part that grew, with what it came from and what befell it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from aura.core.time import Time
from aura.plugins.figures import Event
from aura.plugins.report.over_time import BELOW, over_time
from aura.plugins.report.palette import OTHERS, Tone
from aura.plugins.report.record import PhaseInfo
from aura.plugins.report.svg import INK, PANEL, WIDTH, Canvas, text_width
from aura.plugins.words import short

__all__ = ["Life", "growth_chart", "lives"]

_MARKS = {"grow": ("o", "grown"), "prune": ("X", "pruned"), "revive": ("^", "revived"), "freeze": ("s", "frozen"),
          "thaw": ("D", "thawed")}
_LINES: dict[str, tuple[str | None, float, float]] = {
    "active": (None, 3.5, 1.0), "frozen": (None, 1.4, 1.0), "pruned": ("1.6 2.6", 1.6, 0.7)}
"""Dash, width and strength of each state."""


@dataclass
class Life:
    """What befell one part: its events in their order."""

    name: str
    events: list[Event] = field(default_factory=list)

    @property
    def born(self) -> Time:
        """When it first was."""
        return self.events[0].time

    def stretches(self, end: Time) -> Iterator[tuple[Time, Time, str]]:
        """Return from when until when it was active, frozen or pruned, up to `end`."""
        frozen = pruned = False
        ends = [*(event.time for event in self.events[1:]), max(end, self.events[-1].time)]
        for event, until in zip(self.events, ends, strict=True):
            if event.action in ("freeze", "thaw"):
                frozen = event.action == "freeze"
            else:
                pruned = event.action == "prune"
            yield event.time, until, "pruned" if pruned else "frozen" if frozen else "active"


def lives(events: Sequence[Event]) -> list[Life]:
    """Return the life of each part, in the order in which they first came."""
    found: dict[str, Life] = {}
    for event in events:
        found.setdefault(event.expert, Life(event.expert)).events.append(event)
    return list(found.values())


def growth_chart(events: Sequence[Event], tones: Mapping[str, Tone], phases: Sequence[PhaseInfo], end: Time,
                 alt: str) -> str:
    """Draw the lives from birth to `end`, one below the other, and lines to each from those that it was grown from."""
    found = lives(events)
    last = max([end, *(event.time for event in events), *(phase.end or 0 for phase in phases)])
    canvas = Canvas(WIDTH, 0.0)
    actions = {event.action for event in events}
    top = canvas.legend([(name, marker, INK, 1.0) for action, (marker, name) in _MARKS.items()
                         if action in actions]) + 18
    left = max(text_width(short(life.name)) for life in found) + 20
    axes, scale = over_time(canvas, top, 26.0 * len(found), (len(found) - 0.4, -0.6), phases, last, left=left,
                             numbers=False)
    rows = {life.name: float(axes.y(row)) for row, life in enumerate(found)}
    for life in found:
        colour, row = tones.get(life.name, OTHERS).colour, rows[life.name]
        canvas.text(left - 8, row, short(life.name), anchor="end", middle=True)
        for start, until, state in life.stretches(last):
            dash, width, strength = _LINES[state]
            canvas.line(axes.x((start / scale, until / scale)), (row, row), colour, width=width, dash=dash,
                        opacity=strength)
        for event in life.events:
            at = float(axes.x(event.time / scale))
            for parent in event.parents if event.action == "grow" else ():
                if parent in rows:
                    canvas.line((at, at), (rows[parent], row), colour, width=1.2, opacity=0.8)
                    canvas.mark(at, rows[parent], "o", colour, 2.0)
            canvas.mark(at, row, _MARKS[event.action][0], colour, 4.2, edge=PANEL)
    canvas.height = axes.bottom + BELOW
    return canvas.svg(alt)
