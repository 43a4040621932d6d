"""How the gate learns and grows, and what is kept of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura.core.errors import ParameterError, SignalError, StateError
from aura.zones.experts.gate.gate import Gate
from aura.zones.experts.gate.routing import Routing
from aura.zones.experts.params import GateParams
from tests.zones.experts.gate.naive_gate import balanced, descended, probability


def made(experts: int = 3, seed: int = 1, **options: Any) -> Gate:
    gate = Gate(GateParams(**{"features": 5, "resonators": 2, "k": 2, **options}), 6, seed, "gate")
    for _ in range(experts):
        gate.grow()
    return gate


def features(items: int, gate: Gate, seed: int = 0) -> np.ndarray:
    h = np.random.default_rng(seed).standard_normal((items, gate.width)).astype(np.float32)
    h[:, 0] = 1.0
    return h


def ask(gate: Gate, h: np.ndarray, temperature: float = 1.0, offsets: Any = None) -> Routing:
    count = gate.count
    return gate.route(h, None, np.zeros(count) if offsets is None else offsets, temperature, np.ones(count, bool),
                      np.zeros(count, np.int64), gate.params.shared)


def learn(gate: Gate, h: np.ndarray, likelihood: np.ndarray, rate: float = 1.0, temperature: float = 1.0) -> Routing:
    """Route, and learn from the likelihood of the truth (n, E)."""
    routing = ask(gate, h, temperature)
    given = np.take_along_axis(likelihood, np.maximum(routing.chosen, 0), axis=1)
    share = routing.weights * given
    share /= share.sum(axis=1, keepdims=True)
    gate.learn(h, routing.chosen, routing.weights, share.astype(np.float32), np.log(given).astype(np.float32), rate,
               temperature)
    return routing


@pytest.mark.parametrize(("temperature", "groups"), [
    (1.0, None), (3.0, None), (0.5, None), (1.0, [0, 1, 0, 1]), (2.0, [0, 1, 0, 1])])
def test_the_step_lies_along_the_gradient_of_the_mixture(temperature: float, groups: list[int] | None) -> None:
    gate = made(4, k=4, learning_rate=0.1, utility_weight=0.0, hierarchical=groups is not None)
    gate.softmax[:] = np.random.default_rng(1).standard_normal(gate.softmax.shape) * 0.5
    before, h = gate.softmax.astype(float), features(1, gate)
    likelihood = np.array([[0.1, 0.7, 0.3, 0.9]])
    numbers = None if groups is None else np.array(groups)

    def log_likelihood(weights: np.ndarray) -> float:
        share = probability(weights @ h[0].astype(float), np.ones(4, bool), temperature, numbers, temperature)
        return float(np.log(share @ likelihood[0]))

    gradient = np.zeros_like(before)
    for index in np.ndindex(before.shape):
        nudge = np.zeros_like(before)
        nudge[index] = 1e-5
        gradient[index] = (log_likelihood(before + nudge) - log_likelihood(before - nudge)) / 2e-5
    full = gate.route(h, None, np.zeros(4), temperature, np.ones(4, bool),
                      np.zeros(4, np.int64) if numbers is None else numbers, 0)
    given = np.take_along_axis(likelihood, full.chosen, axis=1)
    share = (full.weights * given / (full.weights * given).sum()).astype(np.float32)
    gate.learn(h, full.chosen, full.weights, share, np.log(given).astype(np.float32), 1.0, temperature)
    length = float(h[0] @ h[0])
    step = (gate.softmax - before) * length / 0.1
    np.testing.assert_allclose(step, gradient * min(1.0, temperature**2), atol=1e-4)
    assert np.abs(gradient).max() > 0.05


@pytest.mark.slow
@settings(deadline=None)
@given(seed=st.integers(0, 999), rate=st.floats(0.01, 3.0), temperature=st.floats(0.1, 5.0))
def test_learning_is_that_of_the_slow_twin(seed: int, rate: float, temperature: float) -> None:
    rng, gate = np.random.default_rng(seed), made(4, shared=1, balance_rate=0.01)
    gate.softmax[:], gate.utility[:] = rng.standard_normal((2, *gate.softmax.shape))
    h, softmax, utility = features(6, gate, seed), gate.softmax.copy(), gate.utility.copy()
    routing = ask(gate, h, temperature)
    routing.chosen[0, 1] = -1
    share = rng.dirichlet(np.ones(3), 6).astype(np.float32)
    given = (rng.standard_normal((6, 3)) * 3).astype(np.float32)
    active = np.array([True, True, False, True])
    gate.learn(h, routing.chosen, routing.weights, share, given, rate, temperature, active)
    expected = descended(softmax, utility, h, routing.chosen, routing.weights, share, given, gate.params, rate,
                         temperature)
    np.testing.assert_allclose(gate.softmax, expected[0], atol=1e-4)
    np.testing.assert_allclose(gate.utility, expected[1], atol=1e-4)
    loads = balanced(np.zeros(4), routing.chosen, active, 1, 0.01 * min(rate, 1.0))
    np.testing.assert_allclose(gate.balance, loads, atol=1e-12)


def test_the_gate_finds_who_knows_what() -> None:
    gate = made(3, k=3, utility_weight=0.0, learning_rate=0.5)
    right = 0
    for item in range(1500):
        h = features(1, gate, item)
        owner = int(h[0, 1:4].argmax())
        likelihood = np.full((1, 3), 0.05)
        likelihood[0, owner] = 0.95
        routing = learn(gate, h, likelihood)
        right += item >= 1000 and int(routing.chosen[0, 0]) == owner
    assert right > 425


def test_the_utility_head_finds_a_linear_truth() -> None:
    gate = made(2, k=2, utility_rate=0.5)
    truth = np.random.default_rng(3).uniform(-0.2, 0.2, gate.utility.shape)
    truth[:, 0] = -2.5
    h = features(3000, gate)
    given = np.clip(h, -2, 2) @ truth.T
    routing = ask(gate, h)
    given = np.take_along_axis(given, routing.chosen, axis=1).astype(np.float32)
    gate.learn(np.clip(h, -2, 2), routing.chosen, routing.weights, routing.weights, given, 1.0)
    np.testing.assert_allclose(gate.utility, truth, atol=1e-3)
    assert not gate.softmax.any()


@pytest.mark.parametrize("utility", [-np.inf, np.nan, -1e9])
def test_a_hopeless_utility_counts_as_the_least(utility: float) -> None:
    gate = made(1, k=1, utility_rate=1.0)
    h = features(1, gate)
    gate.learn(h, np.array([[0]]), np.ones((1, 1), np.float32), np.ones((1, 1), np.float32),
               np.full((1, 1), utility, np.float32), 1.0)
    np.testing.assert_allclose(h[0] @ gate.utility[0], -5.0, rtol=1e-5)


@pytest.mark.parametrize("rivals", [1, 2])
def test_balancing_evens_the_load_against_a_strong_preference(rivals: int) -> None:
    gate = made(4, k=rivals, balance_rate=0.02, learning_rate=0.0)
    gate.softmax[:, 0] = [2.0, 0.0, -1.0, 0.0]
    loads = np.zeros(4)
    for block in range(60):
        h = features(50, gate, block)
        routing = ask(gate, h)
        gate.learn(h, routing.chosen, routing.weights, routing.weights, np.zeros_like(routing.weights), 1.0)
        if block >= 30:
            loads += np.bincount(routing.chosen.ravel(), minlength=4)
    share = loads / loads.sum()
    np.testing.assert_allclose(share, 0.25, atol=0.03)
    assert abs(gate.balance.sum()) < 1e-9
    assert ask(gate, h).full[:, 0].mean() > 0.5


def test_shared_experts_and_those_pruned_have_no_part_in_the_balance() -> None:
    gate = made(4, shared=1, k=1, balance_rate=0.1)
    h, active = features(8, gate), np.array([True, True, False, True])
    routing = gate.route(h, None, np.zeros(4), 1.0, active, np.zeros(4, np.int64), 1)
    gate.learn(h, routing.chosen, routing.weights, routing.weights, np.zeros_like(routing.weights), 1.0, 1.0, active)
    assert gate.balance[0] == 0.0 == gate.balance[2]
    assert gate.balance[1] == -gate.balance[3] != 0.0


@pytest.mark.parametrize("temperature", [1e-6, 0.01, 1.0, 1e6])
@pytest.mark.parametrize("scale", [0.0, 1.0, 5.0])
def test_learning_is_stable_for_any_features_and_any_rate(temperature: float, scale: float) -> None:
    gate = made(3, learning_rate=10.0, utility_rate=1.99, permute=True)
    for item in range(300):
        h = features(1, gate, item) * np.float32(scale)
        h[:, 0] = 1.0
        learn(gate, np.clip(h, -5, 5), np.array([[0.9, 0.5, 0.01]]), 100.0, temperature)
    for table in (gate.softmax, gate.utility):
        assert np.isfinite(table).all()
        assert np.abs(table).max() <= 100.0
        assert not np.any((table != 0) & (np.abs(table) < 1e-30))


def test_an_item_without_responsibilities_is_left_out() -> None:
    gate, nothing = made(2), np.full((1, 2), np.nan, np.float32)
    gate.softmax[:] = 0.5
    gate.learn(features(1, gate), np.array([[0, 1]]), np.full((1, 2), 0.5, np.float32), nothing, nothing, 1.0)
    assert (gate.softmax == 0.5).all()
    assert np.isfinite(gate.utility).all()


def test_denormal_steps_leave_noughts() -> None:
    gate = made(1, k=1)
    tiny = np.full((1, 1), 1e-38, np.float32)
    gate.learn(features(1, gate), np.array([[0]]), np.zeros((1, 1), np.float32), tiny, -tiny, 1.0)
    assert not gate.softmax.any()
    assert not gate.utility.any()


def test_nothing_is_learned_at_a_rate_of_nought() -> None:
    gate = made(balance_rate=0.1)
    learn(gate, features(5, gate), np.full((5, 3), 0.3), 0.0)
    assert not gate.softmax.any()
    assert not gate.utility.any()
    assert not gate.balance.any()


def test_a_new_expert_is_seen_as_its_parent_or_as_the_mean_of_the_active() -> None:
    gate = made(3)
    gate.softmax[:] = np.arange(3, dtype=np.float32)[:, None]
    gate.utility[:] = -gate.softmax
    assert gate.grow(2) == 3
    assert gate.grow(None, np.array([True, True, False, False])) == 4
    assert gate.count == 5
    assert gate.softmax[:, 0].tolist() == [0.0, 1.0, 2.0, 2.0, 0.5]
    assert gate.utility[:, 0].tolist() == [0.0, -1.0, -2.0, -2.0, -0.5]
    with pytest.raises(ParameterError, match=r"gate\.grow: expected a parent of 0 to 4, got 5"):
        gate.grow(5)


def lived(gate: Gate, rows: np.ndarray) -> list[np.ndarray]:
    """Let the gate sense, route, learn and adapt, in blocks, and return all that it gave."""
    outcomes = []
    for block in np.array_split(rows, max(len(rows) // 7, 1)):
        h = gate.sense(block)
        outcomes += [h, *learn(gate, h, np.tile([0.2, 0.5, 0.9, 0.4], (len(h), 1))[:, :gate.count])]
        gate.adapt(block)
    return outcomes


def test_a_resumed_gate_says_the_same_bits() -> None:
    rows = np.random.default_rng(2).standard_normal((120, 6)).astype(np.float32)
    gate, other = made(3, balance_rate=0.01), made(0, seed=7, balance_rate=0.01)
    lived(gate, rows[:60])
    gate.grow(1)
    kept = gate.state()
    again = {key: value.copy() for key, value in kept.items() if key != "features"}
    expected = lived(gate, rows[60:])
    assert all(np.array_equal(kept[key], value) for key, value in again.items())
    other.load_state(kept)
    found = lived(other, rows[60:])
    assert all(np.array_equal(one, two) for one, two in zip(expected, found, strict=True))
    gate.load_state(kept)
    assert all(np.array_equal(one, two) for one, two in zip(expected, lived(gate, rows[60:]), strict=True))


def test_a_state_of_more_experts_is_taken_over_and_routes_alike() -> None:
    rows = np.random.default_rng(2).standard_normal((50, 6)).astype(np.float32)
    gate, other = made(3, resonators=0, attention_winners=0.0), made(1, 5, resonators=0, attention_winners=0.0)
    lived(gate, rows)
    other.load_state(gate.state())
    assert other.count == 3
    assert np.array_equal(ask(other, other.sense(rows)).full, ask(gate, gate.sense(rows)).full)


def test_a_state_that_does_not_fit_is_refused() -> None:
    with pytest.raises(StateError, match=r"Gate\.softmax: expected float32 \(3, 8\), got float32 \(3, 9\)"):
        made(2).load_state(made(3, resonators=3).state())
    state = made(3).state()
    with pytest.raises(StateError, match=r"Gate\.utility"):
        made().load_state({**state, "utility": state["utility"][:2]})


def test_what_does_not_fit_is_refused() -> None:
    gate = made(3)
    h, two = features(2, gate), np.ones((2, 2), np.float32)
    chosen = np.zeros((2, 2), np.int64)
    with pytest.raises(SignalError, match=r"gate\.learn: expected h \(n, 8\)"):
        gate.learn(h[:, :3], chosen, two, two, two, 1.0)
    with pytest.raises(SignalError, match=r"gate\.learn"):
        gate.learn(h, chosen, two, two, two[:, :1], 1.0)
    with pytest.raises(SignalError, match=r"gate\.active: expected 3 experts, got 2"):
        gate.learn(h, chosen, two, two, two, 1.0, 1.0, np.ones(2, bool))


def test_experts_that_are_not_there_are_passed_over() -> None:
    gate, two = made(2, balance_rate=0.1), np.ones((1, 2), np.float32)
    gate.learn(features(1, gate), np.array([[9, -7]]), two, two, -two, 1.0)
    assert not gate.utility.any()
    assert not gate.balance.any()
