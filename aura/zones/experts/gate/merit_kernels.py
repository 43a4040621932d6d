"""The loops of the merit board: credit, item by item, and what the policies make of it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

__all__ = ["LOWEST_LOG", "credit_items", "policy_bias", "policy_probability"]

LOWEST_LOG = -50.0
"""Log weights of Exp3 stop here, e^-50 of the best: what is lost for good could never come back."""

FLUSH_BELOW = 1e-30
"""Counts below this are 0: far above the denormals of float32, far below what counts."""


@njit(cache=True, nogil=True)
def policy_probability(logs: Any, active: Any, share: Any, out: Any) -> None:
    """Write Exp3's probabilities (E,): a softmax of the log weights of active experts, mixed with a uniform share."""
    count, highest, total = 0, -np.inf, 0.0
    for e in range(logs.shape[0]):
        if active[e]:
            count += 1
            highest = max(highest, logs[e])
    for e in range(logs.shape[0]):
        out[e] = np.exp(logs[e] - highest) if active[e] else 0.0
        total += out[e]
    for e in range(logs.shape[0]):
        if active[e]:
            out[e] = (1.0 - share) * out[e] / total + share / count


@njit(cache=True, nogil=True)
def credit_items(chosen: Any, weights: Any, rewards: Any, keep: Any, share: Any, active: Any, chance: Any, counts: Any,
                 merit: Any, logs: Any) -> None:
    """Credit items in order; `counts`, `merit` and `logs` (E,) change, `chance` (E,) is scratch."""
    for i in range(chosen.shape[0]):
        policy_probability(logs, active, share, chance)
        running, highest = 0, -np.inf
        for e in range(counts.shape[0]):
            running += active[e]
            counts[e] = keep * counts[e] if keep * counts[e] >= FLUSH_BELOW else 0.0
            logs[e] *= keep
        for place in range(chosen.shape[1]):
            e = chosen[i, place]
            if not 0 <= e < counts.shape[0]:
                continue
            raw = np.float64(rewards[i, place])
            reward = min(raw, 1.0) if raw > 0.0 else 0.0
            counts[e] += 1.0
            merit[e] += (reward - merit[e]) / counts[e]
            if active[e]:
                logs[e] -= share / running * weights[i, place] * (1.0 - reward) / chance[e]
        for e in range(counts.shape[0]):
            if active[e]:
                highest = max(highest, logs[e])
        for e in range(counts.shape[0]):
            log = min(max(logs[e] - highest, LOWEST_LOG), 0.0) if running else logs[e]
            logs[e] = log if log <= -FLUSH_BELOW else 0.0


@njit(cache=True, nogil=True)
def policy_bias(by_bounds: Any, weight: Any, exploration: Any, active: Any, counts: Any, merit: Any, logs: Any,
                out: Any) -> None:
    """Write the bias of each expert (E,), of mean 0 over the active ones and 0 for the others."""
    total, mean, running = 0.0, 0.0, 0
    for e in range(counts.shape[0]):
        if active[e]:
            total += counts[e]
    for e in range(counts.shape[0]):
        if active[e]:
            index = logs[e]
            if by_bounds:
                index = merit[e] + exploration * np.sqrt(2.0 * np.log(1.0 + total) / max(counts[e], 1.0))
            out[e] = index
            mean += index
            running += 1
    for e in range(counts.shape[0]):
        value = weight * (out[e] - mean / running) if active[e] else 0.0
        out[e] = np.float32(value) if abs(value) >= FLUSH_BELOW else np.float32(0.0)
