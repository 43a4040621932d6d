"""How long a time step may be."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from aura.core.errors import ParameterError

if TYPE_CHECKING:
    from aura.zones.fabric.neurons.membrane import Membrane

__all__ = ["LARGEST_GATE_STEP", "check_step", "stability_bound_ms"]

LARGEST_GATE_STEP = 5.0


def stability_bound_ms(membrane: Membrane, temperature_c: float) -> float:
    """Return the longest time step that still resolves the fastest gate."""
    v, ca = np.meshgrid(np.linspace(-100.0, 60.0, 161), np.logspace(-5, -1, 17))
    fastest = math.inf
    for placement in membrane.placements:
        for gate in placement.channel.gates:
            tau = placement.channel.time_constant(gate, v, ca, temperature_c)
            fastest = min(fastest, float(np.min(tau)))
    return LARGEST_GATE_STEP * fastest


def check_step(membrane: Membrane, dt_ms: float, temperature_c: float) -> None:
    """Refuse a time step that is not positive or above the bound.

    Raises
    ------
    ParameterError
        If it is.
    """
    if not 0.0 < dt_ms < math.inf:
        raise ParameterError("fabric.dt_ms", expected="a time step above 0", got=f"{dt_ms:g}")
    bound = stability_bound_ms(membrane, temperature_c)
    if dt_ms > bound:
        raise ParameterError("fabric.dt_ms", expected=f"at most {bound:.4g} ms, the bound of the fastest gate",
                             got=f"{dt_ms:g} ms", hint="Try 0.025 ms.")
