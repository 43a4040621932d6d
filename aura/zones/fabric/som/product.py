"""Matrix products whose bits depend neither on the number of threads nor on how rows are cut into blocks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["INNER", "LANES", "ORDERED", "ROWS", "Rows", "add_product", "padded"]

Rows = NDArray[np.float32]

ROWS, INNER = 4, 8
"""Rows of the result that one sweep serves, and terms of each sum that it adds (tuned here, on one core with AVX-512,
(64, 304) times (304, 384): 4 x 8 runs at 140 to 167 Gflop/s, 2 x 8 at 94, 8 x 4 at 82 to 129; OpenBLAS at 111)."""

LANES = 16
"""Widths are padded to whole multiples of this, the widest vector of float32 (AVX-512)."""

ORDERED = {"contract", "nsz"}
"""Products may be fused into sums; sums keep their order, and NaN and infinities are honoured."""


@njit(cache=True, nogil=True, fastmath=ORDERED)
def add_product(left: Any, right: Any, out: Any) -> None:
    """Add to `out` (m, n) the product of `left` (m, k) and `right` (k, n), the terms of each sum in their order.

    Notes
    -----
    A threaded BLAS cuts matrices by the number of its threads, and an element on the seam comes from another
    microkernel, with other bits (measured here: OpenBLAS 0.3.31 on one thread and on two differs in 180 of 480 shapes).
    Here each element is one chain of fused multiply-adds, whatever stands beside it. The inner loop runs over columns:
    it holds four rows of the result and eight of `right`, 32 multiply-adds for 12 loads and 4 stores.
    """
    rows, inner = left.shape
    columns = right.shape[1]
    even_rows, even_inner = rows - rows % ROWS, inner - inner % INNER
    # Bounds in this form show the compiler that no index is negative; with others it gives up the vectors.
    for k in range(0, inner - INNER + 1, INNER):
        for i in range(0, rows - ROWS + 1, ROWS):
            p, q, r = i + 1, i + 2, i + 3
            a0, a1, a2, a3 = left[i, k], left[i, k + 1], left[i, k + 2], left[i, k + 3]
            a4, a5, a6, a7 = left[i, k + 4], left[i, k + 5], left[i, k + 6], left[i, k + 7]
            b0, b1, b2, b3 = left[p, k], left[p, k + 1], left[p, k + 2], left[p, k + 3]
            b4, b5, b6, b7 = left[p, k + 4], left[p, k + 5], left[p, k + 6], left[p, k + 7]
            c0, c1, c2, c3 = left[q, k], left[q, k + 1], left[q, k + 2], left[q, k + 3]
            c4, c5, c6, c7 = left[q, k + 4], left[q, k + 5], left[q, k + 6], left[q, k + 7]
            d0, d1, d2, d3 = left[r, k], left[r, k + 1], left[r, k + 2], left[r, k + 3]
            d4, d5, d6, d7 = left[r, k + 4], left[r, k + 5], left[r, k + 6], left[r, k + 7]
            for j in range(columns):
                x0, x1, x2, x3 = right[k, j], right[k + 1, j], right[k + 2, j], right[k + 3, j]
                x4, x5, x6, x7 = right[k + 4, j], right[k + 5, j], right[k + 6, j], right[k + 7, j]
                # The chains are interleaved in the machine: four sums at a time hide the latency of each.
                a = out[i, j] + a0 * x0 + a1 * x1 + a2 * x2 + a3 * x3 + a4 * x4 + a5 * x5 + a6 * x6 + a7 * x7
                b = out[p, j] + b0 * x0 + b1 * x1 + b2 * x2 + b3 * x3 + b4 * x4 + b5 * x5 + b6 * x6 + b7 * x7
                c = out[q, j] + c0 * x0 + c1 * x1 + c2 * x2 + c3 * x3 + c4 * x4 + c5 * x5 + c6 * x6 + c7 * x7
                d = out[r, j] + d0 * x0 + d1 * x1 + d2 * x2 + d3 * x3 + d4 * x4 + d5 * x5 + d6 * x6 + d7 * x7
                out[i, j], out[p, j], out[q, j], out[r, j] = a, b, c, d
        for i in range(even_rows, rows):
            for step in range(k, k + INNER):
                factor = left[i, step]
                for j in range(columns):
                    out[i, j] = out[i, j] + factor * right[step, j]
    for k in range(even_inner, inner):
        for i in range(rows):
            factor = left[i, k]
            for j in range(columns):
                out[i, j] = out[i, j] + factor * right[k, j]


def padded(size: int, multiple: int) -> int:
    """Return the next whole multiple.

    Examples
    --------
    >>> padded(17, 16), padded(32, 16)
    (32, 32)
    """
    return -(-size // multiple) * multiple
