"""One cell of a row as a text, tags, a number or an array of numbers."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

import numpy as np

from aura.core.errors import nearest
from aura.core.time import MS, NS, US, S
from aura.sim.readers.bad import BadValue

__all__ = ["number", "number_array", "shown", "tags", "text"]

_UNITS_NS = {"ns": NS, "us": US, "ms": MS, "s": S}
_INT64 = np.iinfo(np.int64)
_LONGEST_NUMBER = 400
"""Characters in a number: above that of the smallest float64 written out, and nothing costs long to parse."""


def shown(cell: object) -> str:
    """Return a cell as an error shows it, cut short."""
    try:
        whole = repr(cell)
    except (RecursionError, ValueError):
        whole = f"a {type(cell).__name__}"
    return whole if len(whole) <= 60 else whole[:57] + "..."


def text(cell: object) -> str:
    """Return a text; the empty one is allowed."""
    if not isinstance(cell, str):
        raise BadValue("a text", shown(cell))
    return cell


def tags(cell: object, separator: str, classes: tuple[str, ...]) -> tuple[str, ...]:
    """Return the labels of a cell: a list of texts or whole numbers, one of them, or a text to split."""
    if isinstance(cell, str):
        parts = cell.split(separator) if separator else [cell]
        labels = [part.strip() for part in parts]
    else:
        labels = [_label(part) for part in (cell if isinstance(cell, (list, tuple, np.ndarray)) else [cell])]
    unique = tuple(dict.fromkeys(label for label in labels if label))
    for label in unique:
        if classes and label not in classes:
            raise BadValue(f"one of the {len(classes)} classes", shown(label), nearest(label, classes))
    return unique


def _label(part: object) -> str:
    if isinstance(part, bool) or not isinstance(part, (str, int, np.integer)):
        raise BadValue("a label: a text or a whole number", shown(part))
    return str(part)


def number(cell: object, kind: str, unit: str = "") -> np.generic:
    """Return a finite number of the kind "float", "float64", "int" or "time" (nanoseconds)."""
    if isinstance(cell, (bool, np.bool_)) or not isinstance(cell, (str, int, float, np.integer, np.floating)):
        raise BadValue("a number", shown(cell))
    if isinstance(cell, str) and (len(cell) > _LONGEST_NUMBER or "_" in cell):
        raise BadValue("a number", shown(cell))
    if kind == "time":
        return _nanoseconds(cell, unit)
    if kind == "int":
        return _integer(cell)
    try:
        value = float(cell)
    except (ValueError, OverflowError) as error:
        raise BadValue("a number", shown(cell)) from error
    dtype = np.float64 if kind == "float64" else np.float32
    if not abs(value) <= float(np.finfo(dtype).max):
        raise BadValue(f"a finite {np.dtype(dtype).name}", shown(cell))
    return dtype(value)


def _integer(cell: object) -> np.int64:
    try:
        if isinstance(cell, (float, np.floating)) and cell != int(cell):
            raise ValueError
        value = int(cell)  # type: ignore[call-overload]
    except (ValueError, OverflowError) as error:
        raise BadValue("a whole number", shown(cell)) from error
    if not _INT64.min <= value <= _INT64.max:
        raise BadValue("a whole number of 64 bits", shown(cell))
    return np.int64(value)


def _nanoseconds(cell: object, unit: str) -> np.int64:
    try:
        time = Decimal(str(cell)) * _UNITS_NS[unit]
        inside = 0 <= time <= _INT64.max
    except (InvalidOperation, ArithmeticError, ValueError) as error:
        raise BadValue(f"a time in {unit}", shown(cell)) from error
    if not inside:
        raise BadValue(f"a time in {unit}, not negative and below 292 years", shown(cell))
    return np.int64(int(time.to_integral_value()))


def number_array(cell: object, dtype: str) -> np.ndarray:
    """Return an array of finite numbers from a list of them, nested as the array is."""
    try:
        raw = np.asarray(cell)
    except (ValueError, OverflowError, RecursionError, TypeError) as error:
        raise BadValue("a number or a regular array of numbers", shown(cell)) from error
    if raw.dtype.kind not in "iuf" or raw.size == 0:
        raise BadValue("a number or a regular array of numbers", shown(cell))
    target = np.dtype(dtype)
    if target.kind == "i":
        if raw.dtype.kind == "f" or raw.max() > _INT64.max:
            raise BadValue("an array of whole numbers", shown(cell))
        return raw.astype(target)
    if not (np.abs(raw.astype(np.float64)) <= float(np.finfo(target).max)).all():
        raise BadValue(f"an array of finite {target.name}", shown(cell))
    return raw.astype(target)
