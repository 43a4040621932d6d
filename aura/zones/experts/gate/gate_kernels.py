"""The gate's choice, item by item: a softmax over the active experts, flat or by groups, and the best of them.

    flat:      p_e = softmax(l / T)_e
    by groups: p_e = P_g softmax(l / T within g)_e,   P_g = softmax over groups of log mean_{e in g} exp(l_e / T_g)

(R. A. Jacobs et al. 1991, doi:10.1162/neco.1991.3.1.79, eq. 1; M. I. Jordan, R. A. Jacobs 1994,
doi:10.1162/neco.1994.6.2.181, section 2).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from aura.zones.experts.gate.products import write_products

__all__ = ["FLUSH_BELOW", "choose", "group_log_softmax", "log_softmax", "move_on", "route_rows"]

FLUSH_BELOW = 1e-30
"""Weights below this are 0: far above the denormals of float32, far below what counts."""


@njit(cache=True, nogil=True)
def log_softmax(logits: Any, temperature: Any, members: Any, group: Any, out: Any) -> None:
    """Write the log of the softmax over those whose entry of `members` is `group`; leave the others alone."""
    highest, total = -np.inf, 0.0
    for e in range(logits.shape[0]):
        if members[e] == group:
            highest = max(highest, logits[e])
    for e in range(logits.shape[0]):
        if members[e] == group:
            out[e] = (logits[e] - highest) / temperature
            total += np.exp(out[e])
    for e in range(logits.shape[0]):
        if members[e] == group:
            out[e] -= np.log(total)


@njit(cache=True, nogil=True)
def group_log_softmax(logits: Any, temperature: Any, group_temperature: Any, members: Any, out: Any) -> None:
    """Write the log of the two-level softmax; `members` is the group of each expert, -1 for one that is not active."""
    count = logits.shape[0]
    highest, total = -np.inf, 0.0
    for e in range(count):
        if members[e] >= 0:
            highest = max(highest, logits[e])
    for first in range(count):
        group = members[first]
        fresh = group >= 0
        for e in range(first):
            fresh = fresh and members[e] != group
        if not fresh:
            continue
        log_softmax(logits, temperature, members, group, out)
        # Log mean exp about the group's own highest: a group far below the best one keeps a finite log.
        own, size, mass = -np.inf, 0, 0.0
        for e in range(count):
            if members[e] == group:
                own = max(own, logits[e])
        for e in range(count):
            if members[e] == group:
                size += 1
                mass += np.exp((logits[e] - own) / group_temperature)
        share = (own - highest) / group_temperature + np.log(mass / size)
        total += np.exp(share)
        for e in range(count):
            if members[e] == group:
                out[e] += share
    for e in range(count):
        if members[e] >= 0:
            out[e] -= np.log(total)


@njit(cache=True, nogil=True)
def choose(scores: Any, members: Any, shared: Any, k: Any, chosen: Any) -> Any:
    """Write the shared active experts and the k best of the others, from the highest score on; return how many.

    Of equals the lower index is chosen. What is left of `chosen` becomes -1.
    """
    count = scores.shape[0]
    chosen[:] = -1
    place = 0
    for e in range(min(shared, count)):
        if members[e] >= 0:
            chosen[place] = e
            place += 1
    first = place
    for _ in range(min(k, count)):
        best = -1
        for e in range(shared, count):
            if members[e] >= 0 and (best < 0 or scores[e] > scores[best]):
                fresh = True
                for before in range(first, place):
                    fresh = fresh and chosen[before] != e
                best = e if fresh else best
        if best < 0:
            break
        chosen[place] = best
        place += 1
    return place


@njit(cache=True, nogil=True)
def move_on(members: Any, chosen: Any, full: Any) -> None:
    """Give what was chosen for an item, and its probabilities, to the next active expert each, the last to the first.

    The weights stay where they are beside `chosen`.
    """
    count = members.shape[0]
    first, last = -1, -1
    held = np.float32(0.0)
    for e in range(count):
        if members[e] >= 0:
            first = e if first < 0 else first
            mine = full[e]
            full[e] = held
            held, last = mine, e
    if last < 0:
        return
    full[first] = held
    for place in range(chosen.shape[0]):
        if chosen[place] >= 0:
            e = chosen[place] + 1
            while e < count and members[e] < 0:
                e += 1
            chosen[place] = e if e < count else first


@njit(cache=True, nogil=True)
def route_rows(h: Any, softmax: Any, utility: Any, utility_weight: Any, bias: Any, offsets: Any, balance: Any,
               active: Any, groups: Any, temperature: Any, group_temperature: Any, by_groups: Any, shared: Any, k: Any,
               permute: Any, table: Any, scratch: Any, chosen: Any, weights: Any, entropy: Any, full: Any) -> None:
    """Route items with gate features h (n, H); writes `chosen`, `weights` (n, K), `entropy` (n,) and `full` (n, E).

    `softmax` and `utility` are (E, H), `bias` (n, any number of columns), the others (E,); `table` (E, H) and
    `scratch` (4, E) are scratch.
    """
    count = softmax.shape[0]
    logits, logs, scores, members = scratch[0], scratch[1], scratch[2], scratch[3]
    running = 0
    for e in range(count):
        members[e] = -1.0
        if active[e]:
            members[e] = groups[e] if by_groups else 0.0
            running += 1
    for e in range(count):
        for j in range(table.shape[1]):
            table[e, j] = np.float32(softmax[e, j] + utility_weight * utility[e, j])
    # The heads' part of the logits stands in `full` until the probabilities take its place.
    write_products(h, table, full)
    for i in range(h.shape[0]):
        for e in range(count):
            logits[e] = full[i, e] + offsets[e]
            if e < bias.shape[1]:
                logits[e] += bias[i, e]
        if by_groups:
            group_log_softmax(logits, temperature, group_temperature, members, logs)
        else:
            log_softmax(logits, temperature, members, 0.0, logs)
        total = 0.0
        for e in range(count):
            full[i, e] = np.float32(0.0)
            if active[e]:
                scores[e] = logs[e] + balance[e]
                chance = np.exp(logs[e])
                if chance > FLUSH_BELOW:
                    full[i, e] = np.float32(chance)
                    total -= chance * logs[e]
        entropy[i] = np.float32(min(max(total / np.log(running), 0.0), 1.0)) if running > 1 else np.float32(0.0)
        some = choose(scores, members, shared, k, chosen[i])
        highest, mass = -np.inf, 0.0
        for place in range(some):
            highest = max(highest, logs[chosen[i, place]])
        for place in range(some):
            mass += np.exp(logs[chosen[i, place]] - highest)
        weights[i] = np.float32(0.0)
        for place in range(some):
            share = np.exp(logs[chosen[i, place]] - highest) / mass
            weights[i, place] = np.float32(share if share > FLUSH_BELOW else 0.0)
        if permute:
            move_on(members, chosen[i], full[i])
