"""Pooling: a grid read as the means of at most so many boxes of neighbours."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["Pooling"]


class Pooling:
    """Means over boxes of a 3D grid.

    Parameters
    ----------
    shape : tuple of three int
        The grid.
    most : int
        How many boxes there may be.

    Notes
    -----
    The axis with most boxes is halved (rounding up) until they are few enough; boxes at a far border may be smaller.

    Examples
    --------
    >>> pooling = Pooling((2, 1, 4), most=4)
    >>> pooling.boxes, pooling.pool(np.arange(8.0).reshape(1, 2, 1, 4)).tolist()
    ((2, 1, 2), [[0.5, 2.5, 4.5, 6.5]])
    """

    def __init__(self, shape: tuple[int, int, int], most: int) -> None:
        boxes = list(shape)
        while math.prod(boxes) > max(most, 1):
            axis = int(np.argmax(boxes))
            boxes[axis] = -(-boxes[axis] // 2)
        self.shape, self.boxes = shape, (boxes[0], boxes[1], boxes[2])
        place = [np.arange(size) * count // size for size, count in zip(shape, boxes, strict=True)]
        box = (place[0][:, None, None] * boxes[1] + place[1][None, :, None]) * boxes[2] + place[2][None, None, :]
        self._box: NDArray[np.int64] = box.reshape(-1).astype(np.int64)
        self._order = np.argsort(self._box, kind="stable")
        self._size = np.bincount(self._box, minlength=math.prod(boxes)).astype(np.float64)
        self._start = np.concatenate([[0], np.cumsum(self._size[:-1])]).astype(np.int64)

    def __len__(self) -> int:
        return len(self._size)

    def pool(self, grids: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the means (item, box) of grids (item, x, y, z)."""
        flat = grids.reshape(len(grids), -1)
        if len(self) == flat.shape[1]:
            return flat.astype(np.float64)
        sums = np.add.reduceat(flat[:, self._order].astype(np.float64), self._start, axis=1)
        return np.asarray(sums / self._size)

    def spread(self, gradients: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the adjoint of `pool`: gradients (item, x, y, z) from gradients (item, box)."""
        return np.asarray((gradients / self._size)[:, self._box].reshape(len(gradients), *self.shape))
