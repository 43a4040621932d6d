"""The outputs of a stream: one a field, each with an item axis."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from aura.core.errors import StreamError, nearest
from aura.core.ports import Port
from aura.core.signals import Items
from aura.plugins.streams import Field, stack

__all__ = ["items_of", "joined", "stream_ports"]


def stream_ports(fields: Mapping[str, Field], truth: Collection[str] | None, name: str,
                 labels: Collection[str] = ()) -> tuple[Port, ...]:
    """Return a port for each field; the fields named in `truth`, by default all tags, have the role of labels.

    So have those in `labels`.

    Raises
    ------
    StreamError
        If `truth` names no field.
    """
    for label in truth or ():
        if label not in fields:
            raise StreamError(f"{name}.truth", expected="fields of the stream", got=repr(label),
                              hint=nearest(label, fields))
    return tuple(_port(key, field, key in labels or (field.dtype == "tags" if truth is None else key in truth))
                 for key, field in fields.items())


def joined(fields: Mapping[str, Field], others: Mapping[str, Field], name: str) -> dict[str, Field]:
    """Return the fields of a stream whose held-out rows come from elsewhere: with the classes of both.

    Raises
    ------
    StreamError
        If the two have not the same fields, of the same type, shape and unit; it names what differs.
    """
    differ = [f"no field {key!r}" for key in fields if key not in others]
    differ += [f"a field {key!r} besides" for key in others if key not in fields]
    for key in fields.keys() & others.keys():
        for what in ("dtype", "shape", "unit"):
            mine, other = getattr(fields[key], what), getattr(others[key], what)
            if mine != other:
                differ.append(f"{key!r} of {what} {other or 'none'} instead of {mine or 'none'}")
    if differ:
        raise StreamError(f"{name}.held_out", expected=f"the fields {', '.join(fields)} as the stream has them",
                          got="; ".join(sorted(differ)))
    return {key: replace(field, optional=field.optional or others[key].optional,
                         classes=tuple(dict.fromkeys((*field.classes, *others[key].classes)))
                         if field.classes and others[key].classes else ())
            for key, field in fields.items()}


def items_of(fields: Mapping[str, Field], rows: Mapping[str, Any], ids: np.ndarray) -> dict[str, Items]:
    """Return what the ports say of these rows; of an optional field only the rows that have it, or nothing at all."""
    published: dict[str, Items] = {}
    for name, value in rows.items():
        field = fields.get(name)
        if field is None or not field.optional:
            published[name] = Items(value, ids)
        elif there := [i for i, item in enumerate(value) if item is not None]:
            items: Any = stack(replace(field, optional=False), [value[i] for i in there])
            published[name] = Items(items, ids[there])
    return published


def _port(name: str, field: Field, label: bool) -> Port:
    shape: tuple[int | str, ...] = ("item",) if field.dtype in ("text", "tags") else ("item", *field.shape)
    return Port(name, dtype=field.dtype, shape=shape, unit=field.unit or "1", role="label" if label else "signal",
                doc=field.doc or f"The field {name} of the rows played in this tick.")
