r"""What an item is worth to each of the experts that were asked.

The mixture gives the truth y the probability :math:`p = \sum_e w_e p_e(y)`; its loss is :math:`-\log p`, and the share
of expert e in it, the responsibility, is :math:`r_e = w_e p_e(y) / p` (Jordan & Jacobs 1994,
doi:10.1162/neco.1994.6.2.181, equation 8).
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["LEAST_PROBABILITY", "Credit", "assess", "weigh"]

F32 = NDArray[np.float32]

LEAST_PROBABILITY = 1e-6
"""A truth that was given less counts as this much, so that no loss is infinite (tuned here: a loss of 13.8 nats)."""


class Credit(NamedTuple):
    """How a block of items was foretold."""

    truth: F32
    """Probability of the truth by each asked expert, (n, K)."""
    losses: F32
    """Loss of the mixture, (n,), in nats."""
    responsibilities: F32
    """(n, K), rows sum to 1 where an expert was asked."""
    correct: NDArray[np.bool_]
    """Whether the mixture's most probable class was the truth, (n,)."""


def assess(answers: F32, weights: F32, places: NDArray[np.intp]) -> Credit:
    """Return what the answers (n, K, classes) with the weights (n, K) are worth, where `places` (n,) are the truth.

    Where nobody gave the truth a chance, the responsibilities are the weights.

    Examples
    --------
    >>> answers = np.float32([[[0.9, 0.1], [0.3, 0.7]]])
    >>> credit = assess(answers, np.float32([[0.5, 0.5]]), np.array([0]))
    >>> credit.responsibilities.round(2).tolist(), credit.correct.tolist(), round(float(credit.losses[0]), 3)
    ([[0.75, 0.25]], [True], 0.511)
    """
    items = np.arange(len(places))
    truth = np.ascontiguousarray(answers[items, :, places])
    mixed = (weights[:, None, :] @ answers)[:, 0]
    given = mixed[items, places]
    shares = weights * np.maximum(truth, LEAST_PROBABILITY)
    total = shares.sum(axis=1, keepdims=True)
    responsibilities = np.divide(shares, total, out=np.zeros_like(shares), where=total > 0)
    losses = -np.log(np.maximum(given, np.float32(LEAST_PROBABILITY)))
    return Credit(truth, losses, responsibilities, mixed.argmax(axis=1) == places)


def weigh(credit: Credit, weights: F32, how: Literal["responsibility", "gate", "equal"]) -> F32:
    """Return what each item weighs in the lesson of each asked expert, (n, K)."""
    if how == "responsibility":
        return credit.responsibilities
    return weights if how == "gate" else (weights > 0).astype(np.float32)
