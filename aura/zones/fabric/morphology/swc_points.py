"""The points of an SWC file, read and checked line by line: ``id type x y z radius parent``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from aura.core.errors import DataError
from aura.zones.fabric.morphology.section import LARGEST_UM

__all__ = ["SwcPoint", "SwcTree", "read_points"]

COLUMNS = ("id", "type", "x", "y", "z", "radius", "parent")

SOMA_TYPE = 1
KIND_OF_TYPE = {SOMA_TYPE: "soma", 2: "axon", 3: "basal", 4: "apical"}
"""The types that every dialect of SWC has in common."""

MARKER_TYPES = (5, 6)
"""Fork and end points in the original format; a neurite of unknown kind in SWC+."""

END_OF_FILE = b"\x1a"
"""A mark that old systems leave behind a text."""

NO_TEXT = re.compile(rb"[\x00-\x08\x0e-\x19\x1b-\x1f]")
"""Control characters that no text holds."""


class SwcPoint(NamedTuple):
    """One line of the file."""

    line: int
    kind: str
    """One of `section.KINDS`."""
    xyz_um: tuple[float, float, float]
    radius_um: float


@dataclass(frozen=True)
class SwcTree:
    """The points of one neuron; point 0 is the root."""

    path: Path
    points: tuple[SwcPoint, ...]
    parents: tuple[int, ...]
    """Index of each point's parent, which precedes it; -1 for the root."""
    children: tuple[tuple[int, ...], ...]
    """Indices of each point's children, in the order of the file."""

    def where(self, point: int) -> str:
        """Return file and line of a point, for errors."""
        return f"{self.path}:{self.points[point].line}"


class _Row(NamedTuple):
    line: int
    id: int
    type: int
    xyz_um: tuple[float, float, float]
    radius_um: float
    parent: int


def read_points(path: str | Path) -> SwcTree:
    """Read the points of an SWC file and order them parents first.

    Parameters
    ----------
    path : str or Path
        The file: text, a point a line, ``#`` before a comment.

    Raises
    ------
    DataError
        If it cannot be read, or its points are not one tree; the error names file and line.

    Notes
    -----
    Types 1 to 4 are soma, axon, basal and apical dendrite. A point of type 5 or 6 on a neurite is of its parent's kind,
    as these once marked forks and ends. All others are dendrites.
    """
    path = Path(path)
    rows = [_parse(path, line, text) for line, text in _lines(path)]
    if not rows:
        raise DataError(str(path), expected="at least one point", got="none")
    parents = _link(path, rows)
    return _order(path, rows, parents)


def _lines(path: Path) -> list[tuple[int, str]]:
    """Return number and text of the lines that hold more than a comment."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise DataError(str(path), expected="an SWC file", got="no such file") from None
    except OSError as error:
        raise DataError(str(path), expected="an SWC file", got=f"{type(error).__name__}: {error.strerror}") from error
    odd = NO_TEXT.search(data)
    if odd:
        line = data.count(b"\n", 0, odd.start()) + 1
        raise DataError(f"{path}:{line}", expected="text", got=f"the byte 0x{odd.group().hex()}, as binary files have",
                        hint="Try to unpack it or convert it to plain SWC.")
    text = data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n").rstrip(END_OF_FILE)
    contents = (line.split(b"#")[0].decode("latin-1").strip() for line in text.split(b"\n"))
    return [(number, content) for number, content in enumerate(contents, 1) if content]


def _parse(path: Path, line: int, text: str) -> _Row:
    where, fields = f"{path}:{line}", text.split()
    if len(fields) != len(COLUMNS):
        raise DataError(where, expected=f"{len(COLUMNS)} columns ({' '.join(COLUMNS)})", got=f"{len(fields)}: {text!r}")
    point, kind, parent = (_whole(where, COLUMNS[column], fields[column]) for column in (0, 1, 6))
    x, y, z, radius = (_number(where, COLUMNS[column], fields[column]) for column in (2, 3, 4, 5))
    if point < 0:
        raise DataError(where, expected="an id of 0 or more", got=str(point))
    if kind < 0:
        raise DataError(where, expected="a type of 0 or more", got=str(kind))
    if radius <= 0.0:
        raise DataError(where, expected="a positive radius", got=fields[5])
    return _Row(line, point, kind, (x, y, z), radius, parent)


def _number(where: str, column: str, field: str) -> float:
    try:
        value = float(field.replace("_", "?"))  # Python reads 1_0 as a number, nobody else does
    except ValueError:
        raise DataError(where, expected=f"a number for {column}", got=repr(field)) from None
    if not abs(value) <= LARGEST_UM:
        raise DataError(where, expected=f"a finite number for {column}, at most {LARGEST_UM:g} in size",
                        got=repr(field))
    return value


def _whole(where: str, column: str, field: str) -> int:
    value = _number(where, column, field)
    if not value.is_integer():
        raise DataError(where, expected=f"a whole number for {column}", got=repr(field))
    return int(value)


def _link(path: Path, rows: list[_Row]) -> list[int]:
    """Return the row of each row's parent, -1 for the one root."""
    row_of: dict[int, int] = {}
    for index, row in enumerate(rows):
        if row.id in row_of:
            raise DataError(f"{path}:{row.line}", expected="ids that differ",
                            got=f"id {row.id}, which line {rows[row_of[row.id]].line} has")
        row_of[row.id] = index
    for row in rows:
        if row.parent == row.id:
            raise DataError(f"{path}:{row.line}", expected="a parent other than the point itself",
                            got=f"id {row.id} as id and parent", hint="The root's parent is -1.")
        if row.parent != -1 and row.parent not in row_of:
            raise DataError(f"{path}:{row.line}", expected="the id of a point as parent, or -1 for the root",
                            got=str(row.parent))
    roots = [row for row in rows if row.parent == -1]
    if len(roots) > 1:
        raise DataError(f"{path}:{roots[1].line}", expected="one root",
                        got=f"{len(roots)}, the first in line {roots[0].line}",
                        hint="Give every neuron a file of its own, and join its pieces.")
    return [row_of.get(row.parent, -1) for row in rows]


def _order(path: Path, rows: list[_Row], parents: list[int]) -> SwcTree:
    """Return the tree, its points numbered depth first."""
    children: list[list[int]] = [[] for _ in rows]
    for row, parent in enumerate(parents):
        if parent >= 0:
            children[parent].append(row)
    order: list[int] = []
    waiting = [row for row, parent in enumerate(parents) if parent < 0]
    while waiting:
        row = waiting.pop()
        order.append(row)
        waiting += reversed(children[row])
    if len(order) < len(rows):
        stray = _on_cycle(parents, set(range(len(rows))) - set(order))
        raise DataError(f"{path}:{rows[stray].line}", expected="a parent that leads to the root",
                        got=f"id {rows[stray].id}, which is its own ancestor")
    new = {row: index for index, row in enumerate(order)}
    points: list[SwcPoint] = []
    for row in order:
        line, _, swc_type, xyz_um, radius_um, _ = rows[row]
        parent_kind = points[new[parents[row]]].kind if parents[row] >= 0 else None
        points.append(SwcPoint(line, _kind(swc_type, parent_kind), xyz_um, radius_um))
    return SwcTree(path, tuple(points), tuple(new.get(parents[row], -1) for row in order),
                   tuple(tuple(new[child] for child in children[row]) for row in order))


def _on_cycle(parents: list[int], stray: set[int]) -> int:
    """Return the first row of the file's first cycle; every stray row leads into one."""
    row, seen = min(stray), set()
    while row not in seen:
        seen.add(row)
        row = parents[row]
    cycle, start = {row}, row
    while (row := parents[row]) != start:
        cycle.add(row)
    return min(cycle)


def _kind(swc_type: int, parent_kind: str | None) -> str:
    if swc_type in MARKER_TYPES and parent_kind not in {None, "soma"}:
        return str(parent_kind)
    return KIND_OF_TYPE.get(swc_type, "dendrite")
