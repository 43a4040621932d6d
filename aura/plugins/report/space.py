"""Maps of units, sheet by sheet, and activity in a three-dimensional grid."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from aura.plugins.figures import Map, Volume
from aura.plugins.report.svg import GRID, HUGE, INK, LABELS, MUTED, PANEL, SERIES, SMALL, WIDTH, Canvas, Entry
from aura.plugins.words import short

__all__ = ["BLOCKS_MAX", "SHEETS_MAX", "STEPS", "UNITS_MAX", "map_chart", "sheets_shown", "volume_chart"]

SHEETS_MAX = 16
UNITS_MAX = 20_000
"""Units of a map that are drawn: those that won most often."""
BLOCKS_MAX = 10_000
"""Blocks of a volume that are drawn: the most active."""
CELL, GAP, HEIGHT = 34.0, 34.0, 670.0
"""Largest side of a cell, room between sheets, and largest height of a single sheet."""
STRENGTHS = (0.30, 0.48, 0.66, 0.84, 1.0)
"""Opacity of the units, by their wins; tuned here so that the faintest can still be told from an empty one."""
FULL = 0.9
"""Share of the units that win less often than those of full strength: a few win far more than most."""
DARK = 0.7
"""Opacity from which on what is written on a cell stands in the colour of the page."""
LETTER = 0.62
"""Width of a letter, in heights, with some room."""
SMALLEST = 7.3
"""Text is no smaller than this; a cell without room for it has none."""
WRITTEN_MAX = 1500
"""Cells with text: beyond them the page would grow by half a megabyte."""


def sheets_shown(depth: int) -> list[int]:
    """Return which of the sheets along z are drawn: all, or `SHEETS_MAX` of them, evenly chosen.

    Examples
    --------
    >>> sheets_shown(3), len(sheets_shown(128)), sheets_shown(128)[-1]
    ([0, 1, 2], 16, 127)
    """
    return sorted({round(place) for place in np.linspace(0, depth - 1, min(depth, SHEETS_MAX))})


def map_chart(view: Map, alt: str) -> str:
    """Draw a sheet for each z, x to the right and y upwards."""
    width, height, depth = view.shape
    units = dict(zip(view.units, zip(view.wins, view.majority, strict=True), strict=True))
    most = float(np.quantile([won for won, _ in units.values()], FULL)) if units else 1.0
    units = dict(sorted(units.items(), key=lambda unit: -unit[1][0])[:UNITS_MAX])
    sheets, colours = sheets_shown(depth), _colours(view, [label for _, label in units.values()])
    columns = min(len(sheets), 8 if width <= 8 else 4)
    side = min(CELL, (WIDTH / columns - GAP) / width, HEIGHT / height)
    canvas = Canvas(max((side * width + GAP) * columns + 24, 440.0), 0.0)
    top = canvas.legend(_legend(view, colours))
    by_sheet: dict[int, list[int]] = {z: [] for z in sheets}
    for unit in sorted(units):
        if unit % depth in by_sheet:
            by_sheet[unit % depth].append(unit)
    written = sum(map(len, by_sheet.values())) <= WRITTEN_MAX
    above = 18.0 if depth > 1 else 6.0
    for number, z in enumerate(sheets):
        left = 30.0 + number % columns * (side * width + GAP)
        base = top + (number // columns + 1) * (side * height + above + GAP) - GAP
        canvas.rect(left, base - side * height, side * width, side * height, "none", edge=GRID)
        if depth > 1:
            canvas.text(left, base - side * height - 4, f"z = {z}", size=SMALL)
        for place, at in sorted({(0, base - side / 2), (height - 1, base - side * (height - 0.5))}):
            canvas.text(left - 4, at, str(place), size=9.5, colour=MUTED, anchor="end", middle=True)
        for place in sorted({0, width - 1}):
            canvas.text(left + side * (place + 0.5), base + 12, str(place), size=9.5, colour=MUTED, anchor="middle")
        canvas.text(left + side * width / 2, base + 14, "x", colour=MUTED, anchor="middle")
        if number % columns == 0:
            canvas.text(8.0, base - side * height / 2, "y", colour=MUTED, middle=True)
        alike: dict[tuple[str, float], list[tuple[float, float]]] = {}
        words: list[tuple[tuple[float, float], str, float]] = []
        for unit in by_sheet[z]:
            (won, label), (x, y) = units[unit], divmod(unit // depth, height)
            strength = _strength(won, most)
            corner = left + side * x, base - side * (y + 1)
            alike.setdefault((colours[label], strength), []).append(corner)
            if written and label >= 0:
                words.append((corner, view.labels[label], strength))
        # One path for all cells of a colour and strength: a third of the size of a rectangle for each.
        for (colour, strength), corners in sorted(alike.items()):
            inner = f"h{0.92 * side:.1f}v{0.92 * side:.1f}h-{0.92 * side:.1f}Z"
            canvas.add("path", d="".join(f"M{x + 0.04 * side:.1f} {y + 0.04 * side:.1f}{inner}" for x, y in corners),
                       fill=colour, fill_opacity=strength)
        for corner, label_words, strength in words:
            _write(canvas, corner, side, label_words, strength)
        canvas.height = max(canvas.height, base + 22)
    return canvas.svg(alt)


def _colours(view: Map, majority: Sequence[int]) -> dict[int, str]:
    """Return a colour for each label that a unit answers to; those with the fewest units share the one of the rest."""
    units = Counter(majority)
    units.pop(-1, None)
    order = sorted(units, key=lambda label: (-units[label], label))
    own = set(order if len(order) <= len(LABELS) else order[:len(LABELS) - 1])
    free = iter(LABELS)
    return {label: next(free) if label in own else MUTED for label in sorted(units)} | (
        {-1: LABELS[0]} if not view.labels else {-1: MUTED})


def _strength(wins: int, most: float) -> float:
    """Return the opacity of a unit: in steps of the square root of its wins, the area that they would fill."""
    return STRENGTHS[min(int(len(STRENGTHS) * (wins / most) ** 0.5), len(STRENGTHS) - 1)]


def _write(canvas: Canvas, corner: tuple[float, float], side: float, label: str, strength: float) -> None:
    """Write a label into its cell if there is room for it."""
    size = min(SMALL, 0.9 * side / (LETTER * max(len(label), 1)), 0.7 * side)
    if size < SMALLEST:
        letters = int(0.9 * side / (LETTER * SMALLEST))
        if letters < 3 or 0.7 * side < SMALLEST:
            return
        label, size = short(label, letters), SMALLEST
    canvas.text(corner[0] + side / 2, corner[1] + side / 2, label, size=size, anchor="middle", middle=True,
                colour=PANEL if strength >= DARK else INK)


def _legend(view: Map, colours: dict[int, str]) -> list[Entry]:
    entries: list[Entry] = [(short(view.labels[label], 16), "box", colour, 1.0) for label, colour in colours.items()
                            if label >= 0 and colour != MUTED]
    rest = sum(label >= 0 and colour == MUTED for label, colour in colours.items())
    if rest:
        entries.append((f"{rest} other labels", "box", MUTED, 1.0))
    if view.labels and -1 in view.majority:
        entries.append(("no label known", "box", MUTED, STRENGTHS[1]))
    if not view.labels:
        entries.append(("won", "box", LABELS[0], 1.0))
    return [*entries, ("never won", "box", "none", 1.0)]


# --- volumes ------------------------------------------------------------------------------------------------------

STEPS = 6
"""Steps of size and colour from the least to the largest activity; in fewer the picture looks banded."""
SLENDER, FLAT = 0.6, 0.15
"""The shortest edge of the picture, in longest edges (a grid of 17 x 17 x 128 would else be a needle), and the edge
along an axis with a single unit."""
TURN, TILT = math.radians(-60), math.radians(30)
"""From where the grid is seen."""


def volume_chart(volume: Volume, alt: str) -> str:
    """Draw a point for each block, once for the mean and once for the last activity, each to a scale of its own."""
    canvas = Canvas(WIDTH, 460.0)
    for number, (name, found) in enumerate((("mean", volume.mean), ("last", volume.last))):
        left, values = 0.5 * WIDTH * number, np.clip(found, -HUGE, HUGE)
        least, largest = min(float(values.min()), 0.0), float(values.max())
        canvas.text(left + 10, 14, f"{volume.quantity}, {name} of the phase", size=12.5)
        edges, of = np.linspace(least, largest, STEPS + 1), "" if volume.unit == "1" else f" {volume.unit}"
        for step in range(STEPS):
            x, y = left + 16 + step % 3 * 145, 34 + step // 3 * 18
            canvas.mark(x, y, "o", _colour(step), _radius(step, 1), opacity=_alpha(step))
            canvas.text(x + 12, y, f"{edges[step]:.3g} to {edges[step + 1]:.3g}{of}", size=10.5, middle=True)
        _points(canvas, volume, values, least, largest, left + 0.25 * WIDTH)
    return canvas.svg(alt)


def _points(canvas: Canvas, volume: Volume, values: np.ndarray, least: float, largest: float, middle: float) -> None:
    """Draw one grid within its edges, the most active points on top, so that none hides behind a quiet one."""
    lengths = np.array([max(length / max(volume.shape), SLENDER if length > 1 else FLAT) for length in volume.shape])
    tilt = TILT if min(volume.shape) > 1 else math.radians(55)

    def seen(shares: np.ndarray) -> np.ndarray:
        """Return where points, as shares of the grid's edges (point, 3), are seen, in pixels (point, 2)."""
        x, y, z = ((shares - 0.5) * lengths).T
        along, away = x * math.cos(TURN) - y * math.sin(TURN), x * math.sin(TURN) + y * math.cos(TURN)
        return np.stack([middle + 250 * along, 275 - 250 * (z * math.cos(tilt) + away * math.sin(tilt))], axis=1)

    for start, end in _EDGES:
        x, y = seen(np.array([start, end], dtype=float)).T
        canvas.line(x, y, GRID, width=1.0)
    beside = ((0.5, -0.1, 0.0), (1.1, 0.5, 0.0), (-0.08, 0.0, 0.5))
    for name, (across, down), length in zip("xyz", seen(np.array(beside)).tolist(), volume.shape, strict=True):
        canvas.text(across, down, f"{name}, 0 to {length - 1}", size=10.5, colour=MUTED, anchor="middle")
    centres = [(np.arange(count) * side + np.minimum(side, length - np.arange(count) * side) / 2) / length
               for count, side, length in zip(volume.blocks, volume.sides, volume.shape, strict=True)]
    places = seen(np.stack([grid.ravel() for grid in np.meshgrid(*centres, indexing="ij")], axis=1))
    shares = (values - least) / (largest - least) if largest > least else np.zeros_like(values)
    steps = np.minimum((shares * STEPS).astype(int), STEPS - 1)
    for number in np.argsort(steps, kind="stable")[-BLOCKS_MAX:].tolist():
        step = int(steps[number])
        across, down = places[number].tolist()
        canvas.mark(across, down, "o", _colour(step), _radius(step, len(values)), opacity=_alpha(step))


_EDGES = (((0, 0, 0), (1, 0, 0)), ((1, 0, 0), (1, 1, 0)), ((1, 1, 0), (0, 1, 0)), ((0, 1, 0), (0, 0, 0)),
          ((0, 1, 0), (0, 1, 1)), ((0, 0, 0), (0, 0, 1)), ((0, 0, 1), (0, 1, 1)), ((1, 1, 0), (1, 1, 1)),
          ((0, 1, 1), (1, 1, 1)))
"""The floor of a grid and its two far walls."""


def _radius(step: int, points: int) -> float:
    """Return the radius of a point; in a crowded grid all are smaller."""
    area = 2.0 + 58.0 * (step / (STEPS - 1)) ** 1.5
    return math.sqrt(area * min(1.0, math.sqrt(400 / points)) / math.pi) * 4 / 3


def _colour(step: int) -> str:
    return SERIES[1] if step >= STEPS // 2 else SERIES[0] if step else MUTED


def _alpha(step: int) -> float:
    return 0.35 if step == 0 else 0.45 + 0.5 * step / (STEPS - 1)
