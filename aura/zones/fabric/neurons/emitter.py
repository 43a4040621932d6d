"""Turns rates, as declared, into statements over one lane of cells.

Three things make the statements cheap without a table and exact to rounding:

* Every ``exp(s v + c)`` of a kind of membrane is a power of a few base exponentials: exp(-v/10) is exp(-v/80)^8.
* A quotient is kept as a numerator and a denominator until all rates are known; then up to three denominators share
  one division: 1/a = (b c) / (a b c).
* ``linoid`` near its removable singularity is chosen before the division, y / (1 - exp(-y)) = 1 + y/2 + y²/12 - y⁴/720.
"""

from __future__ import annotations

import ast
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aura.zones.fabric.neurons.affine import affine, exponents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from aura.zones.fabric.channels.expression import Expression

__all__ = ["V_HIGH_MV", "V_LOW_MV", "Emitter", "Quotient"]

V_LOW_MV, V_HIGH_MV = -150.0, 100.0
"""Rates are taken at the nearest voltage within these: no cell lives beyond them."""

_V_REFERENCE_MV = -65.0
_POWERS = (2, 3, 4, 5, 6, 8, 10, 12, 16)
_LARGEST_EXPONENT = {"float64": 600.0, "float32": 80.0}
_CLAMP = {"float64": 700.0, "float32": 86.0}
# Below it the series' next term, y⁶/30240, is smaller than what cancels in 1 - exp(-y).
_LINOID_SERIES = {"float64": 0.05, "float32": 0.5}
_TOLERANCE = 1e-9
_FUNCTIONS: dict[str, Callable[..., float]] = {
    "log": math.log, "sqrt": math.sqrt, "tanh": math.tanh, "abs": abs, "minimum": min, "maximum": max}


@dataclass(frozen=True, slots=True)
class Quotient:
    """A number, or the name of one, over the name of another."""

    top: str | float
    bottom: str | None = None


@dataclass
class Emitter:
    """Statements for one kind of membrane, and the constants that they name.

    Parameters
    ----------
    dtype : str
        ``"float32"`` or ``"float64"``.
    constants : dict of str to float
        Shared by all kinds of one kernel; filled.
    """

    dtype: str
    constants: dict[str, float]
    lines: list[str] = field(default_factory=list)
    _count: int = 0
    _names: dict[str, str] = field(default_factory=dict)
    _bases: dict[float, str] = field(default_factory=dict)

    # --- statements -----------------------------------------------------------------------------------------------

    def constant(self, value: float) -> str:
        """Return the name of a constant of the kernel's dtype."""
        for name, known in self.constants.items():
            if known == value and math.copysign(1.0, known) == math.copysign(1.0, value):
                return name
        name = f"C{len(self.constants)}"
        self.constants[name] = value
        return name

    def text(self, operand: str | float) -> str:
        """Return what stands for an operand in a statement."""
        return operand if isinstance(operand, str) else self.constant(float(operand))

    def let(self, text: str) -> str:
        """Emit ``name = text`` once and return the name."""
        if text not in self._names:
            self._count += 1
            name = f"t{self._count}"
            self.lines.append(f"{name} = {text}")
            self._names[text] = name
        return self._names[text]

    def emit(self, line: str) -> None:
        """Emit a statement as it is."""
        self.lines.append(line)

    def product(self, *operands: str | float | None) -> str | float:
        """Return the product; numbers among the operands are multiplied here and now."""
        number, names = 1.0, []
        for operand in operands:
            if isinstance(operand, str):
                names.append(operand)
            elif operand is not None:
                number *= operand
        if not names:
            return number
        result = names[0]
        for name in names[1:]:
            result = self.let(f"{result} * {name}")
        return result if number == 1.0 else self.let(f"{result} * {self.constant(number)}")

    def total(self, left: str | float, right: str | float) -> str | float:
        """Return the sum."""
        if isinstance(left, float) and isinstance(right, float):
            return left + right
        if left == 0.0:
            return right
        if right == 0.0:
            return left
        return self.let(f"{self.text(left)} + {self.text(right)}")

    def power(self, operand: str | float, exponent: int) -> str | float:
        """Return a whole power above 0, by repeated squaring."""
        if isinstance(operand, float):
            return float(operand**exponent)
        if exponent == 1:
            return operand
        half = self.power(operand, exponent // 2)
        squared = self.let(f"{half} * {half}")
        return self.let(f"{squared} * {operand}") if exponent % 2 else squared

    def inverses(self, names: Iterable[str]) -> dict[str, str]:
        """Emit the inverses of several variables, three a division, and return their names."""
        rest = list(dict.fromkeys(names))
        found: dict[str, str] = {}
        one = self.constant(1.0)
        while rest:
            group, rest = rest[:3], rest[3:]
            if len(group) == 1:
                found[group[0]] = self.let(f"{one} / {group[0]}")
                continue
            if len(group) == 2:
                a, b = group
                inverse = self.let(f"{one} / ({a} * {b})")
                found[a], found[b] = self.let(f"{b} * {inverse}"), self.let(f"{a} * {inverse}")
                continue
            a, b, c = group
            ab = self.let(f"{a} * {b}")
            inverse = self.let(f"{one} / ({ab} * {c})")
            c_inverse = self.let(f"{c} * {inverse}")
            found[a], found[b] = self.let(f"{b} * {c_inverse}"), self.let(f"{a} * {c_inverse}")
            found[c] = self.let(f"{ab} * {inverse}")
        return found

    def resolve(self, quotients: Iterable[Quotient]) -> list[str | float]:
        """Return the values of quotients, their divisions shared."""
        listed = list(quotients)
        inverses = self.inverses(item.bottom for item in listed if item.bottom is not None)
        return [item.top if item.bottom is None else self.product(item.top, inverses[item.bottom]) for item in listed]

    # --- exponentials ---------------------------------------------------------------------------------------------

    def prepare(self, expressions: Iterable[Expression]) -> None:
        """Emit the base exponentials that these expressions need; call it once, before `quotient`."""
        slopes: set[float] = set()
        for expression in expressions:
            for argument in exponents(expression.tree):
                line = affine(argument)
                if line is not None and line[0] != 0.0 and self._fits(*line):
                    slopes.add(_key(line[0]))
        for slope in sorted(slopes, key=abs):
            self._bases[slope] = self._base(slope)

    def _base(self, slope: float) -> str:
        for known, name in self._bases.items():
            for power in _POWERS:
                if abs(slope / known - power) < _TOLERANCE * power:
                    return str(self.power(name, power))
        offset = self.let(f"x - {self.constant(_V_REFERENCE_MV)}")
        return self.let(f"exp_({offset} * {self.constant(slope)})")

    def _fits(self, slope: float, shift: float) -> bool:
        """Return whether exp(slope v + shift), its base and its constant stay within range."""
        limit = _LARGEST_EXPONENT[self.dtype]
        ends = [abs(slope * (v - _V_REFERENCE_MV)) for v in (V_LOW_MV, V_HIGH_MV)]
        return max(*ends, abs(slope * _V_REFERENCE_MV + shift)) < limit / 2

    def exponential(self, argument: ast.expr, scale: float = 1.0) -> str | float:
        """Return exp(scale argument)."""
        line = affine(argument)
        if line is not None:
            slope, shift = scale * line[0], scale * line[1]
            if slope == 0.0:
                return math.exp(shift)
            base = self._bases.get(_key(slope))
            if base is not None and self._fits(slope, shift):
                return self.product(base, math.exp(slope * _V_REFERENCE_MV + shift))
        inner = self.product(scale, self.value(argument))
        if isinstance(inner, float):
            return math.exp(inner)
        limit = self.constant(_CLAMP[self.dtype])
        low = self.constant(-_CLAMP[self.dtype])
        return self.let(f"exp_(min(max({inner}, {low}), {limit}))")

    # --- expressions ----------------------------------------------------------------------------------------------

    def value(self, tree: ast.expr) -> str | float:
        """Return the value of a tree, dividing at once."""
        return self.resolve([self.quotient(tree)])[0]

    def quotient(self, tree: ast.expr) -> Quotient:
        """Return the value of a tree as a quotient; ``v`` is called x and ``ca`` is ca."""
        match tree:
            case ast.Constant(value=number) if isinstance(number, int | float):
                return Quotient(float(number))
            case ast.Name(id=name):
                return Quotient({"v": "x"}.get(name, name))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                inner = self.quotient(operand)
                return Quotient(self.product(-1.0, inner.top), inner.bottom)
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.quotient(operand)
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                return self._times(self.quotient(left), self.quotient(right))
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                return self.over(self.quotient(left), self.quotient(right))
            case ast.BinOp(left=left, op=ast.Pow(), right=right):
                return self._raised(left, self.value(right))
            case ast.BinOp(left=left, op=operator, right=right):
                a, b = self.resolve([self.quotient(left), self.quotient(right)])
                return Quotient(self.total(a, b if isinstance(operator, ast.Add) else self.product(-1.0, b)))
            case ast.Call(func=ast.Name(id=name), args=arguments):
                return self._call(name, arguments)
        raise AssertionError(ast.dump(tree))  # Expression has refused it

    def _times(self, a: Quotient, b: Quotient) -> Quotient:
        bottom = self.product(a.bottom, b.bottom)
        return Quotient(self.product(a.top, b.top), bottom if isinstance(bottom, str) else None)

    def over(self, a: Quotient, b: Quotient) -> Quotient:
        """Return a / b, undivided."""
        if isinstance(b.top, float):
            if b.bottom is None:
                return Quotient(self.product(a.top, 1.0 / b.top), a.bottom)
            return Quotient(self.product(a.top, b.bottom, 1.0 / b.top), a.bottom)
        top = self.product(a.top, b.bottom)
        bottom = self.product(a.bottom, b.top)
        return Quotient(top, str(bottom))

    def _raised(self, base: ast.expr, exponent: str | float) -> Quotient:
        assert isinstance(exponent, float)  # Expression allows a constant only
        inner = self.value(base)
        if isinstance(inner, float):
            return Quotient(float(inner**exponent))
        whole = round(abs(exponent))
        if abs(exponent) == whole and 0 < whole <= max(_POWERS):
            power = self.power(inner, whole)
            return Quotient(power) if exponent > 0 else Quotient(1.0, str(power))
        logarithm = self.product(exponent, self._logarithm(inner))
        limit, low = self.constant(_CLAMP[self.dtype]), self.constant(-_CLAMP[self.dtype])
        return Quotient(self.let(f"exp_(min(max({self.text(logarithm)}, {low}), {limit}))"))

    def _logarithm(self, operand: str | float) -> str | float:
        if isinstance(operand, float):
            return math.log(operand)
        return self.let(f"log_(max({operand}, {self.constant(1e-30)}))")

    def _call(self, name: str, arguments: list[ast.expr]) -> Quotient:
        if name == "exp":
            return Quotient(self.exponential(arguments[0]))
        if name == "sigmoid":
            scale = 1.0 / self._number(arguments[1])
            return Quotient(1.0, self.text(self.total(1.0, self.exponential(arguments[0], -scale))))
        if name == "linoid":
            return self._linoid(arguments[0], self._number(arguments[1]))
        inner = [self.value(argument) for argument in arguments]
        if all(isinstance(item, float) for item in inner):
            return Quotient(float(_FUNCTIONS[name](*inner)))
        if name == "log":
            return Quotient(self._logarithm(inner[0]))
        if name == "tanh":  # = 1 - 2 / (1 + exp(2 x))
            limit, low = self.constant(_CLAMP[self.dtype]), self.constant(-_CLAMP[self.dtype])
            e = self.let(f"exp_(min(max({self.product(2.0, inner[0])}, {low}), {limit}))")
            half = self.resolve([Quotient(-2.0, str(self.total(1.0, e)))])[0]
            return Quotient(self.total(1.0, half))
        call = {"sqrt": "math.sqrt", "abs": "abs", "minimum": "min", "maximum": "max"}[name]
        return Quotient(self.let(f"{call}({', '.join(self.text(item) for item in inner)})"))

    def _number(self, tree: ast.expr) -> float:
        number = self.value(tree)
        assert isinstance(number, float)  # Expression asks for a constant scale
        return number

    def _linoid(self, argument: ast.expr, scale: float) -> Quotient:
        y = self.product(1.0 / scale, self.value(argument))
        if isinstance(y, float):
            return Quotient(scale * (1.0 if y == 0.0 else y / -math.expm1(-y)))
        e = self.exponential(argument, -1.0 / scale)
        one = self.constant(1.0)
        near = self.let(f"abs({y}) < {self.constant(_LINOID_SERIES[self.dtype])}")
        y2 = self.let(f"{y} * {y}")
        series = self.let(f"({one} + {y} * {self.constant(0.5)}) + {y2} * "
                          f"({self.constant(1 / 12)} - {y2} * {self.constant(1 / 720)})")
        top = self.let(f"{series} if {near} else {y}")
        bottom = self.let(f"{one} if {near} else {one} - {self.text(e)}")
        return Quotient(self.product(scale, top), bottom)


def _key(slope: float) -> float:
    """Return a slope without its last bits, in which ways to compute it differ."""
    return float(f"{slope:.12g}")
