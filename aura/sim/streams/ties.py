"""Groups of rows that are too large, parted where few rows tie them: some conversations are left out for it.

Speakers who have talked to one another by way of others hang together, most of them often in one group. As a graph,
whose nodes are the speakers and whose edges the conversations, it is nearly a tree: where a branch of a spanning tree
holds enough rows, it becomes a piece of its own, and the conversations between two pieces are ties.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["pieces_of"]

_FRACTION = 3
"""A branch that holds a third of what may hang together becomes a piece (tuned here: of one, a half, a third and a
fourth the one that makes five folds of like size of the dialogues of PersuasionForGood with the fewest ties)."""


def pieces_of(units: Sequence[Sequence[int]], sizes: Sequence[int], nodes: int, most: float) -> np.ndarray:
    """Return the piece of each node, int64, such that few units have nodes in two of them.

    Parameters
    ----------
    units : sequence of sequence of int
        The nodes of each unit: the speakers of a conversation.
    sizes : sequence of int
        The rows of each unit.
    nodes : int
        How many nodes there are.
    most : float
        So many rows may hang together without being parted.

    Examples
    --------
    >>> pieces_of([(0, 1), (1, 2), (2, 3), (3, 4)], [9, 9, 9, 9], 5, 40.0).tolist()
    [0, 0, 0, 0, 0]
    >>> pieces_of([(0, 1), (1, 2), (2, 3), (3, 4)], [9, 9, 9, 9], 5, 30.0).tolist()
    [0, 0, 1, 1, 1]
    """
    units_of: list[list[int]] = [[] for _ in range(nodes)]
    rows = [0] * nodes
    for unit, members in enumerate(units):
        for node in members:
            units_of[node].append(unit)
        if members:
            rows[members[0]] += sizes[unit]
    piece = [-1] * nodes
    count = 0
    for root in sorted(range(nodes), key=lambda node: -len(units_of[node])):
        if piece[root] >= 0:
            continue
        parents = _spanning_tree(root, units, units_of)
        held = {node: rows[node] for node in parents}
        least = most / _FRACTION if sum(held.values()) > most else float("inf")
        for node, parent in reversed(parents.items()):
            if parent is not None and held[node] < least:
                held[parent] += held[node]
                held[node] = -1  # of its parent's piece
        for node, parent in parents.items():
            if parent is None or held[node] >= 0:
                piece[node], count = count, count + 1
            else:
                piece[node] = piece[parent]
    return np.array(piece, dtype=np.int64)


def _spanning_tree(root: int, units: Sequence[Sequence[int]],
                   units_of: Sequence[Sequence[int]]) -> dict[int, int | None]:
    """Return the nodes that hang together with `root`, each with the one by which it was found, parents first."""
    parents: dict[int, int | None] = {}
    reached: dict[int, int | None] = {root: None}
    waiting = [root]
    while waiting:
        node = waiting.pop()
        parents[node] = reached[node]
        for unit in units_of[node]:
            for other in units[unit]:
                if other not in reached:
                    reached[other] = node
                    waiting.append(other)
    return parents
