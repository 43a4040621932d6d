"""Readers of sensory streams: rows of named fields out of files, pipes and Python."""

from aura.plugins.streams import Field, Reader, ReaderKind, Source, Table, stack
from aura.sim.readers.bad import OnBad
from aura.sim.readers.columns import Column, ColumnMap
from aura.sim.readers.iterable import IterableSource, read_iterable
from aura.sim.readers.kinds import reader_kinds
from aura.sim.readers.live_source import JsonLinesSource
from aura.sim.readers.options import ReaderOptions
from aura.sim.readers.order import pass_order, plan

__all__ = [
    "Column",
    "ColumnMap",
    "Field",
    "IterableSource",
    "JsonLinesSource",
    "OnBad",
    "Reader",
    "ReaderKind",
    "ReaderOptions",
    "Source",
    "Table",
    "pass_order",
    "plan",
    "read_iterable",
    "reader_kinds",
    "stack",
]
