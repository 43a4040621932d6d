"""The rows of delimited text, each with the width of the first, before any column is read."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from aura.core.errors import StreamError, nearest
from aura.sim.readers.files import ENCODING_HINT, UNPACKED_BYTES, escaped_byte, text_lines
from aura.sim.readers.quoted import Record, long_fields, split_lines, split_quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from aura.sim.readers.bad import BadRows

__all__ = ["MAX_FIELD", "Form", "column_place", "delimited_rows", "named_places"]

MAX_FIELD = 1 << 24
"""Characters that a field may have unless a stream is told otherwise."""

_Fault: TypeAlias = "tuple[str, str, str]"
"""Expected, got, hint."""

_DELIMITERS = {".csv": ",", ".tsv": "\t", ".tab": "\t", ".psv": "|"}


@dataclass(frozen=True)
class Form:
    """How a delimited file is written; what is not said, its suffix and its delimiter tell."""

    delimiter: str | None = None
    quoting: Literal["csv", "none"] | None = None
    header: bool = True
    encoding: str = "utf-8"
    max_field: int = MAX_FIELD
    max_unpacked: int = UNPACKED_BYTES


@contextmanager
def delimited_rows(path: Path, form: Form,
                   bad: BadRows) -> Iterator[tuple[list[str] | None, Iterator[tuple[str, list[str]]]]]:
    """Give the names of the columns, if the file has them, and its good rows: where each stands, and its cells.

    Raises
    ------
    StreamError
        If the file cannot be read, or its header cannot; or at the first bad row, if told to stop.
    """
    delimiter = form.delimiter or _inferred_delimiter(path)
    quoting = form.quoting or ("none" if delimiter == "\t" else "csv")
    lines = list(text_lines(path, form.encoding, newline="\n" if quoting == "none" else "",
                            max_unpacked=form.max_unpacked))
    with long_fields(sum(map(len, lines))):
        split = split_lines(lines, delimiter) if quoting == "none" else split_quoted(lines, delimiter)
        records = ((record, _fault(lines, record, form)) for record in split)
        names = _header(path.name, records) if form.header else None
        yield names, _rows(records, len(names or ()), delimiter, bad)


def named_places(name: str, setting: str, keys: Sequence[str], names: Sequence[str] | None) -> dict[str | int, int]:
    """Return where columns stand that go by their names, or by an index; StreamError if there is none."""
    places: dict[str | int, int] = {}
    for key in keys:
        if names is not None and (key in names or not key.isdecimal() or int(key) >= len(names)):
            places[key] = column_place(f"{name}: {setting}.{key}", key, names)
        elif key.isdecimal():
            places[key] = int(key)
        else:
            raise StreamError(f"{name}: {setting}.{key}", expected="a 0-based index, as the file has no header",
                              got=repr(key))
    return places


def column_place(where: str, key: str, names: Sequence[str], more: Sequence[str] = ()) -> int:
    """Return where the column of a name stands; StreamError if there is none, or several. `more` are other names."""
    if names.count(key) != 1:
        got = f"{key!r}, which stands there {names.count(key)} times" if key in names else repr(key)
        raise StreamError(where, expected="a column of the file", got=got,
                          hint="Go by its index." if key in names else nearest(key, [*names, *more]))
    return names.index(key)


def _rows(records: Iterator[tuple[Record, _Fault | None]], width: int, delimiter: str,
          bad: BadRows) -> Iterator[tuple[str, list[str]]]:
    for record, fault in records:
        cells = record.cells
        width = width or (0 if fault else len(cells))
        if fault is not None:
            bad.report(record.where, expected=fault[0], got=fault[1], hint=fault[2], rows=record.rows)
        elif len(cells) != width:
            bad.report(record.where, expected=f"{width} columns", got=str(len(cells)),
                       hint=_hint(cells, width, delimiter))
        else:
            yield record.where, cells


def _inferred_delimiter(path: Path) -> str:
    suffix = path.with_suffix("").suffix if path.suffix.lower() == ".gz" else path.suffix
    delimiter = _DELIMITERS.get(suffix.lower())
    if delimiter is None:
        raise StreamError(path.name, expected=f"one of the suffixes {', '.join(_DELIMITERS)}, or a delimiter",
                          got=repr(suffix), hint="Try delimiter = ','.")
    return delimiter


def _fault(lines: Sequence[str], record: Record, form: Form) -> _Fault | None:
    for line in lines[record.start:record.end]:
        if (found := escaped_byte(line, form.encoding)) is not None:
            return f"text in {form.encoding}", found, ENCODING_HINT
    if record.error:
        return "a row of delimited text", record.error, "Where quotes are plain characters, try quoting = 'none'."
    longest = max(map(len, record.cells))
    if longest > form.max_field:
        return (f"fields of at most {form.max_field} characters", str(longest),
                "Is a quote left open? If the field is meant to be so long, set max_field.")
    return None


def _header(name: str, records: Iterator[tuple[Record, _Fault | None]]) -> list[str]:
    for record, fault in records:
        if fault is not None:
            raise StreamError(f"{name}: {record.where}", expected=fault[0], got=fault[1], hint=fault[2])
        return record.cells
    raise StreamError(name, expected="a header and at least one row", got="no rows")


def _hint(cells: Sequence[str], width: int, delimiter: str) -> str:
    if len(cells) == 1 and width > 1:
        return f"Is the delimiter {delimiter!r}?"
    return "Where quotes are plain characters, try quoting = 'none'." if len(cells) < width else ""
