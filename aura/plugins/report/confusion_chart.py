"""The confusion matrix as a plot that can be read with a few dozen classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from aura.plugins.report.record import Confusion
from aura.plugins.report.svg import INK, MUTED, PANEL, SERIES, draw
from aura.plugins.report.words import short

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["CLASSES_MAX", "confusion_chart", "most_confused"]

CLASSES_MAX = 60
"""More classes than this cannot be read on a page."""

ANNOTATED_MIN = 0.05
"""Share of a row from which on a cell is written out, in per cent."""

DARK_CELL = 0.55
"""Share from which on a cell is so dark that its number stands in the colour of the page."""


def confusion_chart(confusion: Confusion, key: str, alt: str) -> str:
    """Draw the shares of each true class that went to each best class."""
    counts = np.array(confusion.matrix, dtype=float)
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0)

    def make() -> Figure:
        from matplotlib.collections import PatchCollection
        from matplotlib.colors import to_rgba
        from matplotlib.figure import Figure
        from matplotlib.patches import Rectangle

        labels = [short(label) for label in confusion.labels]
        count = len(labels)
        side = min(8.4, max(2.2, 0.27 * count))
        figure = Figure(figsize=(side + 1.5, side + 1.3), layout="constrained")
        axes = figure.subplots()
        colour = to_rgba(SERIES[0])[:3]
        cells = [(row, column) for row in range(count) for column in range(count) if shares[row, column] > 0]
        boxes = [Rectangle((column - 0.48, row - 0.48), 0.96, 0.96) for row, column in cells]
        axes.add_collection(PatchCollection(
            boxes, facecolors=[(*colour, 0.06 + 0.94 * shares[cell]) for cell in cells], edgecolors="none"))
        for row, column in cells:
            share = shares[row, column]
            if share >= ANNOTATED_MIN:
                axes.text(column, row, f"{share * 100:.0f}", ha="center", va="center", fontsize=7.0,
                          color=PANEL if share > DARK_CELL else INK)
        axes.set(xlim=(-0.6, count - 0.4), ylim=(count - 0.4, -0.6), aspect="equal")
        axes.set_xticks(range(count), labels, rotation=90 if count > 6 else 0, fontsize=8)
        rows = [f"{label}  {int(total):,}" for label, total in zip(labels, totals[:, 0], strict=True)]
        axes.set_yticks(range(count), rows, fontsize=8)
        axes.tick_params(length=0, labelcolor=INK)
        axes.set_xlabel("best label")
        axes.set_ylabel("true label, and its number of items")
        for spine in axes.spines.values():
            spine.set(visible=True, color=MUTED, linewidth=0.4)
        return figure

    return draw(make, key, alt)


def most_confused(confusion: Confusion, count: int = 8) -> list[tuple[str, str, int, float]]:
    """Return the most frequent mistakes: true label, best label, items, share of the true label's items.

    What happened once is no pattern, and left out.
    """
    mistakes = []
    for row, label in enumerate(confusion.labels):
        total = sum(confusion.matrix[row])
        mistakes += [(label, confusion.labels[column], items, items / total)
                     for column, items in enumerate(confusion.matrix[row]) if items > 1 and column != row]
    return sorted(mistakes, key=lambda mistake: (-mistake[2], mistake[0], mistake[1]))[:count]
