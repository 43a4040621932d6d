"""The outputs of a stream: one a field, each with an item axis."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from aura.core.errors import StreamError, nearest
from aura.core.ports import Port
from aura.sim.readers.rows import Field

__all__ = ["stream_ports"]


def stream_ports(fields: Mapping[str, Field], truth: Collection[str] | None, name: str) -> tuple[Port, ...]:
    """Return a port for each field; the fields named in `truth`, by default all tags, have the role of labels.

    Raises
    ------
    StreamError
        If `truth` names no field.
    """
    for label in truth or ():
        if label not in fields:
            raise StreamError(f"{name}.truth", expected="fields of the stream", got=repr(label),
                              hint=nearest(label, fields))
    return tuple(_port(key, field, field.dtype == "tags" if truth is None else key in truth)
                 for key, field in fields.items())


def _port(name: str, field: Field, label: bool) -> Port:
    shape: tuple[int | str, ...] = ("item",) if field.dtype in ("text", "tags") else ("item", *field.shape)
    return Port(name, dtype=field.dtype, shape=shape, unit=field.unit or "1", role="label" if label else "signal",
                doc=field.doc or f"The field {name} of the rows played in this tick.")
