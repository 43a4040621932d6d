"""How zones read the modulators that scale and stop their learning."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from aura.core.errors import SignalError
from aura.core.time import Time, format_time

__all__ = ["LEAST_ENERGY", "energy_is_short", "factor"]

LEAST_ENERGY = 0.1
"""Below this value of the modulator ``energy_gate`` nothing is learned."""


def energy_is_short(modulators: Mapping[str, Any]) -> bool:
    """Return whether the energy gate is shut; it is open where it is not wired.

    Examples
    --------
    >>> [energy_is_short(said) for said in ({}, {"energy_gate": 0.1}, {"energy_gate": 0.05})]
    [False, False, True]
    """
    return float(modulators.get("energy_gate", 1.0)) < LEAST_ENERGY


def factor(modulators: Mapping[str, Any], name: str, zone: str, now: Time) -> float:
    """Return a modulator that multiplies something; 1 where it is not wired.

    Raises
    ------
    SignalError
        If it is negative or not finite; it names the zone and the instant.
    """
    value = float(modulators.get(name, 1.0))
    if not 0.0 <= value < math.inf:
        raise SignalError(f"{zone}.modulators at {format_time(now)}",
                          expected=f"a {name} of 0 or more", got=f"{value:g}")
    return value
