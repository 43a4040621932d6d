"""Inverse link functions: from scores to probabilities."""

from __future__ import annotations

import numpy as np

from aura.zones.common.arrays import Array

__all__ = ["sigmoid", "softmax"]


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
