"""The plots over time, and the time that each zone took."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from aura.core.time import MS, US, S, Time
from aura.plugins.report.record import PhaseInfo, Series, SeriesByName
from aura.plugins.report.svg import GRID, INK, MUTED, SERIES, draw
from aura.plugins.report.words import named, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["EDGE", "WIDTH_IN", "one_each", "rolling_chart", "scalar_charts", "shade", "time_unit", "zone_time_chart"]

WIDTH_IN = 9.6
LETTER_IN = 0.07
"""Mean width of a letter of 8 points, with some room."""
STYLES = (("-", 2.2), ((0, (5.0, 1.6)), 1.7), ((0, (1.4, 1.2)), 1.7), ((0, (6.0, 1.4, 1.4, 1.4)), 1.5))
"""Dashes and widths in points of a chart's lines in turn: where one lies on another, both are seen."""
EDGE = 0.03
"""Room beyond the ends of a scale from 0 to 1, as its fraction: a line at the end is seen at its full width."""
DOTTED = 12
"""Points of a line from which on they are not marked."""
ZONES_MAX = 30
"""Zones with a bar of their own: those that took the most time."""
SMALL_CHARTS_MAX = 12
"""Small charts on a page; one with more is not read."""

_MANY, _FEW = 3600 * S, 60 * S


def rolling_chart(series: SeriesByName, phases: Sequence[PhaseInfo], key: str, alt: str, label: str = "") -> str:
    """Draw the rolling figures of one metric over simulated time, phases without learning shaded.

    `label` says what stands on the vertical axis, where the names of the series do not.
    """

    def make() -> Figure:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(WIDTH_IN, 3.3), layout="constrained")
        axes = figure.subplots()
        unit, scale = _unit_of(series.values())
        dotted = all(len(times) < DOTTED for one in series.values() for _, times, _ in one.by_phase())
        merged = one_each(series)
        for number, (names, one) in enumerate(merged):
            written = " = ".join(short(named(name)) for name in names)
            _plot(axes, one, scale, SERIES[number % len(SERIES)], written, STYLES[number % len(STYLES)], dotted)
        if all(0.0 <= value <= 1.0 for one in series.values() for _, _, value in one.points):
            top = max(0.1, min(1.0, axes.get_ylim()[1]))
            axes.set_ylim(-EDGE * top, (1.0 + EDGE) * top)
        shade(axes, phases, scale)
        axes.set_xlabel(f"simulated time, {unit}")
        axes.set_ylabel(label)
        axes.grid(axis="y")
        figure.legend(loc="outside upper left", ncols=min(len(merged), 6), handlelength=2.6, columnspacing=1.6)
        return figure

    return draw(make, key, alt)


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


def scalar_charts(shown: Sequence[tuple[str, Series]], phases: Sequence[PhaseInfo], key: str, alt: str) -> str:
    """Draw one small chart for each series, with its title."""

    def make() -> Figure:
        from matplotlib.figure import Figure

        columns = min(3, len(shown))
        rows = -(-len(shown) // columns)
        figure = Figure(figsize=(WIDTH_IN, 1.9 * rows + 0.3), layout="constrained")
        grid = figure.subplots(rows, columns, squeeze=False)
        unit, scale = _unit_of([one for _, one in shown])
        for number, axes in enumerate(grid.flat):
            if number >= len(shown):
                axes.set_visible(False)
                continue
            title, one = shown[number]
            dotted = all(len(times) < DOTTED for _, times, _ in one.by_phase())
            _plot(axes, one, scale, SERIES[0], title, ("-", 1.6), dotted)
            shade(axes, phases, scale, names=False)
            axes.set_title(short(title.replace("_", " "), 40), loc="left")
            axes.grid(axis="y")
            if number >= len(shown) - columns:
                axes.set_xlabel(f"simulated time, {unit}")
        return figure

    return draw(make, key, alt)


def zone_time_chart(profile: dict[str, dict[str, tuple[int, int]]], key: str, alt: str) -> str:
    """Draw a bar for each zone: wall time in step and in learn, the largest on top."""
    zones = sorted(profile, key=lambda zone: (sum(spent for _, spent in profile[zone].values()), zone))[-ZONES_MAX:]

    def make() -> Figure:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(WIDTH_IN, 0.34 * len(zones) + 0.95), layout="constrained")
        axes = figure.subplots()
        most = max((sum(s for _, s in profile[zone].values()) for zone in zones), default=0)
        unit, scale = ("s", S) if most >= S else ("ms", MS)
        for number, part in enumerate(("step", "learn")):
            starts = [profile[zone].get("step", (0, 0))[1] / scale if part == "learn" else 0.0 for zone in zones]
            widths = [profile[zone].get(part, (0, 0))[1] / scale for zone in zones]
            axes.barh(range(len(zones)), widths, left=starts, color=SERIES[number], label=part, height=0.62)
        for row, zone in enumerate(zones):
            end = sum(spent for _, spent in profile[zone].values()) / scale
            axes.annotate(_per_call(profile[zone]), (end, row), (5, 0), textcoords="offset points", va="center",
                          color=MUTED, fontsize=8)
        axes.set_yticks(range(len(zones)), [short(zone) for zone in zones])
        axes.set_xlim(0, (most / scale or 1.0) * 1.38)  # room for the texts beside the bars
        axes.set_xlabel(f"wall time, {unit}")
        axes.tick_params(axis="y", length=0, labelcolor=INK)
        axes.spines["left"].set_visible(False)
        axes.grid(axis="x")
        axes.set_axisbelow(True)
        figure.legend(loc="outside upper left", ncols=2, handlelength=1.0)
        return figure

    return draw(make, key, alt)


def _plot(axes: Axes, series: Series, scale: Time, colour: str, label: str, style: tuple[Any, float],
          dotted: bool) -> None:
    dashes, width = style
    for number, (_, times, values) in enumerate(series.by_phase()):
        axes.plot([time / scale for time in times], values, linestyle=dashes, linewidth=width, color=colour,
                  label=None if number else label, marker="o" if dotted or len(times) == 1 else None, markersize=3)


def shade(axes: Axes, phases: Sequence[PhaseInfo], scale: Time, names: bool = True) -> None:
    """Shade the phases without learning and name all of them above the plot."""
    ends = [phase.end / scale for phase in phases if phase.end is not None]
    low, high = 0.0, max((*ends, axes.get_xlim()[1] if not ends else 0.0))
    axes.set_xlim(low, high)
    for phase in phases:
        if phase.end is None or phase.end <= phase.start:
            continue
        start, end = phase.start / scale, phase.end / scale
        if not phase.learning:
            axes.axvspan(start, end, color=MUTED, alpha=0.10, linewidth=0)
        # A name that would not fit above a short phase is left out.
        if names and (end - start) * WIDTH_IN > len(short(phase.name)) * LETTER_IN * (high - low):
            axes.annotate(short(phase.name), (start, 1.0), (3, 3), xycoords=("data", "axes fraction"),
                          textcoords="offset points", color=MUTED, fontsize=8)
        if start > low:
            axes.axvline(start, color=GRID, linewidth=0.8)


def time_unit(span: Time) -> tuple[str, Time]:
    """Return the unit in which a stretch of time is drawn, and its nanoseconds."""
    if span >= 3 * _MANY:
        return "h", _MANY
    if span >= 5 * _FEW:
        return "min", _FEW
    return ("s", S) if span >= 2 * S else ("ms", MS)


def _unit_of(series: Iterable[Series]) -> tuple[str, Time]:
    return time_unit(max((point[0] for one in series for point in one.points), default=0))


def _per_call(spent: dict[str, tuple[int, int]]) -> str:
    parts = []
    for part in ("step", "learn"):
        calls, total = spent.get(part, (0, 0))
        if calls:
            mean = total / calls
            amount = f"{mean / MS:,.2f} ms" if mean >= MS else f"{mean / US:,.1f} µs"
            parts.append(f"{part} {amount} × {calls:,}")
    return ", ".join(parts)
