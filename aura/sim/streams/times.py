"""When each row of a pass is played, by a time column."""

from __future__ import annotations

import numpy as np

from aura.core.errors import StreamError
from aura.core.time import LATEST, MS, NS, US, S, Time
from aura.sim.readers.rows import Reader

__all__ = ["row_times"]

_UNITS = {"ns": NS, "us": US, "ms": MS, "s": S, "min": 60 * S, "h": 3600 * S}


def row_times(reader: Reader, order: np.ndarray, field: str, unit: str | None, start: Time, name: str) -> np.ndarray:
    """Return the time of each row of a pass that begins at `start`, int64 nanoseconds since its first row.

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

    Raises
    ------
    StreamError
        If a time is later than any clock can tell, or earlier than that of the row before it.
    """
    column = np.asarray(reader.rows(order)[field])
    # Whole numbers are subtracted as such: nanoseconds since 1970 do not fit a float.
    since = column - column[0] if column.dtype.kind in "iu" else column.astype(np.float64) - float(column[0])
    times = np.rint(since.astype(np.float64) * _UNITS.get(unit or reader.fields[field].unit, S))
    late, back = ~(times < LATEST - start), np.diff(times, prepend=0.0) < 0
    for wrong, expected in ((late, "a time that is no later than 292 years"), (back, "not to decrease")):
        if wrong.any():
            row = int(np.argmax(wrong))
            raise StreamError(f"{name}: row {order[row]}: {field}", expected=expected, got=str(column[row]),
                              hint="Sort the file by time, and do not shuffle a stream with a time column.")
    return times.astype(np.int64)
