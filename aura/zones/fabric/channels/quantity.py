"""A number with its unit and where it is from, and the base of what a channel is declared with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator

from aura.core.errors import ParameterError
from aura.core.params import validated
from aura.core.zone import ZoneParams
from aura.zones.fabric.units import converted, parse_quantity

__all__ = ["Declared", "FormulaText", "Identifier", "Quantity", "density_s_cm2", "in_formula_units", "in_unit"]

FORMULA_UNITS = ("mV", "ms", "1/ms", "mM", "um", "S/cm2", "degC")
"""The units that formulas reckon in, with v in mV and ca in mM."""

class Declared(ZoneParams):
    """The base of the declarations: frozen, unknown keys are errors, and what is wrong is a `ParameterError`."""

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError:
            # Said once more in AURA's form, from the same values.
            name = values.get("name")
            where = type(self).__name__.lower() + (f" {name!r}" if isinstance(name, str) else "")
            validated(type(self), values, where, ParameterError)
            raise

    # Pydantic then builds nested declarations without this constructor, so that errors keep their full path.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]


class Quantity(Declared):
    """A number with its unit and where it is from; in a table it may also be a text, ``"0.036 S/cm2"``.

    Examples
    --------
    >>> str(Quantity.model_validate("0.036 S/cm2"))
    '0.036 S/cm2'
    """

    value: float = Field(allow_inf_nan=False, description="The number, finite.")
    unit: str = Field(
        min_length=1,
        description="Its unit, '1' for a pure number; where one of its kind is asked for, any prefix will do.")
    source: str = Field(
        default="",
        description="The paper, table and equation it is from, or \"tuned here\" and how.")

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, given: Any) -> Any:
        if isinstance(given, Mapping | Quantity):
            return given
        value, unit = parse_quantity(str(given))
        return {"value": value, "unit": unit}

    def __str__(self) -> str:
        return f"{self.value:g} {self.unit}"


def density_s_cm2(given: Any, where: str) -> float:
    """Return a conductance density in S/cm², given as a number or as a text with its unit.

    Raises
    ------
    ParameterError
        If it is neither, or no conductance density; its range is not looked at.

    Examples
    --------
    >>> density_s_cm2(0.036, "leak.all"), density_s_cm2("36 mS/cm2", "leak.all")
    (0.036, 0.036)
    """
    if isinstance(given, str):
        try:
            return _holder("S/cm2")(Quantity.model_validate(given)).value
        except ValidationError as failed:
            message = failed.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
            raise ParameterError(where, expected=message.removeprefix("Input should be "), got=repr(given)) from None
        except ValueError as error:
            raise ParameterError(where, expected=str(error), got=repr(given)) from None
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise ParameterError(where, expected="a conductance density in S/cm²", got=repr(given),
                             hint="Write a number, a text as '0.036 S/cm2', or a table of them by kind of section.")
    return float(given)


def in_unit(unit: str) -> AfterValidator:
    """Return a validator of quantities that converts them to a unit, and refuses those of another kind."""
    return AfterValidator(_holder(unit))


def _holder(unit: str) -> Callable[[Quantity], Quantity]:
    def hold(quantity: Quantity) -> Quantity:
        if quantity.unit == unit:
            return quantity
        return Quantity(value=converted(quantity.value, quantity.unit, unit), unit=unit, source=quantity.source)

    return hold


def in_formula_units(quantity: Quantity) -> Quantity:
    """Return a quantity as formulas reckon, in mV, ms, mM, um and S/cm2; of another kind it stays as it is.

    Examples
    --------
    >>> str(in_formula_units(Quantity(value=5.0, unit="uM"))), str(in_formula_units(Quantity(value=2.0, unit="1")))
    ('0.005 mM', '2 1')
    """
    for unit in FORMULA_UNITS:
        try:
            return _holder(unit)(quantity)
        except ValueError:
            continue
    return quantity


def _as_text(given: Any) -> Any:
    """Return a plain number as the text it is."""
    return repr(given) if isinstance(given, int | float) and not isinstance(given, bool) else given


FormulaText = Annotated[str, BeforeValidator(_as_text), Field(min_length=1)]
"""The text of an `Expression`; a plain number is taken too."""

Identifier = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
"""A name of a channel, gate or parameter."""
