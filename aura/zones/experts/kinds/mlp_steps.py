"""The perceptron's update: its gradient, worked out a few inputs at a time, and Adam or descent along it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aura.zones.experts.kinds.mlp_kernels import ONE, TERMS, TWO, ZERO, answer, carry_back, deltas_of, kernel, logits_of

__all__ = ["LINES", "NORMAL_LEAST", "learn"]

F32 = NDArray[np.float32]
I64 = NDArray[np.int64]

NORMAL_LEAST = np.float32(1e-30)
"""A moment or parameter nearer to 0 is 0: denormal numbers would slow every update."""

LINES = 16  # inputs whose slopes are worked out at once, and used while they lie in the nearest cache; tuned here
_EPSILON = np.float32(1e-8)  # Adam's, as in optax


@kernel
def _gradient_lines(left: F32, deltas: F32, low: int, lines: F32) -> None:
    """Set `lines` (inputs, m) to the slopes by the weights of the inputs from `low` on."""
    rows, columns = deltas.shape
    even = rows - rows % TERMS
    lines[:] = ZERO
    for r in range(0, even, TERMS):
        for i in range(len(lines)):
            k = low + i
            a0, a1, a2, a3 = left[r, k], left[r + 1, k], left[r + 2, k], left[r + 3, k]
            if a0 == ZERO and a1 == ZERO and a2 == ZERO and a3 == ZERO:
                continue  # the ground of an image: adds nothing
            for j in range(columns):
                lines[i, j] = (lines[i, j] + a0 * deltas[r, j] + a1 * deltas[r + 1, j] + a2 * deltas[r + 2, j]
                               + a3 * deltas[r + 3, j])
    for r in range(even, rows):
        for i in range(len(lines)):
            a = left[r, low + i]
            if a != ZERO:
                for j in range(columns):
                    lines[i, j] += a * deltas[r, j]


@kernel
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


@kernel
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
        slopes[:] = ZERO
        for r in range(count):
            for j in range(narrow):
                slopes[j] += delta[r, j]
        _follow(theta, first, second, places[layer, 1], slopes, rates, squares)
        left = work[1][start:start + count * narrow].reshape(count, narrow)
        start += count * narrow


@kernel
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
    last = logits_of(sizes, work[2], count)
    deltas_of(given, targets, last)
    counted = 0
    for r in range(count):
        if weights[r] > 0 or holds[r] > 0:
            counted += 1
    part = ONE / np.float32(max(counted, 1))
    for r in range(count):
        for j in range(classes):
            last[r, j] *= weights[r] * part
        if anchor.size and holds[r] > 0:
            along = ZERO
            for j in range(classes):
                along += (given[r, j] - anchored[r, j]) * given[r, j]
            for j in range(classes):
                last[r, j] += TWO * holds[r] * part * given[r, j] * (given[r, j] - anchored[r, j] - along)
    carry_back(theta, sizes, places, code, work, count, np.empty((0, 0), np.float32))
    rates[7] = ONE
    if rates[6] > 0:
        squares = np.zeros(1, np.float32)
        _move(theta, sizes, places, rows, work, first, second, rates, line, squares)
        norm = np.sqrt(squares[0])
        if norm > rates[6]:
            rates[7] = rates[6] / norm
    _move(theta, sizes, places, rows, work, first, second, rates, line, np.empty(0, np.float32))


@kernel
def _adam(theta: F32, first: F32, second: F32, slopes: F32, rates: F32) -> None:
    rate, a, b, c, d, decay, shrink = rates[0], rates[1], rates[2], rates[3], rates[4], rates[5], rates[7]
    na, nb = ONE - a, ONE - b
    for place in range(theta.size):
        slope = slopes[place] * shrink
        mean = a * first[place] + na * slope
        square = b * second[place] + nb * slope * slope
        mean = mean if abs(mean) >= NORMAL_LEAST else ZERO
        square = square if square >= NORMAL_LEAST else ZERO
        first[place] = mean
        second[place] = square
        moved = theta[place] - rate * (mean * c / (np.sqrt(square * d) + _EPSILON) + decay * theta[place])
        theta[place] = moved if abs(moved) >= NORMAL_LEAST else ZERO


@kernel
def _descend(theta: F32, first: F32, slopes: F32, rates: F32) -> None:
    rate, momentum, decay, shrink = rates[0], rates[1], rates[5], rates[7]
    for place in range(theta.size):
        step = slopes[place] * shrink
        if first.size:
            step += momentum * first[place]
            step = step if abs(step) >= NORMAL_LEAST else ZERO
            first[place] = step
        moved = theta[place] - rate * (step + decay * theta[place])
        theta[place] = moved if abs(moved) >= NORMAL_LEAST else ZERO
