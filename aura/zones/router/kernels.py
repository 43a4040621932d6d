"""The router's loops over items, routes and features, compiled; items are taken one after the other."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

__all__ = ["FLUSH_BELOW", "LARGEST_BIAS", "attention_gains", "follow", "gate_bias", "learn_nearest", "learn_routed",
           "squared_distance"]

FLUSH_BELOW = 1e-30
"""Running means below this are 0: far above the denormals of float32 (chosen here)."""
LARGEST_BIAS = 1e4
"""Bound on how far a route can be, so that no bias is infinite (chosen here: a softmax gives such a route 0)."""
WIDEST = 4.0
"""Attention takes a route to be at most so many times nearer or farther than all are on average (chosen here)."""
REDUCED = {"contract", "nsz", "reassoc"}
"""Sums may be taken in lanes; NaN and infinities are honoured."""


@njit(cache=True, nogil=True, fastmath=REDUCED)
def squared_distance(row: Any, centroid: Any) -> Any:
    """Return the squared distance in float64, where no float32 overflows."""
    total = 0.0
    for j in range(row.shape[0]):
        apart = np.float64(row[j]) - np.float64(centroid[j])
        total += apart * apart
    return total


@njit(cache=True, nogil=True)
def gate_bias(rows: Any, centroids: Any, attention: Any, variance: Any, scale: Any, offsets: Any, bias: Any) -> Any:
    """Write the bias (n, routes) and return the sum of its squares, each item's mean taken away first.

    A variance of 0 means that none is known yet: the offsets (routes,) alone are the bias then.
    """
    routes, total = centroids.shape[0], 0.0
    for i in range(rows.shape[0]):
        mean = 0.0
        for r in range(routes):
            value = offsets[r]
            if variance > 0.0:
                far = attention[r] * squared_distance(rows[i], centroids[r]) / (2.0 * variance)
                value -= scale * min(far, LARGEST_BIAS)
            bias[i, r] = value
            mean += value / routes
        for r in range(routes):
            total += (bias[i, r] - mean) ** 2
    return total


@njit(cache=True, nogil=True)
def follow(rows: Any, count: Any, most: Any, mean: Any) -> Any:
    """Move the running mean (features,) over the last items, `most` of them about, and return how many it counts."""
    for i in range(rows.shape[0]):
        count = min(count + 1, most)
        _move(rows[i], 1.0 / count, mean)
    return count


@njit(cache=True, nogil=True)
def _move(row: Any, share: Any, mean: Any) -> None:
    """Move a mean by a share of the way to a row."""
    for j in range(row.shape[0]):
        value = mean[j] + share * (np.float64(row[j]) - mean[j])
        mean[j] = 0.0 if abs(value) < FLUSH_BELOW else value


@njit(cache=True, nogil=True)
def _attribute(row: Any, route: Any, weight: Any, settings: Any, centroids: Any, seen: Any, nearness: Any) -> Any:
    """Teach one route one item and return their squared distance before it.

    `settings` are the rate, the memory, and the step of attention.
    """
    distance = squared_distance(row, centroids[route])
    if nearness[route] < 0.0:
        nearness[route] = distance
    else:
        nearness[route] += min(settings[2] * weight, 1.0) * (distance - nearness[route])
    if nearness[route] < FLUSH_BELOW:
        nearness[route] = 0.0
    seen[route] = min(seen[route] + weight, settings[1])
    _move(row, min(settings[0] * weight / seen[route], 1.0), centroids[route])
    return distance


@njit(cache=True, nogil=True)
def _note(distance: Any, memory: Any, moments: Any) -> None:
    """Take one squared distance into the running mean; `moments` are that mean and what it counts."""
    moments[1] = min(moments[1] + 1.0, memory)
    moments[0] += (distance - moments[0]) / moments[1]
    if moments[0] < FLUSH_BELOW:
        moments[0] = 0.0


@njit(cache=True, nogil=True)
def learn_routed(rows: Any, weights: Any, settings: Any, centroids: Any, seen: Any, nearness: Any,
                 moments: Any) -> None:
    """Move the centroids toward the rows (n, features) by the weights (n, experts); those of 0 or less teach nothing.

    Parameters
    ----------
    settings : array (3,)
        Rate, memory, step of attention.
    centroids : array (routes, features), float32
        Changed, as the three that follow.
    seen, nearness : arrays (routes,)
        Weight that each has seen, at most the memory; running squared distance of its items, -1 before the first.
    moments : array (2,)
        The running mean squared distance to the routed centroids, and how many items it counts.
    """
    for i in range(rows.shape[0]):
        total = far = 0.0
        for r in range(weights.shape[1]):
            weight = np.float64(weights[i, r])
            if weight > 0.0:
                far += weight * _attribute(rows[i], r, weight, settings, centroids, seen, nearness)
                total += weight
        if total > 0.0:
            _note(far / total, settings[1], moments)


@njit(cache=True, nogil=True)
def learn_nearest(rows: Any, start: Any, may_grow: Any, settings: Any, centroids: Any, seen: Any, nearness: Any,
                  moments: Any) -> Any:
    """Move, for each row from `start` on, the nearest centroid toward it; of equals, the one of lower index.

    Returns the first row that lies on no centroid while there may be more of them, and that nothing has learned from;
    or n, when all rows are learned from.
    """
    for i in range(start, rows.shape[0]):
        best, least = -1, np.inf
        for r in range(centroids.shape[0]):
            distance = squared_distance(rows[i], centroids[r])
            if distance < least:
                best, least = r, distance
        if may_grow and (best < 0 or least > 0.0):
            return i
        _note(_attribute(rows[i], best, 1.0, settings, centroids, seen, nearness), settings[1], moments)
    return rows.shape[0]


@njit(cache=True, nogil=True)
def attention_gains(nearness: Any, variance: Any, gains: Any) -> None:
    r"""Write the gain of each route: with s its running squared distance and σ² that of all, the routes in use have

    .. math:: g_r = p_r / \bar p, \quad p_r = \frac{1}{1 + s_r / \sigma^2}

    the ratio kept within `WIDEST`, hence a mean of 1 and values from 1/4 to 4; those not in use yet have 1.
    """
    used, total = 0, 0.0
    for r in range(gains.shape[0]):
        gains[r] = 1.0
        if nearness[r] >= 0.0 and variance > 0.0:
            ratio = min(max(nearness[r] / variance, 1.0 / WIDEST), WIDEST)
            gains[r] = 1.0 / (1.0 + ratio)
            total += gains[r]
            used += 1
    for r in range(gains.shape[0]):
        if nearness[r] >= 0.0 and variance > 0.0:
            gains[r] *= used / total
