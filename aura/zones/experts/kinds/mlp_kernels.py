"""The perceptron's forward and backward pass and its update, compiled for one core: no dispatch, no threads.

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

__all__ = ["ACTIVATION_CODES", "NORMAL_LEAST", "forward", "learn", "probabilities", "slope"]

F32 = NDArray[np.float32]
I64 = NDArray[np.int64]
F = TypeVar("F", bound=Callable[..., object])

ACTIVATION_CODES = {"relu": 0, "gelu": 1, "tanh": 2, "silu": 3}
NORMAL_LEAST = np.float32(1e-30)
"""A moment or parameter nearer to 0 is 0: denormal numbers would slow every update."""

ORDERED = {"contract", "nsz"}
"""Products may be fused into sums; sums keep their order, and NaN and infinities are honoured."""
_BLOCK = 8  # terms of a sum that one sweep over its line adds; tuned here: four lines a sweep are no faster
_ZERO, _ONE, _HALF, _TWO, _THREE = (np.float32(number) for number in (0, 1, 0.5, 2, 3))
_GELU_SCALE, _GELU_CUBE = np.float32(0.7978845608028654), np.float32(0.044715)  # Hendrycks, Gimpel: arXiv:1606.08415
_EPSILON = np.float32(1e-8)  # Adam's, as in optax


def _kernel(function: F) -> F:
    return cast(F, njit(cache=True, nogil=True, error_model="numpy", fastmath=ORDERED)(function))


@_kernel
def _add_product(left: F32, right: F32, out: F32) -> None:
    """Add to `out` (n, m) the product of `left` (n, k) and `right` (k, m)."""
    rows, inner = left.shape
    columns = right.shape[1]
    even = inner - inner % _BLOCK
    for k in range(0, even, _BLOCK):
        for i in range(rows):
            a0, a1, a2, a3 = left[i, k], left[i, k + 1], left[i, k + 2], left[i, k + 3]
            a4, a5, a6, a7 = left[i, k + 4], left[i, k + 5], left[i, k + 6], left[i, k + 7]
            for j in range(columns):
                out[i, j] = (out[i, j] + a0 * right[k, j] + a1 * right[k + 1, j] + a2 * right[k + 2, j]
                             + a3 * right[k + 3, j] + a4 * right[k + 4, j] + a5 * right[k + 5, j]
                             + a6 * right[k + 6, j] + a7 * right[k + 7, j])
    for k in range(even, inner):
        for i in range(rows):
            a = left[i, k]
            for j in range(columns):
                out[i, j] += a * right[k, j]


@_kernel
def _add_outer(left: F32, right: F32, out: F32) -> None:
    """Add to `out` (k, m) the product of `left` (n, k), transposed, and `right` (n, m)."""
    rows, inner = left.shape
    columns = right.shape[1]
    even = rows - rows % _BLOCK
    for i in range(inner):
        for r in range(0, even, _BLOCK):
            a0, a1, a2, a3 = left[r, i], left[r + 1, i], left[r + 2, i], left[r + 3, i]
            a4, a5, a6, a7 = left[r + 4, i], left[r + 5, i], left[r + 6, i], left[r + 7, i]
            for j in range(columns):
                out[i, j] = (out[i, j] + a0 * right[r, j] + a1 * right[r + 1, j] + a2 * right[r + 2, j]
                             + a3 * right[r + 3, j] + a4 * right[r + 4, j] + a5 * right[r + 5, j]
                             + a6 * right[r + 6, j] + a7 * right[r + 7, j])
        for r in range(even, rows):
            a = left[r, i]
            for j in range(columns):
                out[i, j] += a * right[r, j]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=ORDERED | {"reassoc"})
def _back_product(deltas: F32, weights: F32, out: F32) -> None:
    """Set `out` (n, k) to the product of `deltas` (n, m) and `weights` (k, m), transposed; sums go in lanes."""
    rows, columns = deltas.shape
    for i in range(weights.shape[0]):
        for r in range(rows):
            total = _ZERO
            for j in range(columns):
                total += deltas[r, j] * weights[i, j]
            out[r, i] = total


@_kernel
def _activate(code: int, before: F32, after: F32) -> None:
    for place in range(before.size):
        x = before[place]
        if code == 0:
            after[place] = max(x, _ZERO)
        elif code == 1:
            after[place] = _HALF * x * (_ONE + np.tanh(_GELU_SCALE * (x + _GELU_CUBE * x * x * x)))
        elif code == 2:
            after[place] = np.tanh(x)
        else:
            after[place] = x / (_ONE + np.exp(-x))


@_kernel
def _rise(code: int, x: Any) -> Any:
    """Return the derivative of an activation."""
    if code == 0:
        return _ONE if x > _ZERO else _ZERO
    if code == 1:
        t = np.tanh(_GELU_SCALE * (x + _GELU_CUBE * x * x * x))
        return (_HALF * (_ONE + t)
                + _HALF * x * (_ONE - t * t) * _GELU_SCALE * (_ONE + _THREE * _GELU_CUBE * x * x))
    if code == 2:
        t = np.tanh(x)
        return _ONE - t * t
    s = _ONE / (_ONE + np.exp(-x))
    return s * (_ONE + x * (_ONE - s))


@_kernel
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
        out[:] = theta[places[layer, 1]:places[layer, 1] + narrow]
        _add_product(previous, weights, out)
        if layer < len(sizes) - 2:
            _activate(code, before[start:start + count * narrow], after[start:start + count * narrow])
        previous = after[start:start + count * narrow].reshape(count, narrow)
        start += count * narrow


@_kernel
def probabilities(logits: F32, mask: F32, out: F32) -> None:
    """Set `out` (n, m) to the softmax of masked logits."""
    for r in range(len(logits)):
        most = -np.float32(np.inf)
        for j in range(logits.shape[1]):
            out[r, j] = logits[r, j] + mask[j]
            most = max(most, out[r, j])
        total = _ZERO
        for j in range(logits.shape[1]):
            out[r, j] = np.exp(out[r, j] - most)
            total += out[r, j]
        for j in range(logits.shape[1]):
            out[r, j] /= total


@_kernel
def _backward(theta: F32, sizes: I64, places: I64, code: int, rows: F32, before: F32, after: F32, deltas: F32,
              of_theta: F32, of_rows: F32) -> None:
    """Carry the logits' deltas, last in `deltas`, back; `of_theta` is added to, `of_rows` set; one may be empty."""
    count = len(rows)
    start = len(deltas) - count * sizes[-1]
    for layer in range(len(sizes) - 2, -1, -1):
        wide, narrow = sizes[layer], sizes[layer + 1]
        first = places[layer, 0]
        delta = deltas[start:start + count * narrow].reshape(count, narrow)
        low = start - count * wide
        if of_theta.size:
            left = after[low:start].reshape(count, wide) if layer else rows
            _add_outer(left, delta, of_theta[first:first + wide * narrow].reshape(wide, narrow))
            for r in range(count):
                for j in range(narrow):
                    of_theta[places[layer, 1] + j] += delta[r, j]
        weights = theta[first:first + wide * narrow].reshape(wide, narrow)
        if layer:
            _back_product(delta, weights, deltas[low:start].reshape(count, wide))
            for place in range(low, start):
                deltas[place] *= _rise(code, before[place])
        elif of_rows.size:
            _back_product(delta, weights, of_rows)
        start = low


@_kernel
def slope(theta: F32, sizes: I64, places: I64, code: int, rows: F32, before: F32, after: F32, answers: F32,
          targets: F32, deltas: F32, of_rows: F32) -> None:
    """Set `of_rows` to the gradient of each row's own cross-entropy with respect to it; `answers` are predicted."""
    count = len(rows)
    last = deltas[len(deltas) - count * sizes[-1]:].reshape(count, sizes[-1])
    for r in range(count):
        mass = targets[r].sum()
        for j in range(sizes[-1]):
            last[r, j] = answers[r, j] * mass - targets[r, j]
    _backward(theta, sizes, places, code, rows, before, after, deltas, np.empty(0, np.float32), of_rows)


@_kernel
def learn(theta: F32, sizes: I64, places: I64, code: int, rows: F32, before: F32, after: F32, answers: F32,
          anchored: F32, targets: F32, weights: F32, holds: F32, deltas: F32, of_theta: F32, first: F32, second: F32,
          rate: Any, momenta: F32, corrections: F32, decay: Any, clip: Any) -> None:
    """Take one step of Adam, or of descent with momentum where `second` is empty.

    Parameters
    ----------
    theta, sizes, places, code, rows, before, after
        As of `forward`, which has set the activations; `theta` is changed.
    answers, anchored : (n, outputs)
        Predicted by `theta` and by the anchor; `anchored` is empty where nothing is held.
    targets, weights, holds
        As of `Lesson`.
    deltas : (n * units,)
        Scratch.
    of_theta : (parameters,)
        Scratch: zeros, and left so.
    first, second : (parameters,)
        The running means; changed.
    rate, momenta, corrections, decay, clip
        The learning rate, the two momenta, the factors that correct the means for their start, the share of weight
        decay, and the largest norm of the gradient (0: no limit).
    """
    count = len(rows)
    last = deltas[len(deltas) - count * sizes[-1]:].reshape(count, sizes[-1])
    counted = 0
    for r in range(count):
        if weights[r] > 0 or holds[r] > 0:
            counted += 1
    part = _ONE / np.float32(max(counted, 1))
    for r in range(count):
        mass = targets[r].sum()
        for j in range(sizes[-1]):
            last[r, j] = weights[r] * part * (answers[r, j] * mass - targets[r, j])
        if anchored.size and holds[r] > 0:
            along = _ZERO
            for j in range(sizes[-1]):
                along += (answers[r, j] - anchored[r, j]) * answers[r, j]
            for j in range(sizes[-1]):
                last[r, j] += _TWO * holds[r] * part * answers[r, j] * (answers[r, j] - anchored[r, j] - along)
    _backward(theta, sizes, places, code, rows, before, after, deltas, of_theta, np.empty((0, 0), np.float32))
    shrink: Any = _ONE
    if clip > 0:
        norm = 0.0
        for place in range(theta.size):
            norm += np.float64(of_theta[place]) * of_theta[place]
        norm = np.sqrt(norm)
        if norm > clip:
            shrink = np.float32(clip / norm)
    if second.size:
        _adam(theta, first, second, of_theta, shrink, rate, momenta, corrections, decay)
    else:
        _descend(theta, first, of_theta, shrink, rate, momenta[0], decay)


@_kernel
def _adam(theta: F32, first: F32, second: F32, gradient: F32, shrink: Any, rate: Any, momenta: F32,
          corrections: F32, decay: Any) -> None:
    a, b, c, d = momenta[0], momenta[1], corrections[0], corrections[1]
    na, nb = _ONE - a, _ONE - b
    for place in range(theta.size):
        slope = gradient[place] * shrink
        gradient[place] = _ZERO
        mean = a * first[place] + na * slope
        square = b * second[place] + nb * slope * slope
        mean = mean if abs(mean) >= NORMAL_LEAST else _ZERO
        square = square if square >= NORMAL_LEAST else _ZERO
        first[place] = mean
        second[place] = square
        moved = theta[place] - rate * (mean * c / (np.sqrt(square * d) + _EPSILON) + decay * theta[place])
        theta[place] = moved if abs(moved) >= NORMAL_LEAST else _ZERO


@_kernel
def _descend(theta: F32, first: F32, gradient: F32, shrink: Any, rate: Any, momentum: Any,
             decay: Any) -> None:
    for place in range(theta.size):
        step = gradient[place] * shrink
        gradient[place] = _ZERO
        if first.size:
            step += momentum * first[place]
            step = step if abs(step) >= NORMAL_LEAST else _ZERO
            first[place] = step
        moved = theta[place] - rate * (step + decay * theta[place])
        theta[place] = moved if abs(moved) >= NORMAL_LEAST else _ZERO
