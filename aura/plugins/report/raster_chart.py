"""Spikes as marks by cell and time, and how often all cells spiked over the whole run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from aura.core.time import S, Time
from aura.plugins.report.charts import WIDTH_IN, shade, time_unit
from aura.plugins.report.record import PhaseInfo
from aura.plugins.report.svg import SERIES, draw
from aura.plugins.report.trace_chart import stretch
from aura.plugins.report.view_record import RasterView, RateView

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["raster_chart", "rate_chart", "rates"]

MARK = 0.5
"""Half the height of a mark; the rows are 1 apart."""
BINS_MAX = 256
"""Bins of the drawn rate."""
CELL_TICKS_MAX = 8


def raster_chart(raster: RasterView, key: str, alt: str) -> str:
    """Draw a mark for each spike: cells from bottom to top, time from left to right."""
    label, scale, begin = stretch(raster.start, raster.end)

    def make() -> Figure:
        from matplotlib.figure import Figure
        from matplotlib.patches import PathPatch
        from matplotlib.path import Path

        rows = len(raster.cells)
        figure = Figure(figsize=(WIDTH_IN, min(4.0, max(1.6, 0.8 + 0.045 * rows))), layout="constrained")
        axes = figure.subplots()
        if raster.rows:
            # One path of all marks: a hundredth of the size of a line for each.
            x = (np.array(raster.times) - begin) / scale
            y = np.array(raster.rows, dtype=float)
            ends = np.stack((np.repeat(x, 2), np.stack((y - MARK, y + MARK), axis=1).ravel()), axis=1)
            codes = np.tile(np.array([Path.MOVETO, Path.LINETO], dtype=np.uint8), len(x))
            axes.add_patch(PathPatch(Path(ends, codes), edgecolor=SERIES[0], facecolor="none", linewidth=1.3))
        axes.set_xlim((raster.start - begin) / scale, max((raster.end - begin) / scale, 1e-9))
        axes.set_ylim(-0.8, max(rows, 1) - 0.2)
        places = sorted({round(place) for place in np.linspace(0, rows - 1, min(rows, CELL_TICKS_MAX))})
        axes.set_yticks(places, [str(raster.cells[place]) for place in places])
        axes.set_ylabel("cell")
        axes.set_xlabel(label)
        return figure

    return draw(make, key, alt)


def rates(rate: RateView, cells: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the edges of some hundred bins in ns, and the spikes per cell and second in each.

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
    return edges, counts / np.diff(edges) * S / max(cells, 1)


def rate_chart(rate: RateView, cells: int, phases: Sequence[PhaseInfo], key: str, alt: str) -> str:
    """Draw the rate of all cells over the whole run, phases without learning shaded."""
    edges, values = rates(rate, cells)

    def make() -> Figure:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(WIDTH_IN, 2.3), layout="constrained")
        axes = figure.subplots()
        unit, scale = time_unit(Time(edges[-1]))
        axes.stairs(values, edges / scale, baseline=None, color=SERIES[0], linewidth=1.1)
        axes.stairs(values, edges / scale, color=SERIES[0], fill=True, alpha=0.15, linewidth=0)
        axes.set_xlim(0, edges[-1] / scale)
        axes.set_ylim(0, float(values.max()) * 1.08 or 1.0)
        shade(axes, phases, scale)
        axes.set_ylabel("rate per cell, Hz")
        axes.set_xlabel(f"simulated time, {unit}")
        axes.grid(axis="y")
        return figure

    return draw(make, key, alt)
