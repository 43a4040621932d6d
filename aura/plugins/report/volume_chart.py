"""Activity in a three-dimensional grid, and along each of its axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from aura.plugins.report.charts import WIDTH_IN
from aura.plugins.report.svg import GRID, MUTED, SERIES, draw
from aura.plugins.report.view_record import Profile, VolumeView

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["profile_chart", "volume_chart"]

STEPS = 6
"""Steps of size and colour from the least to the largest activity; in fewer the picture looks banded."""
SMALLEST, LARGEST = 2.0, 60.0
"""Areas of a point in square points, for a grid of a hundred; smaller where there are more."""
SLENDER = 0.6
"""The shortest edge of the picture, in longest edges: a grid of 17 x 17 x 128 would else be a needle."""
FLAT = 0.15
"""The edge along an axis with a single unit."""


def volume_chart(volume: VolumeView, quantity: str, unit: str, key: str, alt: str) -> str:
    """Draw a point for each block, once for the mean and once for the last activity, each to a scale of its own."""

    def make() -> Figure:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(WIDTH_IN, 4.8))
        for number, (name, values) in enumerate((("mean", volume.mean), ("last", volume.last))):
            axes: Any = figure.add_axes((0.01 + 0.5 * number, 0.05, 0.48, 0.78), projection="3d")
            least, largest = min(*values, 0.0), max(values)
            _points(axes, volume, np.array(values), least, largest)
            figure.text(0.02 + 0.5 * number, 0.96, f"{quantity}, {name} of the phase", fontsize=9.5)
            _legend(figure, 0.02 + 0.5 * number, least, largest, unit)
        return figure

    return draw(make, key, alt)


def profile_chart(profiles: Sequence[Profile], quantity: str, key: str, alt: str) -> str:
    """Draw the means over the planes across each axis."""

    def make() -> Figure:
        from matplotlib.figure import Figure
        from matplotlib.ticker import MaxNLocator

        figure = Figure(figsize=(WIDTH_IN, 2.2), layout="constrained")
        grid = figure.subplots(1, len(profiles), sharey=True, squeeze=False)
        for axes, profile in zip(grid[0], profiles, strict=True):
            marker = "o" if len(profile.mean) < 40 else None
            for name, values, colour, style in (("mean of the phase", profile.mean, SERIES[0], "-"),
                                                ("last of the phase", profile.last, SERIES[1], "--")):
                axes.plot(range(len(values)), values, style, color=colour, marker=marker, markersize=2.5,
                          label=name if axes is grid[0, 0] else None)
            axes.set_title(f"along {profile.axis}", loc="left")
            axes.set_xlabel(f"{profile.axis}, unit of the grid")
            axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
            axes.grid(axis="y")
        grid[0, 0].set_ylabel(quantity)
        figure.legend(loc="outside upper left", ncols=2, handlelength=1.6)
        return figure

    return draw(make, key, alt)


def _steps(values: np.ndarray, least: float, largest: float) -> np.ndarray:
    """Return the step, from 0 to `STEPS` - 1, of each value."""
    shares = (values - least) / (largest - least) if largest > least else np.zeros_like(values)
    steps: np.ndarray = np.minimum((shares * STEPS).astype(int), STEPS - 1)
    return steps


def _size(step: int, points: int) -> float:
    """Return the area of a point; in a crowded grid all are smaller."""
    area: float = SMALLEST + (LARGEST - SMALLEST) * (step / (STEPS - 1)) ** 1.5
    return area * min(1.0, math.sqrt(400 / points))


def _points(axes: Any, volume: VolumeView, values: np.ndarray, least: float, largest: float) -> None:
    """Draw the points of one grid, the most active on top, so that none hides behind a quiet one."""
    blocks = volume.blocks
    places = [(np.arange(count) * side + np.minimum(side, length - np.arange(count) * side) / 2 - 0.5)
              for count, side, length in zip(blocks, volume.sides, volume.shape, strict=True)]
    x, y, z = (grid.ravel() for grid in np.meshgrid(*places, indexing="ij"))
    steps = _steps(values, least, largest)
    axes.computed_zorder = False
    for step in range(STEPS):
        chosen = steps == step
        if chosen.any():
            axes.scatter(x[chosen], y[chosen], z[chosen], s=_size(step, len(values)), color=_colour(step),
                         alpha=_alpha(step), linewidths=0, depthshade=False, zorder=3 + step)
    axes.set_box_aspect([max(length / max(volume.shape), SLENDER if length > 1 else FLAT) for length in volume.shape])
    axes.view_init(elev=30 if min(volume.shape) > 1 else 55)
    for name, length in zip("xyz", volume.shape, strict=True):
        getattr(axes, f"set_{name}lim")(-0.5, length - 0.5)
        getattr(axes, f"set_{name}label")(name, labelpad=-4)
        getattr(axes, f"set_{name}ticks")(sorted({0, length // 2, length - 1}))
        axis = getattr(axes, f"{name}axis")
        axis.set_pane_color((0, 0, 0, 0))
        axis.pane.set_edgecolor(GRID)
        axis.line.set_color(GRID)
    axes.tick_params(pad=-1, labelsize=7.5)


def _colour(step: int) -> str:
    return SERIES[1] if step >= STEPS // 2 else SERIES[0] if step else MUTED


def _alpha(step: int) -> float:
    return 0.35 if step == 0 else 0.45 + 0.5 * step / (STEPS - 1)


def _legend(figure: Figure, left: float, least: float, largest: float, unit: str) -> None:
    from matplotlib.lines import Line2D

    of = "" if unit == "1" else f" {unit}"
    edges = np.linspace(least, largest, STEPS + 1)
    # Legends are filled by columns; read are they by rows.
    order = [step for column in range(STEPS // 2) for step in (column, column + STEPS // 2)]
    handles = [Line2D([], [], linestyle="", marker="o", markeredgewidth=0, color=_colour(step), alpha=_alpha(step),
                      markersize=math.sqrt(_size(step, 1)), label=f"{edges[step]:.3g} to {edges[step + 1]:.3g}{of}")
               for step in order]
    figure.legend(handles=handles, loc="upper left", bbox_to_anchor=(left, 0.95), ncols=STEPS // 2, borderaxespad=0,
                  handlelength=0.8, columnspacing=1.2, fontsize=8)
