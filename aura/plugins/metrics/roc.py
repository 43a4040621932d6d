r"""Receiver operating characteristic, average precision, and scores kept in bounded memory.

The area under the curve is the chance that a positive has a larger score than a negative, ties counting half (Mann and
Whitney's U). The average precision is the sum over thresholds of precision times the recall that is gained,
:math:`\sum_k (R_k - R_{k-1}) P_k`, without interpolation, as scikit-learn has it.

References
----------
Fawcett 2006, An introduction to ROC analysis, doi:10.1016/j.patrec.2005.10.010.
Hanley & McNeil 1982, The meaning and use of the area under a ROC curve, doi:10.1148/radiology.143.1.7063747.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aura.core.lasting import Free, Stateful

__all__ = ["KeptScores", "curve_of", "detection_figures"]

Scores = NDArray[np.float64]

FOUND = 0.95
"""The share that is to be found where false positives are counted."""
_MIX = 0x9E3779B97F4A7C15
"""The golden ratio as a fraction of 2 to the 64: multiples of it are spread evenly (Knuth 1998, section 6.4)."""
FIRST_ROOM = 64
"""Scores there is room for at first; it doubles as they come."""


class KeptScores(Stateful):
    """All scores of a side, or of more than `most` an even sample, drawn by their number.

    Parameters
    ----------
    most : int
        How many are kept.

    Examples
    --------
    >>> kept = KeptScores(100)
    >>> for number in range(1000):
    ...     kept.add(float(number))
    >>> kept.seen, len(kept.scores), round(kept.share, 2)
    (1000, 62, 0.06)
    """

    lasting = (Free("_scores", 0), Free("_numbers", 0), "_count", "seen", "_halvings")

    def __init__(self, most: int) -> None:
        self._most = most
        self._scores, self._numbers = np.zeros(0), np.zeros(0, np.int64)
        self._count = self.seen = self._halvings = 0

    @property
    def scores(self) -> Scores:
        """Those that are kept."""
        return self._scores[:self._count]

    @property
    def share(self) -> float:
        """The share of all that is kept."""
        return self._count / self.seen if self.seen else 1.0

    def add(self, score: float) -> None:
        """Take in a score."""
        self.seen += 1
        if not _drawn(self.seen, self._halvings):
            return
        if self._count == self._most:
            self._halve()
            if not _drawn(self.seen, self._halvings):
                return
        if self._count == len(self._scores):
            room = min(self._most, max(FIRST_ROOM, 2 * self._count)) - self._count
            self._scores, self._numbers = np.pad(self._scores, (0, room)), np.pad(self._numbers, (0, room))
        self._scores[self._count], self._numbers[self._count] = score, self.seen
        self._count += 1

    def _halve(self) -> None:
        self._halvings += 1
        numbers = self._numbers[:self._count].astype(np.uint64) * np.uint64(_MIX)
        kept = np.flatnonzero(numbers >> np.uint64(64 - self._halvings) == 0)
        for column in (self._scores, self._numbers):
            column[:len(kept)] = column[kept]
        self._count = len(kept)


def _drawn(number: int, halvings: int) -> bool:
    """Return whether the item of this number is in a sample that was halved so often."""
    return ((number * _MIX) % 2**64) >> (64 - halvings) == 0


def curve_of(positives: Scores, negatives: Scores) -> tuple[Scores, Scores, Scores]:
    """Return false and true positive rate from (0, 0) to (1, 1), and the thresholds from the largest score down.

    Equal scores are one step; of the first point the threshold is infinite.
    """
    scores = np.concatenate([positives, negatives])
    order = np.argsort(-scores, kind="stable")
    sorted_scores = scores[order]
    true = np.cumsum(order < len(positives))
    ends = np.append(np.flatnonzero(np.diff(sorted_scores)), len(scores) - 1)
    found, others = true[ends], ends + 1 - true[ends]
    return (np.append(0.0, others / len(negatives)), np.append(0.0, found / len(positives)),
            np.append(np.inf, sorted_scores[ends]))


def detection_figures(positives: Scores, negatives: Scores, positive_share: float = 1.0,
                      negative_share: float = 1.0) -> dict[str, float]:
    """Return the figures that tell how well scores tell two sides apart; none where one of them is empty.

    Parameters
    ----------
    positives, negatives : array
        The scores of both sides, larger ones for positives.
    positive_share, negative_share : float
        Which share of its side each sample is, for the precision.
    """
    if not (len(positives) and len(negatives)):
        return {}
    false, true, _ = curve_of(positives, negatives)
    area = float(((true[1:] + true[:-1]) * np.diff(false)).sum() / 2.0)
    found, others = true * len(positives) / positive_share, false * len(negatives) / negative_share
    precision = found[1:] / (found[1:] + others[1:])
    return {"auroc": area, "fpr_at_95": float(false[np.flatnonzero(true >= FOUND)[0]]),
            "average_precision": float((np.diff(true) * precision).sum())}
