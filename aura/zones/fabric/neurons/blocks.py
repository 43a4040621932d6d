"""Cells in blocks: an array (block, row, lane), a lane for each cell, and the rows of its cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["filled", "unblocked", "write"]


def filled(start: NDArray[Any], cells: int, lanes: int) -> NDArray[Any]:
    """Return blocks for so many cells, each beginning with the values of `start`, (row,)."""
    return np.tile(start[None, :, None], (-(-cells // lanes), 1, lanes))


def unblocked(blocks: NDArray[Any], cells: int) -> NDArray[Any]:
    """Return a copy of blocks as (row, cell).

    Examples
    --------
    >>> blocks = filled(np.array([1.0, 2.0]), cells=3, lanes=2)
    >>> unblocked(blocks, 3).tolist()
    [[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]]
    """
    count, rows, lanes = blocks.shape
    return blocks.transpose(1, 0, 2).reshape(rows, count * lanes)[:, :cells].copy()


def write(values: NDArray[Any], rows: NDArray[np.int64], blocks: NDArray[Any]) -> None:
    """Set some rows, given as (row, cell), of blocks, which change."""
    lanes = blocks.shape[2]
    whole, few = divmod(values.shape[1], lanes)
    cut = whole * lanes
    blocks[:whole, rows] = values[:, :cut].reshape(len(rows), whole, lanes).transpose(1, 0, 2)
    if few:
        blocks[whole, rows, :few] = values[:, cut:]
