"""The picture of a brain: zones with their ports, pathways with their delays."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from aura.plugins.report.layout import LINE_IN, PAD_IN, TEXT_MOST, TITLE_IN, Box, Layout, Route, lay_out
from aura.plugins.report.record import Pathway, ZoneInfo
from aura.plugins.report.svg import INK, MUTED, PANEL, SERIES, draw
from aura.plugins.report.words import short

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["ZONES_MAX", "graph_chart"]

ZONES_MAX = 60
"""A picture of more zones cannot be read; the schedule lists them."""


def graph_chart(zones: Sequence[ZoneInfo], pathways: Sequence[Pathway], key: str, alt: str) -> str:
    """Draw the brain's graph."""
    layout = lay_out(zones, pathways)

    def make() -> Figure:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(max(layout.width, 1.0), max(layout.height, 0.5)))
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        axes.set(xlim=(0, max(layout.width, 1.0)), ylim=(0, max(layout.height, 0.5)))
        axes.set_axis_off()
        _draw_all(axes, layout)
        return figure

    return draw(make, key, alt)


def _draw_all(axes: Axes, layout: Layout) -> None:
    for route in layout.routes:
        _draw_route(axes, route)
    for box in layout.boxes:
        _draw_box(axes, box)
    for x, y, text in layout.delays:
        axes.text(x - 0.13, y + 0.035, text, ha="right", va="bottom", fontsize=7.5, color=MUTED)


def _draw_box(axes: Axes, box: Box) -> None:
    from matplotlib.patches import FancyBboxPatch

    axes.add_patch(FancyBboxPatch((box.x, box.y), box.width, box.height, boxstyle="round,pad=0,rounding_size=0.07",
                                  facecolor=PANEL, edgecolor=SERIES[0], linewidth=1.1, zorder=3))
    middle, top = box.x + box.width / 2, box.y + box.height
    axes.text(middle, top - 0.17, short(box.name, TEXT_MOST), ha="center", va="center", fontsize=9.5, weight="bold",
              color=INK, zorder=4)
    for number, about in enumerate(box.about):
        axes.text(middle, top - TITLE_IN - (number + 0.25) * LINE_IN, about, ha="center", va="center", fontsize=8,
                  color=MUTED, zorder=4)
    if box.inputs or box.outputs:
        line = top - box.header + 0.01
        axes.plot([box.x + PAD_IN, box.x + box.width - PAD_IN], [line, line], color=MUTED, alpha=0.3, linewidth=0.7,
                  zorder=4)
    for ports, side, x, align in ((box.inputs, "in", box.x, "left"), (box.outputs, "out", box.x + box.width, "right")):
        inwards = PAD_IN if side == "in" else -PAD_IN
        for port in ports:
            y = box.port_y(port, side)
            axes.text(x + inwards, y, short(port, TEXT_MOST), ha=align, va="center", fontsize=8, color=INK, zorder=4)
            axes.plot([x], [y], marker="o", markersize=3.4, color=SERIES[0], zorder=5)


def _draw_route(axes: Axes, route: Route) -> None:
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    points = route.points
    vertices, codes = [points[0]], [Path.MOVETO]
    for number, (start, end) in enumerate(pairwise(points)):
        curved = not route.back and number % 2 == 0
        if curved:  # between two layers; within a layer and at the end the line is straight
            bend = 0.5 * (end[0] - start[0])
            vertices += [(start[0] + bend, start[1]), (end[0] - bend, end[1]), end]
            codes += [Path.CURVE4] * 3
        else:
            vertices.append(end)
            codes.append(Path.LINETO)
    colour = SERIES[1] if route.back else MUTED
    axes.add_patch(PathPatch(Path(vertices, codes), facecolor="none", edgecolor=colour, linewidth=1.1,
                             joinstyle="round", zorder=2))
    tip = points[-1]
    axes.annotate("", tip, (tip[0] - 0.12, tip[1]), zorder=2,
                  arrowprops={"arrowstyle": "-|>", "color": colour, "linewidth": 1.0, "shrinkA": 0, "shrinkB": 2,
                              "mutation_scale": 8})
