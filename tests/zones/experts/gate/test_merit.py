"""Credit and bandit policies."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura.core.errors import SignalError, StateError
from aura.zones.experts.gate.merit import MeritBoard
from aura.zones.experts.params import MeritParams
from tests.zones.experts.gate.naive_gate import NaiveBoard


def made(experts: int = 3, **options: Any) -> MeritBoard:
    board = MeritBoard(MeritParams(**options))
    for _ in range(experts):
        board.grow()
    return board


def some(rng: np.random.Generator, items: int, experts: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Choices of two experts for each item, the second sometimes left out, their weights and rewards."""
    chosen = np.argsort(rng.random((items, experts)), axis=1)[:, :2].astype(np.int64)
    chosen[rng.random(items) < 0.3, 1] = -1
    weights = np.where(chosen >= 0, rng.random((items, 2)), 0.0)
    weights /= weights.sum(axis=1, keepdims=True)
    return chosen, weights.astype(np.float32), rng.random((items, 2)).astype(np.float32)


def one(value: float) -> np.ndarray:
    return np.full((1, 1), value, np.float32)


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["ucb", "exp3"])
@settings(deadline=None)
@given(seed=st.integers(0, 999), exploration=st.floats(0.0, 1.0), momentum=st.floats(0.3, 1.0))
def test_credit_is_that_of_the_slow_twin(policy: Any, seed: int, exploration: float, momentum: float) -> None:
    rng, active = np.random.default_rng(seed), np.array([True, True, False, True])
    board = made(4, policy=policy, exploration=exploration)
    twin = NaiveBoard(board.params, 4)
    for items in (1, 7, 0, 4):
        lessons = some(rng, items, 4)
        board.credit(*lessons, momentum, active)
        twin.credit(*lessons, momentum, active)
    np.testing.assert_allclose(board.merit, [twin.merit(e) for e in range(4)], rtol=1e-5)
    np.testing.assert_allclose(board.bias(active), twin.bias(active), atol=1e-5)
    np.testing.assert_allclose(board.probability(active), twin.probability(active), atol=1e-9)


@pytest.mark.parametrize("policy", ["ucb", "exp3"])
def test_the_best_arm_is_found(policy: Any) -> None:
    rng = np.random.default_rng(0)
    board = made(4, policy=policy, exploration=0.5 if policy == "ucb" else 0.1, momentum=0.999, weight=1.0)
    pulls, odds = np.zeros(4), [0.3, 0.5, 0.8, 0.4]
    for item in range(4000):
        arm = int(board.bias().argmax()) if policy == "ucb" else int(rng.choice(4, p=board.probability()))
        board.credit(np.array([[arm]]), one(1.0), one(float(rng.random() < odds[arm])))
        pulls[arm] += item >= 2000
    assert pulls.argmax() == 2
    assert pulls[2] > 0.6 * pulls.sum()
    assert int(board.bias().argmax()) == 2


@pytest.mark.parametrize("policy", ["ucb", "exp3"])
def test_credit_follows_when_the_best_arm_changes(policy: Any) -> None:
    rng = np.random.default_rng(1)
    board = made(2, policy=policy, momentum=0.98)
    for best in (0, 1, 0):
        for _ in range(400):
            chosen, weights, _ = some(rng, 1, 2)
            board.credit(chosen, weights, (chosen == best).astype(np.float32))
        assert int(board.bias().argmax()) == best


@pytest.mark.parametrize("policy", ["ucb", "exp3"])
def test_those_never_asked_do_not_fall_behind_for_that(policy: Any) -> None:
    board = made(2, policy=policy, momentum=0.99, exploration=0.5)
    for _ in range(500):
        board.credit(np.array([[0]]), one(1.0), one(0.4))
    assert board.bias()[1] > board.bias()[0]


@pytest.mark.parametrize("policy", ["ucb", "exp3"])
@settings(deadline=None)
@given(seed=st.integers(0, 999), active=st.lists(st.booleans(), min_size=5, max_size=5))
def test_biases_have_mean_nought_over_the_active_and_are_bounded(policy: Any, seed: int, active: list[bool]) -> None:
    rng, board, on = np.random.default_rng(seed), made(5, policy=policy, weight=3.0), np.array(active)
    board.credit(*some(rng, 50, 5), 0.9, on)
    bias = board.bias(on)
    assert np.isfinite(bias).all()
    assert not bias[~on].any()
    assert abs(bias.sum()) < 1e-4
    assert np.abs(bias).max() <= 3.0 * 50.0
    assert ((board.merit >= 0) & (board.merit <= 1)).all()


def test_a_new_expert_begins_with_the_mean_and_is_tried() -> None:
    board = made(2, policy="ucb", exploration=0.3)
    for arm, reward in ((0, 0.9), (1, 0.5)) * 200:
        board.credit(np.array([[arm]]), one(1.0), one(reward))
    assert board.grow() == 2
    np.testing.assert_allclose(board.merit, [0.9, 0.5, 0.7], rtol=1e-5)
    assert int(board.bias().argmax()) == 2


def test_a_new_expert_of_exp3_stands_in_the_middle() -> None:
    board = made(2, policy="exp3")
    for _ in range(100):
        board.credit(np.array([[1]]), one(1.0), one(0.0))
    board.grow()
    chance = board.probability()
    assert chance[0] > chance[2] > chance[1]


def test_bits_do_not_depend_on_the_size_of_blocks() -> None:
    lessons = some(np.random.default_rng(0), 40, 3)
    for policy in ("ucb", "exp3"):
        whole, cut = made(policy=policy), made(policy=policy)
        whole.credit(*lessons)
        for part in zip(*(np.split(array, [1, 8, 30]) for array in lessons), strict=True):
            cut.credit(*part)
        assert np.array_equal(whole.merit, cut.merit)
        assert np.array_equal(whole.bias(), cut.bias())


@pytest.mark.parametrize("policy", ["ucb", "exp3"])
def test_a_resumed_board_says_the_same_bits(policy: Any) -> None:
    lessons = some(np.random.default_rng(0), 60, 3)
    board, other = made(policy=policy), made(1, policy=policy)
    board.credit(*(array[:30] for array in lessons))
    kept = board.state()
    before = {key: value.copy() for key, value in kept.items()}
    board.credit(*(array[30:] for array in lessons))
    assert all(np.array_equal(kept[key], value) for key, value in before.items())
    other.load_state(kept)
    other.credit(*(array[30:] for array in lessons))
    assert np.array_equal(other.bias(), board.bias())
    assert all(np.array_equal(other.state()[key], value) for key, value in board.state().items())


def test_nothing_that_fades_becomes_a_denormal() -> None:
    board = made(2, policy="exp3")
    board.credit(np.array([[0, 1]]), np.full((1, 2), 0.5, np.float32), np.full((1, 2), 0.2, np.float32))
    for _ in range(40):
        board.credit(np.array([[0]] * 10), np.ones((10, 1), np.float32), np.ones((10, 1), np.float32), 0.5)
    for array in board.state().values():
        assert not np.any((array != 0) & (np.abs(array) < 1e-30))
    assert board.state()["counts"][1] == 0.0


@pytest.mark.parametrize(("reward", "counted"), [(np.nan, 0.0), (-3.0, 0.0), (7.0, 1.0)])
def test_rewards_out_of_range_are_cut(reward: float, counted: float) -> None:
    board = made(1)
    board.credit(np.array([[0]]), one(1.0), one(reward))
    assert board.merit.tolist() == [counted]


def test_nobody_active_is_no_harm() -> None:
    board, nobody = made(2, policy="exp3"), np.zeros(2, bool)
    board.credit(np.array([[0, -1]]), np.ones((1, 2), np.float32), np.ones((1, 2), np.float32), 0.9, nobody)
    assert not board.bias(nobody).any()
    assert not made(0).bias().size


def test_a_state_that_does_not_fit_is_refused() -> None:
    state = made().state()
    with pytest.raises(StateError, match="merit"):
        made().load_state({**state, "merit": state["merit"][:1]})


def test_credit_that_does_not_fit_is_refused() -> None:
    board, two = made(3), np.ones((2, 2), np.float32)
    with pytest.raises(SignalError, match=r"merit\.credit"):
        board.credit(np.zeros((2, 2), np.int64), two, two[:1])
    with pytest.raises(SignalError, match=r"merit\.active: expected 3 experts, got 2"):
        board.bias(np.ones(2, bool))
    board.credit(np.full((2, 2), 7), two, two)
    assert not board.bias().any()
