"""Means over blocks of a grid, so that a picture of a large volume has few points."""

from __future__ import annotations

import math

import numpy as np

__all__ = ["block_sides", "pooled"]


def block_sides(shape: tuple[int, ...], most: int) -> tuple[int, ...]:
    """Return the sides of blocks of which at most `most` fill a grid; the axes with the most are halved first.

    Examples
    --------
    >>> block_sides((17, 17, 128), 3000), block_sides((5, 5, 16), 3000)
    ((2, 2, 8), (1, 1, 1))
    """
    sides = [1] * len(shape)
    while math.prod(blocks := [-(-length // side) for length, side in zip(shape, sides, strict=True)]) > most:
        sides = [side * 2 if count == max(blocks) else side for side, count in zip(sides, blocks, strict=True)]
    return tuple(sides)


def pooled(values: np.ndarray, sides: tuple[int, ...]) -> np.ndarray:
    """Return the means of blocks of these sides; blocks at the far ends may be smaller.

    Examples
    --------
    >>> pooled(np.array([[1.0, 3.0, 5.0]]), (1, 2)).tolist()
    [[2.0, 5.0]]
    """
    for axis, side in enumerate(sides):
        starts = np.arange(0, values.shape[axis], side)
        sizes = np.diff(np.append(starts, values.shape[axis]))
        lengths = sizes.reshape([-1 if other == axis else 1 for other in range(values.ndim)])
        values = np.add.reduceat(values, starts, axis=axis) / lengths
    return values
