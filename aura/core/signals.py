"""Signals on the bus, the items they carry, and the inputs that a zone reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple, NoReturn

import numpy as np

from aura.core.handed import sketch
from aura.core.modulators import Modulator
from aura.core.ports import Value
from aura.core.time import Time, format_time

__all__ = ["FIRST_IDS", "MOST_SOURCES", "Inputs", "Items", "Signal", "again", "inbox_class", "seen_before", "source_of"]

_FEW = 8
"""Numbers that are shown one by one."""
_NOTHING: Mapping[str, Any] = MappingProxyType({})

_AGAIN = -2**40
"""The ids of items whose rows were learned before count from here: far from any that is counted from 0 or hashed, and
small enough to be exact in JSON."""
FIRST_IDS = 2**32
"""Sources whose items meet at an input count from 0, from this, from twice this, and so on."""
MOST_SOURCES = -_AGAIN // 2 // FIRST_IDS
"""So many can, so that no id looks like one of an item whose row was learned before."""


def again(ids: np.ndarray) -> np.ndarray:
    """Return the ids by which items are known whose rows were learned before; `ids` count from 0.

    Whoever judges a zone tells first sights from later ones by the id alone, wherever the item has passed through.

    Examples
    --------
    >>> again(np.array([208, 209])).tolist(), seen_before(again(np.array([208])))
    ([-1099511627568, -1099511627567], array([ True]))
    """
    return ids + _AGAIN


def seen_before(ids: np.ndarray) -> np.ndarray:
    """Return for each id whether the item's row was learned before, as the stream that plays it has said.

    Examples
    --------
    >>> seen_before(np.array([0, 207, -1]))
    array([False, False, False])
    """
    found: np.ndarray = (ids >= _AGAIN) & (ids < _AGAIN // 2)
    return found


def source_of(identity: int) -> int:
    """Return which of the sources that meet somewhere an item comes from, by its id; below 0 if it was injected.

    Examples
    --------
    >>> source_of(7), source_of(2 * FIRST_IDS + 7), source_of(int(again(np.array(FIRST_IDS + 7)))), source_of(-1)
    (0, 2, 1, -1)
    """
    return (identity - _AGAIN if _AGAIN <= identity < _AGAIN // 2 else identity) // FIRST_IDS


class Signal(NamedTuple):
    """What one topic said at one instant.

    `ids` are the int64 identities of the items on the first axis, or None; `seen_before` tells those of later sights.
    """

    topic: str
    time: Time
    value: Value
    ids: np.ndarray | None = None

    def __repr__(self) -> str:
        value, ids = self.value, self.ids
        shown = sketch(value)
        if isinstance(value, np.ndarray) and value.ndim and value.size <= _FEW:
            shown += f" {np.array2string(value, precision=4, separator=', ').replace(chr(10), '')}"
        items = "" if ids is None else f", {len(ids)} item{'' if len(ids) == 1 else 's'}"
        return f"<Signal {self.topic} at {format_time(self.time)}: {shown}{items}>"


class Items(NamedTuple):
    """A value together with its item ids, for an output that carries on no input's items."""

    value: Value
    ids: np.ndarray


class Inputs(dict[str, Any]):
    """What a zone reads at one tick: port to value, frozen.

    A declared port at which nothing lies reads as None; an undeclared one raises KeyError. ``inputs.ids[port]`` are
    the identities of the items, for ports that carry items.
    """

    __slots__ = ("_ids", "_modulators")
    _ids: dict[str, Any]
    _modulators: Mapping[str, float]
    ports: frozenset[str] = frozenset()
    defaults: Mapping[str, float] = _NOTHING
    """What the zone's modulators are while nothing has come."""

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
    def modulators(self) -> Mapping[str, float]:
        """Each modulator that the zone declares to its latest value, or its default where none has come."""
        try:
            return self._modulators
        except AttributeError:
            return self.defaults

    def _frozen(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("inputs are frozen: step and learn must see the same values")

    __setitem__ = __delitem__ = update = pop = popitem = clear = setdefault = __ior__ = _frozen


def inbox_class(ports: Iterable[str], modulators: Mapping[str, Modulator]) -> type[Inputs]:
    """Return the class of the inputs of zones with these ports, that obey these modulators."""
    return _inbox_class(frozenset(ports), tuple((name, one.default) for name, one in modulators.items()))


@lru_cache(maxsize=1024)
def _inbox_class(ports: frozenset[str], defaults: tuple[tuple[str, float], ...]) -> type[Inputs]:
    # Were it one a zone, a thousand zones would crowd the caches.
    return type("Inputs", (Inputs,), {"__slots__": (), "ports": ports, "defaults": MappingProxyType(dict(defaults))})
