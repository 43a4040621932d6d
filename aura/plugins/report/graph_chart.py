"""The picture of a brain: zones with their ports, pathways with their delays."""

from __future__ import annotations

from itertools import pairwise

from aura.plugins.figures import Graph
from aura.plugins.report.layout import LINE_IN, PAD_IN, TEXT_MOST, TITLE_IN, Box, Route, lay_out
from aura.plugins.report.svg import INK, MUTED, PANEL, SERIES, Canvas
from aura.plugins.words import short

__all__ = ["ZONES_MAX", "graph_chart"]

ZONES_MAX = 60
"""A picture of more zones cannot be read; the schedule lists them."""

INCH = 96.0


def graph_chart(figure: Graph, alt: str) -> str:
    """Draw the brain's graph."""
    layout = lay_out(figure.zones, figure.pathways)
    canvas = Canvas(INCH * max(layout.width, 1.0), INCH * max(layout.height, 0.5))

    def at(x: float, y: float) -> tuple[float, float]:
        """Return where a point of the layout, in inches and y upwards, lies."""
        return INCH * x, canvas.height - INCH * y

    for route in layout.routes:
        _route(canvas, route, [at(*point) for point in route.points])
    for box in layout.boxes:
        _box(canvas, box, *at(box.x, box.y + box.height))
    for x, y, words in layout.delays:
        canvas.text(*at(x - 0.13, y + 0.05), words, size=10, colour=MUTED, anchor="end")
    return canvas.svg(alt)


def _box(canvas: Canvas, box: Box, left: float, top: float) -> None:
    width = INCH * box.width
    canvas.rect(left, top, width, INCH * box.height, PANEL, edge=SERIES[0], round_=7)
    canvas.text(left + width / 2, top + 0.17 * INCH, short(box.name, TEXT_MOST), size=12.5, anchor="middle",
                middle=True, bold=True)
    for number, about in enumerate(box.about):
        canvas.text(left + width / 2, top + INCH * (TITLE_IN + (number + 0.25) * LINE_IN), about, anchor="middle",
                    middle=True, colour=MUTED, size=10.7)
    if box.inputs or box.outputs:
        line, inside = top + INCH * box.header - 1, INCH * PAD_IN
        canvas.line((left + inside, left + width - inside), (line, line), MUTED, width=0.9, opacity=0.3)
    for ports, side, x, anchor, inwards in ((box.inputs, "in", left, "start", PAD_IN),
                                            (box.outputs, "out", left + width, "end", -PAD_IN)):
        for port in ports:
            y = top + INCH * (box.y + box.height - box.port_y(port, side))
            canvas.text(x + INCH * inwards, y, short(port, TEXT_MOST), size=10.7, colour=INK, anchor=anchor,
                        middle=True)
            canvas.mark(x, y, "o", SERIES[0], 2.3)


def _route(canvas: Canvas, route: Route, points: list[tuple[float, float]]) -> None:
    path = "M{:.1f} {:.1f}".format(*points[0])
    for number, ((x, y), (to_x, to_y)) in enumerate(pairwise(points)):
        if not route.back and number % 2 == 0:  # between two layers; within a layer and at the end the line is straight
            bend = 0.5 * (to_x - x)
            path += f"C{x + bend:.1f} {y:.1f} {to_x - bend:.1f} {to_y:.1f} {to_x:.1f} {to_y:.1f}"
        else:
            path += f"L{to_x:.1f} {to_y:.1f}"
    colour = SERIES[1] if route.back else MUTED
    canvas.add("path", d=path, fill="none", stroke=colour, stroke_width=1.5)
    x, y = points[-1]
    canvas.area([(x - 2, y), (x - 9, y - 3.5), (x - 9, y + 3.5)], colour, 1.0)
