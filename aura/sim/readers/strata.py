"""A random split that holds the same fraction of every class, though a row may be of several or of none.

Iterative stratification: the class with the fewest rows left is dealt out first, each row to the part that still lacks
most rows of that class, of two that lack as many to the one that lacks most rows; so the rarest classes, which chance
splits worst, are split best. Rows of no class come last. Counts are whole numbers, so that nothing is rounded.

References
----------
Sechidis, Tsoumakas & Vlahavas (2011), On the Stratification of Multi-label Data, algorithm 1.
https://doi.org/10.1007/978-3-642-23808-6_10
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence

import numpy as np

__all__ = ["stratified"]

_LEARNT, _HELD = 0, 1


def stratified(classes: Sequence[tuple[str, ...]], order: np.ndarray, held: int) -> np.ndarray:
    """Return which rows are held out.

    Parameters
    ----------
    classes : sequence of tuple of str
        Those of each row.
    order : numpy.ndarray
        int64, a permutation of the rows: which of two rows of the same classes is held out follows from it.
    held : int
        How many rows are held out, if the classes can be split so exactly; above zero, and fewer than there are.

    Returns
    -------
    numpy.ndarray
        bool (row,); both parts have at least one row.

    Examples
    --------
    >>> stratified([("a",), ("a",), ("a",), ("a",), ("b",), ("b",)], np.array([3, 5, 0, 1, 4, 2]), 3).tolist()
    [True, False, True, False, True, False]
    """
    count = len(classes)
    # What a part lacks, times `count`: of all rows, and of the rows of each class.
    lacks = [(count - held) * count, held * count]
    rows_of: dict[str, list[int]] = {}
    for row in order.tolist():
        for label in dict.fromkeys(classes[row]):
            rows_of.setdefault(label, []).append(row)
    lacks_of = {label: [(count - held) * len(rows), held * len(rows)] for label, rows in rows_of.items()}
    left = {label: len(rows) for label, rows in rows_of.items()}
    part = np.full(count, -1, dtype=np.int8)

    def deal(row: int, wanted: Sequence[int]) -> None:
        chosen = _HELD if (wanted[_HELD], lacks[_HELD]) > (wanted[_LEARNT], lacks[_LEARNT]) else _LEARNT
        part[row] = chosen
        lacks[chosen] -= count
        for label in dict.fromkeys(classes[row]):
            lacks_of[label][chosen] -= count
            left[label] -= 1

    rarest = [(number, place, label) for place, (label, number) in enumerate(left.items())]
    heapq.heapify(rarest)
    while rarest:
        number, place, label = heapq.heappop(rarest)
        if left[label] != number:  # rows of it were dealt out with those of a rarer class
            if left[label]:
                heapq.heappush(rarest, (left[label], place, label))
            continue
        for row in rows_of[label]:
            if part[row] < 0:
                deal(row, lacks_of[label])
    for row in order.tolist():
        if part[row] < 0:
            deal(row, lacks)
    mask: np.ndarray = part == _HELD
    if mask.all() or not mask.any():  # so few rows of so many classes that no class has one to spare
        mask[order[0]] = not mask[order[0]]
    return mask
