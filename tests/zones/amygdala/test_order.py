"""What an exact learner answers does not depend on the order of the rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from aura.zones.amygdala.learners.linear import LinearReadout
from aura.zones.common.least_squares import with_bias

from .conftest import Bench
from .learners.make import make_readout

Make = Callable[..., Bench]
CLASSES, WIDTH = 12, 16


def blobs(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return rows of overlapping clouds, some of them commoner than others, and their classes."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(9).normal(size=(CLASSES, WIDTH))
    share = np.arange(1, CLASSES + 1) / np.arange(1, CLASSES + 1).sum()
    which = rng.choice(CLASSES, size=count, p=share)
    return (centres[which] + rng.normal(size=(count, WIDTH))).astype(np.float32), which


def learned(bench: Make, order: np.ndarray, multi_label: bool, **params: object) -> Bench:
    rows, which = blobs(1500, seed=1)
    rows, which = rows[order], which[order]
    one = bench(tasks={"emotion": {"kind": "labels" if multi_label else "choice"}}, **params)
    for start in range(0, len(rows), 25):
        ids = list(range(start, start + 25))
        one.show(rows[start:start + 25], ids)
        one.tell(tuple((f"class {c}",) for c in which[start:start + 25]), ids)
    one.brain.learning = False
    return one


def answers(one: Bench) -> tuple[float, float, np.ndarray]:
    """Return held-out accuracy of the labels and of the best class, and the probabilities, classes in their order."""
    rows, which = blobs(2000, seed=2)
    one.show(rows, range(10_000, 12_000))
    truth = [f"class {c}" for c in which]
    names = one.read("emotion_classes")
    order = np.argsort([int(name.split()[1]) for name in names])
    exact = np.mean([set(predicted) == {name} for predicted, name in zip(one.read("emotion"), truth, strict=True)])
    best = np.mean([predicted == name for predicted, name in zip(one.read("emotion_best"), truth, strict=True)])
    return float(exact), float(best), one.read("emotion_probability")[:, order]


def orders() -> tuple[np.ndarray, np.ndarray]:
    which = blobs(1500, seed=1)[1]
    return np.argsort(which, kind="stable"), np.random.default_rng(4).permutation(1500)


@pytest.mark.slow
@pytest.mark.parametrize("multi_label", [True, False])
def test_rows_sorted_by_class_are_learned_as_well_as_shuffled_ones(bench: Make, multi_label: bool) -> None:
    by_class, shuffled = (answers(learned(bench, order, multi_label)) for order in orders())
    assert by_class[:2] == pytest.approx(shuffled[:2], abs=0.002)
    assert np.abs(by_class[2] - shuffled[2]).max() < 0.01


@pytest.mark.slow
@pytest.mark.parametrize("calibrate", [True, False])
def test_the_best_class_is_right_no_less_often_than_that_of_the_batch_ridge(bench: Make, calibrate: bool) -> None:
    by_class = learned(bench, orders()[0], False, calibrate=calibrate)
    rows, which = (part[orders()[0]] for part in blobs(1500, seed=1))
    design = with_bias(rows)
    weights = np.linalg.solve(design.T @ design + np.eye(WIDTH + 1), design.T @ np.eye(CLASSES)[which])
    fresh, truth = blobs(2000, seed=2)
    ridge = float(((with_bias(fresh) @ weights).argmax(axis=1) == truth).mean())
    best = answers(by_class)[1]
    assert best == ridge if not calibrate else best > ridge - 0.01


@pytest.mark.parametrize(("rule", "share"), [("rls", 1e-9), ("logistic", 0.6)])
def test_the_scores_of_a_row_left_out_are_those_of_a_learner_that_was_never_told_it(rule: str, share: float) -> None:
    rows, which = blobs(400, seed=1)
    rows, targets = with_bias(rows), np.eye(CLASSES)[which]
    order = [*range(400), *[3] * 5]  # one row comes six times

    def learner(without: int | None = None) -> LinearReadout:
        one = make_readout(rule, WIDTH, CLASSES)
        for start in range(0, len(order), 25):
            part = [index for index in order[start:start + 25] if index != without]
            one.learn(rows[part], targets[part], 1.0)
        return one

    whole, weights = learner(), np.bincount(order).astype(float)
    learned, left = whole.scores(rows), whole.left_out(rows, targets, weights)
    some = [0, 3, 100, 200, 300, 399]
    never = np.array([learner(index).scores(rows[index:index + 1])[0] for index in some])
    assert np.abs(left[some] - never).mean() < share * np.abs(learned[some] - never).mean()


@pytest.mark.slow
def test_a_second_pass_over_the_same_rows_leaves_thresholds_and_probabilities_as_they_were(bench: Make) -> None:
    rows, which = blobs(600, seed=1)
    # Twice the rows and twice the penalty are the same regression.
    once, twice = bench(learner={"ridge": 1.0}), bench(learner={"ridge": 2.0})
    for one, passes in ((once, 1), (twice, 2)):
        for turn in range(passes):
            for start in range(0, 600, 25):
                ids = list(range(1000 * turn + start, 1000 * turn + start + 25))
                one.show(rows[start:start + 25], ids)
                one.tell(tuple((f"class {c}",) for c in which[start:start + 25]), ids)
        one.brain.learning = False
    for first, second in zip(answers(once), answers(twice), strict=True):
        assert second == pytest.approx(first, abs=2e-3)
