"""From figures to HTML: the one renderer, for the built-in metrics and those of plugins alike."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from aura.core.blame import described
from aura.plugins import figures as kinds
from aura.plugins.report import charts, over_time, space
from aura.plugins.report.graph import graph_chart
from aura.plugins.report.record import PhaseInfo, Series, SeriesByName
from aura.plugins.report.svg import Palettes, Tone, tone_of
from aura.plugins.words import count, figure, measured, named, simulated

__all__ = ["SmallCharts", "Surroundings", "render", "render_cards", "templates"]

ROWS_MAX = 5000
"""Rows of a table that are shown."""
Drawn = tuple[str, str]
"""A picture and the sentence below it."""


@dataclass(frozen=True)
class SmallCharts:
    """Series with their titles, a small chart for each: what zones log is nobody's figure."""

    series: Sequence[tuple[str, Series]]
    caption: str
    alt: str
    figure: str = "small charts"


@dataclass(frozen=True)
class Surroundings:
    """What figures are drawn in: the phases and the end of the run, colours by label, and the metric's own series."""

    name: str = ""
    phases: Sequence[PhaseInfo] = ()
    now: int = 0
    palettes: Palettes = field(default_factory=dict)
    series: SeriesByName = field(default_factory=dict)

    def tone(self, name: str, label: str) -> Tone | None:
        """Return the colour of a name."""
        return tone_of(name, label, self.palettes)

    def draw(self, one: Any) -> list[Drawn]:
        """Return the pictures of a figure."""
        kind, alt = type(one), one.alt or one.caption
        drawn = _ALONE[kind](one, alt) if kind in _ALONE else _AMONG[kind](one, self, alt)
        return [(Markup(picture), f"{caption}{left_out(one)}")
                for picture, caption in ([(drawn, one.caption)] if isinstance(drawn, str) else drawn) if picture]

    def show(self, figures: Iterable[Any]) -> str:
        """Return figures as HTML; one that cannot be drawn costs no other."""
        return Markup().join(_shown(one, self) for one in figures)


def render(figures: Iterable[Any], around: Surroundings) -> str:
    """Return figures as HTML; cards are left out, for they stand at the top of the page."""
    return around.show(figures)


def _shown(one: Any, around: Surroundings) -> str:
    try:
        return _macros().show(one, around)  # type: ignore[no-any-return]
    except Exception as error:
        message = f"This figure ({one.figure}) could not be drawn: {described(error)}"
        return _macros().show(kinds.Text(text=message, kind="message"), around)  # type: ignore[no-any-return]


def render_cards(name: str, figures: Iterable[kinds.Figure]) -> str:
    """Return the cards among a metric's figures."""
    return Markup().join(_macros().card(name, card) for one in figures if isinstance(one, kinds.Cards)
                         for card in one.cards)


@cache
def templates() -> Environment:
    """Return the templates of the page, in which whatever comes from data is escaped."""
    found = Environment(loader=PackageLoader("aura.plugins.report", ""), autoescape=True, undefined=StrictUndefined,
                        trim_blocks=True)
    found.filters |= {"figure": figure, "count": count, "share": _share, "say": _say, "left_out": left_out,
                      "shown": lambda rows: rows[:ROWS_MAX]}
    return found


def _macros() -> Any:
    return templates().get_template("figures.html").module


def _share(value: float | None, most: float) -> str:
    """Return how long a bar is, in per cent."""
    share = 0.0 if value is None or not math.isfinite(value) or most <= 0 else min(max(value / most, 0.0), 1.0)
    return f"{share * 100:.1f}"


def _say(value: Any, column: kinds.Column) -> str:
    say: dict[str, Callable[[Any], str]] = {"count": count, "figure": figure, "time": simulated,
                                            "measured": lambda number: measured(number, column.unit)}
    return say[column.kind](value)


def left_out(one: Any) -> str:
    """Return a sentence, after a space, where a picture would have more parts than are drawn or a table more rows."""
    for kind, most, parts, sentence in _BOUNDED:
        if isinstance(one, kind) and (found := parts(one)) > most:
            return " " + sentence.format(f"{most:,}", f"{found:,}")
    return ""


_BOUNDED: tuple[tuple[type, int, Callable[[Any], int], str], ...] = (
    (kinds.Table, ROWS_MAX, lambda one: len(one.rows), "The first {} of {} rows are shown."),
    (kinds.Lines, charts.LINES_MAX, lambda one: len(one.lines), "The first {} of {} lines are drawn."),
    (kinds.Traces, charts.LINES_MAX, lambda one: len(one.traces), "The first {} of {} traces are drawn."),
    (kinds.Bars, charts.BARS_MAX, lambda one: len(one.names), "The largest {} of {} bars are drawn."),
    (kinds.Matrix, charts.SIDE_MAX, lambda one: max(len(one.rows), len(one.columns)),
     "The {} rows and columns with the most counts are drawn, of up to {}."),
    (kinds.Raster, charts.MARKS_MAX, lambda one: len(one.rows), "{} of {} spikes are drawn, evenly chosen."),
    (kinds.Map, space.UNITS_MAX, lambda one: len(one.units), "The {} units that won most often are drawn, of {}."),
    (kinds.Volume, space.BLOCKS_MAX, lambda one: len(one.mean), "The {} most active blocks are drawn, of {}."),
    (kinds.Timeline, over_time.LIVES_MAX, lambda one: len({event.expert for event in one.events}),
     "The first {} of {} lives are drawn."))


# --- pictures that need more than their figure ---------------------------------------------------------------------


def _curves(one: kinds.Curves, around: Surroundings, alt: str) -> list[Drawn]:
    names = one.names or {key: named(key) for key in around.series}
    series = {names[key]: found for key, found in around.series.items() if key in names}
    if not series:
        return []
    alt = one.alt or f"Rolling values of {', '.join(series)} of the metric {around.name} over simulated time."
    if one.label is None:
        shown = {name: over_time.running_mean(found) for name, found in series.items()} if one.smooth else series
        return [(over_time.rolling_chart(shown, around.phases, alt, one.quantity), one.caption)]
    most = over_time.SHOWN_MAX
    which = f" The {most} with the most on average are drawn one by one." if len(series) > most else ""
    tones = around.palettes.get(one.label, {})
    return [(over_time.components_chart(series, tones, around.phases, alt, stacked=one.stacked, quantity=one.quantity),
             one.caption + which)]


def _map(one: kinds.Map, around: Surroundings, alt: str) -> list[Drawn]:
    sheets, depth = len(space.sheets_shown(one.shape[2])), one.shape[2]
    which = f" {sheets} of {depth} sheets are drawn, evenly chosen." if sheets < depth else ""
    return [(space.map_chart(one, alt), one.caption + which)]


def _volume(one: kinds.Volume, around: Surroundings, alt: str) -> list[Drawn]:
    drawn = [(space.volume_chart(one, alt), one.caption)]
    if profiles := tuple(profile for profile in one.profiles if len(profile.mean) > 1):
        quantity = one.quantity if one.unit == "1" else f"{one.quantity}, {one.unit}"
        drawn.append((charts.profile_chart(profiles, quantity, f"Mean {one.quantity} along each axis."),
                      "Along each axis: the mean over the plane across it."))
    return drawn


_ALONE: dict[type, Callable[[Any, str], str]] = {
    kinds.Lines: charts.line_chart, kinds.Traces: charts.trace_chart, kinds.Bars: charts.bar_chart,
    kinds.Matrix: charts.matrix_chart, kinds.Raster: charts.raster_chart, kinds.Graph: graph_chart}
_AMONG: dict[type, Callable[[Any, Surroundings, str], str | list[Drawn]]] = {
    kinds.Curves: _curves, kinds.Map: _map, kinds.Volume: _volume,
    kinds.Rate: lambda one, around, alt: over_time.rate_chart(one, around.phases, alt),
    kinds.Timeline: lambda one, around, alt: over_time.growth_chart(
        one.events, around.palettes.get(one.label, {}), around.phases, around.now, alt),
    SmallCharts: lambda one, around, alt: over_time.scalar_charts(one.series, around.phases, alt)}
"""What draws a figure: alone, or by what it is drawn in."""
