"""Ion channels as declarations: gates, rates, reversal and conductance, from which every backend makes its kernels."""

from __future__ import annotations

import keyword
import warnings
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from pydantic import AfterValidator, Field, ValidationError, ValidationInfo, field_validator, model_validator

from aura.core.errors import ParameterError, nearest
from aura.zones.common.arrays import Array
from aura.zones.fabric.channels.checks import faults, remarks
from aura.zones.fabric.channels.expression import FUNCTIONS, VARIABLES, Expression
from aura.zones.fabric.channels.pool import CalciumPool
from aura.zones.fabric.channels.quantity import Declared, FormulaText, Identifier, Quantity, in_formula_units, in_unit

__all__ = ["CalciumPool", "Channel", "ChannelWarning", "Gate", "Quantity"]


class ChannelWarning(UserWarning):
    """A channel that is taken though it is not quite right."""


class Gate(Declared):
    r"""A gate x of a channel: opening and closing rates, or steady state and time constant.

    Notes
    -----
    .. math:: \frac{dx}{dt} = \varphi\,(\alpha (1 - x) - \beta x) = \frac{x_\infty - x}{\tau}, \quad
              x_\infty = \frac{\alpha}{\alpha + \beta}, \quad \tau = \frac{1}{\varphi\,(\alpha + \beta)}, \quad
              \varphi = Q_{10}^{(T - T_0)/10}

    with T the temperature of the model and :math:`T_0` that of the channel, in degC. A declared time constant is
    divided by φ. (A. L. Hodgkin, A. F. Huxley, J. Physiol. 117, 500 (1952), doi:10.1113/jphysiol.1952.sp004764,
    equation 7, with its φ.)
    """

    name: Identifier = Field(
        description="The gate's name, unlike the channel's other gates, its parameters, and the names that formulas "
                    "know.")
    power: int = Field(default=1, ge=1, description="How often the gate multiplies the conductance.")
    alpha: FormulaText | None = Field(
        default=None,
        description="The rate of opening in 1/ms, an expression of `v` (mV), `ca` (mM) and the channel's parameters.")
    beta: FormulaText | None = Field(default=None, description="The rate of closing in 1/ms, told in the same way.")
    steady: FormulaText | None = Field(
        default=None,
        description="The steady state, 0 to 1; with `tau` in place of the rates.")
    tau: FormulaText | None = Field(default=None, description="The time constant in ms, beside `steady`.")
    q10: float = Field(
        default=3.0, gt=0, allow_inf_nan=False,
        description="Factor on the rates for 10 degC; 1 for none.")
    source: str = Field(default="", description="The paper, table and equation.")

    @field_validator("name")
    @classmethod
    def _not_taken(cls, name: str) -> str:
        if name in VARIABLES or name in FUNCTIONS or keyword.iskeyword(name):
            taken = "a variable" if name in VARIABLES else "a function" if name in FUNCTIONS else "a word of Python"
            raise ValueError(f"a name that is not {taken}")
        return name

    @model_validator(mode="after")
    def _one_form(self) -> Gate:
        if set(self.texts) not in ({"alpha", "beta"}, {"steady", "tau"}):
            raise ValueError("either alpha and beta, or steady and tau (what follows at once belongs into the "
                             f"channel's factor), not {' and '.join(self.texts) or 'none'}")
        return self

    @property
    def texts(self) -> dict[str, str]:
        """The texts that are given, alpha and beta or steady and tau."""
        given = {"alpha": self.alpha, "beta": self.beta, "steady": self.steady, "tau": self.tau}
        return {name: text for name, text in given.items() if text is not None}


class Channel(Declared):
    r"""An ion channel that is spread over the membrane with some density.

    Notes
    -----
    The current density in mA/cm2, outward positive, with conductance density g, factor f and reversal E:

    .. math:: i = g\, f(v, \mathrm{ca}) \prod_x x^{p_x}\, (v - E)

    A declaration is checked when it is made: every text parses, and over `CHECKED_V_MV` and `CHECKED_CA_MM` of
    `checks.py` steady states lie in [0, 1], rates are not negative, time constants are positive, all of them finite.
    A steady state that leaves [0, 1] by no more than `TOLERATED` is taken, with a `ChannelWarning`.
    """

    name: Identifier = Field(description="The channel's name.")
    summary: str = Field(default="", description="One sentence on the channel.")
    ion: Literal["na", "k", "ca", "nonspecific"] = Field(description="What it lets through.")
    conductance: Annotated[Quantity, in_unit("S/cm2")] = Field(
        description="The density of the conductance with all gates open in S/cm2, from 0; membranes may set their own.")
    reversal: Annotated[Quantity, in_unit("mV")] = Field(description="The reversal potential in mV.")
    gates: tuple[Gate, ...] = Field(
        default=(),
        description="The gates; none for a channel that is open or follows `factor` at once.")
    factor: FormulaText | None = Field(
        default=None,
        description="An expression of `v`, `ca` and the parameters, at least 0, that multiplies the conductance "
                    "without delay.")
    parameters: dict[Identifier, Annotated[Quantity, AfterValidator(in_formula_units)]] = Field(
        default_factory=dict,
        description="Numbers that the expressions name; a potential is taken in mV, a time in ms, a concentration in "
                    "mM.")
    temperature: Annotated[Quantity, in_unit("degC")] = Field(
        description="The temperature in degC at which the rates were measured.")
    calcium_fraction: float = Field(
        default=0.0, ge=0, le=1,
        description="For a nonspecific channel, the part of its current that calcium carries.")
    source: str = Field(default="", description="The paper, and why where sources differ.")

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        self.warn(stacklevel=2)

    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]  # see Declared

    @field_validator("conductance")
    @classmethod
    def _not_negative(cls, conductance: Quantity) -> Quantity:
        if conductance.value < 0:
            raise ValueError("a conductance of at least 0")
        return conductance

    @field_validator("parameters")
    @classmethod
    def _unlike_gates(cls, parameters: dict[str, Quantity], info: ValidationInfo) -> dict[str, Quantity]:
        for gate in info.data.get("gates", ()):
            if gate.name in parameters:
                raise ValueError(f"parameters named unlike the gates, not {gate.name!r} for both")
        return parameters

    @field_validator("temperature")
    @classmethod
    def _above_absolute_zero(cls, temperature: Quantity) -> Quantity:
        if temperature.value <= -273.15:
            raise ValueError("a temperature above -273.15 degC")
        return temperature

    @model_validator(mode="after")
    def _coherent(self) -> Channel:
        found = faults(self)
        if found:
            raise ValidationError.from_exception_data(type(self).__name__, found)
        return self

    def __hash__(self) -> int:
        return hash((self.name, self.ion, self.conductance, self.reversal, self.gates, self.factor))

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is to be told of the channel, though it is taken; sentences as `Zone.notices` has them."""
        return tuple(remarks(self))

    def warn(self, stacklevel: int = 1) -> None:
        """Give each remark as a `ChannelWarning`."""
        for remark in self.remarks:
            warnings.warn(remark, ChannelWarning, stacklevel=stacklevel + 1)

    @property
    def calcium_share(self) -> float:
        """The part of the current that calcium carries, and that fills the pool."""
        return 1.0 if self.ion == "ca" else self.calcium_fraction

    @property
    def reads_calcium(self) -> bool:
        """Whether any gate or the factor depends on the calcium concentration."""
        formulas = [text for gate in self.gates for text in self.gate_expressions(gate).values()]
        return any("ca" in formula.names for formula in [*formulas, self.factor_expression()])

    def gate(self, name: str) -> Gate:
        """Return a gate by its name."""
        for gate in self.gates:
            if gate.name == name:
                return gate
        raise ParameterError(f"{self.name}.gates", expected="a gate of this channel", got=repr(name),
                             hint=nearest(name, [gate.name for gate in self.gates]))

    def expression(self, text: str, where: str) -> Expression:
        """Return an expression of `v` and `ca` with the channel's parameters put in."""
        formula = Expression(text, [*VARIABLES, *self.parameters], f"{self.name}.{where}")
        return formula.bind({name: quantity.value for name, quantity in self.parameters.items()})

    def gate_expressions(self, gate: Gate | str) -> dict[str, Expression]:
        """Return the gate's expressions of `v` and `ca`: alpha and beta in 1/ms, or steady, and tau in ms.

        They hold at the channel's own temperature; divide times by `rate_factor`.
        """
        gate = self.gate(gate) if isinstance(gate, str) else gate
        return {kind: self.expression(text, f"gates.{gate.name}.{kind}") for kind, text in gate.texts.items()}

    def factor_expression(self) -> Expression:
        """Return the factor, an expression of `v` and `ca`; 1 where there is none."""
        return self.expression(self.factor or "1", "factor")

    def rate_factor(self, gate: Gate | str, temperature_c: float) -> float:
        """Return φ, how much faster the gate is than at the channel's own temperature."""
        gate = self.gate(gate) if isinstance(gate, str) else gate
        return float(gate.q10 ** ((temperature_c - self.temperature.value) / 10))

    def steady_state(self, gate: Gate | str, v: ArrayLike, ca: ArrayLike) -> Array:
        """Return the gate's steady state (0 to 1) at `v` in mV and `ca` in mM."""
        formulas = self.gate_expressions(gate)
        if "steady" in formulas:
            return formulas["steady"](v=v, ca=ca)
        alpha, beta = formulas["alpha"](v=v, ca=ca), formulas["beta"](v=v, ca=ca)
        return np.asarray(alpha / (alpha + beta))

    def time_constant(self, gate: Gate | str, v: ArrayLike, ca: ArrayLike, temperature_c: float) -> Array:
        """Return the gate's time constant in ms at `v` in mV, `ca` in mM and a temperature in degC."""
        formulas = self.gate_expressions(gate)
        speed = self.rate_factor(gate, temperature_c)
        if "tau" in formulas:
            return np.asarray(formulas["tau"](v=v, ca=ca) / speed)
        return np.asarray(1 / (speed * (formulas["alpha"](v=v, ca=ca) + formulas["beta"](v=v, ca=ca))))

    def conductance_fraction(self, states: Mapping[str, ArrayLike], v: ArrayLike, ca: ArrayLike) -> Array:
        """Return the part of the conductance that is open, given the state of each gate by name."""
        fraction = self.factor_expression()(v=v, ca=ca)
        for gate in self.gates:
            fraction = fraction * np.asarray(states[gate.name], dtype=np.float64) ** gate.power
        return np.asarray(fraction)

    def changed(self, **values: Any) -> Channel:
        """Return the channel with other values, checked as a new one is (`model_copy` checks nothing)."""
        return Channel(**{**{name: getattr(self, name) for name in type(self).model_fields}, **values})
