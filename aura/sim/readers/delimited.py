"""Delimited text: TSV, CSV and PSV files through a column map."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from pydantic import Field as Setting
from pydantic import field_validator

from aura.core.errors import StreamError, nearest
from aura.sim.readers.bad import BadRows, Missing
from aura.sim.readers.columns import Column, ColumnMap, Rows
from aura.sim.readers.files import ENCODING_HINT, checked_file, escaped_byte, text_lines
from aura.sim.readers.options import PathText, ReaderOptions, resolve_path
from aura.sim.readers.quoted import Record, long_fields, split_lines, split_quoted
from aura.sim.readers.where import Where

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from aura.plugins.streams import Table

__all__ = ["DelimitedOptions", "open_delimited"]

_Fault: TypeAlias = "tuple[str, str, str]"
"""Expected, got, hint."""

_DELIMITERS = {".csv": ",", ".tsv": "\t", ".tab": "\t", ".psv": "|"}


class DelimitedOptions(ReaderOptions):
    """A delimited file."""

    path: PathText = Setting(description="The file; it may be gzipped.")
    columns: ColumnMap = Setting(
        default_factory=dict,
        description="Port name to column; empty: every named column as text under its own name.")
    delimiter: str | None = Setting(
        None,
        description="One character; without it the suffix tells (.csv, .tsv, .tab, .psv).")
    header: bool = Setting(
        True,
        description="Whether the first row names the columns; without one they go by 0-based index.")
    quoting: Literal["csv", "none"] | None = Setting(
        None,
        description="`\"csv\"`: fields may be quoted with '\"' (RFC 4180) and then hold delimiters and line ends. "
                    '`"none"`: a quote is a character like any other. Without it: `"none"` for tabs, else `"csv"`.')
    where: Where = Setting(
        default_factory=dict,
        description="Only rows with this value, or one of these, in a column, which goes by its name or index: "
                    '`{ split = "train", speaker = ["A", "B"] }`.')
    encoding: str = Setting("utf-8", description="A Python codec; a byte order mark is dropped.")
    max_field: Annotated[int, Setting(ge=1)] = Setting(
        1 << 24,
        description="Characters that a field may have; a row with a longer one is bad.")

    @field_validator("delimiter")
    @classmethod
    def _one_character(cls, delimiter: str | None) -> str | None:
        if delimiter is not None and (len(delimiter) != 1 or delimiter in '\r\n"\0'):
            raise ValueError(f"expected one character that is no quote and ends no line, got {delimiter!r}")
        return delimiter


def open_delimited(options: DelimitedOptions, base: Path) -> Table:
    r"""Read a delimited file; empty lines are passed over, empty text is allowed.

    A row is bad if its number of columns is not the header's (the first row's), if a byte does not decode, if its
    quoting is broken, or if a cell does not fit its column. Reading goes on where the next row begins.

    Raises
    ------
    StreamError
        If the file is missing, has no rows, or lacks a column; or at the first bad row, if told to stop.
    """
    path = checked_file(resolve_path(options.path, base))
    name = path.name
    delimiter = options.delimiter or _inferred_delimiter(path)
    quoting = options.quoting or ("none" if delimiter == "\t" else "csv")
    bad = BadRows(name, options.on_bad)
    lines = list(text_lines(path, options.encoding, newline="\n" if quoting == "none" else "",
                            max_unpacked=options.max_unpacked))
    with long_fields(sum(map(len, lines))):
        split = split_lines(lines, delimiter) if quoting == "none" else split_quoted(lines, delimiter)
        records = ((record, _fault(lines, record, options)) for record in split)
        return _read(options, name, delimiter, records, bad)


def _read(options: DelimitedOptions, name: str, delimiter: str, records: Iterator[tuple[Record, _Fault | None]],
          bad: BadRows) -> Table:
    names = _header(name, records) if options.header else None
    columns = options.columns or _all_columns(name, names)
    places = _places(name, columns, names) | _where_places(name, options.where, names)
    rows, width = Rows(columns, bad, options.where), len(names or ())
    for record, fault in records:
        cells, where = record.cells, record.where
        if fault is not None:
            bad.report(where, expected=fault[0], got=fault[1], hint=fault[2], rows=record.rows)
            continue
        if width == 0:
            width = len(cells)
            _check_width(name, places, width)
        if len(cells) != width:
            bad.report(where, expected=f"{width} columns", got=str(len(cells)), hint=_hint(cells, width, delimiter))
            continue
        rows.add(where, partial(_cell, cells, places))
    return rows.table()


def _cell(cells: Sequence[str], places: dict[str | int, int], key: str | int) -> str:
    place = places.get(key)
    if place is None:
        raise Missing(f"a column {key!r}", "none in the file")
    return cells[place]


def _all_columns(name: str, names: list[str] | None) -> ColumnMap:
    """Return every named column as text under its own name; StreamError if it cannot be the name of a port."""
    if not names:
        raise StreamError(name, expected="a column map for a file without a header", got="none",
                          hint="Try columns = { text = 0 }.")
    for place, key in enumerate(names):
        if not key.isidentifier():
            what = f"{key!r} for column {place}" if key else f"none for column {place}: pandas so writes its index"
            good = next((key for key in names if key.isidentifier()), None)
            raise StreamError(f"{name}: header", expected="names of letters, digits and '_', as no `columns` are given",
                              got=what, hint=f"Name those that you want: columns = {{ text = {good or place!r} }}.")
    return {key: Column.model_validate({"from": key}) for key in names}


def _inferred_delimiter(path: Path) -> str:
    suffix = path.with_suffix("").suffix if path.suffix.lower() == ".gz" else path.suffix
    delimiter = _DELIMITERS.get(suffix.lower())
    if delimiter is None:
        raise StreamError(path.name, expected=f"one of the suffixes {', '.join(_DELIMITERS)}, or a delimiter",
                          got=repr(suffix), hint="Try delimiter = ','.")
    return delimiter


def _fault(lines: Sequence[str], record: Record, options: DelimitedOptions) -> _Fault | None:
    for line in lines[record.start:record.end]:
        if (found := escaped_byte(line, options.encoding)) is not None:
            return f"text in {options.encoding}", found, ENCODING_HINT
    if record.error:
        return "a row of delimited text", record.error, "Where quotes are plain characters, try quoting = 'none'."
    longest = max(map(len, record.cells))
    if longest > options.max_field:
        return (f"fields of at most {options.max_field} characters", str(longest),
                "Is a quote left open? If the field is meant to be so long, set max_field.")
    return None


def _header(name: str, records: Iterator[tuple[Record, _Fault | None]]) -> list[str]:
    for record, fault in records:
        if fault is not None:
            raise StreamError(f"{name}: {record.where}", expected=fault[0], got=fault[1], hint=fault[2])
        return record.cells
    raise StreamError(name, expected="a header and at least one row", got="no rows")


def _places(name: str, columns: ColumnMap, names: list[str] | None) -> dict[str | int, int]:
    """Return where each column of the map stands; an optional one that the file does not have is left out."""
    places: dict[str | int, int] = {}
    for port, column in columns.items():
        for key in column.keys:
            where = f"{name}: columns.{port}"
            if isinstance(key, int):
                if names is None or key < len(names):
                    places[key] = key
                elif not column.lenient:
                    raise StreamError(where, expected=f"a column from 0 to {len(names) - 1}", got=str(key))
            elif names is None:
                raise StreamError(where, expected="a 0-based index, as the file has no header", got=repr(key))
            elif key in names or not column.lenient:
                places[key] = _place(where, key, names)
    return places


def _where_places(name: str, where: Where, names: list[str] | None) -> dict[str | int, int]:
    places: dict[str | int, int] = {}
    for key in where:
        if names is not None and (key in names or not key.isdecimal() or int(key) >= len(names)):
            places[key] = _place(f"{name}: where.{key}", key, names)
        elif key.isdecimal():
            places[key] = int(key)
        else:
            raise StreamError(f"{name}: where.{key}", expected="a 0-based index, as the file has no header",
                              got=repr(key))
    return places


def _place(where: str, key: str, names: list[str]) -> int:
    if names.count(key) != 1:
        got = f"{key!r}, which stands there {names.count(key)} times" if key in names else repr(key)
        raise StreamError(where, expected="a column of the file", got=got,
                          hint="Go by its index." if key in names else nearest(key, names))
    return names.index(key)


def _check_width(name: str, places: dict[str | int, int], width: int) -> None:
    """Refuse indices beyond the first row of a file without a header."""
    for place in places.values():
        if place >= width:
            raise StreamError(f"{name}: columns", expected=f"a column from 0 to {width - 1}", got=str(place))


def _hint(cells: Sequence[str], width: int, delimiter: str) -> str:
    if len(cells) == 1 and width > 1:
        return f"Is the delimiter {delimiter!r}?"
    return "Where quotes are plain characters, try quoting = 'none'." if len(cells) < width else ""
