"""Decision thresholds and probabilities, learned from the scores of rows that were left out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aura.core.lasting import Free, Stateful
from aura.zones.common.arrays import Array
from aura.zones.common.calibration import FIRST_CALIBRATION, fit_calibration

__all__ = ["DecisionThresholds", "f1_cuts"]


BINS = 1024
"""Bins of a class's histogram of scores; for least squares a bin is 0.002 wide, a tenth of what a rare class's scores
spread."""

COARSER = 4
"""So many of them are one for the calibration, which is smooth."""

PROOF = 2.0
"""Standard errors by which the curves of the classes' own must name more rows rightly than the raw scores, before they
rank the classes."""


def f1_cuts(negatives: Array, positives: Array, shrinkage: float) -> NDArray[np.intp]:
    r"""Return for each class the bin from which on it is predicted, of the best F1 and steadied for rare classes.

    Parameters
    ----------
    negatives, positives : array (classes, bins)
        How often each score was seen without and with the class.
    shrinkage : float
        Positives at which a class's own optimum and the common one weigh the same.

    Notes
    -----
    The optimum of a class with few positives is noise. What is steady across classes is the ratio r of items that are
    predicted to have the class to items that have it, so log r is averaged over the classes, weighted by
    n / (n + shrinkage) with n the class's positives, and each class's own log r is drawn towards it by the same weight.
    The cut is the one that predicts the class of r n items. The maximum F1 is that of Lipton, Elkan and Naryanaswamy,
    Optimal thresholding of classifiers to maximize F1 measure, ECML 2014; drawing the ratio together was found here.
    """
    hits = _from_the_top(positives)
    predicted = _from_the_top(positives + negatives)
    count = positives.sum(axis=1)
    if not (count > 0).any():
        return np.full(len(positives), positives.shape[1], dtype=np.intp)
    scores = 2 * hits / np.maximum(predicted + count[:, None], np.finfo(float).tiny)
    best: NDArray[np.intp] = scores.argmax(axis=1)
    if shrinkage == 0:
        return best
    own = np.log(np.maximum(predicted[np.arange(len(predicted)), best], 1e-9) / np.maximum(count, 1e-9))
    trust = count / (count + shrinkage)
    common = (trust * own).sum() / trust.sum()
    ratio = np.exp(trust * own + (1 - trust) * common)
    cuts: NDArray[np.intp] = np.abs(predicted - (ratio * count)[:, None]).argmin(axis=1)
    return cuts


class DecisionThresholds(Stateful):
    """From which score on a class is predicted, and which probability belongs to a score.

    Parameters
    ----------
    classes : int
        Classes known from the start.
    score_range : tuple of float
        Where the scores lie; those outside count at the ends.
    neutral : float
        The threshold of a class that never came.
    shrinkage : float
        As of `f1_cuts`.
    calibrate : bool
        Whether the calibration from scores to probabilities is learned too.

    Notes
    -----
    `renew` is shown the scores that rows would have had the learner not learned them: they are what the scores of
    new rows are like, and they do not depend on the order in which the rows came.

    A curve for each class can turn the best class into another. It does so only where that has been shown to be right
    more often than the raw scores are: each half of the rows is judged by curves fitted on the other. Until then all
    classes share one curve, which leaves their order as it is.
    """

    lasting = (Free("values", 0), Free("calibration", 0))

    def __init__(self, classes: int, score_range: tuple[float, float], neutral: float, shrinkage: float, *,
                 calibrate: bool = True) -> None:
        self._low, self._high = score_range
        self._neutral, self._shrinkage, self._calibrate = neutral, shrinkage, calibrate
        self.values: Array = np.full(classes, neutral)
        self.calibration: Array = np.tile(np.array(FIRST_CALIBRATION), (classes, 1))

    def renew(self, scores: Array, targets: Array, counts: Array, halves: NDArray[np.bool_]) -> None:
        """Find thresholds and calibration.

        Parameters
        ----------
        scores, targets : array (n, classes)
            Of rows that were left out.
        counts : array (n,)
            How often each row came. Rows that came again are no more rows to go by: the counts are taken as shares of
            the effective number of rows, (sum of counts)² / (sum of squared counts).
        halves : array of bool (n,)
            Which rows are of the first half.
        """
        if not scores.size:
            return
        counts = counts * (counts.sum() / (counts @ counts))
        parts = [self._histograms(scores[part], targets[part], counts[part]) for part in (halves, ~halves)]
        negatives, positives = parts[0] + parts[1]
        cuts = f1_cuts(negatives, positives, self._shrinkage)
        known = positives.sum(axis=1) > 0
        self.values = np.where(known, np.linspace(self._low, self._high, BINS + 1)[cuts], self._neutral)
        if self._calibrate:
            self.calibration = self._fitted(scores, targets, counts, halves, parts)

    def _fitted(self, scores: Array, targets: Array, counts: Array, halves: NDArray[np.bool_],
                parts: list[Array]) -> Array:
        """Return the curves of the classes' own where they have proved themselves, else the one of all."""
        classes = scores.shape[1]
        origin = np.tile(np.array(FIRST_CALIBRATION), (classes, 1))
        gain, against, variance = 0.0, 0.0, 0.0
        middle = np.zeros_like(origin)
        for judged, judges in ((halves, parts[1]), (~halves, parts[0])):
            curves = self._fit(judges, origin)
            middle += 0.5 * curves
            ours = _hits(curves[:, 0] * scores[judged] + curves[:, 1], targets[judged])
            raw = _hits(scores[judged], targets[judged])
            gain += float(counts[judged] @ (ours & ~raw))
            against += float(counts[judged] @ (raw & ~ours))
            variance += float(counts[judged] ** 2 @ (raw != ours))
        if gain - against > PROOF * np.sqrt(variance):
            return self._fit(parts[0] + parts[1], middle)
        common = self._fit((parts[0] + parts[1]).sum(axis=1, keepdims=True), origin[:1])
        # Of few rows in equal numbers, each one left out makes its own class the rarer: the curve falls, and would turn
        # every answer round.
        return np.tile(common, (classes, 1)) if common[0, 0] > 0.0 else origin

    def _fit(self, histograms: Array, first: Array) -> Array:
        coarse = histograms.reshape(2, -1, BINS // COARSER, COARSER).sum(axis=3)
        edges = np.linspace(self._low, self._high, BINS // COARSER + 1)
        used = np.flatnonzero(coarse.any(axis=(0, 1)))
        return fit_calibration(0.5 * (edges[:-1] + edges[1:])[used], coarse[0][:, used], coarse[1][:, used], first)

    def _histograms(self, scores: Array, targets: Array, counts: Array) -> Array:
        """Return how often each score came without and with each class, (2, classes, bins)."""
        classes = scores.shape[1]
        places = np.clip((scores - self._low) * (BINS / (self._high - self._low)), 0, BINS - 1).astype(np.intp)
        places += BINS * (np.arange(classes) + classes * targets.astype(np.intp))
        total: Array = np.bincount(places.ravel(), np.repeat(counts, classes), 2 * classes * BINS).astype(np.float64)
        return total.reshape(2, classes, BINS)

    def add_classes(self, count: int) -> None:
        """Append classes of which nothing is known but that they have come."""
        self.values = np.concatenate([self.values, np.full(count, self._neutral)])
        curve = self.calibration.mean(axis=0) if len(self.calibration) else np.array(FIRST_CALIBRATION)
        self.calibration = np.vstack([self.calibration, np.tile(curve, (count, 1))])


def _hits(scores: Array, targets: Array) -> NDArray[np.bool_]:
    """Return of each row whether its best class is one that it has."""
    hits: NDArray[np.bool_] = targets[np.arange(len(scores)), scores.argmax(axis=1)] > 0
    return hits


def _from_the_top(counts: Array) -> Array:
    """Return for each bin the counts at and above it."""
    return np.cumsum(counts[:, ::-1], axis=1)[:, ::-1]
