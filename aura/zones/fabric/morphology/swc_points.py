"""The points of an SWC file as one tree, parents before children."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from aura.core.errors import DataError
from aura.zones.fabric.morphology.swc_findings import Faults, Remarks
from aura.zones.fabric.morphology.swc_lines import SwcRow, read_rows

__all__ = ["NO_PARENT", "SOMA_TYPE", "Roots", "SwcPoint", "SwcTree", "read_points"]

Roots: TypeAlias = Literal["join", "first", "refuse"]
"""What becomes of a file of several trees."""

NO_PARENT = -1
"""The parent of the root."""

SOMA_TYPE = 1
KIND_OF_TYPE = {SOMA_TYPE: "soma", 2: "axon", 3: "basal", 4: "apical"}
"""The types that every dialect of SWC has in common."""

MARKER_TYPES = (5, 6)
"""Fork and end points in the original format; a neurite of unknown kind in SWC+."""


class SwcPoint(NamedTuple):
    """One line of the file."""

    line: int
    type: int
    kind: str
    """One of `section.KINDS`."""
    xyz_um: tuple[float, float, float]
    radius_um: float

    @property
    def is_soma(self) -> bool:
        """Whether the point is one of a soma."""
        return self.type == SOMA_TYPE


@dataclass(frozen=True)
class SwcTree:
    """The points of one neuron, depth first; point 0 is the root."""

    path: Path
    points: tuple[SwcPoint, ...]
    parents: tuple[int, ...]
    """Index of each point's parent, which precedes it; -1 for the root and what begins another tree."""
    children: tuple[tuple[int, ...], ...]
    """Indices of each point's children."""
    others: tuple[int, ...]
    """The points at which other trees begin, which are to be joined to the root."""


def read_points(path: Path, scale: float, zero_radius_um: float | None, roots: Roots, faults: Faults,
                remarks: Remarks) -> SwcTree:
    """Read the points of an SWC file and order them parents first.

    Parameters
    ----------
    path : Path
        The file: text, a point a line, ``#`` before a comment.
    scale, zero_radius_um
        As for `read_rows`.
    roots : {"join", "first", "refuse"}
        Whether further trees are kept, left out, or a fault.
    faults, remarks
        What is found goes there.

    Raises
    ------
    DataError
        If it cannot be read, or its points are no trees; the error names all faults, with their lines.

    Notes
    -----
    Types 1 to 4 are soma, axon, basal and apical dendrite. A point of type 5 or 6 on a neurite is of its parent's kind,
    as these once marked forks and ends. All others are dendrites.
    """
    rows, broken = read_rows(path, scale, zero_radius_um, faults, remarks)
    if not rows:
        faults.check()
        raise DataError(str(path), expected="at least one point", got="none")
    rows = _sorted(rows)
    parents = _link(rows, broken, faults)
    _check_cycles(rows, parents, faults)
    beginnings = [row for row in rows if row.parent == NO_PARENT]
    if roots == "refuse" and len(beginnings) > 1:
        for row in beginnings[1:]:
            faults.add(row.line, "one root", f"another, the first being in line {beginnings[0].line}",
                       "Try roots = 'join' or 'first'.")
    faults.check()
    if roots == "join":
        remarks.add("further roots were joined to the first", [row.line for row in beginnings[1:]])
    tree, left_out = _order(path, rows, parents, roots)
    remarks.add("points of other trees than the first were left out", left_out)
    return tree


def _sorted(rows: list[SwcRow]) -> list[SwcRow]:
    """Return the rows by their ids where every parent has a smaller one than its children, else as in the file."""
    return sorted(rows, key=lambda row: row.id) if all(row.parent < row.id for row in rows) else rows


def _link(rows: list[SwcRow], broken: set[int], faults: Faults) -> list[int]:
    """Return the row of each row's parent; -1 for a root, and where there is a fault."""
    row_of: dict[int, int] = {}
    parents = [NO_PARENT] * len(rows)
    twice: set[int] = set()
    for index, row in enumerate(rows):
        first = row_of.setdefault(row.id, index)
        if first != index:
            twice.add(index)
            faults.add(row.line, "ids that differ", f"id {row.id}, which line {rows[first].line} has")
    for index, row in enumerate(rows):
        if row.parent == NO_PARENT or index in twice:
            continue
        if row.parent == row.id:
            faults.add(row.line, "a parent other than the point itself", f"id {row.id} as id and parent",
                       "The root's parent is -1.")
        elif row.parent in row_of:
            parents[index] = row_of[row.parent]
        elif row.parent not in broken:
            faults.add(row.line, "the id of a point as parent, or -1 for the root", str(row.parent))
    return parents


def _check_cycles(rows: list[SwcRow], parents: list[int], faults: Faults) -> None:
    """Note every cycle, at its first line."""
    state = [0] * len(rows)  # 1 on the way now, 2 known to end
    for start in range(len(rows)):
        way: list[int] = []
        row = start
        while row >= 0 and state[row] == 0:
            state[row] = 1
            way.append(row)
            row = parents[row]
        if row >= 0 and state[row] == 1:
            first = min(way[way.index(row):], key=lambda member: rows[member].line)
            faults.add(rows[first].line, "a parent that leads to the root",
                       f"id {rows[first].id}, which is its own ancestor")
        for member in way:
            state[member] = 2


def _order(path: Path, rows: list[SwcRow], parents: list[int], roots: Roots) -> tuple[SwcTree, list[int]]:
    """Return the tree, its points numbered depth first, and the lines that were left out."""
    children: list[list[int]] = [[] for _ in rows]
    for row, parent in enumerate(parents):
        if parent >= 0:
            children[parent].append(row)
    beginnings = [row for row, parent in enumerate(parents) if parent < 0]
    order: list[int] = []
    waiting = beginnings[:1] if roots == "first" else beginnings[::-1]
    while waiting:
        row = waiting.pop()
        order.append(row)
        waiting += reversed(children[row])
    new = {row: index for index, row in enumerate(order)}
    points: list[SwcPoint] = []
    for row in order:
        line, _, swc_type, xyz_um, radius_um, _ = rows[row]
        kind = KIND_OF_TYPE.get(swc_type, "dendrite")
        if swc_type in MARKER_TYPES and parents[row] >= 0 and not points[new[parents[row]]].is_soma:
            kind = points[new[parents[row]]].kind
        points.append(SwcPoint(line, swc_type, kind, xyz_um, radius_um))
    tree = SwcTree(path, tuple(points), tuple(new.get(parents[row], NO_PARENT) for row in order),
                   tuple(tuple(new[child] for child in children[row]) for row in order),
                   tuple(new[row] for row in beginnings[1:] if row in new))
    return tree, [row.line for index, row in enumerate(rows) if index not in new]
