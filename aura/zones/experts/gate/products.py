"""Scalar products of short rows, whose bits do not depend on what else is computed beside them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

__all__ = ["REDUCED", "product", "write_products"]

REDUCED = {"contract", "nsz", "reassoc"}
"""The sum over one row may be split over the lanes of a vector, which depends on the processor and on nothing else."""

SWEEP = 4
"""Rows of a table that one sweep over a row serves (tuned here: 8 are no faster)."""


@njit(cache=True, nogil=True, fastmath=REDUCED)
def product(left: Any, right: Any) -> Any:
    """Return the scalar product of two float32 rows."""
    total = np.float32(0.0)
    for j in range(left.shape[0]):
        total += left[j] * right[j]
    return total


@njit(cache=True, nogil=True, fastmath=REDUCED)
def write_products(rows: Any, table: Any, out: Any) -> None:
    """Write into `out` (n, m) the product of each row (n, k) with each row of the table (m, k), all float32.

    Notes
    -----
    Rows are taken one by one, so the bits do not depend on how many there are; a BLAS makes no such promise.
    """
    width, count = rows.shape[1], table.shape[0]
    whole = count - count % SWEEP
    for i in range(rows.shape[0]):
        for j in range(0, whole, SWEEP):
            a, b, c, d = np.float32(0.0), np.float32(0.0), np.float32(0.0), np.float32(0.0)
            for f in range(width):
                x = rows[i, f]
                a += x * table[j, f]
                b += x * table[j + 1, f]
                c += x * table[j + 2, f]
                d += x * table[j + 3, f]
            out[i, j], out[i, j + 1], out[i, j + 2], out[i, j + 3] = a, b, c, d
        for j in range(whole, count):
            a = np.float32(0.0)
            for f in range(width):
                a += rows[i, f] * table[j, f]
            out[i, j] = a
