"""The loop of the n-gram model over windows and tokens, compiled: hash tables of counts, and the losses."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

__all__ = ["read", "refill"]

_MULTIPLIER = np.uint64(0xBF58476D1CE4E5B9)
_OFFSET = np.uint64(0x9E3779B97F4A7C15)
"""Constants of the generator splitmix64 (Steele et al. 2014, doi:10.1145/2660193.2660195)."""
_SHIFT = np.uint64(31)
_ONE = np.uint64(1)


@njit(cache=True, nogil=True)
def _mixed(seed: Any, value: Any) -> Any:
    """Return a hash of a hash and a token; never 0, which marks an empty place."""
    mixed = (seed ^ (np.uint64(value + 1) * _OFFSET)) * _MULTIPLIER
    mixed = (mixed ^ (mixed >> _SHIFT)) * _MULTIPLIER
    return (mixed ^ (mixed >> _SHIFT)) | _ONE


@njit(cache=True, nogil=True)
def _found(keys: Any, key: Any) -> Any:
    """Return the place of a key, or, as -1 - place, where it is to be put."""
    mask = np.uint64(keys.shape[0] - 1)
    place = (key >> _ONE) & mask
    while keys[place] != 0:
        if keys[place] == key:
            return np.int64(place)
        place = (place + _ONE) & mask
    return np.int64(-1) - np.int64(place)


@njit(cache=True, nogil=True)
def refill(old_keys: Any, old_counts: Any, keys: Any, counts: Any) -> None:
    """Put all entries of a table into a larger, empty one."""
    for old in range(old_keys.shape[0]):
        if old_keys[old] != 0:
            place = -1 - _found(keys, old_keys[old])
            keys[place] = old_keys[old]
            counts[place] = old_counts[old]


@njit(cache=True, nogil=True)
def _discount(count: Any, order_counts: Any) -> Any:
    """Return what is taken from a count, from how many n-grams of this order were counted once to four times."""
    n1, n2, n3, n4 = order_counts[0], order_counts[1], order_counts[2], order_counts[3]
    if n1 == 0 or n2 == 0:
        return 0.5
    share = n1 / (n1 + 2.0 * n2)
    if count == 1:
        return min(max(1.0 - 2.0 * share * n2 / n1, 0.1), 1.0)
    if count == 2:
        return min(max(2.0 - 3.0 * share * n3 / n2, 0.1), 2.0)
    return min(max(3.0 - 4.0 * share * n4 / max(n3, 1), 0.1), 3.0)


@njit(cache=True, nogil=True)
def _probability(token: Any, hashes: Any, last: Any, size: Any, grams: Any, gram_counts: Any, contexts: Any,
                 context_counts: Any, order_counts: Any) -> Any:
    """Return the probability of a token behind a context, of which `hashes` are the hashes by length up to `last`."""
    chance = 1.0 / size
    for k in range(last + 1):
        place = _found(contexts, hashes[k])
        if place < 0:
            break  # what was not seen is no part of a longer one that was
        total, once, twice, more = context_counts[place]
        if total == 0:
            continue
        gram = _found(grams, _mixed(hashes[k], token))
        count = gram_counts[gram] if gram >= 0 else 0
        taken = (_discount(1, order_counts[k]) * once + _discount(2, order_counts[k]) * twice
                 + _discount(3, order_counts[k]) * more)
        left = count - _discount(min(count, 3), order_counts[k]) if count > 0 else 0.0
        chance = (max(left, 0.0) + taken * chance) / total
    return chance


@njit(cache=True, nogil=True)
def _count(token: Any, hashes: Any, last: Any, grams: Any, gram_counts: Any, contexts: Any, context_counts: Any,
           order_counts: Any, used: Any, most: Any) -> None:
    """Count a token behind the longest context; behind a shorter one only if it is new behind the longer one."""
    for k in range(last, -1, -1):
        place = _found(contexts, hashes[k])
        if place < 0:
            if used[1] >= most[1]:
                continue
            place = -1 - place
            contexts[place] = hashes[k]
            used[1] += 1
        key = _mixed(hashes[k], token)
        gram = _found(grams, key)
        if gram < 0:
            if used[0] >= most[0]:
                continue
            gram = -1 - gram
            grams[gram] = key
            used[0] += 1
        count = gram_counts[gram]
        gram_counts[gram] = count + 1
        context_counts[place, 0] += 1
        if count < 3:
            context_counts[place, count + 1] += 1
            if count > 0:
                context_counts[place, count] -= 1
        if count < 4:
            order_counts[k, count] += 1
        if 0 < count < 5:
            order_counts[k, count - 1] -= 1
        if count > 0:
            return


@njit(cache=True, nogil=True)
def read(tokens: Any, begins: Any, mask: Any, learn: Any, size: Any, most: Any, history: Any, grams: Any,
         gram_counts: Any, contexts: Any, context_counts: Any, order_counts: Any, used: Any, losses: Any) -> None:
    """Write the loss of each answer that counts, in nats, and count it where its window is learned from.

    Parameters
    ----------
    tokens, begins : int32, bool (n, length + 1)
    mask : bool (n, length)
    learn : bool (n,)
    size : float
        How many tokens there are.
    most : int64 (2,)
        Entries of the two tables beyond which none is added.
    history : int32 (n, order - 1)
        The tokens before each window, the latest first, -1 where there is none; changed.
    grams, contexts : uint64
        Keys of the tables; changed, as are `gram_counts` int32, `context_counts` int32 (entry, 4: in all, and tokens
        that came once, twice, more often), `order_counts` int64 (order, 4: n-grams counted once to four times) and
        `used` int64 (2,).
    losses : float64 (n, length)
        Of answers that do not count it is 0; changed.
    """
    longest = history.shape[1]
    hashes = np.empty(longest + 1, np.uint64)
    for row in range(tokens.shape[0]):
        before = history[row]
        for j in range(tokens.shape[1]):
            token = tokens[row, j]
            if j > 0:
                losses[row, j - 1] = 0.0
                if mask[row, j - 1]:
                    hashes[0] = _OFFSET
                    last = 0
                    while last < longest and before[last] >= 0:
                        hashes[last + 1] = _mixed(hashes[last], before[last])
                        last += 1
                    chance = _probability(token, hashes, last, size, grams, gram_counts, contexts, context_counts,
                                          order_counts)
                    losses[row, j - 1] = -np.log(chance)
                    if learn[row]:
                        _count(token, hashes, last, grams, gram_counts, contexts, context_counts, order_counts, used,
                               most)
            elif not begins[row, 0]:
                continue  # the last answer of the window before: it is in the history
            if begins[row, j]:
                before[:] = -1
            for k in range(longest - 1, 0, -1):
                before[k] = before[k - 1]
            if longest > 0:
                before[0] = token
