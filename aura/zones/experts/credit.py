r"""What an item is worth to each of the experts that were asked.

The mixture gives the truth y the probability :math:`p = \sum_e w_e p_e(y)`; its loss is :math:`-\log p`, and the share
of expert e in it, the responsibility, is :math:`r_e = w_e p_e(y) / p` (Jordan & Jacobs 1994,
doi:10.1162/neco.1994.6.2.181, equation 8).
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["LEAST_PROBABILITY", "Credit", "assess", "weigh"]

F32 = NDArray[np.float32]

LEAST_PROBABILITY = 1e-6
"""A truth that was given less counts as this much, so that no loss is infinite (tuned here: a loss of 13.8 nats)."""


class Credit(NamedTuple):
    """How a block of items was predicted."""

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
    items, asked = weights.shape
    credit = Credit(np.empty((items, asked), np.float32), np.empty(items, np.float32),
                    np.empty((items, asked), np.float32), np.empty(items, np.bool_))
    _assess(answers, weights, places, np.empty(answers.shape[2]), *credit)
    return credit


@njit(cache=True, nogil=True)
def _assess(answers: Any, weights: Any, places: Any, mixed: Any, truth: Any, losses: Any, responsibilities: Any,
            correct: Any) -> None:
    """Write the credit of each item; `mixed` (classes,) is scratch."""
    for i in range(len(places)):
        mixed[:] = 0.0
        total = 0.0
        for j in range(weights.shape[1]):
            for c in range(mixed.shape[0]):
                mixed[c] += np.float64(weights[i, j]) * answers[i, j, c]
            truth[i, j] = answers[i, j, places[i]]
            responsibilities[i, j] = weights[i, j] * max(truth[i, j], np.float32(LEAST_PROBABILITY))
            total += responsibilities[i, j]
        for j in range(weights.shape[1]):
            responsibilities[i, j] = responsibilities[i, j] / total if total > 0.0 else 0.0
        losses[i] = -np.log(max(mixed[places[i]], LEAST_PROBABILITY))
        correct[i] = mixed.argmax() == places[i]


def weigh(credit: Credit, weights: F32, how: Literal["responsibility", "gate", "equal"]) -> F32:
    """Return what each item weighs in the lesson of each asked expert, (n, K)."""
    if how == "responsibility":
        return credit.responsibilities
    return weights if how == "gate" else (weights > 0).astype(np.float32)
