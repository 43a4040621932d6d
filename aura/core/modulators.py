"""Modulators: numbers that change how a zone works, by names that its manifest declares."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aura.core.errors import SignalError, WiringError
from aura.core.time import Time, format_time

__all__ = ["ENERGY_GATE", "LEARNING_DRIVE", "LEARNING_RATE", "LEAST_ENERGY", "UNLEARNED", "Modulator", "checked",
           "declared"]

LEAST_ENERGY = 0.1
"""Below this value of ``energy_gate`` no zone learns."""

UNLEARNED = f"left {{count}} items unlearned while energy_gate was below {LEAST_ENERGY:g}"


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
        Smallest and largest value; another is refused when it comes.
    """

    name: str
    summary: str = ""
    default: float = 1.0
    range: tuple[float, float] = (0.0, math.inf)

    def __post_init__(self) -> None:
        where = f"modulator {self.name!r}"
        if not (isinstance(self.name, str) and self.name.isidentifier()):
            raise WiringError(where, expected="a name that is an identifier", got=repr(self.name))
        low, high = self.range
        if not low <= self.default <= high:
            raise WiringError(f"{where}.default", expected=self.bounds, got=f"{self.default:g}")

    @property
    def bounds(self) -> str:
        """The range in words."""
        low, high = self.range
        if high == math.inf:
            return "a finite number" if low == -math.inf else f"{low:g} or more"
        return f"a number from {low:g} to {high:g}"


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
    for name, value in came.items():
        low, high = known[name].range
        if not low <= value <= high or not math.isfinite(value):
            raise SignalError(f"{zone}.modulators at {format_time(now)}", got=f"{value:g}",
                              expected=f"{name}: {known[name].bounds}")
    return {name: came.get(name, one.default) for name, one in known.items()}
