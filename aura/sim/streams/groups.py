"""Rows that belong together, and parts of them of which no two share a speaker, a conversation, or the like."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from math import fsum

import numpy as np

from aura.core.errors import StreamError
from aura.plugins.streams import Reader
from aura.sim.streams.classes import class_field, row_classes
from aura.sim.streams.ties import pieces_of

__all__ = ["dealt", "dealt_with_ties", "groups_of", "last_groups", "require_apart"]

_NAMED = 3
"""Values that an error names."""
_ALL = ""
"""Every row is of this class, so that parts are balanced by their rows too; an empty text is no class of a row."""


def groups_of(reader: Reader, rows: np.ndarray, fields: Sequence[str], name: str) -> np.ndarray:
    """Return the group of each of some rows, int64, counted as they begin.

    Rows that share a value of a field are of one group, and so are those that are joined by others (the connected
    components). A row without a value shares none.

    Raises
    ------
    StreamError
        If there is no such field, or it is not of tags, text or integers.
    """
    parent: dict[tuple[int, str], tuple[int, str]] = {}

    def root(node: tuple[int, str]) -> tuple[int, str]:
        while (above := parent.setdefault(node, node)) != node:
            parent[node] = parent[above]
            node = above
        return node

    first: list[tuple[int, str] | None] = [None] * len(rows)
    for number, field in enumerate(fields):
        class_field(reader.fields, field, f"{name}.hold_out_by")
        for index, (_, values) in enumerate(row_classes(reader, rows, field)):
            for value in values:
                node = (number, value)
                if (known := first[index]) is None:
                    first[index] = node
                parent[root(node)] = root(known or node)
    numbers: dict[object, int] = {}
    return np.array([numbers.setdefault(index if node is None else root(node), len(numbers))
                     for index, node in enumerate(first)], dtype=np.int64)


def dealt(groups: np.ndarray, shares: Sequence[Fraction], draws: np.random.Generator,
          strata: Sequence[tuple[str, ...]] | None = None) -> np.ndarray:
    """Return the part that each row is dealt to, int64: all rows of a group to one part.

    The largest group is dealt out first, and of groups of one size one that is drawn. Each goes where it takes most off
    the sum of squares of what the parts lack, of all rows and of each class, as fractions of what there is of it.

    Parameters
    ----------
    groups : array of int64
        The group of each row.
    shares : sequence of Fraction
        The fraction of the rows that each part is to have; they add up to 1.
    draws : numpy.random.Generator
    strata : sequence of tuple of str, optional
        The classes of each row, of which each part is to have its share too.

    Examples
    --------
    >>> halves = [Fraction(1, 2)] * 2
    >>> dealt(np.array([0, 0, 0, 1, 2, 2]), halves, np.random.default_rng(1)).tolist()
    [0, 0, 0, 1, 1, 1]
    """
    classes: list[Counter[str]] = [Counter() for _ in range(int(groups.max()) + 1)]
    for row, group in enumerate(groups.tolist()):
        classes[group].update((_ALL, *dict.fromkeys(strata[row] if strata is not None else ())))
    total = sum(classes, Counter[str]())
    wanted = [{label: float(share * count) for label, count in total.items()} for share in shares]
    dealt_out = [dict.fromkeys(total, 0) for _ in shares]
    weight = {label: 1 / count ** 2 for label, count in total.items()}
    drawn = draws.permutation(len(classes)).tolist()
    part_of = np.empty(len(classes), dtype=np.int64)
    for group in sorted(drawn, key=lambda group: -classes[group][_ALL]):
        gains = [fsum(weight[label] * count * (2 * (goal[label] - have[label]) - count)
                      for label, count in classes[group].items()) for goal, have in zip(wanted, dealt_out, strict=True)]
        part_of[group] = part = gains.index(max(gains))
        for label, count in classes[group].items():
            dealt_out[part][label] += count
    parts: np.ndarray = part_of[groups]
    return parts


def dealt_with_ties(reader: Reader, rows: np.ndarray, fields: Sequence[str], shares: Sequence[Fraction],
                    draws: np.random.Generator, strata: Sequence[tuple[str, ...]] | None, name: str) -> np.ndarray:
    """Return, bool (part, row), which parts each row has to do with: one, or several where it ties them together.

    Groups that hold more rows than the smallest part is to have are parted where few values of the first field, as the
    conversations, tie them.
    """
    units = groups_of(reader, rows, fields[:1], name)
    numbers: dict[tuple[int, str], int] = {}
    members: list[dict[int, None]] = [{} for _ in range(int(units.max()) + 1)]
    for field in fields[1:]:
        class_field(reader.fields, field, f"{name}.hold_out_by")
        for unit, (_, values) in zip(units.tolist(), row_classes(reader, rows, field), strict=True):
            members[unit].update(dict.fromkeys(numbers.setdefault((fields.index(field), value), len(numbers))
                                               for value in values))
    piece = pieces_of([tuple(nodes) for nodes in members], np.bincount(units).tolist(), len(numbers),
                      float(min(shares)) * len(rows))
    alone = int(piece.max(initial=-1)) + 1  # what has no value at all is a piece by itself
    pieces = [sorted({int(piece[node]) for node in nodes}) or [alone + unit] for unit, nodes in enumerate(members)]
    untied = np.array([len(pieces[unit]) == 1 for unit in units.tolist()])
    groups = np.array([pieces[unit][0] for unit in units.tolist()])
    known, groups = np.unique(groups[untied], return_inverse=True)
    strata = None if strata is None else [strata[row] for row in np.flatnonzero(untied).tolist()]
    parts = dealt(groups, shares, draws, strata)
    part_of = {int(known[group]): int(part) for group, part in zip(groups, parts, strict=True)}
    touched = np.zeros((len(shares), len(rows)), dtype=bool)
    for row, unit in enumerate(units.tolist()):
        touched[[part_of.get(one, 0) for one in pieces[unit]], row] = True
    return touched


def last_groups(groups: np.ndarray, held: int) -> np.ndarray:
    """Return which rows are of the last groups to begin, as many groups as come nearest to so many rows; at least one.

    Examples
    --------
    >>> last_groups(np.array([0, 1, 0, 2, 2]), 3).tolist()
    [False, True, False, True, True]
    """
    sizes = np.bincount(groups)[::-1]
    taken = 1 + int(np.argmin(np.abs(np.cumsum(sizes)[:-1] - held)))
    mask: np.ndarray = groups >= len(sizes) - taken
    return mask


def require_apart(learnt: tuple[Reader, np.ndarray], held: tuple[Reader, np.ndarray], fields: Sequence[str],
                  name: str) -> None:
    """Raise StreamError, with some of them, if rows to learn from and held-out ones share a value of a field."""
    for field in fields:
        for reader, _ in (learnt, held):
            class_field(reader.fields, field, f"{name}.hold_out_by")
        seen, other = (dict.fromkeys(value for _, values in row_classes(reader, rows, field) for value in values)
                       for reader, rows in (learnt, held))
        both = [value for value in other if value in seen]
        if both:
            shown = ", ".join(map(repr, both[:_NAMED])) + (", ..." if len(both) > _NAMED else "")
            raise StreamError(f"{name}.held_out", expected=f"no {field!r} of the learning rows among the held-out ones",
                              got=f"{len(both)} of {len(other)} ({shown})",
                              hint=f"Choose them by {field!r}, or let hold_out or folds do so; if it is meant, leave "
                                   f"{field!r} out of hold_out_by.")
