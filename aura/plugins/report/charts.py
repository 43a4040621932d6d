"""Lines, bars, traces, matrices and rasters."""

from __future__ import annotations

import numpy as np

from aura.core.time import MS, S, Time
from aura.plugins.figures import Bars, Lines, Matrix, Profile, Raster, Traces
from aura.plugins.metrics.recent import evenly
from aura.plugins.report.svg import (
    BELOW,
    GRID,
    HUGE,
    INK,
    MUTED,
    PANEL,
    SERIES,
    SIZE,
    SMALL,
    WIDTH,
    Axes,
    Canvas,
    left_of,
    limits,
    text_width,
    ticks,
)
from aura.plugins.words import short, simulated

__all__ = ["BARS_MAX", "LINES_MAX", "MARKS_MAX", "SIDE_MAX", "bar_chart", "line_chart", "matrix_chart",
           "profile_chart", "raster_chart", "stretch", "trace_chart"]

BARS_MAX = 30
"""Bars that are drawn: those of the largest sums."""
LINES_MAX = 60
"""Lines or traces that are drawn: the first."""
SIDE_MAX = 100
"""Rows and columns of a matrix that are drawn: those with the most counts."""
MARKS_MAX = 20_000
"""Spikes that are drawn, evenly chosen."""
ANNOTATED_MIN, DARK_CELL = 0.05, 0.55
"""Share of a row from which on a cell is written out, and from which on it is so dark that its number stands in the
colour of the page."""
CELL_TICKS_MAX = 8


def line_chart(figure: Lines, alt: str) -> str:
    """Draw lines over one axis."""
    canvas, named, lines = Canvas(WIDTH), len(figure.lines) > 1 or bool(figure.lines[0].name), figure.lines[:LINES_MAX]
    styled = [(line, SERIES[number % len(SERIES)], "7 4" if number // len(SERIES) % 2 else None)  # colours come again
              for number, line in enumerate(lines)]
    top = canvas.legend([(short(line.name), dash or "line", colour, 1.0) for line, colour, dash in styled]
                        if named else []) + 10
    y = limits(value for line in lines for value in line.y)
    x = [value for line in lines for value in line.x]
    axes = Axes(canvas, left_of(y, label=bool(figure.y)), top, WIDTH - 24, top + 230, (min(x), max(x)), y)
    axes.frame(figure.x, figure.y)
    for line, colour, dash in styled:
        axes.line(line.x, line.y, colour, width=2.1, dash=dash)
    return canvas.svg(alt, axes.bottom + BELOW)


def bar_chart(figure: Bars, alt: str) -> str:
    """Draw a bar for each name, in their order or the largest on top; nothing where there are none."""
    if not (figure.names and figure.parts):
        return ""
    parts = np.clip(list(figure.parts.values()), -HUGE, HUGE)
    sums = parts.sum(axis=0)
    order = sorted(range(len(figure.names)), key=lambda row: (-sums[row], figure.names[row]))[:BARS_MAX]
    if not figure.sort:
        order.sort()
    canvas = Canvas(WIDTH)
    top = canvas.legend([(part, "box", SERIES[number % len(SERIES)], 1.0) for number, part in enumerate(figure.parts)]
                        if len(figure.parts) > 1 else []) + 6
    left = max(text_width(short(figure.names[row])) for row in order) + 16
    axes = Axes(canvas, left, top, WIDTH - 24, top + 32.0 * len(order),
                (0.0, (float(sums.max()) or 1.0) * (1.38 if figure.notes else 1.05)), (0.0, 1.0))
    for value in ticks(*axes.x_limits, 8):
        canvas.line(axes.x((value, value)), (top, axes.bottom), GRID, width=0.8)
    axes.frame(figure.quantity, y_numbers=False)
    for place, row in enumerate(order):
        at, start = top + 32.0 * (place + 0.5), 0.0
        canvas.text(left - 8, at, short(figure.names[row]), anchor="end", middle=True)
        for number, values in enumerate(parts):
            begin, end = axes.x((start, start + values[row])).tolist()
            canvas.rect(begin, at - 10, end - begin, 20, SERIES[number % len(SERIES)])
            start += values[row]
        if figure.notes:
            canvas.text(float(axes.x(start)) + 7, at, figure.notes[row], colour=MUTED, middle=True)
    return canvas.svg(alt, axes.bottom + BELOW)


def trace_chart(figure: Traces, alt: str) -> str:
    """Draw each trace in a row of its own, all to the same scale."""
    traces = figure.traces[:LINES_MAX]
    start, end = min(trace.times[0] for trace in traces), max(trace.times[-1] for trace in traces)
    y = limits((value for trace in traces for value in trace.values), room=0.08)
    unit, scale, begin = stretch(start, end)
    first, last = (start - begin) / scale, max((end - begin) / scale, (start - begin) / scale + 1e-9)
    canvas = Canvas(WIDTH, 70.0 * len(traces) + BELOW + 8)
    for row, trace in enumerate(traces):
        axes = Axes(canvas, left_of(y, 3), 70.0 * row + 18, WIDTH - 24, 70.0 * (row + 1), (first, last), y)
        bottom = row == len(traces) - 1
        axes.frame(unit if bottom else "", y_most=3, x_numbers=bottom)
        canvas.text(axes.left, axes.top - 5, short(trace.name))
        axes.line((np.array(trace.times) - begin) / scale, trace.values, SERIES[0], width=1.2)
    canvas.text(SIZE, 35.0 * len(traces) + 9, short(figure.quantity, 60), size=SIZE, anchor="middle", turn=-90)
    return canvas.svg(alt)


def stretch(start: Time, end: Time) -> tuple[str, Time, Time]:
    """Return how a stretch of time is written on an axis: the axis' label, its unit in ns, and where it begins."""
    unit, scale = ("s", S) if end - start > 2 * S else ("ms", MS)
    if start <= 0 or end <= 10 * (end - start):
        return f"simulated time, {unit}", scale, 0
    begin = start // MS * MS
    return f"simulated time after {simulated(begin)}, {unit}", scale, begin


def matrix_chart(figure: Matrix, alt: str) -> str:
    """Draw the shares of each row that went to each column."""
    counts = np.array(figure.counts, dtype=float).reshape(len(figure.rows), len(figure.columns))
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0)
    down, across = _largest(totals[:, 0]), _largest(counts.sum(axis=0))
    if figure.rows == figure.columns:  # then what was right stays on the diagonal
        across = down
    shares = shares[np.ix_(down, across)]
    rows = [f"{short(figure.rows[row])}  {int(totals[row, 0]):,}" for row in down]
    columns = [short(figure.columns[column]) for column in across]
    side = min(806.0, max(211.0, 26.0 * len(columns))) / max(len(columns), 1)
    left = max(map(text_width, rows), default=0.0) + (SIZE + 14 if figure.down else 6)
    turned = len(columns) > 6
    below = (max(map(text_width, columns), default=0.0) if turned else SMALL) + 12
    width, height = side * len(columns), side * len(rows)
    canvas = Canvas(left + width + 10, 4 + height + below + (SIZE + 8 if figure.across else 0))
    canvas.rect(left, 4, width, height, "none", edge=MUTED)
    for row, words in enumerate(rows):
        canvas.text(left - 6, 4 + (row + 0.5) * side, words, anchor="end", middle=True)
    for column, words in enumerate(columns):
        x = left + (column + 0.5) * side
        if turned:
            canvas.text(x + SMALL * 0.35, 4 + height + 6, words, anchor="end", turn=-90)
        else:
            canvas.text(x, 4 + height + SMALL + 4, words, anchor="middle")
    for row, column in np.argwhere(shares > 0).tolist():
        share, x, y = float(shares[row, column]), left + column * side, 4 + row * side
        canvas.rect(x + 0.5, y + 0.5, side - 1, side - 1, SERIES[0], opacity=0.06 + 0.94 * share)
        if share >= ANNOTATED_MIN:
            canvas.text(x + side / 2, y + side / 2, f"{share * 100:.0f}", size=9.5, anchor="middle", middle=True,
                        colour=PANEL if share > DARK_CELL else INK)
    canvas.text(left + width / 2, canvas.height - 4, figure.across, size=SIZE, colour=MUTED, anchor="middle")
    canvas.text(SIZE, 4 + height / 2, figure.down, size=SIZE, colour=MUTED, anchor="middle", turn=-90)
    return canvas.svg(alt)


def _largest(sums: np.ndarray) -> list[int]:
    """Return the places of the largest sums, in their order."""
    return sorted(np.argsort(-sums, kind="stable")[:SIDE_MAX].tolist())


def raster_chart(raster: Raster, alt: str) -> str:
    """Draw a mark for each spike: cells from bottom to top, time from left to right."""
    label, scale, begin = stretch(raster.start, raster.end)
    rows = len(raster.cells)
    first, last = (raster.start - begin) / scale, (raster.end - begin) / scale
    left = max((text_width(str(cell)) for cell in raster.cells), default=0.0) + SIZE + 20
    height = min(330.0, max(90.0, 4.3 * rows + 20))
    canvas = Canvas(WIDTH, 8 + height + BELOW)
    axes = Axes(canvas, left, 8, WIDTH - 24, 8 + height, (first, max(last, first + 1e-9)), (-0.8, max(rows, 1) - 0.2))
    axes.frame(label, "cell", y_numbers=False)
    for place in sorted({round(place) for place in np.linspace(0, rows - 1, min(rows, CELL_TICKS_MAX))}):
        canvas.text(left - 6, float(axes.y(place)), str(raster.cells[place]), colour=MUTED, anchor="end", middle=True)
    if raster.rows:
        # One path of all marks: a hundredth of the size of a line for each.
        shown = evenly(len(raster.rows), MARKS_MAX)
        x = axes.x((np.array(raster.times)[shown] - begin) / scale)
        tall = float(axes.y(0.0) - axes.y(1.0))
        tops = axes.y(np.array(raster.rows)[shown] + 0.5)
        canvas.add("path", d="".join(f"M{a:.1f} {b:.1f}v{tall:.1f}" for a, b in zip(x, tops, strict=True)),
                   stroke=SERIES[0], stroke_width=1.7, fill="none")
    return canvas.svg(alt)


def profile_chart(profiles: tuple[Profile, ...], quantity: str, alt: str) -> str:
    """Draw the means over the planes across each axis of a grid."""
    canvas = Canvas(WIDTH, 230.0)
    styles = (("mean of the phase", SERIES[0], None), ("last of the phase", SERIES[1], "7 3"))
    top = canvas.legend([(name, dash or "line", colour, 1.0) for name, colour, dash in styles]) + 22
    y = limits([value for profile in profiles for value in (*profile.mean, *profile.last)])
    room = left_of(y, 5)
    wide = (WIDTH - room) / len(profiles)
    for number, profile in enumerate(profiles):
        left = room + number * wide
        axes = Axes(canvas, left, top, left + wide - 18, 190.0, (0.0, len(profile.mean) - 1.0 or 1.0), y)
        axes.frame(f"{profile.axis}, unit of the grid", x_most=5, y_most=5, y_numbers=number == 0)
        canvas.text(left, top - 7, f"along {profile.axis}", size=SIZE)
        for (_, colour, dash), values in zip(styles, (profile.mean, profile.last), strict=True):
            axes.line(range(len(values)), values, colour, width=2.1, dash=dash)
    canvas.text(SIZE, (top + 190.0) / 2, short(quantity, 40), size=SIZE, colour=MUTED, anchor="middle", turn=-90)
    return canvas.svg(alt)
