"""What an attribute holds: as a state tree, and taken over from one, as what is held says."""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, Protocol, runtime_checkable

import numpy as np

from aura.core.errors import StateError
from aura.core.handed import sketch

__all__ = ["OTHER", "HasState", "as_kind", "as_shape", "loaded", "made", "refilled", "saved", "within"]

OTHER = "Was it saved with other parameters?"
_PLAIN = frozenset([type(None), bool, int, float, str, bytes])
_LISTS = frozenset([list, tuple, deque])
_BARE = frozenset([*_PLAIN, *_LISTS, dict, set, frozenset, np.ndarray])
"""Types that have no state of their own."""
_CONTAINERS = (Mapping, list, tuple, deque, set, frozenset)


@runtime_checkable
class HasState(Protocol):
    """A part with a state of its own."""

    def state(self) -> Any: ...

    def load_state(self, state: Any, /) -> None: ...


@contextmanager
def within(where: str, part: Any = None) -> Iterator[None]:
    """Let an error of `part`, or of a value, begin with `where`; one that names its place by itself stays as it is."""
    try:
        yield
    except StateError as error:
        place = error.where.removeprefix(type(part).__name__)
        if place and place[0] not in ".[":
            raise
        raise type(error)(f"{where}{place}", expected=error.expected, got=error.got,
                          hint=error.hint) from error.__cause__


def has_state(value: Any) -> bool:
    """Return whether a value is a part with a state of its own; thirty times as fast as `isinstance` of `HasState`."""
    return type(value) not in _BARE and hasattr(value, "state") and hasattr(value, "load_state")


def saved(value: Any) -> Any:
    """Return the state of a value: a tree that nobody else changes."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is dict:
        # What is plain is not asked again: a table of counts has thousands.
        return {key: part if type(part) in _PLAIN else saved(part) for key, part in value.items()}
    if kind in _LISTS:
        parts = [part if type(part) in _PLAIN else saved(part) for part in value]
        return tuple(parts) if kind is tuple else parts
    if kind is np.ndarray:
        return value.copy()
    return value.state() if has_state(value) else _saved_otherwise(value)


def _saved_otherwise(value: Any) -> Any:
    """Return the state of what is of no type that most values have."""
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, np.random.Generator):
        return value.bit_generator.state
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value):
        return {field.name: saved(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key: saved(part) for key, part in value.items()}
    if isinstance(value, (list, tuple, deque)):
        parts = map(saved, value)
        return tuple(parts) if isinstance(value, tuple) else list(parts)
    return set(value) if isinstance(value, (set, frozenset)) else value


def loaded(present: Any, state: Any) -> Any:
    """Return what takes the place of `present`, as `Lasting` says."""
    if has_state(present):
        with within("", present):
            if state is None:
                raise StateError("", expected=f"the state of a {type(present).__name__}", got="None", hint=OTHER)
            present.load_state(state)
        return present
    if state is None:
        return None
    if present is None:
        if isinstance(state, dict):
            raise StateError("", expected="None", got="a state", hint=OTHER)
        return copy.deepcopy(state)
    if isinstance(present, np.ndarray):
        return as_shape(present, state, present.shape)
    if isinstance(present, np.random.Generator):
        present.bit_generator.state = as_kind(dict, state)
        return present
    if isinstance(present, Enum):
        return type(present)(state)
    if is_dataclass(present):
        kind: Any = type(present)
        return kind(**_each({field.name: getattr(present, field.name) for field in fields(present)}, state))
    return _container(present, state) if isinstance(present, _CONTAINERS) else _plain(present, state)


def _container(present: Any, state: Any) -> Any:
    if isinstance(present, Mapping):
        if any(has_state(part) for part in present.values()):
            return refilled(present, _each(present, state))
        return refilled(present, copy.deepcopy(as_kind(dict, state)))
    if isinstance(present, (set, frozenset)):
        return type(present)(as_kind(set, state))
    kind = tuple if isinstance(present, tuple) else list
    if hasattr(present, "_make") or any(has_state(part) for part in present):
        found = _each({f"[{place}]": part for place, part in enumerate(present)},
                      {f"[{place}]": part for place, part in enumerate(as_kind(kind, state))}).values()
        return type(present)(*found) if hasattr(present, "_make") else refilled(present, found)
    return refilled(present, copy.deepcopy(as_kind(kind, state)))


def _each(present: Mapping[str, Any], state: Any) -> dict[str, Any]:
    """Return what takes the place of each of the values that stand by name."""
    if as_kind(dict, state).keys() != present.keys():
        raise StateError("", expected=f"the state of {', '.join(map(str, present))}",
                         got=", ".join(map(str, state)) or "none", hint=OTHER)
    found = {}
    for name, part in present.items():
        with within(name if str(name).startswith("[") else f".{name}"):
            found[name] = loaded(part, state[name])
    return found


def made(kind: Callable[..., Any], state: Any, where: str = "") -> Any:
    """Return one made anew, as `Made` says; its errors begin with `where`."""
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(state)
    if isinstance(state, tuple):
        return kind(*copy.deepcopy(state))
    with within(where):
        if isinstance(kind, type) and not issubclass(kind, HasState) and (is_dataclass(kind) or kind is dict):
            return kind(**copy.deepcopy(as_kind(dict, state)))
        return loaded(kind(), state)


def as_shape(present: np.ndarray, state: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Return the array saved, in the place of `present` where that can be; refused unless of its type and this shape.
    """
    if not isinstance(state, np.ndarray) or (state.dtype, state.shape) != (
            present.dtype.newbyteorder("="), shape):  # files hold the machine's own order of bytes
        raise StateError("", expected=f"{present.dtype} {shape}".replace("-1", "any"), got=sketch(state), hint=OTHER)
    if present.shape == shape and present.flags.writeable:
        present[...] = state
        return present
    return state.astype(present.dtype)


def _plain(present: Any, state: Any) -> Any:
    if _kind_of(state) is not _kind_of(present):
        raise StateError("", expected=f"a value of type {type(present).__name__}", got=sketch(state), hint=OTHER)
    return copy.deepcopy(state)


def _kind_of(value: Any) -> type:
    """Return the type of a value, one for all numbers, for a sum may begin as a whole one."""
    if isinstance(value, (bool, np.bool_)):
        return bool
    return float if isinstance(value, (int, float, np.number)) else type(value)


def as_kind(kind: type, state: Any, where: str = "") -> Any:
    """Return a state if it is of this type."""
    if isinstance(state, kind):
        return state
    raise StateError(where, expected=f"a {kind.__name__}", got=sketch(state), hint=OTHER)


def refilled(present: Any, parts: Any) -> Any:
    """Return a container of the type and bounds of `present` that holds `parts`."""
    if isinstance(present, tuple):
        return tuple(parts)
    container = copy.copy(present)
    container.clear()
    (container.extend if isinstance(container, (list, deque)) else container.update)(parts)
    return container
