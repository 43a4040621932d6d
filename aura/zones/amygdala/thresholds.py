"""Decision thresholds and probabilities, learned from what the scores were before the teacher spoke."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aura.zones.amygdala.calibration import FIRST_CALIBRATION, fit_calibration
from aura.zones.amygdala.params import ThresholdOptions
from aura.zones.common.arrays import Array

__all__ = ["DecisionThresholds", "f1_cuts"]


BINS = 1024
"""Bins of a class's histogram of scores; for least squares a bin is 0.002 wide, a tenth of what a rare class's scores
spread."""

FIRST_RENEWAL_ITEMS = 16
RENEWALS_PER_OCTAVE = 8
"""Thresholds are renewed when the stream has grown by an eighth, so that they are fresh early and cheap later."""


def f1_cuts(negatives: Array, positives: Array, shrinkage: float) -> NDArray[np.intp]:
    r"""Return for each class the bin from which on it is said, chosen for the best F1 and steadied for rare classes.

    Parameters
    ----------
    negatives, positives : array (classes, bins)
        How often each score was seen without and with the class.
    shrinkage : float
        Positives at which a class's own optimum and the common one weigh the same.

    Notes
    -----
    The optimum of a class with few positives is noise. What is steady across classes is the ratio r of items said to
    have the class to items that have it, so log r is averaged over the classes, weighted by n / (n + shrinkage) with n
    the class's positives, and each class's own log r is drawn towards it by the same weight. The cut is the one that
    says the class of r n items. The maximum F1 is that of Lipton, Elkan and Naryanaswamy, Optimal thresholding of
    classifiers to maximize F1 measure, ECML 2014; drawing the ratio together was found here.
    """
    hits = _from_the_top(positives)
    said = _from_the_top(positives + negatives)
    count = positives.sum(axis=1)
    if not (count > 0).any():
        return np.full(len(positives), positives.shape[1], dtype=np.intp)
    scores = 2 * hits / np.maximum(said + count[:, None], np.finfo(float).tiny)
    best: NDArray[np.intp] = scores.argmax(axis=1)
    if shrinkage == 0:
        return best
    own = np.log(np.maximum(said[np.arange(len(said)), best], 1e-9) / np.maximum(count, 1e-9))
    trust = count / (count + shrinkage)
    common = (trust * own).sum() / trust.sum()
    ratio = np.exp(trust * own + (1 - trust) * common)
    cuts: NDArray[np.intp] = np.abs(said - (ratio * count)[:, None]).argmin(axis=1)
    return cuts


class DecisionThresholds:
    """Histograms of the scores of each class, with and without it, and what follows from them.

    Parameters
    ----------
    classes : int
        Classes known from the start.
    score_range : tuple of float
        Where the scores lie; those outside count at the ends.
    neutral : float
        The threshold of a class that has never been told.
    options : ThresholdOptions
        Half-life, shrinkage, and how often they are renewed.
    calibrate : bool
        Whether the calibration from scores to probabilities is learned too.

    Notes
    -----
    Only scores that were given before the item's label was learned from may be shown to `observe`: they are what the
    scores of new items will be like. Memory is bounded: two histograms for each class.
    """

    def __init__(self, classes: int, score_range: tuple[float, float], neutral: float,
                 options: ThresholdOptions, *, calibrate: bool = True) -> None:
        self._low, self._high = score_range
        self._neutral, self._options, self._calibrate = neutral, options, calibrate
        self._counts: Array = np.zeros((2, classes, BINS))
        self.values: Array = np.full(classes, neutral)
        self.calibration: Array = np.tile(np.array(FIRST_CALIBRATION), (classes, 1))
        self._items, self._fresh = 0, 0

    @property
    def items(self) -> int:
        """How many items have been seen."""
        return self._items

    def observe(self, scores: Array, targets: Array) -> None:
        """Take in the scores (n, classes) that items had before learning, and their targets of zero and one."""
        bins = self._bins(scores)
        classes = np.broadcast_to(np.arange(scores.shape[1]), bins.shape)
        np.add.at(self._counts, (targets.astype(np.intp), classes, bins), 1.0)
        self._items += len(scores)
        self._fresh += len(scores)
        due = max(FIRST_RENEWAL_ITEMS, self._items // RENEWALS_PER_OCTAVE)
        if self._fresh >= min(due, self._options.every):
            self.renew()

    def renew(self) -> None:
        """Find thresholds and calibration anew, and let what was seen fade."""
        negatives, positives = self._counts
        cuts = f1_cuts(negatives, positives, self._options.shrinkage)
        edges = np.linspace(self._low, self._high, BINS + 1)
        told = positives.sum(axis=1) > 0
        self.values = np.where(told, edges[cuts], self._neutral)
        if self._calibrate:
            used = np.flatnonzero(self._counts.any(axis=(0, 1)))
            centres = 0.5 * (edges[:-1] + edges[1:])
            self.calibration = fit_calibration(centres[used], negatives[:, used], positives[:, used], self.calibration)
        if self._options.half_life > 0:
            self._counts *= 0.5 ** (self._fresh / self._options.half_life)
        self._fresh = 0

    def add_classes(self, count: int, score: float) -> None:
        """Append classes whose score has been `score` for all items so far, none of which had them."""
        counts = np.zeros((2, count, BINS))
        seen = self._counts[:, 0].sum() if self._counts.shape[1] else float(self._items)
        counts[0, :, self._bins(np.array(score))] = seen
        self._counts = np.concatenate([self._counts, counts], axis=1)
        self.values = np.concatenate([self.values, np.full(count, self._neutral)])
        slope = self.calibration[:, 0].mean() if len(self.calibration) else FIRST_CALIBRATION[0]
        chance = 1.0 / (seen + 2.0)
        offset = np.log(chance / (1.0 - chance)) if seen else FIRST_CALIBRATION[1]
        self.calibration = np.vstack([self.calibration, np.tile([slope, offset], (count, 1))])

    def state(self) -> dict[str, Any]:
        """Return histograms, thresholds, calibration and counters."""
        return {"counts": self._counts.copy(), "values": self.values.copy(), "calibration": self.calibration.copy(),
                "items": self._items, "fresh": self._fresh}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned."""
        self._counts, self.values = state["counts"].copy(), state["values"].copy()
        self.calibration = state["calibration"].copy()
        self._items, self._fresh = int(state["items"]), int(state["fresh"])

    def _bins(self, scores: Array) -> NDArray[np.intp]:
        places = (scores - self._low) * (BINS / (self._high - self._low))
        bins: NDArray[np.intp] = np.clip(places, 0, BINS - 1).astype(np.intp)
        return bins


def _from_the_top(counts: Array) -> Array:
    """Return for each bin the counts at and above it."""
    return np.cumsum(counts[:, ::-1], axis=1)[:, ::-1]
