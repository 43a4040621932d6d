"""Accuracy, precision, recall and F1 from counts, as scikit-learn defines them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from aura.core.classes import OTHER
from aura.plugins.metrics.counts import LabelCounts
from aura.plugins.metrics.labels import natural_key

__all__ = ["confusion_table", "per_class", "recalls", "rolling_figures", "summary"]

CONFUSION_CLASSES_MAX = 200
"""A larger confusion matrix is left out of the results: nobody reads it, and it grows with the square."""

NO_ANSWER = "(no answer)"
"""The column of items for which nothing was said."""


def summary(counts: LabelCounts) -> dict[str, float]:
    """Return the figures of all classes together.

    Averages go over the classes that occur in the truth or in a prediction, as scikit-learn's do by default; those that
    are not told apart stand as one of them. Without items there are no figures.
    """
    figures = _hits(counts)
    if not counts.items:
        return figures
    for average in ("macro", "micro", "weighted"):
        precision, recall, f1 = _averaged(counts, average)
        figures |= {f"{average}_f1": f1, f"{average}_precision": precision, f"{average}_recall": recall}
    return figures


def rolling_figures(counts: LabelCounts) -> dict[str, float]:
    """Return the few figures that are worth following over time."""
    figures = _hits(counts)
    for average in ("macro", "micro") if counts.items else ():
        figures[f"{average}_f1"] = _averaged(counts, average)[2]
    return figures


def per_class(counts: LabelCounts, names: Sequence[str]) -> list[dict[str, Any]]:
    """Return one row a class that occurs: label, precision, recall, F1, support (true items), predicted (items)."""
    cells = _cells(counts)
    present = _present(cells)
    if not len(present):
        return []
    precision, recall, f1, support = _scores(counts)
    rows = [{"label": names[number] if number < len(counts.cells) else OTHER, "precision": float(precision[row]),
             "recall": float(recall[row]), "f1": float(f1[row]), "support": int(support[row]),
             "predicted": int(cells[number, :2].sum())}
            for row, number in enumerate(present.tolist())]
    return sorted(rows, key=lambda row: natural_key(row["label"]))


def recalls(counts: LabelCounts, names: Sequence[str]) -> dict[str, float]:
    """Return for each class that occurs in the truth the share of its items that were said to have it."""
    counts.fold()
    found, missed = counts.cells[:, 0], counts.cells[:, 2]
    return {names[number]: int(found[number]) / int(found[number] + missed[number])
            for number in np.flatnonzero(found + missed).tolist()}


def confusion_table(counts: LabelCounts, names: Sequence[str]) -> dict[str, Any] | None:
    """Return labels and counts, true class by best class, or None if there are none or too many classes.

    Items without an answer stand in a column of their own, the last, if there are any.
    """
    judged = counts.confusion.any(axis=0) | counts.confusion.any(axis=1) | (counts.unanswered > 0)
    used = np.flatnonzero(judged).tolist()
    if not used or len(used) > CONFUSION_CLASSES_MAX:
        return None
    order = sorted(used, key=lambda number: natural_key(names[number]))
    labels, matrix = [names[number] for number in order], counts.confusion[np.ix_(order, order)]
    if counts.unanswered.any():
        labels = [*labels, NO_ANSWER]
        matrix = np.pad(matrix, ((0, 1), (0, 1)))
        matrix[:-1, -1] = counts.unanswered[order]
    return {"labels": labels, "matrix": matrix.tolist()}


def _hits(counts: LabelCounts) -> dict[str, float]:
    figures = {}
    if counts.items:
        figures["accuracy"] = counts.exact / counts.items
    if counts.items and counts.ranked == counts.items:  # of the others nothing says which of their labels is the best
        figures["top1"] = counts.top / counts.items
    return figures


def _cells(counts: LabelCounts) -> np.ndarray:
    """Return the counts by class, last those of all classes that are not told apart, if there are any."""
    return np.concatenate([counts.cells, counts.beyond[None]]) if counts.beyond.any() else counts.cells


def _present(cells: np.ndarray) -> np.ndarray:
    return np.flatnonzero(cells.any(axis=1))


def _scores(counts: LabelCounts) -> np.ndarray:
    """Return precision, recall, F1 and support of each class that occurs, float64 (4, class)."""
    cells = _cells(counts)
    hits, wrong, missed = cells[_present(cells)].T.astype(np.float64)
    said, support = hits + wrong, hits + missed
    return np.stack([_share(hits, said), _share(hits, support), _share(2 * hits, said + support), support])


def _averaged(counts: LabelCounts, average: str) -> list[float]:
    """Return precision, recall and F1 of all classes; 0 where a figure has nothing to be a share of.

    ``macro`` is the mean over the classes that occur, ``weighted`` the mean by their true items, and ``micro`` takes
    the labels of all classes for labels of one.
    """
    cells = _cells(counts)
    if not cells.any():
        return [0.0, 0.0, 0.0]
    if average == "micro":
        hits, wrong, missed = (float(total) for total in cells.sum(axis=0))
        return [_share(part, whole).item() for part, whole in (
            (hits, hits + wrong), (hits, hits + missed), (2 * hits, 2 * hits + wrong + missed))]
    *figures, support = _scores(counts)
    weights = support if average == "weighted" else np.ones(len(support))
    return [float(_share(figure @ weights, weights.sum())) for figure in figures]


def _share(part: Any, whole: Any) -> np.ndarray:
    part, whole = np.asarray(part), np.asarray(whole)
    shares: np.ndarray = np.divide(part, whole, out=np.zeros(whole.shape), where=whole > 0)
    return shares
