"""Platt's calibration: from the scores of a class to its probability, fitted on counts of scores."""

from __future__ import annotations

import numpy as np

from aura.zones.common.arrays import Array

__all__ = ["FIRST_CALIBRATION", "fit_calibration"]


FIRST_CALIBRATION = (4.0, -2.0)
"""Slope and offset before anything is known: the logistic curve that touches p = score at one half."""

PRIOR = 1e-3
"""Weight of the pull towards the first calibration, in items (tuned here: it only keeps a class that has been seen with
a single score from an endless slope)."""

LARGEST_STEPS = 50
TOLERANCE = 1e-6
"""Newton's method ends when no class gains more than this in log likelihood, in nats."""


def fit_calibration(scores: Array, negatives: Array, positives: Array, first: Array) -> Array:
    r"""Return slope and offset of each class, (classes, 2).

    Parameters
    ----------
    scores : array (bins,)
        The scores that were counted.
    negatives, positives : array (classes, bins)
        How often each was seen without and with the class.
    first : array (classes, 2)
        Where to begin; the fit of an earlier instant saves steps.

    Notes
    -----
    Maximises the likelihood of :math:`p = \sigma(a s + b)` with Platt's targets, (N₊ + 1) / (N₊ + 2) for a positive and
    1 / (N₋ + 2) for a negative, by Newton's method. The step of a class that would lose is halved until it gains, so
    every step gains and the fit, being convex, ends at its one maximum.

    References
    ----------
    J. Platt, Probabilistic outputs for support vector machines, in Advances in Large Margin Classifiers, 1999,
    section 2.2. H.-T. Lin, C.-J. Lin, R. C. Weng, A note on Platt's probabilistic outputs for support vector machines,
    Machine Learning 68, 2007, doi:10.1007/s10994-007-5018-6 (the safeguarded Newton method).
    """
    with_class, without = positives.sum(axis=1, keepdims=True), negatives.sum(axis=1, keepdims=True)
    wanted = positives * (with_class + 1) / (with_class + 2) + negatives / (without + 2)
    total = positives + negatives
    basis = np.stack([scores, np.ones_like(scores)])
    products = (basis[:, None, :] * basis[None, :, :]).reshape(4, -1).T
    origin = np.array(FIRST_CALIBRATION)
    current, value = first.copy(), _likelihood(first, wanted, total, basis, origin)
    for _ in range(LARGEST_STEPS):
        chance = 1.0 / (1.0 + np.exp(-np.clip(current @ basis, -700.0, 700.0)))
        gradient = (wanted - total * chance) @ basis.T - PRIOR * (current - origin)
        hessian = ((total * chance * (1.0 - chance)) @ products).reshape(-1, 2, 2) + PRIOR * np.eye(2)
        step = np.linalg.solve(hessian, gradient[:, :, None])[:, :, 0]
        moved, better = _halve_until_better(current, value, step, wanted, total, basis, origin)
        gain = float((better - value).max(initial=0.0))
        current, value = moved, better
        if gain < TOLERANCE:
            break
    return current


def _likelihood(parameters: Array, wanted: Array, total: Array, basis: Array, origin: Array) -> Array:
    logits = parameters @ basis
    pull = 0.5 * PRIOR * ((parameters - origin) ** 2).sum(axis=1)
    out: Array = (wanted * logits - total * np.logaddexp(0.0, logits)).sum(axis=1) - pull
    return out


def _halve_until_better(current: Array, value: Array, step: Array, wanted: Array, total: Array, basis: Array,
                        origin: Array) -> tuple[Array, Array]:
    for _ in range(30):
        better = _likelihood(current + step, wanted, total, basis, origin)
        worse = better < value
        if not worse.any():
            return current + step, better
        step = np.where(worse[:, None], 0.5 * step, step)
    step = np.where(worse[:, None], 0.0, step)
    return current + step, np.where(worse, value, better)
