"""Ports: what a zone takes and gives, declared so that wiring and values can be checked."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal, TypeAlias

import numpy as np

from aura.core.errors import SignalError, WiringError, nearest
from aura.core.time import format_time

__all__ = ["MODULATORS", "Axis", "Port", "Value", "make_check", "misfit"]

Axis: TypeAlias = int | str
Value: TypeAlias = "np.ndarray | tuple[str, ...] | tuple[tuple[str, ...], ...]"

TEXTUAL = ("text", "tags")
NUMERIC = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32",
           "float64", "complex64", "complex128")
_ACCEPTED = {"b": "b", "i": "iu", "u": "iu", "f": "iuf", "c": "iufc"}
"""Kind of a scalar port to the kinds of number it takes."""
SMALL = 16
"""Length up to which adding up a list is faster than asking numpy about each element (measured)."""


@dataclass(frozen=True, slots=True)
class Port:
    """One input or output of a zone.

    Parameters
    ----------
    name : str
        An identifier; the topic of an output is ``zone.name``.
    dtype : str
        A numpy type name, or ``"text"`` (a tuple of str) or ``"tags"`` (a tuple, one per item, of tuples of str:
        label sets).
    shape : tuple of int or str
        The axes: a number is a fixed length, a name a length that may change from signal to signal. The axis
        ``"item"`` carries several stimuli in one signal.
    unit : str
        The physical unit, ``"1"`` for none.
    range : tuple of float, optional
        Smallest and largest value, as documentation and for the conformance tests.
    doc : str
        One sentence.
    required : bool
        Inputs: whether a brain with this port unfed is refused.
    keep : {"fresh", "hold", "all"}
        Inputs: ``fresh`` shows a value to the one step after its arrival (a newer one replaces an older), ``hold``
        shows the latest value until another comes, ``all`` shows a tuple of all that came since the last step.
    fan_in : {"one", "many"}
        Inputs: ``many`` takes several pathways and shows a mapping from topic to value.
    role : {"signal", "label", "modulator", "gradient"}
        ``label`` marks the truth that a teacher tells: such an output reaches only inputs of the same role, by a
        pathway longer than that of the stimulus.
    items_from : str, optional
        Outputs: the input whose item ids this output carries on.

    Examples
    --------
    >>> Port("embedding", shape=("item", 384), doc="One vector per text.").describe()
    'float32 (item, 384)'
    """

    name: str
    dtype: str = "float32"
    shape: tuple[Axis, ...] = ()
    unit: str = "1"
    range: tuple[float, float] | None = None
    doc: str = ""
    required: bool = True
    keep: Literal["fresh", "hold", "all"] = "fresh"
    fan_in: Literal["one", "many"] = "one"
    role: Literal["signal", "label", "modulator", "gradient"] = "signal"
    items_from: str | None = None

    def __repr__(self) -> str:
        notes = [*([] if self.role == "signal" else [self.role]), *([] if self.required else ["optional"])]
        return f"<Port {self.name}: {', '.join([self.describe(), *notes])}>"

    def __post_init__(self) -> None:
        where = f"port {self.name!r}"
        if not self.name.isidentifier():
            raise WiringError(where, expected="a name that is an identifier", got=repr(self.name))
        if not isinstance(self.shape, tuple) or not all(
                axis.isidentifier() if isinstance(axis, str) else type(axis) is int and axis >= 0
                for axis in self.shape):
            raise WiringError(f"{where}.shape", expected="a tuple of lengths and axis names, as ('item', 384)",
                              got=repr(self.shape))
        if self.dtype in TEXTUAL and len(self.shape) != 1:
            raise WiringError(f"{where}.shape", expected="one axis for text and tags, as ('item',)",
                              got=repr(self.shape))
        if self.dtype not in (*TEXTUAL, *NUMERIC):
            raise WiringError(f"{where}.dtype", expected="a numeric type of numpy by its full name, 'text' or 'tags'",
                              got=repr(self.dtype), hint=nearest(str(self.dtype), (*TEXTUAL, *NUMERIC)))
        if self.keep == "all" and self.fan_in == "many":
            raise WiringError(where, expected="keep='all' or fan_in='many'", got="both",
                              hint="Take each pathway at an input of its own.")
        if self.items_from is not None and not self.has_items:
            raise WiringError(f"{where}.items_from", expected="an output whose first axis is 'item'",
                              got=repr(self.shape))

    @property
    def has_items(self) -> bool:
        """Whether the first axis counts stimuli."""
        return bool(self.shape) and self.shape[0] == "item"

    def describe(self) -> str:
        """Return type and shape as people write them, with the unit where there is one."""
        axes = ", ".join(str(axis) for axis in self.shape)
        unit = "" if self.unit == "1" else f" in {self.unit}"
        return f"{self.dtype} ({axes}){unit}"


MODULATORS = Port(
    "modulators", dtype="float32", shape=(), required=False, keep="hold", fan_in="many", role="modulator",
    doc="What the zone's manifest declares as modulators, by name.",
)


def misfit(source: Port, target: Port) -> str | None:
    """Return why a signal of `source` cannot go to `target`, or None if it can.

    Examples
    --------
    >>> misfit(Port("a", shape=("item", 384)), Port("b", shape=("item", 100)))
    'axis 1 has length 384, not 100'
    """
    if source.dtype != target.dtype:
        return f"type {source.dtype}, not {target.dtype}"
    if len(source.shape) != len(target.shape):
        return f"shape {source.shape}, not {target.shape}"
    for position, (given, wanted) in enumerate(zip(source.shape, target.shape, strict=True)):
        if isinstance(wanted, str):
            if isinstance(given, str) and given != wanted:
                return f"axis {position} counts {given!r}, not {wanted!r}"
        elif given != wanted:
            kind = "length" if isinstance(given, int) else "a varying length,"
            return f"axis {position} has {kind} {given}, not {wanted}"
    if source.unit != target.unit:
        return f"unit {source.unit}, not {target.unit}"
    return None


def make_check(port: Port, topic: str) -> Callable[[int, Any], Any]:
    """Return the function ``(now, value) -> value`` that lets a fitting value onto the bus.

    The function raises `SignalError` on a wrong type or shape and on a value that is not finite. An array that fits is
    returned as it is, a list of texts as a tuple, and a number as an array without axes where the port has none.
    """
    if port.dtype in TEXTUAL:
        return _check_text(port, topic)
    return _check_array(port, topic)


def _check_array(port: Port, topic: str) -> Callable[[int, Any], Any]:
    dtype, shape, rank = np.dtype(port.dtype), port.shape, len(port.shape)
    isfinite, ndarray, total, all_finite = math.isfinite, np.ndarray, sum, _all_finite
    lengths = [(position, axis) for position, axis in enumerate(shape) if isinstance(axis, int)]
    fixed = len(lengths) == rank
    ends = shape[1:] if len(lengths) == rank - 1 and shape[0] == "item" else None  # only the number of items is free
    floating = dtype.kind in "fc"
    small = dtype.kind == "f" and rank == 1 and fixed and math.prod(a for _, a in lengths) <= SMALL

    def refuse(now: int, value: Any) -> Any:
        if rank == 0 and isinstance(value, (bool, int, float, np.generic)):
            scalar = _as_array(value, dtype)
            if scalar is not None:
                return check(now, scalar)
        got = type(value).__name__
        if isinstance(value, ndarray):
            got = f"{value.dtype} {value.shape}" if type(value) is ndarray else f"{got} {value.dtype} {value.shape}"
        raise SignalError(f"{topic} at {format_time(now)}", expected=port.describe(), got=got,
                          hint="The zone that publishes it must return an array of the declared type and shape.")

    def check_one(now: int, value: Any) -> Any:
        if type(value) is not ndarray or value.dtype != dtype or value.shape != shape:
            return refuse(now, value)
        if not isfinite(value.item()):
            _require_finite(value, topic, now)
        return value

    def check_small(now: int, value: Any) -> Any:
        if type(value) is not ndarray or value.dtype != dtype or value.shape != shape:
            return refuse(now, value)
        if not isfinite(total(value.tolist())):
            _require_finite(value, topic, now)
        return value

    def check(now: int, value: Any) -> Any:
        if type(value) is not ndarray or value.dtype != dtype or value.ndim != rank:
            return refuse(now, value)
        if fixed:
            if value.shape != shape:
                return refuse(now, value)
        elif value.shape[1:] != ends if ends is not None else any(value.shape[at] != long for at, long in lengths):
            return refuse(now, value)
        if floating and not all_finite(value):
            _require_finite(value, topic, now)
        return value

    return check_one if small and shape == (1,) else check_small if small else check


def _all_finite(value: np.ndarray) -> bool:
    # Faster than .all(); a dot product would be faster still, but warns when large finite values overflow.
    return int(np.count_nonzero(np.isfinite(value))) == value.size


def _as_array(value: Any, dtype: np.dtype) -> np.ndarray | None:
    """Return a number as an array of `dtype`, or None where it is of another kind or does not fit."""
    given = np.asarray(value)
    if given.dtype.kind not in _ACCEPTED[dtype.kind]:
        return None
    with np.errstate(over="ignore"):
        array = given.astype(dtype)
    return array if dtype.kind in "fc" or array == given else None


def _require_finite(value: np.ndarray, topic: str, now: int) -> None:
    # The sum of large finite values overflows, so its being infinite is only a suspicion.
    bad = ~np.isfinite(value)
    if bad.any():
        where = np.argwhere(bad)[0].tolist()
        raise SignalError(f"{topic} at {format_time(now)}", expected="finite values",
                          got=f"{value[tuple(where)]} at index {where}, {int(bad.sum())} in all",
                          hint="Look at the zone's learning rate and inputs at this instant.")


def _check_text(port: Port, topic: str) -> Callable[[int, Any], Any]:
    length = port.shape[0]
    element = str if port.dtype == "text" else tuple
    what = "a tuple of str" if element is str else "a tuple, one per item, of tuples of str"
    kinds, texts = frozenset((element,)), frozenset((str,))

    def check(now: int, value: Any) -> Any:
        value = tuple(value) if type(value) is list else value
        if type(value) is not tuple or not kinds >= set(map(type, value)):
            raise SignalError(f"{topic} at {format_time(now)}", expected=what, got=_shorten(value))
        if element is tuple and not texts >= set(map(type, chain.from_iterable(value))):
            raise SignalError(f"{topic} at {format_time(now)}", expected=what, got=_shorten(value))
        if isinstance(length, int) and len(value) != length:
            raise SignalError(f"{topic} at {format_time(now)}", expected=port.describe(), got=f"{len(value)} entries")
        return value

    return check


def _shorten(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
