"""The lines of an SWC file as rows of numbers: ``id type x y z radius parent``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from aura.core.errors import DataError
from aura.zones.fabric.morphology.section import LARGEST_UM, SMALLEST_UM
from aura.zones.fabric.morphology.swc_findings import Faults, Remarks

__all__ = ["SMALLEST_RADIUS_UM", "SwcRow", "read_rows"]

COLUMNS = ("id", "type", "x", "y", "z", "radius", "parent")
WHOLE = ("id", "type", "parent")
WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,30}")

SMALLEST_RADIUS_UM = SMALLEST_UM / 2.0
"""The smallest radius that a section may have."""

END_OF_FILE = b"\x1a"
"""A mark that old systems leave behind a text."""

NO_TEXT = re.compile(rb"[\x00-\x08\x0e-\x19\x1b-\x1f]")
"""Control characters that no text holds."""


class SwcRow(NamedTuple):
    """One line of the file, lengths in um."""

    line: int
    id: int
    type: int
    xyz_um: tuple[float, float, float]
    radius_um: float
    parent: int


def read_rows(path: Path, scale: float, zero_radius_um: float | None, faults: Faults,
              remarks: Remarks) -> tuple[list[SwcRow], set[int]]:
    """Read the rows of a file.

    Parameters
    ----------
    path : Path
        The file.
    scale : float
        What one of its lengths is in um.
    zero_radius_um : float, optional
        What stands for a radius below the smallest there is, 5e-7 um; otherwise the smallest does, and one below 0 is a
        fault.
    faults, remarks
        What is found goes there.

    Returns
    -------
    list of SwcRow
        The rows that can be read.
    set of int
        The ids of the others, as far as these can be read.

    Raises
    ------
    DataError
        If the file cannot be read, or is no text.
    """
    rows: list[SwcRow] = []
    broken: set[int] = set()
    longer: list[int] = []
    radii: list[tuple[int, float]] = []
    lines = _lines(path)
    if lines and _is_header(lines[0][1]):
        remarks.add("a line of names was left out", [lines.pop(0)[0]])
    for line, text in lines:
        fields = _fields(text)
        if len(fields) < len(COLUMNS):
            faults.add(line, f"{len(COLUMNS)} columns ({' '.join(COLUMNS)})", f"{len(fields)}: {text!r}")
            continue
        if len(fields) > len(COLUMNS):
            longer.append(line)
        numbers = [_number(faults, line, name, field) for name, field in zip(COLUMNS, fields, strict=False)]
        point = numbers[0]
        if not _in_order(faults, line, fields, numbers):
            if point is not None:
                broken.add(int(point))
            continue
        point, kind, x, y, z, radius, parent = (number for number in numbers if number is not None)
        radius = float(radius) * scale
        if radius < 0.0 and zero_radius_um is None:
            faults.add(line, "a positive radius", fields[5], "zero_radius_um stands for radii that are not known.")
            broken.add(int(point))
            continue
        if radius < SMALLEST_RADIUS_UM:
            radii.append((line, radius))
            radius = SMALLEST_RADIUS_UM if zero_radius_um is None else zero_radius_um
        rows.append(SwcRow(line, int(point), int(kind), (x * scale, y * scale, z * scale), radius, int(parent)))
    remarks.add("columns after the seventh were left out", longer)
    _remark_on_radii(radii, zero_radius_um, remarks)
    return rows, broken


def _remark_on_radii(radii: list[tuple[int, float]], zero_radius_um: float | None, remarks: Remarks) -> None:
    zero = [line for line, radius in radii if radius == 0.0]
    small = [line for line, radius in radii if radius > 0.0]
    if zero_radius_um is not None:
        remarks.add(f"radii below {SMALLEST_RADIUS_UM:g} um were taken as {zero_radius_um:g} um",
                    [line for line, _ in radii])
        return
    smallest = f"were taken as {SMALLEST_RADIUS_UM:g} um, the smallest, so that hardly any current passes there"
    remarks.add(f"radii of 0 {smallest}; zero_radius_um sets another", zero)
    remarks.add(f"radii below {SMALLEST_RADIUS_UM:g} um {smallest}", small)


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


def _fields(text: str) -> list[str]:
    """Return the columns of a line, which stand apart by spaces, commas or semicolons."""
    for separator in (";", ","):
        if separator in text:
            return [field.strip() for field in text.rstrip(separator + " \t").split(separator)]
    return text.split()


def _is_header(text: str) -> bool:
    """Return whether a line names the columns."""
    fields = _fields(text)
    return len(fields) >= len(COLUMNS) and all(field.strip("\"'")[:1].isalpha() for field in fields) and not any(
        field.lower() in {"nan", "inf", "infinity"} for field in fields)


def _number(faults: Faults, line: int, column: str, field: str) -> float | None:
    whole = column in WHOLE
    if whole and WHOLE_NUMBER.fullmatch(field):
        return int(field)  # ids may have more digits than a float holds
    try:
        value = float(field.replace("_", "?"))  # Python reads 1_0 as a number, nobody else does
    except ValueError:
        faults.add(line, f"a number for {column}", repr(field))
        return None
    if whole and not value.is_integer():
        faults.add(line, f"a whole number for {column}", repr(field))
        return None
    if not whole and not abs(value) <= LARGEST_UM:
        faults.add(line, f"a finite number for {column}, at most {LARGEST_UM:g} in size", repr(field))
        return None
    return value


def _in_order(faults: Faults, line: int, fields: list[str], numbers: list[float | None]) -> bool:
    """Return whether all columns of a line are numbers that may stand there."""
    good = None not in numbers
    for column, value in zip(COLUMNS[:2], numbers[:2], strict=True):
        if value is not None and value < 0.0:
            faults.add(line, f"{'an' if column == 'id' else 'a'} {column} of 0 or more", f"{value:g}")
            good = False
    return good
