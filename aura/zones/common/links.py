"""What a learner's scores mean: how a score of a class becomes its probability."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from aura.zones.common.arrays import Array

__all__ = ["INDICATOR", "LOG_ODDS", "Link", "sigmoid", "softmax"]


def sigmoid(scores: Array) -> Array:
    """Return the logistic function, without overflow.

    Examples
    --------
    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0])).tolist()
    [0.0, 0.5, 1.0]
    """
    small = np.exp(-np.abs(scores))
    out: Array = np.where(scores >= 0, 1.0, small) / (1.0 + small)
    return out


def softmax(scores: Array) -> Array:
    """Return the softmax of each row, without overflow.

    Examples
    --------
    >>> softmax(np.array([[1000.0, 1000.0]])).tolist()
    [[0.5, 0.5]]
    """
    if scores.shape[1] == 0:
        return scores.copy()
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    out: Array = powers / powers.sum(axis=1, keepdims=True)
    return out


def _shares(logits: Array) -> Array:
    """Return the probability of each class against the rest, made to add up to one.

    References
    ----------
    B. Zadrozny, C. Elkan, Transforming classifier scores into accurate multiclass probability estimates, KDD 2002,
    doi:10.1145/775047.775151, section 4.
    """
    chances = sigmoid(logits)
    total = np.maximum(chances.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    normalised: Array = chances / total
    return normalised


@dataclass(frozen=True, slots=True)
class Link:
    """What scores of classes are.

    Parameters
    ----------
    score_range : tuple of float
        Where nearly all scores lie.
    neutral : float
        The score above which a class is more likely than not, as far as the learner itself knows.
    calibrated : bool
        Whether scores become log odds by a calibration that is learned beside; else they are log odds as they are.
    exclusive : callable
        From the log odds (n, classes) to probabilities, where an item has exactly one class.
    """

    score_range: tuple[float, float]
    neutral: float
    calibrated: bool
    exclusive: Callable[[Array], Array]

    def probability(self, logits: Array, *, exclusive: bool) -> Array:
        """Return the probabilities (n, classes) for log odds, of classes of which an item has exactly one or any."""
        return self.exclusive(logits) if exclusive else sigmoid(logits)


INDICATOR = Link((-0.5, 1.5), 0.5, True, _shares)
"""Scores regress the indicator of a class, 0 or 1."""

LOG_ODDS = Link((-16.0, 8.0), 0.0, False, softmax)
"""Scores are log odds, or what a softmax makes probabilities of where an item has exactly one class."""
