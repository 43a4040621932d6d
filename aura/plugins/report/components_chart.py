"""The components of a mixture over time: shares on top of each other, or lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from aura.plugins.report.charts import DOTTED, EDGE, LETTER_IN, WIDTH_IN, shade, time_unit
from aura.plugins.report.palette import OTHERS, Tone
from aura.plugins.report.record import PhaseInfo, Series, SeriesByName
from aura.plugins.report.svg import PANEL, draw
from aura.plugins.report.words import short

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["SHOWN_MAX", "components_chart", "on_one_grid"]

SHOWN_MAX = 24
"""Components drawn one by one; more are not told apart."""

KEY_IN = 0.45
"""Width of a legend's key, with the space beside it."""
LEGEND_ROW_IN = 0.19


def on_one_grid(series: Mapping[str, Series]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return all instants of some series, and the values of each at these: 0 before its first."""
    times = np.array(sorted({time for one in series.values() for time, *_ in one.points}), dtype=np.float64)
    return times, {name: np.interp(times, [point[0] for point in one.points], [point[2] for point in one.points],
                                   left=0.0)
                   for name, one in series.items()}


def components_chart(series: SeriesByName, tones: Mapping[str, Tone], phases: Sequence[PhaseInfo], key: str, alt: str,
                     *, stacked: bool, quantity: str) -> str:
    """Draw each component in its colour; `quantity` says what stands on the vertical axis.

    Beyond `SHOWN_MAX` components those with the least on average are left out, or drawn as one where they are stacked.
    """
    times, values = on_one_grid(series)
    order = {name: place for place, name in enumerate(tones)}
    names = sorted(values, key=lambda name: order.get(name, len(order)))
    drawn = set(sorted(names, key=lambda name: -float(values[name].mean()))[:SHOWN_MAX])
    shown, rest = [name for name in names if name in drawn], [name for name in names if name not in drawn]

    def make() -> Figure:
        from matplotlib.figure import Figure

        widest = max((len(short(name)) for name in shown), default=1)
        columns = max(1, min(len(shown), int(WIDTH_IN / (KEY_IN + widest * LETTER_IN))))
        figure = Figure(figsize=(WIDTH_IN, 3.0 + LEGEND_ROW_IN * -(-len(shown) // columns)), layout="constrained")
        axes = figure.subplots()
        unit, scale = time_unit(int(times[-1]))
        if stacked:
            _stack(axes, times / scale, values, shown, rest, tones)
        else:
            _lines(axes, series, scale, shown, tones)
        shade(axes, phases, scale)
        axes.set_xlabel(f"simulated time, {unit}")
        axes.set_ylabel(quantity)
        axes.grid(axis="y")
        figure.legend(loc="outside upper left", ncols=columns, handlelength=1.4, columnspacing=1.4)
        return figure

    return draw(make, key, alt)


def _stack(axes: Axes, times: np.ndarray, values: Mapping[str, np.ndarray], shown: Sequence[str], rest: Sequence[str],
           tones: Mapping[str, Tone]) -> None:
    below = np.zeros(len(times))
    layers = [(short(name), tones.get(name, OTHERS), values[name]) for name in shown]
    if rest:
        layers.append((f"{len(rest)} others", OTHERS, np.sum([values[name] for name in rest], axis=0)))
    for name, tone, layer in layers:
        above = below + layer
        # A single instant has no width of its own.
        if len(times) == 1:
            axes.bar(times, layer, bottom=below, width=0.1, color=tone.colour, alpha=tone.strength, label=name)
        else:
            axes.fill_between(times, below, above, color=tone.colour, alpha=tone.strength, label=name,
                              edgecolor=PANEL, linewidth=0.5)
        below = above
    most = float(below.max())
    axes.set_ylim(0.0, (1.0 if 0.9 < most <= 1.0 + 1e-6 else most) * (1.0 + EDGE) or 1.0)


def _lines(axes: Axes, series: SeriesByName, scale: int, shown: Sequence[str], tones: Mapping[str, Tone]) -> None:
    for name in shown:
        tone = tones.get(name, OTHERS)
        stretches = series[name].by_phase()
        marker = "o" if all(len(times) < DOTTED for _, times, _ in stretches) else None
        for number, (_, times, values) in enumerate(stretches):
            axes.plot([time / scale for time in times], values, tone.line, color=tone.colour,
                      marker=marker or ("o" if len(times) == 1 else None), markersize=3,
                      label=None if number else short(name))
