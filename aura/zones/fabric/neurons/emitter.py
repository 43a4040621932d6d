"""Turns rates, as declared, into statements over one lane of cells.

Three things make the statements cheap without a table and exact to rounding:

* Every ``exp(s v + c)`` of a kind of membrane is a power of a few base exponentials: exp(-v/10) is exp(-v/80)^8.
* A quotient is kept as a numerator and a denominator until it is needed; then up to three share one division.
* ``linoid`` near its removable singularity is chosen before the division, y / (1 - exp(-y)) = 1 + y/2 + y²/12 - y⁴/720.
"""

from __future__ import annotations

import ast
import math
from typing import TYPE_CHECKING

import numpy as np

from aura.zones.fabric.channels.checks import CHECKED_CA_MM, CHECKED_V_MV
from aura.zones.fabric.neurons.affine import affine, exponents
from aura.zones.fabric.neurons.mathematics import EXP_RANGE
from aura.zones.fabric.neurons.statements import Operand, Quotient, Statements, Term

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from aura.zones.fabric.channels.expression import Expression

__all__ = ["CALCIUM", "VOLTAGE", "Emitter"]

_PROBED_V, _PROBED_CA = np.meshgrid(np.linspace(*CHECKED_V_MV, 251), np.geomspace(*CHECKED_CA_MM, 11))

VOLTAGE = Term("x", _PROBED_V)
"""The voltage, clamped to the range over which declarations are checked."""

CALCIUM = Term("calcium", _PROBED_CA)
"""The calcium concentration, clamped likewise."""

_V_REFERENCE_MV = -65.0
_POWERS = (2, 3, 4, 5, 6, 8, 10, 12, 16)
# Below it the series' next term, y⁶/30240, is about as small as what cancels in 1 - exp(-y).
_LINOID_SERIES = {"float64": 0.025, "float32": 0.4}
# Below it the next term of the series of tanh is about as small as what cancels in 1 - 2 / (1 + exp(2 x)).
_TANH_SERIES = {"float64": 0.1, "float32": 0.3}
_TANH_COEFFICIENTS = (-1 / 3, 2 / 15, -17 / 315, 62 / 2835, -1382 / 155925)
_SMALLEST_LOGARITHMAND = 1e-30
_TOLERANCE = 1e-9
_CALLED: dict[str, tuple[str, Callable[..., float], np.ufunc]] = {
    "sqrt": ("math.sqrt", math.sqrt, np.sqrt), "abs": ("abs", abs, np.absolute),
    "minimum": ("min", min, np.minimum), "maximum": ("max", max, np.maximum)}


class Emitter(Statements):
    """Writes the rates of one kind of membrane.

    Parameters
    ----------
    dtype : str
        ``"float32"`` or ``"float64"``.
    constants : dict of str to float
        Shared by all kinds of one kernel; filled.

    Notes
    -----
    What is written finds the voltage in ``x`` and the concentration in ``calcium``, and calls ``exp_``, ``log_``,
    ``where_``, ``min``, ``max``, ``abs`` and ``math.sqrt``, of single numbers or of arrays as the backend has it.
    """

    def __init__(self, dtype: str, constants: dict[str, float]) -> None:
        super().__init__(dtype, constants)
        self._bases: dict[float, Operand] = {}

    # --- exponentials ---------------------------------------------------------------------------------------------

    def prepare(self, expressions: Iterable[Expression]) -> None:
        """Write the base exponentials that these expressions need; call it once, before `quotient`."""
        slopes: dict[float, float] = {}
        for expression in expressions:
            for argument in exponents(expression.tree):
                line = affine(argument)
                if line is not None and line[0] != 0.0 and self._fits(*line):
                    slopes.setdefault(_key(line[0]), line[0])
        for key in sorted(slopes, key=abs):
            self._bases[key] = self._base(slopes[key])

    def _base(self, slope: float) -> Operand:
        for known, name in self._bases.items():
            for power in _POWERS:
                if abs(slope / known - power) < _TOLERANCE * power:
                    return self.power(name, power)
        offset = self.let(f"x - {self.constant(_V_REFERENCE_MV)}", _PROBED_V - _V_REFERENCE_MV)
        return self._exp(self.product(offset, slope))

    def _fits(self, slope: float, shift: float) -> bool:
        """Return whether exp(slope v + shift), its base and its constant stay within range."""
        ends = [abs(slope * (v - _V_REFERENCE_MV)) for v in CHECKED_V_MV]
        return max(*ends, abs(slope * _V_REFERENCE_MV + shift)) < EXP_RANGE[self.dtype] / 2

    def _exp(self, operand: Operand, *, clamped: bool = False) -> Operand:
        if clamped:
            operand = self.clamped(operand, -EXP_RANGE[self.dtype], EXP_RANGE[self.dtype])
        if not isinstance(operand, Term):
            return math.exp(operand)
        return self.let(f"exp_({operand})", None if operand.values is None else np.exp(operand.values))

    def exponential(self, argument: ast.expr, scale: float = 1.0) -> Operand:
        """Return exp(scale argument)."""
        line = affine(argument)
        if line is not None:
            slope, shift = scale * line[0], scale * line[1]
            if slope == 0.0:
                return math.exp(shift)
            base = self._bases.get(_key(slope))
            if base is not None and self._fits(slope, shift):
                return self.product(base, math.exp(slope * _V_REFERENCE_MV + shift))
        return self._exp(self.product(scale, self.value(argument)), clamped=True)

    # --- expressions ----------------------------------------------------------------------------------------------

    def value(self, tree: ast.expr) -> Operand:
        """Return the value of a tree, dividing at once."""
        return self.resolve([self.quotient(tree)])[0]

    def quotient(self, tree: ast.expr) -> Quotient:
        """Return the value of the tree of an `Expression` of ``v`` and ``ca``, undivided."""
        match tree:
            case ast.Constant(value=float(number)):
                return Quotient(number)
            case ast.Name(id=name):
                return Quotient({"v": VOLTAGE, "ca": CALCIUM}[name])
            case ast.UnaryOp(operand=operand):
                inner = self.quotient(operand)
                return Quotient(self.product(-1.0, inner.top), inner.bottom)
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                return self.times(self.quotient(left), self.quotient(right))
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                return self.over(self.quotient(left), self.quotient(right))
            case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=float(exponent))):
                return self._raised(self.value(left), exponent)
            case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as operator, right=right):
                a, b = self.resolve([self.quotient(left), self.quotient(right)])
                return Quotient(self.total(a, b if isinstance(operator, ast.Add) else self.product(-1.0, b)))
            case ast.Call(func=ast.Name(id=name), args=arguments):
                return self._call(name, arguments)
        raise TypeError(f"a node that no check has let through: {ast.dump(tree)}")

    def _raised(self, base: Operand, exponent: float) -> Quotient:
        if not isinstance(base, Term):
            return Quotient(float(base**exponent))
        whole = round(abs(exponent))
        if abs(exponent) == whole and 0 < whole <= max(_POWERS):
            power = self.power(base, whole)
            return Quotient(power) if exponent > 0 else self.over(Quotient(1.0), Quotient(power))
        return Quotient(self._exp(self.product(exponent, self._logarithm(base)), clamped=True))

    def _logarithm(self, operand: Operand) -> Operand:
        if not isinstance(operand, Term):
            return math.log(operand)
        low = _SMALLEST_LOGARITHMAND
        values = None if operand.values is None else np.log(np.maximum(operand.values, low))
        return self.let(f"log_(max({operand}, {self.constant(low)}))", values)

    def _call(self, name: str, arguments: list[ast.expr]) -> Quotient:
        if name == "exp":
            return Quotient(self.exponential(arguments[0]))
        if name == "sigmoid":
            falling = self._falling(arguments[0], self.value(arguments[1]))[1]
            return self.over(Quotient(1.0), Quotient(self.total(1.0, falling)))
        if name == "linoid":
            return self._linoid(arguments[0], self.value(arguments[1]))
        inner = self.resolve([self.quotient(argument) for argument in arguments])
        if name == "log":
            return Quotient(self._logarithm(inner[0]))
        if name == "tanh":
            return Quotient(self._tanh(inner[0]))
        called, function, ufunc = _CALLED[name]
        if all(not isinstance(item, Term) for item in inner):
            return Quotient(float(function(*inner)))
        values = [item.values if isinstance(item, Term) else item for item in inner]
        known = None if any(item is None for item in values) else ufunc(*values)
        return Quotient(self.let(f"{called}({', '.join(self.text(item) for item in inner)})", known))

    def _falling(self, argument: ast.expr, scale: Operand) -> tuple[Operand, Operand]:
        """Return y = argument / scale, and exp(-y)."""
        if isinstance(scale, Term):
            y = self.resolve([self.over(self.quotient(argument), Quotient(scale))])[0]
            return y, self._exp(self.product(-1.0, y), clamped=True)
        return self.product(1.0 / scale, self.value(argument)), self.exponential(argument, -1.0 / scale)

    def _linoid(self, argument: ast.expr, scale: Operand) -> Quotient:
        y, e = self._falling(argument, scale)
        if not isinstance(y, Term):
            return Quotient(self.product(scale, 1.0 if y == 0.0 else y / -math.expm1(-y)))
        one, tops, bottoms = self.constant(1.0), None, None
        if y.values is not None:
            tops = np.where(np.abs(y.values) < _LINOID_SERIES[self.dtype], 1.0, y.values)
            bottoms = np.where(tops == 1.0, 1.0, -np.expm1(-tops))
        near = self._near(y, _LINOID_SERIES)
        y2 = self.product(y, y)
        series = self.let(f"({one} + {y} * {self.constant(0.5)}) + {y2} * "
                          f"({self.constant(1 / 12)} - {y2} * {self.constant(1 / 720)})")
        top = self.let(f"where_({near}, {series}, {y})", tops)
        bottom = self.let(f"where_({near}, {one}, {one} - {self.text(e)})", bottoms)
        return self.times(Quotient(scale), Quotient(top, bottom))

    def _tanh(self, operand: Operand) -> Operand:
        if not isinstance(operand, Term):
            return math.tanh(operand)
        square = self.product(operand, operand)
        series: Operand = _TANH_COEFFICIENTS[-1]
        for coefficient in (*_TANH_COEFFICIENTS[-2::-1], 1.0):
            series = self.total(self.product(series, square), coefficient)
        e = self._exp(self.product(2.0, operand), clamped=True)
        far = self.total(1.0, self.resolve([self.over(Quotient(-2.0), Quotient(self.total(1.0, e)))])[0])
        return self.let(f"where_({self._near(operand, _TANH_SERIES)}, {self.product(operand, series)}, {far})",
                        None if operand.values is None else np.tanh(operand.values))

    def _near(self, operand: Term, bounds: Mapping[str, float]) -> Term:
        """Return whether an operand lies within plus and minus the bound of the dtype."""
        return self.let(f"abs({operand}) < {self.constant(bounds[self.dtype])}")


def _key(slope: float) -> float:
    """Return what a slope is known by: itself without its last bits, in which ways to compute it differ."""
    return float(f"{slope:.12g}")
