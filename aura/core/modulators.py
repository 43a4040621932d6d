"""Modulators: numbers that change how a zone works, by names that its manifest declares."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from aura.core.errors import SignalError, WiringError
from aura.core.handed import sketch
from aura.core.time import Time, format_time

__all__ = ["ENERGY_GATE", "LEARNING_DRIVE", "LEARNING_RATE", "LEAST_ENERGY", "UNLEARNED", "Modulator", "checked",
           "declared"]

LEAST_ENERGY = 0.1
"""Below this value of ``energy_gate`` no zone learns."""

UNLEARNED = f"left {{count}} items unlearned while energy_gate was below {LEAST_ENERGY:g}"


def _real(value: Any) -> float:
    """Return a real number as a float, or NaN where it is none or no float can hold it."""
    try:
        return float(value) if isinstance(value, Real) else math.nan
    except OverflowError:
        return math.nan


@dataclass(frozen=True, slots=True)
class Modulator:
    """A number that a zone obeys; what has another shape comes to an input of its own.

    Parameters
    ----------
    name : str
        An identifier. Outputs of this name reach it by a pathway to the zone's input ``modulators``.
    summary : str
        One sentence: what it does.
    default : float
        What the zone reads while nothing has come.
    range : tuple of float
        Smallest and largest value; another is refused when it comes. On the bus a value is a float32: where
        that rounds a bound out of the range, the zone reads the bound.

    Raises
    ------
    WiringError
        If the name is no identifier, the summary no text, the range no two numbers in their order, or the default no
        finite number within it.
    """

    name: str
    summary: str = ""
    default: float = 1.0
    range: tuple[float, float] = (0.0, math.inf)

    def __post_init__(self) -> None:
        where = f"modulator {self.name!r}"
        if not (isinstance(self.name, str) and self.name.isidentifier()):
            raise WiringError(where, expected="a name that is an identifier", got=repr(self.name))
        if not isinstance(self.summary, str):
            raise WiringError(f"{where}.summary", expected="a sentence", got=sketch(self.summary))
        span = tuple(map(_real, self.range)) if isinstance(self.range, (tuple, list)) else ()
        if len(span) != 2 or not span[0] <= span[1]:
            raise WiringError(f"{where}.range", expected="the smallest and the largest value, as (0.0, 1.0)",
                              got=sketch(self.range))
        object.__setattr__(self, "range", span)
        default = _real(self.default)
        if not (span[0] <= default <= span[1] and math.isfinite(default)):
            raise WiringError(f"{where}.default", expected=self.bounds, got=sketch(self.default))
        object.__setattr__(self, "default", default)

    @property
    def bounds(self) -> str:
        """The range in words."""
        low, high = self.range
        if high == math.inf:
            return "a finite number" if low == -math.inf else f"{low:g} or more"
        return f"{high:g} or less" if low == -math.inf else f"a number from {low:g} to {high:g}"

    def bound_at(self, value: float) -> float | None:
        """Return the bound that a value out of the range is in float32, or None if it is none."""
        with np.errstate(over="ignore"):
            same = (bound for bound in self.range if np.float32(bound) == np.float32(value))
            return next(same, None) if math.isfinite(value) else None


ENERGY_GATE = Modulator("energy_gate", f"Below {LEAST_ENERGY:g} the zone does not learn.")
"""Every zone obeys it: the runtime does not call `learn`, and counts what was left out."""
LEARNING_RATE = Modulator("learning_rate", "Factor on all learning.")
LEARNING_DRIVE = Modulator("learning_drive", "Factor on all learning, as unmet goals raise it.")


def declared(zone: str, modulators: Iterable[Modulator]) -> dict[str, Modulator]:
    """Return what a zone obeys by name: what its manifest declares, and the energy gate.

    Raises
    ------
    WiringError
        If it declares one twice, or what is no `Modulator`.
    """
    listed = [ENERGY_GATE]
    if not isinstance(modulators, (tuple, list)) or not all(isinstance(one, Modulator) for one in modulators):
        raise WiringError(f"{zone}.modulators", expected="a tuple of aura.Modulator", got=repr(modulators),
                          hint="A tuple of one has a comma: (Modulator(...),).")
    listed += [one for one in modulators if one is not ENERGY_GATE]
    found = {one.name: one for one in listed}
    if len(found) < len(listed):
        raise WiringError(f"{zone}.modulators", expected=f"names that differ, and not {ENERGY_GATE.name}, which every "
                          "zone obeys", got=", ".join(one.name for one in listed[1:]))
    return found


def checked(zone: str, now: Time, known: Mapping[str, Modulator], came: Mapping[str, float]) -> Mapping[str, float]:
    """Return all modulators of a zone: what has come, and the defaults of the others.

    Raises
    ------
    SignalError
        If one is out of its range.
    """
    read = {name: came.get(name, one.default) for name, one in known.items()}
    for name, value in came.items():
        low, high = known[name].range
        if not low <= value <= high or not math.isfinite(value):
            bound = known[name].bound_at(value)
            if bound is None:
                raise SignalError(f"{zone}.modulators at {format_time(now)}", got=f"{value:g}",
                                  expected=f"{name}: {known[name].bounds}")
            read[name] = bound
    return read
