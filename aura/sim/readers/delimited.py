"""Delimited text: TSV, CSV and PSV files through a column map."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field as Setting
from pydantic import field_validator

from aura.core.errors import StreamError
from aura.sim.readers.bad import BadRows, Missing
from aura.sim.readers.columns import Column, ColumnMap
from aura.sim.readers.delimited_rows import MAX_FIELD, Form, column_place, delimited_rows, named_places
from aura.sim.readers.files import checked_file
from aura.sim.readers.join import JOIN_DOC, Join, Joins
from aura.sim.readers.options import PathText, ReaderOptions, resolve_path
from aura.sim.readers.rows import Rows
from aura.sim.readers.where import Where

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from aura.plugins.streams import Table

__all__ = ["DelimitedOptions", "open_delimited"]


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
        description='Only rows with this value, or one of these, in a column, which goes by its name or index: '
                    '`{ split = "train", speaker = ["A", "B"] }`.')
    join: tuple[Join, ...] = Setting((), description=JOIN_DOC)
    encoding: str = Setting("utf-8", description="A Python codec; a byte order mark is dropped.")
    max_field: Annotated[int, Setting(ge=1)] = Setting(
        MAX_FIELD,
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
    bad = BadRows(name, options.on_bad)
    joins = Joins(options.join, base, options)
    form = Form(options.delimiter, options.quoting, options.header, options.encoding, options.max_field,
                options.max_unpacked)
    with delimited_rows(path, form, bad) as (names, records):
        columns = options.columns or _all_columns(name, names)
        places = _places(name, columns, names, joins)
        places |= named_places(name, "where", [key for key in options.where if not joins.has(key, names)], names)
        places |= named_places(name, "join.on", joins.keys, names)
        rows, width = Rows(columns, bad, options.where, joins), len(names or ())
        for where, cells in records:
            if width == 0:
                width = len(cells)
                _check_width(name, places, width)
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


def _places(name: str, columns: ColumnMap, names: list[str] | None, joins: Joins) -> dict[str | int, int]:
    """Return where each column of the map stands; those of a joined file, and optional ones of none, are left out."""
    places: dict[str | int, int] = {}
    for port, column in columns.items():
        for key in column.keys:
            where = f"{name}: columns.{port}"
            if isinstance(key, int):
                if names is None or key < len(names):
                    places[key] = key
                elif not column.lenient:
                    raise StreamError(where, expected=f"a column from 0 to {len(names) - 1}", got=str(key))
            elif joins.has(key, names):
                continue
            elif names is None:
                raise StreamError(where, expected="a 0-based index, as the file has no header", got=repr(key))
            elif key in names or not column.lenient:
                places[key] = column_place(where, key, names, joins.names)
    return places


def _check_width(name: str, places: dict[str | int, int], width: int) -> None:
    """Refuse indices beyond the first row of a file without a header."""
    for place in places.values():
        if place >= width:
            raise StreamError(f"{name}: columns", expected=f"a column from 0 to {width - 1}", got=str(place))
