"""An n-gram model that learns as it reads: interpolated modified Kneser-Ney, by counts in hash tables."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aura.core.lasting import Free, Stateful
from aura.plugins.metrics.ngram_kernels import read, refill

__all__ = ["NGram"]

_FIRST = 1 << 14
"""Places of a new table; it doubles when it is half full, so that what is looked for is soon found."""


class NGram(Stateful):
    r"""Predicts the next token from the last ones, and counts it.

    .. math:: p_k(w \mid h_k) = \frac{\max(c(h_k w) - D_k(c), 0)
              + \left(\sum_{i=1}^3 D_k(i) N_i(h_k)\right) p_{k-1}(w \mid h_{k-1})}{\sum_v c(h_k v)},
              \qquad p_{-1} = 1 / V

    with the discounts of Chen and Goodman, from how many n-grams of the order have been counted once to four times.
    Behind the longest context at hand c counts tokens; behind a shorter one, in how many longer ones they were new.

    Parameters
    ----------
    order : int
        Tokens of an n-gram, the last of which is predicted.
    size : int
        How many different tokens there are, V.
    most : int
        N-grams and contexts, each, that are kept; beyond them none is added, and those there are count on.

    Notes
    -----
    Every token is predicted from all counts before it, those of other lanes in the same tick among them. A context
    never reaches over the beginning of a document. Keys are hashes of 64 bits; collisions are left as they are.

    References
    ----------
    S. F. Chen, J. Goodman 1999, doi:10.1006/csla.1999.0128, section 3.
    """

    lasting = (Free("_grams"), Free("_gram_counts"), Free("_contexts"), Free("_context_counts"), "_order_counts",
               "_used", Free("_history"))

    def __init__(self, order: int, size: int, most: int) -> None:
        self._size, self._most = float(size), np.array([most, most], dtype=np.int64)
        self._grams, self._gram_counts = np.zeros(_FIRST, np.uint64), np.zeros(_FIRST, np.int32)
        self._contexts, self._context_counts = np.zeros(_FIRST, np.uint64), np.zeros((_FIRST, 4), np.int32)
        self._order_counts, self._used = np.zeros((order, 4), np.int64), np.zeros(2, np.int64)
        self._history = np.full((0, order - 1), -1, dtype=np.int32)

    def read(self, tokens: NDArray[np.int32], begins: NDArray[np.bool_], mask: NDArray[np.bool_],
             learn: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the loss of each answer in nats, (n, length), 0 where it does not count.

        Parameters
        ----------
        tokens : (n, length + 1)
            Window i goes on from window i of the call before, unless it begins something.
        begins : (n, length + 1)
            Where nothing is carried over.
        mask : (n, length)
            Which answers count.
        learn : (n,)
            Which windows are counted, token by token.
        """
        if len(tokens) > len(self._history):
            more = np.full((len(tokens) - len(self._history), self._history.shape[1]), -1, dtype=np.int32)
            self._history = np.concatenate([self._history, more])
        self._make_room(mask.size * len(self._order_counts))
        losses = np.empty(mask.shape, dtype=np.float64)
        read(np.ascontiguousarray(tokens, dtype=np.int32), np.ascontiguousarray(begins), np.ascontiguousarray(mask),
             learn, self._size, self._most, self._history, self._grams, self._gram_counts, self._contexts,
             self._context_counts, self._order_counts, self._used, losses)
        return losses

    def _make_room(self, new: int) -> None:
        """Make the tables so large that they are half full at most when so many entries have been added."""
        for which, (keys, counts) in enumerate((("_grams", "_gram_counts"), ("_contexts", "_context_counts"))):
            present = getattr(self, keys)
            wanted, places = 2 * min(int(self._used[which]) + new, int(self._most[which])), len(present)
            while places < wanted:
                places *= 2
            if places > len(present):
                old = getattr(self, counts)
                fresh = np.zeros(places, np.uint64), np.zeros((places, *old.shape[1:]), np.int32)
                refill(present, old, *fresh)
                setattr(self, keys, fresh[0])
                setattr(self, counts, fresh[1])
