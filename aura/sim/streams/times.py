"""When rows are played: tick by tick at a rate that never drifts, or when a time column says, to the nanosecond."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TypeAlias

import numpy as np

from aura.core.errors import StreamError
from aura.core.time import LATEST, S, Time, format_time
from aura.plugins.streams import Reader
from aura.sim.readers.cells import TIME_UNITS, too_coarse

__all__ = ["Period", "require_in_reach", "row_times", "tick_after", "tick_time"]

Period: TypeAlias = Time | Fraction
"""Nanoseconds between two ticks; a fraction where a rate, such as 3 Hz, has a period of no whole number of them."""

_IN_REACH = "a time that is no later than 292 years"
_EXACT_NS = float(2**50)
"""Up to here a float64 of nanoseconds is exact to a quarter, and so its rounding is what the decimal said."""


def tick_time(start: Time, number: int, period: Period, resolution: Time) -> Time:
    """Return the instant of tick `number` after `start`: start + number * period, on the nearest point of the grid.

    It is reckoned from the start and not from the tick before, so that rounding never adds up.

    Examples
    --------
    >>> [tick_time(0, n, Fraction(1_000_000_000, 3), 1) for n in (1, 2, 3, 3_000_000)]
    [333333333, 666666667, 1000000000, 1000000000000000]
    """
    over, under = period.numerator, period.denominator
    return (2 * (start * under + number * over) + resolution * under) // (2 * resolution * under) * resolution


def tick_after(now: Time, period: Period, resolution: Time) -> Time:
    """Return the first instant after `now` of the ticks that are counted from 0.

    Examples
    --------
    >>> tick_after(0, 10, 1), tick_after(10, 10, 1), tick_after(333_000_000, Fraction(10**9, 3), 1_000_000)
    (10, 20, 667000000)
    """
    number = now // period + 1
    while (time := tick_time(0, number, period, resolution)) <= now:
        number += 1
    return time


def require_in_reach(start: Time, span: Period, name: str) -> None:
    """Raise unless the rows of a stream that begins at `start` and takes `span` end at an instant that a run can tell.

    Raises
    ------
    StreamError
        If it does not.
    """
    if start + span > LATEST:
        raise StreamError(name, expected="its last row no later than 292 years after the beginning of the run",
                          got=f"one at {float((start + span) / (365.25 * 86400 * S)):,.0f} years",
                          hint="Play the rows faster, or fewer of them.")


def row_times(reader: Reader, order: np.ndarray, field: str, unit: str | None, start: Time, name: str,
              resolution: Time) -> np.ndarray:
    """Return the time of each row of a pass that begins at `start`, int64 nanoseconds since its first row.

    Readers of text keep the times as the text says them (`Reader.times`). Of an array, whole numbers are taken as they
    are, and a float as the shortest decimal that means it, which is what was written before it became a float.

    Parameters
    ----------
    reader : Reader
    order : numpy.ndarray
        int64, the rows of the pass.
    field : str
        A numeric field.
    unit : str, optional
        By default the field's own, or seconds.
    start : int
        When the pass begins.
    name : str
        What errors call the stream.
    resolution : int
        What a column must tell apart to be of use, in nanoseconds.

    Raises
    ------
    StreamError
        If a time is later than any clock can tell, or earlier than that of the row before it; or if the column's type
        is too coarse for its times.
    """
    kept = reader.times
    column = np.asarray(reader.rows(order)[field])
    per_unit = factor = TIME_UNITS.get(unit or reader.fields[field].unit, S)

    def text(index: int) -> str:
        if kept is not None:
            return f"{Decimal(int(kept[order[index]])) / per_unit:f}"
        return f"{Decimal(str(column[index])):f}"

    def check(good: np.ndarray, expected: str) -> None:
        if not good.all():
            index = int(np.argmin(good))
            raise StreamError(f"{name}: {_place(reader, int(order[index]), name)}: {field}",
                              expected=expected.format(before=text(index - 1)), got=text(index),
                              hint="Sort the file by time, and do not shuffle a stream with a time column.")

    if kept is not None:
        ticks, factor = kept[order], 1
    elif column.dtype.kind == "f":
        check(np.abs(column.astype(np.float64)) * factor < float(LATEST), _IN_REACH)
        if step := too_coarse(column, factor, resolution):
            raise StreamError(f"{name}.time", expected=f"a column that holds times to {format_time(resolution)}",
                              got=f"{column.dtype.name}, which goes in steps of {format_time(round(step))} there",
                              hint="Save the times as float64, or as whole numbers of a smaller unit.")
        ticks, factor = _nanoseconds(column, factor), 1
    else:
        ticks = column
    first, most = int(ticks[0]), (LATEST - start) // factor
    if int(ticks.max()) - first > most or first - int(ticks.min()) > most:
        check(np.array([abs(tick - first) <= most for tick in ticks.tolist()]), _IN_REACH)
    # Modulo 2**64, so that unsigned times beyond int64 have the right differences too.
    since: np.ndarray = (ticks.astype(np.int64) - ticks[:1].astype(np.int64)) * factor
    check(np.append(True, since[1:] >= since[:-1]), "not to decrease from {before}, the time of the row before it")
    return since


def _place(reader: Reader, row: int, name: str) -> str:
    """Return where a row stands, counted as the source counts, with the source's name unless it is the stream's."""
    place = f"row {row}" if reader.places is None else reader.places[row]
    return place if reader.name == name else f"{reader.name}: {place}"


def _nanoseconds(column: np.ndarray, factor: int) -> np.ndarray:
    """Return float times as int64 nanoseconds, each the one that its shortest decimal says."""
    scaled = column.astype(np.float64) * factor
    if column.dtype == np.float64 and np.abs(scaled).max() < _EXACT_NS:
        return np.rint(scaled).astype(np.int64)
    texts = column.astype("U40").tolist()
    return np.array([int((Decimal(text) * factor).to_integral_value()) for text in texts], dtype=np.int64)
