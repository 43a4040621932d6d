"""Rows taken in one by one: joined, chosen, parsed, and collected into a table."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np

from aura.plugins.streams import Item, Table
from aura.sim.readers.bad import BadValue
from aura.sim.readers.columns import Column, RowParser
from aura.sim.readers.where import Chooser, Where

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aura.sim.readers.bad import BadRows
    from aura.sim.readers.join import Joins

__all__ = ["Rows"]

_LOG = logging.getLogger("aura.streams")


class Rows:
    """Collects parsed rows into a table, leaving out bad ones as it is told, and those that are not wanted.

    Parameters
    ----------
    columns : mapping of str to Column
    bad : BadRows
    where : Where, optional
        Which rows are wanted; the others are not even looked at.
    joins : Joins, optional
        Other files, of which each row has the columns too.
    """

    def __init__(self, columns: Mapping[str, Column], bad: BadRows, where: Where | None = None,
                 joins: Joins | None = None) -> None:
        self._joins = joins
        self._parser, self._bad = RowParser(columns), bad
        self._chooser = Chooser(where) if where else None
        self._items: dict[str, list[Item]] = {port: [] for port in columns}
        self._clock = next(((port, column) for port, column in columns.items() if column.clock), None)
        self._times: list[int] = []
        self._places: list[str] = []
        self.exact = self._parser.exact

    def add(self, where: str, get: Callable[[str | int], object]) -> None:
        """Take in one row."""
        if self._joins is not None:
            get = self._joins.row(get)
        if self._chooser is not None and not self._chooser(get):
            return
        try:
            row = self._parser.parse(get)
            if self._clock is not None:
                self._times.append(self._instant(*self._clock, get))
                self._places.append(where)
        except BadValue as bad:
            self._bad.value(where, bad)
            return
        for port, item in row.items():
            self._items[port].append(item)

    def _instant(self, port: str, column: Column, get: Callable[[str | int], object]) -> int:
        try:
            return column.instant(get)
        except BadValue as bad:
            raise BadValue(bad.expected, bad.got, bad.hint, port=port) from bad

    def table(self) -> Table:
        """Return what came; StreamError if no row was good."""
        fields, dropped = self._parser.fields, 0
        if self._chooser is not None:
            self._chooser.check(self._bad.name)
            dropped = self._chooser.dropped
        absent = {port: self._parser.columns[port].source for port, items in self._items.items()
                  if fields[port].optional and items and not any(item is not None for item in items)}
        for port, source in absent.items():
            _LOG.warning("%s: no row has %r, which would feed %r", self._bad.name, source, port)
        notices = self._joins.notices(self._bad.name, whole=not dropped) if self._joins is not None else {}
        times = None if self._clock is None else np.array(self._times, dtype=np.int64)
        return Table(self._bad.name, fields, self._items, skipped=self._bad.finish(), dropped=dropped,
                     times=times, places=None if times is None else self._places, absent=absent,
                     notices=notices)
