"""Counts that classification figures come from: cumulative, of bounded size, exact on an endless stream.

Items are gathered in blocks and counted a block at a time. As the counts are integers, the figures are those of all
items at once, to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from aura.core.classes import ClassIndex
from aura.plugins.metrics.labels import pack, unpack

__all__ = ["NO_BEST", "UNRANKED", "LabelCounts", "Scored", "pack_items", "unpack_items"]

BLOCK_ITEMS = 1000
"""Items counted at once: one by one they would cost some 30 us each."""

NO_BEST = -1
"""The best class of an item that has no answer."""

UNRANKED = -2
"""The best class of an item with several predicted labels of which none is told to be the best."""

NONE_BEYOND = (0, 0, 0)


class Scored(NamedTuple):
    """One item, judged.

    Whether it is right is told by the labels themselves, however many classes there are; the class numbers are of
    those that are told apart.

    Parameters
    ----------
    truth, prediction : tuple of int
        Its classes, as numbers.
    best : int
        The number of its one best class, or `NO_BEST`, which is a miss, or `UNRANKED`.
    exact : bool
        Whether the predicted set is the true one.
    top : bool
        Whether the best label is a true one.
    single : bool
        Whether it has one true label and no predicted one but the best, so that `exact` and `top` are the same.
    beyond : tuple of int
        True positives, false positives and false negatives among its labels that are not told apart.
    """

    truth: tuple[int, ...]
    prediction: tuple[int, ...]
    best: int
    exact: bool
    top: bool
    single: bool
    beyond: tuple[int, int, int] = NONE_BEYOND

    @classmethod
    def of(cls, classes: ClassIndex, truth: tuple[str, ...], said: tuple[str, ...], best: str | None,
           ranked: bool = True) -> Scored:
        """Judge an item by its labels; without a best one it has no answer, or is not ranked."""
        true, predicted = classes.places(truth), classes.places(said)
        number = classes.place(best) if best is not None else NO_BEST if ranked else UNRANKED
        beyond = NONE_BEYOND
        if classes.beyond and not all(label in classes for label in (*truth, *said)):
            true, predicted = (classes.places(filter(classes.__contains__, labels)) for labels in (truth, said))
            far_true, far_said = ({label for label in labels if label not in classes} for labels in (truth, said))
            beyond = (len(far_true & far_said), len(far_said - far_true), len(far_true - far_said))
        return cls(true, predicted, number, set(truth) == set(said), best in truth,
                   len(truth) == 1 and said == (() if best is None else (best,)), beyond)

    @classmethod
    def of_numbers(cls, truth: tuple[int, ...], said: tuple[int, ...], best: int) -> Scored:
        """Judge an item by the numbers of its classes, all of them told apart."""
        return cls(truth, said, best, truth == said, best in truth,
                   len(truth) == 1 and said == (() if best == NO_BEST else (best,)))


def pack_items(items: Sequence[Scored]) -> dict[str, Any]:
    """Return judged items as arrays."""
    return {"truth": pack([item.truth for item in items]), "prediction": pack([item.prediction for item in items]),
            "best": np.array([item.best for item in items], dtype=np.int32),
            "flags": np.array([item.exact + 2 * item.top + 4 * item.single for item in items], dtype=np.uint8),
            "beyond": np.array([item.beyond for item in items], dtype=np.int32) if any(
                item.beyond != NONE_BEYOND for item in items) else None}


def unpack_items(packed: Mapping[str, Any]) -> list[Scored]:
    """Return what `pack_items` was given."""
    best, flags = packed["best"].tolist(), packed["flags"].tolist()
    beyond = [NONE_BEYOND] * len(best) if packed["beyond"] is None else packed["beyond"].tolist()
    return [Scored(true, said, number, bool(flag & 1), bool(flag & 2), bool(flag & 4), (far[0], far[1], far[2]))
            for true, said, number, flag, far in zip(unpack(packed["truth"]), unpack(packed["prediction"]), best, flags,
                                                     beyond, strict=True)]


class LabelCounts:
    """Items, hits, and per class true positives, false positives, false negatives, with the confusion matrix.

    Attributes
    ----------
    items : int
        Items counted.
    exact : int
        Items whose predicted set is the true one.
    ranked, top : int
        Items that have a best class or no answer, and those of them where the best class is in the true set.
    single : int
        Items with one true label and no predicted one but the best.
    cells : numpy.ndarray
        int64 (class, 3): true positives, false positives, false negatives.
    beyond : numpy.ndarray
        int64 (3,): the same, of all labels that are not told apart.
    confusion : numpy.ndarray
        int64 (class, class): items with one true class that is told apart, by it and the best one; zero without
        confusion.
    unanswered : numpy.ndarray
        int64 (class,): those of them that have no answer, by their true class.
    """

    def __init__(self, with_confusion: bool = True) -> None:
        self._with_confusion = with_confusion
        self.items = self.exact = self.ranked = self.top = self.single = 0
        self.cells = np.zeros((0, 3), dtype=np.int64)
        self.beyond = np.zeros(3, dtype=np.int64)
        self.confusion = np.zeros((0, 0), dtype=np.int64)
        self.unanswered = np.zeros(0, dtype=np.int64)
        self._block: list[Scored] = []

    def add(self, item: Scored) -> None:
        """Count one item."""
        self._block.append(item)
        self.items += 1
        if len(self._block) >= BLOCK_ITEMS:
            self.fold()

    @classmethod
    def of(cls, items: Iterable[Scored]) -> LabelCounts:
        """Return the counts of these items, without the confusion matrix."""
        counts = cls(with_confusion=False)
        counts._block = list(items)
        counts.items = len(counts._block)
        counts.fold()
        return counts

    def fold(self) -> None:
        """Count what has been gathered."""
        block, self._block = self._block, []
        if not block:
            return
        true, said, hits = ([number for numbers in sets for number in numbers] for sets in (
            [item.truth for item in block], [item.prediction for item in block],
            [[number for number in item.truth if number in item.prediction] for item in block]))
        classes = max(len(self.cells), 1 + max((*true, *said, *(item.best for item in block))))
        self._grow(classes)
        right, answered, wanted = (np.bincount(np.array(numbers, dtype=np.int64), minlength=classes)
                                   for numbers in (hits, said, true))
        self.cells += np.stack([right, answered - right, wanted - right], axis=1)
        self.beyond += np.sum([item.beyond for item in block if item.beyond != NONE_BEYOND] or [NONE_BEYOND], axis=0)
        self.exact += sum(item.exact for item in block)
        self.single += sum(item.single for item in block)
        self._count_best(block)

    def _count_best(self, block: list[Scored]) -> None:
        ranked = [item for item in block if item.best != UNRANKED]
        self.ranked += len(ranked)
        self.top += sum(item.top for item in ranked)
        single = [(item.truth[0], item.best) for item in ranked
                  if len(item.truth) == 1 and item.beyond[0] == item.beyond[2] == 0]
        if single and self._with_confusion:
            true, best = np.array(single).T
            answered = best != NO_BEST
            np.add.at(self.unanswered, true[~answered], 1)
            np.add.at(self.confusion, (true[answered], best[answered]), 1)

    def _grow(self, classes: int) -> None:
        more = classes - len(self.cells)
        if more > 0:
            self.cells = np.pad(self.cells, ((0, more), (0, 0)))
            self.confusion = np.pad(self.confusion, ((0, more), (0, more)))
            self.unanswered = np.pad(self.unanswered, (0, more))

    def state(self) -> dict[str, Any]:
        """Return all counts; what has been gathered is counted first, which changes no figure."""
        self.fold()
        return {"items": self.items, "exact": self.exact, "ranked": self.ranked, "top": self.top,
                "single": self.single, "beyond": self.beyond.copy(), "cells": self.cells.copy(),
                "confusion": self.confusion.copy(), "unanswered": self.unanswered.copy()}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned."""
        self.items, self.exact = state["items"], state["exact"]
        self.ranked, self.top, self.single = state["ranked"], state["top"], state["single"]
        self.beyond = state["beyond"]
        self.cells, self.confusion, self.unanswered = state["cells"], state["confusion"], state["unanswered"]
        self._block = []
