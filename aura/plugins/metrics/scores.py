"""Accuracy, precision, recall and F1 as scikit-learn defines them, from counts of bounded size, exact on any stream."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from aura.core.classes import OTHER, ClassIndex
from aura.core.lasting import Stateful

__all__ = ["NO_BEST", "UNRANKED", "LabelCounts", "Scored", "beyond", "natural_key", "sets_of"]

NO_BEST = -1
"""The best class of an item that has no answer."""
UNRANKED = -2
"""The best class of an item with several predicted labels of which none is told to be the best."""
CONFUSION_CLASSES_MAX = 200
"""A larger confusion matrix is left out of the results: nobody reads it, and it grows with the square."""
NO_ANSWER = "(no answer)"
"""The column of items for which nothing was said."""


def sets_of(value: Any) -> list[tuple[str, ...]]:
    """Return one label set an item from a value of tags, of text, or of integers; an empty text is no label.

    Examples
    --------
    >>> sets_of((("joy", "love"), ())), sets_of(("joy", "")), sets_of(np.array([3, 0]))
    ([('joy', 'love'), ()], [('joy',), ()], [('3',), ('0',)])
    """
    sets: list[tuple[str, ...]] = []
    for item in value.tolist() if isinstance(value, np.ndarray) else value:  # once a row and topic
        labels = item if isinstance(item, tuple) else (str(item),)
        sets.append(tuple(filter(None, labels)) if "" in labels else labels)
    return sets


def natural_key(label: str) -> tuple[Any, ...]:
    """Return a key that sorts ``"2"`` before ``"10"``, and text by its letters."""
    parts = [part for part in re.split(r"([0-9]+)", label) if part]
    return (*((0, int(part), "") if part.isdecimal() else (1, 0, part.casefold()) for part in parts), (2, 0, label))


def beyond(classes: ClassIndex) -> dict[str, int]:
    """Return what the results of a metric say of classes beyond the bound; nothing where there are none."""
    return {"beyond": classes.beyond, "told_apart": len(classes) - 1} if classes.beyond else {}


class Scored(NamedTuple):
    """One item, judged by its labels; classes are their places.

    Parameters
    ----------
    cells : (tuple of int, tuple of int, tuple of int)
        The classes of its labels that are predicted and true, predicted and not true, true and not predicted.
    true : int
        Its one true class; `NO_BEST` if it has several, or one that is not told apart.
    best : int
        Its one best class, or `NO_BEST`, which is a miss, or `UNRANKED`.
    exact : bool
        Whether the predicted set is the true one.
    top : bool
        Whether the best label is a true one.
    single : bool
        Whether it has one true label and no predicted one but the best, so that `exact` and `top` are the same.
    """

    cells: tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]
    true: int
    best: int
    exact: bool
    top: bool
    single: bool

    @classmethod
    def of(cls, classes: ClassIndex, truth: tuple[str, ...], predicted: tuple[str, ...], best: str | None,
           ranked: bool = True) -> Scored:
        """Judge an item by its labels; without a best one it has no answer, or is not ranked."""
        places: dict[str, int] = {}
        cells: tuple[list[int], ...] = ([], [], [])
        for label in (*truth, *predicted):
            if label not in places:
                places[label] = classes.place(label)
                where = 0 if label in truth and label in predicted else 1 if label in predicted else 2
                cells[where].append(places[label])
        number = NO_BEST if ranked else UNRANKED
        if best is not None:
            number = places[best] if best in places else classes.place(best)
        one, (hits, wrong, missed) = len(truth) == 1, map(tuple, cells)
        return cls((hits, wrong, missed), places[truth[0]] if one and truth[0] in classes else NO_BEST, number,
                   not wrong and not missed, best in truth, one and predicted == (() if best is None else (best,)))


class LabelCounts(Stateful):
    """Items, hits, and per class true positives, false positives, false negatives, with the confusion matrix.

    All labels that are not told apart stand as one class, in which a label is a hit for no other. Averages go over the
    classes that occur in the truth or in a prediction, as scikit-learn's do by default.
    """

    lasting = ("items", "exact", "ranked", "top", "single", "cells", "confusion")

    def __init__(self) -> None:
        self.items = self.exact = self.single = 0
        self.ranked = self.top = 0
        """Items that have a best class or no answer, and those of them where the best class is in the true set."""
        self.cells: dict[int, list[int]] = {}
        """Of each class true positives, false positives, false negatives."""
        self.confusion: dict[tuple[int, int], int] = {}
        """Items with one true class that is told apart, by it and the best one."""

    def add(self, items: Iterable[Any]) -> LabelCounts:
        """Count judged items, which may be plain tuples."""
        for cells, true, best, exact, top, single in items:
            self.items += 1
            self.exact += exact
            self.single += single
            for column, places in enumerate(cells):
                for place in places:
                    self.cells.setdefault(place, [0, 0, 0])[column] += 1
            if best != UNRANKED:
                self.ranked += 1
                self.top += top
                if true >= 0:
                    self.confusion[true, best] = self.confusion.get((true, best), 0) + 1
        return self

    def rolling(self) -> dict[str, float]:
        """Return the few figures that are worth following over time."""
        figures = {}
        if self.items:
            figures["accuracy"] = self.exact / self.items
            if self.ranked == self.items:  # of the others nothing says which of their labels is the best
                figures["top1"] = self.top / self.items
            figures |= {f"{average}_f1": self._averaged(average)[2] for average in ("macro", "micro")}
        return figures

    def summary(self) -> dict[str, float]:
        """Return the figures of all classes together; without items there are none."""
        figures = {name: value for name, value in self.rolling().items() if not name.endswith("f1")}
        for average in ("macro", "micro", "weighted") if self.items else ():
            precision, recall, f1 = self._averaged(average)
            figures |= {f"{average}_f1": f1, f"{average}_precision": precision, f"{average}_recall": recall}
        return figures

    def per_class(self, names: Sequence[str]) -> list[dict[str, Any]]:
        """Return one row a class that occurs: label, precision, recall, F1, support (true items), predicted (items)."""
        rows = [{"label": names[place], "precision": precision, "recall": recall, "f1": f1, "support": int(support),
                 "predicted": sum(self.cells[place][:2])}
                for place, (precision, recall, f1, support) in zip(sorted(self.cells), self._scores().T.tolist(),
                                                                   strict=True)]
        return sorted(rows, key=lambda row: natural_key(row["label"]))

    def recalls(self, names: Sequence[str]) -> dict[str, float]:
        """Return for each class that occurs in the truth the share of its items that were said to have it."""
        return {names[place]: hits / (hits + missed) for place, (hits, _, missed) in sorted(self.cells.items())
                if hits + missed and names[place] != OTHER}

    def confusion_table(self, names: Sequence[str]) -> dict[str, Any] | None:
        """Return labels and counts, true class by best class, or None if there are none or too many classes.

        Items without an answer stand in a column of their own, the last, if there are any.
        """
        used = sorted({place for pair in self.confusion for place in pair if place >= 0},
                      key=lambda place: natural_key(names[place]))
        if not used or len(used) > CONFUSION_CLASSES_MAX:
            return None
        if any(best == NO_BEST for _, best in self.confusion):
            used.append(NO_BEST)
        return {"labels": [names[place] if place >= 0 else NO_ANSWER for place in used],
                "matrix": [[self.confusion.get((true, best), 0) for best in used] for true in used]}

    def _cells(self) -> np.ndarray:
        """Return true positives, false positives and false negatives of the classes in their order, (3, class)."""
        return np.array([self.cells[place] for place in sorted(self.cells)], dtype=np.float64).reshape(-1, 3).T

    def _scores(self) -> np.ndarray:
        """Return precision, recall, F1 and support of each class that occurs, float64 (4, class)."""
        hits, wrong, missed = self._cells()
        predicted, support = hits + wrong, hits + missed
        return np.stack([_share(hits, predicted), _share(hits, support), _share(2 * hits, predicted + support),
                         support])

    def _averaged(self, average: str) -> list[float]:
        """Return precision, recall and F1 of all classes; 0 where a figure has nothing to be a share of.

        ``macro`` is the mean over the classes that occur, ``weighted`` the mean by their true items, and ``micro``
        takes the labels of all classes for labels of one.
        """
        if not self.cells:
            return [0.0, 0.0, 0.0]
        if average == "micro":
            hits, wrong, missed = self._cells().sum(axis=1)
            return [float(_share(part, whole)) for part, whole in (
                (hits, hits + wrong), (hits, hits + missed), (2 * hits, 2 * hits + wrong + missed))]
        *figures, support = self._scores()
        weights = support if average == "weighted" else np.ones(len(support))
        return [float(_share(figure @ weights, weights.sum())) for figure in figures]


def _share(part: Any, whole: Any) -> np.ndarray:
    part, whole = np.asarray(part), np.asarray(whole)
    shares: np.ndarray = np.divide(part, whole, out=np.zeros(whole.shape), where=whole > 0)
    return shares
