r"""How early and how surely a belief about a whole finds those that are to be found: pure functions of arrays.

A *decision* is positive from the first turn on at which the belief passes a threshold, and stays so. The early risk
detection error (ERDE) of one that is to be found and is, after :math:`k` turns, is :math:`1 - 1 / (1 + e^{k - o})`; of
one that is missed 1, of one that is taken for it the share of those to be found, of all others 0; the mean over all
counts. The latency of a find costs :math:`-1 + 2 / (1 + e^{-p (k - 1)})`, where :math:`p` is such that it is one half
at the median number of turns; the latency-weighted F1 is F1 times one less the median cost of the finds.

References
----------
Losada & Crestani 2016, A test collection for research on depression and language use, doi:10.1007/978-3-319-44564-9_3.
Sadeque, Xu & Bethard 2018, Measuring the latency of depression detection in social media, doi:10.1145/3159652.3159725.
Efron & Tibshirani 1993, An Introduction to the Bootstrap, chapter 13 (percentile intervals).
Field & Welsh 2007, Bootstrapping clustered data, doi:10.1111/j.1467-9868.2007.00593.x (users with all their rows).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["best_threshold", "erde", "interval", "latency_f1", "resampled", "threshold_figures"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

CELLS = 2_000_000
"""Weights of resampled rows that are held at a time: 16 MB."""
BELOW = 2.5
"""Per cent of the figures below an interval, and above it."""


def erde(first: Ints, positive: Bools, within: int) -> float:
    """Return the early risk detection error, between 0 and 1.

    Parameters
    ----------
    first : array of int (n,)
        The number of turns, from 1, after which each was decided to be one that is to be found; 0 if never.
    positive : array of bool (n,)
        Which are to be found; one or more.
    within : int
        The number of turns after which a find costs one half, ``o``.
    """
    found = first > 0
    late = 1.0 / (1.0 + np.exp(np.clip(within - first.astype(np.float64), -700.0, 700.0)))
    cost = np.where(positive, np.where(found, late, 1.0), np.where(found, positive.mean(), 0.0))
    return float(cost.mean())


def latency_f1(first: Ints, positive: Bools, lengths: Ints) -> float:
    """Return F1 of the decisions times how early the finds were, 0 where nothing is found.

    Parameters
    ----------
    first, positive : array (n,)
        As for `erde`.
    lengths : array of int (n,)
        Turns of each, whose median costs one half.
    """
    found = first > 0
    hits = int((found & positive).sum())
    if not hits:
        return 0.0
    rate = np.log(3.0) / max(float(np.median(lengths)) - 1.0, 1.0)
    costs = -1.0 + 2.0 / (1.0 + np.exp(-rate * (first[found & positive] - 1)))
    return float(2.0 * hits / (int(found.sum()) + int(positive.sum())) * (1.0 - np.median(costs)))


def threshold_figures(scores: Floats, positive: Bools, threshold: float) -> dict[str, float]:
    """Return accuracy, precision, recall and F1 of those whose score is above a threshold; 0 for a share of nothing."""
    found = scores > threshold
    hits, there, predicted = int((found & positive).sum()), int(positive.sum()), int(found.sum())
    return {"accuracy": float((found == positive).mean()), "precision": hits / predicted if predicted else 0.0,
            "recall": hits / there if there else 0.0,
            "f1": 2.0 * hits / (predicted + there) if predicted + there else 0.0}


def best_threshold(scores: Floats, positive: Bools) -> tuple[float, float]:
    """Return the threshold of the largest F1 on these scores, and that F1: the most that any threshold reaches here."""
    order = np.argsort(-scores, kind="stable")
    ranked, hits = scores[order], np.cumsum(positive[order])
    ends = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    f1 = 2.0 * hits[ends] / (ends + 1 + positive.sum())
    best = int(np.argmax(f1))
    lowest = ranked[ends[best]]
    if ends[best] + 1 == len(ranked):  # all are found
        return float(np.nextafter(lowest, -np.inf)), float(f1[best])
    return float((lowest + ranked[ends[best] + 1]) / 2.0), float(f1[best])


def resampled(scores: Floats, positive: Bools, users: Ints, threshold: float, resamples: int,
              seed: int = 0) -> dict[str, Floats]:
    """Return the figures of bootstrap resamples of the users, each (scores, resamples); of all scores on the same ones.

    A user comes with all rows, as rows of one are no independent witnesses. Areas of resamples without a row of either
    side are NaN.

    Parameters
    ----------
    scores : array of float (scores, n)
        Of each of the beliefs that are compared, a score for each row.
    positive : array of bool (n,)
    users : array of int (n,)
        Whose each row is, numbered from 0.
    threshold : float
        The score above which one is taken to be found.
    resamples, seed : int
        How many, and from which seed they are drawn.
    """
    rng, count = np.random.default_rng(seed), int(users.max()) + 1
    even = np.full(count, 1.0 / count)
    parts: list[list[dict[str, Floats]]] = []
    for first in range(0, resamples, step := max(1, CELLS // len(positive))):
        weights = rng.multinomial(count, even, min(step, resamples - first)).astype(np.float64)[:, users]
        parts.append([_ranked(one, positive, weights) | _decided(one > threshold, positive, weights)
                      for one in scores])
    return {name: np.stack([np.concatenate([part[number][name] for part in parts]) for number in range(len(scores))])
            for name in parts[0][0]}


def interval(values: Floats, together: int = 1) -> tuple[float, float]:
    """Return between which two of the figures of resamples 95 % of them lie, those that are NaN left out.

    Of so many intervals `together` each is as much wider that all of them hold with 95 % (Bonferroni).
    """
    below = BELOW / together
    low, high = np.nanpercentile(values, (below, 100.0 - below))
    return float(low), float(high)


def _ranked(scores: Floats, positive: Bools, weights: Floats) -> dict[str, Floats]:
    """Return area under the ROC curve and average precision for rows that count so often, (resamples, n)."""
    order = np.argsort(-scores, kind="stable")
    starts = np.append(0, np.flatnonzero(np.diff(scores[order])) + 1)
    sides, weights = positive[order], weights[:, order]
    there = np.add.reduceat(weights * sides, starts, axis=1)
    others = np.add.reduceat(weights * ~sides, starts, axis=1)
    found, wrong = np.cumsum(there, axis=1), np.cumsum(others, axis=1)
    with np.errstate(invalid="ignore"):
        area = 1.0 - (there * (wrong - others / 2.0)).sum(axis=1) / (found[:, -1] * wrong[:, -1])
        precision = (there * found / np.maximum(found + wrong, 1.0)).sum(axis=1) / found[:, -1]
    return {"auroc": area, "average_precision": precision}


def _decided(found: Bools, positive: Bools, weights: Floats) -> dict[str, Floats]:
    """Return accuracy and F1 of decisions for rows that count so often, (resamples, n)."""
    hits = weights @ (found & positive)
    both = weights @ (found.astype(np.float64) + positive)
    return {"accuracy": weights @ (found == positive) / weights.sum(axis=1), "f1": 2.0 * hits / np.maximum(both, 1.0)}
