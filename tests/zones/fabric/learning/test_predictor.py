"""The readout against ridge regression in one go, and its gradient against finite differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from aura.core.state import trees_equal
from aura.zones.fabric.learning.predictor import FramePredictor, Lesson
from aura.zones.fabric.params import PredictionParams

FEATURES, FRAME = 7, 3


def lessons(count: int, seed: int = 0) -> list[Lesson]:
    rng = np.random.default_rng(seed)
    return [Lesson(*(rng.normal(size=size) for size in (FEATURES, FRAME, FRAME))) for _ in range(count)]


def taught(course: list[Lesson], counts: Any = None, **params: Any) -> FramePredictor:
    """Return a predictor that has learned the lessons one after the other."""
    made = FramePredictor(PredictionParams(**{"block": 4, **params}), FEATURES, FRAME)
    for index, lesson in enumerate(course):
        made.learn(lesson, course[index - 1] if index else None, 1.0 if counts is None else counts[index])
    made.settle()
    return made


def weights_of(made: FramePredictor) -> np.ndarray:
    return made.state()["learner"]["weights"]


def regression(course: list[Lesson], params: PredictionParams, counts: np.ndarray) -> np.ndarray:
    """Return the minimum of the stated loss, by the normal equations of all frames at once."""
    rows = np.array([[*lesson.features, 1.0] for lesson in course])
    targets = np.array([[*lesson.following, *lesson.before] for lesson in course])
    age = params.forgetting ** np.arange(len(course) - 1, -1, -1)
    changes, shifts, c = np.diff(rows, axis=0), np.diff(targets, axis=0), params.coherence
    weight, later = (age * counts)[:, None], (age * counts)[1:, None] * c
    left = rows.T @ (weight * rows) + changes.T @ (later * changes)
    left += params.forgetting ** len(course) * params.ridge * np.eye(FEATURES + 1)
    return np.linalg.solve(left, rows.T @ (weight * targets) + changes.T @ (later * shifts))


@pytest.mark.parametrize("coherence", [0.0, 0.3, 2.0])
@pytest.mark.parametrize("block", [1, 4, 7])
def test_the_weights_minimise_the_stated_loss(coherence: float, block: int) -> None:
    course, counts = lessons(30), np.random.default_rng(1).uniform(0.1, 2.0, 30)
    found = weights_of(taught(course, counts, coherence=coherence, block=block, ridge=0.5))
    wanted = regression(course, PredictionParams(coherence=coherence, ridge=0.5), counts)
    np.testing.assert_allclose(found, wanted, rtol=1e-8, atol=1e-10)


def test_forgetting_is_by_the_frame_whatever_the_coherence() -> None:
    course = lessons(60)
    for coherence in (0.0, 0.3):
        params = {"coherence": coherence, "forgetting": 0.9, "block": 1}
        found = weights_of(taught(course, **params))
        wanted = regression(course, PredictionParams(**params), np.ones(60))
        # Of the two rows of a frame the first is half a step older; that of the first frame has no change.
        np.testing.assert_allclose(found, wanted, atol=0.06 if coherence else 1e-8)


def test_the_direction_leaves_the_weights_alone() -> None:
    course = lessons(20)
    assert np.array_equal(weights_of(taught(course, direction=0.1)), weights_of(taught(course, direction=2.0)))
    without = weights_of(taught(course, direction=0.0))
    assert without.shape[1] == FRAME
    np.testing.assert_allclose(without, weights_of(taught(course))[:, :FRAME], rtol=1e-12, atol=1e-14)


def test_frames_wait_for_a_whole_block() -> None:
    made = FramePredictor(PredictionParams(block=3), FEATURES, FRAME)
    course = lessons(3)
    for lesson in course[:2]:
        made.learn(lesson, None)
    assert not weights_of(made).any()
    made.learn(course[2], None)
    assert weights_of(made).any()


def test_a_prediction_is_the_readout_of_the_features() -> None:
    made = taught(lessons(20))
    features = lessons(1, seed=5)[0].features
    wanted = (np.append(features, 1.0) @ weights_of(made))[:FRAME]
    np.testing.assert_allclose(made.predict(features), wanted, rtol=1e-12)


def loss(weights: np.ndarray, lesson: Lesson, last: Lesson | None, params: PredictionParams) -> float:
    """Return the loss of a frame as it is stated, a mean over the frame's numbers."""
    def errors(one: Lesson) -> tuple[np.ndarray, np.ndarray]:
        said = np.append(one.features, 1.0) @ weights
        back = said[FRAME:] - one.before if params.direction > 0.0 else np.zeros(FRAME)
        return said[:FRAME] - one.following, back

    ahead, back = errors(lesson)
    total = (ahead ** 2).sum() + params.direction * (back ** 2).sum()
    if last is not None:
        ahead_then, back_then = errors(last)
        total += params.coherence * (((ahead - ahead_then) ** 2).sum()
                                     + params.direction * ((back - back_then) ** 2).sum())
    return float(total / FRAME)


@pytest.mark.parametrize("coherence, direction", [(0.3, 0.5), (0.0, 0.5), (0.3, 0.0), (2.0, 3.0)])
@pytest.mark.parametrize("follows", [True, False])
def test_the_gradient_is_that_of_the_stated_loss(coherence: float, direction: float, follows: bool) -> None:
    params = PredictionParams(coherence=coherence, direction=direction)
    made = taught(lessons(20), coherence=coherence, direction=direction)
    lesson, before = lessons(2, seed=3)
    last = before if follows else None
    found, step = made.gradient(lesson, last), 1e-6
    wanted = [(loss(weights_of(made), lesson._replace(features=lesson.features + push), last, params)
               - loss(weights_of(made), lesson._replace(features=lesson.features - push), last, params)) / (2 * step)
              for push in step * np.eye(FEATURES)]
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-8)


def test_asking_for_the_gradient_changes_nothing() -> None:
    made, course = taught(lessons(6)), lessons(2, seed=3)
    before = made.state()
    made.gradient(course[0], course[1])
    assert trees_equal(made.state(), before)


def test_it_goes_on_from_its_state_in_the_middle_of_a_block() -> None:
    course = lessons(11)
    whole = FramePredictor(PredictionParams(block=4), FEATURES, FRAME)
    part = FramePredictor(PredictionParams(block=4), FEATURES, FRAME)
    for index, lesson in enumerate(course):
        if index == 6:
            part.load_state(whole.state())
        for made in (whole, part)[:1 + (index >= 6)]:
            made.learn(lesson, course[index - 1] if index else None)
    assert trees_equal(whole.state(), part.state())
