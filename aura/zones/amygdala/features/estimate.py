"""What the amygdala already believes of an item: a readout of its own that knows nothing of the affect code."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aura.core.lasting import Free, Stateful
from aura.zones.amygdala.features.affect_code import NONE
from aura.zones.amygdala.features.export import Estimate
from aura.zones.amygdala.learners.rls import LeastSquaresReadout
from aura.zones.common.arrays import Array
from aura.zones.common.least_squares import with_bias

__all__ = ["AffectEstimate"]


class AffectEstimate(Stateful):
    r"""Says the two classes of an item that stand out most, before the item's label is told, and learns from it after.

    Parameters
    ----------
    features : int
        Columns of a row: the features without the affect code.
    classes : int
        Classes known from the start.
    ridge, forgetting : float
        As of the readout of least squares.

    Notes
    -----
    A score s regresses the indicator of a class, which comes with the share p of the items. Which classes stand out is
    said by :math:`(s - p) / \sqrt{p (1 - p)}`, how many standard deviations of the indicator the score lies above what
    is usual; by the score alone, the commonest classes would nearly always come first, and the code would say little
    of the others. The intensity is the score itself, within 0 and 1. The share is
    :math:`(n_k + 1/2) / (n + 1)` of n items.
    """

    lasting = ("_readout", Free("_had", 0), "_items")

    def __init__(self, features: int, classes: int, *, ridge: float, forgetting: float) -> None:
        self._features, self._ridge, self._forgetting = features, ridge, forgetting
        self._readout = self._begun(classes)
        self._had: Array = np.zeros(classes)
        """Of each class, what the items that had it weigh."""
        self._items = 0.0
        """What all items weigh."""

    def _begun(self, classes: int) -> LeastSquaresReadout:
        return LeastSquaresReadout(self._features + 1, classes, ridge=self._ridge, forgetting=self._forgetting)

    def read(self, rows: NDArray[np.float32]) -> tuple[NDArray[np.intp], Array]:
        """Return the places of the first and the second class, (n, 2), and their intensities, (n, 2)."""
        places, intensities = np.full((len(rows), 2), NONE, np.intp), np.zeros((len(rows), 2))
        share = (self._had + 0.5) / (self._items + 1.0)
        scores = self._readout.scores(with_bias(rows))
        order = np.argsort(-(scores - share) / np.sqrt(share * (1.0 - share)), axis=1, kind="stable")[:, :2]
        places[:, :order.shape[1]] = order
        intensities[:, :order.shape[1]] = np.clip(np.take_along_axis(scores, order, axis=1), 0.0, 1.0)
        return places, intensities

    def learn(self, rows: NDArray[np.float32], targets: Array, rate: float) -> None:
        """Learn from rows (n, features) and which classes each had, (n, classes); each item counts `rate` times."""
        more = targets.shape[1] - len(self._had)
        if more:
            self._readout.add_classes(more, self._items)
            self._had = np.append(self._had, np.zeros(more))
        if rate > 0 and len(rows):
            self._readout.learn(with_bias(rows), targets, rate)
            fade = self._forgetting ** np.arange(len(rows) - 1, -1, -1)
            past = self._forgetting ** len(rows)
            self._had = past * self._had + rate * (fade @ targets)
            self._items = past * self._items + rate * float(fade.sum())

    def export(self) -> Estimate:
        """Return what others need to say the same."""
        weights = self._readout.weights
        return Estimate(weights[:-1], weights[-1], np.append(self._had, self._items))

    def adopt(self, found: Estimate) -> None:
        """Begin anew from what was exported; learning goes on from there."""
        self._readout = self._begun(len(found.bias))
        self._readout.weights = np.vstack([found.weights, found.bias])
        self._had, self._items = found.seen[:-1].copy(), float(found.seen[-1])
