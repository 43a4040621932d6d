"""State declared once: a zone or a part of one lists what lasts; saving, loading and checking follow from the list."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np

from aura.core.errors import StateError, WiringError, nearest
from aura.core.held import as_kind, as_shape, loaded, made, refilled, saved, within

__all__ = ["Free", "Lasting", "Made", "Stateful"]


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
        return loaded(present, state)


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
            return loaded(present, state)
        wanted = list(state.shape) if not self.axes else list(present.shape)
        for axis in self.axes:
            wanted[axis] = state.shape[axis] if state.ndim == present.ndim else -1
        return as_shape(present, state, tuple(wanted))


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
            return refilled(present, {key: made(kind, part, f".{key}") for key, part in as_kind(dict, state).items()})
        if isinstance(state, list):
            parts = [made(kind, part, f"[{place}]") for place, part in enumerate(state)]
            return refilled(present if isinstance(present, (list, deque)) else [], parts)
        return None if state is None else made(kind, state)


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
            declared = kind.__dict__.get("lasting", ())
            if not isinstance(declared, tuple):
                raise WiringError(f"{kind.__name__}.lasting", expected="a tuple of names", got=repr(declared),
                                  hint='A tuple of one has a comma: ("mean",).')
            for one in declared:
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
        missing = [key for key in self._lasting if key not in as_kind(dict, state, where)]
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
