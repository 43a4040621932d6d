"""What a zone hands over, checked: an error names the zone, the instant, what was expected and what came."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from operator import index
from pathlib import Path
from typing import Any

import numpy as np

from aura.core.errors import SignalError, StateError, ZoneError, nearest
from aura.core.time import LATEST, Time, format_time

__all__ = ["as_files", "as_notices", "as_outputs", "as_scalars", "as_state", "as_wake", "check_ids", "sketch",
           "unknown_output"]

_PLAIN = (float, int, bool)


def as_outputs(returned: Any, zone: str, now: Time) -> dict[str, Any]:
    """Return what a step has returned, port to value, as a dict.

    Raises
    ------
    ZoneError
        If it is no mapping.
    """
    if returned is None or isinstance(returned, Mapping):
        return dict(returned or {})  # who holds an array is reckoned as of one that lies in a dict
    raise ZoneError(f"{zone}.step() at {format_time(now)}",
                    expected="a dict of port to value, or None", got=sketch(returned),
                    hint="Return {'port': value}.")


def as_scalars(returned: Any, zone: str, now: Time) -> dict[str, float]:
    """Return what a learn has returned as a dict of the caller's own, of plain finite floats, ints and bools.

    Numpy's numbers and arrays without axes are taken as the numbers they hold.

    Raises
    ------
    ZoneError
        If it is no mapping of names to finite numbers.
    """
    if not isinstance(returned, Mapping):
        raise ZoneError(f"{zone}.learn() at {format_time(now)}",
                        expected="a dict of name to number, or None", got=sketch(returned),
                        hint="Return {'loss': 0.5}.")
    plain: dict[str, float] = {}
    for name, value in returned.items():
        if type(name) is not str or not name:
            raise ZoneError(f"{zone}.learn() at {format_time(now)}", expected="names of numbers as str", got=repr(name))
        number = value if type(value) in _PLAIN else _as_number(value)
        if number is None:
            raise ZoneError(f"{zone}.learn()[{name!r}] at {format_time(now)}",
                            expected="one real number", got=sketch(value),
                            hint="Return float(...) of what is to be logged.")
        if not (math.isfinite(number) if type(number) is float else _is_finite(number)):
            raise ZoneError(f"{zone}.learn()[{name!r}] at {format_time(now)}", expected="a finite number",
                            got=sketch(number) if type(number) is int else str(number),
                            hint="Look at the zone's learning rate and inputs at this instant; leave out a number that "
                                 "is not known.")
        plain[name] = number
    return plain


def as_wake(returned: Any, zone: str, now: Time) -> Time | None:
    """Return the instant that a next_wake has returned, or None.

    Raises
    ------
    ZoneError
        If it is no whole number of nanoseconds, or none that a run can reach.
    """
    if returned is None:
        return None
    try:
        wake = index(returned)
    except TypeError:
        wake = -1
    if not 0 <= wake <= LATEST or isinstance(returned, (bool, np.bool_)):
        raise ZoneError(f"{zone}.next_wake() at {format_time(now)}",
                        expected="an instant in whole nanoseconds, from 0 to 292 "
                        "years, or None for never", got=sketch(returned), hint="Times are integers here, never floats.")
    return wake


def as_state(returned: Any, zone: str) -> dict[str, Any]:
    """Return the tree that a state() has returned; what it holds is checked when it is written.

    Raises
    ------
    StateError
        If it is no dict.
    """
    if isinstance(returned, dict):
        return returned
    raise StateError(f"{zone}.state()", expected="a dict of arrays and plain values", got=sketch(returned),
                     hint="Return {} for a zone that keeps nothing.")


def as_notices(returned: Any, zone: str) -> dict[str, int]:
    """Return what a notices() has returned, sentence to count.

    Raises
    ------
    ZoneError
        If it is no mapping of texts to whole numbers.
    """
    if isinstance(returned, Mapping) and all(type(text) is str and isinstance(count, (int, np.integer))
                                         for text, count in returned.items()):
        return {text: int(count) for text, count in returned.items()}
    raise ZoneError(f"{zone}.notices()", expected="a dict of sentence to count", got=sketch(returned))


def as_files(returned: Any, where: str) -> list[Path]:
    """Return the files that an export or a load_export has returned.

    Raises
    ------
    ZoneError
        If they are no paths of files that are there.
    """
    files = [Path(part) for part in returned if isinstance(part, (str, Path))] if _is_listing(returned) else []
    if not _is_listing(returned) or len(files) != len(list(returned)):
        raise ZoneError(where, expected="a list of the files, as paths", got=sketch(returned))
    for file in files:
        if not file.exists():
            raise ZoneError(where, expected="files that are there", got=f"{str(file)!r}, which is not")
    return files


def check_ids(topic: str, now: Time, value: Any, ids: Any) -> np.ndarray:
    """Return the ids of a value's items.

    Raises
    ------
    SignalError
        If they are no int64 array with one id for each item.
    """
    if type(ids) is not np.ndarray or ids.dtype != np.int64 or ids.ndim != 1:
        raise SignalError(f"{topic} at {format_time(now)}",
                          expected="item ids as an int64 array (item,)", got=sketch(ids))
    count = len(value) if isinstance(value, tuple) or value.ndim else 0
    if len(ids) != count:
        raise SignalError(f"{topic} at {format_time(now)}",
                          expected=f"{len(ids)} items, one for each id", got=str(count))
    return ids


def unknown_output(zone: str, port: Any, outputs: Iterable[str], now: Time) -> SignalError:
    """Return the error for a value at a port that the zone has not."""
    known = list(outputs)
    return SignalError(f"{zone} at {format_time(now)}", expected=f"outputs among {', '.join(known) or 'none'}",
                       got=sketch(port), hint=nearest(str(port), known))


def sketch(value: Any) -> str:
    """Return a short text that tells what a value is."""
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and hasattr(value, "dtype"):
        kind = "" if type(value) is np.ndarray else f"{type(value).__name__} "
        return f"{kind}{value.dtype} {tuple(shape)}" if shape else f"{kind}{value.dtype} {value!s}"
    try:
        text = " ".join(repr(value).split())
    except KeyboardInterrupt:
        raise
    except BaseException:
        text = "..."
    text = text if len(text) <= 60 else f"{text[:57]}..."
    return text if type(value) in (int, bool, str, tuple, type(None)) else f"{text} ({type(value).__name__})"


def _as_number(value: Any) -> float | None:
    """Return the one real number that a value is, or None."""
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):  # numpy makes a 0 of it
        return None
    try:
        given = np.asarray(value)
    except Exception:  # a tensor that wants its gradient kept, and whatever else a plugin's own type raises
        return None
    if given.ndim or given.dtype.kind not in "biuf":
        return None
    number = given.item()
    return number if type(number) in _PLAIN else float(number)  # a long double stays numpy's own


def _is_finite(number: float) -> bool:
    """Return whether a number is one that a float can hold; the whole numbers of Python have no bound."""
    try:
        return math.isfinite(number)
    except OverflowError:
        return False


def _is_listing(value: Any) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, (str, bytes, Mapping)) and hasattr(value, "__len__")
