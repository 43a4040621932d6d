"""One cell of a row as a text, tags, a number or an array of numbers."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from fractions import Fraction

import numpy as np

from aura.core.errors import nearest
from aura.core.time import MS, NS, US, S, Time, format_time
from aura.sim.readers.bad import BadValue

__all__ = ["TIME_UNITS", "number", "number_array", "shown", "tags", "text", "too_coarse"]

TIME_UNITS = {"ns": NS, "us": US, "ms": MS, "s": S, "min": 60 * S, "h": 3600 * S}
"""Units of a time column, in nanoseconds."""
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


def tags(cell: object, separator: str, classes: tuple[str, ...],
         named: Callable[[str], str] = str) -> tuple[str, ...]:
    """Return the labels of a cell, by the names that `named` gives: a list of texts or whole numbers, one, or a text.

    A text is split. White space around a label does not count, and an empty text is none, in every reader.
    """
    if isinstance(cell, str):
        labels = cell.split(separator) if separator else [cell]
    else:
        labels = [_label(part) for part in (cell if isinstance(cell, (list, tuple, np.ndarray)) else [cell])]
    unique = tuple(dict.fromkeys(name for label in labels if (name := named(label.strip()))))
    for label in unique:
        if classes and label not in classes:
            raise BadValue(f"one of the {len(classes)} classes", shown(label), nearest(label, classes))
    return unique


def _label(part: object) -> str:
    if isinstance(part, bool) or not isinstance(part, (str, int, np.integer)):
        raise BadValue("a label: a text or a whole number", shown(part))
    return str(part)


def number(cell: object, kind: str, unit: str = "") -> np.generic:
    """Return a finite number: "float", "float64", "int", "time" (nanoseconds) or "clock" (those of either sign)."""
    if isinstance(cell, (bool, np.bool_)) or not isinstance(cell, (str, int, float, np.integer, np.floating)):
        raise BadValue("a number", shown(cell))
    if isinstance(cell, str) and (len(cell) > _LONGEST_NUMBER or "_" in cell):
        raise BadValue("a number", shown(cell))
    if kind in ("time", "clock"):
        return _nanoseconds(cell, unit, least=-_INT64.max if kind == "clock" else 0)
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


def _nanoseconds(cell: object, unit: str, least: int) -> np.int64:
    # By way of the decimal text, as no float holds nanoseconds since 1970.
    try:
        time = Decimal(str(cell)) * TIME_UNITS[unit]
        inside = least <= time <= _INT64.max
    except (InvalidOperation, ArithmeticError, ValueError) as error:
        raise BadValue(f"a time in {unit}", shown(cell)) from error
    if not inside:
        sign = "" if least else "not negative and "
        raise BadValue(f"a time in {unit}, {sign}below 292 years", shown(cell))
    if isinstance(cell, np.floating) and (step := too_coarse(cell, TIME_UNITS[unit], MS)):
        raise BadValue("a time to the millisecond", f"{shown(cell)}, which goes in steps of {format_time(round(step))}",
                       "Give float64 or whole numbers.")
    return np.int64(int(time.to_integral_value()))


def too_coarse(times: np.ndarray | np.floating, factor: int, finest: Time) -> Fraction:
    """Return the step of a float type at such times if it cannot tell apart what is `finest`, else 0.

    Whole numbers are held exactly as long as every whole number is.

    Parameters
    ----------
    times : array or scalar of floats, finite
    factor : int
        Nanoseconds in their unit.
    finest : int
        Nanoseconds.
    """
    step = Fraction(float(np.spacing(np.abs(times).max()))) * factor
    held = step <= finest or (step <= factor and bool(np.all(times == np.rint(times))))
    return Fraction(0) if held else step


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
