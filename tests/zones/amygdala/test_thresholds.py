"""Thresholds and calibration, against what can be found by brute force."""

from __future__ import annotations

import numpy as np
import pytest

from aura.core.state import trees_equal
from aura.zones.amygdala.calibration import FIRST_CALIBRATION, fit_calibration
from aura.zones.amygdala.links import sigmoid
from aura.zones.amygdala.params import ThresholdOptions
from aura.zones.amygdala.thresholds import DecisionThresholds, f1_cuts


def thresholds(classes: int, **options: float) -> DecisionThresholds:
    return DecisionThresholds(classes, (-0.5, 1.5), 0.5, ThresholdOptions(**options))


def scored(count: int, rates: list[float], seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return scores and targets: positives score a quarter more on average, with as much noise."""
    rng = np.random.default_rng(seed)
    targets = (rng.random((count, len(rates))) < rates).astype(float)
    return 0.25 * targets + rng.normal(scale=0.15, size=targets.shape), targets


def f1(said: np.ndarray, truth: np.ndarray) -> float:
    return float(2 * (said * truth).sum() / max(said.sum() + truth.sum(), 1))


def test_without_shrinkage_the_cut_has_the_best_f1_of_all() -> None:
    scores, targets = scored(2000, [0.3])
    learned = thresholds(1, shrinkage=0, half_life=0)
    learned.observe(scores, targets)
    learned.renew()
    best = max(f1(scores[:, 0] >= cut, targets[:, 0]) for cut in scores[:, 0])
    assert f1(scores[:, 0] >= learned.values[0], targets[:, 0]) > best - 0.005


def test_shrinkage_steadies_rare_classes() -> None:
    rates = [0.2, 0.1] + [0.004] * 20
    fresh, truth = scored(40_000, rates, seed=99)
    means = []
    for shrinkage in (0, 300):
        learned = thresholds(len(rates), shrinkage=shrinkage, half_life=0)
        learned.observe(*scored(1500, rates))
        learned.renew()
        means.append(np.mean([f1(fresh[:, c] >= learned.values[c], truth[:, c]) for c in range(2, len(rates))]))
    assert means[1] > means[0]


def test_a_class_never_told_keeps_the_neutral_threshold_and_gets_a_small_probability() -> None:
    scores, targets = scored(500, [0.3, 0.0])
    learned = thresholds(2)
    learned.observe(scores, targets)
    assert learned.values[1] == 0.5
    assert learned.values[0] != 0.5
    assert sigmoid(learned.calibration[1] @ [0.0, 1.0]) < 0.01


def test_old_scores_fade() -> None:
    early, told = scored(2000, [0.3])
    late = early + 0.5
    fading, keeping = (thresholds(1, shrinkage=0, half_life=half_life, every=100) for half_life in (200.0, 0.0))
    for learned in (fading, keeping):
        for scores in (early, late):
            for start in range(0, 2000, 100):
                learned.observe(scores[start:start + 100], told[start:start + 100])
        learned.renew()
    best = [f1(late[:, 0] >= learned.values[0], told[:, 0]) for learned in (fading, keeping)]
    assert best[0] > best[1] + 0.05


def test_scores_out_of_range_and_no_items_are_taken() -> None:
    learned = thresholds(1)
    learned.observe(np.zeros((0, 1)), np.zeros((0, 1)))
    learned.observe(np.array([[1e9], [-1e9]] * 20), np.array([[1.0], [0.0]] * 20))
    assert np.isfinite(learned.values).all()
    assert np.isfinite(learned.calibration).all()


def test_a_class_added_later_equals_one_that_scored_zero_until_then() -> None:
    scores, targets = scored(600, [0.3, 0.2])
    scores[:300, 1] = targets[:300, 1] = 0
    known, grown = thresholds(2, half_life=0), thresholds(1, half_life=0)
    known.observe(scores[:300], targets[:300])
    grown.observe(scores[:300, :1], targets[:300, :1])
    grown.add_classes(1, 0.0)
    for learned in (known, grown):
        learned.observe(scores[300:], targets[300:])
        learned.renew()
    assert np.array_equal(known.values, grown.values)
    assert np.allclose(known.calibration, grown.calibration, atol=1e-2)


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
    counts = [np.histogram(scores[targets[:, 0] == told, 0], bins=200, range=(-0.5, 1.5))[0][None] for told in (0, 1)]
    bins = np.linspace(-0.495, 1.495, 200)
    near = fit_calibration(bins, *map(np.float64, counts), np.array([[8.0, -4.0]]))
    far = fit_calibration(bins, *map(np.float64, counts), np.array([[slope, 0.0]]))
    assert np.abs(near - far).max() < 1e-2


def test_separable_scores_end_at_a_finite_calibration() -> None:
    negatives, positives = np.array([[50.0, 0.0]]), np.array([[0.0, 50.0]])
    found = fit_calibration(np.array([0.1, 0.9]), negatives, positives, np.array([FIRST_CALIBRATION]))
    assert np.isfinite(found).all()
    assert sigmoid(found @ [0.9, 1.0])[0] == pytest.approx(51 / 52, abs=1e-3)


def test_state_continues_to_the_same_bits() -> None:
    scores, targets = scored(400, [0.3, 0.1])
    one, other = thresholds(2), thresholds(2)
    one.observe(scores[:130], targets[:130])
    other.load_state(one.state())
    assert trees_equal(one.state(), other.state())
    for learned in (one, other):
        learned.observe(scores[130:], targets[130:])
    assert trees_equal(one.state(), other.state())
