"""Matrix products that read each weight once, at the rate of memory, and give a row the same bits in any company.

    out[i, j] = bias[j] + Σ_k x[i, k] W[j, k],    the terms added one by one, each by a fused multiply-add

The weights lie in *panels* of `WIDTH` outputs, (panel, input, output), so that a product reads them from one end to the
other. A *tile* is the innermost loop: some rows of x times one panel, its sums in registers. A text alone has few rows,
and its products wait for memory; what comes next is therefore fetched while a tile computes (`AHEAD_BYTES`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import binding, ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

__all__ = ["ROWS", "WIDTH", "multiply", "packed", "padded", "runs_here"]

_FEATURES = binding.get_host_cpu_features()
_WIDE = bool(_FEATURES.get("avx512f"))

LANES = 16 if _WIDE else 8
"""float32 of a vector register."""

WIDTH = 2 * LANES
"""Outputs of a panel, two registers."""

ROWS = 12 if _WIDE else 6
"""Rows of the tallest tile: its sums fill 24 of 32 registers, or 12 of 16. A buffer has as many rows to spare, as a
tile takes no fewer rows than it was made for."""

AHEAD_BYTES = 4096
"""How far ahead of the sums weights are fetched (tuned here: 8 rows, 24 products of MiniLM, one thread of a Xeon with
AVX-512: 5.1 ms at 0, 4.4 at 1,024, 4.0 to 4.2 from 2,048 to 16,384)."""

_FLOAT, _LONG, _INT = ir.FloatType(), ir.IntType(64), ir.IntType(32)
_VECTOR = ir.VectorType(_FLOAT, LANES)
_BYTES = ir.IntType(8).as_pointer()


def runs_here() -> bool:
    """Return whether this processor has what the tiles are made of: vectors of eight and a fused multiply-add."""
    return bool(_FEATURES.get("avx2") and _FEATURES.get("fma"))


def _tile(rows: int) -> Any:
    """Return the tile of so many rows; arrays are given by their addresses, strides in float32."""

    @intrinsic
    def tile(_context: Any, x: Any, stride: Any, inner: Any, panel: Any, bias: Any, out: Any, out_stride: Any) -> Any:
        def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            _write_tile(builder, rows, *arguments)
            return context.get_dummy_value()

        return types.void(x, stride, inner, panel, bias, out, out_stride), generate

    return tile


def _write_tile(builder: Any, rows: int, x: Any, stride: Any, inner: Any, panel: Any, bias: Any, out: Any,
                out_stride: Any) -> None:
    fma = _declared(builder, f"llvm.fma.v{LANES}f32", _VECTOR, [_VECTOR] * 3)
    fetch = _declared(builder, "llvm.prefetch.p0", ir.VoidType(), [_BYTES, _INT, _INT, _INT])
    x, panel, bias, out = (builder.inttoptr(address, _FLOAT.as_pointer()) for address in (x, panel, bias, out))
    halves = range(WIDTH // LANES)
    sums = [[_slot(builder) for _ in halves] for _ in range(rows)]
    with cgutils.for_range(builder, inner) as loop:
        here = builder.gep(panel, [builder.mul(loop.index, _LONG(WIDTH))])
        weights = [_load(builder, here, half) for half in halves]
        for half in halves:
            place = builder.gep(here, [_LONG(half * LANES + AHEAD_BYTES // 4)])
            builder.call(fetch, [builder.bitcast(place, _BYTES), _INT(0), _INT(3), _INT(1)])  # to read; keep; data
        for row, slots in enumerate(sums):
            factor = builder.load(builder.gep(x, [builder.add(loop.index, builder.mul(stride, _LONG(row)))]))
            spread = _spread(builder, factor)
            for weight, slot in zip(weights, slots, strict=True):
                builder.store(builder.call(fma, [spread, weight, builder.load(slot)]), slot)
    for half in halves:
        shift = _load(builder, bias, half)
        for row, slots in enumerate(sums):
            place = builder.gep(out, [builder.add(builder.mul(out_stride, _LONG(row)), _LONG(half * LANES))])
            stored = builder.store(builder.fadd(builder.load(slots[half]), shift),
                                   builder.bitcast(place, _VECTOR.as_pointer()))
            stored.align = 4


def _slot(builder: Any) -> Any:
    """Return a vector of zeros on the stack, which the compiler turns into a register."""
    slot = cgutils.alloca_once(builder, _VECTOR)  # type: ignore[no-untyped-call]
    builder.store(ir.Constant(_VECTOR, [0.0] * LANES), slot)
    return slot


def _declared(builder: Any, name: str, result: Any, arguments: Any) -> Any:
    kind = ir.FunctionType(result, arguments)
    return cgutils.get_or_insert_function(builder.module, kind, name)  # type: ignore[no-untyped-call]


def _load(builder: Any, pointer: Any, half: int) -> Any:
    place = builder.gep(pointer, [_LONG(half * LANES)])
    loaded = builder.load(builder.bitcast(place, _VECTOR.as_pointer()))
    loaded.align = 4
    return loaded


def _spread(builder: Any, number: Any) -> Any:
    nothing = ir.Constant(_VECTOR, ir.Undefined)
    first = builder.insert_element(nothing, number, _INT(0))
    return builder.shuffle_vector(first, nothing, ir.Constant(ir.VectorType(_INT, LANES), [0] * LANES))


_tall, _middle, _low = _tile(ROWS), _tile(2 * ROWS // 3), _tile(ROWS // 3)


@njit(cache=True, nogil=True)
def multiply(x: int, stride: int, rows: int, inner: int, panels: int, count: int, bias: int, out: int,
             out_stride: int) -> None:
    """Write the product of some rows with some panels.

    Parameters
    ----------
    x : int
        Address of the rows, `stride` float32 apart, `inner` of them read; up to `ROWS` more rows may be read.
    panels, bias : int
        Addresses of `count` panels, (count, inner, WIDTH), and of what is added, (count * WIDTH,).
    out : int
        Address of the result, rows `out_stride` float32 apart; up to `ROWS` more rows may be written.
    """
    for panel in range(count):
        weights, shift = panels + 4 * panel * inner * WIDTH, bias + 4 * panel * WIDTH
        row = 0
        while row < rows:
            left, there = x + 4 * row * stride, out + 4 * (row * out_stride + panel * WIDTH)
            if rows - row > 2 * ROWS // 3:
                _tall(left, stride, inner, weights, shift, there, out_stride)
                row += ROWS
            elif rows - row > ROWS // 3:
                _middle(left, stride, inner, weights, shift, there, out_stride)
                row += 2 * ROWS // 3
            else:
                _low(left, stride, inner, weights, shift, there, out_stride)
                row += ROWS // 3


def padded(size: int) -> int:
    """Return the size in whole panels."""
    return -(-size // WIDTH) * WIDTH


def packed(weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a weight, (output, input), in panels, (panel, input, WIDTH), those beyond the last output zero."""
    outputs, inputs = weight.shape
    whole = np.zeros((padded(outputs), inputs), np.float32)
    whole[:outputs] = weight
    return np.ascontiguousarray(whole.reshape(-1, WIDTH, inputs).transpose(0, 2, 1))
