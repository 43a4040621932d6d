"""The perceptron's forward and backward pass, compiled for one core: no dispatch, no threads.

Each sum goes in a fixed order, so that bits depend neither on threads nor on the other rows of a call; a threaded BLAS
is faster from some 16 rows on, and gives other bits with another number of threads. Activations of all layers lie in
one flat array, layer after layer, each (rows, units).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["ACTIVATION_CODES", "ONE", "TERMS", "TWO", "ZERO", "answer", "carry_back", "deltas_of", "forward", "kernel",
           "logits_of", "probabilities", "slope"]

F32 = NDArray[np.float32]
I64 = NDArray[np.int64]
F = TypeVar("F", bound=Callable[..., object])

ACTIVATION_CODES = {"relu": 0, "gelu": 1, "tanh": 2, "silu": 3}
ORDERED = {"contract", "nsz"}
"""Products may be fused into sums; sums keep their order, and NaN and infinities are honoured."""
TERMS = 4  # of a sum that one sweep over its line adds
_TILE = 4  # rows that share the weights read in one sweep; tuned here
ZERO, ONE, _HALF, TWO, _THREE = (np.float32(number) for number in (0, 1, 0.5, 2, 3))
_GELU_SCALE, _GELU_CUBE = np.float32(0.7978845608028654), np.float32(0.044715)  # Hendrycks, Gimpel: arXiv:1606.08415


def kernel(function: F) -> F:
    """Compile a function of arrays and numbers for one core, and keep what was compiled."""
    return cast(F, njit(cache=True, nogil=True, error_model="numpy", fastmath=ORDERED)(function))


@kernel
def _add_product(left: F32, right: F32, out: F32) -> None:
    """Add to `out` (n, m) the product of `left` (n, k) and `right` (k, m)."""
    rows, inner = left.shape
    columns = right.shape[1]
    tiled = rows - rows % _TILE
    even = inner - inner % TERMS
    for i in range(0, tiled, _TILE):
        for k in range(0, even, TERMS):
            a0, a1, a2, a3 = left[i, k], left[i, k + 1], left[i, k + 2], left[i, k + 3]
            b0, b1, b2, b3 = left[i + 1, k], left[i + 1, k + 1], left[i + 1, k + 2], left[i + 1, k + 3]
            c0, c1, c2, c3 = left[i + 2, k], left[i + 2, k + 1], left[i + 2, k + 2], left[i + 2, k + 3]
            d0, d1, d2, d3 = left[i + 3, k], left[i + 3, k + 1], left[i + 3, k + 2], left[i + 3, k + 3]
            for j in range(columns):
                w0, w1, w2, w3 = right[k, j], right[k + 1, j], right[k + 2, j], right[k + 3, j]
                out[i, j] = out[i, j] + a0 * w0 + a1 * w1 + a2 * w2 + a3 * w3
                out[i + 1, j] = out[i + 1, j] + b0 * w0 + b1 * w1 + b2 * w2 + b3 * w3
                out[i + 2, j] = out[i + 2, j] + c0 * w0 + c1 * w1 + c2 * w2 + c3 * w3
                out[i + 3, j] = out[i + 3, j] + d0 * w0 + d1 * w1 + d2 * w2 + d3 * w3
    for i in range(tiled, rows):
        for k in range(0, even, TERMS):
            a0, a1, a2, a3 = left[i, k], left[i, k + 1], left[i, k + 2], left[i, k + 3]
            if a0 == ZERO and a1 == ZERO and a2 == ZERO and a3 == ZERO:
                continue  # the ground of an image: adds nothing
            for j in range(columns):
                out[i, j] = (out[i, j] + a0 * right[k, j] + a1 * right[k + 1, j] + a2 * right[k + 2, j]
                             + a3 * right[k + 3, j])
    for i in range(rows):
        for k in range(even, inner):
            a = left[i, k]
            for j in range(columns):
                out[i, j] += a * right[k, j]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=ORDERED | {"reassoc"})
def _back_product(deltas: F32, weights: F32, out: F32) -> None:
    """Set `out` (n, k) to the product of `deltas` (n, m) and `weights` (k, m), transposed; sums go in lanes."""
    rows, columns = deltas.shape
    for i in range(weights.shape[0]):
        for r in range(rows):
            total = ZERO
            for j in range(columns):
                total += deltas[r, j] * weights[i, j]
            out[r, i] = total


@kernel
def _activate(code: int, before: F32, after: F32) -> None:
    for place in range(before.size):
        x = before[place]
        if code == 0:
            after[place] = max(x, ZERO)
        elif code == 1:
            after[place] = _HALF * x * (ONE + np.tanh(_GELU_SCALE * (x + _GELU_CUBE * x * x * x)))
        elif code == 2:
            after[place] = np.tanh(x)
        else:
            after[place] = x / (ONE + np.exp(-x))


@kernel
def _rise(code: int, x: Any) -> Any:
    """Return the derivative of an activation."""
    if code == 0:
        return ONE if x > ZERO else ZERO
    if code == 1:
        t = np.tanh(_GELU_SCALE * (x + _GELU_CUBE * x * x * x))
        return (_HALF * (ONE + t)
                + _HALF * x * (ONE - t * t) * _GELU_SCALE * (ONE + _THREE * _GELU_CUBE * x * x))
    if code == 2:
        t = np.tanh(x)
        return ONE - t * t
    s = ONE / (ONE + np.exp(-x))
    return s * (ONE + x * (ONE - s))


@kernel
def forward(theta: F32, sizes: I64, places: I64, code: int, rows: F32, before: F32, after: F32) -> None:
    """Set the activations before and after of all layers; the last layer's `before` are the logits.

    Parameters
    ----------
    theta : (parameters,)
    sizes : (layers + 1,)
        Features, units of hidden layers, logits.
    places : (layers, 2)
        Where the weights and the biases of each layer begin in `theta`.
    code : int
        Of `ACTIVATION_CODES`.
    rows : (n, features)
    before, after : (n * units,)
        Changed.
    """
    count = len(rows)
    start = 0
    previous = rows
    for layer in range(len(sizes) - 1):
        wide, narrow = sizes[layer], sizes[layer + 1]
        weights = theta[places[layer, 0]:places[layer, 0] + wide * narrow].reshape(wide, narrow)
        out = before[start:start + count * narrow].reshape(count, narrow)
        biases = theta[places[layer, 1]:places[layer, 1] + narrow]
        for r in range(count):  # an array set to another takes numba five seconds to compile, for the error's text
            for j in range(narrow):
                out[r, j] = biases[j]
        _add_product(previous, weights, out)
        if layer < len(sizes) - 2:
            _activate(code, before[start:start + count * narrow], after[start:start + count * narrow])
        previous = after[start:start + count * narrow].reshape(count, narrow)
        start += count * narrow


@kernel
def probabilities(logits: F32, out: F32) -> None:
    """Set `out` (n, m) to the softmax of the first m logits, those of the classes that are known."""
    for r in range(len(logits)):
        most = -np.float32(np.inf)
        for j in range(out.shape[1]):
            most = max(most, logits[r, j])
        total = ZERO
        for j in range(out.shape[1]):
            out[r, j] = np.exp(logits[r, j] - most)
            total += out[r, j]
        for j in range(out.shape[1]):
            out[r, j] /= total


@kernel
def logits_of(sizes: I64, flat: F32, count: int) -> F32:
    """Return the last layer's part of an array of all layers, (n, outputs)."""
    last = sizes[-1]
    return flat[len(flat) - count * last:].reshape(count, last)


@kernel
def carry_back(theta: F32, sizes: I64, places: I64, code: int, work: F32, count: int, of_rows: F32) -> None:
    """Carry the logits' deltas, last in ``work[2]``, back to all layers, and to the rows unless `of_rows` is empty."""
    before, deltas = work[0], work[2]
    start = len(deltas) - count * sizes[-1]
    for layer in range(len(sizes) - 2, -1, -1):
        wide, narrow = sizes[layer], sizes[layer + 1]
        first = places[layer, 0]
        delta = deltas[start:start + count * narrow].reshape(count, narrow)
        weights = theta[first:first + wide * narrow].reshape(wide, narrow)
        low = start - count * wide
        if layer:
            _back_product(delta, weights, deltas[low:start].reshape(count, wide))
            for place in range(low, start):
                deltas[place] *= _rise(code, before[place])
        elif of_rows.size:
            _back_product(delta, weights, of_rows)
        start = low


@kernel
def deltas_of(answers: F32, targets: F32, last: F32) -> None:
    """Set `last` (n, outputs) to the slope of each row's cross-entropy; that of logits without a class is 0."""
    for r in range(len(answers)):
        mass = targets[r].sum()
        last[r] = ZERO
        for j in range(answers.shape[1]):
            last[r, j] = answers[r, j] * mass - targets[r, j]


@kernel
def answer(theta: F32, sizes: I64, places: I64, code: int, rows: F32, work: F32, out: F32) -> None:
    """Set `out` (n, classes) to the probability of each class; `work` (2, n * units) is scratch."""
    forward(theta, sizes, places, code, rows, work[0], work[1])
    probabilities(logits_of(sizes, work[0], len(rows)), out)


@kernel
def slope(theta: F32, sizes: I64, places: I64, code: int, rows: F32, targets: F32, work: F32, answers: F32,
          of_rows: F32) -> None:
    """Set `of_rows` to the gradient of each row's own cross-entropy with respect to it.

    `work` (3, n * units) and `answers` (n, classes) are scratch.
    """
    answer(theta, sizes, places, code, rows, work, answers)
    deltas_of(answers, targets, logits_of(sizes, work[2], len(rows)))
    carry_back(theta, sizes, places, code, work, len(rows), of_rows)
