r"""Spiking attention over the words of a text, and what they do to the routing.

Each word is hashed to one of B buckets, so that no vocabulary is kept. The words of an item drive integrate-and-fire
units that compete (`aura.zones.common.spiking_attention`): word j with drive

.. math:: u_j = d_j \; \frac{\log (N + 1) - \log (n_j + 1)}{\log (N + 1)}

where :math:`n_j` is how often the bucket has come among N words, so that what comes often drives little (an
unsupervised rule), and :math:`d_j` is learned. With the gains :math:`\gamma_j` of the m words, of mean 1, the weight
of a word is :math:`\alpha_j = \gamma_j / m`, and :math:`\sum_j \alpha_j U_j`, times ``attention_gain``, is added to
the logits of the routing. The learning is of three factors: a word's weight, the expert's part, and the expert's
credit; r is the derivative of the loss by the logits, in which the latter two stand:

.. math:: \Delta U_j = -\eta \alpha_j r, \quad \Delta d_j = -\eta \alpha_j \langle r, U_j \rangle

References
----------
W. Gerstner et al., Eligibility traces and plasticity on behavioral time scales, Frontiers in Neural Circuits 12, 2018,
doi:10.3389/fncir.2018.00053 (rules of three factors). K. Spärck Jones, A statistical interpretation of term specificity
and its application in retrieval, Journal of Documentation 28, 1972, doi:10.1108/eb026526 (rare words tell more).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zlib import crc32

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aura.core.lasting import Stateful
from aura.zones.amygdala.features.extras import words
from aura.zones.amygdala.learners.mixture_options import MixtureOptions
from aura.zones.common.arrays import Array
from aura.zones.common.spiking_attention import attend_row

__all__ = ["LONGEST_WORD", "WordAttention", "bucket_of", "weigh"]

LONGEST_WORD = 32
"""Letters of a word that are looked at."""

MOST_DRIVE, MOST_PULL = 2.0, 4.0
"""Bounds of what is learned, so that no word takes all (chosen here)."""

POTENTIAL_DECAY, THRESHOLD, TRACE_DECAY = 0.9, 1.0, 0.8
"""Of the units, a step; with these a word of drive 0.1 or less never spikes (chosen here)."""

Buckets = NDArray[np.int64]


def bucket_of(word: str, buckets: int) -> int:
    """Return the bucket of a word, the same on every machine.

    Examples
    --------
    >>> bucket_of("glad", 4096)
    3397
    """
    return crc32(word.encode()) % buckets


@njit(cache=True, nogil=True)
def weigh(places: Any, drives: Any, counts: Any, settings: Any, winners: Any, steps: Any, scratch: Any, gains: Any,
          weights: Any) -> None:
    """Find the weights (n, m) of words.

    Parameters
    ----------
    places : array (n, m), int64
        Bucket of each word, -1 behind the last.
    drives : array (buckets,)
    counts : array (buckets + 1,)
        How often each has come; the last is that of all.
    settings : array (5,)
        As `attend_row` takes them.
    winners, steps : int
    scratch : array (4, m), float64
        Drive, potential, trace and what selection needs.
    gains : array (m,), float32
    weights : array (n, m), float64
        Written.
    """
    whole = np.log(counts[-1] + 1.0)
    for i in range(places.shape[0]):
        m = 0
        while m < places.shape[1] and places[i, m] >= 0:
            place = places[i, m]
            rare = (whole - np.log(counts[place] + 1.0)) / whole if whole > 0.0 else 1.0
            scratch[0, m] = drives[place] * rare
            m += 1
        scratch[1:3, :m] = 0.0
        weights[i] = 0.0
        if m == 0:
            continue
        for _ in range(steps):
            attend_row(scratch[0, :m], settings, winners, scratch[1, :m], scratch[2, :m], scratch[3, :m], gains[:m])
        for j in range(m):
            weights[i, j] = gains[j] / m


@njit(cache=True, nogil=True)
def _learn(places: Any, weights: Any, slope: Any, rate: Any, drives: Any, pulls: Any, counts: Any) -> None:
    for i in range(places.shape[0]):
        for j in range(places.shape[1]):
            place = places[i, j]
            if place < 0:
                break
            step, with_pull = rate * weights[i, j], 0.0
            for e in range(slope.shape[1]):
                with_pull += slope[i, e] * pulls[place, e]
                pulls[place, e] = min(MOST_PULL, max(-MOST_PULL, pulls[place, e] - step * slope[i, e]))
            drives[place] = min(MOST_DRIVE, max(0.0, drives[place] - step * with_pull))
            counts[place] += 1.0
            counts[-1] += 1.0


class WordAttention(Stateful):
    """Says which words of a text count, and what they add to the routing; nothing is carried from text to text but
    what is learned.
    """

    lasting = ("drives", "pulls", "counts")

    def __init__(self, options: MixtureOptions) -> None:
        self._options = options
        self._settings: Array = np.array([POTENTIAL_DECAY, THRESHOLD, TRACE_DECAY, options.strength, 0.0])
        self.drives: Array = np.ones(options.buckets)
        self.pulls: Array = np.zeros((options.buckets, len(options.experts)))
        """What a bucket adds to the logit of each expert."""
        self.counts: Array = np.zeros(options.buckets + 1)

    def read(self, texts: Sequence[str]) -> tuple[list[tuple[str, ...]], Buckets]:
        """Return the words of texts, and their buckets (n, words), -1 behind the last."""
        most, buckets = self._options.words, self._options.buckets
        found = [tuple(word[:LONGEST_WORD] for word in words(text)[:most]) for text in texts]
        places = np.full((len(texts), most), -1, np.int64)
        for row, line in zip(places, found, strict=True):
            row[:len(line)] = [bucket_of(word, buckets) for word in line]
        return found, places

    def weights(self, places: Buckets) -> Array:
        """Return how much each word weighs, (n, words); those of an item add up to 1."""
        most, out = self._options.words, np.empty(places.shape)
        weigh(places, self.drives, self.counts, self._settings, self._options.winners, self._options.spike_steps,
              np.empty((4, most)), np.empty(most, np.float32), out)
        return out

    def bend(self, places: Buckets, weights: Array) -> Array:
        """Return what the words add to the logits of the routing, (n, experts)."""
        added: Array = np.einsum("nm,nme->ne", weights, self.pulls[places])  # a word that is none weighs nothing
        return self._options.attention_gain * added

    def learn(self, places: Buckets, weights: Array, slope: Array, rate: float) -> None:
        """Learn from the derivative by the logits, (n, experts), and count the words."""
        _learn(places, weights, slope, rate * self._options.word_rate, self.drives, self.pulls, self.counts)
