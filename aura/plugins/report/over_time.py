"""Pictures over the simulated time of a run: rolling values, shares, small charts, rates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from aura.core.time import MS, S, Time
from aura.plugins.figures import Rate
from aura.plugins.report.palette import OTHERS, Tone
from aura.plugins.report.record import PhaseInfo, Series, SeriesByName
from aura.plugins.report.svg import (
    EDGE,
    GRID,
    MUTED,
    PANEL,
    SERIES,
    WIDTH,
    Axes,
    Canvas,
    Entry,
    left_of,
    limits,
    text_width,
)
from aura.plugins.words import short

__all__ = ["BELOW", "SHARE", "SHOWN_MAX", "SMALL_CHARTS_MAX", "components_chart", "on_one_grid", "one_each",
           "over_time", "rate_chart", "rates", "rolling_chart", "running_mean", "scalar_charts", "time_unit"]

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
BINS_MAX = 256
"""Bins of a drawn rate."""
BELOW = 40.0
"""Room for the numbers of the horizontal axis, and its label."""
_MANY, _FEW = 3600 * S, 60 * S


def time_unit(span: Time) -> tuple[str, Time]:
    """Return the unit in which a stretch of time is drawn, and its nanoseconds."""
    if span >= 3 * _MANY:
        return "h", _MANY
    if span >= 5 * _FEW:
        return "min", _FEW
    return ("s", S) if span >= 2 * S else ("ms", MS)


def over_time(canvas: Canvas, top: float, height: float, y: tuple[float, float], phases: Sequence[PhaseInfo],
               last: Time, label: str = "", left: float | None = None, *, numbers: bool = True) -> tuple[Axes, Time]:
    """Return axes over the time of a run, drawn, and the unit of time in ns; phases without learning are shaded."""
    unit, scale = time_unit(last)
    ends = [phase.end for phase in phases if phase.end is not None]
    axes = Axes(canvas, left_of(y, label=bool(label)) if left is None else left, top, canvas.width - 24, top + height,
                (0.0, max([*ends, last, 1]) / scale), y)
    for phase in phases:
        if phase.end is None or phase.end <= phase.start:
            continue
        start, end = float(axes.x(phase.start / scale)), float(axes.x(phase.end / scale))
        if not phase.learning:
            canvas.rect(start, top, end - start, height, MUTED, opacity=0.1)
        if end - start > text_width(short(phase.name)) + 6:  # a name that would not fit is left out
            canvas.text(start + 4, top - 5, short(phase.name), colour=MUTED)
        if phase.start > 0:
            canvas.line((start, start), (top, top + height), GRID, width=1.0)
    axes.frame(f"simulated time, {unit}", label, y_numbers=numbers)
    return axes, scale


def _last(series: Iterable[Series]) -> Time:
    return max((point[0] for one in series for point in one.points), default=0)


def _draw(axes: Axes, one: Series, scale: Time, colour: str, *, width: float, dash: str | None = None) -> None:
    stretches = one.by_phase()
    dotted = all(len(times) < DOTTED for _, times, _ in stretches)
    for _, times, values in stretches:
        x = np.array(times) / scale
        axes.line(x, values, colour, width=width, dash=dash)
        for a, b in zip(axes.x(x), axes.y(values), strict=True) if dotted or len(times) == 1 else ():
            axes.canvas.mark(a, b, "o", colour, 2.2)


def rolling_chart(series: SeriesByName, phases: Sequence[PhaseInfo], alt: str, label: str = "") -> str:
    """Draw series by the words that name them; `label` says what stands on the vertical axis."""
    merged = one_each(series)
    canvas = Canvas(WIDTH, 0.0)
    entries = []
    for number, (names, _) in enumerate(merged):
        words, dash = " = ".join(short(name) for name in names), STYLES[number % len(STYLES)][0]
        entries.append((words, dash or "line", SERIES[number % len(SERIES)], 1.0))
    top = canvas.legend(entries) + 18
    y = limits((value for one in series.values() for _, _, value in one.points), shares=True)
    axes, scale = over_time(canvas, top, 230, y, phases, _last(series.values()), label)
    for number, (_, one) in enumerate(merged):
        dash, width = STYLES[number % len(STYLES)]
        _draw(axes, one, scale, SERIES[number % len(SERIES)], width=width, dash=dash)
    canvas.height = axes.bottom + BELOW
    return canvas.svg(alt)


def one_each(series: SeriesByName) -> list[tuple[list[str], Series]]:
    """Return series with their names, those that are equal point for point as one: of two lines only one is seen."""
    merged: list[tuple[list[str], Series]] = []
    for name, one in series.items():
        for names, other in merged:
            if other.points == one.points:
                names.append(name)
                break
        else:
            merged.append(([name], one))
    return merged


def running_mean(series: Series) -> Series:
    """Return the mean of each point of a phase and those before it, up to a share of the phase's points."""
    found = Series()
    for phase, times, values in series.by_phase():
        window = max(1, len(values) // SHARE)
        sums = np.concatenate([[0.0], np.cumsum(values)])
        first = np.maximum(np.arange(len(values)) + 1 - window, 0)
        means = (sums[1:] - sums[first]) / (np.arange(len(values)) + 1 - first)
        found.points += [(time, phase, float(mean)) for time, mean in zip(times, means, strict=True)]
    return found


def scalar_charts(shown: Sequence[tuple[str, Series]], phases: Sequence[PhaseInfo], alt: str) -> str:
    """Draw one small chart for each series, with its title."""
    columns = min(3, len(shown))
    rows = -(-len(shown) // columns)
    wide, high = WIDTH / columns, 182.0
    canvas = Canvas(WIDTH, rows * high + 24)
    unit, scale = time_unit(_last(one for _, one in shown))
    ends = [_last(one for _, one in shown), *(phase.end for phase in phases if phase.end is not None)]
    for number, (title, one) in enumerate(shown):
        left, top = number % columns * wide, number // columns * high
        y = limits(value for _, _, value in one.points)
        axes = Axes(canvas, left + left_of(y, 4, label=False), top + 24, left + wide - 16, top + high - 24,
                    (0.0, max(*ends, 1) / scale), y)
        for phase in phases:
            if phase.end is not None and not phase.learning:
                start, end = axes.x((phase.start / scale, phase.end / scale)).tolist()
                canvas.rect(start, axes.top, end - start, axes.bottom - axes.top, MUTED, opacity=0.1)
        axes.frame(f"simulated time, {unit}" if number >= len(shown) - columns else "", y_most=4, x_most=4)
        canvas.text(axes.left, top + 14, short(title.replace("_", " "), 40), size=12.5)
        _draw(axes, one, scale, SERIES[0], width=2.1)
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
    layers = [(short(name), tones.get(name, OTHERS), values[name]) for name in names if name in drawn]
    if stacked and len(names) > len(drawn):
        rest = np.sum([values[name] for name in names if name not in drawn], axis=0)
        layers.append((f"{len(names) - len(drawn)} others", OTHERS, rest))
    canvas = Canvas(WIDTH, 0.0)
    entries: list[Entry] = [(name, "box" if stacked else tone.dash or "line", tone.colour, tone.strength if stacked
                             else 1.0) for name, tone, _ in layers]
    top = canvas.legend(entries) + 18
    if stacked:
        most = float(np.sum([layer for *_, layer in layers], axis=0).max())
        y = (0.0, (1.0 if 0.9 < most <= 1.0 + 1e-6 else most) * (1.0 + EDGE) or 1.0)
    else:
        y = limits(value for name in drawn for _, _, value in series[name].points)
    axes, scale = over_time(canvas, top, 235, y, phases, int(times[-1]), quantity)
    x, below = axes.x(times / scale), np.zeros(len(times))
    if len(times) == 1:  # a single instant has no width of its own
        x, times, below = x + np.array([-4.0, 4.0]), np.repeat(times, 2), np.zeros(2)
    for _, tone, layer in layers:
        if stacked:
            above = below + layer
            points = [*zip(x, axes.y(below), strict=True), *reversed([*zip(x, axes.y(above), strict=True)])]
            canvas.area(points, tone.colour, tone.strength, PANEL)
            below = above
    for name in (name for name in names if name in drawn and not stacked):
        tone = tones.get(name, OTHERS)
        _draw(axes, series[name], scale, tone.colour, width=2.1, dash=tone.dash)
    canvas.height = axes.bottom + BELOW
    return canvas.svg(alt)


# --- rates --------------------------------------------------------------------------------------------------------


def rates(rate: Rate) -> tuple[np.ndarray, np.ndarray]:
    """Return the edges of some hundred bins in ns, and the events per cell and second in each.

    The last bin ends with the run; where that leaves less than half of it, it is joined to the one before.
    """
    bins = max(len(rate.counts), -(-rate.end // rate.width), 1)
    joined = -(-bins // BINS_MAX)
    width = rate.width * joined
    counts = np.zeros(-(-bins // joined) * joined)
    counts[:len(rate.counts)] = rate.counts
    counts = counts.reshape(-1, joined).sum(axis=1)
    edges = np.arange(len(counts) + 1) * float(width)
    edges[-1] = min(edges[-1], max(rate.end, edges[-2] + 1))
    if len(counts) > 1 and edges[-1] - edges[-2] < width / 2:
        counts = np.append(counts[:-2], counts[-2] + counts[-1])
        edges = np.delete(edges, -2)
    return edges, counts / np.diff(edges) * S / max(rate.cells, 1)


def rate_chart(rate: Rate, phases: Sequence[PhaseInfo], alt: str) -> str:
    """Draw the rate of all cells over the whole run, phases without learning shaded."""
    edges, values = rates(rate)
    canvas = Canvas(WIDTH, 220.0)
    axes, scale = over_time(canvas, 20, 160, (0.0, float(values.max()) * 1.08 or 1.0), phases, Time(edges[-1]),
                             "rate per cell, Hz")
    x, y = axes.x(np.repeat(edges / scale, 2)[1:-1]), axes.y(np.repeat(values, 2))
    canvas.area([(x[0], axes.bottom), *zip(x, y, strict=True), (x[-1], axes.bottom)], SERIES[0], 0.15)
    canvas.line(x, y, SERIES[0], width=1.5)
    return canvas.svg(alt)
