"""State declared once: a zone or a part of one lists what lasts; saving, loading and checking follow from the list."""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np

from aura.core.errors import StateError, WiringError, nearest
from aura.core.handed import sketch

__all__ = ["Free", "Lasting", "Made", "Stateful", "saved", "within"]

_PLAIN = frozenset([bool, int, float, str, bytes])
_CONTAINERS = (Mapping, list, tuple, deque, set, frozenset)
_OTHER = "Was it saved with other parameters?"


@runtime_checkable
class _HasState(Protocol):
    def state(self) -> Any: ...

    def load_state(self, state: Any, /) -> None: ...


class Lasting:
    """An attribute that lasts, which takes over a state as what it holds in the object that loads it says.

    An array takes the saved values in place, so that whoever holds it goes on seeing it; one of another dtype or shape
    is refused. A part (whatever has `state` and `load_state`) loads its own, and so do the parts of a list or dict,
    which must be as many and of the same names. A random stream goes back. Anything else is copied: numbers, texts,
    None, enumerations, named tuples, dataclasses; lists, sets, dicts and deques, which stay of their type and
    ``maxlen``, with all that lies in them. None may become anything but a part, and anything but a part None.

    Parameters
    ----------
    name : str
        Of the attribute.
    key : str, optional
        By which the state has it; by default the name without ``_`` before it.
    """

    def __init__(self, name: str, *, key: str = "") -> None:
        self.name, self.key = name, key or name.lstrip("_")

    def loaded(self, owner: Any, present: Any, state: Any) -> Any:
        """Return what `owner` is to hold, where it holds `present`, of a state that is not to be shared."""
        return _loaded(present, state)


class Free(Lasting):
    """An array some of whose axes may have another length than in the object that loads it.

    Parameters
    ----------
    name : str
        Of the attribute.
    axes : int
        Those axes; all, and their number too, where none is given.
    """

    def __init__(self, name: str, *axes: int, key: str = "") -> None:
        super().__init__(name, key=key)
        self.axes = axes

    def loaded(self, owner: Any, present: Any, state: Any) -> Any:
        if not (isinstance(present, np.ndarray) and isinstance(state, np.ndarray)):
            return _loaded(present, state)
        wanted = list(state.shape) if not self.axes else list(present.shape)
        for axis in self.axes:
            wanted[axis] = state.shape[axis] if state.ndim == present.ndim else -1
        return _array(present, state, tuple(wanted))


class Made(Lasting):
    """What is made anew when it is loaded: one value, or a list, deque or dict of them, as many as were saved.

    Parameters
    ----------
    name : str
        Of the attribute.
    kind : type, callable, or str
        Of one: a part's class or a function without arguments that makes a part, which loads its state then; a named
        tuple, a dataclass or an enumeration, made of the values saved. A text names a method of the owner.
    """

    def __init__(self, name: str, kind: Callable[..., Any] | str, *, key: str = "") -> None:
        super().__init__(name, key=key)
        self.kind = kind

    def loaded(self, owner: Any, present: Any, state: Any) -> Any:
        kind = getattr(owner, self.kind) if isinstance(self.kind, str) else self.kind
        if isinstance(present, Mapping):
            return _refilled(present, {key: _made(kind, part, f".{key}") for key, part in _as(dict, state).items()})
        if isinstance(state, list):
            parts = [_made(kind, part, f"[{place}]") for place, part in enumerate(state)]
            return _refilled(present if isinstance(present, (list, deque)) else [], parts)
        return None if state is None else _made(kind, state)


class Stateful:
    """What has a state: the attributes that its class and the classes above it name in `lasting`.

    Examples
    --------
    >>> class Trace(Stateful):
    ...     lasting = ("values", "_count")
    ...     def __init__(self, units: int) -> None:
    ...         self.values, self._count = np.zeros(units), 0
    >>> trace = Trace(2)
    >>> trace.load_state({"values": np.array([0.5, 1.0]), "count": 3})
    >>> trace.state()
    {'values': array([0.5, 1. ]), 'count': 3}
    >>> trace.load_state({"values": np.zeros(3), "count": 0})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    aura.core.errors.StateError: Trace.values: expected float64 (2,), got float64 (3,). Was it saved with other para...
    """

    lasting: ClassVar[tuple[str | Lasting, ...]] = ()
    """The attributes that last, by name, or as `Free` or `Made`; they are loaded in this order."""
    _lasting: ClassVar[dict[str, Lasting]] = {}

    def __init_subclass__(cls, **named: Any) -> None:
        super().__init_subclass__(**named)
        cls._lasting = {}
        for kind in reversed(cls.__mro__):
            said = kind.__dict__.get("lasting", ())
            if not isinstance(said, tuple):
                raise WiringError(f"{kind.__name__}.lasting", expected="a tuple of names", got=repr(said),
                                  hint='A tuple of one has a comma: ("mean",).')
            for one in said:
                field = Lasting(one) if isinstance(one, str) else one
                before = cls._lasting.setdefault(field.key, field)
                if before.name != field.name:
                    raise WiringError(f"{kind.__name__}.lasting", expected="names that differ by more than '_'",
                                      got=f"{before.name} and {field.name}")
                cls._lasting[field.key] = field

    def state(self) -> dict[str, Any]:
        """Return all that lasts, as a tree of arrays and plain values that nobody else changes."""
        return {key: saved(self._present(field)) for key, field in self._lasting.items()}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned.

        Raises
        ------
        StateError
            If a part of it is missing, unknown, or of another type, dtype or shape; the message has its path.
        """
        where = type(self).__name__
        missing = [key for key in self._lasting if key not in _as(dict, state, where)]
        unknown = [key for key in state if key not in self._lasting]
        if missing or unknown:
            raise StateError(where, expected=f"the fields {', '.join(self._lasting) or 'none'}", got="a state "
                             + " and ".join(f"{word} {', '.join(map(str, keys))}" for word, keys
                                            in (("without", missing), ("with", unknown)) if keys),
                             hint="Was it saved by another version?")
        self.before_load(state)
        for key, field in self._lasting.items():
            with within(f"{where}.{key}"):
                setattr(self, field.name, field.loaded(self, self._present(field), state[key]))
        self.after_load()

    def before_load(self, state: dict[str, Any]) -> None:
        """Build what a state needs to be loaded into; its keys have been checked, and nothing has been loaded yet."""

    def after_load(self) -> None:
        """Derive anew what follows from what lasts; all of it has been loaded."""

    def _present(self, field: Lasting) -> Any:
        try:
            return getattr(self, field.name)
        except AttributeError:
            raise StateError(f"{type(self).__name__}.lasting", expected="attributes that __init__ sets",
                             got=repr(field.name), hint=nearest(field.name, vars(self))) from None


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


def saved(value: Any) -> Any:
    """Return the state of a value: a tree that nobody else changes."""
    if value is None or type(value) in _PLAIN:
        return value
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, _HasState):
        return value.state()
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


def _loaded(present: Any, state: Any) -> Any:
    """Return what takes the place of `present`, as `Lasting` says."""
    if isinstance(present, _HasState):
        with within("", present):
            if state is None:
                raise StateError("", expected=f"the state of a {type(present).__name__}", got="None", hint=_OTHER)
            present.load_state(state)
        return present
    if state is None:
        return None
    if present is None:
        if isinstance(state, dict):
            raise StateError("", expected="None", got="a state", hint=_OTHER)
        return copy.deepcopy(state)
    if isinstance(present, np.ndarray):
        return _array(present, state, present.shape)
    if isinstance(present, np.random.Generator):
        present.bit_generator.state = _as(dict, state)
        return present
    if isinstance(present, Enum):
        return type(present)(state)
    if is_dataclass(present):
        made: Any = type(present)
        return made(**_each({field.name: getattr(present, field.name) for field in fields(present)}, state))
    return _container(present, state) if isinstance(present, _CONTAINERS) else _plain(present, state)


def _container(present: Any, state: Any) -> Any:
    if isinstance(present, Mapping):
        if any(isinstance(part, _HasState) for part in present.values()):
            return _refilled(present, _each(present, state))
        return _refilled(present, copy.deepcopy(_as(dict, state)))
    if isinstance(present, (set, frozenset)):
        return type(present)(_as(set, state))
    kind = tuple if isinstance(present, tuple) else list
    if hasattr(present, "_make") or any(isinstance(part, _HasState) for part in present):
        found = _each({f"[{place}]": part for place, part in enumerate(present)},
                      {f"[{place}]": part for place, part in enumerate(_as(kind, state))}).values()
        return type(present)(*found) if hasattr(present, "_make") else _refilled(present, found)
    return _refilled(present, copy.deepcopy(_as(kind, state)))


def _each(present: Mapping[str, Any], state: Any) -> dict[str, Any]:
    """Return what takes the place of each of the values that stand by name."""
    if _as(dict, state).keys() != present.keys():
        raise StateError("", expected=f"the state of {', '.join(map(str, present))}",
                         got=", ".join(map(str, state)) or "none", hint=_OTHER)
    found = {}
    for name, part in present.items():
        with within(name if str(name).startswith("[") else f".{name}"):
            found[name] = _loaded(part, state[name])
    return found


def _made(kind: Callable[..., Any], state: Any, where: str = "") -> Any:
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(state)
    if isinstance(state, tuple):
        return kind(*copy.deepcopy(state))
    with within(where):
        if isinstance(kind, type) and not issubclass(kind, _HasState) and (is_dataclass(kind) or kind is dict):
            return kind(**copy.deepcopy(_as(dict, state)))
        return _loaded(kind(), state)


def _array(present: np.ndarray, state: Any, shape: tuple[int, ...]) -> np.ndarray:
    if not isinstance(state, np.ndarray) or (state.dtype, state.shape) != (present.dtype, shape):
        raise StateError("", expected=f"{present.dtype} {shape}".replace("-1", "any"), got=sketch(state), hint=_OTHER)
    if present.shape == shape and present.flags.writeable:
        present[...] = state
        return present
    return state.copy()


def _plain(present: Any, state: Any) -> Any:
    if _kind_of(state) is not _kind_of(present):
        raise StateError("", expected=f"a value of type {type(present).__name__}", got=sketch(state), hint=_OTHER)
    return copy.deepcopy(state)


def _kind_of(value: Any) -> type:
    """Return the type of a value, one for all numbers, for a sum may begin as a whole one."""
    if isinstance(value, (bool, np.bool_)):
        return bool
    return float if isinstance(value, (int, float, np.number)) else type(value)


def _as(kind: type, state: Any, where: str = "") -> Any:
    if isinstance(state, kind):
        return state
    raise StateError(where, expected=f"a {kind.__name__}", got=sketch(state), hint=_OTHER)


def _refilled(present: Any, parts: Any) -> Any:
    """Return a container of the type and bounds of `present` that holds `parts`."""
    if isinstance(present, tuple):
        return tuple(parts)
    container = copy.copy(present)
    container.clear()
    (container.extend if isinstance(container, (list, deque)) else container.update)(parts)
    return container
