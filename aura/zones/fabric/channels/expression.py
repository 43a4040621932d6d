"""A rate, steady state, time constant or factor of a channel, given as text and evaluated without `eval`."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping

import numpy as np
from numpy.typing import ArrayLike

from aura.core.errors import ParameterError
from aura.zones.common.arrays import Array
from aura.zones.fabric.channels.evaluation import FUNCTIONS, evaluated, linoid, sigmoid, used_names
from aura.zones.fabric.channels.parsing import VARIABLES, folded, parsed

__all__ = ["FUNCTIONS", "VARIABLES", "Expression", "linoid", "sigmoid"]


class Expression:
    """A formula given as text.

    Parameters
    ----------
    text : str
        Numbers, the given names, ``+ - * / **`` (the exponent depends neither on `v` nor on `ca`), parentheses and the
        functions of `FUNCTIONS`: exp, log, sqrt, tanh, abs, minimum, maximum, ``linoid(x, k)`` = x / (1 - exp(-x/k))
        with its limit k at x = 0, and ``sigmoid(x, k)`` = 1 / (1 + exp(-x/k)).
    names : collection of str
        The names that may stand in it.
    where : str
        What the text is, for errors: ``"sodium.gates.m.alpha"``.

    Attributes
    ----------
    text : str
        The text, in one line.
    names : frozenset of str
        The names that it uses.
    tree : ast.expr
        `BinOp`, `UnaryOp` (minus only), `Call` of a function of `FUNCTIONS`, `Name`, and `Constant` with a finite
        float, nothing else; an exponent without names is a single `Constant`, which may be negative.

    Raises
    ------
    ParameterError
        If anything else stands in the text.

    Examples
    --------
    >>> alpha = Expression("0.1 * linoid(v + shift, 10)", ["v", "ca", "shift"], "sodium.gates.m.alpha")
    >>> float(alpha(v=-40.0, shift=40.0))
    1.0
    >>> alpha.bind({"shift": 40.0})
    Expression('0.1 * linoid(v + 40.0, 10.0)')
    >>> Expression("exp(u)", ["v", "ca"], "sodium.gates.m.alpha")
    Traceback (most recent call last):
    aura.core.errors.ParameterError: sodium.gates.m.alpha: expected names that are known here, got 'u' in 'exp(u)'. \
Known: ca, v.
    """

    text: str
    names: frozenset[str]
    tree: ast.expr

    def __init__(self, text: str, names: Collection[str], where: str) -> None:
        if not isinstance(text, str) or not text.strip():
            raise ParameterError(where, expected="an expression", got=repr(text))
        self.where = where
        self.text = " ".join(text.split())
        self._take(parsed(self.text, names, where))

    def _take(self, tree: ast.expr) -> None:
        self.tree = ast.fix_missing_locations(tree)
        self.names = used_names(tree)

    def __call__(self, **values: ArrayLike) -> Array:
        """Return the value in float64, in the shape that the given values have together.

        A value that the expression does not use only lends its shape. Where the formula has no value the result is
        nan or infinite, without a warning.

        Raises
        ------
        ParameterError
            If a name has no value.
        """
        missing = sorted(self.names - values.keys())
        if missing:
            raise ParameterError(self.where, expected=f"a value for {missing[0]!r}",
                                 got=", ".join(sorted(values)) or "none")
        known = {name: np.asarray(value, dtype=np.float64) for name, value in values.items()}
        with np.errstate(all="ignore"):
            result = evaluated(self.tree, known)
        return np.array(np.broadcast_to(result, np.broadcast_shapes(*(value.shape for value in known.values()))))

    def bind(self, values: Mapping[str, float]) -> Expression:
        """Return the expression with these names replaced by their values."""
        return self._of(_bound(self.tree, values, self.where))

    def divisors(self) -> list[Expression]:
        """Return what must not be 0: all that something is divided by, or that a negative power is taken of."""
        found: list[Expression] = []
        for node in ast.walk(self.tree):
            match node:
                case ast.BinOp(op=ast.Div(), right=right):
                    found.append(self._of(right))
                case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=float(power))) if power < 0:
                    found.append(self._of(left))
        return found

    def _of(self, tree: ast.expr) -> Expression:
        """Return the expression of a checked tree."""
        made = object.__new__(Expression)
        made.where, made.text = self.where, ast.unparse(tree)
        made._take(tree)
        return made

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"


def _bound(node: ast.expr, values: Mapping[str, float], where: str) -> ast.expr:
    """Return a copy of a checked tree with numbers in the place of names."""
    match node:
        case ast.Name(id=name) if name in values:
            value = float(values[name])
            return ast.UnaryOp(ast.USub(), ast.Constant(-value)) if value < 0 else ast.Constant(value)
        case ast.UnaryOp(op=op, operand=operand):
            return ast.UnaryOp(op, _bound(operand, values, where))
        case ast.BinOp(left=left, op=op, right=right):
            right = _bound(right, values, where)
            return ast.BinOp(_bound(left, values, where), op,
                             folded(right, where) if isinstance(op, ast.Pow) else right)
        case ast.Call(func=func, args=args):
            return ast.Call(func, [_bound(part, values, where) for part in args], [])
    return node
