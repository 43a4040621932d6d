from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize, minimize_scalar

from aura.zones.common.confidence import PULL, Confidence, fit_odds, fit_temperature, log_odds_of_best


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def rows(count=1500, classes=6, heat=1.0, seed=0):
    """Return logits, and one class a row that is drawn by softmax at a temperature."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(count, classes)) * 2.0
    chances = softmax(logits / heat)
    places = np.array([rng.choice(classes, p=row) for row in chances])
    return logits, places, rng.random(count) < 0.5


def renewed(exclusive, logits, targets, halves, chances):
    confidence = Confidence(exclusive)
    confidence.renew(logits, targets, np.ones(len(logits)), halves, chances)
    return confidence


@pytest.mark.parametrize("heat", [0.4, 1.0, 3.0])
def test_the_temperature_is_the_one_of_the_least_loss(heat):
    logits, places, _ = rows(heat=heat)
    counts = np.random.default_rng(1).integers(1, 4, len(logits)).astype(float)

    def loss(beta):
        chances = softmax(beta * logits)[np.arange(len(logits)), places]
        return -counts @ np.log(chances) + 0.5 * PULL * (beta - 1) ** 2

    found = fit_temperature(logits, places, counts)
    assert found == pytest.approx(minimize_scalar(loss, bounds=(0.01, 20), method="bounded").x, rel=1e-3)
    assert found == pytest.approx(1 / heat, rel=0.1)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 50.0, 1e6])
def test_a_temperature_is_found_for_logits_of_any_size(scale):
    logits, places, _ = rows()
    found = fit_temperature(logits * scale, places, np.ones(len(logits)))
    assert 1e-3 <= found <= 1e3
    assert np.isfinite(found)


def test_rows_that_are_all_right_leave_the_temperature_above_zero():
    assert 1.0 < fit_temperature(np.eye(3) * 4, np.arange(3), np.ones(3)) < 10.0


def test_the_curve_is_the_one_of_the_least_loss():
    rng = np.random.default_rng(2)
    odds = rng.normal(size=800) * 3
    hits = rng.random(800) < 1 / (1 + np.exp(-(0.3 * odds - 0.8 + np.tanh(odds / 2))))
    right, wrong = hits.sum(), (~hits).sum()
    wanted = np.where(hits, (right + 1) / (right + 2), 1 / (wrong + 2))

    def loss(curve):
        line = curve[0] * odds + curve[1] + curve[2] * np.tanh(odds / 2)
        return (np.logaddexp(0, line) - wanted * line).sum() + 0.5 * PULL * ((curve - [1, 0, 0]) ** 2).sum()

    assert fit_odds(odds, hits, np.ones(800)) == pytest.approx(minimize(loss, [1.0, 0.0, 0.0]).x, abs=1e-3)


def test_a_curve_that_would_fall_somewhere_is_fitted_without_its_bend():
    odds = np.linspace(-6, 6, 600)
    hits = np.random.default_rng(3).random(600) < 1 / (1 + np.exp(-(1.5 * odds - 5 * np.tanh(odds / 2))))
    slope, _, bend = fit_odds(odds, hits, np.ones(600))
    assert bend == 0.0
    assert slope > 0.0


def test_the_curve_of_rows_far_from_it_ends():
    curve = fit_odds(np.array([-800.0, 900.0, 700.0]), np.array([True, False, True]), np.ones(3))
    assert np.isfinite(curve).all()


def test_log_odds_of_the_best_are_those_of_softmax():
    logits, _, _ = rows(50)
    chances = softmax(logits).max(axis=1)
    assert log_odds_of_best(logits) == pytest.approx(np.log(chances / (1 - chances)))
    assert log_odds_of_best(np.array([[1000.0, -1000.0, -2000.0]])).tolist() == [2000.0]
    assert log_odds_of_best(np.array([[0.3]])).tolist() == [0.3]


def test_one_of_several_classes_is_scaled_where_that_lowers_the_loss_of_rows_not_fitted_on():
    logits, places, halves = rows(heat=3.0)
    confidence = renewed(True, logits, np.eye(6)[places], halves, softmax(logits))
    new, places, _ = rows(heat=3.0, seed=9)
    chances = confidence.chances(new, softmax(new))
    assert confidence.values[0] == pytest.approx(1 / 3, rel=0.15)
    assert chances == pytest.approx(softmax(new * confidence.values[0]))
    assert (chances.argmax(axis=1) == new.argmax(axis=1)).all()
    hits = new.argmax(axis=1) == places
    assert abs(confidence.of_best(new, chances).mean() - hits.mean()) < 0.04
    assert softmax(new).max(axis=1).mean() - hits.mean() > 0.15


def test_probabilities_that_are_right_already_stay_as_they_are():
    logits, places, halves = rows(heat=1.0)
    confidence = renewed(True, logits, np.eye(6)[places], halves, softmax(logits))
    assert not confidence.known
    assert confidence.chances(logits, softmax(logits)) == pytest.approx(softmax(logits))


def test_the_best_of_many_labels_is_told_by_a_curve_and_the_others_stay():
    logits, places, halves = rows(heat=2.0)
    chances = 1 / (1 + np.exp(-logits))
    confidence = renewed(False, logits, np.eye(6)[places], halves, chances)
    assert confidence.known
    assert confidence.chances(logits, chances) is chances
    new, places, _ = rows(heat=2.0, seed=9)
    sure = confidence.of_best(new, 1 / (1 + np.exp(-new)))
    hits = new.argmax(axis=1) == places
    for part in (sure < np.median(sure), sure >= np.median(sure)):
        assert abs(sure[part].mean() - hits[part].mean()) < 0.05


def test_the_order_of_rows_makes_no_difference():
    logits, places, halves = rows(heat=3.0)
    order = np.random.default_rng(3).permutation(len(logits))
    targets = np.eye(6)[places]
    one = renewed(True, logits, targets, halves, softmax(logits)).values
    other = renewed(True, logits[order], targets[order], halves[order], softmax(logits)[order]).values
    assert other == pytest.approx(one)


@pytest.mark.parametrize("exclusive", [True, False])
@pytest.mark.parametrize("classes", [0, 1])
def test_without_a_choice_nothing_is_fitted(exclusive, classes):
    confidence = renewed(exclusive, np.zeros((4, classes)), np.ones((4, classes)), np.array([1, 1, 0, 0], dtype=bool),
                         np.full((4, classes), 0.25))
    assert not confidence.known
    assert confidence.of_best(np.zeros((2, classes)), np.full((2, classes), 0.25)).tolist() == [0.25 * classes] * 2
