"""The board counts item by item, the same in blocks of any size, and forgets without denormal numbers."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura.core.errors import SignalError, StateError
from aura.core.state import trees_equal
from aura.zones.experts.growth.board import FIELDS, FORGET, SLOW, Board

Items = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def items(count: int, seed: int, experts: int = 4, k: int = 2) -> Items:
    """Return what random items are routed to, and how it goes; some have fewer experts than k."""
    random = np.random.default_rng(seed)
    chosen = np.array([random.permutation(experts)[:k] for _ in range(count)], np.int64).reshape(count, k)
    chosen[random.random((count, k)) < 0.2] = -1
    weights = random.random((count, k)).astype(np.float32)
    weights[chosen < 0] = 0.0
    weights /= np.maximum(weights.sum(axis=1, keepdims=True), np.float32(1e-6))
    losses = random.exponential(size=(count, k)).astype(np.float32)
    return chosen, weights, losses, losses.mean(axis=1), random.random(count) < 0.7


def grown(count: int, **options: float) -> Board:
    """Return a board of so many experts."""
    board = Board(**options)
    board.grow(count)
    return board


def naive(data: Items, experts: int, memory: float, fast: float) -> dict[str, list[float]]:
    """The obvious slow twin."""
    table = {name: [0.0] * experts for name in FIELDS}
    for seen, (chosen, weights, losses, mixture, correct) in enumerate(zip(*data, strict=True), start=1):
        rate, recent = max(1 / memory, 1 / seen), max(1 / fast, 1 / seen)
        asked = {int(e): (float(w), float(x)) for e, w, x in zip(chosen, weights, losses, strict=True) if e >= 0}
        for e in range(experts):
            w, loss = asked.get(e, (0.0, 0.0))
            table["age"][e] += 1
            table["routed"][e] += e in asked
            table["utilisation"][e] += rate * (w - table["utilisation"][e])
            table["recent"][e] += recent * (w - table["recent"][e])
            if w == 0:
                continue
            table["mass"][e] += w
            share = w / table["mass"][e]
            for name, value, over, least in (("fast_loss", loss, fast, 1.0), ("slow_loss", loss, fast * SLOW, FORGET),
                                             ("expected", float(mixture), fast * SLOW, FORGET)):
                table[name][e] += min(1.0, max(w / over, least * share)) * (value - table[name][e])
        if asked:
            best = max(asked, key=lambda e: asked[e][0])
            table["first"][best] += 1
            table["accuracy"][best] += max(1 / memory, 1 / table["first"][best]) * (correct - table["accuracy"][best])
    return table


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 60), st.integers(0, 2**32), st.sampled_from([1.0, 5.0, 100.0]), st.sampled_from([1.0, 8.0]))
def test_the_kernel_agrees_with_its_obvious_twin(count: int, seed: int, memory: float, fast: float) -> None:
    board, data = grown(4, memory=memory, fast=fast), items(count, seed)
    board.update(*data)
    for name, expected in naive(data, 4, memory, fast).items():
        np.testing.assert_allclose(board[name], expected, rtol=1e-9, atol=1e-12, err_msg=name)
    assert board.items == count


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32), st.lists(st.integers(0, 40), max_size=6))
def test_blocks_of_any_size_give_the_same_bits(seed: int, cuts: list[int]) -> None:
    data = items(40, seed)
    whole, parts = grown(4, fast=8), grown(4, fast=8)
    expected = whole.update(*data)
    edges = [0, *sorted(cuts), 40]
    found = [parts.update(*(array[a:b] for array in data)) for a, b in pairwise(edges)]
    assert trees_equal(parts.state(), whole.state())
    assert np.concatenate(found).tobytes() == expected.tobytes()


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**32), st.integers(0, 40))
def test_a_board_continues_from_its_state_to_the_bit(seed: int, cut: int) -> None:
    data = items(40, seed)
    whole, first, second = grown(4), grown(4), Board()
    whole.update(*data)
    first.update(*(array[:cut] for array in data))
    state = first.state()
    second.load_state(state)
    first.update(*(array[cut:] for array in data))
    assert trees_equal(second.state(), state)
    second.update(*(array[cut:] for array in data))
    assert trees_equal(second.state(), whole.state())


def test_routing_and_scoring_may_come_apart() -> None:
    data = items(30, 1)
    whole, parts = grown(4), grown(4)
    expected = whole.update(*data)
    parts.route(data[0], data[1])
    assert parts.score(*data).tobytes() == expected.tobytes()
    assert trees_equal(parts.state(), whole.state())


def test_utilisation_is_a_share_of_the_gate_and_sums_to_one() -> None:
    board = grown(3, memory=10)
    chosen = np.tile(np.array([[0, 1]]), (200, 1))
    weights = np.tile(np.array([[0.75, 0.25]], np.float32), (200, 1))
    board.route(chosen, weights)
    np.testing.assert_allclose(board.utilisation, [0.75, 0.25, 0.0])


def test_an_expert_that_is_born_begins_with_nothing_and_the_others_keep_theirs() -> None:
    board = grown(4)
    board.update(*items(30, 1))
    before = board.state()["table"]
    board.grow()
    assert len(board) == 5
    assert board.state()["table"][:, :4].tobytes() == before.tobytes()
    assert not board.state()["table"][:, 4].any()


def test_the_expected_loss_is_of_the_routed_experts_before_the_item() -> None:
    board = grown(2, fast=10)
    one = np.ones((50, 1), np.float32)
    for expert, loss in ((0, 0.1), (1, 2.0)):
        board.update(np.full((50, 1), expert), one, loss * one, loss * one[:, 0], np.ones(50, bool))
    both = np.array([[0, 1]])
    found = board.update(both, np.array([[0.75, 0.25]], np.float32), np.full((1, 2), 9, np.float32),
                         np.full(1, 9, np.float32), np.zeros(1, bool))
    np.testing.assert_allclose(found, 0.75 * 0.1 + 0.25 * 2.0, rtol=1e-6)


def test_the_slow_loss_is_hardly_polluted_by_a_surprise() -> None:
    board = grown(1, fast=200)
    one = np.ones((20_000, 1), np.float32)
    board.update(np.zeros((20_000, 1), np.int64), one, 0.1 * one, 0.1 * one[:, 0], one[:, 0] > 0)
    one = one[:200]
    board.update(np.zeros((200, 1), np.int64), one, 1.1 * one, 1.1 * one[:, 0], one[:, 0] < 0)
    assert board["fast_loss"][0] - 0.1 == pytest.approx(1 - np.exp(-1), rel=0.01)
    assert board["slow_loss"][0] - 0.1 == pytest.approx(1 - np.exp(-1 / SLOW), rel=0.01)


def test_the_slow_loss_forgets_what_an_expert_was_when_it_was_young() -> None:
    board, count = grown(1, fast=1000), 5000
    falling = (1.0 / np.arange(1, count + 1)).astype(np.float32)
    board.update(np.zeros((count, 1), np.int64), np.ones((count, 1), np.float32), falling[:, None], falling,
                 np.ones(count, bool))
    assert 1.0 < board["slow_loss"][0] * count < 1.34


@pytest.mark.parametrize("name", ["utilisation", "recent", "fast_loss", "slow_loss", "expected", "accuracy"])
def test_what_decays_becomes_zero_and_no_denormal_number(name: str) -> None:
    board = grown(2, memory=2, fast=1)
    zero, one = np.zeros((1, 1), np.int64), np.ones((1, 1), np.float32)
    board.update(zero, one, one, one[0], np.ones(1, bool))
    assert board[name][0] > 0
    count = 6000
    losses = np.zeros((count, 1), np.float32)
    other = name in ("utilisation", "recent")  # the losses fade where the expert is asked, shares where it is not
    board.update(np.full((count, 1), int(other)), np.ones((count, 1), np.float32), losses, losses[:, 0],
                 np.zeros(count, bool))
    assert board[name][0] == 0.0


def test_learning_is_counted() -> None:
    board = grown(2)
    board.learned(1, 7)
    board.learned(1, 3)
    assert board["learned"].tolist() == [0, 10]


@pytest.mark.parametrize("where, value", [(3, np.nan), (2, np.inf), (2, np.nan), (1, -1.0), (1, np.nan), (0, 4)])
def test_what_is_no_number_is_refused_and_nothing_is_counted(where: int, value: float) -> None:
    board = grown(4)
    board.update(*items(10, 1))
    before = board.state()
    chosen, *rest = items(10, 2)
    chosen[:] = [0, 1]
    data: list[Any] = [chosen, *rest]
    data[where][7] = value
    with pytest.raises(SignalError, match="item 7 of 10: expected finite losses"):
        board.update(*data)
    assert trees_equal(board.state(), before)


def test_statistics_cannot_be_written_from_outside() -> None:
    with pytest.raises(ValueError, match="read-only"):
        grown(2).utilisation[0] = 1.0


def test_a_state_of_another_form_is_refused() -> None:
    for state in ({}, {"table": np.zeros((2, 3)), "seen": np.zeros(1, np.int64)}):
        with pytest.raises(StateError, match=r"^Board"):
            Board().load_state(state)
