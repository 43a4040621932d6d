"""Rows from Python: any iterable of dicts or tuples, whole as a reader or one by one as a source."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from aura.core.blame import blamed
from aura.core.errors import StreamError, nearest
from aura.plugins.streams import Source
from aura.sim.readers.bad import BadRows, BadValue, Missing
from aura.sim.readers.cells import shown
from aura.sim.readers.columns import Column, RowParser, timed
from aura.sim.readers.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from aura.plugins.streams import Field, Item, Table
    from aura.sim.readers.bad import OnBad

__all__ = ["IterableSource", "read_iterable"]

_KINDS = {"i": "int", "u": "int", "f": "float64"}


class IterableSource(Source):
    """Rows taken from an iterable when they are asked for; it may be endless.

    Parameters
    ----------
    iterable : iterable of dict or tuple
    columns : mapping of str to Column, optional
        Port name to key or 0-based index. Without it the first row tells: text, tags (a tuple or list of texts) or
        numbers; Python floats become float32, arrays keep 64 bits.
    names : sequence of str
        Port names for rows that are tuples, if `columns` is not given.
    on_bad : {"stop", "skip"}
    name : str
        What errors call it.

    Raises
    ------
    StreamError
        If there is no row; or at the first bad row, if told to stop.
    """

    def __init__(
        self,
        iterable: Iterable[Any],
        columns: Mapping[str, Column] | None = None,
        *,
        names: Sequence[str] = (),
        on_bad: OnBad = "stop",
        name: str = "iterable",
    ) -> None:
        self.name, self._bad = name, BadRows(name, on_bad)
        self._ended = False
        self._numbered = enumerate(_guarded(iterable, name))
        number, first = next(self._numbered, (0, None))
        if first is None:
            raise StreamError(name, expected="at least one row", got="no rows")
        self._again: list[tuple[int, Any]] = [(number, first)]
        self.columns = dict(columns) if columns else _inferred(first, names, name)
        self._parser = RowParser(self.columns, settle=columns is None)
        if columns is None:
            _settle(self._parser, first, name)
        self.fields: dict[str, Field] = self._parser.fields

    @property
    def skipped(self) -> int:
        """How many rows were left out as bad so far."""
        return self._bad.count

    @property
    def ended(self) -> bool:
        """Whether the last row has been taken."""
        return self._ended

    def take(self, max_items: int, *, block: bool = True, timeout_s: float | None = None) -> list[dict[str, Item]]:
        """Return at most `max_items` rows; fewer only at the end. An iterable always blocks."""
        del block, timeout_s
        taken: list[dict[str, Item]] = []
        while len(taken) < max_items and not self._ended:
            entry = self._again.pop() if self._again else next(self._numbered, None)
            if entry is None:
                self.close()
                break
            number, row = entry
            try:
                taken.append(self._parser.parse(_getter(row)))
            except BadValue as bad:
                self._bad.value(f"row {number}", bad)
        return taken

    def close(self) -> None:
        """Take no more rows."""
        if not self._ended:
            self._ended = True
            self._bad.finish()


def read_iterable(
    iterable: Iterable[Any],
    columns: Mapping[str, Column] | None = None,
    *,
    names: Sequence[str] = (),
    on_bad: OnBad = "stop",
    limit: int | None = None,
    name: str = "iterable",
    time: str | None = None,
    time_unit: str | None = None,
) -> Table:
    """Read an iterable to its end, or to `limit` rows, as a reader; parameters as for `IterableSource`.

    The `time` of a row, if that names a field, is kept exactly besides, in `Table.times`.

    Examples
    --------
    >>> reader = read_iterable([{"text": "I am glad", "label": ["joy"]}, {"text": "Oh no", "label": ["fear"]}])
    >>> reader.rows([1, 0])
    {'text': ('Oh no', 'I am glad'), 'label': (('fear',), ('joy',))}
    """
    bad = BadRows(name, on_bad)
    entries = _guarded(iterable, name, limit)
    rows: Rows | None = None
    for number, row in enumerate(entries):
        if rows is None:
            rows = Rows(timed(columns or _inferred(row, names, name), time, time_unit), bad)
        rows.add(f"row {number}", _getter(row))
    if rows is None:
        raise StreamError(name, expected="at least one row", got="no rows")
    return rows.table()


def _guarded(iterable: Iterable[Any], name: str, limit: int | None = None) -> Iterator[Any]:
    expected = "an iterable of rows"
    try:
        rows = islice(iterable, limit)
        expected = "a row, or the end"
        yield from rows
    except StreamError:
        raise
    except Exception as error:
        raise StreamError(name, expected=expected, got=blamed(error)) from error


def _getter(row: object) -> Callable[[str | int], object]:
    if isinstance(row, dict):
        def from_dict(key: str | int) -> object:
            if key not in row:
                raise Missing(f"the key {key!r}", "none", nearest(str(key), map(str, row)) if row else "")
            return row[key]
        return from_dict
    if isinstance(row, (tuple, list)):
        def from_tuple(key: str | int) -> object:
            if not isinstance(key, int) or key >= len(row):
                raise BadValue(f"a value at {key!r}", f"a row of {len(row)} values")
            return row[key]
        return from_tuple

    def from_other(_: str | int) -> object:
        raise BadValue("a dict or a tuple", shown(row))
    return from_other


def _inferred(row: object, names: Sequence[str], where: str) -> dict[str, Column]:
    if isinstance(row, dict) and row:
        pairs = [(str(key), key, value) for key, value in row.items()]
    elif isinstance(row, (tuple, list)) and len(row) == len(names) > 0:
        pairs = [(port, i, value) for i, (port, value) in enumerate(zip(names, row, strict=True))]
    else:
        raise StreamError(f"{where}: row 0", expected="a dict, or a tuple with as many `names`", got=shown(row))
    return {port: _column(where, port, key, value) for port, key, value in pairs}


def _column(where: str, port: str, key: str | int, value: object) -> Column:
    if isinstance(value, str):
        kind = "text"
    elif isinstance(value, (list, tuple)) and all(isinstance(part, str) for part in value):
        kind = "tags"
    else:
        try:
            array = np.asarray(value)
        except ValueError:
            array = np.asarray(None)
        kind = _KINDS.get(array.dtype.kind, "")
        if kind == "float64" and (not isinstance(value, np.ndarray) or array.dtype.itemsize < np.float64().itemsize):
            kind = "float"
    if not kind or not isinstance(key, (str, int)) or isinstance(key, bool):
        raise StreamError(f"{where}: row 0, {port!r}", expected="a text, tags, or numbers", got=shown(value))
    return Column.model_validate({"from": key, "type": kind})


def _settle(parser: RowParser, row: object, where: str) -> None:
    try:
        parser.parse(_getter(row))
    except BadValue as bad:
        raise StreamError(f"{where}: row 0, {bad.port!r}", expected=bad.expected, got=bad.got, hint=bad.hint) from bad
