r"""Sums over items by the bins of their probabilities, and the calibration errors that they suffice for.

With the probabilities p and the hits y of n items in bins b, the expected calibration error is the mean distance of
both, weighted by the items in a bin,

.. math:: \sum_b \frac{n_b}{n} | \bar y_b - \bar p_b | = \frac{1}{n} \sum_b | \sum_{i \in b} (y_i - p_i) |.

The classwise error is the same for the probabilities of each class, averaged over the classes.

References
----------
Naeini, Cooper & Hauskrecht 2015, Obtaining well calibrated probabilities using Bayesian binning, AAAI.
Guo, Pleiss, Sun & Weinberger 2017, On calibration of modern neural networks, section 2, arXiv:1706.04599 (top-1, bins).
Kull et al. 2019, Beyond temperature scaling, section 2, arXiv:1910.12656 (classwise).
Brier 1950, Verification of forecasts expressed in terms of probability, eq. 2,
doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aura.core.lasting import Free, Stateful

__all__ = ["Bins", "bins_of", "calibration_error"]


def bins_of(probability: NDArray[Any], bins: int) -> NDArray[np.intp]:
    """Return the bin of each probability: those above (b - 1) / bins and not above b / bins are in the b-th.

    Examples
    --------
    >>> bins_of(np.array([0.0, 0.1, 0.11, 1.0]), 10).tolist()
    [0, 0, 1, 9]
    """
    places: NDArray[np.intp] = np.clip(np.ceil(probability * bins).astype(np.intp) - 1, 0, bins - 1)
    return places


def calibration_error(hits: NDArray[Any], probability: NDArray[Any], items: int) -> float:
    """Return the expected calibration error from the sums of hits and of probabilities in each bin."""
    return float(np.abs(hits - probability).sum()) / items


class Bins(Stateful):
    """Sums over items by the bins of their probabilities: of the best label, and of each class.

    Parameters
    ----------
    bins : int
        How many there are.
    """

    lasting = ("items", "unlabelled", "counted", "top", "top_squares", Free("classes", 1), "squares", "seen")

    def __init__(self, bins: int) -> None:
        self._bins = bins
        self.items = self.unlabelled = 0
        self.counted: NDArray[np.int64] = np.zeros(bins, np.int64)
        """Items by the bin of their best label's probability."""
        self.top: NDArray[np.float64] = np.zeros((2, bins))
        """Sums of the probabilities of the best label, and of hits."""
        self.top_squares = 0.0
        """Sum of the squared errors of the best label's probability."""
        self.classes: NDArray[np.float64] = np.zeros((2, 0, bins))
        """The same sums for the probabilities of each class."""
        self.squares = 0.0
        """Sum of the squared errors of all classes."""
        self.seen = 0
        """Items of which the probabilities of all classes were told."""

    def add(self, sure: NDArray[np.float64], hits: NDArray[np.float64]) -> None:
        """Count items by what was said of their best label, (item,) each."""
        places = bins_of(sure, self._bins)
        self.items += len(sure)
        self.counted += np.bincount(places, minlength=self._bins)
        for row, values in enumerate((sure, hits)):
            self.top[row] += np.bincount(places, values, self._bins)
        self.top_squares += float(((sure - hits) ** 2).sum())

    def add_classes(self, probability: NDArray[np.float64], targets: NDArray[np.float64]) -> None:
        """Count items by what was said of all classes, (item, class) each; there may be more classes than before."""
        known = self.classes.shape[1]
        classes = probability.shape[1]
        if classes > known:  # what was not told apart had a probability of zero, and no true item
            self.classes = np.pad(self.classes, ((0, 0), (0, classes - known), (0, 0)))
        places = (bins_of(probability, self._bins) + self._bins * np.arange(classes)).ravel()
        for row, values in enumerate((probability, targets)):
            sums = np.bincount(places, values.ravel(), classes * self._bins)
            self.classes[row, :classes] += sums.reshape(classes, self._bins)
        self.squares += float(((probability - targets) ** 2).sum())
        self.seen += len(probability)

    def summary(self) -> dict[str, float]:
        """Return the figures of all items; without items there are none."""
        if not self.items:
            return {}
        sure, hits = self.top
        found = {"ece": calibration_error(hits, sure, self.items), "confidence": float(sure.sum()) / self.items,
                 "top1": float(hits.sum()) / self.items, "top1_brier": self.top_squares / self.items}
        if self.seen and self.classes.shape[1]:
            sure, hits = self.classes
            found |= {"classwise_ece": calibration_error(hits, sure, self.seen) / len(sure),
                      "brier": self.squares / self.seen}
        return found
