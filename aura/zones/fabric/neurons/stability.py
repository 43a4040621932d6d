"""How long a time step may be.

The scheme (`scheme.py`) is bounded for every dt: what a long step costs is accuracy. The voltage takes the gates as
they were a step ago; a spike's upstroke, which is as fast as its fastest gate, comes late, and refractoriness lasts
longer. Measured here against an ODE solver, with no alternating steps anywhere up to 1 ms; the ratio is that of dt to
the fastest time constant of any gate between -100 and +60 mV:

| cell                                  | ratio at dt 0.025 | rate off by 5 % at | firing fails from |
|---------------------------------------|-------------------|--------------------|-------------------|
| squid axon, 6.3 degC, 10 uA/cm²       | 0.7               | 6.4                | 28                |
| squid axon, 6.3 degC, 30 uA/cm²       | 0.7               | 5.2                | 20                |
| squid axon, 20 degC, 20 uA/cm²        | 3.2               | 7.9                | 13                |
| Traub-type cell, 36 degC, 5 uA/cm²    | 0.9               | 12                 | more than 35      |

Hence the bound: up to it every cell measured fires as often as it should within 5 %.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from aura.core.errors import ParameterError
from aura.zones.fabric.neurons.scheme import LIVED_CA_MM, LIVED_V_MV, fastest_ms

if TYPE_CHECKING:
    from aura.zones.fabric.neurons.membrane import Membrane

__all__ = ["LARGEST_GATE_STEP", "check_step", "stability_bound_ms"]

LARGEST_GATE_STEP = 5.0
"""dt over the fastest time constant (tuned here, see above)."""

_ROUND_STEPS = (5.0, 2.5, 2.0, 1.0)


def stability_bound_ms(membrane: Membrane, temperature_c: float) -> float:
    """Return the longest time step for a membrane, infinite if nothing in it has gates."""
    return _fastest_gate(membrane, temperature_c)[0]


def check_step(membrane: Membrane, dt_ms: float, temperature_c: float, where: str = "population.dt_ms") -> None:
    """Refuse a time step that is not positive or above the bound; `where` is what its user calls it.

    Raises
    ------
    ParameterError
        If it is.
    """
    if not 0.0 < dt_ms < math.inf:
        raise ParameterError(where, expected="a time step above 0", got=f"{dt_ms:g} ms")
    bound, gate = _fastest_gate(membrane, temperature_c)
    if dt_ms > bound:
        raise ParameterError(where, expected=f"at most {bound:.4g} ms, the bound of the fastest gate ({gate})",
                             got=f"{dt_ms:g} ms", hint=f"Try {_round_below(bound):g} ms.")


def _fastest_gate(membrane: Membrane, temperature_c: float) -> tuple[float, str]:
    """Return the bound that the fastest gate sets, in ms, and which gate of which channel it is."""
    return min(((LARGEST_GATE_STEP * fastest_ms(placement.channel, gate, temperature_c, LIVED_V_MV, LIVED_CA_MM),
                 f"{gate.name} of {placement.channel.name}")
                for placement in membrane.placements for gate in placement.channel.gates), default=(math.inf, "none"))


def _round_below(bound: float) -> float:
    """Return the largest round number that is not above a bound.

    >>> _round_below(0.142), _round_below(0.03)
    (0.1, 0.025)
    """
    power = 10.0 ** math.floor(math.log10(bound))
    return next(step * power for step in _ROUND_STEPS if step * power <= bound * (1.0 + 1e-12))
