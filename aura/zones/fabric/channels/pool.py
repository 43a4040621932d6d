"""The calcium pool: a thin shell below the membrane that calcium currents fill and that empties by itself."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import ArrayLike
from pydantic import Field, field_validator

from aura.zones.common.arrays import Array
from aura.zones.fabric.channels.quantity import Declared, Quantity, in_unit

__all__ = ["FARADAY_C_PER_MOL", "CalciumPool"]

FARADAY_C_PER_MOL = 96485.33212
"""Faraday's constant in C/mol, exact in the SI of 2019 to the digits given (CODATA 2018)."""

CALCIUM_VALENCE = 2
"""Elementary charges of a calcium ion."""

MM_PER_MS = 1e4
"""mM/ms in one (mA/cm2) / (um C/mol): 1e-3 A/cm2 over 1e-4 cm is 10 mol/(s cm3) = 1e4 mol/(s l) = 1e4 mM/ms."""

CA_DYNAMICS = ("Hay et al. 2011, doi:10.1371/journal.pcbi.1002107, defaults of CaDynamics_E2.mod of ModelDB 139653, "
               "after Destexhe, Babloyantz & Sejnowski 1993, doi:10.1016/S0006-3495(93)81190-1")


class CalciumPool(Declared):
    r"""Calcium in a shell below the membrane.

    Notes
    -----
    With the calcium current density i in mA/cm2, inward negative (the whole current of channels of calcium, and the
    `calcium_share` of the others), depth d in um, free fraction γ and Faraday's constant F in C/mol,

    .. math:: \frac{d[\mathrm{Ca}]}{dt} = \gamma\,\frac{\max(0, -10^4\, i)}{2 F d}
              - \frac{[\mathrm{Ca}] - [\mathrm{Ca}]_\mathrm{rest}}{\tau}

    in mM/ms. An outward current takes nothing out (Destexhe et al. 1993: no channel pumps calcium outwards), hence the
    concentration never falls below rest, which powers of it rely on.

    References
    ----------
    A. Destexhe, A. Babloyantz, T. J. Sejnowski, Biophysical Journal 65, 1538 (1993),
    doi:10.1016/S0006-3495(93)81190-1.

    Examples
    --------
    >>> pool = CalciumPool()
    >>> round(float(pool.derivative(pool.rest.value, -1e-3)), 7)  # 1 uA/cm2 of calcium flows in
    2.59e-05
    """

    depth: Annotated[Quantity, in_unit("um")] = Field(
        default=Quantity(value=0.1, unit="um", source=CA_DYNAMICS),
        description="Thickness of the shell in um.")
    tau: Annotated[Quantity, in_unit("ms")] = Field(
        default=Quantity(value=80.0, unit="ms", source=CA_DYNAMICS),
        description="Time constant of removal in ms (pumps, diffusion into the core and slow buffers together).")
    rest: Annotated[Quantity, in_unit("mM")] = Field(
        default=Quantity(value=1e-4, unit="mM", source=CA_DYNAMICS),
        description="Concentration without current in mM.")
    free_fraction: Annotated[Quantity, in_unit("1")] = Field(
        default=Quantity(
            value=0.05, unit="1",
            source=f"{CA_DYNAMICS}. Their cells are fitted to 0.0005, with some 30 times the calcium conductance taken "
                   "here; Mainen & Sejnowski 1996, doi:10.1038/382363a0, have 1, with faster spikes. With 0.05 one "
                   "spike of the squid axon with `calcium` at 6.3 degC raises the concentration by 0.11 uM (measured "
                   "here)"),
        description="The part of the entering calcium that fast buffers leave free, a pure number in (0, 1].")

    @field_validator("depth", "tau", "rest", "free_fraction")
    @classmethod
    def _positive(cls, quantity: Quantity) -> Quantity:
        if quantity.value <= 0:
            raise ValueError("a quantity above 0")
        return quantity

    @field_validator("free_fraction")
    @classmethod
    def _fraction(cls, quantity: Quantity) -> Quantity:
        if quantity.value > 1:
            raise ValueError("a fraction, at most 1")
        return quantity

    @property
    def influx_per_current(self) -> float:
        """mM/ms for 1 mA/cm2 of inward calcium current."""
        return MM_PER_MS * self.free_fraction.value / (CALCIUM_VALENCE * FARADAY_C_PER_MOL * self.depth.value)

    def derivative(self, ca: ArrayLike, current: ArrayLike) -> Array:
        """Return d[Ca]/dt in mM/ms at the concentration `ca` in mM and the calcium current in mA/cm2."""
        influx = self.influx_per_current * np.maximum(0.0, -np.asarray(current, dtype=np.float64))
        return influx - (np.asarray(ca, dtype=np.float64) - self.rest.value) / self.tau.value
