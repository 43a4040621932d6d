"""What the generator writes, against the declarations evaluated by numpy."""

from __future__ import annotations

import ast
import copy
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from aura.core.errors import ParameterError
from aura.zones.fabric.channels import CHANNELS, CalciumPool, Channel, Quantity, channel_from_table
from aura.zones.fabric.channels.expression import Expression
from aura.zones.fabric.morphology.discretise import discretise
from aura.zones.fabric.morphology.tree import point_neuron
from aura.zones.fabric.neurons.emitter import Emitter
from aura.zones.fabric.neurons.membrane import Afferent, Membrane, Placement
from aura.zones.fabric.neurons.population import Population
from aura.zones.fabric.neurons.receptors import NMDA, Receptor
from tests.zones.fabric.neurons.naive import NaiveCells

TOLERANCE = {"float64": 5e-11, "float32": 1e-5}
RANGE_OF_V_MV, RANGE_OF_CA_MM = (-150.0, 100.0), (1e-6, 0.1)
POINT = discretise(point_neuron(area_um2=1000.0), 100.0)
SINGULARITIES_MV = (-55.0, -40.0, -27.0)
"""Of the linoids of potassium, sodium and calcium."""


def emitted(texts: list[str], dtype: str, v: np.ndarray, ca: np.ndarray) -> tuple[list[np.ndarray], list[str]]:
    """Run the statements of expressions point by point in Python; return their values, and the statements."""
    constants: dict[str, float] = {}
    emitter = Emitter(dtype, constants)
    formulas = [Expression(text, ["v", "ca"], "a test") for text in texts]
    emitter.prepare(formulas)
    results = [emitter.text(value) for value in emitter.resolve(emitter.quotient(f.tree) for f in formulas)]
    number = np.dtype(dtype).type
    namespace: dict[str, Any] = {"math": Rooted, "exp_": np.exp, "log_": np.log, "where_": chosen}
    namespace |= {name: number(value) for name, value in constants.items()}
    code = compile("\n".join([*emitter.lines, f"found = [{', '.join(results)}]"]), "emitted", "exec")
    found = []
    for x, calcium in zip(v.astype(dtype), ca.astype(dtype), strict=True):
        exec(code, namespace | {"x": x, "calcium": calcium}, local := {})
        assert all(isinstance(value, number) for value in local["found"])
        found.append(local["found"])
    return list(np.array(found, np.float64).T), emitter.lines


def chosen(condition: Any, yes: Any, no: Any) -> Any:
    return yes if condition else no


class Rooted:
    """What stands for the module `math`: numba's sqrt keeps the dtype."""

    sqrt = staticmethod(np.sqrt)


def probes(count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return random voltages and concentrations, many of them around singularities."""
    near = np.concatenate([at + scale * rng.normal(size=8) for at in SINGULARITIES_MV for scale in (1e-9, 1e-3, 1.0)])
    v = np.concatenate([rng.uniform(*RANGE_OF_V_MV, count), near, SINGULARITIES_MV])
    return v, np.exp(rng.uniform(*np.log(RANGE_OF_CA_MM), len(v)))


# ------------------------------------------------------------------------------------------------- whole step


@pytest.mark.slow
@pytest.mark.parametrize("dtype, dt_ms, temperature_c", [
    ("float64", 0.025, 6.3), ("float64", 0.02, 20.0), ("float32", 0.02, 20.0)])  # warm, a gate needs the latter
def test_one_step_moves_every_gate_as_declared(dtype, dt_ms, temperature_c):
    """With the Padé approximant and with the exponential, at random voltages, concentrations and gates."""
    rng = np.random.default_rng(0)
    v, ca = probes(500, rng)
    membrane = Membrane(tuple(Placement(channel, {"all": channel.conductance.value}) for channel in CHANNELS.values()),
                        pool=CalciumPool(), afferents=(Afferent("excitatory", ((NMDA, 1.0),)),))
    cells = Population(POINT, membrane, len(v), dt_ms=dt_ms, dtype=dtype, temperature_c=temperature_c)
    twin = NaiveCells(POINT, membrane, len(v), dt_ms=dt_ms, temperature_c=temperature_c)
    gates = {f"{channel.name}.{gate.name}": rng.uniform(0.0, 1.0, len(v))
             for channel in CHANNELS.values() for gate in channel.gates}
    set_variables(cells, {"v": v, "ca": ca, **gates})
    twin.v[:], twin.ca[:] = (cells.read(name).astype(np.float64) for name in ("v", "ca"))
    for (owner, name), value in twin.gates.items():
        value[:] = cells.read(f"{owner}.{name}")
    opening = np.full((1, 1, len(v)), 1e-3)
    twin.open(cells.sites, opening)
    twin.advance(1)
    cells.advance(1, opening.astype(dtype))
    for name in gates:
        np.testing.assert_allclose(cells.read(name), twin.variable(name), rtol=TOLERANCE[dtype], atol=1e-30,
                                   err_msg=name)
    # Factors and conductances show in the voltage, which the solution of a linear system of one row is.
    for name in ("v", "ca"):
        np.testing.assert_allclose(cells.read(name), twin.variable(name), rtol=10 * TOLERANCE[dtype],
                                   atol=100 * TOLERANCE[dtype] if name == "v" else 0.0, err_msg=name)


def set_variables(cells: Population, values: dict[str, np.ndarray]) -> None:
    """Set variables of the only compartment."""
    state = cells.state()
    names = [name for name in cells.layout.variables(0) if name not in ("diagonal", "right")]
    for name, value in values.items():
        state["variables"][names.index(name)] = value
    cells.load_state(state)


# ------------------------------------------------------------------------------------------------ expressions


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_every_rate_and_factor_of_the_channels_is_right_to_rounding(dtype):
    v, ca = probes(60, np.random.default_rng(1))
    v, ca = v.astype(dtype).astype(np.float64), ca.astype(dtype).astype(np.float64)
    texts = []
    for channel in CHANNELS.values():
        texts += [formula.text for gate in channel.gates for formula in channel.gate_expressions(gate).values()]
        texts.append(channel.factor_expression().text)
    found, _ = emitted(texts, dtype, v, ca)
    for text, values in zip(texts, found, strict=True):
        exact = Expression(text, ["v", "ca"], "a test")(v=v, ca=ca)
        # What float32 cannot hold it may round to next to nothing.
        np.testing.assert_allclose(values, exact, rtol=TOLERANCE[dtype], atol=1e-30, err_msg=text)


def numbers(low: float, high: float) -> st.SearchStrategy[str]:
    return st.floats(low, high).map(lambda number: f"{number:.4g}")


@st.composite
def expressions(draw: st.DrawFn, depth: int = 2) -> str:
    """Texts of the language of channels that have a value of moderate size nearly everywhere."""
    voltage = f"(v + {draw(numbers(-60, 120))})"
    leaves = st.one_of(
        numbers(0.1, 5.0), st.just(f"{voltage} / {draw(numbers(5, 80))}"), st.just("(ca / 0.0004)"),
        st.just(f"exp(-{voltage} / {draw(numbers(6, 80))})"), st.just(f"exp({voltage} / {draw(numbers(0.5, 8))})"),
        st.just(f"linoid({voltage}, {draw(numbers(2, 20))})"), st.just(f"linoid(-{voltage}, {draw(numbers(2, 20))})"),
        st.just(f"sigmoid({voltage}, {draw(st.sampled_from(['-0.7', '-6', '0.4', '9']))})"),
        st.just(f"tanh({voltage} / {draw(numbers(5, 80))})"), st.just(f"linoid({voltage}, 3 + 1000 * ca)"),
        st.just(f"sigmoid({voltage}, 5 + 900 * ca)"))
    if depth == 0:
        return draw(leaves)
    a, b = draw(expressions(depth - 1)), draw(expressions(depth - 1))
    return draw(st.one_of(
        leaves, st.just(f"({a} + {b})"), st.just(f"({a} - {b})"), st.just(f"({a}) * ({b})"),
        st.just(f"({a}) / (1 + ({b}) ** 2)"), st.just(f"1 / (1 + abs({a}))"), st.just(f"maximum({a}, {b})"),
        st.just(f"minimum({a}, {b})"), st.just(f"sqrt(abs({a}))"), st.just(f"log(1 + abs({a}))"),
        st.just(f"(1 + abs({a})) ** {draw(st.sampled_from(['2', '-3', '0.5', '-1.7', '0']))}")))


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.lists(expressions(), min_size=1, max_size=2), st.sampled_from(["float64", "float32"]),
       st.integers(0, 2**32))
def test_any_expression_is_evaluated_as_numpy_does(texts, dtype, seed):
    """Within what rounding its subtractions amplify: the error is measured against the largest of its terms."""
    rng = np.random.default_rng(seed)
    v = rng.uniform(*RANGE_OF_V_MV, 30).astype(dtype).astype(np.float64)
    ca = np.exp(rng.uniform(*np.log(RANGE_OF_CA_MM), 30)).astype(dtype).astype(np.float64)
    formulas = [Expression(text, ["v", "ca"], "a test") for text in texts]
    assume(all(np.isfinite(f(v=v, ca=ca)).all() for f in formulas))
    assume(all(np.abs(part(v=v, ca=ca)).max() < 1e15 for f in formulas for part in parts(f)))
    try:
        found, _ = emitted(texts, dtype, v, ca)
    except ParameterError:
        assume(False)
    for formula, values in zip(formulas, found, strict=True):
        exact = formula(v=v, ca=ca)
        # How far the value moves if every part of the expression is off by some roundings.
        wobble = sum(np.abs(perturbed(formula, index, dtype)(v=v, ca=ca) - exact)
                     for index in range(len(parts(formula))))
        # An exponential is held within the dtype's range: a value far below the others may come out as 1e-17 for 1e-54.
        scale = np.abs(exact) + FLOOR * max(float(np.abs(exact).max()), 1.0)
        assert (np.abs(values - exact) <= wobble + TOLERANCE[dtype] * scale).all(), formula.text


FLOOR = 1e-2


def parts(formula: Expression) -> list[Expression]:
    """Return the expressions of all nodes of the tree but names of functions and exponents."""
    return [formula._of(node) for node in calculated(formula.tree)]


def calculated(tree: Any) -> list[Any]:
    match tree:
        case ast.BinOp(left=left, op=ast.Pow()):
            return [tree, *calculated(left)]
        case ast.BinOp(left=left, right=right):
            return [tree, *calculated(left), *calculated(right)]
        case ast.UnaryOp(operand=operand):
            return [tree, *calculated(operand)]
        case ast.Call(args=arguments):
            return [tree, *(node for argument in arguments for node in calculated(argument))]
    return [tree]


def perturbed(formula: Expression, index: int, dtype: str) -> Expression:
    """Return the expression with one of its parts off by a relative error of the dtype."""
    tree = copy.deepcopy(ast.Expression(formula.tree))
    target = calculated(tree.body)[index]

    class Off(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            if node is target:
                return ast.BinOp(node, ast.Mult(), ast.Constant(1.0 + TOLERANCE[dtype]))
            return self.generic_visit(node)

    return formula._of(ast.fix_missing_locations(Off().visit(tree)).body)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_steep_rates_neither_overflow_nor_turn_into_nan(dtype):
    """Three divisors of 1e34 each would overflow if they shared one division."""
    texts = [f"sigmoid(v + {at}, -0.9)" for at in (20, 30, 40)]
    v = np.linspace(*RANGE_OF_V_MV, 41)
    found, _ = emitted(texts, dtype, v, np.full(41, 1e-4))
    for text, values in zip(texts, found, strict=True):
        exact = Expression(text, ["v"], "a test")(v=v)
        representable = (exact > 1e-30) & (exact < 1e30)
        np.testing.assert_allclose(values[representable], exact[representable], rtol=10 * TOLERANCE[dtype])
        assert np.isfinite(values).all()
        assert (values >= 0.0).all()


def test_a_divisor_that_float32_cannot_hold_is_refused():
    text, v = "1 / (exp(v / 2) * exp(v / 3) * exp(v / 4))", np.linspace(*RANGE_OF_V_MV, 9)
    found, _ = emitted([text], "float64", v, v)
    np.testing.assert_allclose(found[0], np.exp(-v * 13 / 12), rtol=1e-11)
    with pytest.raises(ParameterError, match="divisors from 1e-36 to 1e"):
        emitted([text], "float32", v, v)


# ------------------------------------------------------------------------------------------------- economy


@pytest.mark.parametrize("dtype, calls", [("float64", 0), ("float32", 1)])
def test_exponentials_of_commensurable_slopes_are_powers_of_one(dtype, calls):
    """In float64 of one whose argument is so small that a polynomial is enough."""
    _, lines = emitted(["exp(-v / 80)", "exp(-(v + 55) / 10)", "exp(-v / 20)", "linoid(v + 40, 10)"], dtype,
                       np.array([-60.0]), np.array([1e-4]))
    assert sum("exp_(" in line for line in lines) == calls


def test_known_factors_of_a_product_become_one():
    _, lines = emitted(["0.1 * (2 * exp(-v / 80) * (3 * (v + 1)))"], "float64", np.array([-60.0]), np.array([1e-4]))
    constants = [line for line in lines if line.split(" * ")[-1].startswith("C")]
    used = [line for line in constants if any(line.split(" = ")[0] in other.split(" = ")[1] for other in lines)]
    assert len(used) <= 1, lines


def test_three_quotients_share_one_division():
    _, lines = emitted(["sigmoid(v, 10)", "linoid(v, 10)", "1 / (1 + exp(-v / 5))"], "float64", np.array([-60.0]),
                       np.array([1e-4]))
    assert sum(" / " in line for line in lines) == 1


# ---------------------------------------------------------------------------------------------- user channels


def table(**changes: Any) -> Channel:
    base = {"ion": "k", "conductance": "0.001 S/cm2", "reversal": "-90 mV", "temperature": "6.3 degC"}
    return channel_from_table("own", {**base, **changes}, "a test")


@pytest.mark.slow
@pytest.mark.parametrize("gates", [
    [{"name": "n", "power": 2, "steady": "sigmoid(v + 20, 9)", "tau": 2.5}],
    [{"name": "n", "steady": "sigmoid(v + 20, 0.5)", "tau": "0.02 + 3 * exp(-((v + 40) / 30) ** 2)"}],
    [{"name": "n", "steady": 0.3, "tau": 0.01}],
    [{"name": "n", "steady": 0.3, "tau": "0.01 + abs(v) / 100"}],
    [{"name": "n", "power": 5, "alpha": "sigmoid(v, 3) / (1 + (v / 50) ** 2)", "beta": "0.1 * sigmoid(-v, 3)"},
     {"name": "l", "alpha": "0.3", "beta": "0.5"}],
    []])
def test_channels_of_ones_own_follow_their_declaration(gates):
    channel = table(gates=gates, factor=None if gates else "tanh(abs(v) / 30)")
    membrane = Membrane((Placement(channel, {"all": 0.001}),))
    rng = np.random.default_rng(2)
    v = rng.uniform(*RANGE_OF_V_MV, 200)
    cells, twin = Population(POINT, membrane, 200, dtype="float64"), NaiveCells(POINT, membrane, 200)
    set_variables(cells, {"v": v})
    twin.v[:] = v
    cells.injected[:] = twin.injected[:] = 0.01
    cells.advance(20)
    twin.advance(20)
    for name in ["v", *(f"own.{gate['name']}" for gate in gates)]:
        np.testing.assert_allclose(cells.read(name), twin.variable(name), rtol=1e-11, atol=1e-11)


def test_a_receptors_factor_must_be_a_factor():
    decay, reversal = Quantity(value=2.0, unit="ms"), Quantity(value=0.0, unit="mV")
    for factor in ("v / 10", "1 / v", "log(v)"):
        with pytest.raises(ValueError, match="finite and at least 0"):
            Receptor(name="own", decay=decay, reversal=reversal, factor=factor)
    assert math.isclose(float(NMDA.factor_expression()(v=0.0)), 1 / (1 + 1 / 3.57))
