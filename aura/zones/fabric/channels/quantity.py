"""A number with its unit and where it is from, and the base of what a channel is declared with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator

from aura.core.errors import ParameterError
from aura.core.params import validated
from aura.core.zone import ZoneParams

__all__ = ["Declared", "FormulaText", "Identifier", "Quantity", "density_s_cm2", "in_unit"]

IN_UNIT: Mapping[tuple[str, str], float] = MappingProxyType({
    ("mS/cm2", "S/cm2"): 1e-3, ("S/m2", "S/cm2"): 1e-4, ("pS/um2", "S/cm2"): 1e-4, ("uS/cm2", "S/cm2"): 1e-6,
    ("nS/um2", "S/cm2"): 0.1, ("V", "mV"): 1e3, ("s", "ms"): 1e3, ("nm", "um"): 1e-3, ("uM", "mM"): 1e-3,
    ("nM", "mM"): 1e-6, ("M", "mM"): 1e3})
"""What one of the first unit is in the second, for the hints of errors."""


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

    Parameters
    ----------
    value : float
        The number, finite.
    unit : str
        Its unit, ``"1"`` for a pure number.
    source : str
        The paper, table and equation it is from, or "tuned here" and how.

    Examples
    --------
    >>> str(Quantity.model_validate("0.036 S/cm2"))
    '0.036 S/cm2'
    """

    value: Annotated[float, Field(allow_inf_nan=False)]
    unit: Annotated[str, Field(min_length=1)]
    source: str = ""

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, given: Any) -> Any:
        if isinstance(given, Mapping | Quantity):
            return given
        value, _, unit = str(given).strip().partition(" ")
        try:
            if unit:
                return {"value": float(value), "unit": unit.strip()}
        except ValueError:
            pass
        raise ValueError("a number and its unit, as in '0.036 S/cm2' (the unit of a pure number is 1)")

    def __str__(self) -> str:
        return f"{self.value:g} {self.unit}"


def density_s_cm2(given: Any, where: str) -> float:
    """Return a conductance density in S/cm², given as a number or as a text with its unit.

    Raises
    ------
    ParameterError
        If it is neither, or in another unit; its range is not looked at.

    Examples
    --------
    >>> density_s_cm2(0.036, "leak.all"), density_s_cm2("0.036 S/cm2", "leak.all")
    (0.036, 0.036)
    """
    if isinstance(given, str):
        try:
            return _holder("S/cm2")(Quantity.model_validate(given)).value
        except ValidationError as failed:
            said = failed.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
            raise ParameterError(where, expected=said.removeprefix("Input should be "), got=repr(given)) from None
        except ValueError as error:
            raise ParameterError(where, expected=str(error), got=repr(given)) from None
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise ParameterError(where, expected="a conductance density in S/cm²", got=repr(given),
                             hint="Write a number, a text as '0.036 S/cm2', or a table of them by kind of section.")
    return float(given)


def in_unit(unit: str) -> AfterValidator:
    """Return a validator of quantities that holds them to a unit."""
    return AfterValidator(_holder(unit))


def _holder(unit: str) -> Callable[[Quantity], Quantity]:
    def hold(quantity: Quantity) -> Quantity:
        if quantity.unit != unit:
            factor = IN_UNIT.get((quantity.unit, unit))
            hint = f" (try '{quantity.value * factor:g} {unit}')" if factor else ""
            raise ValueError(f"a quantity in {unit}, not in {quantity.unit}{hint}")
        return quantity

    return hold


def _as_text(given: Any) -> Any:
    """Return a plain number as the text it is."""
    return repr(given) if isinstance(given, int | float) and not isinstance(given, bool) else given


FormulaText = Annotated[str, BeforeValidator(_as_text), Field(min_length=1)]
"""The text of an `Expression`; a plain number is taken too."""

Identifier = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
"""A name of a channel, gate or parameter."""
