"""Which arguments of exponentials are straight lines in the voltage."""

from __future__ import annotations

import ast

__all__ = ["affine", "exponents"]


def exponents(tree: ast.expr) -> list[ast.expr]:
    """Return the arguments of all exponentials in an expression, those within sigmoid and linoid too."""
    found: list[ast.expr] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id == "exp":
                found.append(node.args[0])
            elif node.func.id in ("sigmoid", "linoid"):
                quotient = ast.BinOp(node.args[0], ast.Div(), node.args[1])
                found.append(ast.UnaryOp(ast.USub(), quotient))
    return found


def affine(tree: ast.expr) -> tuple[float, float] | None:
    """Return (slope, shift) if a tree is slope v + shift, else None."""
    match tree:
        case ast.Constant(value=number) if isinstance(number, int | float):
            return 0.0, float(number)
        case ast.Name(id="v"):
            return 1.0, 0.0
        case ast.UnaryOp(op=operator, operand=operand):
            inner = affine(operand)
            sign = -1.0 if isinstance(operator, ast.USub) else 1.0
            return None if inner is None else (sign * inner[0], sign * inner[1])
        case ast.BinOp(left=left, op=operator, right=right):
            a, b = affine(left), affine(right)
            return None if a is None or b is None else _combined(operator, a, b)
    return None


def _combined(operator: ast.operator, a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float] | None:
    match operator:
        case ast.Add():
            return a[0] + b[0], a[1] + b[1]
        case ast.Sub():
            return a[0] - b[0], a[1] - b[1]
        case ast.Mult() if a[0] == 0.0:
            return a[1] * b[0], a[1] * b[1]
        case ast.Mult() if b[0] == 0.0:
            return a[0] * b[1], a[1] * b[1]
        case ast.Div() if b[0] == 0.0 and b[1] != 0.0:
            return a[0] / b[1], a[1] / b[1]
    return None
