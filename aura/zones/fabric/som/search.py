"""Best-matching units, by blocked matrix products."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aura.zones.fabric.som.codebook import Codebook
from aura.zones.fabric.som.product import ORDERED, ROWS, Rows, add_product, padded
from aura.zones.fabric.tissue.workers import Workers

__all__ = ["Nearest", "all_distances", "nearest"]

Units = NDArray[np.int32]

TILE = 64
"""Rows that one matrix product takes: their scores stay in the second-level cache while the best unit is sought (tuned
here: 16 to 256 are alike)."""

REDUCED = {*ORDERED, "reassoc"}
"""The sum over one row may be split over the lanes of a vector, which depends on the processor and on nothing else."""

NS_PER_PRODUCT = 0.012
"""Nanoseconds for one multiply-add, roughly, to see whether threads are worth waking."""

LOWEST = np.int64(-(2**63))
LAST = np.int64(2**32 - 1)
POSITIVE = np.int64(0x7FFFFFFF)


class Nearest(NamedTuple):
    """What the search found for each row."""

    first: Units
    """The nearest unit, the lowest of equals."""

    second: Units
    """The next one; empty unless asked for."""

    distance: Rows
    """Euclidean distance from the nearest."""


@njit(cache=True, nogil=True, fastmath=ORDERED)
def _score(rows: Any, centre: Any, panel: Any, halves: Any, first: int, fresh: bool, near: Any, scores: Any) -> int:
    """Fill `near` with rows less the centre, if `fresh`, and `scores` with w x - |w|^2 / 2 for a panel's units."""
    count = min(len(near), len(rows) - first)
    features = rows.shape[1]
    if fresh:
        for i in range(len(near)):
            if i < count:
                for f in range(features):
                    near[i, f] = rows[first + i, f] - centre[f]
            else:
                near[i] = np.float32(0.0)
    for i in range(len(near)):
        for j in range(len(halves)):
            scores[i, j] = -halves[j]
    add_product(near, panel, scores)
    return count


@njit(cache=True, nogil=True)
def _highest(bits: Any, offset: Any, but: Any) -> Any:
    """Return the highest key of a row of scores, leaving out the key `but`.

    A key is the score's bits, made to order as whole numbers do, above the number of the unit counted down: the
    highest belongs to the highest score, and to the lowest unit of equals. A search for it runs in vectors.
    """
    best = LOWEST
    for j in range(len(bits)):
        wide = np.int64(bits[j])
        key = ((wide ^ ((wide >> 31) & POSITIVE)) << 32) | (LAST - (offset + j))
        best = max(best, key if key != but else LOWEST)
    return best


@njit(cache=True, nogil=True)
def _seek(rows: Any, centre: Any, panels: Any, halves: Any, two: bool, near: Any, scores: Any, found: Any) -> None:
    """Write the keys of the best unit of each row, and of the second if `two`, into `found` (row, 2)."""
    bits = scores.view(np.int32)
    width = panels.shape[2]
    found[:] = LOWEST
    for start in range(0, len(rows), len(near)):
        for p in range(len(panels)):
            count = _score(rows, centre, panels[p], halves[p], start, p == 0, near, scores)
            for i in range(count):
                best, next_best = found[start + i]
                here = _highest(bits[i], p * width, LOWEST)
                if two:
                    next_here = _highest(bits[i], p * width, here)
                    next_best = max(min(best, here), next_best, next_here)
                found[start + i, 0], found[start + i, 1] = max(best, here), next_best


@njit(cache=True, nogil=True, fastmath=REDUCED)
def _measure(rows: Any, units: Any, first: Any, distance: Any) -> None:
    """Write the distance of each row from its unit, from the differences themselves."""
    for i in range(len(rows)):
        unit = first[i]
        total = np.float32(0.0)
        for f in range(rows.shape[1]):
            difference = rows[i, f] - units[unit, f]
            total += difference * difference
        distance[i] = np.sqrt(total)


@njit(cache=True, nogil=True, fastmath=REDUCED)
def _spread(rows: Any, centre: Any, panels: Any, halves: Any, near: Any, scores: Any, distances: Any) -> None:
    """Write the distance of each row from every unit."""
    units = distances.shape[1]
    width = panels.shape[2]
    for start in range(0, len(rows), len(near)):
        for p in range(len(panels)):
            count = _score(rows, centre, panels[p], halves[p], start, p == 0, near, scores)
            for i in range(count):
                length = np.float32(0.0)
                for f in range(rows.shape[1]):
                    length += near[i, f] * near[i, f]
                for j in range(min(width, units - p * width)):
                    square = length - np.float32(2.0) * scores[i, j]
                    distances[start + i, p * width + j] = np.sqrt(max(square, np.float32(0.0)))


def _scratch(rows: int, codebook: Codebook) -> tuple[Rows, Rows]:
    """Return room for a tile's rows and for its scores; few rows take a low tile, with the same bits."""
    _, inner, width = codebook.panels.shape
    height = min(TILE, padded(rows, ROWS))
    return np.zeros((height, inner), np.float32), np.empty((height, width), np.float32)


def _share_out(rows: int, codebook: Codebook, workers: Workers, function: Callable[[slice], None]) -> None:
    """Call a function for blocks of rows, one for each thread."""
    bounds = workers.cut(-(-rows // ROWS), NS_PER_PRODUCT * rows * codebook.units.size)
    parts = [(slice(first * ROWS, min(last * ROWS, rows)),) for first, last in pairwise(bounds) if last > first]
    if parts:
        workers.run(function, parts)


def nearest(rows: Rows, codebook: Codebook, workers: Workers, *, two: bool = False) -> Nearest:
    r"""Return the best-matching unit of each row, how far it is, and if `two` the second best.

    Parameters
    ----------
    rows : array (item, feature)
        Finite, contiguous.
    codebook : Codebook
        The units.
    workers : Workers
        The threads among which blocks of rows are shared out.
    two : bool
        Whether the second best is sought too.

    Notes
    -----
    With c the codebook's centre,

    .. math:: \arg\min_u \lVert x - w_u \rVert
        = \arg\max_u \; (w_u - c)^\top (x - c) - \tfrac12 \lVert w_u - c \rVert^2

    so that all scores of a block are one matrix product, begun at minus half the squared lengths. The distance is
    then taken from the difference itself, as the expanded square loses digits where it is small.
    """
    found = np.empty((len(rows), 2), np.int64)
    first, distance = np.empty(len(rows), np.int32), np.empty(len(rows), np.float32)

    def seek(part: slice) -> None:
        near, scores = _scratch(part.stop - part.start, codebook)
        _seek(rows[part], codebook.centre, codebook.panels, codebook.halves, two, near, scores, found[part])
        first[part] = LAST - (found[part, 0] & LAST)
        _measure(rows[part], codebook.units, first[part], distance[part])

    _share_out(len(rows), codebook, workers, seek)
    second = (LAST - (found[:, 1] & LAST)).astype(np.int32) if two else np.empty(0, np.int32)
    return Nearest(first, second, distance)


def all_distances(rows: Rows, codebook: Codebook, workers: Workers) -> Rows:
    """Return the distance of each row from every unit, (item, unit), to about 1e-3 of the spread about the centre."""
    distances = np.empty((len(rows), len(codebook.units)), np.float32)

    def spread(part: slice) -> None:
        near, scores = _scratch(part.stop - part.start, codebook)
        _spread(rows[part], codebook.centre, codebook.panels, codebook.halves, near, scores, distances[part])

    _share_out(len(rows), codebook, workers, spread)
    return distances
