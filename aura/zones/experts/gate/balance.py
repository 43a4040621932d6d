"""Load balancing without an auxiliary loss: biases that enter the choice of experts and not their weights.

    b_e += rate sign(mean load - load_e)

(L. Wang et al. 2024, arXiv:2408.15664, algorithm 1), item by item and less the mean, so that the biases of those that
compete sum to 0.
"""

from __future__ import annotations

from typing import Any

from numba import njit

from aura.zones.experts.gate.gate_kernels import FLUSH_BELOW

__all__ = ["LARGEST_BALANCE", "balance_loads"]

LARGEST_BALANCE = 50.0
"""Bound on a bias, in units of log probability: beyond it the gate has its way (chosen here)."""


@njit(cache=True, nogil=True)
def balance_loads(chosen: Any, active: Any, shared: Any, rate: Any, balance: Any) -> None:
    """Move the biases (E,) after items with the choices (n, K); experts that are shared or not active are left alone.

    The load of an item is 1 for those chosen and 0 for the others: those chosen fall, the others rise.
    """
    count = balance.shape[0]
    competing = 0
    for e in range(shared, count):
        competing += active[e]
    for i in range(chosen.shape[0]):
        taken = 0
        for place in range(chosen.shape[1]):
            e = chosen[i, place]
            taken += shared <= e < count and active[e]
        if taken in (0, competing):
            continue
        # The mean of the signs is taken off: -1 for those chosen, +1 for the others.
        mean = (competing - 2.0 * taken) / competing
        for e in range(shared, count):
            if active[e]:
                sign = 1.0
                for place in range(chosen.shape[1]):
                    if chosen[i, place] == e:
                        sign = -1.0
                value = min(max(balance[e] + rate * (sign - mean), -LARGEST_BALANCE), LARGEST_BALANCE)
                balance[e] = value if abs(value) >= FLUSH_BELOW else 0.0
