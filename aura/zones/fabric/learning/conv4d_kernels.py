"""The inner loops of the four-dimensional convolution, compiled by numba."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["GROUP", "LANES", "add_kernel_gradient", "column_sums", "correlate"]

Values = NDArray[Any]
"""float32 or float64, the same throughout a call."""

GROUP = 4
"""Taps, and output channels, that one pass over a row combines: 16 weights and 8 rows fit into 32 vector registers."""

LANES = 16
"""Rows are computed in whole multiples of this, the widest vector of float32 (AVX-512), so that none has a scalar
rest."""

ALIGNMENT_BYTES = 64
"""A cache line, and the widest vector."""

SPAN = 528
"""Samples of a row at a time. The four sums over them fill 8.4 KB of the first-level cache; no power of two, as equal
places in them would then be 4,096 bytes apart, which stalls loads behind stores."""

ORDERED = {"contract", "arcp", "nsz"}
"""Products may be fused into sums; sums keep their order, and NaN and infinities are honoured."""

REDUCED = {*ORDERED, "reassoc"}
"""A sum over a row may be split over the lanes of a vector, which depends on the processor and on nothing else."""


FIRST, SECOND, THIRD, FOURTH = (np.uint64(i * SPAN) for i in range(GROUP))
"""Where the four sums begin. Indices are unsigned throughout, as numba tests signed ones for being negative."""


@njit(cache=True, nogil=True, fastmath=ORDERED)
def _add_taps(count: Any, line: Values, offsets: Values, weights: Values, sums: Values) -> None:
    """Add the taps at the offsets of a line, each times its weight (tap group, tap, output), to four sums."""
    for k in range(weights.shape[0]):
        w00, w01, w02, w03 = weights[k, 0, 0], weights[k, 0, 1], weights[k, 0, 2], weights[k, 0, 3]
        w10, w11, w12, w13 = weights[k, 1, 0], weights[k, 1, 1], weights[k, 1, 2], weights[k, 1, 3]
        w20, w21, w22, w23 = weights[k, 2, 0], weights[k, 2, 1], weights[k, 2, 2], weights[k, 2, 3]
        w30, w31, w32, w33 = weights[k, 3, 0], weights[k, 3, 1], weights[k, 3, 2], weights[k, 3, 3]
        a, b, c, d = offsets[4 * k], offsets[4 * k + 1], offsets[4 * k + 2], offsets[4 * k + 3]
        # One array holds all four sums at distances known when this is compiled: four arrays would have to be
        # checked for overlap at run time, more checks than the vectoriser allows.
        for i in range(count):
            x0, x1, x2, x3 = line[a + i], line[b + i], line[c + i], line[d + i]
            sums[i + FIRST] = sums[i + FIRST] + w00 * x0 + w10 * x1 + w20 * x2 + w30 * x3
            sums[i + SECOND] = sums[i + SECOND] + w01 * x0 + w11 * x1 + w21 * x2 + w31 * x3
            sums[i + THIRD] = sums[i + THIRD] + w02 * x0 + w12 * x1 + w22 * x2 + w32 * x3
            sums[i + FOURTH] = sums[i + FOURTH] + w03 * x0 + w13 * x1 + w23 * x2 + w33 * x3


@njit(cache=True, nogil=True)
def _aligned(count: int, like: Values) -> Values:
    """Return uninitialised scratch that begins on a cache line."""
    raw = np.empty(count + ALIGNMENT_BYTES // like.itemsize, like.dtype)
    return raw[(-raw.ctypes.data % ALIGNMENT_BYTES) // like.itemsize:][:count]


@njit(cache=True, nogil=True)
def _write(sums: Values, start: int, count: int, t_stride: int, output: int, out: Values) -> None:
    """Write four sums, which begin at this sample of a line, as four outputs of (z, time, output)."""
    z_size, _, outputs = out.shape
    at = start
    while at < start + count:
        t, z = at // t_stride, at % t_stride
        some = min(z_size - z, start + count - at)
        shift = at - start - z
        if outputs - output >= GROUP:
            for i in range(z, z + some):
                for o in range(GROUP):
                    out[i, t, output + o] = sums[o * SPAN + shift + i]
        else:
            for i in range(z, z + some):
                for o in range(outputs - output):
                    out[i, t, output + o] = sums[o * SPAN + shift + i]
        at += t_stride - z


@njit(cache=True, nogil=True)
def correlate(volumes: Values, weights: Values, offsets: Values, bias: Values, x_stride: int, y_stride: int,
              t_stride: int, first: int, last: int, out: Values) -> None:
    """Compute the rows `first` to `last` (of batch times x) of a correlation.

    Parameters
    ----------
    volumes : array (batch, samples)
        The padded input, each volume as (channel, x, y, time, z) in one line, with `LANES` samples to spare.
    weights : array (output groups, tap groups, 4, 4)
        The kernels by tap and output.
    offsets : uint64 array (4 times tap groups,)
        Where in a volume the tap of an output sample lies, counted from the first tap of all.
    bias : array (4 times output groups,)
        Added to every sample.
    x_stride, y_stride, t_stride : int
        Samples of a volume from one x, y and time to the next.
    out : array (batch, x, y, z, time, output)
        Written.
    """
    _, x_size, y_size, z_size, t_size, _ = out.shape
    length = (t_size - 1) * t_stride + z_size
    sums = _aligned(GROUP * SPAN, volumes)
    for row in range(first, last):
        volume, x = volumes[row // x_size], row % x_size
        plane = out[row // x_size, x]
        for y in range(y_size):
            base = x * x_stride + y * y_stride
            for start in range(0, length, SPAN):
                kept = min(SPAN, length - start)
                count = (kept + LANES - 1) // LANES * LANES
                for group in range(weights.shape[0]):
                    for o in range(GROUP):
                        sums[o * SPAN:o * SPAN + count] = bias[group * GROUP + o]
                    _add_taps(np.uint64(count), volume[base + start:], offsets, weights[group], sums)
                    _write(sums, start, kept, t_stride, group * GROUP, plane[y])


@njit(cache=True, nogil=True, fastmath=REDUCED)
def _add_products(count: Any, line: Values, offsets: Values, g0: Values, g1: Values, g2: Values, g3: Values,
                  totals: Values) -> None:
    """Add the scalar products of a line, shifted by four offsets, with four other lines to the totals (4, 4)."""
    a, b, c, d = offsets[0], offsets[1], offsets[2], offsets[3]
    zero = line.dtype.type(0)
    s00 = s01 = s02 = s03 = s10 = s11 = s12 = s13 = zero
    s20 = s21 = s22 = s23 = s30 = s31 = s32 = s33 = zero
    for i in range(count):
        x0, x1, x2, x3 = line[a + i], line[b + i], line[c + i], line[d + i]
        y0, y1, y2, y3 = g0[i], g1[i], g2[i], g3[i]
        s00, s01, s02, s03 = s00 + x0 * y0, s01 + x0 * y1, s02 + x0 * y2, s03 + x0 * y3
        s10, s11, s12, s13 = s10 + x1 * y0, s11 + x1 * y1, s12 + x1 * y2, s13 + x1 * y3
        s20, s21, s22, s23 = s20 + x2 * y0, s21 + x2 * y1, s22 + x2 * y2, s23 + x2 * y3
        s30, s31, s32, s33 = s30 + x3 * y0, s31 + x3 * y1, s32 + x3 * y2, s33 + x3 * y3
    products = ((s00, s01, s02, s03), (s10, s11, s12, s13), (s20, s21, s22, s23), (s30, s31, s32, s33))
    for i in range(GROUP):
        for j in range(GROUP):
            totals[i, j] += products[i][j]


@njit(cache=True, nogil=True)
def add_kernel_gradient(volumes: Values, upstream: Values, offsets: Values, x_stride: int, length: int, first: int,
                        last: int, totals: Values) -> None:
    """Add the gradient of the tap groups `first` to `last` to the totals.

    Parameters
    ----------
    volumes, offsets, x_stride
        As of `correlate`.
    upstream : array (batch, 4 times output groups, x, plane)
        The gradient with respect to the output, each plane of (y, time, z) laid out in the strides of a volume, with
        zeros wherever no output lies.
    length : int
        Samples of a plane from its first output to its last, a whole multiple of `LANES`.
    totals : float64 array (tap groups, output groups, 4, 4)
        Added to, by tap and output; each entry is summed up by one call alone, whatever the number of threads.
    """
    for sample in range(upstream.shape[0]):
        volume = volumes[sample]
        for x in range(upstream.shape[2]):
            for k in range(first, last):
                for group in range(totals.shape[1]):
                    o = group * GROUP
                    _add_products(np.uint64(length), volume[x * x_stride:], offsets[4 * k:4 * k + 4],
                                  upstream[sample, o, x], upstream[sample, o + 1, x], upstream[sample, o + 2, x],
                                  upstream[sample, o + 3, x], totals[k, group])


@njit(cache=True, nogil=True)
def column_sums(rows: Values, sums: Values) -> None:
    """Add the rows (n, columns) to the float64 sums (columns,)."""
    for i in range(rows.shape[0]):
        for j in range(rows.shape[1]):
            sums[j] += rows[i, j]
