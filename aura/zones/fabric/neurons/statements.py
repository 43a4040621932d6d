"""Statements over one lane of cells, as text, each with the values it takes over all that a cell can live through."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from aura.core.errors import ParameterError
from aura.zones.fabric.channels.checks import CHECKED_V_MV

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from aura.zones.common.arrays import Array

__all__ = ["Operand", "Quotient", "Statements", "Term", "applied", "values_of"]

LARGEST = {"float64": 1e300, "float32": 1e36}
"""Numbers lie below this, divisors (and the products of them that share one division) above its inverse too."""

SHARED = 3
"""How many divisors share one division: 1/a = (b c) / (a b c); more would cost more products than they save."""


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """What stands for a number in a statement, and its values over the probe; None if they depend on a state."""

    text: str
    values: Array | None = None
    factor: float = 1.0
    of: Term | None = None
    """It is `factor` times this: products with known numbers are gathered, and one is left of several."""

    def __str__(self) -> str:
        return self.text


Operand: TypeAlias = Term | float
"""A number that is known while the kernel is written is a float."""


@dataclass(frozen=True, slots=True)
class Quotient:
    """A number over another, not yet divided."""

    top: Operand
    bottom: Term | None = None


class Statements:
    """Writes statements, each number once.

    Parameters
    ----------
    dtype : str
        ``"float32"`` or ``"float64"``.
    constants : dict of str to float
        The constants that the statements name; filled. Lane loops of one kernel share them.
    """

    def __init__(self, dtype: str, constants: dict[str, float]) -> None:
        self.dtype, self.constants = dtype, constants
        self.where = "fabric.channels"
        """What the statements belong to, for errors."""
        self.lines: list[str] = []
        self._terms: dict[str, Term] = {}

    def constant(self, value: float) -> str:
        """Return the name of a constant of the kernel's dtype."""
        for name, known in self.constants.items():
            if known == value and math.copysign(1.0, known) == math.copysign(1.0, value):
                return name
        name = f"C{len(self.constants)}"
        self.constants[name] = float(value)
        return name

    def text(self, operand: Operand) -> str:
        """Return what stands for an operand in a statement."""
        return operand.text if isinstance(operand, Term) else self.constant(operand)

    def emit(self, line: str) -> None:
        """Write a statement as it is."""
        self.lines.append(line)

    def let(self, text: str, values: Array | None = None, factor: float = 1.0, of: Term | None = None) -> Term:
        """Write ``name = text`` and return the name; the same text is written once.

        A text may read a state only as long as no statement has written that state.
        """
        if text not in self._terms:
            self._terms[text] = Term(f"t{len(self._terms)}", values, factor, of)
            self.lines.append(f"{self._terms[text]} = {text}")
        return self._terms[text]

    # --- arithmetic -----------------------------------------------------------------------------------------------

    def product(self, *operands: Operand | None) -> Operand:
        """Return the product of those that are not None; numbers that are known are multiplied here and now."""
        number, terms = 1.0, []
        for operand in operands:
            if isinstance(operand, Term):
                terms.append(operand)
            elif operand is not None:
                number *= operand
        if not terms:
            return number
        if (number != 1.0) + sum(term.of is not None for term in terms) > 1:
            number, terms = self._gathered(number, terms)
        result = terms[0]
        for term in terms[1:]:
            result = self.let(f"{result} * {term}", applied(np.multiply, result, term))
        if number == 1.0:
            return result
        return self.let(f"{result} * {self.constant(number)}", applied(np.multiply, result, number), number, result)

    def _gathered(self, number: float, terms: list[Term]) -> tuple[float, list[Term]]:
        """Return the same product with all known numbers in one, if the dtype holds its parts."""
        bare = [term.of or term for term in terms]
        gathered = number * math.prod(term.factor for term in terms)
        largest = LARGEST[self.dtype]
        held = 1.0 / largest <= abs(gathered) <= largest and self._normal(bare)
        return (gathered, bare) if held else (number, terms)

    def total(self, left: Operand, right: Operand) -> Operand:
        """Return the sum."""
        if not isinstance(left, Term):
            if not isinstance(right, Term):
                return left + right
            left, right = right, left
        if right == 0.0:
            return left
        return self.let(f"{left} + {self.text(right)}", applied(np.add, left, right))

    def power(self, operand: Operand, exponent: int) -> Operand:
        """Return a whole power above 0, by repeated squaring."""
        if not isinstance(operand, Term):
            return float(operand**exponent)
        if exponent == 1:
            return operand
        half = self.power(operand, exponent // 2)
        squared = self.product(half, half)
        return self.product(squared, operand) if exponent % 2 else squared

    def clamped(self, operand: Operand, low: float, high: float) -> Operand:
        """Return the nearest number within [low, high]."""
        if not isinstance(operand, Term):
            return min(max(operand, low), high)
        values = None if operand.values is None else np.clip(operand.values, low, high)
        return self.let(f"min(max({operand}, {self.constant(low)}), {self.constant(high)})", values)

    # --- divisions ------------------------------------------------------------------------------------------------

    def divides(self, *terms: Term | None) -> bool:
        """Return whether the product of terms is, wherever a cell can live, a number that one may divide by."""
        values = _size(terms)
        return values is not None and bool(np.all(values >= 1.0 / LARGEST[self.dtype])) and self.holds(*terms)

    def holds(self, *operands: Operand | None) -> bool:
        """Return whether the dtype holds the product of operands wherever a cell can live, as far as is known."""
        values = _size(operands)
        return values is None or bool(np.all(values <= LARGEST[self.dtype]))

    def _normal(self, terms: Sequence[Term]) -> bool:
        """Return whether the dtype holds the product of terms to full precision, as far as is known."""
        values = _size(terms)
        if values is None:
            return True
        largest = LARGEST[self.dtype]
        return bool(np.all((values == 0.0) | (values >= 1.0 / largest) & (values <= largest)))

    def inverses(self, terms: Iterable[Term]) -> dict[Term, Term]:
        """Write the inverses of several terms, as many a division as `SHARED` and their range allow."""
        waiting, found = list(dict.fromkeys(terms)), dict[Term, Term]()
        while waiting:
            group = [waiting.pop(0)]
            for term in list(waiting):
                if len(group) < SHARED and self.divides(*group, term):
                    group.append(term)
                    waiting.remove(term)
            found.update(zip(group, self._inverted(group), strict=True))
        return found

    def _inverted(self, group: Sequence[Term]) -> list[Term]:
        one, values = self.constant(1.0), [applied(np.divide, 1.0, term) for term in group]
        match [term.text for term in group]:
            case [a]:
                return [self.let(f"{one} / {a}", values[0])]
            case [a, b]:
                inverse = self.let(f"{one} / ({a} * {b})")
                return [self.let(f"{b} * {inverse}", values[0]), self.let(f"{a} * {inverse}", values[1])]
            case [a, b, c]:
                ab = self.let(f"{a} * {b}")
                inverse = self.let(f"{one} / ({ab} * {c})")
                rest = self.let(f"{c} * {inverse}")
                return [self.let(f"{b} * {rest}", values[0]), self.let(f"{a} * {rest}", values[1]),
                        self.let(f"{ab} * {inverse}", values[2])]
        raise AssertionError(group)

    def resolve(self, quotients: Iterable[Quotient]) -> list[Operand]:
        """Return the values of quotients, their divisions shared."""
        listed = list(quotients)
        inverses = self.inverses(item.bottom for item in listed if item.bottom is not None)
        return [item.top if item.bottom is None else self.product(item.top, inverses[item.bottom]) for item in listed]

    def checked(self, quotient: Quotient) -> Quotient:
        """Return the quotient.

        Raises
        ------
        ParameterError
            If the dtype does not hold its value wherever a cell can live.
        """
        top = quotient.top.values if isinstance(quotient.top, Term) else quotient.top
        bottom = quotient.bottom.values if quotient.bottom is not None else 1.0
        if top is not None and bottom is not None:
            with np.errstate(all="ignore"):
                held = np.abs(top / bottom) <= LARGEST[self.dtype]
            if not (np.all(held) and self.holds(quotient.top)):
                raise self._beyond("numbers up to")
        return quotient

    def _beyond(self, expected: str) -> ParameterError:
        low, high = CHECKED_V_MV
        return ParameterError(self.where, got="one beyond", hint="Try float64." if self.dtype == "float32" else "",
                              expected=f"{expected} {LARGEST[self.dtype]:g} in {self.dtype}, {low:g} to {high:g} mV")

    def times(self, a: Quotient, b: Quotient) -> Quotient:
        """Return the product of two quotients, undivided as far as the range allows."""
        if not (self.divides(a.bottom, b.bottom) and self.holds(a.top, b.top)):
            a, b = (Quotient(value) for value in self.resolve([a, b]))
        bottom = self.product(a.bottom, b.bottom)
        return Quotient(self.product(a.top, b.top), bottom if isinstance(bottom, Term) else None)

    def over(self, a: Quotient, b: Quotient) -> Quotient:
        """Return a / b, undivided as far as the range allows.

        Raises
        ------
        ParameterError
            If the dtype does not hold b or 1 / b wherever a cell can live.
        """
        if not isinstance(b.top, Term):
            return Quotient(self.product(a.top, b.bottom, 1.0 / b.top), a.bottom)
        if not (self.divides(a.bottom, b.top) and self.holds(a.top, b.bottom)):
            a, b = (Quotient(value) for value in self.resolve([a, b]))
        if not isinstance(b.top, Term) or not self.divides(b.top):
            raise self._beyond(f"divisors from {1.0 / LARGEST[self.dtype]:g} to")
        bottom = self.product(a.bottom, b.top)
        assert isinstance(bottom, Term)
        return Quotient(self.product(a.top, b.bottom), bottom)


def _size(operands: Iterable[Operand | None]) -> Array | None:
    """Return how large the product of operands is over the probe, None if one of them depends on a state."""
    values: Array = np.ones(1)
    for operand in operands:
        known = operand.values if isinstance(operand, Term) else 1.0 if operand is None else operand
        if known is None:
            return None
        with np.errstate(all="ignore"):
            values = values * np.abs(known)
    return values


def values_of(operand: Operand) -> Array | None:
    """Return the values of an operand over the probe, None if they depend on a state."""
    return operand.values if isinstance(operand, Term) else np.array(operand)


def applied(function: np.ufunc, left: Operand, right: Operand) -> Array | None:
    """Return a function of the values of two operands, None if one of them depends on a state."""
    a, b = values_of(left), values_of(right)
    if a is None or b is None:
        return None
    with np.errstate(all="ignore"):
        result: Array = function(a, b)
    return result
