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

__all__ = ["ACTIVATION_CODES", "LINES", "NORMAL_LEAST", "answer", "forward", "learn", "probabilities", "slope"]

F32 = NDArray[np.float32]
I64 = NDArray[np.int64]
F = TypeVar("F", bound=Callable[..., object])

ACTIVATION_CODES = {"relu": 0, "gelu": 1, "tanh": 2, "silu": 3}
NORMAL_LEAST = np.float32(1e-30)
"""A moment or parameter nearer to 0 is 0: denormal numbers would slow every update."""

ORDERED = {"contract", "nsz"}
"""Products may be fused into sums; sums keep their order, and NaN and infinities are honoured."""
_TERMS = 4  # of a sum that one sweep over its line adds
LINES = 16  # inputs whose slopes are worked out at once, and used while they lie in the nearest cache; tuned here
_TILE = 4  # rows that share the weights read in one sweep; tuned here
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
    tiled = rows - rows % _TILE
    even = inner - inner % _TERMS
    for i in range(0, tiled, _TILE):
        for k in range(0, even, _TERMS):
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
        for k in range(0, even, _TERMS):
            a0, a1, a2, a3 = left[i, k], left[i, k + 1], left[i, k + 2], left[i, k + 3]
            if a0 == _ZERO and a1 == _ZERO and a2 == _ZERO and a3 == _ZERO:
                continue  # the ground of an image: adds nothing
            for j in range(columns):
                out[i, j] = (out[i, j] + a0 * right[k, j] + a1 * right[k + 1, j] + a2 * right[k + 2, j]
                             + a3 * right[k + 3, j])
    for i in range(rows):
        for k in range(even, inner):
            a = left[i, k]
            for j in range(columns):
                out[i, j] += a * right[k, j]


@_kernel
def _gradient_lines(left: F32, deltas: F32, low: int, lines: F32) -> None:
    """Set `lines` (inputs, m) to the slopes by the weights of the inputs from `low` on."""
    rows, columns = deltas.shape
    even = rows - rows % _TERMS
    lines[:] = _ZERO
    for r in range(0, even, _TERMS):
        for i in range(len(lines)):
            k = low + i
            a0, a1, a2, a3 = left[r, k], left[r + 1, k], left[r + 2, k], left[r + 3, k]
            if a0 == _ZERO and a1 == _ZERO and a2 == _ZERO and a3 == _ZERO:
                continue  # the ground of an image: adds nothing
            for j in range(columns):
                lines[i, j] = (lines[i, j] + a0 * deltas[r, j] + a1 * deltas[r + 1, j] + a2 * deltas[r + 2, j]
                               + a3 * deltas[r + 3, j])
    for r in range(even, rows):
        for i in range(len(lines)):
            a = left[r, low + i]
            if a != _ZERO:
                for j in range(columns):
                    lines[i, j] += a * deltas[r, j]


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
def probabilities(logits: F32, out: F32) -> None:
    """Set `out` (n, m) to the softmax of the first m logits, those of the classes that are known."""
    for r in range(len(logits)):
        most = -np.float32(np.inf)
        for j in range(out.shape[1]):
            most = max(most, logits[r, j])
        total = _ZERO
        for j in range(out.shape[1]):
            out[r, j] = np.exp(logits[r, j] - most)
            total += out[r, j]
        for j in range(out.shape[1]):
            out[r, j] /= total


@_kernel
def _logits(sizes: I64, flat: F32, count: int) -> F32:
    """Return the last layer's part of an array of all layers, (n, outputs)."""
    last = sizes[-1]
    return flat[len(flat) - count * last:].reshape(count, last)


@_kernel
def _carry_back(theta: F32, sizes: I64, places: I64, code: int, work: F32, count: int, of_rows: F32) -> None:
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


@_kernel
def _follow(theta: F32, first: F32, second: F32, low: int, slopes: F32, rates: F32, squares: F32) -> None:
    """Move the parameters from `low` on along their slopes, or add up the squares of these."""
    high = low + slopes.size
    if squares.size:
        for j in range(slopes.size):
            squares[0] += slopes[j] * slopes[j]
    elif second.size:
        _adam(theta[low:high], first[low:high], second[low:high], slopes, rates)
    else:
        _descend(theta[low:high], first[low:high] if first.size else first, slopes, rates)


@_kernel
def _move(theta: F32, sizes: I64, places: I64, rows: F32, work: F32, first: F32, second: F32, rates: F32, line: F32,
          squares: F32) -> None:
    """Move all parameters along their gradient, or, where `squares` (1,) is given, only add up its squares there.

    The gradient is worked out and used a few inputs at a time.
    """
    count = len(rows)
    start = 0
    left = rows
    for layer in range(len(sizes) - 1):
        wide, narrow = sizes[layer], sizes[layer + 1]
        delta = work[2][start:start + count * narrow].reshape(count, narrow)
        for low in range(0, wide, LINES):
            high = min(low + LINES, wide)
            slopes = line[:(high - low) * narrow]
            _gradient_lines(left, delta, low, slopes.reshape(high - low, narrow))
            _follow(theta, first, second, places[layer, 0] + low * narrow, slopes, rates, squares)
        slopes = line[:narrow]
        slopes[:] = _ZERO
        for r in range(count):
            for j in range(narrow):
                slopes[j] += delta[r, j]
        _follow(theta, first, second, places[layer, 1], slopes, rates, squares)
        left = work[1][start:start + count * narrow].reshape(count, narrow)
        start += count * narrow


@_kernel
def _deltas(answers: F32, targets: F32, last: F32) -> None:
    """Set `last` (n, outputs) to the slope of each row's cross-entropy; that of logits without a class is 0."""
    for r in range(len(answers)):
        mass = targets[r].sum()
        last[r] = _ZERO
        for j in range(answers.shape[1]):
            last[r, j] = answers[r, j] * mass - targets[r, j]


@_kernel
def answer(theta: F32, sizes: I64, places: I64, code: int, rows: F32, work: F32, out: F32) -> None:
    """Set `out` (n, classes) to the probability of each class; `work` (2, n * units) is scratch."""
    forward(theta, sizes, places, code, rows, work[0], work[1])
    probabilities(_logits(sizes, work[0], len(rows)), out)


@_kernel
def slope(theta: F32, sizes: I64, places: I64, code: int, rows: F32, targets: F32, work: F32, answers: F32,
          of_rows: F32) -> None:
    """Set `of_rows` to the gradient of each row's own cross-entropy with respect to it.

    `work` (3, n * units) and `answers` (n, classes) are scratch.
    """
    answer(theta, sizes, places, code, rows, work, answers)
    _deltas(answers, targets, _logits(sizes, work[2], len(rows)))
    _carry_back(theta, sizes, places, code, work, len(rows), of_rows)


@_kernel
def learn(theta: F32, anchor: F32, sizes: I64, places: I64, code: int, rows: F32, targets: F32, weights: F32,
          holds: F32, work: F32, answers: F32, line: F32, first: F32, second: F32, rates: F32) -> None:
    """Take one step of Adam, or of descent with momentum where `second` is empty.

    Parameters
    ----------
    theta, sizes, places, code, rows
        As of `forward`; `theta` is changed.
    anchor : (parameters,)
        What outputs are held to; empty where nothing is held.
    targets, weights, holds
        As of `Lesson`.
    work : (3, n * units)
        Scratch.
    answers : (2, n, classes)
        Scratch.
    line : (16 * largest layer,)
        Scratch.
    first, second : (parameters,)
        The running means; changed.
    rates : (8,)
        The learning rate, the two momenta, the factors that correct the means for their start, the share of weight
        decay, the largest norm of the gradient (0: no limit), and the factor that keeps it, which is set.
    """
    count, classes = len(rows), answers.shape[2]
    given, anchored = answers[0], answers[1]
    if anchor.size:
        answer(anchor, sizes, places, code, rows, work, anchored)
    answer(theta, sizes, places, code, rows, work, given)
    last = _logits(sizes, work[2], count)
    _deltas(given, targets, last)
    counted = 0
    for r in range(count):
        if weights[r] > 0 or holds[r] > 0:
            counted += 1
    part = _ONE / np.float32(max(counted, 1))
    for r in range(count):
        for j in range(classes):
            last[r, j] *= weights[r] * part
        if anchor.size and holds[r] > 0:
            along = _ZERO
            for j in range(classes):
                along += (given[r, j] - anchored[r, j]) * given[r, j]
            for j in range(classes):
                last[r, j] += _TWO * holds[r] * part * given[r, j] * (given[r, j] - anchored[r, j] - along)
    _carry_back(theta, sizes, places, code, work, count, np.empty((0, 0), np.float32))
    rates[7] = _ONE
    if rates[6] > 0:
        squares = np.zeros(1, np.float32)
        _move(theta, sizes, places, rows, work, first, second, rates, line, squares)
        norm = np.sqrt(squares[0])
        if norm > rates[6]:
            rates[7] = rates[6] / norm
    _move(theta, sizes, places, rows, work, first, second, rates, line, np.empty(0, np.float32))


@_kernel
def _adam(theta: F32, first: F32, second: F32, slopes: F32, rates: F32) -> None:
    rate, a, b, c, d, decay, shrink = rates[0], rates[1], rates[2], rates[3], rates[4], rates[5], rates[7]
    na, nb = _ONE - a, _ONE - b
    for place in range(theta.size):
        slope = slopes[place] * shrink
        mean = a * first[place] + na * slope
        square = b * second[place] + nb * slope * slope
        mean = mean if abs(mean) >= NORMAL_LEAST else _ZERO
        square = square if square >= NORMAL_LEAST else _ZERO
        first[place] = mean
        second[place] = square
        moved = theta[place] - rate * (mean * c / (np.sqrt(square * d) + _EPSILON) + decay * theta[place])
        theta[place] = moved if abs(moved) >= NORMAL_LEAST else _ZERO


@_kernel
def _descend(theta: F32, first: F32, slopes: F32, rates: F32) -> None:
    rate, momentum, decay, shrink = rates[0], rates[1], rates[5], rates[7]
    for place in range(theta.size):
        step = slopes[place] * shrink
        if first.size:
            step += momentum * first[place]
            step = step if abs(step) >= NORMAL_LEAST else _ZERO
            first[place] = step
        moved = theta[place] - rate * (step + decay * theta[place])
        theta[place] = moved if abs(moved) >= NORMAL_LEAST else _ZERO
