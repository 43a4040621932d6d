"""Columns out of a second file: each row has those of the one row there that says the same in some columns."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict
from pydantic import Field as Setting

from aura.core.errors import StreamError, nearest
from aura.sim.readers.bad import BadRows, Missing
from aura.sim.readers.cells import shown
from aura.sim.readers.delimited_rows import Form, delimited_rows, named_places
from aura.sim.readers.files import checked_file
from aura.sim.readers.json_rows import json_cell, json_rows
from aura.sim.readers.options import PathText, ReaderOptions, resolve_path
from aura.sim.readers.where import Chooser, Where

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

__all__ = ["JOIN_DOC", "Join", "Joins"]

JOIN_DOC = ("Other files by whose columns the rows are completed, each by columns that say the same in both: "
            '`[{ path = "info.csv", on = { id = "talk_id" } }]`.')

_JSON = (".json", ".jsonl", ".ndjson")

_Get: TypeAlias = "Callable[[str | int], object]"


class Join(BaseModel):
    """A second file, delimited or JSON, and how its rows are found."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: PathText = Setting(
        description="The file; its suffix tells whether it is delimited or JSON (.json, .jsonl, .ndjson).")
    on: dict[str, str] = Setting(
        min_length=1,
        description="Columns of the stream's own file and those of this one that must say the same. No two rows here "
                    "may say the same in all of them.")
    where: Where = Setting(
        default_factory=dict,
        description='Only its rows with this value, or one of these, in a column of it: `{ role = "buyer" }`.')
    prefix: str = Setting(
        "",
        description='What the names of its columns begin with here, such as `"buyer."`. Without one, of two columns of '
                    "one name that of the stream's own file counts, or else of the file that is joined first.")
    records: str | None = Setting(
        None,
        description='Of a JSON document: where its rows lie, such as `"."` or `"data.people"`. Without it each line '
                    "is a row.")
    delimiter: str | None = Setting(None, min_length=1, max_length=1,
                                    description="Of a delimited file whose suffix does not tell it.")
    quoting: Literal["csv", "none"] | None = Setting(
        None,
        description='Of a delimited file: `"csv"` or `"none"`, as of the stream itself.')
    encoding: str = Setting("utf-8", description="A Python codec; a byte order mark is dropped.")


class Joins:
    """The files that a stream's own is joined with.

    Parameters
    ----------
    joins : sequence of Join
    base : Path
        The folder of the scenario file.
    options : ReaderOptions
        Of the stream: what becomes of a bad row, and how much a compressed file may hold.

    Raises
    ------
    StreamError
        If a file is missing, has no rows, lacks a column, or two of its rows say the same in the columns `on`.
    """

    def __init__(self, joins: Sequence[Join], base: Path, options: ReaderOptions) -> None:
        self._files = [_File(join, base, options) for join in joins]

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns of the stream's own file by which rows are found; others are of a file joined before."""
        return tuple(dict.fromkeys(key for number, file in enumerate(self._files) for key in file.join.on
                                   if not any(before.has(key) for before in self._files[:number])))

    @property
    def names(self) -> list[str]:
        """The names that joined columns have here."""
        return [file.join.prefix + name for file in self._files for name in file.names]

    def has(self, key: str | int, own: Sequence[str] | None = None) -> bool:
        """Return whether a column is one of a joined file; of the stream's `own` columns none is."""
        return isinstance(key, str) and key not in (own or ()) and any(file.has(key) for file in self._files)

    def row(self, get: _Get) -> _Get:
        """Return how the cells of a row are read, where `get` reads those of its own file."""
        if not self._files:
            return get
        found: dict[int, _Get] = {}

        def joined(files: int, key: str | int) -> object:
            try:
                return get(key)
            except Missing as none:
                lacking = none
            for number, file in enumerate(self._files[:files]):
                if isinstance(key, str) and file.has(key):
                    if number not in found:
                        found[number] = file.find(partial(joined, number))
                    try:
                        return found[number](key.removeprefix(file.join.prefix))
                    except Missing as none:
                        lacking = none
            raise lacking

        return partial(joined, len(self._files))

    def notices(self, name: str, *, whole: bool) -> dict[str, int]:
        """Return what to tell: rows without a match, and, where no row of `name` was left out, rows here unused."""
        counts: Counter[str] = Counter()
        for file in self._files:
            counts[f"left out {{count}} bad rows of {file.name}"] += file.skipped
            counts[f"found no row of {file.name} for {{count}} rows of {name}"] += file.unmatched
            counts[f"joined {{count}} rows of {file.name} to no row of {name}"] += file.unused if whole else 0
        return counts


class _File:
    """The rows of one joined file, by what they say in the columns that they are found by."""

    def __init__(self, join: Join, base: Path, options: ReaderOptions) -> None:
        self.join = join
        path = checked_file(resolve_path(join.path, base))
        self.name, self.unmatched = path.name, 0
        self.names: dict[str, None] = {}
        self._known: dict[str, bool] = {}
        self._rows: dict[tuple[str, ...], _Get] = {}
        self._used: set[tuple[str, ...]] = set()
        bad, chooser = BadRows(self.name, options.on_bad), Chooser(join.where)
        places: dict[tuple[str, ...], str] = {}
        for where, get in self._read(path, bad, options):
            if join.where and not chooser(get):
                continue
            try:
                key = tuple(_as_text(get(column)) for column in join.on.values())
            except Missing as lacking:
                bad.value(where, lacking)
                continue
            if key in places:
                raise StreamError(f"{self.name}: {where}", expected=f"one row of each {' and '.join(join.on.values())}",
                                  got=f"{', '.join(map(repr, key))} again, which {places[key]} has",
                                  hint="Join `on` more columns, or choose rows with `where`.")
            places[key], self._rows[key] = where, get
        chooser.check(self.name)
        self.skipped = bad.finish()
        if not self._rows:
            raise StreamError(self.name, expected="at least one row to join", got="no rows")

    @property
    def unused(self) -> int:
        """How many of its rows were joined to none."""
        return len(self._rows) - len(self._used)

    def has(self, name: str) -> bool:
        """Return whether it has a column of the name that is used for it here."""
        if name not in self._known:
            key = name.removeprefix(self.join.prefix)
            self._known[name] = name.startswith(self.join.prefix) and (key in self.names or self._any_has(key))
        return self._known[name]

    def find(self, get: _Get) -> _Get:
        """Return how the row is read that fits the one whose cells `get` reads."""
        key = tuple(_as_text(get(column)) for column in self.join.on)
        row = self._rows.get(key)
        if row is None:
            self.unmatched += 1
            wanted = ", ".join(f"{column} = {value}" for column, value in
                               zip(self.join.on.values(), map(shown, key), strict=True))
            near = nearest(key[0], [known[0] for known in self._rows]) if len(key) == 1 else ""
            return partial(_none, Missing(f"a row of {self.name} with {wanted}", "none",
                                          near or "Set the column `optional`, or a `default`."))
        self._used.add(key)
        return row

    def _any_has(self, key: str) -> bool:
        """Return whether any row has what a dotted path leads to; the columns of a delimited file are known."""
        return self._is_json and any(_has(get, key) for get in self._rows.values())

    @property
    def _is_json(self) -> bool:
        return self.join.records is not None or self._suffix in _JSON

    @property
    def _suffix(self) -> str:
        return self.name.lower().removesuffix(".gz").rpartition(".")[2].join((".", ""))

    def _read(self, path: Path, bad: BadRows, options: ReaderOptions) -> Iterator[tuple[str, _Get]]:
        join = self.join
        if self._is_json:
            for where, record in json_rows(path, join.records, join.encoding, bad, list(join.on.values()),
                                           max_unpacked=options.max_unpacked):
                if isinstance(record, dict):
                    self.names.update(dict.fromkeys(record))
                yield where, partial(json_cell, record)
            return
        form = Form(join.delimiter, join.quoting, encoding=join.encoding, max_unpacked=options.max_unpacked)
        with delimited_rows(path, form, bad) as (names, rows):
            self.names = dict.fromkeys(names or ())
            named_places(path.name, "join.on", list(join.on.values()), names)
            named_places(path.name, "join.where", list(join.where), names)
            for where, cells in rows:
                yield where, partial(_cell, dict(zip(names or (), cells, strict=True)))


def _cell(row: dict[str, str], key: str | int) -> object:
    if key not in row:
        raise Missing(f"a column {key!r}", "none in the file", nearest(str(key), row))
    return row[str(key)]


def _has(get: _Get, key: str) -> bool:
    try:
        get(key)
    except Missing:
        return False
    return True


def _none(lacking: Missing, _: str | int) -> object:
    raise lacking


def _as_text(cell: object) -> str:
    """Return the text of a cell, by which a row is found: a number of JSON as text, a whole one without its point."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return str(cell)
