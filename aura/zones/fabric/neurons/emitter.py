"""Turns rates, as declared, into statements over one lane of cells.

Three things make the statements cheap without a table and exact to rounding:

* Every ``exp(s v + c)`` of a kind of membrane is a power of a few base exponentials: exp(-v/80), exp(-v/18) and
  exp(-v/10) are powers 9, 40 and 72 of exp(-v/720), whose argument is so small that a polynomial gives it.
* A quotient is kept as a numerator and a denominator until it is needed; then up to three share one division.
* ``linoid`` near its removable singularity is chosen before the division, y / (1 - exp(-y)) = 1 + y/2 + y²/12.
"""

from __future__ import annotations

import ast
import math
from typing import TYPE_CHECKING

import numpy as np

from aura.zones.fabric.channels.checks import CHECKED_CA_MM, CHECKED_V_MV
from aura.zones.fabric.neurons.affine import affine, exponents
from aura.zones.fabric.neurons.mathematics import EXP_RANGE
from aura.zones.fabric.neurons.statements import Operand, Quotient, Statements, Term, applied, values_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from aura.zones.fabric.channels.expression import Expression

__all__ = ["CALCIUM", "VOLTAGE", "Emitter"]

_PROBED_V, _PROBED_CA = np.meshgrid(np.linspace(*CHECKED_V_MV, 251), np.geomspace(*CHECKED_CA_MM, 11))

VOLTAGE = Term("x", _PROBED_V)
"""The voltage, clamped to the range over which declarations are checked."""

CALCIUM = Term("calcium", _PROBED_CA)
"""The calcium concentration, clamped likewise."""

_V_REFERENCE_MV = sum(CHECKED_V_MV) / 2
_HIGHEST_POWER = {"float64": 96, "float32": 16}
"""Up to which power of a base an exponential is taken: it is as many times less exact."""
_FINEST = 16
"""Into how many parts the gentlest slope is divided at most to find a base that more slopes are multiples of."""
_LEFT_OUT = 8
"""How many roundings such a polynomial may be off by: rounding alone is amplified by each power that is taken."""
_SMALL = 0.3
"""Up to which argument an exponential is a polynomial of it, with no power of two split off."""
# Below it the series' next term, y⁴/720, is about as small as what cancels in 1 - exp(-y).
_LINOID_SERIES = {"float64": 0.01, "float32": 0.13}
# Below it the next term of the series of tanh is about as small as what cancels in 1 - 2 / (1 + exp(2 x)).
_TANH_SERIES = {"float64": 0.1, "float32": 0.3}
_TANH_COEFFICIENTS = (-1 / 3, 2 / 15, -17 / 315, 62 / 2835, -1382 / 155925)
_HALF_RANGE_MV = (CHECKED_V_MV[1] - CHECKED_V_MV[0]) / 2
_HIGHEST_WHOLE = 16
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
        left = dict(sorted(slopes.items(), key=lambda item: abs(item[0])))
        while left:
            slope, powers = self._base(list(left.values()))
            offset = self.let(f"x - {self.constant(_V_REFERENCE_MV)}", _PROBED_V - _V_REFERENCE_MV)
            base = self._small_exp(offset, slope)
            known = {1: base}
            for key in [key for key, value in left.items() if value in powers]:
                self._bases[key] = self._chained(known, powers[left.pop(key)])

    def _chained(self, known: dict[int, Operand], power: int) -> Operand:
        """Return a power of a base by products of those that are known; filled."""
        if power not in known:
            pairs = [(part, power - part) for part in known if power - part in known]
            low, high = pairs[-1] if pairs else (power - 1, 1) if power % 2 else (power // 2, power // 2)
            known[power] = self.product(self._chained(known, low), self._chained(known, high))
        return known[power]

    def _base(self, slopes: list[float]) -> tuple[float, dict[float, int]]:
        """Return the slope of a base of the first of some slopes, the gentlest, and which of them are powers of it."""
        highest = _HIGHEST_POWER[self.dtype]
        found = [(slopes[0] / parts, _multiples(slopes, slopes[0] / parts, highest))
                 for parts in range(1, min(_FINEST, highest) + 1)]
        slope, powers = max(found, key=lambda item: len(item[1]))
        # Squaring costs less than to split off a power of two.
        while abs(slope) * _HALF_RANGE_MV > _SMALL and 2 * max(powers.values()) <= highest:
            slope, powers = slope / 2, {key: 2 * power for key, power in powers.items()}
        return slope, powers

    def _small_exp(self, offset: Term, slope: float) -> Operand:
        """Return exp(slope offset), by a polynomial if the argument is small."""
        bound = abs(slope) * _HALF_RANGE_MV
        if bound > _SMALL:
            return self._exp(self.product(offset, slope))
        coefficients = exp_polynomial(bound, _LEFT_OUT * float(np.finfo(self.dtype).eps))
        names = [self.constant(value * slope**power) for power, value in enumerate(coefficients)]
        square = self.let(f"{offset} * {offset}")
        even, odd = (_nested(names[first::2], square.text) for first in (0, 1))
        return self.let(f"{even} + {offset} * ({odd})", np.exp(slope * (_PROBED_V - _V_REFERENCE_MV)))

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
        if abs(exponent) == whole and 0 < whole <= _HIGHEST_WHOLE:
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
            falling = self._falling(arguments[0], self.value(arguments[1]))
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

    def _falling(self, argument: ast.expr, scale: Operand) -> Operand:
        """Return exp(-argument / scale)."""
        if isinstance(scale, Term):
            y = self.resolve([self.over(self.quotient(argument), Quotient(scale))])[0]
            return self._exp(self.product(-1.0, y), clamped=True)
        return self.exponential(argument, -1.0 / scale)

    def _linoid(self, argument: ast.expr, scale: Operand) -> Quotient:
        """Return w / (1 - exp(-w / scale)), w the argument."""
        w = self.value(argument)
        if not isinstance(w, Term) and not isinstance(scale, Term):
            y = w / scale
            return Quotient(scale * (1.0 if y == 0.0 else y / -math.expm1(-y)))
        falling, one = self._falling(argument, scale), self.constant(1.0)
        share = self.product(scale, _LINOID_SERIES[self.dtype])
        near = self._near(w, self.let(f"abs({share})") if isinstance(share, Term) else abs(share))
        slope = self.total(0.5, self.resolve([self.over(Quotient(self.product(w, 1 / 12)), Quotient(scale))])[0])
        series = self.total(scale, self.product(w, slope))
        tops = bottoms = None
        ratio, below, beyond = applied(np.divide, w, scale), values_of(series), values_of(w)
        if ratio is not None and below is not None and beyond is not None:
            small = np.abs(ratio) < _LINOID_SERIES[self.dtype]
            tops = np.where(small, below, beyond)
            bottoms = np.where(small, 1.0, -np.expm1(-np.where(small, 1.0, ratio)))
        top = self.let(f"where_({near}, {self.text(series)}, {self.text(w)})", tops)
        return Quotient(top, self.let(f"where_({near}, {one}, {one} - {self.text(falling)})", bottoms))

    def _tanh(self, operand: Operand) -> Operand:
        if not isinstance(operand, Term):
            return math.tanh(operand)
        square = self.product(operand, operand)
        series: Operand = _TANH_COEFFICIENTS[-1]
        for coefficient in (*_TANH_COEFFICIENTS[-2::-1], 1.0):
            series = self.total(self.product(series, square), coefficient)
        e = self._exp(self.product(2.0, operand), clamped=True)
        far = self.total(1.0, self.resolve([self.over(Quotient(-2.0), Quotient(self.total(1.0, e)))])[0])
        near = self._near(operand, _TANH_SERIES[self.dtype])
        return self.let(f"where_({near}, {self.product(operand, series)}, {far})",
                        None if operand.values is None else np.tanh(operand.values))

    def _near(self, operand: Operand, bound: Operand) -> Term:
        """Return whether an operand lies within plus and minus a bound."""
        return self.let(f"abs({self.text(operand)}) < {self.text(bound)}")


def exp_polynomial(bound: float, tolerance: float) -> list[float]:
    """Return the coefficients, from the lowest, of a polynomial that is exp within +-bound to a relative error.

    It interpolates at Chebyshev's points, which is within a few percent of the best there is (Trefethen 2019,
    Approximation Theory and Approximation Practice, chapter 10, ISBN 9781611975932).
    """
    degree = 1
    # What the first Chebyshev polynomial left out weighs, for an argument this small.
    while 2.0 * (bound / 2.0)**(degree + 1) / math.factorial(degree + 1) > tolerance:
        degree += 1
    found = np.polynomial.Chebyshev.interpolate(np.exp, degree, domain=[-bound, bound])
    return [float(value) for value in found.convert(kind=np.polynomial.Polynomial).coef]


def _nested(names: list[str], argument: str) -> str:
    """Return the text of a polynomial by Horner's rule."""
    text = names[-1]
    for name in names[-2::-1]:
        text = f"{name} + {argument} * ({text})"
    return text


def _multiples(slopes: list[float], base: float, highest: int) -> dict[float, int]:
    """Return those slopes that are whole multiples of a base, up to the highest, and which."""
    whole = {slope: round(slope / base) for slope in slopes}
    return {slope: power for slope, power in whole.items()
            if 0 < power <= highest and abs(slope / base - power) < _TOLERANCE * power}


def _key(slope: float) -> float:
    """Return what a slope is known by: itself without its last bits, in which ways to compute it differ."""
    return float(f"{slope:.12g}")
