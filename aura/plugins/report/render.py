"""From figures to HTML: the one renderer, for the built-in metrics and those of plugins alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from aura.plugins import figures as kinds
from aura.plugins.report.charts import (
    bar_chart,
    line_chart,
    matrix_chart,
    profile_chart,
    raster_chart,
    trace_chart,
)
from aura.plugins.report.graph_chart import graph_chart
from aura.plugins.report.html import bar, cell, drawing, table, text
from aura.plugins.report.over_time import (
    SHOWN_MAX,
    components_chart,
    rate_chart,
    rolling_chart,
    running_mean,
)
from aura.plugins.report.palette import Palettes, dotted_name
from aura.plugins.report.record import PhaseInfo, SeriesByName
from aura.plugins.report.space import map_chart, sheets_shown, volume_chart
from aura.plugins.report.timeline import growth_chart
from aura.plugins.words import count, figure, measured, named, simulated

__all__ = ["Surroundings", "render", "render_cards"]


@dataclass(frozen=True)
class Surroundings:
    """What figures are drawn in: the phases and the end of the run, colours by label, and the metric's own series."""

    name: str = ""
    phases: Sequence[PhaseInfo] = ()
    now: int = 0
    palettes: Palettes = field(default_factory=dict)
    series: SeriesByName = field(default_factory=dict)


def render(figures: Iterable[Any], around: Surroundings) -> str:
    """Return figures as HTML; cards are left out, for they stand at the top of the page."""
    return "".join(_RENDERERS[type(one)](one, around) for one in figures)


def render_cards(name: str, figures: Iterable[kinds.Figure]) -> str:
    """Return the cards among a metric's figures."""
    return "".join(_card(name, card) for one in figures if isinstance(one, kinds.Cards) for card in one.cards)


def _card(metric: str, card: kinds.Card) -> str:
    beside = f'<p class="beside">{text(card.beside)}</p>' if card.beside else ""
    return (f'<article class="card {"learning" if card.learning else "held"}"><p class="how">{text(card.how)}</p>'
            f'<p class="value">{figure(card.value)}</p><p class="what">{text(metric)}: {text(card.what)}</p>'
            f'<p class="where">{text(card.where)}</p>{beside}</article>')


def _text(one: kinds.Text, around: Surroundings) -> str:
    if one.kind == "message":
        return f'<p class="message" role="note">{text(one.text)}</p>'
    name = "" if one.kind == "plain" else f' class="{one.kind}"'
    return f"<p{name}>{text(one.text)}</p>"


def _table(one: kinds.Table, around: Surroundings) -> str:
    if not one.rows:
        return ""
    rows = ["".join(_cell(column, value, around) for column, value in zip(one.columns, row, strict=True))
            for row in one.rows]
    return table([(column.name, column.kind not in ("text", "named")) for column in one.columns], rows,
                 caption=one.caption, sortable=one.sortable)


def _cell(column: kinds.Column, value: Any, around: Surroundings) -> str:
    if column.kind in ("text", "named"):
        said = "–" if value is None else dotted_name(value, column.label, around.palettes) \
            if column.kind == "named" else text(value)
        return cell(said, kind="wide" if column.wide else "")
    if column.kind == "bar":
        return bar(value, column.digits, column.most)
    if column.kind == "of":
        part, items = value or (None, 0)
        said = "–" if part is None else f"{figure(part)} <small>of {count(items)}</small>"
        return cell(said, sort=part, kind="num")
    say: dict[str, Callable[[Any], str]] = {"count": count, "figure": figure, "time": simulated,
                                            "measured": lambda number: measured(number, column.unit)}
    return cell(text(say[column.kind](value)), sort=value, kind="num")


def _curves(one: kinds.Curves, around: Surroundings) -> str:
    names = one.names or {key: named(key) for key in around.series}
    series = {names[key]: found for key, found in around.series.items() if key in names}
    if not series:
        return ""
    alt = one.alt or f"Rolling values of {', '.join(series)} of the metric {around.name} over simulated time."
    if one.label is None:
        shown = {name: running_mean(found) for name, found in series.items()} if one.smooth else series
        return drawing(rolling_chart(shown, around.phases, alt, one.quantity), one.caption)
    drawn = drawing(components_chart(series, around.palettes.get(one.label, {}), around.phases, alt,
                                     stacked=one.stacked, quantity=one.quantity), one.caption)
    if len(series) > SHOWN_MAX:
        drawn += f'<p class="note">The {SHOWN_MAX} with the most on average are drawn one by one.</p>'
    return drawn


def _volume(one: kinds.Volume, around: Surroundings) -> str:
    drawn = drawing(volume_chart(one, one.alt or one.caption), one.caption)
    profiles = tuple(profile for profile in one.profiles if len(profile.mean) > 1)
    if not profiles:
        return drawn
    quantity = one.quantity if one.unit == "1" else f"{one.quantity}, {one.unit}"
    return drawn + drawing(profile_chart(profiles, quantity, f"Mean {one.quantity} along each axis."),
                           "Along each axis: the mean over the plane across it.")


def _map(one: kinds.Map, around: Surroundings) -> str:
    sheets, depth = len(sheets_shown(one.shape[2])), one.shape[2]
    which = f" {sheets} of {depth} sheets are drawn, evenly chosen." if sheets < depth else ""
    return drawing(map_chart(one, one.alt or one.caption), one.caption + which)


def _timeline(one: kinds.Timeline, around: Surroundings) -> str:
    chart = growth_chart(one.events, around.palettes.get(one.label, {}), around.phases, around.now,
                         one.alt or one.caption)
    return drawing(chart, one.caption)


def _image(png: str, width: int, height: int, alt: str) -> str:
    return f'<img src="data:image/png;base64,{png}" width="{width}" height="{height}" alt="{text(alt)}">'


def _examples(one: kinds.Examples, around: Surroundings) -> str:
    """Return mistakes, the most confident first, and some that were right."""
    sure = any(example.sure is not None for example in one.examples)
    said = ""
    for right, caption in ((False, "Mistakes, the most confident first." if sure else "The last mistakes."),
                           (True, "Right ones, drawn at random.")):
        examples = [example for example in one.examples if example.right == right]
        if not examples:
            continue
        seen = any(example.stimulus is not None for example in examples)
        kind = "picture" if any(each.stimulus and each.stimulus.png for each in examples) else "stimulus"
        rows = [(cell(_stimulus(each.stimulus), kind=kind) if seen else "") + cell(text(", ".join(each.truth)))
                + cell(_said(each)) + (bar(each.sure) if sure else "") for each in examples]
        heads = (*(("what was shown",) if seen else ()), "truth", "said")
        said += table([*((head, False) for head in heads), *([("how sure", True)] if sure else [])], rows,
                      caption=caption)
    return said


def _stimulus(one: kinds.Picture | None) -> str:
    if one is None:
        return "–"
    if one.png is None:
        return text(one.text or "")
    return _image(one.png, one.width, one.height, "The stimulus, as a picture.")


def _said(example: kinds.Example) -> str:
    said = ", ".join(example.said)
    if example.best is not None and example.said != (example.best,):
        return f"{text(said) or 'nothing'} <small>(best: {text(example.best)})</small>"
    return text(said) or "nothing"


def _fold(one: kinds.Fold, around: Surroundings) -> str:
    shown = render(one.figures, around)
    state = " open" if one.opened else ""
    return f"<details{state}><summary>{text(one.title)}</summary>{shown}</details>" if shown else ""


def _chart(draw: Callable[[Any, str], str]) -> Callable[[Any, Surroundings], str]:
    return lambda one, around: drawing(draw(one, one.alt or one.caption), one.caption)


_RENDERERS: dict[type[kinds.Figure], Callable[[Any, Surroundings], str]] = {
    kinds.Text: _text, kinds.Cards: lambda one, around: "", kinds.Table: _table, kinds.Curves: _curves,
    kinds.Lines: _chart(line_chart), kinds.Traces: _chart(trace_chart), kinds.Bars: _chart(bar_chart),
    kinds.Matrix: _chart(matrix_chart), kinds.Raster: _chart(raster_chart), kinds.Map: _map, kinds.Volume: _volume,
    kinds.Rate: lambda one, around: drawing(rate_chart(one, around.phases, one.alt or one.caption), one.caption),
    kinds.Timeline: _timeline, kinds.Graph: _chart(graph_chart), kinds.Examples: _examples, kinds.Fold: _fold,
    kinds.Image: lambda one, around: drawing(_image(one.png, one.width, one.height, one.alt or one.caption),
                                             one.caption)}
