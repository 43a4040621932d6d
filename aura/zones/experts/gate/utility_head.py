"""How the gate learns: its softmax along the gradient of the mixture, its utility head by normalised least squares.

    W_e += step (r_e - g_e) h / |h|²,   step = rate min(T, 1/T)          for the chosen
    V_e += rate (u_e - V_e h) h / |h|²,  u_e = clip(log p(truth | e), -5, 0)

(r - g) h / T is the gradient of log sum_e g_e p(truth | e) with the choice held fixed, r_e being the share of e in
that sum (M. I. Jordan, R. A. Jacobs 1994, doi:10.1162/neco.1994.6.2.181, section 3).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from aura.zones.experts.gate.gate_kernels import FLUSH_BELOW
from aura.zones.experts.gate.products import product

__all__ = ["LARGEST_STEP", "LARGEST_WEIGHT", "LEAST_UTILITY", "descend"]

LEAST_UTILITY = -5.0
"""Log-likelihoods below this count as this: an expert that is sure and wrong is no worse than one in 150."""

LARGEST_STEP = 1.9
"""Both rates stop here, however large the modulators: normalised least squares is stable below 2."""

LARGEST_WEIGHT = 100.0
"""Bound on every weight, so that nothing overflows where no feedback holds the gate, as when it is permuted."""


@njit(cache=True, nogil=True)
def _move(weights: Any, step: Any, h: Any) -> None:
    """Add a multiple of h to a row of weights, within the bound; what is almost 0 becomes 0."""
    for j in range(h.shape[0]):
        value = min(max(np.float64(weights[j]) + step * h[j], -LARGEST_WEIGHT), LARGEST_WEIGHT)
        weights[j] = np.float32(value if abs(value) >= FLUSH_BELOW else 0.0)


@njit(cache=True, nogil=True)
def descend(h: Any, chosen: Any, weights: Any, responsibilities: Any, utilities: Any, step: Any, utility_step: Any,
            softmax: Any, utility: Any) -> None:
    """Learn from items in order; `softmax` and `utility` (E, H) change.

    Notes
    -----
    The first of h is 1, so its length is at least 1. An item moves a logit of its own by at most `step`, whatever h:
    in units of the temperature T this is at most the learning rate for T < 1, where the plain gradient (which grows
    with 1/T, and the curvature with 1/T²) would overshoot, and for T > 1 the plain gradient stands.
    """
    for i in range(h.shape[0]):
        length = np.float64(product(h[i], h[i]))
        for place in range(chosen.shape[1]):
            e = chosen[i, place]
            if 0 <= e < softmax.shape[0]:
                error = np.float64(responsibilities[i, place]) - np.float64(weights[i, place])
                if np.isfinite(error):  # no share is known of an item that all hold impossible
                    _move(softmax[e], step * error / length, h[i])
                raw = np.float64(utilities[i, place])
                target = min(raw, 0.0) if raw >= LEAST_UTILITY else LEAST_UTILITY
                _move(utility[e], utility_step * (target - np.float64(product(utility[e], h[i]))) / length, h[i])
