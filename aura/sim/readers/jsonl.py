"""JSON lines, one object a line, and JSON documents, through a column map by key or dotted path."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pydantic import Field as Setting

from aura.sim.readers.bad import BadRows
from aura.sim.readers.columns import ColumnMap
from aura.sim.readers.files import checked_file
from aura.sim.readers.join import JOIN_DOC, Join, Joins
from aura.sim.readers.json_rows import json_cell, json_rows
from aura.sim.readers.options import PathText, ReaderOptions, resolve_path
from aura.sim.readers.rows import Rows
from aura.sim.readers.where import Where

if TYPE_CHECKING:
    from pathlib import Path

    from aura.plugins.streams import Table

__all__ = ["JsonlOptions", "open_jsonl"]


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
    join: tuple[Join, ...] = Setting((), description=JOIN_DOC)
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
    joins = Joins(options.join, base, options)
    rows = Rows(options.columns, bad, options.where, joins)
    keys = [key for column in options.columns.values() for key in column.keys if not joins.has(key)]
    for where, record in json_rows(path, options.records, options.encoding, bad, keys,
                                   max_unpacked=options.max_unpacked, exact=rows.exact):
        rows.add(where, partial(json_cell, record))
    return rows.table()
