"""JSON lines: one object a line, through a column map by key or dotted path."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

from pydantic import Field as Setting

from aura.core.errors import nearest
from aura.sim.readers.bad import BadRows, BadValue
from aura.sim.readers.cells import shown
from aura.sim.readers.columns import ColumnMap, Rows
from aura.sim.readers.files import checked_file, escaped_byte, text_lines
from aura.sim.readers.options import PathText, ReaderOptions, resolve_path

if TYPE_CHECKING:
    from pathlib import Path

    from aura.sim.readers.rows import Table

__all__ = ["JsonlOptions", "json_cell", "json_object", "open_jsonl"]


class JsonlOptions(ReaderOptions):
    """A file of JSON objects, one a line.

    Parameters
    ----------
    path : str
        The file; it may be gzipped.
    columns : mapping of str to column
        Port name to key (``"answer"``) or dotted path (``"user.name"``, ``"scores.0"``).
    encoding : str
        A Python codec; a UTF-8 byte order mark is dropped.
    """

    path: PathText
    columns: ColumnMap = Setting(min_length=1)
    encoding: str = "utf-8"


def open_jsonl(options: JsonlOptions, base: Path) -> Table:
    """Read a file of JSON lines; empty lines are passed over.

    A row is bad if a byte does not decode, if the line is no JSON object, if it lacks a key, or if a value does not
    fit its column.

    Raises
    ------
    StreamError
        If the file is missing or has no good rows; or at the first bad row, if told to stop.
    """
    path = checked_file(resolve_path(options.path, base))
    bad = BadRows(path.name, options.on_bad)
    rows = Rows(options.columns, bad)
    lines = text_lines(path, options.encoding, newline="\n", max_unpacked=options.max_unpacked)
    for number, line in enumerate(lines, start=1):
        where = f"line {number}"
        if (found := escaped_byte(line, options.encoding)) is not None:
            bad.report(where, expected=f"text in {options.encoding}", got=found)
        elif not line.isspace():
            try:
                record = json_object(line, exact=rows.exact)
            except BadValue as fault:
                bad.value(where, fault)
            else:
                rows.add(where, partial(json_cell, record))
    return rows.table()


class _Written(float):
    """A number that keeps its text, as a float does not hold every decimal."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text


def json_object(line: str | bytes, *, exact: bool = False) -> dict[str, object]:
    """Return the object of a line, if told so with numbers whose ``str`` is their text; BadValue if it is none."""
    try:
        record = json.loads(line, parse_float=_Written if exact else None)
    except (ValueError, RecursionError) as error:
        raise BadValue("a JSON object", f"{shown(line)} ({error})") from error
    if not isinstance(record, dict):
        raise BadValue("a JSON object", shown(record))
    return record


def json_cell(record: dict[str, object], key: str | int) -> object:
    """Return the value at a key, or else at a dotted path; BadValue with the nearest key if there is none."""
    if isinstance(key, str) and key in record:
        return record[key]
    value: object = record
    for part in str(key).split("."):
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isascii() and part.isdecimal() and len(part) < 10 \
                and int(part) < len(value):
            value = value[int(part)]
        else:
            known = [name for name in value if isinstance(name, str)] if isinstance(value, dict) else []
            raise BadValue(f"the key {str(key)!r}", f"no {part!r} in {shown(value)}", nearest(part, known[:50]))
    return value
