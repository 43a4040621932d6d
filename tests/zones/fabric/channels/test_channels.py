"""The built-in channels: bounds, continuity, monotonicity, and the figures of their papers."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import numpy as np
import pytest

from aura.core.errors import ParameterError
from aura.zones.fabric.channels import CHANNELS, Channel, Expression, Quantity, find_channel

V = np.linspace(-100, 60, 3201)[:, None]
CA = np.geomspace(1e-6, 1e-1, 501)[None, :]
GATES = [(channel, gate.name) for channel in CHANNELS.values() for gate in channel.gates]
EACH_GATE = pytest.mark.parametrize("channel, gate", GATES, ids=[f"{c.name}.{g}" for c, g in GATES])
EACH_CHANNEL = pytest.mark.parametrize("channel", CHANNELS.values(), ids=CHANNELS.keys())


def grid(channel: Channel) -> tuple[np.ndarray, np.ndarray]:
    """Return the potentials (n, 1) and the concentrations (1, m) of a sweep, one concentration if none matters."""
    return V, CA if channel.reads_calcium else np.array([[1e-4]])


def expressions(channel: Channel) -> Iterator[Expression]:
    for gate in channel.gates:
        yield from channel.gate_expressions(gate).values()
    yield channel.factor_expression()


def singularities(formula: Expression) -> Iterator[tuple[float, float]]:
    """Yield the potential and the k of each linoid(x, k) of a formula, x being linear in v."""
    for node in ast.walk(formula.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "linoid":
            x, k = (Expression(ast.unparse(part), ["v"], "part") for part in node.args)
            yield float(-x(v=0.0) / (x(v=1.0) - x(v=0.0))), float(k(v=0.0))


def test_the_channels_are_the_six_of_the_tissue() -> None:
    assert set(CHANNELS) == {"sodium", "potassium", "leak", "calcium", "calcium_potassium", "nmda"}
    assert all(channel.name == name for name, channel in CHANNELS.items())
    assert find_channel("sodium", "here") is CHANNELS["sodium"]


def test_an_unknown_channel_is_named_with_the_nearest() -> None:
    with pytest.raises(ParameterError, match=r"fabric\.dendrite: expected .*, got 'sodum'\. Try 'sodium'\."):
        find_channel("sodum", "fabric.dendrite")


@EACH_CHANNEL
def test_every_number_has_a_unit_and_a_source(channel: Channel) -> None:
    assert channel.summary
    assert channel.source
    quantities = [channel.conductance, channel.reversal, channel.temperature, *channel.parameters.values()]
    assert all(isinstance(part, Quantity) and part.unit and part.source for part in quantities)
    assert all(gate.source for gate in channel.gates)


@EACH_GATE
def test_steady_states_lie_between_0_and_1(channel: Channel, gate: str) -> None:
    steady = channel.steady_state(gate, *grid(channel))
    assert (steady >= 0).all()
    assert (steady <= 1).all()


@EACH_GATE
@pytest.mark.parametrize("temperature_c", [6.3, 36.0])
def test_time_constants_are_positive_and_finite(channel: Channel, gate: str, temperature_c: float) -> None:
    tau = channel.time_constant(gate, *grid(channel), temperature_c)
    assert (tau > 0).all()
    assert np.isfinite(tau).all()


@EACH_GATE
def test_steady_states_are_monotonic(channel: Channel, gate: str) -> None:
    steady = channel.steady_state(gate, *grid(channel))
    for axis in (0, 1):
        steps = np.diff(steady, axis=axis)
        assert (steps >= 0).all() or (steps <= 0).all()
    assert np.ptp(steady) > 0.85


@EACH_CHANNEL
def test_the_factor_is_a_monotonic_fraction(channel: Channel) -> None:
    factor = channel.factor_expression()(v=V[:, 0], ca=1e-4)
    assert (factor > 0).all()
    assert (factor <= 1).all()
    assert (np.diff(factor) >= 0).all()


@EACH_CHANNEL
def test_expressions_are_continuous(channel: Channel) -> None:
    for formula in expressions(channel):
        for v, ca in ((V[:, 0], 1e-4), (-50.0, CA[0])):
            coarse, fine = (np.abs(np.diff(formula(v=refined(v, n), ca=refined(ca, n)))).max() for n in (1, 4))
            # A jump stays as large as it is when the steps are made four times as small.
            assert fine <= 0.3 * coarse


def refined(values: np.ndarray | float, parts: int) -> np.ndarray | float:
    """Return a sweep with each step divided, on the scale that it has."""
    if isinstance(values, float):
        return values
    count = (len(values) - 1) * parts + 1
    return (np.linspace if values[0] < 0 else np.geomspace)(values[0], values[-1], count)


def test_expressions_are_continuous_across_their_removable_singularities() -> None:
    found = [(formula, *place) for channel in CHANNELS.values() for formula in expressions(channel)
             for place in singularities(formula)]
    assert sorted(place for _, place, _ in found) == [-55.0, -40.0, -27.0]
    for formula, place, k in found:
        # Around the singularity itself, and where the series takes over.
        for centre in (place, place - 1e-4 * k, place + 1e-4 * k):
            values = formula(v=centre + 1e-9 * np.arange(-500, 501), ca=1e-4)
            # The slope of linoid is 1/2 there: relative steps of 0.5 / k a millivolt, and rounding.
            assert np.abs(np.diff(values) / values[1:]).max() < 1e-9 * 0.6 / k + 1e-14


def test_the_squid_gates_rest_where_hodgkin_and_huxley_have_them() -> None:
    """The values at rest that follow from the paper's equations 12 to 24 at V = 0, worked out by hand."""
    sodium, potassium = CHANNELS["sodium"], CHANNELS["potassium"]
    rest = {(sodium, "m"): (0.1 * 25 / (np.exp(2.5) - 1), 4.0), (sodium, "h"): (0.07, 1 / (np.exp(3) + 1)),
            (potassium, "n"): (0.01 * 10 / (np.exp(1) - 1), 0.125)}
    for (channel, gate), (alpha, beta) in rest.items():
        assert float(channel.steady_state(gate, -65.0, 1e-4)) == pytest.approx(alpha / (alpha + beta), rel=1e-13)
        assert float(channel.time_constant(gate, -65.0, 1e-4, 6.3)) == pytest.approx(1 / (alpha + beta), rel=1e-13)
        warm = float(channel.time_constant(gate, -65.0, 1e-4, 16.3))
        assert warm == pytest.approx(1 / (3 * (alpha + beta)), rel=1e-13)


def test_the_high_threshold_calcium_gate_is_shut_at_rest_and_open_at_0_mv() -> None:
    calcium = CHANNELS["calcium"]
    assert float(calcium.steady_state("m", -65.0, 1e-4)) < 0.01
    assert float(calcium.steady_state("m", 0.0, 1e-4)) > 0.98
    assert calcium.calcium_share == 1.0


def test_sk_is_half_open_at_430_nm_whatever_the_voltage_and_shut_without_calcium() -> None:
    sk = CHANNELS["calcium_potassium"]
    assert sk.reads_calcium
    np.testing.assert_allclose(sk.steady_state("z", V[:, 0], 4.3e-4), 0.5, rtol=1e-14)
    ca = CA[0]
    np.testing.assert_allclose(sk.steady_state("z", -65.0, ca), 1 / (1 + (4.3e-4 / ca) ** 4.8), rtol=1e-12)
    assert float(sk.steady_state("z", -65.0, 0.0)) == 0.0
    assert float(sk.time_constant("z", -65.0, 1e-4, 6.3)) == 1.0


def test_magnesium_blocks_nmda_as_jahr_and_stevens_have_it_and_gives_it_a_negative_slope() -> None:
    nmda = CHANNELS["nmda"]
    v = V[:, 0]
    fraction = nmda.conductance_fraction({}, v, 1e-4)
    np.testing.assert_allclose(fraction, 1 / (1 + np.exp(-0.062 * v) / 3.57), rtol=1e-14)
    assert (np.diff(fraction * v)[(v[:-1] > -70) & (v[:-1] < -30)] < 0).all()
    assert nmda.calcium_share == pytest.approx(0.107)
    unblocked = nmda.changed(parameters={**nmda.parameters, "magnesium": "0 mM"})
    np.testing.assert_array_equal(unblocked.conductance_fraction({}, v, 1e-4), 1.0)


def test_open_gates_multiply_by_their_powers() -> None:
    sodium = CHANNELS["sodium"]
    assert float(sodium.conductance_fraction({"m": 0.5, "h": 0.25}, -65.0, 1e-4)) == 0.5**3 * 0.25
    assert CHANNELS["leak"].conductance_fraction({}, V[:, 0], 1e-4).tolist() == [1.0] * len(V)
