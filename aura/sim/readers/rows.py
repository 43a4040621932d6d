"""What every reader offers: named fields, a length, and any rows of them in any order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias, cast, runtime_checkable

import numpy as np

from aura.core.errors import StreamError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Field", "Item", "Reader", "Source", "Table", "Value", "checked_indices", "stack"]

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


@runtime_checkable
class Reader(Protocol):
    """A finite, seekable source of rows: the same rows in the same order at every opening."""

    @property
    def name(self) -> str:
        """What errors and logs call it, usually the file's name."""
        ...

    @property
    def fields(self) -> Mapping[str, Field]:
        """What a row holds."""
        ...

    @property
    def skipped(self) -> int:
        """How many rows (for wav: files) were left out as bad."""
        ...

    def __len__(self) -> int:
        """Return the number of good rows."""
        ...

    def rows(self, indices: Sequence[int] | np.ndarray) -> dict[str, Value]:
        """Return the rows at these indices (0 to ``len - 1``), in this order; IndexError outside them."""
        ...


@runtime_checkable
class Source(Protocol):
    """A source of rows that come one after the other and cannot be sought in."""

    @property
    def name(self) -> str:
        """What errors and logs call it."""
        ...

    @property
    def fields(self) -> Mapping[str, Field]:
        """What a row holds."""
        ...

    @property
    def skipped(self) -> int:
        """How many rows were left out as bad so far."""
        ...

    @property
    def ended(self) -> bool:
        """Whether the last row has been taken."""
        ...

    def take(self, max_items: int, *, block: bool = True, timeout_s: float | None = None) -> list[dict[str, Item]]:
        """Return at most `max_items` rows; with `block`, wait for the first one or the end."""
        ...

    def close(self) -> None:
        """Stop taking in rows; may be called twice."""
        ...


class Table:
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

    Raises
    ------
    StreamError
        If there is no row.
    """

    def __init__(
        self, name: str, fields: Mapping[str, Field], columns: Mapping[str, Sequence[Item] | Value], *,
        skipped: int = 0, dropped: int = 0, times: np.ndarray | None = None, places: Sequence[str] | None = None,
        absent: Mapping[str, object] | None = None,
    ) -> None:
        self.name, self.fields, self.skipped, self.dropped = name, dict(fields), skipped, dropped
        self.times, self.places, self.absent = times, places, dict(absent or {})
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
