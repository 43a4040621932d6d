"""JSON lines, one object a line, and JSON documents, through a column map by key or dotted path."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

from pydantic import Field as Setting

from aura.core.errors import StreamError, nearest
from aura.sim.readers.bad import BadRows, BadValue, Missing
from aura.sim.readers.cells import shown
from aura.sim.readers.columns import ColumnMap, Rows
from aura.sim.readers.documents import describe, hint, parse_document, records
from aura.sim.readers.files import ENCODING_HINT, checked_file, escaped_byte, text_lines
from aura.sim.readers.options import PathText, ReaderOptions, resolve_path
from aura.sim.readers.where import Where

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from aura.plugins.streams import Table

__all__ = ["JsonlOptions", "json_cell", "json_object", "open_jsonl"]


class JsonlOptions(ReaderOptions):
    """A file of JSON objects, one a line; or, with `records`, one JSON document that holds a list of rows."""

    path: PathText = Setting(description="The file; it may be gzipped.")
    columns: ColumnMap = Setting(
        min_length=1,
        description='Port name to key (`"answer"`) or dotted path (`"user.name"`, `"scores.0"`); of a row that is a '
                    "list, to 0-based index.")
    records: str | None = Setting(
        None,
        description='Where the rows of a document lie: `"."` if it is itself a list, `"data.train"` for a list '
                    'inside, `"*.turns"` for the lists in each element, one after the other. Without it each line is '
                    "a row.")
    where: Where = Setting(
        default_factory=dict,
        description='Only rows with this value, or one of these, in a column: `{ split = ["train", "dev"] }`.')
    encoding: str = Setting("utf-8", description="A Python codec; a byte order mark is dropped.")


def open_jsonl(options: JsonlOptions, base: Path) -> Table:
    """Read a file of JSON lines, or a JSON document; empty lines are passed over.

    A row is bad if a byte does not decode, if it is no JSON object (or list), if it lacks a key, or if a value does not
    fit its column. A document that is damaged is an error whatever `on_bad` says.

    Raises
    ------
    StreamError
        If the file is missing, has no good rows, or is a document though lines were asked for; or at the first bad
        row, if told to stop.
    """
    path = checked_file(resolve_path(options.path, base))
    bad = BadRows(path.name, options.on_bad)
    rows = Rows(options.columns, bad, options.where)
    lines = list(text_lines(path, options.encoding, newline="\n", max_unpacked=options.max_unpacked))
    if options.records is None:
        _check_lines(lines, options.columns, path.name)
        _read_lines(lines, options.encoding, rows, bad)
    else:
        for number, line in enumerate(lines, start=1):
            if (found := escaped_byte(line, options.encoding)) is not None:
                raise StreamError(f"{path.name}: line {number}", expected=f"text in {options.encoding}", got=found,
                                  hint=ENCODING_HINT)
        document = parse_document("".join(lines), path.name, _Written if rows.exact else None)
        for number, record in enumerate(records(document, options.records, path.name)):
            if isinstance(record, (dict, list)):
                rows.add(f"row {number}", partial(json_cell, record))
            else:
                bad.report(f"row {number}", expected="a JSON object or list", got=shown(record))
    return rows.table()


def _read_lines(lines: Sequence[str], encoding: str, rows: Rows, bad: BadRows) -> None:
    for number, line in enumerate(lines, start=1):
        where = f"line {number}"
        if (found := escaped_byte(line, encoding)) is not None:
            bad.report(where, expected=f"text in {encoding}", got=found, hint=ENCODING_HINT)
        elif not line.isspace():
            try:
                record = json_object(line, exact=rows.exact)
            except BadValue as fault:
                bad.value(where, fault)
            else:
                rows.add(where, partial(json_cell, record))


def _check_lines(lines: Sequence[str], columns: ColumnMap, name: str) -> None:
    """Raise one StreamError for a document that is no JSON lines, instead of one for each of its lines."""
    written = [line.strip() for line in lines if not line.isspace()]
    if not written or written[0][0] not in "[{":
        return
    try:
        first = json.loads(written[0])
    except (ValueError, RecursionError):
        first = None
    if isinstance(first, dict) and (len(written) > 1 or _has_all(first, columns)):
        return
    try:
        document = json.loads("".join(lines))
    except (ValueError, RecursionError) as error:
        if first is None and written[0][-1] in "[{,:":
            raise StreamError(name, expected="JSON objects, one a line",
                              got=f"one JSON document over several lines, and a damaged one ({error})") from error
        return
    where = hint(document)
    if where or len(written) > 1:
        raise StreamError(name, expected="JSON objects, one a line", got=f"one JSON document, {describe(document)}",
                          hint=where)


def _has_all(record: dict[str, object], columns: ColumnMap) -> bool:
    try:
        return bool([json_cell(record, key) for column in columns.values() for key in column.keys])
    except BadValue:
        return False


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


def json_cell(record: dict[str, object] | list[object], key: str | int) -> object:
    """Return the value at a key, or else at a dotted path; Missing with the nearest key if there is none."""
    if isinstance(key, str) and isinstance(record, dict) and key in record:
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
            raise Missing(f"the key {str(key)!r}", f"no {part!r} in {shown(value)}", nearest(part, known[:50]))
    return value
