"""Recursive least squares against the batch solution that it promises."""

from __future__ import annotations

import numpy as np
import pytest

from aura.core.errors import StateError
from aura.core.state import trees_equal
from aura.zones.common.least_squares import LARGEST_BLOCK, RecursiveLeastSquares, with_bias

FEATURES, OUTPUTS = 40, 5


def data(count: int = 700, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    rows = with_bias(rng.normal(size=(count, FEATURES - 1)) * np.linspace(0.01, 1, FEATURES - 1))
    return rows, (rng.random((count, OUTPUTS)) < 0.2).astype(float)


def batch_ridge(rows: np.ndarray, targets: np.ndarray, ridge: float, weights: np.ndarray | None = None,
                decay: float = 1.0) -> np.ndarray:
    """Solve the normal equations directly: the obvious slow twin."""
    weighted = rows if weights is None else rows * weights[:, None]
    return np.linalg.solve(weighted.T @ rows + decay * ridge * np.eye(rows.shape[1]), weighted.T @ targets)


def learned(rows: np.ndarray, targets: np.ndarray, block: int, **options: float) -> RecursiveLeastSquares:
    learner = RecursiveLeastSquares(rows.shape[1], targets.shape[1], **{"ridge": 0.5, **options})
    for start in range(0, len(rows), block):
        learner.learn(rows[start:start + block], targets[start:start + block])
    return learner


def relative(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one - other).max() / np.abs(other).max())


@pytest.mark.parametrize("block", [1, 7, 32, LARGEST_BLOCK + 9])
def test_weights_equal_the_batch_ridge_solution_at_every_block_size(block: int) -> None:
    rows, targets = data()
    assert relative(learned(rows, targets, block).weights, batch_ridge(rows, targets, 0.5)) < 1e-8


def test_weights_equal_the_batch_solution_in_mid_stream_too() -> None:
    rows, targets = data()
    assert relative(learned(rows[:333], targets[:333], 32).weights, batch_ridge(rows[:333], targets[:333], 0.5)) < 1e-8


def test_one_by_one_and_in_blocks_agree() -> None:
    rows, targets = data()
    one, many = learned(rows, targets, 1), learned(rows, targets, 32)
    assert relative(one.weights, many.weights) < 1e-9
    assert relative(one.covariance, many.covariance) < 1e-9


def test_an_output_added_in_mid_stream_is_exact() -> None:
    rows, targets = data()
    targets[:320, 3:] = 0
    learner = RecursiveLeastSquares(FEATURES, 3, ridge=0.5)
    for start in range(0, len(rows), 32):
        if start == 320:
            learner.add_outputs(2)
        learner.learn(rows[start:start + 32], targets[start:start + 32, : learner.weights.shape[1]])
    assert relative(learner.weights, batch_ridge(rows, targets, 0.5)) < 1e-8


@pytest.mark.parametrize("block", [1, 32])
def test_forgetting_equals_the_batch_solution_with_fading_weights(block: int) -> None:
    rows, targets = data(300)
    fading = 0.99 ** np.arange(len(rows) - 1, -1, -1)
    expected = batch_ridge(rows, targets, 0.5, fading, 0.99 ** len(rows))
    assert relative(learned(rows, targets, block, forgetting=0.99).weights, expected) < 1e-8


def test_a_row_of_weight_two_counts_as_two_rows() -> None:
    rows, targets = data(50)
    weighted, doubled = (RecursiveLeastSquares(FEATURES, OUTPUTS, ridge=0.5) for _ in range(2))
    weighted.learn(rows, targets, 2.0)
    doubled.learn(np.vstack([rows, rows]), np.vstack([targets, targets]))
    assert relative(weighted.weights, doubled.weights) < 1e-9


def test_weight_zero_and_no_rows_change_nothing() -> None:
    rows, targets = data(50)
    learner = learned(rows, targets, 10)
    before = learner.state()
    learner.learn(rows, targets, 0.0)
    learner.learn(rows[:0], targets[:0])
    assert trees_equal(before, learner.state())


def test_learning_returns_the_errors_before_it() -> None:
    rows, targets = data(200)
    learner = learned(rows[:100], targets[:100], 10)
    before = learner.weights.copy()
    assert np.array_equal(learner.learn(rows[100:], targets[100:]), targets[100:] - rows[100:] @ before)


def test_covariance_stays_symmetric_to_the_bit() -> None:
    rows, targets = data()
    covariance = learned(rows, targets, 32).covariance
    assert np.array_equal(covariance, covariance.T)


@pytest.mark.slow
def test_forgetting_without_excitation_stays_finite() -> None:
    learner = RecursiveLeastSquares(3, 1, ridge=1.0, forgetting=0.5)
    row, target = np.array([[1.0, 0.0, 0.0]]), np.array([[1.0]])
    for _ in range(5000):
        learner.learn(row, target)
    assert np.isfinite(learner.covariance).all()
    assert learner.weights[0, 0] == pytest.approx(1.0)


def test_state_continues_to_the_same_bits() -> None:
    rows, targets = data()
    learner = learned(rows[:320], targets[:320], 32)
    other = RecursiveLeastSquares(FEATURES, OUTPUTS, ridge=0.5)
    other.load_state(learner.state())
    for one in (learner, other):
        one.learn(rows[320:352], targets[320:352])
    assert trees_equal(learner.state(), other.state())


def test_rows_too_large_for_the_ridge_are_named_with_their_size() -> None:
    rows, targets = data(64)
    learner = learned(rows * 1e5, targets, 8)
    assert np.isfinite(learner.weights).all()
    with pytest.raises(StateError, match=r"rows of up to \d\.\de\+\d\d.*Scale the features, or raise the ridge"):
        learned(rows * 1e18, targets, 8)
