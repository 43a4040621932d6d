"""Thresholds and calibration, against what can be found by brute force."""

from __future__ import annotations

import numpy as np
import pytest

from aura.core.state import trees_equal
from aura.zones.common.calibration import FIRST_CALIBRATION, fit_calibration
from aura.zones.common.links import sigmoid
from aura.zones.common.thresholds import DecisionThresholds, f1_cuts


def thresholds(scores: np.ndarray, targets: np.ndarray, shrinkage: float = 300.0) -> DecisionThresholds:
    """Return what is learned from scores, half of them against the other half."""
    learned = DecisionThresholds(scores.shape[1], (-0.5, 1.5), 0.5, shrinkage)
    learned.renew(scores, targets, np.ones(len(scores)), np.arange(len(scores)) % 2 == 0)
    return learned


def scored(count: int, rates: list[float], seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return scores and targets: positives score a quarter more on average, with as much noise."""
    rng = np.random.default_rng(seed)
    targets = (rng.random((count, len(rates))) < rates).astype(float)
    return 0.25 * targets + rng.normal(scale=0.15, size=targets.shape), targets


def exclusive(count: int, shift: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return scores and one-hot targets of three classes, of which the last scores `shift` more than it should."""
    rng = np.random.default_rng(seed)
    targets = np.eye(3)[rng.integers(3, size=count)]
    return 0.4 * targets + rng.normal(scale=0.2, size=targets.shape) + [0.0, 0.0, shift], targets


def f1(predicted: np.ndarray, truth: np.ndarray) -> float:
    return float(2 * (predicted * truth).sum() / max(predicted.sum() + truth.sum(), 1))


def top1(curves: np.ndarray, scores: np.ndarray, targets: np.ndarray) -> float:
    best = (curves[:, 0] * scores + curves[:, 1]).argmax(axis=1)
    return float(targets[np.arange(len(targets)), best].mean())


def test_without_shrinkage_the_cut_has_the_best_f1_of_all() -> None:
    scores, targets = scored(2000, [0.3])
    learned = thresholds(scores, targets, shrinkage=0)
    best = max(f1(scores[:, 0] >= cut, targets[:, 0]) for cut in scores[:, 0])
    assert f1(scores[:, 0] >= learned.values[0], targets[:, 0]) > best - 0.005


def test_shrinkage_steadies_rare_classes() -> None:
    rates = [0.2, 0.1] + [0.004] * 20
    fresh, truth = scored(40_000, rates, seed=99)
    means = []
    for shrinkage in (0, 300):
        learned = thresholds(*scored(1500, rates), shrinkage=shrinkage)
        means.append(np.mean([f1(fresh[:, c] >= learned.values[c], truth[:, c]) for c in range(2, len(rates))]))
    assert means[1] > means[0]


def test_a_class_never_told_keeps_the_neutral_threshold_and_gets_a_small_probability() -> None:
    scores, targets = scored(500, [0.3, 0.0])
    scores[:, 1] = 0.0
    learned = thresholds(scores, targets)
    assert learned.values[1] == 0.5
    assert learned.values[0] != 0.5
    assert sigmoid(learned.calibration[1] @ [0.0, 1.0]) < 0.2


def test_scores_out_of_range_and_no_items_are_taken() -> None:
    nothing = thresholds(np.zeros((0, 1)), np.zeros((0, 1)))
    assert nothing.values.tolist() == [0.5]
    learned = thresholds(np.array([[1e9], [-1e9]] * 20), np.array([[1.0], [0.0]] * 20))
    assert np.isfinite(learned.values).all()
    assert np.isfinite(learned.calibration).all()


def test_curves_of_the_classes_own_rank_them_where_the_raw_scores_mislead() -> None:
    learned = thresholds(*exclusive(2000, shift=0.3))
    scores, targets = exclusive(4000, shift=0.3, seed=1)
    raw = top1(np.tile(FIRST_CALIBRATION, (3, 1)), scores, targets)
    assert top1(learned.calibration, scores, targets) > raw + 0.05


@pytest.mark.parametrize("seed", range(5))
def test_without_proof_all_classes_share_one_curve_and_the_best_raw_score_stays_the_best(seed: int) -> None:
    learned = thresholds(*exclusive(300, shift=0.0, seed=seed))
    assert (learned.calibration == learned.calibration[0]).all()
    assert learned.calibration[0, 0] > 0


def test_a_curve_that_falls_does_not_turn_every_answer_round() -> None:
    scores = np.array([[0.45, 0.55], [0.55, 0.45]] * 4)  # as of rows left out of few, each class half of them
    learned = DecisionThresholds(2, (-1.0, 2.0), 0.5, 0.0)
    learned.renew(scores, np.eye(2)[[0, 1] * 4], np.ones(8), np.arange(8) % 2 == 0)
    slope, offset = learned.calibration.T
    assert ((slope * scores + offset).argmax(axis=1) == scores.argmax(axis=1)).all()


def test_rows_that_all_come_again_are_no_more_proof() -> None:
    scores, targets = scored(300, [0.3, 0.2])
    halves = np.arange(300) % 2 == 0
    once, again = (DecisionThresholds(2, (-0.5, 1.5), 0.5, 300.0) for _ in range(2))
    once.renew(scores, targets, np.ones(300), halves)
    again.renew(scores, targets, np.full(300, 7.0), halves)
    assert np.array_equal(once.values, again.values)
    assert np.allclose(once.calibration, again.calibration, atol=1e-9)


def test_a_row_that_comes_more_often_than_others_counts_for_more() -> None:
    scores, targets = np.array([[0.2], [0.6]] * 50), np.array([[0.0], [1.0]] * 50)
    targets[0] = 1.0  # a positive with the score of the negatives
    halves = np.arange(100) % 4 < 2
    chances = []
    for times in (1.0, 40.0):
        learned = DecisionThresholds(1, (-0.5, 1.5), 0.5, 300.0)
        learned.renew(scores, targets, np.where(np.arange(100) == 0, times, 1.0), halves)
        chances.append(sigmoid(learned.calibration[0] @ [0.2, 1.0]))
    assert chances[1] > 3 * chances[0]


def test_cuts_of_no_positives_say_nothing() -> None:
    assert f1_cuts(np.ones((2, 5)), np.zeros((2, 5)), 10.0).tolist() == [5, 5]


def test_the_calibration_finds_the_logistic_curve_that_made_the_data() -> None:
    bins = np.linspace(-0.5, 1.5, 400)
    total = np.full((2, 400), 500.0)
    truth = np.array([[12.0, -3.0], [5.0, -4.0]])
    chance = sigmoid(truth @ np.stack([bins, np.ones(400)]))
    found = fit_calibration(bins, total * (1 - chance), total * chance, np.tile(FIRST_CALIBRATION, (2, 1)))
    assert np.abs(found - truth).max() < 0.05


@pytest.mark.parametrize("slope", [-1e3, 0.0, 1e3])
def test_the_calibration_does_not_depend_on_where_it_begins(slope: float) -> None:
    scores, targets = scored(3000, [0.05])
    counts = [np.histogram(scores[targets[:, 0] == has, 0], bins=200, range=(-0.5, 1.5))[0][None] for has in (0, 1)]
    bins = np.linspace(-0.495, 1.495, 200)
    near = fit_calibration(bins, *map(np.float64, counts), np.array([[8.0, -4.0]]))
    far = fit_calibration(bins, *map(np.float64, counts), np.array([[slope, 0.0]]))
    assert np.abs(near - far).max() < 1e-2


def test_separable_scores_end_at_a_finite_calibration() -> None:
    negatives, positives = np.array([[50.0, 0.0]]), np.array([[0.0, 50.0]])
    found = fit_calibration(np.array([0.1, 0.9]), negatives, positives, np.array([FIRST_CALIBRATION]))
    assert np.isfinite(found).all()
    assert sigmoid(found @ [0.9, 1.0])[0] == pytest.approx(51 / 52, abs=1e-3)


def test_the_state_is_all_there_is() -> None:
    one, other = thresholds(*scored(400, [0.3, 0.1])), DecisionThresholds(2, (-0.5, 1.5), 0.5, 300.0)
    other.load_state(one.state())
    for each in (one, other):
        each.add_classes(1)
    assert trees_equal(one.state(), other.state())
