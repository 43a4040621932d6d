"""Compiled loops of the random features; the bits of a row depend neither on the block it stands in nor on threads."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

__all__ = ["filter_rows", "project_rows", "pull_filters", "pull_projection", "score_rows"]

ORDERED = {"contract", "nsz"}
"""Products may be fused into sums; sums keep their order."""

REDUCED = {*ORDERED, "reassoc"}
"""The sum over one row may be split over the lanes of a vector, which depends on the processor alone."""


@njit(cache=True, nogil=True, fastmath=ORDERED)
def _respond(row: Any, filters: Any, maps: Any) -> None:
    """Fill `maps` (a, b, m) with the valid correlation of a row (h, w, c) with filters (k, k, c, m)."""
    height, width, channels = row.shape
    kernel, count = filters.shape[0], filters.shape[3]
    high, wide = maps.shape[0], maps.shape[1]
    maps[:] = np.float32(0.0)
    for i in range(height):
        for j in range(width):
            for c in range(channels):
                value = row[i, j, c]
                if value == 0:  # most of a drawing is blank
                    continue
                for u in range(max(0, i - high + 1), min(kernel, i + 1)):
                    for v in range(max(0, j - wide + 1), min(kernel, j + 1)):
                        for m in range(count):
                            maps[i - u, j - v, m] += value * filters[u, v, c, m]


@njit(cache=True, nogil=True, fastmath=ORDERED)
def _pool(maps: Any, pool: int, stride: int, strip: Any, pooled: Any) -> None:
    """Fill `pooled` (p, q, m) with the mean of the positive parts of `maps` over overlapping windows."""
    high, count = maps.shape[0], maps.shape[2]
    rows, columns = pooled.shape[0], pooled.shape[1]
    share = np.float32(1.0 / (pool * pool))
    pooled[:] = np.float32(0.0)
    for a in range(high):
        strip[:] = np.float32(0.0)
        for q in range(columns):
            for b in range(q * stride, q * stride + pool):
                for m in range(count):
                    strip[q, m] += max(maps[a, b, m], np.float32(0.0))
        for p in range(rows):
            if p * stride <= a < p * stride + pool:
                for q in range(columns):
                    for m in range(count):
                        pooled[p, q, m] += share * strip[q, m]


@njit(cache=True, nogil=True, fastmath=ORDERED)
def filter_rows(rows: Any, filters: Any, pool: int, stride: int, floor: float, out: Any) -> None:
    """Fill `out` (n, p, q, m) with sqrt(mean over a window of max(filter * row, 0) + floor) - sqrt(floor)."""
    kernel, count = filters.shape[0], filters.shape[3]
    maps = np.empty((rows.shape[1] - kernel + 1, rows.shape[2] - kernel + 1, count), np.float32)
    strip = np.empty((out.shape[2], count), np.float32)
    base, zero = np.float32(floor), np.sqrt(np.float32(floor))
    for n in range(len(rows)):
        _respond(rows[n], filters, maps)
        _pool(maps, pool, stride, strip, out[n])
        for p in range(out.shape[1]):
            for q in range(out.shape[2]):
                for m in range(count):
                    out[n, p, q, m] = np.sqrt(out[n, p, q, m] + base) - zero


@njit(cache=True, nogil=True, fastmath=REDUCED)
def _dot(one: Any, other: Any) -> Any:
    total = np.float32(0.0)
    for m in range(len(one)):
        total += one[m] * other[m]
    return total


@njit(cache=True, nogil=True, fastmath=ORDERED)
def pull_filters(rows: Any, slopes: Any, filters: Any, pool: int, stride: int, floor: float, out: Any) -> None:
    """Fill `out` (n, h, w, c) with the gradient by the rows, given that by the features, `slopes` (n, p, q, m)."""
    height, width, channels = rows.shape[1:]
    kernel, count = filters.shape[0], filters.shape[3]
    high, wide = height - kernel + 1, width - kernel + 1
    maps, back = np.empty((high, wide, count), np.float32), np.empty((high, wide, count), np.float32)
    strip = np.empty((slopes.shape[2], count), np.float32)
    pooled = np.empty(slopes.shape[1:], np.float32)
    share, base = np.float32(0.5 / (pool * pool)), np.float32(floor)
    for n in range(len(rows)):
        _respond(rows[n], filters, maps)
        _pool(maps, pool, stride, strip, pooled)
        back[:] = np.float32(0.0)
        for p in range(slopes.shape[1]):
            for q in range(slopes.shape[2]):
                for m in range(count):
                    pooled[p, q, m] = slopes[n, p, q, m] * share / np.sqrt(pooled[p, q, m] + base)
                for a in range(p * stride, p * stride + pool):
                    for b in range(q * stride, q * stride + pool):
                        for m in range(count):
                            if maps[a, b, m] > 0:
                                back[a, b, m] += pooled[p, q, m]
        for i in range(height):
            for j in range(width):
                for c in range(channels):
                    total = np.float32(0.0)
                    for u in range(max(0, i - high + 1), min(kernel, i + 1)):
                        for v in range(max(0, j - wide + 1), min(kernel, j + 1)):
                            total += _dot(back[i - u, j - v], filters[u, v, c])
                    out[n, i, j, c] = total


@njit(cache=True, nogil=True, fastmath=ORDERED)
def project_rows(rows: Any, matrix: Any, bias: Any, out: Any) -> None:
    """Fill `out` (n, width) with rows (n, d) times the matrix (d, width), plus the bias, each sum in order."""
    for n in range(len(rows)):
        for j in range(len(bias)):  # a row set to another takes numba four seconds to compile, for the error's text
            out[n, j] = bias[j]
        for k in range(rows.shape[1]):
            value = rows[n, k]
            if value != 0:
                for j in range(matrix.shape[1]):
                    out[n, j] += value * matrix[k, j]


@njit(cache=True, nogil=True, fastmath=ORDERED)
def pull_projection(slopes: Any, matrix: Any, out: Any) -> None:
    """Fill `out` (n, d) with slopes (n, width) times the transposed matrix (d, width)."""
    for n in range(len(slopes)):
        for k in range(len(matrix)):
            out[n, k] = _dot(slopes[n], matrix[k])


@njit(cache=True, nogil=True, fastmath=ORDERED)
def score_rows(rows: Any, matrix: Any, out: Any) -> None:
    """Add to `out` (n, outputs) rows (n, d) times the matrix (d, outputs), each sum in order."""
    for n in range(len(rows)):
        for k in range(rows.shape[1]):
            value = rows[n, k]
            for j in range(matrix.shape[1]):
                out[n, j] += value * matrix[k, j]
