"""Losses of a mixture's heads and their slopes, with numpy: cross-entropy of classes, squared error of numbers."""

from __future__ import annotations

import numpy as np

from aura.zones.amygdala.learners.learner import TargetType
from aura.zones.common.arrays import Array
from aura.zones.common.links import sigmoid, softmax

__all__ = ["loss_of", "slope_of"]


def loss_of(target_type: TargetType, scores: Array, targets: Array) -> Array:
    """Return the loss of each item, (n,) or (n, experts), summed over the outputs.

    Parameters
    ----------
    target_type : {"labels", "choice", "numbers"}
        Binary cross-entropy, cross-entropy, or half the squared error.
    scores : array (n, outputs) or (n, experts, outputs)
        Log odds, or numbers in the units of the targets.
    targets : array (n, outputs) or (n, 1, outputs)
    """
    if target_type == "numbers":
        loss: Array = 0.5 * ((scores - targets) ** 2).sum(axis=-1)
    elif target_type == "labels":
        loss = (np.maximum(scores, 0.0) + np.log1p(np.exp(-np.abs(scores))) - targets * scores).sum(axis=-1)
    elif not scores.shape[-1]:
        loss = np.zeros(scores.shape[:-1])
    else:
        top = scores.max(axis=-1, keepdims=True)
        loss = np.log(np.exp(scores - top).sum(axis=-1)) + top[..., 0] - (targets * scores).sum(axis=-1)
    return loss


def slope_of(target_type: TargetType, scores: Array, targets: Array) -> Array:
    """Return the derivative of that loss by the scores, of their shape."""
    if target_type == "numbers":
        return scores - targets
    if target_type == "labels":
        return sigmoid(scores) - targets
    return softmax(scores.reshape(-1, scores.shape[-1])).reshape(scores.shape) - targets
