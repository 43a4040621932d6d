"""Signals on the bus, the items they carry, and the inputs that a zone reads."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, NoReturn

import numpy as np

from aura.core.ports import Value
from aura.core.time import Time

__all__ = ["Inputs", "Items", "Signal"]

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Signal(NamedTuple):
    """What one topic said at one instant.

    `ids` are the int64 identities of the items on the first axis, or None.
    """

    topic: str
    time: Time
    value: Value
    ids: np.ndarray | None = None


class Items(NamedTuple):
    """A value together with its item ids, for an output that carries on no input's items."""

    value: Value
    ids: np.ndarray


class Inputs(dict[str, Any]):
    """What a zone reads at one tick: port to value, frozen.

    A declared port at which nothing lies reads as None; an undeclared one raises KeyError. ``inputs.ids[port]`` are
    the identities of the items, for ports that carry items.
    """

    __slots__ = ("_ids",)
    _ids: dict[str, Any]
    ports: frozenset[str] = frozenset()

    def __missing__(self, port: str) -> None:
        if port not in self.ports:
            raise KeyError(f"no input port {port!r}; declared: {', '.join(sorted(self.ports))}")

    @property
    def ids(self) -> Mapping[str, Any]:
        """Port to item ids, an int64 array (a mapping from topic to array for a port with many pathways)."""
        try:
            return MappingProxyType(self._ids)
        except AttributeError:
            return _NOTHING

    @property
    def modulators(self) -> Mapping[str, Any]:
        """Modulator to its latest value, a scalar array; empty where none is wired."""
        return self.get("modulators") or _NOTHING

    def _frozen(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("inputs are frozen: step and learn must see the same values")

    __setitem__ = __delitem__ = update = pop = popitem = clear = setdefault = __ior__ = _frozen
