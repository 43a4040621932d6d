"""What the expressions of channels are made of, computed with numpy: functions, operators, and a walk of the tree."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from aura.zones.common.arrays import Array

__all__ = ["FUNCTIONS", "LINOID_SERIES_BELOW", "OPERATORS", "evaluated", "linoid", "sigmoid", "used_names"]

Value: TypeAlias = "np.float64 | Array"

LINOID_SERIES_BELOW = 1e-4
"""|x/k| below which `linoid` takes its series; the first term left out, (x/k)⁴/720, is then under 1.4e-19."""


def linoid(x: ArrayLike, k: ArrayLike) -> Array:
    r"""Return x / (1 - exp(-x/k)), and its limit k at x = 0.

    Notes
    -----
    With z = x/k, near the removable singularity :math:`k\,(1 + z/2 + z^2/12)`, elsewhere ``x / -expm1(-z)``: both are
    right to a few units in the last place, so that the function is continuous to rounding.

    Examples
    --------
    >>> [round(float(linoid(x, 10.0)), 9) for x in (-10.0, 0.0, 10.0)]
    [5.819767069, 10.0, 15.819767069]
    """
    x, k = np.asarray(x, dtype=np.float64), np.asarray(k, dtype=np.float64)
    z = x / k
    small = np.abs(z) < LINOID_SERIES_BELOW
    return np.where(small, k * (1 + z / 2 + z * z / 12), x / -np.expm1(-np.where(small, 1.0, z)))


def sigmoid(x: ArrayLike, k: ArrayLike) -> Array:
    """Return 1 / (1 + exp(-x/k))."""
    return np.asarray(1 / (1 + np.exp(-np.asarray(x, dtype=np.float64) / np.asarray(k, dtype=np.float64))))


FUNCTIONS: Mapping[str, tuple[int, Callable[..., Any]]] = MappingProxyType({
    "exp": (1, np.exp), "log": (1, np.log), "sqrt": (1, np.sqrt), "tanh": (1, np.tanh), "abs": (1, np.abs),
    "minimum": (2, np.minimum), "maximum": (2, np.maximum), "linoid": (2, linoid), "sigmoid": (2, sigmoid)})
"""The functions of an expression: how many arguments each takes, and what computes it."""

OPERATORS: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = MappingProxyType({
    ast.Add: np.add, ast.Sub: np.subtract, ast.Mult: np.multiply, ast.Div: np.divide, ast.Pow: np.power})
"""The binary operators of an expression."""


def evaluated(node: ast.expr, values: Mapping[str, Value]) -> Value:
    """Return the value of a checked tree for these values of its names."""
    result: Value
    match node:
        case ast.Constant(value=float(number)):
            return np.float64(number)
        case ast.Name(id=name):
            return values[name]
        case ast.UnaryOp(operand=operand):
            return -evaluated(operand, values)
        case ast.BinOp(left=left, op=op, right=right):
            result = OPERATORS[type(op)](evaluated(left, values), evaluated(right, values))
            return result
        case ast.Call(func=ast.Name(id=name), args=args):
            result = FUNCTIONS[name][1](*(evaluated(part, values) for part in args))
            return result
    raise TypeError(f"a node that no check has let through: {ast.dump(node)}")


def used_names(node: ast.expr) -> frozenset[str]:
    """Return the names that a checked tree uses, those of functions not among them."""
    called = {id(part.func) for part in ast.walk(node) if isinstance(part, ast.Call)}
    return frozenset(part.id for part in ast.walk(node) if isinstance(part, ast.Name) and id(part) not in called)
