"""The picture of a brain: zones with their ports, pathways with their delays."""

from __future__ import annotations

from itertools import pairwise

from aura.plugins.figures import Graph
from aura.plugins.report.layout import LINE, PAD, TEXT_MOST, TITLE, Box, Route, lay_out
from aura.plugins.report.svg import INK, MUTED, PANEL, SERIES, Canvas
from aura.plugins.words import short

__all__ = ["ZONES_MAX", "graph_chart"]

ZONES_MAX = 60
"""A picture of more zones cannot be read; the schedule lists them."""


def graph_chart(figure: Graph, alt: str) -> str:
    """Draw the brain's graph."""
    layout = lay_out(figure.zones, figure.pathways)
    canvas = Canvas(max(layout.width, 96.0), max(layout.height, 48.0))
    for route in layout.routes:
        _route(canvas, route)
    for box in layout.boxes:
        _box(canvas, box)
    for x, y, words in layout.delays:
        canvas.text(x - 12, y - 5, words, size=10, colour=MUTED, anchor="end")
    return canvas.svg(alt)


def _box(canvas: Canvas, box: Box) -> None:
    middle = box.x + box.width / 2
    canvas.rect(box.x, box.y, box.width, box.height, PANEL, edge=SERIES[0], round_=7)
    canvas.text(middle, box.y + 16, short(box.name, TEXT_MOST), size=12.5, anchor="middle", middle=True, bold=True)
    for number, about in enumerate(box.about):
        canvas.text(middle, box.y + TITLE + (number + 0.25) * LINE, about, anchor="middle", middle=True, colour=MUTED,
                    size=10.7)
    if box.inputs or box.outputs:
        line = box.y + box.header - 1
        canvas.line((box.x + PAD, box.x + box.width - PAD), (line, line), MUTED, width=0.9, opacity=0.3)
    ports = [(port, box.into(port), "start", PAD) for port in box.inputs]
    for port, (x, y), anchor, inwards in [*ports, *((port, box.out(port), "end", -PAD) for port in box.outputs)]:
        canvas.text(x + inwards, y, short(port, TEXT_MOST), size=10.7, colour=INK, anchor=anchor, middle=True)
        canvas.mark(x, y, "o", SERIES[0], 2.3)


def _route(canvas: Canvas, route: Route) -> None:
    path = "M{:.1f} {:.1f}".format(*route.points[0])
    for number, ((x, y), (to_x, to_y)) in enumerate(pairwise(route.points)):
        if not route.back and number % 2 == 0:  # between two layers; within a layer and at the end the line is straight
            bend = 0.5 * (to_x - x)
            path += f"C{x + bend:.1f} {y:.1f} {to_x - bend:.1f} {to_y:.1f} {to_x:.1f} {to_y:.1f}"
        else:
            path += f"L{to_x:.1f} {to_y:.1f}"
    colour = SERIES[1] if route.back else MUTED
    canvas.add("path", d=path, fill="none", stroke=colour, stroke_width=1.5)
    x, y = route.points[-1]
    canvas.area([(x - 2, y), (x - 9, y - 3.5), (x - 9, y + 3.5)], colour, 1.0)
