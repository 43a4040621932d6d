"""A stream from any Python iterable, for a brain built in Python."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from pydantic import BaseModel

from aura.core.errors import StreamError, nearest
from aura.core.params import checked_bool, validated
from aura.core.time import Time, parse_time
from aura.core.zone import Zone
from aura.sim.readers.columns import ColumnMap
from aura.sim.readers.iterable import IterableSource, read_iterable
from aura.sim.streams.live import live_stream
from aura.sim.streams.played import Playing, played_stream

__all__ = ["stream"]


class _Columns(BaseModel):
    columns: ColumnMap


def stream(rows: Iterable[Any], *, names: Sequence[str] = (), columns: Mapping[str, Any] | None = None,
           truth: Collection[str] | None = None, items: int = 1, period: str | Time = "10 ms",
           name: str = "stream", endless: bool = False, **playing: Any) -> type[Zone[Any]]:
    """Return a stream of `rows`, dicts or tuples, to be added to a brain.

    Parameters
    ----------
    rows : iterable of dict or tuple
        Texts become text, tuples or lists of texts label sets, numbers and arrays arrays.
    names : sequence of str
        Port names, for rows that are tuples.
    columns : mapping of str to column, optional
        Which values become ports, and as what, as a scenario says it:
        ``{"text": "text", "mood": {"from": "mood", "type": "tags", "optional": True}}``. By default the first row
        tells.
    truth : collection of str, optional
        The fields that tell the truth; by default all label sets.
    items : int
        Rows in one tick.
    period : str or int
        Time between two ticks of the stream.
    endless : bool
        Take the rows one by one as they are needed, instead of all at once. Such a stream cannot be resumed.
    **playing
        ``shuffle``, ``repeat``, ``hold_out`` and the others of `Playing`.

    Raises
    ------
    StreamError
        For a parameter that is not known, and a row that cannot be read.

    Examples
    --------
    >>> from aura import Brain
    >>> brain = Brain()
    >>> brain.add(stream([{"text": "I am glad."}, {"text": "I am not."}]), "diary")
    'diary'
    >>> brain.run()
    2
    >>> brain.read("diary.text")
    ('I am not.',)
    """
    every = parse_time(period, f"{name}.period")
    known = {*inspect.signature(stream).parameters, *(field.name for field in fields(Playing))} - {"playing"}
    for key in playing:
        if key not in known:
            hint = "Say period='10 ms' for a rate of 100 Hz." if key == "rate" else nearest(key, known)
            raise StreamError(f"{name}.{key}", expected="a parameter of aura.stream", got=repr(key), hint=hint)
    for key, given in (("endless", endless), ("shuffle", playing.get("shuffle", False))):
        checked_bool(given, f"{name}.{key}")
    found = validated(_Columns, {"columns": columns or {}}, name, StreamError).columns or None
    if endless:
        source = IterableSource(rows, found, names=names, name=name)
        return live_stream(source, name=name, fields=source.fields, every=every, items=items, wait=True,
                           truth=truth)
    reader = read_iterable(rows, found, names=names, name=name, time=playing.get("time"),
                           time_unit=playing.get("time_unit"))
    return played_stream(reader, Playing(period=every, items=items, **playing), name=name, truth=truth)
