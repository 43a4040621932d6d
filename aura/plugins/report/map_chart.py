"""A map of units, sheet by sheet, coloured by what each unit answers to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from aura.plugins.report.svg import GRID, INK, LABELS, MUTED, PANEL, draw
from aura.plugins.report.view_record import MapView
from aura.plugins.report.words import short

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["SHEETS_MAX", "map_chart", "sheets_shown"]

SHEETS_MAX = 16
WIDTH_IN, CELL_IN, GAP_IN, HEIGHT_IN = 9.2, 0.36, 0.34, 7.0
"""Width of all sheets, largest side of a cell, room between sheets, and largest height of a single sheet."""
STRENGTHS = (0.30, 0.48, 0.66, 0.84, 1.0)
"""Opacity of the units, by their wins; tuned here so that the faintest can still be told from an empty one."""
FULL = 0.9
"""Share of the units that win less often than those of full strength: a few win far more than most."""
DARK = 0.7
"""Opacity from which on what is written on a cell stands in the colour of the page."""
LETTER = 0.62
"""Width of a letter, in heights."""
SMALLEST_PT, LARGEST_PT = 5.5, 8.0
"""Text is between these; a cell without room for the smallest has none."""
LEGEND_COLUMNS = 8
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


def map_chart(view: MapView, shape: tuple[int, int, int], key: str, alt: str) -> str:
    """Draw a sheet for each z, x to the right and y upwards."""
    majority = np.full(shape, -1)
    wins = np.zeros(shape, dtype=np.int64)
    majority.flat[list(view.units)] = view.majority
    wins.flat[list(view.units)] = view.wins
    most = float(np.quantile(view.wins, FULL))
    sheets = sheets_shown(shape[2])
    colours = _colours(view, majority)

    def make() -> Figure:
        from matplotlib.figure import Figure

        columns = min(len(sheets), 8 if shape[0] <= 8 else 4)
        rows = -(-len(sheets) // columns)
        cell = min(CELL_IN, (WIDTH_IN / columns - GAP_IN) / shape[0], HEIGHT_IN / shape[1])
        entries = len(set(colours.values())) + 1
        legend = 0.25 * -(-entries // LEGEND_COLUMNS) + 0.1
        width, height = cell * shape[0] + GAP_IN, cell * shape[1] + GAP_IN
        figure = Figure(figsize=(max(width * columns + 0.5, 4.6), height * rows + legend + 0.55), layout="constrained")
        grid = figure.subplots(rows, columns, squeeze=False)
        written = np.count_nonzero(wins[:, :, sheets]) <= WRITTEN_MAX
        for number, axes in enumerate(grid.flat):
            if number >= len(sheets):
                axes.set_visible(False)
                continue
            z = sheets[number]
            _sheet(axes, majority[:, :, z], wins[:, :, z], most, colours)
            if written:
                _write(axes, majority[:, :, z], wins[:, :, z], most, view.labels, cell * 72)
            axes.set_xlabel("x" if number >= len(sheets) - columns else "")
            axes.set_ylabel("y" if number % columns == 0 else "")
            if shape[2] > 1:
                axes.set_title(f"z = {z}", loc="left", fontsize=8, pad=2)
        _legend(figure, view.labels, colours, unknown=-1 in view.majority)
        return figure

    return draw(make, key, alt)


def _colours(view: MapView, majority: np.ndarray) -> dict[int, str]:
    """Return a colour for each label that a unit answers to; those with the fewest units share the one of the rest."""
    units = Counter(majority.flat)
    units.pop(-1, None)
    order = sorted(units, key=lambda label: (-units[label], label))
    own = set(order if len(order) <= len(LABELS) else order[:len(LABELS) - 1])
    free = iter(LABELS)
    return {label: next(free) if label in own else MUTED for label in sorted(units)} | (
        {-1: LABELS[0]} if not view.labels else {-1: MUTED})


def _strength(wins: int, most: float) -> float:
    """Return the opacity of a unit: in steps of the square root of its wins, the area that they would fill."""
    return STRENGTHS[min(int(len(STRENGTHS) * (wins / most) ** 0.5), len(STRENGTHS) - 1)]


def _sheet(axes: Axes, majority: np.ndarray, wins: np.ndarray, most: float, colours: dict[int, str]) -> None:
    """Draw the cells of one sheet, as one path for all of a colour and strength."""
    from matplotlib.colors import to_rgba
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    corners = np.array([(-0.46, -0.46), (0.46, -0.46), (0.46, 0.46), (-0.46, 0.46), (-0.46, -0.46)])
    codes = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY]
    alike: dict[tuple[str, float], list[tuple[int, int]]] = {}
    for x, y in np.argwhere(wins > 0).tolist():
        fill = colours[int(majority[x, y])], _strength(int(wins[x, y]), most)
        alike.setdefault(fill, []).append((x, y))
    for (colour, strength), cells in sorted(alike.items()):
        vertices = (np.array(cells)[:, None, :] + corners).reshape(-1, 2)
        axes.add_patch(PathPatch(Path(vertices, codes * len(cells)), linewidth=0, edgecolor="none",
                                 facecolor=(*to_rgba(colour)[:3], strength)))
    columns, rows = wins.shape
    axes.set(xlim=(-0.6, columns - 0.4), ylim=(-0.6, rows - 0.4), aspect="equal")
    axes.set_xticks(sorted({0, columns - 1}))
    axes.set_yticks(sorted({0, rows - 1}))
    axes.tick_params(length=0, labelsize=7, pad=2)
    for spine in axes.spines.values():
        spine.set(visible=True, color=GRID, linewidth=0.8)


def _write(axes: Axes, majority: np.ndarray, wins: np.ndarray, most: float, labels: Sequence[str],
           side_pt: float) -> None:
    """Write the labels into the cells that have room for them."""
    for x, y in np.argwhere((wins > 0) & (majority >= 0)).tolist():
        label = labels[int(majority[x, y])]
        size = min(LARGEST_PT, 0.9 * side_pt / (LETTER * len(label)), 0.7 * side_pt)
        if size < SMALLEST_PT:
            letters = int(0.9 * side_pt / (LETTER * SMALLEST_PT))
            if letters < 3 or 0.7 * side_pt < SMALLEST_PT:
                continue
            label, size = short(label, letters), SMALLEST_PT
        dark = _strength(int(wins[x, y]), most) >= DARK
        axes.text(x, y, label, ha="center", va="center_baseline", fontsize=size, color=PANEL if dark else INK)


def _legend(figure: Figure, labels: Sequence[str], colours: dict[int, str], *, unknown: bool) -> None:
    from matplotlib.patches import Patch

    shown = [label for label, colour in colours.items() if label >= 0 and colour != MUTED]
    entries = [Patch(facecolor=colours[label], label=short(labels[label], 16)) for label in shown]
    rest = sum(label >= 0 and colour == MUTED for label, colour in colours.items())
    if rest:
        entries.append(Patch(facecolor=MUTED, label=f"{rest} other labels"))
    if labels and unknown:
        entries.append(Patch(facecolor=MUTED, alpha=STRENGTHS[1], label="no label known"))
    if not labels:
        entries.append(Patch(facecolor=LABELS[0], label="won"))
    entries.append(Patch(facecolor="none", edgecolor=GRID, label="never won"))
    # Legends are filled by columns; read are they by rows.
    rows = -(-len(entries) // LEGEND_COLUMNS)
    entries = [entries[place] for column in range(LEGEND_COLUMNS)
               for place in range(column, len(entries), LEGEND_COLUMNS)] if rows > 1 else entries
    figure.legend(handles=entries, loc="outside upper left", ncols=LEGEND_COLUMNS, handlelength=1.0, handleheight=1.0,
                  columnspacing=1.2, fontsize=8)
