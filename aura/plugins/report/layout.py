"""Where the zones and pathways of a brain stand in its picture: layers from left to right, nothing overlapping.

A layered drawing: pathways that would close a circle are set aside, each zone stands one layer right of the last zone
that feeds it (longest path), a pathway that passes layers gets a lane through each of them, and the order within the
layers follows the mean height of the neighbours. Circles run below everything, from right to left.

References
----------
Sugiyama, Tagawa & Toda 1981, Methods for visual understanding of hierarchical system structures,
doi:10.1109/TSMC.1981.4308636
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from aura.core.time import format_time
from aura.plugins.figures import Pathway, ZoneInfo
from aura.plugins.words import short

__all__ = ["Box", "Layout", "Route", "lay_out"]

# Lengths in inches, tuned here for text of 9 and 8 points.
CHAR_IN, TITLE_CHAR_IN = 0.072, 0.082
TITLE_IN, LINE_IN, ROW_IN, PAD_IN = 0.32, 0.16, 0.24, 0.10
GAP_X_IN, GAP_Y_IN, LANE_IN = 1.35, 0.30, 0.26
TEXT_MOST = 48
"""Letters of a name that are shown."""
DELAY_IN = 0.52
"""Room for the text of a delay before an input; only straight lines run there."""
SWEEPS = 4
"""Sweeps that order the layers; further ones change nothing in graphs of this size."""


@dataclass
class Box:
    """A zone: its lower left corner (y grows upwards), its size and the ports on its sides.

    A lane, through which a pathway passes a layer, is a box without a name.
    """

    name: str
    about: tuple[str, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    width: float = 0.0
    height: float = 0.0
    x: float = 0.0
    y: float = 0.0

    @property
    def header(self) -> float:
        """Height of the part above the ports."""
        return TITLE_IN + len(self.about) * LINE_IN

    def port_y(self, port: str, side: str) -> float:
        """Return the height of a port."""
        if not self.name:
            return self.y + self.height / 2
        ports = self.inputs if side == "in" else self.outputs
        return self.y + self.height - self.header - (ports.index(port) + 0.5) * ROW_IN


@dataclass(frozen=True)
class Route:
    """A pathway as a line: corner points, and whether it leads back to the left."""

    points: tuple[tuple[float, float], ...]
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
    boxes = {zone.name: _make_box(zone, paths) for zone in zones}
    layer_of = _layers([zone.name for zone in zones], paths)
    layers: list[list[Box]] = [[] for _ in range(max(layer_of.values(), default=-1) + 1)]
    for zone in zones:
        layers[layer_of[zone.name]].append(boxes[zone.name])
    chains = [_chain(path, boxes, layer_of, layers) for path in paths]
    links = [pair for chain in chains for pair in pairwise(chain)]
    _order(layers, links)
    _place(layers, links)
    return _finish(boxes, paths, chains, layers)


def _make_box(zone: ZoneInfo, paths: Sequence[Pathway]) -> Box:
    inputs = tuple(dict.fromkeys(path.target_port for path in paths if path.target == zone.name))
    outputs = tuple(dict.fromkeys(path.source_port for path in paths if path.source == zone.name))
    clock = zone.clock.removeprefix("wakes ")
    about = tuple(short(line, TEXT_MOST) for line in (zone.kind if zone.kind != zone.name else "", clock) if line)
    rows = max(len(inputs), len(outputs))
    left, right = (max((min(len(port), TEXT_MOST) for port in ports), default=0) for ports in (inputs, outputs))
    width = max((left + right + 3) * CHAR_IN, min(len(zone.name), TEXT_MOST) * TITLE_CHAR_IN,
                max(map(len, about), default=0) * CHAR_IN)
    box = Box(zone.name, about, inputs, outputs, max(width + 2 * PAD_IN, 1.1))
    box.height = box.header + rows * ROW_IN + PAD_IN
    return box


def _layers(names: Sequence[str], paths: Sequence[Pathway]) -> dict[str, int]:
    """Return each zone's layer: the length of the longest path to it, circles cut at the pathway that closes them."""
    import networkx as nx

    graph = nx.DiGraph()
    graph.add_nodes_from(names)
    for path in paths:
        if path.source != path.target and not nx.has_path(graph, path.target, path.source):
            graph.add_edge(path.source, path.target)
    layer_of: dict[str, int] = {}
    for name in nx.topological_sort(graph):
        layer_of[name] = max((layer_of[before] + 1 for before in graph.predecessors(name)), default=0)
    return layer_of


def _chain(path: Pathway, boxes: dict[str, Box], layer_of: dict[str, int], layers: list[list[Box]]) -> list[Box]:
    """Return the boxes that a pathway leads through, a new lane in each layer between; none if it leads back."""
    first, last = layer_of[path.source], layer_of[path.target]
    if last <= first:
        return []
    chain = [boxes[path.source]]
    for layer in range(first + 1, last):
        lane = Box("", (), (), (), 0.0, LANE_IN)
        layers[layer].append(lane)
        chain.append(lane)
    return [*chain, boxes[path.target]]


def _order(layers: list[list[Box]], links: Sequence[tuple[Box, Box]]) -> None:
    """Order each layer by the mean place of its neighbours, to and fro."""
    for sweep in range(SWEEPS):
        forward = sweep % 2 == 0
        for number in range(len(layers)) if forward else reversed(range(len(layers))):
            other = number - 1 if forward else number + 1
            if not 0 <= other < len(layers):
                continue
            place = {id(box): index for index, box in enumerate(layers[other])}
            means = {id(box): _mean_place(box, links, place, index, forward)
                     for index, box in enumerate(layers[number])}
            layers[number].sort(key=lambda box, means=means: means[id(box)])  # type: ignore[misc]


def _mean_place(box: Box, links: Sequence[tuple[Box, Box]], place: dict[int, int], index: int, forward: bool) -> float:
    near = [one if forward else two for one, two in links if (two if forward else one) is box]
    places = [place[id(neighbour)] for neighbour in near if id(neighbour) in place]
    return sum(places) / len(places) if places else float(index)


def _place(layers: list[list[Box]], links: Sequence[tuple[Box, Box]]) -> None:
    """Give every box its coordinates: columns from the left, each box near the mean height of those before it."""
    x = 0.0
    for number, layer in enumerate(layers):
        width = max(box.width for box in layer)
        for box in layer:
            box.x, box.width = x, width  # all of a layer as wide, so that what runs beside them touches none
        # Levels from the top down; what is wished is the middle of the boxes to the left.
        wishes = [_wish(box, links) if number else None for box in layer]
        top, tops = None, []
        for box, wish in zip(layer, wishes, strict=True):
            wanted = (wish if wish is not None else 0.0) + box.height / 2
            top = wanted if top is None or (wish is not None and wanted < top) else top
            tops.append(top)
            top -= box.height + GAP_Y_IN
        misses = [wish - (at - box.height / 2) for at, box, wish in zip(tops, layer, wishes, strict=True)
                  if wish is not None]
        shift = sum(misses) / len(misses) if misses else -(tops[0] + tops[-1] - layer[-1].height) / 2
        for box, at in zip(layer, tops, strict=True):
            box.y = at - box.height + shift
        x += width + GAP_X_IN


def _wish(box: Box, links: Sequence[tuple[Box, Box]]) -> float | None:
    before = [one.y + one.height / 2 for one, two in links if two is box]
    return sum(before) / len(before) if before else None


def _finish(boxes: dict[str, Box], paths: Sequence[Pathway], chains: Sequence[list[Box]],
            layers: list[list[Box]]) -> Layout:
    """Draw the routes, write the delays, and move all into the positive quadrant."""
    every = [box for layer in layers for box in layer]
    bottom = min((box.y for box in every), default=0.0)
    right = max((box.x + box.width for box in every), default=0.0)
    back = sum(not chain for chain in chains)
    step = min(0.1, 0.35 * GAP_X_IN / (back + 1))
    left_room = DELAY_IN + step * back + PAD_IN if back else PAD_IN
    dx, dy = left_room, PAD_IN - bottom + back * LANE_IN
    for box in every:
        box.x, box.y = box.x + dx, box.y + dy
    routes, lane = [], 0
    for path, chain in zip(paths, chains, strict=True):
        if chain:
            routes.append(Route(_forward(path, chain), back=False))
        else:
            lane += 1
            routes.append(Route(_backward(path, boxes, lane, step, lane * LANE_IN - LANE_IN / 2), back=True))
    height = max((box.y + box.height for box in every), default=0.0) + PAD_IN
    return Layout(tuple(boxes.values()), tuple(routes), tuple(_delays(paths, boxes)),
                  right + dx + left_room, height)


def _forward(path: Pathway, chain: Sequence[Box]) -> tuple[tuple[float, float], ...]:
    source, target = chain[0], chain[-1]
    points = [(source.x + source.width, source.port_y(path.source_port, "out"))]
    for lane in chain[1:-1]:
        points += [(lane.x, lane.port_y("", "in")), (lane.x + lane.width, lane.port_y("", "out"))]
    y = target.port_y(path.target_port, "in")
    return (*points, (target.x - DELAY_IN, y), (target.x, y))  # straight at the end, below the text of its delay


def _backward(path: Pathway, boxes: dict[str, Box], lane: int, step: float,
              y: float) -> tuple[tuple[float, float], ...]:
    source, target = boxes[path.source], boxes[path.target]
    start = (source.x + source.width, source.port_y(path.source_port, "out"))
    end = (target.x, target.port_y(path.target_port, "in"))
    out, back = step * lane, DELAY_IN + step * lane
    return (start, (start[0] + out, start[1]), (start[0] + out, y), (end[0] - back, y), (end[0] - back, end[1]), end)


def _delays(paths: Sequence[Pathway], boxes: dict[str, Box]) -> list[tuple[float, float, str]]:
    """Return one text for each input that is fed: the delays of its pathways."""
    texts: dict[tuple[str, str], dict[str, None]] = {}
    for path in paths:
        if path.delay is not None:
            texts.setdefault((path.target, path.target_port), {})[format_time(path.delay)] = None
    return [(boxes[zone].x, boxes[zone].port_y(port, "in"), ", ".join(found)) for (zone, port), found in texts.items()]
