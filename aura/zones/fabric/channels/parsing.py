"""The text of an expression to a tree that holds nothing but arithmetic: what a user writes is never executed."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection

import numpy as np

from aura.core.errors import ParameterError, nearest
from aura.zones.fabric.channels.evaluation import FUNCTIONS, OPERATORS, evaluated, used_names

__all__ = ["VARIABLES", "folded", "parsed"]

VARIABLES = ("v", "ca")
"""What changes while a model runs: the membrane potential in mV and the calcium concentration in mM."""

LONGEST_TEXT = 1000
"""Characters of an expression (tuned here: ten times the longest of the built-in channels)."""

DEEPEST = 64
"""Levels of nesting of an expression (tuned here: far above any rate, far below the limit of Python's recursion)."""

ALLOWED = f"numbers, + - * / **, parentheses, names and the functions {', '.join(sorted(FUNCTIONS))}"


def parsed(text: str, names: Collection[str], where: str) -> ast.expr:
    """Return the checked tree of a text in one line.

    The tree is made of `BinOp`, `UnaryOp` (minus only), `Call` of a function of `FUNCTIONS`, `Name`, and `Constant`
    with a finite float; an exponent without names is a single `Constant`.

    Raises
    ------
    ParameterError
        If anything else stands in the text, or a name that is not among `names`.
    """
    if len(text) > LONGEST_TEXT:
        raise ParameterError(where, expected=f"an expression of at most {LONGEST_TEXT} characters",
                             got=f"{len(text)} characters")
    strange = re.search(r"[^A-Za-z0-9_.,+*/() -]", text)
    if strange:
        raise ParameterError(where, expected=ALLOWED, got=f"{strange[0]!r} in {text!r}",
                             hint="Powers are written **." if strange[0] == "^" else "")
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError, Warning) as error:
        reason = error.msg if isinstance(error, SyntaxError) else "it cannot be parsed"
        raise ParameterError(where, expected="an expression", got=f"{text!r} ({reason})") from None
    return _Checker(text, frozenset(names), where).checked(tree)


def folded(exponent: ast.expr, where: str) -> ast.expr:
    """Return a checked exponent, as a single number if no name stands in it."""
    if used_names(exponent):
        return exponent
    with np.errstate(all="ignore"):
        value = float(evaluated(exponent, {}))
    if not np.isfinite(value):
        raise ParameterError(where, expected="a finite exponent", got=repr(ast.unparse(exponent)))
    return ast.Constant(value)


class _Checker:
    """Copies a tree, taking what the language has and refusing the rest."""

    def __init__(self, text: str, names: frozenset[str], where: str) -> None:
        self.text, self.names, self.where = text, names, where

    def error(self, got: str, expected: str = ALLOWED, hint: str = "") -> ParameterError:
        """Return the error for a part of the text."""
        return ParameterError(self.where, expected=expected, got=f"{got} in {self.text!r}", hint=hint)

    def checked(self, node: ast.expr, depth: int = 0) -> ast.expr:
        """Return a checked copy of the node."""
        if depth > DEEPEST:
            raise ParameterError(self.where, expected=f"at most {DEEPEST} levels of nesting", got="more")
        match node:
            case ast.Constant():
                return self.number(node)
            case ast.Name(id=name):
                return self.name(name)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return ast.UnaryOp(ast.USub(), self.checked(operand, depth + 1))
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.checked(operand, depth + 1)
            case ast.BinOp(left=left, op=ast.Pow(), right=right):
                return ast.BinOp(self.checked(left, depth + 1), ast.Pow(), self.exponent(right, depth + 1))
            case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
                return ast.BinOp(self.checked(left, depth + 1), op, self.checked(right, depth + 1))
            case ast.Call():
                return self.call(node, depth)
        raise self.error(repr(ast.get_source_segment(self.text, node)))

    def number(self, node: ast.Constant) -> ast.Constant:
        """Return a finite number in float."""
        written = ast.get_source_segment(self.text, node)
        if type(node.value) not in (int, float):
            raise self.error(repr(written))
        try:
            value = float(node.value)  # type: ignore[arg-type]
        except OverflowError:
            value = np.inf
        if not np.isfinite(value):
            raise self.error(repr(written), "numbers that float64 holds")
        return ast.Constant(value)

    def name(self, name: str) -> ast.Name:
        """Return a known name."""
        if name not in self.names:
            hint = f"It is a function: {name}(...)." if name in FUNCTIONS else nearest(name, self.names)
            raise self.error(repr(name), "names that are known here", hint)
        return ast.Name(name, ast.Load())

    def exponent(self, node: ast.expr, depth: int) -> ast.expr:
        """Return an exponent that stays the same while a model runs."""
        exponent = self.checked(node, depth)
        if not used_names(exponent).isdisjoint(VARIABLES):
            raise self.error(repr(ast.get_source_segment(self.text, node)),
                             "an exponent that depends neither on v nor on ca", "Try exp(exponent * log(base)).")
        return folded(exponent, self.where)

    def call(self, node: ast.Call, depth: int) -> ast.Call:
        """Return a call of a known function with as many arguments as it takes."""
        if not isinstance(node.func, ast.Name):
            raise self.error(repr(ast.get_source_segment(self.text, node)))
        name = node.func.id
        if name not in FUNCTIONS:
            raise self.error(f"{name}()", f"the functions {', '.join(sorted(FUNCTIONS))}", nearest(name, FUNCTIONS))
        count = FUNCTIONS[name][0]
        if node.keywords or len(node.args) != count:
            raise self.error(repr(ast.get_source_segment(self.text, node)),
                             f"{name} of {count} argument{'s' if count > 1 else ''}")
        return ast.Call(ast.Name(name, ast.Load()), [self.checked(part, depth + 1) for part in node.args], [])
