"""The rows of JSON lines and of JSON documents, before any column is read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeAlias

from aura.core.errors import StreamError, nearest
from aura.sim.readers.bad import BadRows, BadValue, Missing
from aura.sim.readers.cells import shown
from aura.sim.readers.documents import describe, hint, parse_document, records
from aura.sim.readers.files import ENCODING_HINT, UNPACKED_BYTES, escaped_byte, text_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["JsonRecord", "json_cell", "json_object", "json_rows"]

JsonRecord: TypeAlias = "dict[str, object] | list[object]"
"""One row: an object, or in a document also a list."""


def json_rows(path: Path, where: str | None, encoding: str, bad: BadRows, keys: Sequence[str | int], *,
              max_unpacked: int = UNPACKED_BYTES, exact: bool = False) -> Iterator[tuple[str, JsonRecord]]:
    """Give the good rows of a file: the place of each, and what it says; empty lines are passed over.

    Parameters
    ----------
    path : Path
    where : str or None
        Where the rows of a document lie, as `aura.sim.readers.documents.records` takes it; None for JSON lines.
    encoding : str
    bad : BadRows
    keys : sequence of str or int
        What a row is expected to have, by which lines are told from a document on one line.
    max_unpacked : int
    exact : bool
        Give numbers whose ``str`` is their text.

    Raises
    ------
    StreamError
        If the file cannot be read, a document is damaged or has no rows there, or is one though lines were asked for;
        or at the first bad row, if told to stop.
    """
    lines = list(text_lines(path, encoding, newline="\n", max_unpacked=max_unpacked))
    if where is None:
        _check_lines(lines, keys, path.name)
        yield from _lines(lines, encoding, bad, exact)
        return
    for number, line in enumerate(lines, start=1):
        if (found := escaped_byte(line, encoding)) is not None:
            raise StreamError(f"{path.name}: line {number}", expected=f"text in {encoding}", got=found,
                              hint=ENCODING_HINT)
    document = parse_document("".join(lines), path.name, _Written if exact else None)
    for number, record in enumerate(records(document, where, path.name)):
        if isinstance(record, (dict, list)):
            yield f"row {number}", record
        else:
            bad.report(f"row {number}", expected="a JSON object or list", got=shown(record))


def _lines(lines: Sequence[str], encoding: str, bad: BadRows, exact: bool) -> Iterator[tuple[str, JsonRecord]]:
    for number, line in enumerate(lines, start=1):
        where = f"line {number}"
        if (found := escaped_byte(line, encoding)) is not None:
            bad.report(where, expected=f"text in {encoding}", got=found, hint=ENCODING_HINT)
        elif not line.isspace():
            try:
                record = json_object(line, exact=exact)
            except BadValue as fault:
                bad.value(where, fault)
            else:
                yield where, record


def _check_lines(lines: Sequence[str], keys: Sequence[str | int], name: str) -> None:
    """Raise one StreamError for a document that is no JSON lines, instead of one for each of its lines."""
    written = [line.strip() for line in lines if not line.isspace()]
    if not written or written[0][0] not in "[{":
        return
    try:
        first = json.loads(written[0])
    except (ValueError, RecursionError):
        first = None
    if isinstance(first, dict) and (len(written) > 1 or _has_all(first, keys)):
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


def _has_all(record: dict[str, object], keys: Sequence[str | int]) -> bool:
    try:
        return bool([json_cell(record, key) for key in keys])
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
        record: Any = json.loads(line, parse_float=_Written if exact else None)
    except (ValueError, RecursionError) as error:
        raise BadValue("a JSON object", f"{shown(line)} ({error})") from error
    if not isinstance(record, dict):
        raise BadValue("a JSON object", shown(record))
    return record


def json_cell(record: JsonRecord, key: str | int) -> object:
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
