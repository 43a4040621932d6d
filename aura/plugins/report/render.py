"""From figures to HTML: the one renderer, for the built-in metrics and those of plugins alike."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from aura.plugins import figures as kinds
from aura.plugins.report.charts import bar_chart, line_chart, matrix_chart, profile_chart, raster_chart, trace_chart
from aura.plugins.report.graph import graph_chart
from aura.plugins.report.over_time import (
    SHOWN_MAX,
    components_chart,
    growth_chart,
    rate_chart,
    rolling_chart,
    running_mean,
    scalar_charts,
)
from aura.plugins.report.palette import Palettes, Tone, tone_of
from aura.plugins.report.record import PhaseInfo, Series, SeriesByName
from aura.plugins.report.space import map_chart, sheets_shown, volume_chart
from aura.plugins.words import count, figure, measured, named, simulated

__all__ = ["SmallCharts", "Surroundings", "render", "render_cards", "templates"]

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
        drawn = _DRAWN[type(one)](one, self, one.alt or one.caption)
        return [(Markup(picture), caption)
                for picture, caption in ([(drawn, one.caption)] if isinstance(drawn, str) else drawn)]


def render(figures: Iterable[Any], around: Surroundings) -> str:
    """Return figures as HTML; cards are left out, for they stand at the top of the page."""
    return _macros().show(list(figures), around)  # type: ignore[no-any-return]


def render_cards(name: str, figures: Iterable[kinds.Figure]) -> str:
    """Return the cards among a metric's figures."""
    return Markup().join(_macros().card(name, card) for one in figures if isinstance(one, kinds.Cards)
                         for card in one.cards)


@cache
def templates() -> Environment:
    """Return the templates of the page, in which whatever comes from data is escaped."""
    found = Environment(loader=PackageLoader("aura.plugins.report", ""), autoescape=True, undefined=StrictUndefined,
                        trim_blocks=True)
    found.filters |= {"figure": figure, "count": count, "share": _share, "say": _say}
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


# --- pictures that need more than their figure ---------------------------------------------------------------------


def _curves(one: kinds.Curves, around: Surroundings, alt: str) -> list[Drawn]:
    names = one.names or {key: named(key) for key in around.series}
    series = {names[key]: found for key, found in around.series.items() if key in names}
    if not series:
        return []
    alt = one.alt or f"Rolling values of {', '.join(series)} of the metric {around.name} over simulated time."
    if one.label is None:
        shown = {name: running_mean(found) for name, found in series.items()} if one.smooth else series
        return [(rolling_chart(shown, around.phases, alt, one.quantity), one.caption)]
    which = f" The {SHOWN_MAX} with the most on average are drawn one by one." if len(series) > SHOWN_MAX else ""
    return [(components_chart(series, around.palettes.get(one.label, {}), around.phases, alt, stacked=one.stacked,
                              quantity=one.quantity), one.caption + which)]


def _map(one: kinds.Map, around: Surroundings, alt: str) -> list[Drawn]:
    sheets, depth = len(sheets_shown(one.shape[2])), one.shape[2]
    which = f" {sheets} of {depth} sheets are drawn, evenly chosen." if sheets < depth else ""
    return [(map_chart(one, alt), one.caption + which)]


def _volume(one: kinds.Volume, around: Surroundings, alt: str) -> list[Drawn]:
    drawn = [(volume_chart(one, alt), one.caption)]
    if profiles := tuple(profile for profile in one.profiles if len(profile.mean) > 1):
        quantity = one.quantity if one.unit == "1" else f"{one.quantity}, {one.unit}"
        drawn.append((profile_chart(profiles, quantity, f"Mean {one.quantity} along each axis."),
                      "Along each axis: the mean over the plane across it."))
    return drawn


def _alone(draw: Callable[[Any, str], str]) -> Callable[[Any, Surroundings, str], str]:
    return lambda one, around, alt: draw(one, alt)


_DRAWN: dict[type, Callable[[Any, Surroundings, str], str | list[Drawn]]] = {
    kinds.Curves: _curves, kinds.Map: _map, kinds.Volume: _volume, kinds.Lines: _alone(line_chart),
    kinds.Traces: _alone(trace_chart), kinds.Bars: _alone(bar_chart), kinds.Matrix: _alone(matrix_chart),
    kinds.Raster: _alone(raster_chart), kinds.Graph: _alone(graph_chart),
    kinds.Rate: lambda one, around, alt: rate_chart(one, around.phases, alt),
    kinds.Timeline: lambda one, around, alt: growth_chart(
        one.events, around.palettes.get(one.label, {}), around.phases, around.now, alt),
    SmallCharts: lambda one, around, alt: scalar_charts(one.series, around.phases, alt)}
