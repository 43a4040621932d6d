"""The growth tree: a line for the life of each part of a mixture, with what it came from and what befell it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aura.core.time import Time
from aura.plugins.report.charts import WIDTH_IN, shade, time_unit
from aura.plugins.report.mixture_record import GrowthEvent
from aura.plugins.report.palette import OTHERS, Tone
from aura.plugins.report.record import PhaseInfo
from aura.plugins.report.svg import INK, PANEL, draw
from aura.plugins.report.words import short

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["LIVES_MAX", "Life", "growth_chart", "lives"]

LIVES_MAX = 60
"""Lines that a page has room for."""

ROW_IN, REST_IN = 0.27, 1.15
"""Height of one line, and of what stands above and below them all."""

_MARKS = {"grow": ("o", "grown"), "prune": ("X", "pruned"), "revive": ("^", "revived"), "freeze": ("s", "frozen"),
          "thaw": ("D", "thawed")}
_LINES = {"active": ("-", 2.6, 1.0), "frozen": ("-", 1.0, 1.0), "pruned": (":", 1.2, 0.7)}
"""Line, width and strength of each state."""


@dataclass
class Life:
    """What befell one part: its events in their order."""

    name: str
    events: list[GrowthEvent] = field(default_factory=list)

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


def lives(events: Sequence[GrowthEvent]) -> list[Life]:
    """Return the life of each part, in the order in which they first came."""
    found: dict[str, Life] = {}
    for event in events:
        found.setdefault(event.expert, Life(event.expert)).events.append(event)
    return list(found.values())


def growth_chart(events: Sequence[GrowthEvent], tones: Mapping[str, Tone], phases: Sequence[PhaseInfo], end: Time,
                 key: str, alt: str) -> str:
    """Draw the lives from birth to `end`, one below the other, and lines to each from those that it was grown from."""
    found = lives(events)

    def make() -> Figure:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(WIDTH_IN, ROW_IN * len(found) + REST_IN), layout="constrained")
        axes = figure.subplots()
        last = max([end, *(event.time for event in events), *(phase.end or 0 for phase in phases)])
        unit, scale = time_unit(last)
        rows = {life.name: row for row, life in enumerate(found)}
        for life in found:
            _draw_life(axes, life, rows, tones.get(life.name, OTHERS), scale, last)
        axes.set_xlim(0.0, last / scale or 1.0)
        shade(axes, phases, scale)
        axes.set_xlim(-0.01 * axes.get_xlim()[1], axes.get_xlim()[1])
        axes.set_ylim(len(found) - 0.4, -0.6)
        axes.set_yticks(range(len(found)), [short(life.name) for life in found], fontsize=8)
        axes.tick_params(axis="y", length=0, labelcolor=INK)
        axes.spines["left"].set_visible(False)
        axes.set_xlabel(f"simulated time, {unit}")
        _legend(figure, events)
        return figure

    return draw(make, key, alt)


def _draw_life(axes: Axes, life: Life, rows: Mapping[str, int], tone: Tone, scale: Time, end: Time) -> None:
    row = rows[life.name]
    for start, until, state in life.stretches(end):
        line, width, strength = _LINES[state]
        axes.plot([start / scale, until / scale], [row, row], line, color=tone.colour, linewidth=width, alpha=strength,
                  solid_capstyle="butt", zorder=2)
    for event in life.events:
        at = event.time / scale
        marker, _ = _MARKS[event.action]
        axes.plot([at], [row], marker, color=tone.colour, markersize=6.0, markeredgecolor=PANEL, markeredgewidth=0.8,
                  zorder=4)
        for parent in event.parents if event.action == "grow" else ():
            if parent in rows:
                axes.plot([at, at], [rows[parent], row], "-", color=tone.colour, linewidth=0.9, alpha=0.8, zorder=1)
                axes.plot([at], [rows[parent]], "o", color=tone.colour, markersize=3.0, zorder=3)


def _legend(figure: Figure, events: Sequence[GrowthEvent]) -> None:
    from matplotlib.lines import Line2D

    actions = {event.action for event in events}
    handles = [Line2D([], [], linestyle="", marker=marker, color=INK, markersize=6, label=name)
               for action, (marker, name) in _MARKS.items() if action in actions]
    figure.legend(handles=handles, loc="outside upper left", ncols=len(handles), handlelength=1.0, columnspacing=1.6)
