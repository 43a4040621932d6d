"""The recursion in place against the one that copies."""

from __future__ import annotations

import numpy as np
import pytest

from aura.core.errors import StateError
from aura.core.state import trees_equal
from aura.zones.common.large_least_squares import LargeLeastSquares
from aura.zones.common.least_squares import LARGEST_BLOCK, RecursiveLeastSquares, with_bias

FEATURES, OUTPUTS = 40, 5


def data(count: int = 500, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    rows = with_bias(rng.normal(size=(count, FEATURES - 1)) * np.linspace(0.01, 1, FEATURES - 1))
    return rows, (rng.random((count, OUTPUTS)) < 0.2).astype(float)


def relative(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one - other).max() / np.abs(other).max())


@pytest.mark.parametrize("forgetting", [1.0, 0.99])
@pytest.mark.parametrize("block", [1, 7, 32, LARGEST_BLOCK + 9])
def test_it_equals_the_recursion_that_copies(block: int, forgetting: float) -> None:
    rows, targets = data()
    large, plain = (kind(FEATURES, OUTPUTS, ridge=0.5, forgetting=forgetting)
                    for kind in (LargeLeastSquares, RecursiveLeastSquares))
    for start in range(0, len(rows), block):
        part = slice(start, start + block)
        np.testing.assert_allclose(large.learn(rows[part], targets[part]), plain.learn(rows[part], targets[part]),
                                   atol=1e-8)
    assert relative(large.weights, plain.weights) < 1e-9
    assert relative(np.triu(large.covariance), np.triu(plain.covariance)) < 1e-9


@pytest.mark.parametrize("kind", [LargeLeastSquares, RecursiveLeastSquares])
def test_each_row_may_have_a_weight_of_its_own(kind: type[RecursiveLeastSquares]) -> None:
    rows, targets = data(150)
    weights = np.random.default_rng(3).choice([0.0, 0.5, 4.0], 150)
    learner = kind(FEATURES, OUTPUTS, ridge=0.5)
    learner.learn(rows, targets, weights)
    weighted = rows * weights[:, None]
    expected = np.linalg.solve(weighted.T @ rows + 0.5 * np.eye(FEATURES), weighted.T @ targets)
    assert relative(learner.weights, expected) < 1e-8


def test_an_even_weight_per_row_is_that_weight() -> None:
    rows, targets = data(100)
    one, other = (RecursiveLeastSquares(FEATURES, OUTPUTS, ridge=0.5) for _ in range(2))
    one.learn(rows, targets, 0.3)
    other.learn(rows, targets, np.full(100, 0.3))
    assert trees_equal(one.state(), other.state())


def test_the_covariance_is_changed_in_place() -> None:
    rows, targets = data(50)
    learner = LargeLeastSquares(FEATURES, OUTPUTS, ridge=0.5)
    where = learner.covariance
    learner.learn(rows[:32], targets[:32])
    learner.learn(rows[32:33], targets[32:33])
    assert learner.covariance is where


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_state_is_a_triangle_and_continues_to_the_same_bits(precision: str) -> None:
    rows, targets = data()
    learner, other = (LargeLeastSquares(FEATURES, OUTPUTS, ridge=0.5, precision=precision) for _ in range(2))
    learner.learn(rows[:300], targets[:300])
    state = learner.state()
    assert state["covariance"].shape == (FEATURES * (FEATURES + 1) // 2,)
    other.load_state(state)
    for one in (learner, other):
        one.learn(rows[300:332], targets[300:332])
        one.learn(rows[332:333], targets[332:333])
    assert trees_equal(learner.state(), other.state())


def test_single_precision_is_near_double() -> None:
    rows, targets = data()
    single, double = (LargeLeastSquares(FEATURES, OUTPUTS, ridge=0.5, precision=precision)
                      for precision in ("float32", "float64"))
    for one in (single, double):
        one.learn(rows, targets)
    assert single.covariance.dtype == np.float32
    assert relative(single.weights, double.weights) < 1e-2


def test_a_state_of_another_width_or_precision_is_refused() -> None:
    learner = LargeLeastSquares(FEATURES, OUTPUTS, ridge=0.5)
    for other in (LargeLeastSquares(FEATURES + 1, OUTPUTS, ridge=0.5),
                  LargeLeastSquares(FEATURES, OUTPUTS, ridge=0.5, precision="float32")):
        with pytest.raises(StateError, match="820 numbers of float64"):
            learner.load_state(other.state())
