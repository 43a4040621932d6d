"""BERT's forward pass over a few texts, in one compiled call that holds no lock of Python's.

The equations are those of `aura.zones.sensory.bert`. Every row, and every text's attention, is computed by itself and
in one order, so that a text has the same bits alone and in any batch, on any number of threads.

    GELU(x) = x Φ(x),  Φ(-z) = p(t) exp(-z² / 2) / 2,  t = 1 / (1 + 0.3275911 z / √2)
    with p of degree 5, off by at most 1.5e-7            (Abramowitz & Stegun 1964, 7.1.26)
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic
from numpy.typing import NDArray

from aura.zones.sensory.tiles import WIDTH, multiply

__all__ = ["PARTS", "Scratch", "Sizes", "embed"]

Values = NDArray[np.float32]

PARTS = ("qkv", "qkv bias", "output", "output bias", "gain 1", "shift 1", "up", "up bias", "down", "down bias",
         "gain 2", "shift 2")
"""What a layer is made of, in the order of its offsets."""

_ORDERED = {"contract", "nsz"}
"""Products may be fused into sums; sums keep their order, and NaN and infinities are honoured."""
_REDUCED = {*_ORDERED, "reassoc"}
"""A sum over a row may be split over the lanes of a vector, which depends on the processor and on nothing else."""

_ONE, _HALF, _ZERO = np.float32(1), np.float32(0.5), np.float32(0)
_LOG2_E, _LN2_HIGH, _LN2_LOW = np.float32(1.4426950408889634), np.float32(0.693359375), np.float32(-2.12194440e-4)
_LOWEST = np.float32(-87)
"""exp of this is the least normal float32, nearly."""
_C2, _C3, _C4, _C5, _C6, _C7 = (np.float32(1 / factorial) for factorial in (2, 6, 24, 120, 720, 5040))
_SQRT_HALF, _P = np.float32(0.5**0.5), np.float32(0.3275911)
_A1, _A2, _A3, _A4, _A5 = (np.float32(a) for a in (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429))


class Sizes(NamedTuple):
    """The sizes of a model: of a row, of the row between the layer norms, heads, and layers."""

    hidden: int
    inner: int
    heads: int
    layers: int


class Scratch(NamedTuple):
    """Where one thread keeps what it works on: rows of all texts, and what the attention of one head needs."""

    x: Values
    qkv: Values
    y: Values
    wide: Values
    keys: Values
    values: Values
    scores: Values
    mixed: Values
    zeros: Values


@intrinsic
def _two_to(_context: Any, power: Any) -> Any:
    """Return 2 to the power of an int32 from -126 to 127, by its bits."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        integer = ir.IntType(32)
        return builder.bitcast(builder.shl(builder.add(arguments[0], integer(127)), integer(23)), ir.FloatType())

    return types.float32(types.int32), generate


@njit(cache=True, nogil=True, fastmath=_ORDERED, inline="always")
def _exp(x: Any) -> Any:
    """Return exp(x) for x up to 0, within 2e-7 of itself: 2^n times the Taylor polynomial of the rest."""
    x = max(x, _LOWEST)
    n = np.rint(x * _LOG2_E)
    r = x - n * _LN2_HIGH - n * _LN2_LOW
    tail = _C4 + r * (_C5 + r * (_C6 + r * _C7))
    return (_ONE + r * (_ONE + r * (_C2 + r * (_C3 + r * tail)))) * _two_to(np.int32(n))  # type: ignore[call-arg]


@njit(cache=True, nogil=True, fastmath=_ORDERED, error_model="numpy")
def _gelu(row: Values) -> None:
    for j in range(len(row)):
        x = row[j]
        z = abs(x) * _SQRT_HALF
        t = _ONE / (_ONE + _P * z)
        below = _HALF * t * (_A1 + t * (_A2 + t * (_A3 + t * (_A4 + t * _A5)))) * _exp(-z * z)
        row[j] = x * (below if x < _ZERO else _ONE - below)


@njit(cache=True, nogil=True, fastmath=_REDUCED, error_model="numpy")
def _normalise(size: int, added: Values, gain: Values, shift: Values, epsilon: Any, row: Values) -> None:
    """Put the layer norm of a row and what is added to it, so many numbers of each, in the row's place."""
    total = _ZERO
    for j in range(size):
        row[j] += added[j]
        total += row[j]
    mean = total / np.float32(size)
    total = _ZERO
    for j in range(size):
        total += (row[j] - mean) * (row[j] - mean)
    scale = _ONE / np.sqrt(total / np.float32(size) + epsilon)
    for j in range(size):
        row[j] = (row[j] - mean) * scale * gain[j] + shift[j]


@njit(cache=True, nogil=True, fastmath=_REDUCED, error_model="numpy")
def _weigh(scores: Values, scale: Any) -> Any:
    """Put exp(scale (score - the highest)) in the place of each score, and return 1 over their sum."""
    highest = scores[0]
    for j in range(len(scores)):
        highest = max(highest, scores[j])
    total = _ZERO
    for j in range(len(scores)):
        scores[j] = _exp((scores[j] - highest) * scale)
        total += scores[j]
    return _ONE / total


@njit(cache=True, nogil=True, fastmath=_ORDERED, error_model="numpy")
def _attend(first: int, length: int, sizes: Sizes, scratch: Scratch) -> None:
    """Write a text's attention, all heads, to its rows of `y`."""
    hidden, size = sizes.hidden, sizes.hidden // sizes.heads
    qkv, keys, values, scores, mixed = scratch.qkv, scratch.keys, scratch.values, scratch.scores, scratch.mixed
    across, panels = -(-length // WIDTH), -(-size // WIDTH)
    scale, zeros = _ONE / np.sqrt(np.float32(size)), scratch.zeros.ctypes.data
    for head in range(sizes.heads):
        start = head * size
        for j in range(length):
            key, value = qkv[first + j, hidden + start:], qkv[first + j, 2 * hidden + start:]
            panel, place = (j // WIDTH) * size * WIDTH, j % WIDTH
            for c in range(size):
                keys[panel + c * WIDTH + place] = key[c]
                values[(c // WIDTH) * length * WIDTH + j * WIDTH + c % WIDTH] = value[c]
        multiply(qkv.ctypes.data + 4 * (first * qkv.shape[1] + start), qkv.shape[1], length, size, keys.ctypes.data,
                 across, zeros, scores.ctypes.data, scores.shape[1])
        for i in range(length):
            mixed[i, -1] = _weigh(scores[i, :length], scale)
        multiply(scores.ctypes.data, scores.shape[1], length, length, values.ctypes.data, panels, zeros,
                 mixed.ctypes.data, mixed.shape[1])
        for i in range(length):
            out, row, share = scratch.y[first + i, start:], mixed[i], mixed[i, -1]
            for c in range(size):
                out[c] = row[c] * share


@njit(cache=True, nogil=True)
def _linear(x: Values, rows: int, inner: int, weights: Values, weight: int, bias: int, outputs: int,
            out: Values) -> None:
    at = weights.ctypes.data
    multiply(x.ctypes.data, x.shape[1], rows, inner, at + 4 * weight, -(-outputs // WIDTH), at + 4 * bias,
             out.ctypes.data, out.shape[1])


@njit(cache=True, nogil=True, fastmath=_ORDERED, error_model="numpy")
def embed(tokens: NDArray[np.int32], starts: NDArray[np.int64], words: Values, positions: Values, norm: Values,
          weights: Values, offsets: NDArray[np.int64], sizes: Sizes, epsilon: Any, to_unit: bool, scratch: Scratch,
          out: Values) -> None:
    """Write the embeddings of some texts.

    Parameters
    ----------
    tokens : array of int32, (row,)
        The token numbers of all texts, one text after the other.
    starts : array of int64, (text + 1,)
        Where each text begins, and the last ends.
    words, positions : array of float32, (token, hidden) and (position, hidden)
        What a row begins with; the position's has the type's in it.
    norm : array of float32, (2, hidden)
        Gain and shift of the embeddings' layer norm.
    weights : array of float32, (numbers,)
        All that the layers are made of.
    offsets : array of int64, (layer, 12)
        Where in it each of `PARTS` begins.
    epsilon : float32
        Of the layer norms.
    to_unit : bool
        Whether an embedding is brought to length 1.
    scratch : Scratch
        For that many rows, and for the longest text.
    out : array of float32, (text, hidden)
        Written.
    """
    hidden, inner = sizes.hidden, sizes.inner
    x, qkv, y, wide = scratch.x, scratch.qkv, scratch.y, scratch.wide
    rows, texts = len(tokens), len(starts) - 1
    for text in range(texts):
        for row in range(starts[text], starts[text + 1]):
            for j in range(hidden):
                x[row, j] = words[tokens[row], j]
            _normalise(hidden, positions[row - starts[text]], norm[0], norm[1], epsilon, x[row])
    for layer in range(sizes.layers):
        at = offsets[layer]
        _linear(x, rows, hidden, weights, at[0], at[1], 3 * hidden, qkv)
        for text in range(texts):
            _attend(starts[text], starts[text + 1] - starts[text], sizes, scratch)
        # Query, key and value are done with: their place is free for the product.
        _linear(y, rows, hidden, weights, at[2], at[3], hidden, qkv)
        for row in range(rows):
            _normalise(hidden, qkv[row], weights[at[4]:], weights[at[5]:], epsilon, x[row])
        _linear(x, rows, hidden, weights, at[6], at[7], inner, wide)
        for row in range(rows):
            _gelu(wide[row, :inner])
        _linear(wide, rows, inner, weights, at[8], at[9], hidden, y)
        for row in range(rows):
            _normalise(hidden, y[row], weights[at[10]:], weights[at[11]:], epsilon, x[row])
    for text in range(texts):
        _pool(x[starts[text]:starts[text + 1]], to_unit, out[text])


@njit(cache=True, nogil=True, fastmath=_REDUCED, error_model="numpy")
def _pool(rows: Values, to_unit: bool, mean: Values) -> None:
    """Write the mean of a text's rows, at length 1 if asked."""
    for j in range(len(mean)):
        mean[j] = _ZERO
    for i in range(len(rows)):
        row = rows[i]
        for j in range(len(mean)):
            mean[j] += row[j]
    square = _ZERO
    for j in range(len(mean)):
        mean[j] /= np.float32(len(rows))
        square += mean[j] * mean[j]
    if to_unit:
        length = max(np.sqrt(square), np.float32(1e-12))
        for j in range(len(mean)):
            mean[j] /= length
