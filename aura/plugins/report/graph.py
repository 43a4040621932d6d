"""The picture of a brain: zones with their ports, pathways with their delays, layers from left to right.

Nothing overlaps. A layered drawing: pathways that would close a circle are set aside, each zone stands one layer right
of the last zone that feeds it, a pathway that passes layers gets a lane through each of them, and the order within the
layers follows the mean height of the neighbours. Circles run below everything, from right to left. Lengths are pixels,
y downwards.

References
----------
Sugiyama, Tagawa & Toda 1981, Methods for visual understanding of hierarchical system structures,
doi:10.1109/TSMC.1981.4308636
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from itertools import pairwise
from operator import itemgetter
from statistics import fmean

from aura.core.time import format_time
from aura.plugins.figures import Graph, Pathway, ZoneInfo
from aura.plugins.report.svg import INK, MUTED, PANEL, SERIES, Canvas
from aura.plugins.words import short

__all__ = ["ZONES_MAX", "Box", "Layout", "Route", "graph_chart", "lay_out"]

ZONES_MAX = 60
"""A picture of more zones cannot be read; the schedule lists them."""

CHAR, TITLE_CHAR = 7.0, 8.0
TITLE, LINE, ROW, PAD = 31.0, 15.0, 23.0, 10.0
GAP_X, GAP_Y, LANE = 130.0, 29.0, 25.0
DELAY = 50.0
"""Room for the text of a delay before an input; only straight lines run there."""
TEXT_MOST = 48
"""Letters of a name that are shown."""
SWEEPS = 4
"""Sweeps that order the layers; further ones change nothing in graphs of this size."""

Point = tuple[float, float]


@dataclass
class Box:
    """A zone: its upper left corner, its size, and the ports on its sides; without a name, a lane of a pathway."""

    name: str = ""
    about: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    width: float = 0.0
    height: float = LANE
    x: float = 0.0
    y: float = 0.0

    @property
    def header(self) -> float:
        """Height of the part above the ports."""
        return TITLE + len(self.about) * LINE

    def into(self, port: str = "") -> Point:
        """Return where an input stands, or where a lane begins."""
        return self.x, self.y + self._down(self.inputs, port)

    def out(self, port: str = "") -> Point:
        """Return where an output stands, or where a lane ends."""
        return self.x + self.width, self.y + self._down(self.outputs, port)

    def _down(self, ports: tuple[str, ...], port: str) -> float:
        return self.header + (ports.index(port) + 0.5) * ROW if self.name else self.height / 2


@dataclass(frozen=True)
class Route:
    """A pathway as a line: corner points, and whether it leads back to the left."""

    points: tuple[Point, ...]
    back: bool


@dataclass(frozen=True)
class Layout:
    """The picture: zones, pathways, the delays written at the inputs (x, y, text), and the size."""

    boxes: tuple[Box, ...]
    routes: tuple[Route, ...]
    delays: tuple[tuple[float, float, str], ...]
    width: float
    height: float


def lay_out(zones: Sequence[ZoneInfo], pathways: Sequence[Pathway]) -> Layout:
    """Return where everything stands. Deterministic: ties follow the order in which zones were declared."""
    known = {zone.name for zone in zones}
    paths = [path for path in pathways if path.source in known and path.target in known]
    boxes = {zone.name: _box(zone, paths) for zone in zones}
    layers = _layers(boxes, paths)
    layer_of = {box.name: number for number, layer in enumerate(layers) for box in layer}
    chains = []
    for path in paths:
        between = range(layer_of[path.source] + 1, layer_of[path.target])
        lanes = [Box() for _ in between]
        for number, lane in zip(between, lanes, strict=True):
            layers[number].append(lane)
        forward = layer_of[path.source] < layer_of[path.target]
        chains.append([boxes[path.source], *lanes, boxes[path.target]] if forward else [])
    links = [pair for chain in chains for pair in pairwise(chain)]
    _order(layers, links)
    _place(layers, links)
    return _finish(boxes, paths, chains, layers)


def _box(zone: ZoneInfo, paths: Sequence[Pathway]) -> Box:
    inputs = tuple(dict.fromkeys(path.target_port for path in paths if path.target == zone.name))
    outputs = tuple(dict.fromkeys(path.source_port for path in paths if path.source == zone.name))
    lines = (zone.kind if zone.kind != zone.name else "", zone.clock.removeprefix("wakes "))
    about = tuple(short(line, TEXT_MOST) for line in lines if line)
    left, right = (max((min(len(port), TEXT_MOST) for port in ports), default=0) for ports in (inputs, outputs))
    width = max((left + right + 3) * CHAR, min(len(zone.name), TEXT_MOST) * TITLE_CHAR,
                max(map(len, about), default=0) * CHAR)
    box = Box(zone.name, about, inputs, outputs, max(width + 2 * PAD, 106.0))
    box.height = box.header + max(len(inputs), len(outputs)) * ROW + PAD
    return box


def _layers(boxes: Mapping[str, Box], paths: Sequence[Pathway]) -> list[list[Box]]:
    """Return the zones by the length of the longest path to them, circles cut at the pathway that closes them."""
    before: dict[str, set[str]] = {name: set() for name in boxes}
    for path in paths:
        if path.target not in _ancestors(path.source, before):
            before[path.target].add(path.source)
    sorter, layers = TopologicalSorter(before), []
    sorter.prepare()
    while sorter.is_active():
        ready = set(sorter.get_ready())
        sorter.done(*ready)
        layers.append([boxes[name] for name in boxes if name in ready])
    return layers


def _ancestors(name: str, before: Mapping[str, set[str]]) -> set[str]:
    """Return a zone and all from which a way leads to it, `before` being those that stand just before each."""
    found, waiting = {name}, [name]
    while waiting:
        fresh = before[waiting.pop()] - found
        found |= fresh
        waiting += fresh
    return found


def _order(layers: Sequence[list[Box]], links: Sequence[tuple[Box, Box]]) -> None:
    """Order each layer by the mean place of its neighbours, to and fro."""
    for sweep in range(SWEEPS):
        pairs = links if sweep % 2 == 0 else [(two, one) for one, two in links]
        for layer in layers if sweep % 2 == 0 else reversed(layers):
            place = {id(box): number for one in layers for number, box in enumerate(one)}
            means = [fmean([place[id(one)] for one, two in pairs if two is box] or [number])
                     for number, box in enumerate(layer)]
            layer[:] = [box for _, box in sorted(zip(means, layer, strict=True), key=itemgetter(0))]


def _place(layers: Sequence[list[Box]], links: Sequence[tuple[Box, Box]]) -> None:
    """Give every box its coordinates: columns from the left, each box near the mean height of those before it."""
    x = 0.0
    for number, layer in enumerate(layers):
        width, top, misses = max(box.width for box in layer), float("-inf"), []
        for box in layer:
            box.x, box.width = x, width  # all of a layer as wide, so that what runs beside them touches none
            before = [one.y + one.height / 2 for one, two in links if two is box]
            wish = fmean(before) - box.height / 2 if before else 0.0
            box.y = max(top, wish)
            top = box.y + box.height + GAP_Y
            misses.append(box.y - wish)
        shift = fmean(misses) if number else (top - GAP_Y) / 2
        for box in layer:
            box.y -= shift
        x += width + GAP_X


def _finish(boxes: Mapping[str, Box], paths: Sequence[Pathway], chains: Sequence[list[Box]],
            layers: Sequence[list[Box]]) -> Layout:
    """Draw the routes, write the delays, and move all into the picture."""
    every = [box for layer in layers for box in layer]
    back = sum(not chain for chain in chains)
    step = min(PAD, 0.35 * GAP_X / (back + 1))
    margin = PAD + (DELAY + step * back if back else 0.0)
    top = min((box.y for box in every), default=0.0)
    for box in every:
        box.x, box.y = box.x + margin, box.y + PAD - top
    width = max((box.x + box.width for box in every), default=0.0) + margin
    bottom = max((box.y + box.height for box in every), default=0.0) + PAD
    routes, lane = [], 0
    for path, chain in zip(paths, chains, strict=True):
        (x, y), (to_x, to_y) = boxes[path.source].out(path.source_port), boxes[path.target].into(path.target_port)
        if chain:
            through = [point for box in chain[1:-1] for point in (box.into(), box.out())]
            # Straight at the end, below the text of its delay.
            routes.append(Route(((x, y), *through, (to_x - DELAY, to_y), (to_x, to_y)), back=False))
            continue
        lane += 1
        out, before, below = x + step * lane, to_x - DELAY - step * lane, bottom + (lane - 0.5) * LANE
        routes.append(Route(((x, y), (out, y), (out, below), (before, below), (before, to_y), (to_x, to_y)), back=True))
    delays: dict[Point, dict[str, None]] = {}
    for path in paths:
        if path.delay is not None:
            at = boxes[path.target].into(path.target_port)
            delays.setdefault(at, {})[format_time(path.delay)] = None
    return Layout(tuple(boxes.values()), tuple(routes), tuple((*at, ", ".join(texts)) for at, texts in delays.items()),
                  width, bottom + back * LANE)


def graph_chart(figure: Graph, alt: str) -> str:
    """Draw the brain's graph, of no more than `ZONES_MAX` zones."""
    if len(figure.zones) > ZONES_MAX:
        raise ValueError(f"{len(figure.zones)} zones are too many")
    layout = lay_out(figure.zones, figure.pathways)
    canvas = Canvas(max(layout.width, 96.0), max(layout.height, 48.0))
    for route in layout.routes:
        _draw_route(canvas, route)
    for box in layout.boxes:
        _draw_box(canvas, box)
    for x, y, words in layout.delays:
        canvas.text(x - 12, y - 5, words, size=10, colour=MUTED, anchor="end")
    return canvas.svg(alt)


def _draw_box(canvas: Canvas, box: Box) -> None:
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


def _draw_route(canvas: Canvas, route: Route) -> None:
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
