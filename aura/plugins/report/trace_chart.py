"""Traces, one below the other, over a short stretch of time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aura.core.time import MS, S, Time
from aura.plugins.report.charts import WIDTH_IN
from aura.plugins.report.svg import INK, SERIES, draw
from aura.plugins.report.view_record import TraceLine
from aura.plugins.report.words import short, simulated

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["stretch", "trace_chart"]

ROW_IN, REST_IN = 0.72, 0.75
"""Height of one trace, and of what stands above and below them all."""
MARGIN = 0.08
"""Share of the range of values that is left free above and below."""


def trace_chart(traces: Sequence[TraceLine], quantity: str, key: str, alt: str) -> str:
    """Draw each trace in a row of its own, all to the same scale; `quantity` is what they show, with its unit."""
    start = min(trace.times[0] for trace in traces)
    end = max(trace.times[-1] for trace in traces)
    least = min(min(trace.values) for trace in traces)
    largest = max(max(trace.values) for trace in traces)

    def make() -> Figure:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(WIDTH_IN, ROW_IN * len(traces) + REST_IN), layout="constrained")
        grid = figure.subplots(len(traces), 1, sharex=True, sharey=True, squeeze=False)
        unit, scale, begin = stretch(start, end)
        for axes, trace in zip(grid[:, 0], traces, strict=True):
            axes.plot([(time - begin) / scale for time in trace.times], trace.values, color=SERIES[0], linewidth=0.9)
            axes.set_title(short(trace.name), loc="left", fontsize=8, pad=1.5, color=INK)
            axes.grid(axis="y")
            axes.tick_params(length=2)
        room = MARGIN * (largest - least) or 1.0
        grid[0, 0].set_ylim(least - room, largest + room)
        grid[0, 0].set_xlim((start - begin) / scale, max((end - begin) / scale, (start - begin) / scale + 1e-9))
        grid[-1, 0].set_xlabel(unit)
        figure.supylabel(quantity, fontsize=9, color=INK)
        return figure

    return draw(make, key, alt)


def stretch(start: Time, end: Time) -> tuple[str, Time, Time]:
    """Return how a stretch of time is written on an axis: the axis' label, its unit in ns, and where it begins."""
    unit, scale = ("s", S) if end - start > 2 * S else ("ms", MS)
    if start <= 0 or end <= 10 * (end - start):
        return f"simulated time, {unit}", scale, 0
    begin = start // MS * MS
    return f"simulated time after {simulated(begin)}, {unit}", scale, begin
