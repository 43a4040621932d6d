"""The classes of a stream's rows, for what orders or splits rows by them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from aura.core.errors import StreamError, nearest
from aura.plugins.streams import Field, Reader

__all__ = ["BLOCK_ROWS", "class_field", "classes_of", "row_classes"]

BLOCK_ROWS = 4096
"""Rows read at once to learn their classes: of images of 28 x 28 float32 these are 13 MB."""


def class_field(fields: Mapping[str, Field], name: str, where: str) -> Field:
    """Return the field of that name, which says of what class a row is; `where` is the setting that names it.

    Raises
    ------
    StreamError
        If there is none, or it is not of tags, text or integers.
    """
    field = fields.get(name)
    if field is None or not _tells_classes(field):
        got = repr(name) if field is None else f"{name!r}: {field.dtype} {field.shape or ''}".rstrip()
        raise StreamError(where, expected="a field of tags, of text or of integers", got=got,
                          hint=nearest(name, [key for key, one in fields.items() if _tells_classes(one)]))
    return field


def _tells_classes(field: Field) -> bool:
    return not field.shape and field.dtype.startswith(("text", "tags", "int", "uint"))


def row_classes(reader: Reader, rows: np.ndarray, field: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Return each of some rows with its classes."""
    for start in range(0, len(rows), BLOCK_ROWS):
        block = rows[start:start + BLOCK_ROWS]
        yield from zip(block.tolist(), classes_of(reader.rows(block)[field]), strict=True)


def classes_of(value: Any) -> list[tuple[str, ...]]:
    """Return the classes of each row of a field: one, or of tags as many as it has; an empty text is none."""
    if isinstance(value, np.ndarray):
        return [(str(number),) for number in value.tolist()]
    return [() if label is None or label == "" else label if isinstance(label, tuple) else (str(label),)
            for label in value]
