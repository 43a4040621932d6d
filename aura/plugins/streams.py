"""The contract of what reads rows for streams: kinds of reader, readers, live sources, and their fields."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias, cast

import numpy as np
from pydantic import BaseModel

from aura.core.contract import Contribution
from aura.core.errors import PluginError, StreamError

__all__ = ["Field", "Item", "Reader", "ReaderKind", "Source", "Table", "Value", "checked_indices", "stack"]

Item: TypeAlias = "str | tuple[str, ...] | np.ndarray | np.generic | None"
"""One row of one field: a text, its tags, or an array (a scalar for shape ``()``); None where it may lack the field."""

Value: TypeAlias = "tuple[str, ...] | tuple[tuple[str, ...], ...] | tuple[Item, ...] | np.ndarray"
"""Several rows of one field: arrays are stacked on axis 0, unless a row may lack the field."""


@dataclass(frozen=True)
class Field:
    """One column of a stream.

    Parameters
    ----------
    dtype : str
        ``"text"``, ``"tags"`` (a set of labels an item) or the name of a numpy dtype.
    shape : tuple of int
        Shape of one item; ``()`` for text, tags and scalars.
    unit, doc : str
        Physical unit, and one sentence; may be empty.
    classes : tuple of str
        The labels that tags may hold, in their order, where the reader knows them beforehand.
    optional : bool
        Whether a row may lack it. Several rows of such a field are a tuple of items, with None for those that do.
    """

    dtype: str
    shape: tuple[int, ...] = ()
    unit: str = ""
    doc: str = ""
    classes: tuple[str, ...] = ()
    optional: bool = False

    @property
    def listed(self) -> bool:
        """Whether several rows of it are a tuple rather than one array."""
        return self.optional or self.dtype in ("text", "tags")


class Reader(ABC):
    """The base of finite sources of rows that can be read in any order: the same rows at every opening.

    A subclass sets `name` and `fields`; the other attributes have defaults.
    """

    name: str
    """What errors and logs call it, usually the file's name."""
    fields: Mapping[str, Field]
    """What a row holds."""
    skipped: int = 0
    """How many rows (for audio: files) were left out as bad."""
    times: np.ndarray | None = None
    """When each row is played, int64 nanoseconds, exactly as the source says it; None where only a field tells."""
    places: Sequence[str] | None = None
    """Where each row stands in the source, as errors call it: ``"line 7"``; by default ``"row 6"``."""
    absent: Mapping[str, object] = MappingProxyType({})
    """Optional fields that no row has, and the columns that would feed them."""
    notices: Mapping[str, int] = MappingProxyType({})
    """What a run tells of it at its end, in words with ``{count}`` in them, and how often that was so."""

    lanes: int = 0
    """Above 0, row n goes on from row ``n - lanes``: all rows are played in their order, so many in a tick."""

    @abstractmethod
    def __len__(self) -> int:
        """Return the number of good rows."""

    @abstractmethod
    def rows(self, indices: Sequence[int] | np.ndarray) -> dict[str, Value]:
        """Return the rows at these indices (0 to ``len - 1``), in this order; IndexError outside them."""

    def parted(self, hold_out: float) -> tuple[Reader, Reader] | None:
        """Return, of a reader in lanes, what is learned from and the last part, a fraction, that is held out."""
        return None


class Source(ABC):
    """The base of sources of rows that come one after the other, in their own time, and cannot be sought in.

    A subclass sets `name` and `fields`.
    """

    name: str
    """What errors and logs call it."""
    fields: Mapping[str, Field]
    """What a row holds."""
    position: int | None = None
    """How far into the input the rows that were taken reach, in bytes, for a source that can tell."""

    @property
    @abstractmethod
    def skipped(self) -> int:
        """How many rows were left out as bad so far."""

    @property
    @abstractmethod
    def ended(self) -> bool:
        """Whether the last row has been taken."""

    @abstractmethod
    def take(self, max_items: int, *, block: bool = True, timeout_s: float | None = None) -> list[dict[str, Item]]:
        """Return at most `max_items` rows; with `block`, wait for the first one, the end or the time in seconds."""

    def start(self) -> None:  # noqa: B027
        """Open the input and begin to read; called when nothing can refuse the run any more, or by the first `take`.

        What is taken from a writer before that is lost with a run that is refused.
        """

    def interrupt(self) -> None:  # noqa: B027
        """Note that the run is to stop; must be safe to call from a signal handler."""

    def close(self) -> None:  # noqa: B027
        """Stop taking in rows; may be called twice."""


@dataclass(frozen=True, slots=True)
class ReaderKind(Contribution):
    """A kind of stream as scenarios name it: what reads its rows.

    Parameters
    ----------
    name : str
        What a scenario writes.
    summary : str
        One sentence.
    options_model : type of pydantic.BaseModel
        What it may be told.
    open : callable
        ``open(options, base)`` gives a `Reader`, or an iterable of dicts, which is read to its end; relative paths are
        relative to the folder `base`.
    live : bool
        Whether it opens a `Source`, whose rows come once and in their own time, rather than a `Reader`.
    intake : bool
        Live kinds: whether ``open(options, base, intake)`` takes an `aura.plugins.recording.Intake`, plays first what
        was read and not used in earlier sittings of the run, and keeps there what it reads.
    fields : callable, optional
        Live kinds: ``fields(options)`` gives the fields without opening anything, for a replay.
    """

    name: str
    summary: str
    options_model: type[BaseModel]
    open: Callable[..., Reader | Source | Iterable[Any]]
    live: bool = False
    fields: Callable[[Any], Mapping[str, Field]] | None = None
    intake: bool = False

    def __post_init__(self) -> None:
        where = f"stream kind {self.name!r}"
        if not (isinstance(self.options_model, type) and issubclass(self.options_model, BaseModel)):
            raise PluginError(f"{where}.options_model", expected="a subclass of pydantic.BaseModel",
                              got=repr(self.options_model))
        if not callable(self.open):
            raise PluginError(f"{where}.open", expected="a function of options and folder", got=repr(self.open))


class Table(Reader):
    """A reader whose rows are held in memory, column by column.

    Parameters
    ----------
    name : str
        What errors call it.
    fields : mapping of str to Field
    columns : mapping of str to sequence
        For each field as many items as there are rows.
    skipped : int
        Rows left out as bad.
    dropped : int
        Good rows left out because the options asked for it.
    times : array of int64, optional
        When each row is played, in nanoseconds, exactly as the source says it.
    places : sequence of str, optional
        Where each row stands in the source, as errors call it: ``"line 7"``.
    absent : mapping of str to object
        Optional fields that no row has, and the columns that would feed them.
    notices : mapping of str to int
        What a run tells of it at its end, in words with ``{count}`` in them, and how often that was so.

    Raises
    ------
    StreamError
        If there is no row.
    """

    def __init__(
        self, name: str, fields: Mapping[str, Field], columns: Mapping[str, Sequence[Item] | Value], *,
        skipped: int = 0, dropped: int = 0, times: np.ndarray | None = None, places: Sequence[str] | None = None,
        absent: Mapping[str, object] | None = None, notices: Mapping[str, int] | None = None,
    ) -> None:
        self.name, self.fields, self.skipped, self.dropped = name, dict(fields), skipped, dropped
        self.times, self.places, self.absent, self.notices = times, places, dict(absent or {}), dict(notices or {})
        self._columns = {
            key: list(columns[key]) if field.listed else stack(field, columns[key])
            for key, field in self.fields.items()
        }
        self._length = min((len(column) for column in self._columns.values()), default=0)
        if self._length == 0:
            got = f"none ({skipped} bad rows were skipped)" if skipped else "no rows"
            raise StreamError(name, expected="at least one row", got=got)

    def __len__(self) -> int:
        """Return the number of good rows."""
        return self._length

    def rows(self, indices: Sequence[int] | np.ndarray) -> dict[str, Value]:
        """Return the rows at these indices, in this order."""
        chosen = checked_indices(indices, self._length)
        positions = chosen.tolist()
        return {
            key: column[chosen] if isinstance(column, np.ndarray)
            else cast("Value", tuple(map(column.__getitem__, positions)))
            for key, column in self._columns.items()
        }


def checked_indices(indices: Sequence[int] | np.ndarray, length: int) -> np.ndarray:
    """Return the indices as int64; IndexError if one is negative or past the end."""
    chosen = np.asarray(indices, dtype=np.int64).reshape(-1)
    if chosen.size and (chosen.min() < 0 or chosen.max() >= length):
        raise IndexError(f"row indices from {chosen.min()} to {chosen.max()} in a reader of {length} rows")
    return chosen


def stack(field: Field, items: Sequence[Item] | Value) -> Value:
    """Return several items of one field as one value, as `Reader.rows` gives them."""
    if field.listed:
        return cast("Value", tuple(items))
    if isinstance(items, np.ndarray):
        return items.astype(field.dtype, copy=False)
    return np.array(items, dtype=field.dtype).reshape(len(items), *field.shape)
