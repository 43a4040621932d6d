"""Losses of heads and their derivatives in closed form: cross-entropy of classes, squared error of numbers."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from aura.zones.common.arrays import Array
from aura.zones.common.loss_options import LossOptions, TargetType

__all__ = ["class_weights", "loss_and_slope"]

Found = tuple[Tensor, Tensor]
"""The loss of each item, (n,), and its derivative by the scores, (n, outputs)."""


def loss_and_slope(target_type: TargetType, scores: Tensor, targets: Tensor, weights: Tensor | None,
                   options: LossOptions) -> Found:
    """Return the loss of each item and its derivative.

    Parameters
    ----------
    target_type : {"labels", "choice", "numbers"}
        Which: binary cross-entropy summed over classes, cross-entropy, or half the squared error summed over numbers.
    scores, targets : tensor (n, outputs)
    weights : tensor (outputs,), optional
        What a class weighs in items that have it.
    options : LossOptions
        Of which `focal` and `label_smoothing` count.
    """
    if target_type == "numbers":
        errors = scores - targets
        return 0.5 * errors.square().sum(1), errors
    if target_type == "labels":
        return _independent(scores, targets, weights, options.focal, options.label_smoothing)
    return _exclusive(scores, targets, weights, options.focal, options.label_smoothing)


def _independent(scores: Tensor, targets: Tensor, weights: Tensor | None, focal: float, smoothing: float) -> Found:
    r"""The focal loss :math:`-(1-p)^\gamma \log p` of positives, weighted, and that of 1 - p for negatives."""
    if smoothing:
        targets = targets * (1.0 - smoothing) + 0.5 * smoothing
    has = targets if weights is None else targets * weights
    has_not = 1.0 - targets
    log_p, log_q = F.logsigmoid(scores), F.logsigmoid(-scores)
    p, q = log_p.exp(), log_q.exp()
    if not focal:
        return -(has * log_p + has_not * log_q).sum(1), has_not * p - has * q
    hard_p, hard_q = q.pow(focal), p.pow(focal)
    loss = -(has * hard_p * log_p + has_not * hard_q * log_q).sum(1)
    return loss, (has * hard_p * (focal * p * log_p - q) - has_not * hard_q * (focal * q * log_q - p))


def _exclusive(scores: Tensor, targets: Tensor, weights: Tensor | None, focal: float, smoothing: float) -> Found:
    """The focal loss of the softmax; without focus it is the cross-entropy."""
    if not scores.shape[1]:
        return scores.sum(1), scores
    if smoothing:
        targets = targets * (1.0 - smoothing) + smoothing / scores.shape[1]
    if weights is not None:
        targets = targets * weights
    log_p = F.log_softmax(scores, 1)
    p = log_p.exp()
    if not focal:
        return -(targets * log_p).sum(1), p * targets.sum(1, keepdim=True) - targets
    q = (1.0 - p).clamp_min(torch.finfo(p.dtype).tiny)
    slopes = targets * (focal * q.pow(focal - 1.0) * p * log_p - q.pow(focal))
    return -(targets * q.pow(focal) * log_p).sum(1), slopes - p * slopes.sum(1, keepdim=True)


def class_weights(options: LossOptions, counts: Array, items: float, *, exclusive: bool) -> Array | None:
    r"""Return what each class weighs in items that have it, (classes,); None where all weigh 1.

    Parameters
    ----------
    counts : array (classes,)
        How often each has come.
    items : float
        Among so many.
    exclusive : bool
        Whether an item has exactly one class; else a class is weighed against the items without it.

    Notes
    -----
    ``balanced`` is N / (C n) where classes exclude each other and (N - n) / n where they do not, ``sqrt`` its root.
    ``effective`` is :math:`(1 - \beta) / (1 - \beta^n)`, scaled so that the classes that have come weigh 1 on average.

    References
    ----------
    Y. Cui et al., Class-balanced loss based on effective number of samples, CVPR 2019, arXiv:1901.05555, section 3.
    T.-Y. Lin et al., Focal loss for dense object detection, ICCV 2017, arXiv:1708.02002, section 3 (`focal`).
    """
    if options.class_weights == "none" or not len(counts):
        return None
    known = np.maximum(counts, 1.0)
    if options.class_weights == "effective":
        rare: Array = (1.0 - options.effective_beta) / (1.0 - options.effective_beta ** known)
        return rare / rare[counts > 0].mean() if (counts > 0).any() else np.ones_like(rare)
    weight: Array = (max(items, 1.0) / (max(1, (counts > 0).sum()) * known) if exclusive
                     else np.maximum(items - known, 1.0) / known)
    return np.sqrt(weight) if options.class_weights == "sqrt" else weight
