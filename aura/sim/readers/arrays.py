"""Readers of arrays that share their first axis, as idx and npz files hold them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from aura.core.errors import StreamError
from aura.plugins.streams import Field, Reader, checked_indices

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aura.plugins.streams import Value
    from aura.sim.readers.bad import BadRows

__all__ = ["ArrayReader", "label_field", "label_of"]

_CHECK_BYTES = 1 << 24
_PIXEL_MAX = 255


class ArrayReader(Reader):
    """Rows out of arrays, converted when they are read: a memory-mapped file stays on disk.

    Parameters
    ----------
    name : str
        What errors call it.
    fields : mapping of str to Field
    arrays : mapping of str to array
        One for each field; all with the same first axis.
    scaled : set of str
        Fields of uint8 that are given as float32 in 0..1.
    wanted : array of bool, optional
        Which rows there are at all; by default every one.
    bad : BadRows
        What to do with rows that hold NaN or an infinity.
    """

    def __init__(
        self,
        name: str,
        fields: Mapping[str, Field],
        arrays: Mapping[str, np.ndarray],
        bad: BadRows,
        *,
        scaled: frozenset[str] = frozenset(),
        wanted: np.ndarray | None = None,
    ) -> None:
        self.name, self.fields = name, dict(fields)
        self._arrays, self._scaled = dict(arrays), scaled
        length = len(next(iter(self._arrays.values())))
        every = np.ones(length, dtype=bool) if wanted is None else wanted
        good = every.copy()
        for key, array in self._arrays.items():
            good &= _finite_rows(array, self.fields[key].dtype)
            for i in np.flatnonzero(every & ~good) if bad.on_bad == "stop" else ():
                bad.report(f"row {i}, {key!r}", expected=f"finite numbers in {self.fields[key].dtype}",
                           got="NaN, an infinity, or more")
        self.dropped, kept = length - int(every.sum()), int(good.sum())
        if lost := length - self.dropped - kept:
            bad.report("", expected="finite numbers", got="NaN, an infinity, or more", rows=lost)
        self._kept = None if kept == length else np.flatnonzero(good)
        self._length = kept
        self.skipped = bad.finish()
        if self._length == 0:
            raise StreamError(name, expected="at least one row", got="no rows")

    def __len__(self) -> int:
        """Return the number of good rows."""
        return self._length

    def rows(self, indices: Sequence[int] | np.ndarray) -> dict[str, Value]:
        """Return the rows at these indices, in this order."""
        chosen = checked_indices(indices, self._length)
        places = chosen if self._kept is None else self._kept[chosen]
        return {key: self._value(key, self._arrays[key][places]) for key in self.fields}

    def _value(self, key: str, taken: np.ndarray) -> Value:
        field = self.fields[key]
        if field.dtype == "tags":
            # An empty text is no label, as in every reader.
            named = (label_of(label, field.classes).strip() for label in taken.tolist())
            return tuple((label,) if label else () for label in named)
        if field.dtype == "text":
            return tuple(taken.tolist())
        if key in self._scaled:
            return taken.astype(np.float32) / np.float32(_PIXEL_MAX)
        return np.array(taken, dtype=field.dtype)


def _finite_rows(array: np.ndarray, dtype: str) -> np.ndarray:
    """Return which rows are finite in the type that they are given as."""
    good = np.ones(len(array), dtype=bool)
    if array.dtype.kind == "f" and array.size:
        most = np.finfo(dtype).max
        step = max(1, _CHECK_BYTES // max(1, array.nbytes // len(array)))
        for i in range(0, len(array), step):
            part = np.abs(array[i : i + step]) <= most
            good[i : i + step] = part.reshape(len(part), -1).all(axis=1)
    return good


def label_of(label: int | str, classes: Sequence[str]) -> str:
    """Return a label's name: its class by number if classes are named, else itself as text."""
    return classes[label] if classes and isinstance(label, int) else str(label)


def label_field(name: str, labels: np.ndarray, classes: tuple[str, ...]) -> Field:
    """Return the field of an array of labels; StreamError if it cannot be one."""
    if labels.ndim != 1 or labels.dtype.kind not in "iuU":
        raise StreamError(name, expected="one whole number or text a row as label",
                          got=f"{labels.dtype.name} of shape {labels.shape[1:]} a row")
    if classes and labels.dtype.kind in "iu" and labels.size:
        low, high = int(labels.min()), int(labels.max())
        if low < 0 or high >= len(classes):
            raise StreamError(name, expected=f"labels from 0 to {len(classes) - 1}, as many classes are named",
                              got=f"labels from {low} to {high}")
    if classes and labels.dtype.kind == "U":
        unknown = sorted({label.strip() for label in np.unique(labels).tolist()} - {"", *classes})
        if unknown:
            raise StreamError(name, expected=f"one of the {len(classes)} classes", got=repr(unknown[0]))
    return Field("tags", doc="the label", classes=classes)
