"""Pictures over the simulated time of a run: rolling values, shares, small charts, rates, and what grew."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from aura.core.time import MS, S, Time
from aura.plugins.figures import Event, Rate
from aura.plugins.report.record import PhaseInfo, Series, SeriesByName
from aura.plugins.report.svg import (
    BELOW,
    EDGE,
    GRID,
    INK,
    MUTED,
    OTHERS,
    PANEL,
    SERIES,
    WIDTH,
    Axes,
    Canvas,
    Tone,
    left_of,
    limits,
    text_width,
)
from aura.plugins.words import short

__all__ = ["LIVES_MAX", "SHARE", "SHOWN_MAX", "SMALL_CHARTS_MAX", "components_chart", "growth_chart", "on_one_grid",
           "one_each", "rate_chart", "rates", "rolling_chart", "running_mean", "scalar_charts", "stretches"]

STYLES: tuple[tuple[str | None, float], ...] = (
    (None, 2.9), ("11 3.6", 2.3), ("3.2 2.7", 2.3), ("12 2.8 2.8 2.8", 2.0))
"""Dashes and widths of a chart's lines in turn: where one lies on another, both are seen."""
DOTTED = 12
"""Points of a line from which on they are not marked."""
SMALL_CHARTS_MAX = 12
"""Small charts on a page; one with more is not read."""
SHOWN_MAX = 24
"""Components drawn one by one; more are not told apart."""
SHARE = 25
"""Running means take so many parts of a phase's points: lines that cross at every point are not read."""
LIVES_MAX = 200
"""Lives that are drawn: the first."""
BINS_MAX = 256
"""Bins of a drawn rate."""
_UNITS = (("h", 3600 * S, 3), ("min", 60 * S, 5), ("s", S, 2), ("ms", MS, 0))
"""Units of time: their names, their nanoseconds, and from how many of them on a stretch is drawn in them."""
_MARKS = {"grow": ("o", "grown"), "prune": ("X", "pruned"), "revive": ("^", "revived"), "freeze": ("s", "frozen"),
          "thaw": ("D", "thawed")}
_LIVES: dict[str, tuple[str | None, float, float]] = {
    "active": (None, 3.5, 1.0), "frozen": (None, 1.4, 1.0), "pruned": ("1.6 2.6", 1.6, 0.7)}
"""Dash, width and strength of a life in each state."""


class _Line(NamedTuple):
    name: str
    series: Series
    colour: str
    width: float = 2.1
    dash: str | None = None


def _over_time(canvas: Canvas, top: float, height: float, y: tuple[float, float], phases: Sequence[PhaseInfo],
               last: Time, label: str = "", *, left: float | None = None, right: float | None = None,
               small: bool = False, x_label: bool = True, y_numbers: bool = True) -> tuple[Axes, Time]:
    """Return axes over the time of a run, drawn, and the unit of time in ns; phases without learning are shaded."""
    unit, scale = next(((unit, scale) for unit, scale, least in _UNITS if last >= least * scale))
    axes = Axes(canvas, left_of(y, label=bool(label)) if left is None else left, top,
                canvas.width - 24 if right is None else right, top + height,
                (0.0, max([last, 1, *(phase.end or 0 for phase in phases)]) / scale), y)
    for phase in phases:
        if phase.end is None or phase.end <= phase.start:
            continue
        start, end = axes.x((phase.start / scale, phase.end / scale)).tolist()
        if not phase.learning:
            canvas.rect(start, top, end - start, height, MUTED, opacity=0.1)
        if not small and end - start > text_width(short(phase.name)) + 6:  # a name that would not fit is left out
            canvas.text(start + 4, top - 5, short(phase.name), colour=MUTED)
        if not small and phase.start > 0:
            canvas.line((start, start), (top, top + height), GRID, width=1.0)
    most = 4 if small else 6
    axes.frame(f"simulated time, {unit}" if x_label else "", label, y_most=most, x_most=most + 2 * (not small),
               y_numbers=y_numbers)
    return axes, scale


def _draw(lines: Sequence[_Line], y: tuple[float, float], phases: Sequence[PhaseInfo], alt: str, label: str) -> str:
    """Return a picture of lines with their legend; a line is broken where the phase changes."""
    canvas = Canvas(WIDTH)
    top = canvas.legend([(line.name, line.dash or "line", line.colour, 1.0) for line in lines]) + 18
    axes, scale = _over_time(canvas, top, 230, y, phases, _last(line.series for line in lines), label)
    for line in lines:
        _draw_line(axes, line, scale)
    return canvas.svg(alt, axes.bottom + BELOW)


def _draw_line(axes: Axes, line: _Line, scale: Time) -> None:
    parts = line.series.by_phase()
    dotted = all(len(times) < DOTTED for _, times, _ in parts)
    for _, times, values in parts:
        axes.line(np.array(times) / scale, values, line.colour, dotted=dotted, width=line.width, dash=line.dash)


def _last(series: Iterable[Series]) -> Time:
    return max((point[0] for one in series for point in one.points), default=0)


def rolling_chart(series: SeriesByName, phases: Sequence[PhaseInfo], alt: str, label: str = "") -> str:
    """Draw series by the words that name them; `label` says what stands on the vertical axis."""
    lines = []
    for number, (names, one) in enumerate(one_each(series)):
        dash, width = STYLES[number % len(STYLES)]
        lines.append(_Line(" = ".join(map(short, names)), one, SERIES[number % len(SERIES)], width, dash))
    y = limits((value for one in series.values() for _, _, value in one.points), shares=True)
    return _draw(lines, y, phases, alt, label)


def one_each(series: SeriesByName) -> list[tuple[list[str], Series]]:
    """Return series with their names, those that are equal point for point as one: of two lines only one is seen."""
    merged: dict[tuple[object, ...], tuple[list[str], Series]] = {}
    for name, one in series.items():
        merged.setdefault(tuple(one.points), ([], one))[0].append(name)
    return list(merged.values())


def running_mean(series: Series) -> Series:
    """Return the mean of each point of a phase and those before it, up to a share of the phase's points."""
    found = Series()
    for phase, times, values in series.by_phase():
        window = max(1, len(values) // SHARE)
        sums = np.concatenate([[0.0], np.cumsum(values)])
        ends = np.arange(len(values)) + 1
        first = np.maximum(ends - window, 0)
        means = ((sums[1:] - sums[first]) / (ends - first)).tolist()
        found.points += [(time, phase, mean) for time, mean in zip(times, means, strict=True)]
    return found


def scalar_charts(shown: Sequence[tuple[str, Series]], phases: Sequence[PhaseInfo], alt: str) -> str:
    """Draw one small chart for each series, with its title."""
    columns, high, last = min(3, len(shown)), 182.0, _last(one for _, one in shown)
    wide = WIDTH / columns
    canvas = Canvas(WIDTH, -(-len(shown) // columns) * high + 24)
    for number, (title, one) in enumerate(shown):
        left, top = number % columns * wide, number // columns * high
        y = limits(value for _, _, value in one.points)
        axes, scale = _over_time(canvas, top + 24, high - 48, y, phases, last, left=left + left_of(y, 4, label=False),
                                 right=left + wide - 16, small=True, x_label=number >= len(shown) - columns)
        canvas.text(axes.left, top + 14, short(title.replace("_", " "), 40), size=12.5)
        _draw_line(axes, _Line(title, one, SERIES[0]), scale)
    return canvas.svg(alt)


# --- components ---------------------------------------------------------------------------------------------------


def on_one_grid(series: Mapping[str, Series]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return all instants of some series, and the values of each at these: 0 before its first."""
    times = np.array(sorted({time for one in series.values() for time, *_ in one.points}), dtype=np.float64)
    return times, {name: np.interp(times, [point[0] for point in one.points], [point[2] for point in one.points],
                                   left=0.0)
                   for name, one in series.items()}


def components_chart(series: SeriesByName, tones: Mapping[str, Tone], phases: Sequence[PhaseInfo], alt: str,
                     *, stacked: bool, quantity: str) -> str:
    """Draw each component in its colour, on top of each other or a line for each.

    Beyond `SHOWN_MAX` components those with the least on average are left out, or drawn as one where they are stacked.
    """
    times, values = on_one_grid(series)
    order = {name: place for place, name in enumerate(tones)}
    names = sorted(values, key=lambda name: order.get(name, len(order)))
    drawn = set(sorted(names, key=lambda name: -float(values[name].mean()))[:SHOWN_MAX])
    shown = [name for name in names if name in drawn]
    if not stacked:
        lines = [_Line(short(name), series[name], tone.colour, dash=tone.dash)
                 for name in shown for tone in [tones.get(name, OTHERS)]]
        y = limits(value for name in shown for _, _, value in series[name].points)
        return _draw(lines, y, phases, alt, quantity)
    layers = [(short(name), tones.get(name, OTHERS), values[name]) for name in shown]
    if len(names) > len(shown):
        rest = np.sum([values[name] for name in names if name not in drawn], axis=0)
        layers.append((f"{len(names) - len(shown)} others", OTHERS, rest))
    canvas = Canvas(WIDTH)
    top = canvas.legend([(name, "box", tone.colour, tone.strength) for name, tone, _ in layers]) + 18
    most = float(np.sum([layer for *_, layer in layers], axis=0).max())
    y = (0.0, (1.0 if 0.9 < most <= 1.0 + 1e-6 else most) * (1.0 + EDGE) or 1.0)
    axes, scale = _over_time(canvas, top, 230, y, phases, int(times[-1]), quantity)
    x, below = axes.x(times / scale), np.zeros(len(times))
    if len(times) == 1:  # a single instant has no width of its own
        x, below = x + np.array([-4.0, 4.0]), np.zeros(2)
    for _, tone, layer in layers:
        above = below + layer
        canvas.area([*zip(x, axes.y(below), strict=True), *reversed([*zip(x, axes.y(above), strict=True)])],
                    tone.colour, tone.strength, PANEL)
        below = above
    return canvas.svg(alt, axes.bottom + BELOW)


# --- rates --------------------------------------------------------------------------------------------------------


def rates(rate: Rate) -> tuple[np.ndarray, np.ndarray]:
    """Return the edges of some hundred bins in ns, and the events per cell and second in each.

    The last bin ends with the run; where that leaves less than half of it, it is joined to the one before.
    """
    bins = max(len(rate.counts), -(-rate.end // rate.width), 1)
    joined = -(-bins // BINS_MAX)
    counts = np.bincount(np.arange(len(rate.counts)) // joined, np.array(rate.counts, float), -(-bins // joined))
    width = float(rate.width * joined)
    edges = np.arange(len(counts) + 1) * width
    edges[-1] = min(edges[-1], max(rate.end, edges[-2] + 1))
    if len(counts) > 1 and edges[-1] - edges[-2] < width / 2:
        counts = np.append(counts[:-2], counts[-2] + counts[-1])
        edges = np.delete(edges, -2)
    return edges, counts / np.diff(edges) * S / max(rate.cells, 1)


def rate_chart(rate: Rate, phases: Sequence[PhaseInfo], alt: str) -> str:
    """Draw the rate of all cells over the whole run."""
    edges, values = rates(rate)
    canvas = Canvas(WIDTH)
    axes, scale = _over_time(canvas, 20, 160, (0.0, float(values.max()) * 1.08 or 1.0), phases, Time(edges[-1]),
                             "rate per cell, Hz")
    x, y = axes.x(np.repeat(edges / scale, 2)[1:-1]), axes.y(np.repeat(values, 2))
    canvas.area([(x[0], axes.bottom), *zip(x, y, strict=True), (x[-1], axes.bottom)], SERIES[0], 0.15)
    canvas.line(x, y, SERIES[0], width=1.5)
    return canvas.svg(alt, axes.bottom + BELOW)


# --- growth -------------------------------------------------------------------------------------------------------


def stretches(life: Sequence[Event], end: Time) -> Iterator[tuple[Time, Time, str]]:
    """Return from when until when a part was active, frozen or pruned, from its events in their order, up to `end`."""
    frozen = pruned = False
    ends = [*(event.time for event in life[1:]), max(end, life[-1].time)]
    for event, until in zip(life, ends, strict=True):
        if event.action in ("freeze", "thaw"):
            frozen = event.action == "freeze"
        else:
            pruned = event.action == "prune"
        yield event.time, until, "pruned" if pruned else "frozen" if frozen else "active"


def growth_chart(events: Sequence[Event], tones: Mapping[str, Tone], phases: Sequence[PhaseInfo], end: Time,
                 alt: str) -> str:
    """Draw a line for the life of each part, in the order in which they came, and lines from what it was grown from.

    Without events nothing is drawn.
    """
    if not events:
        return ""
    lives: dict[str, list[Event]] = {}
    for event in events:
        if event.expert in lives or len(lives) < LIVES_MAX:
            lives.setdefault(event.expert, []).append(event)
    last = max([end, *(event.time for event in events), *(phase.end or 0 for phase in phases)])
    canvas, actions = Canvas(WIDTH), {event.action for event in events}
    top = canvas.legend([(name, marker, INK, 1.0) for action, (marker, name) in _MARKS.items()
                         if action in actions]) + 18
    left = max(text_width(short(name)) for name in lives) + 20
    axes, scale = _over_time(canvas, top, 26.0 * len(lives), (len(lives) - 0.4, -0.6), phases, last, left=left,
                             y_numbers=False)
    rows = {name: float(axes.y(row)) for row, name in enumerate(lives)}
    for name, life in lives.items():
        colour, row = tones.get(name, OTHERS).colour, rows[name]
        canvas.text(left - 8, row, short(name), anchor="end", middle=True)
        for start, until, state in stretches(life, last):
            dash, width, strength = _LIVES[state]
            canvas.line(axes.x((start / scale, until / scale)), (row, row), colour, width=width, dash=dash,
                        opacity=strength)
        for event in life:
            at = float(axes.x(event.time / scale))
            for parent in event.parents if event.action == "grow" else ():
                if parent in rows:
                    canvas.line((at, at), (rows[parent], row), colour, width=1.2, opacity=0.8)
                    canvas.mark(at, rows[parent], "o", colour, 2.0)
            canvas.mark(at, row, _MARKS[event.action][0], colour, 4.2, edge=PANEL)
    return canvas.svg(alt, axes.bottom + BELOW)
