"""The sharpness of probabilities: it finds the best one, in any order of rows, and stays in its bounds."""

from __future__ import annotations

import numpy as np
import pytest

from aura.zones.experts.kinds.sharpness import FIRST, HIGHEST, LOWEST, Sharpness, softmax

TRUE = 9.0


def drawn(count: int = 6000) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    scores = rng.normal(scale=0.3, size=(count, 4))
    chances = softmax(TRUE * scores)
    truth = (chances.cumsum(axis=1) < rng.random((count, 1))).sum(axis=1)
    return scores, np.eye(4)[truth.clip(max=3)]


@pytest.mark.slow
@pytest.mark.parametrize("block", [1, 32])
@pytest.mark.parametrize("by_class", [False, True])
def test_it_finds_the_sharpness_that_the_truth_was_drawn_with(block: int, by_class: bool) -> None:
    scores, targets = drawn()
    order = np.argsort(targets.argmax(axis=1), kind="stable") if by_class else np.arange(len(scores))
    sharpness = Sharpness()
    for start in range(0, len(order), block):
        part = order[start:start + block]
        sharpness.learn(scores[part], targets[part], np.ones(len(part)))
    assert sharpness.value == pytest.approx(TRUE, rel=0.12)


@pytest.mark.slow
@pytest.mark.parametrize(("sign", "bound"), [(1, HIGHEST), (-1, LOWEST)])
def test_it_stays_in_its_bounds(sign: int, bound: float) -> None:
    scores, sharpness = np.array([[0.1, 0.0]] * 32), Sharpness()
    for _ in range(6000):
        sharpness.learn(sign * scores, np.array([[1.0, 0.0]] * 32), np.ones(32))
    assert sharpness.value == bound


def test_rows_of_no_weight_change_nothing() -> None:
    scores, targets = drawn(50)
    sharpness = Sharpness()
    sharpness.learn(scores, targets, np.zeros(50))
    sharpness.learn(scores[:0], targets[:0], np.zeros(0))
    assert sharpness.value == FIRST


def test_equal_scores_leave_it() -> None:
    sharpness = Sharpness()
    sharpness.learn(np.full((5, 3), 0.2), np.eye(3)[[0, 1, 2, 0, 0]], np.ones(5))
    assert sharpness.value == pytest.approx(FIRST)


def test_its_state_continues_to_the_same_bits() -> None:
    scores, targets = drawn(200)
    one, other = Sharpness(), Sharpness()
    one.learn(scores[:100], targets[:100], np.ones(100))
    other.load_state(one.state())
    for each in (one, other):
        each.learn(scores[100:], targets[100:], np.ones(100))
    assert one.state() == other.state()


def test_small_probabilities_are_no_denormal_numbers() -> None:
    chances = softmax(np.array([[0.0, -80.0, -720.0]])).astype(np.float32)
    assert chances[0, 0] == 1
    assert not ((chances > 0) & (chances < 1e-30)).any()
