"""The scheme of one step, in the numbers that the kernels of all backends are made with.

One step, dt, of every node k with parent p (Hines 1984, doi:10.1016/0020-7101(84)90008-4):

    x'  = x∞ + (x - x∞) exp(-dt / τx),                       rates at V and [Ca],  for each gate x
    (C/dt + Σ g + Σj a_kj) V'k - Σj a_kj V'j = (C/dt) V + Σ g E + I,      g of x' and s,  j the neighbours of k
    [Ca]' = rest + ([Ca] - rest) exp(-dt / τ) + τ (1 - exp(-dt / τ)) influx(V, x'),      s' = s exp(-dt / τs)

The gates are advanced before the voltage; begun at their steady states this is the staggered scheme that NEURON,
Jaxley and Brian2's implicit cable share: implicit Euler for the voltage, exponential Euler for the gates, first order
in dt. Gates stay within [0, 1], hence the matrix is an M-matrix and no voltage leaves the span of the reversal
potentials and of what is injected, whatever dt: what bounds dt is accuracy (`stability.py`).

exp(-z), z = dt / τx, is taken as its Padé approximant P(-z) / P(z), P(z) = 1 + z/2 + z²/12, wherever z is at most
`LARGEST_PADE_STEP` at all voltages that cells live at: it lies in (0, 1) for every z > 0 and is off by z⁵/720 at most.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aura.zones.fabric.channels.checks import CHECKED_CA_MM, CHECKED_V_MV

if TYPE_CHECKING:
    from aura.zones.fabric.channels.declaration import Channel, Gate

__all__ = ["FLOOR_US", "LARGEST_PADE_STEP", "LIVED_CA_MM", "LIVED_V_MV", "Scheme", "fastest_ms"]

LARGEST_PADE_STEP = 1.0
"""dt / τ up to which the Padé approximant is taken: there it is off by 5.4e-4."""

LARGEST_PADE_STEP_EVER = 1e3
"""dt / τ, at any voltage of `CHECKED_V_MV`, up to which it is taken: its square is then far from overflow."""

FLOOR_US = 1e-15
"""Synaptic conductance that is taken as none; it keeps decaying traces off denormal numbers."""

LIVED_V_MV = (-100.0, 60.0)
"""Between the potassium and the sodium potential of all cells, and a little beyond."""

LIVED_CA_MM = (1e-5, 1e-1)
"""From a tenth of rest to what no shell reaches."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """What the kernels of a membrane depend on, beside the membrane.

    Parameters
    ----------
    dt_ms : float
        Time step.
    temperature_c : float
        Temperature at which the gates run.
    dtype : str
        ``"float32"`` or ``"float64"``.
    """

    dt_ms: float
    temperature_c: float
    dtype: str

    def gate_step(self, channel: Channel, gate: Gate) -> float:
        """Return dt in ms at the channel's own temperature: what the declared rates are multiplied by."""
        return self.dt_ms * channel.rate_factor(gate, self.temperature_c)

    def kept(self, tau_ms: float) -> float:
        """Return what a step leaves of a decaying trace."""
        return math.exp(-self.dt_ms / tau_ms)

    def takes_pade(self, channel: Channel, gate: Gate) -> bool:
        """Return whether the Padé approximant is good enough for a gate."""
        lived = fastest_ms(channel, gate, self.temperature_c, LIVED_V_MV, LIVED_CA_MM)
        ever = fastest_ms(channel, gate, self.temperature_c, CHECKED_V_MV, CHECKED_CA_MM)
        return self.dt_ms <= LARGEST_PADE_STEP * lived and self.dt_ms <= LARGEST_PADE_STEP_EVER * ever


def fastest_ms(channel: Channel, gate: Gate, temperature_c: float, v_mv: tuple[float, float],
               ca_mm: tuple[float, float]) -> float:
    """Return the shortest time constant of a gate over a range of voltages and of concentrations."""
    v, ca = np.meshgrid(np.linspace(*v_mv, 161), np.geomspace(*ca_mm, 17))
    return float(np.min(channel.time_constant(gate, v, ca, temperature_c)))
