"""The two linear rules: their gradients, their solutions, and how they grow."""

from __future__ import annotations

import numpy as np
import pytest

from aura.core.errors import StateError
from aura.core.state import trees_equal
from aura.zones.amygdala.learners.kinds import KINDS
from aura.zones.amygdala.learners.linear import LinearReadout
from aura.zones.common.least_squares import with_bias
from aura.zones.common.links import sigmoid, softmax

from . import make
from .make import make_readout

CASES = [("rls", True), ("rls", False), ("logistic", True), ("logistic", False)]


def readout(rule: str, multi_label: bool, features: int = 6, classes: int = 4) -> LinearReadout:
    return make_readout(rule, features, classes, multi_label)


def blobs(count: int, seed: int = 2) -> tuple[np.ndarray, np.ndarray]:
    rows, targets = make.blobs(count, seed=seed)
    return with_bias(rows), targets


@pytest.mark.parametrize(("rule", "multi_label"), CASES)
def test_the_slope_is_the_derivative_of_the_loss(rule: str, multi_label: bool) -> None:
    rng = np.random.default_rng(4)
    one, scores = readout(rule, multi_label), rng.normal(size=(5, 4))
    targets = np.eye(4)[rng.integers(4, size=5)]
    step = 1e-6
    for column in range(4):
        shift = step * np.eye(4)[column]
        numeric = (one.loss(scores + shift, targets) - one.loss(scores - shift, targets)) / (2 * step)
        assert np.abs(numeric - one.slope(scores, targets)[:, column]).max() < 1e-8


@pytest.mark.parametrize(("rule", "multi_label"), CASES)
def test_learning_lowers_the_loss_on_new_items(rule: str, multi_label: bool) -> None:
    one = readout(rule, multi_label)
    fresh, truth = blobs(200, seed=3)
    before = one.loss(one.scores(fresh), truth).mean()
    rows, targets = blobs(640)
    for start in range(0, 640, 32):
        one.learn(rows[start:start + 32], targets[start:start + 32], 1.0)
    assert one.loss(one.scores(fresh), truth).mean() < 0.5 * before


@pytest.mark.parametrize("multi_label", [True, False])
def test_one_pass_of_the_logistic_rule_comes_near_the_batch_optimum(multi_label: bool) -> None:
    from scipy.optimize import minimize

    rows, targets = blobs(4000)
    fresh, truth = blobs(2000, seed=3)
    one = readout("logistic", multi_label)
    for start in range(0, len(rows), 32):
        one.learn(rows[start:start + 32], targets[start:start + 32], 1.0)

    def objective(flat: np.ndarray) -> tuple[float, np.ndarray]:
        scores = rows @ flat.reshape(7, 4)
        gradient = rows.T @ one.slope(scores, targets)
        return float(one.loss(scores, targets).sum()), gradient.ravel()

    best = minimize(objective, np.zeros(28), jac=True, method="L-BFGS-B").x.reshape(7, 4)
    optimum, start = one.loss(fresh @ best, truth).mean(), one.loss(np.zeros((2000, 4)), truth).mean()
    assert one.loss(one.scores(fresh), truth).mean() - optimum < 0.05 * (start - optimum)


@pytest.mark.parametrize("rule", ["rls", "logistic"])
def test_a_class_met_later_is_learned_as_well_as_one_known_before(rule: str) -> None:
    rows, targets = blobs(2000)
    order = np.argsort(targets[:, 3] * (np.arange(2000) < 1000), kind="stable")
    rows, targets = rows[order], targets[order]
    known, grown = readout(rule, True), readout(rule, True, classes=3)
    first = int(np.flatnonzero(targets[:, 3])[0])
    for start in range(0, 2000, 20):
        part = slice(start, start + 20)
        if grown.weights.shape[1] == 3 and start + 20 > first:
            grown.add_classes(1, float(start))
        known.learn(rows[part], targets[part], 1.0)
        grown.learn(rows[part], targets[part, : grown.weights.shape[1]], 1.0)
    fresh, truth = blobs(1000, seed=3)
    right = [(one.scores(fresh).argmax(axis=1) == truth.argmax(axis=1)).mean() for one in (known, grown)]
    assert right[1] > right[0] - 0.03
    if rule == "rls":
        assert np.abs(known.weights - grown.weights).max() < 1e-9


@pytest.mark.parametrize(("rule", "multi_label"), CASES)
def test_probabilities_are_probabilities_even_for_huge_scores(rule: str, multi_label: bool) -> None:
    link = KINDS[rule].load().link
    scores = np.array([[1e4, -1e4, 0.0, 3.0], [-1e4, -1e4, -1e4, -1e4]])
    chance = link.probability(scores, exclusive=not multi_label)
    assert np.isfinite(chance).all()
    assert ((chance >= 0) & (chance <= 1)).all()
    if not multi_label:
        assert chance[0].sum() == pytest.approx(1.0)


def test_sigmoid_and_softmax_agree_on_two_classes() -> None:
    scores = np.linspace(-30, 30, 61)
    assert np.allclose(softmax(np.stack([scores, np.zeros(61)], axis=1))[:, 0], sigmoid(scores), rtol=1e-12)


@pytest.mark.parametrize(("rule", "multi_label"), CASES)
def test_rate_zero_learns_nothing_and_state_is_complete(rule: str, multi_label: bool) -> None:
    rows, targets = blobs(96)
    one, other = readout(rule, multi_label), readout(rule, multi_label)
    one.learn(rows[:32], targets[:32], 1.0)
    before = one.state()
    one.learn(rows[32:64], targets[32:64], 0.0)
    assert trees_equal(before, one.state())
    other.load_state(before)
    for each in (one, other):
        each.learn(rows[64:], targets[64:], 0.5)
    assert trees_equal(one.state(), other.state())
    assert not trees_equal(before, one.state())


def taught(ridge: float, forgetting: float = 1.0, blocks: int = 20) -> LinearReadout:
    one = make_readout("rls", 6, 4, ridge=ridge, forgetting=forgetting)
    rows, targets = blobs(32 * blocks)
    for start in range(0, len(rows), 32):
        one.learn(rows[start:start + 32], targets[start:start + 32], 1.0)
    return one


@pytest.mark.parametrize("forgetting", [1.0, 0.999])
@pytest.mark.parametrize(("old", "new"), [(1.0, 10.0), (10.0, 0.1)])
def test_a_state_of_another_ridge_becomes_what_this_ridge_would_have_made(old: float, new: float,
                                                                          forgetting: float) -> None:
    moved = make_readout("rls", 6, 4, ridge=new, forgetting=forgetting)
    expected = taught(new, forgetting)
    moved.load_state(taught(old, forgetting).state())
    rows, targets = blobs(64, seed=5)
    for _ in range(2):  # so it stays when learning goes on
        assert np.abs(moved.weights - expected.weights).max() < 1e-9
        assert np.abs(moved.state()["learner"]["covariance"] - expected.state()["learner"]["covariance"]).max() < 1e-9
        moved.learn(rows, targets, 1.0)
        expected.learn(rows, targets, 1.0)
    assert np.abs(taught(old).weights - taught(new).weights).max() > 1e-3


def test_imported_weights_keep_their_ridge() -> None:
    one = readout("rls", True)
    one.weights = np.ones((7, 4))
    with pytest.raises(StateError, match=r"amygdala\.learner\.ridge: expected 1, as weights were imported under it"):
        make_readout("rls", 6, 4, ridge=10.0).load_state(one.state())
