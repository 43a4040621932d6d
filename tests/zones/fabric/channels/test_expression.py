"""Expressions: what they compute, and that text from a user is never more than arithmetic."""

from __future__ import annotations

import ast
import math
import pickle
from decimal import Decimal, localcontext
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura.core.errors import ParameterError
from aura.zones.fabric.channels.evaluation import LINOID_SERIES_BELOW
from aura.zones.fabric.channels.expression import FUNCTIONS, Expression, linoid, sigmoid

NAMES = ("v", "ca", "half")
PYTHON: dict[str, Any] = {"exp": np.exp, "log": np.log, "sqrt": np.sqrt, "tanh": np.tanh, "abs": np.abs,
                          "minimum": np.minimum, "maximum": np.maximum, "linoid": linoid, "sigmoid": sigmoid}


def formula(text: str) -> Expression:
    return Expression(text, NAMES, "test.rate")


def numbers() -> st.SearchStrategy[str]:
    return st.one_of(st.integers(0, 1000).map(str), st.floats(0, 1e6).map(repr))


def larger(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    calls = [st.tuples(*[parts] * count).map(lambda given, name=name: f"{name}({', '.join(given)})")
             for name, (count, _) in FUNCTIONS.items()]
    return st.one_of(
        st.tuples(parts, st.sampled_from("+-*/"), parts).map(" ".join), parts.map("({})".format),
        parts.map("-{}".format), st.tuples(parts, st.integers(-3, 3)).map(lambda given: f"({given[0]}) ** {given[1]}"),
        *calls)


FORMULAS = st.recursive(st.one_of(numbers(), st.sampled_from(NAMES)), larger, max_leaves=8)


@pytest.mark.slow
@settings(deadline=None)
@given(FORMULAS, st.floats(-100, 60), st.floats(1e-6, 0.1), st.floats(-10, 10))
def test_a_formula_is_what_python_makes_of_its_text(text: str, v: float, ca: float, half: float) -> None:
    values = {"v": np.float64(v), "ca": np.float64(ca), "half": np.float64(half)}
    with np.errstate(all="ignore"):
        # Every number in float64, as in an expression, so that dividing by 0 gives what it gives there.
        expected = eval(compile(Doubles().visit(ast.parse(text, mode="eval")), "", "eval"),
                        {**PYTHON, **values, "float64": np.float64, "power": np.power})
    np.testing.assert_array_equal(formula(text)(**values), expected)
    np.testing.assert_array_equal(formula(text).bind({"half": half})(v=v, ca=ca), expected)


class Doubles(ast.NodeTransformer):
    """Wraps every number in float64(...), and makes powers numpy's, whose last bit is not that of Python's."""

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        return called("float64", node)

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        return called("power", node.left, node.right) if isinstance(node.op, ast.Pow) else node


def called(name: str, *parts: ast.expr) -> ast.expr:
    return ast.fix_missing_locations(ast.copy_location(ast.Call(ast.Name(name, ast.Load()), [*parts], []), parts[0]))


@pytest.mark.slow
@given(st.floats(-30, 30))
def test_each_function_is_that_of_pythons_math(x: float) -> None:
    pairs = [("exp(v)", math.exp(x)), ("tanh(v)", math.tanh(x)), ("sqrt(abs(v))", math.sqrt(abs(x))),
             ("log(1 + abs(v))", math.log(1 + abs(x))), ("minimum(v, 2)", min(x, 2)), ("maximum(v, 2)", max(x, 2)),
             ("sigmoid(v, 3)", 1 / (1 + math.exp(-x / 3))), ("v ** 2 - 1", x**2 - 1)]
    for text, expected in pairs:
        assert float(formula(text)(v=x)) == pytest.approx(expected, rel=1e-14, abs=1e-300)


@pytest.mark.parametrize("z", [1e-12, 1e-7, LINOID_SERIES_BELOW * (1 - 1e-9), LINOID_SERIES_BELOW * (1 + 1e-9), 0.1,
                               3.0, 40.0, 600.0])
@pytest.mark.parametrize("k", [10.0, 3.8, -4.0])
def test_linoid_is_right_to_rounding_on_both_sides_of_its_singularity(z: float, k: float) -> None:
    for x in (z * k, -z * k):
        with localcontext() as context:
            context.prec = 60
            exact = Decimal(x) / (1 - (-Decimal(x) / Decimal(k)).exp())
        assert float(linoid(x, k)) == pytest.approx(float(exact), rel=2e-15)


def test_linoid_has_its_limit_at_the_singularity_and_fades_far_below() -> None:
    assert linoid(0.0, 10.0) == 10.0
    assert linoid(-0.0, -4.0) == -4.0
    with np.errstate(over="ignore"):
        assert float(linoid(-1e5, 10.0)) == 0.0
    assert np.isnan(linoid(np.nan, 10.0))


@pytest.mark.parametrize("text, got", [
    ("v.real", "v.real"), ("v.__class__", "v.__class__"), ("(1).real", "(1).real"), ("exp.__globals__", "exp"),
    ("__import__(v)", "__import__"), ("eval(v)", "eval"), ("getattr(v, ca)", "getattr"), ("exp(v)(ca)", "exp(v)(ca)"),
    ("print(v)", "print"), ("v(1)", "v"), ("exp", "'exp'"), ("exp()", "exp()"), ("exp(v, ca)", "exp(v, ca)"),
    ("linoid(v)", "linoid(v)"), ("exp(*v)", "exp(*v)"), ("lambda: 0", "':'"), ("lambda", "invalid syntax"),
    ("v if ca else 1", "v if ca else 1"), ("v < ca", "'<'"), ("v and ca", "v and ca"), ("not v", "not v"),
    ("[v]", "'['"), ("{v}", "'{'"), ("'v'", '"\'"'), ("(v, ca)", "(v, ca)"), ("v, ca", "v, ca"), ("v := 1", "':'"),
    ("v % 2", "'%'"), ("v // 2", "v // 2"), ("v ^ 2", "'^'"), ("v @ ca", "'@'"), ("~v", "'~'"), ("v; ca", "';'"),
    ("True", "True"), ("None", "None"), ("...", "..."), ("1j", "1j"), ("1e999", "1e999"), ("1" + "0" * 400, "1000"),
    ("v # ca", "'#'"), ("v ca", "invalid syntax"), ("(v", "never closed"), ("v +", "invalid syntax"),
    ("1v", "invalid decimal literal"), ("v ** ca", "'ca'"), ("2 ** (1 / 0)", "1.0 / 0.0"), ("", "''"), ("  ", "'  '"),
    ("v\0", "\\x00"), ("\u03b1", "\u03b1"), ("await v", "await v"), ("yield", "yield"), ("v" * 2000, "2000 characters"),
    ("-" * 500 + "v", "more"), ("(" * 450 + "v" + ")" * 450, "nest"), ("exp(" * 100 + "v" + ")" * 100, "more"),
])
def test_hostile_or_broken_text_is_refused_and_named(text: str, got: str) -> None:
    with pytest.raises(ParameterError) as refused:
        formula(text)
    assert str(refused.value).startswith("test.rate: expected ")
    assert got in refused.value.got or "cannot be parsed" in refused.value.got


@settings(max_examples=60, deadline=None)
@given(st.one_of(st.text(max_size=60), st.text("vca0123456789.e+-*/(), _exp", max_size=60)))
def test_any_text_is_an_arithmetic_formula_or_refused(text: str) -> None:
    try:
        accepted = formula(text)
    except ParameterError:
        return
    allowed = (ast.BinOp, ast.UnaryOp, ast.Call, ast.Name, ast.Constant, ast.operator, ast.USub, ast.Load)
    assert all(isinstance(node, allowed) for node in ast.walk(accepted.tree))
    assert accepted.names <= set(NAMES)
    accepted(v=-65.0, ca=1e-4, half=0.5)


def test_errors_name_the_place_and_the_nearest_name() -> None:
    with pytest.raises(ParameterError, match=r"test\.rate: expected names .*, got 'haf' in 'v / haf'\. Try 'half'\."):
        formula("v / haf")
    with pytest.raises(ParameterError, match=r"got linoyd\(\) in .* Try 'linoid'\."):
        formula("linoyd(v, 2)")
    with pytest.raises(ParameterError, match=r"Powers are written \*\*"):
        formula("v^2")
    with pytest.raises(ParameterError, match="expected an expression, got 3"):
        formula(3)  # type: ignore[arg-type]


def test_a_formula_is_evaluated_over_arrays_in_float64() -> None:
    rate = formula("half * v")
    assert rate(v=np.zeros((3, 1), dtype=np.float32), half=2, ca=np.ones((1, 4))).shape == (3, 4)
    assert rate(v=1.0, half=2.0).shape == ()
    assert formula("1.5")(v=np.zeros(2)).tolist() == [1.5, 1.5]
    assert rate(v=np.arange(3, dtype=np.int32), half=2).dtype == np.float64
    with pytest.raises(ParameterError, match="expected a value for 'half', got v"):
        rate(v=1.0)


def test_the_result_is_the_callers_own() -> None:
    v = np.zeros(2)
    formula("v")(v=v)[:] = 1.0
    assert v.tolist() == [0.0, 0.0]


def test_binding_puts_numbers_in_the_place_of_names() -> None:
    rate = formula("(v - half) ** half + half * ca").bind({"half": -2.0})
    assert rate.names == {"v", "ca"}
    assert float(rate(v=1.0, ca=3.0)) == (1 + 2) ** -2 - 2 * 3
    again = Expression(rate.text, NAMES, "again")
    assert float(again(v=1.0, ca=3.0)) == float(rate(v=1.0, ca=3.0))
    exponents = [node.right for node in ast.walk(rate.tree) if isinstance(node, ast.BinOp)
                 and isinstance(node.op, ast.Pow)]
    assert [ast.literal_eval(part) for part in exponents] == [-2.0]
    assert isinstance(exponents[0], ast.Constant)


def test_what_is_divided_by_is_known() -> None:
    assert {part.text for part in formula("1 / (v - 1) + exp(ca / half) * (v + 2) ** -1").divisors()} == {
        "v - 1.0", "half", "v + 2.0"}


def test_a_formula_survives_pickling() -> None:
    rate = pickle.loads(pickle.dumps(formula("0.1 * linoid(v + 40, 10)")))
    assert float(rate(v=-40.0)) == 1.0
