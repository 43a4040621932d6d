"""Synaptic receptors: conductances that a presynaptic spike opens and that close by themselves.

    s(t) = c (exp(-t / decay) - exp(-t / rise)),   c such that max s = 1      (Destexhe, Mainen & Sejnowski 1994,
    I    = w s(t) f(V) (V - E)                                                  doi:10.1007/BF00961734)

Without a rise time s jumps to 1 and decays. f is the instantaneous factor, such as the magnesium block of NMDA.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field, model_validator

from aura.core.errors import ParameterError, nearest
from aura.zones.fabric.channels.checks import CHECKED_POINTS, CHECKED_V_MV
from aura.zones.fabric.channels.expression import Expression
from aura.zones.fabric.channels.quantity import Declared, FormulaText, Identifier, Quantity, in_unit

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["AMPA", "GABA_A", "NMDA", "RECEPTORS", "Receptor", "find_receptor"]


class Receptor(Declared):
    """A receptor, declared; the kernels are made from this."""

    name: Identifier = Field(description="The name, unique among the receptors of a cell.")
    summary: str = Field(default="", description="One sentence on the receptor.")
    rise: Annotated[Quantity, in_unit("ms")] | None = Field(
        default=None,
        description="Rise time constant in ms; without it the conductance jumps.")
    decay: Annotated[Quantity, in_unit("ms")] = Field(description="Decay time constant in ms.")
    reversal: Annotated[Quantity, in_unit("mV")] = Field(description="Reversal potential in mV.")
    factor: FormulaText | None = Field(
        default=None,
        description="An instantaneous factor of `v` and the parameters, at least 0.")
    parameters: dict[Identifier, Quantity] = Field(default_factory=dict, description="What the factor names.")
    source: str = Field(default="", description="Where the kinetics are from.")

    @model_validator(mode="after")
    def _check(self) -> Receptor:
        if self.decay.value <= 0.0 or (self.rise is not None and not 0.0 < self.rise.value < self.decay.value):
            raise ValueError("a decay above 0 ms and a rise above 0 and faster than it, "
                             f"not {self.rise} against {self.decay}")
        values = self.factor_expression()(v=np.linspace(*CHECKED_V_MV, CHECKED_POINTS))
        if not (np.isfinite(values) & (values >= 0.0)).all():
            raise ValueError(f"a factor that is finite and at least 0 from {CHECKED_V_MV[0]:g} to {CHECKED_V_MV[1]:g} "
                             f"mV, not {self.factor!r}")
        return self

    def factor_expression(self) -> Expression:
        """Return the factor, an expression of ``v``; 1 where there is none."""
        formula = Expression(self.factor or "1", ["v", *self.parameters], f"receptor {self.name}.factor")
        return formula.bind({name: quantity.value for name, quantity in self.parameters.items()})

    @property
    def traces(self) -> dict[str, float]:
        """The time constants in ms of the exponentials that the conductance is the difference of."""
        fast = {} if self.rise is None else {"rise": self.rise.value}
        return {**fast, "decay": self.decay.value}

    def peak(self) -> float:
        """Return c: what scales the difference of the exponentials to a maximum of 1."""
        if self.rise is None:
            return 1.0
        rise, decay = self.rise.value, self.decay.value
        at = math.log(decay / rise) * rise * decay / (decay - rise)
        return 1.0 / (math.exp(-at / decay) - math.exp(-at / rise))


_HAUSSER = "Häusser & Roth 1997, doi:10.1523/JNEUROSCI.17-20-07606.1997"
_SARID = "Sarid et al. 2007, doi:10.1073/pnas.0707853104"
_JAHR = "Jahr & Stevens 1990, equation 4, doi:10.1523/JNEUROSCI.10-09-03178.1990"
_SALIN = "Salin & Prince 1996, doi:10.1152/jn.1996.75.4.1573"
_MARKRAM = "Markram et al. 2015, doi:10.1016/j.cell.2015.09.029"

AMPA = Receptor(
    name="ampa", summary="Fast excitation.", source=_HAUSSER,
    rise=Quantity(value=0.2, unit="ms", source=_HAUSSER), decay=Quantity(value=1.7, unit="ms", source=_HAUSSER),
    reversal=Quantity(value=0.0, unit="mV", source="it lets all cations through"))

NMDA = Receptor(
    name="nmda", summary="Slow excitation, blocked by magnesium at rest.", source=f"kinetics: {_SARID}; block: {_JAHR}",
    rise=Quantity(value=0.29, unit="ms", source=_SARID), decay=Quantity(value=43.0, unit="ms", source=_SARID),
    reversal=Quantity(value=0.0, unit="mV", source="it lets all cations through"),
    factor="1 / (1 + magnesium / half * exp(-slope * v))",
    parameters={"magnesium": Quantity(value=1.0, unit="mM", source="of the cerebrospinal fluid"),
                "half": Quantity(value=3.57, unit="mM", source=_JAHR),
                "slope": Quantity(value=0.062, unit="1/mV", source=_JAHR)})

GABA_A = Receptor(
    name="gaba_a", summary="Fast inhibition.", source=f"{_SALIN}, as used by {_MARKRAM}",
    rise=Quantity(value=0.2, unit="ms", source=_MARKRAM), decay=Quantity(value=8.0, unit="ms", source=_SALIN),
    reversal=Quantity(value=-80.0, unit="mV", source=_MARKRAM))

RECEPTORS: Mapping[str, Receptor] = {receptor.name: receptor for receptor in (AMPA, NMDA, GABA_A)}


def find_receptor(name: str, where: str) -> Receptor:
    """Return the receptor of that name.

    Raises
    ------
    ParameterError
        If there is none.
    """
    if name not in RECEPTORS:
        raise ParameterError(where, expected="a receptor", got=repr(name), hint=nearest(name, RECEPTORS))
    return RECEPTORS[name]
