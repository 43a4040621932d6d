"""The readout against ridge regression in one go, and its gradient against finite differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from aura.core.state import trees_equal
from aura.zones.fabric.learning.predictor import FramePredictor, Lesson
from aura.zones.fabric.params import PredictionParams

FEATURES, FRAME, RESPONSE = 7, 3, 4


def lessons(count: int, seed: int = 0) -> list[Lesson]:
    rng = np.random.default_rng(seed)
    return [Lesson(*(rng.normal(size=size) for size in (FEATURES, FRAME, FRAME))) for _ in range(count)]


def predictor(response: int = RESPONSE, **params: Any) -> FramePredictor:
    return FramePredictor(PredictionParams(**{"block": 4, **params}), FEATURES, FRAME, response)


def taught(course: list[Lesson], counts: Any = None, **params: Any) -> FramePredictor:
    """Return a predictor that has learned the lessons one after the other."""
    made = predictor(**params)
    for index, lesson in enumerate(course):
        made.learn(lesson, 1.0 if counts is None else counts[index])
    made.settle()
    return made


def weights_of(made: FramePredictor) -> np.ndarray:
    return made.state()["learner"]["weights"]


def regression(course: list[Lesson], params: PredictionParams, counts: np.ndarray) -> np.ndarray:
    """Return the minimum of what the readout is to minimise, by the normal equations of all frames at once."""
    rows = np.array([[*lesson.features, 1.0] for lesson in course])
    targets = np.array([[*lesson.following, *lesson.before] for lesson in course])
    weight = (params.forgetting ** np.arange(len(course) - 1, -1, -1) * counts)[:, None]
    left = rows.T @ (weight * rows) + params.forgetting ** len(course) * params.ridge * np.eye(FEATURES + 1)
    return np.linalg.solve(left, rows.T @ (weight * targets))


@pytest.mark.parametrize("forgetting", [1.0, 0.9])
@pytest.mark.parametrize("block", [1, 4, 7])
def test_the_weights_are_the_ridge_regression_of_all_frames(forgetting: float, block: int) -> None:
    course, counts = lessons(30), np.random.default_rng(1).uniform(0.1, 2.0, 30)
    params = {"forgetting": forgetting, "block": block, "ridge": 0.5}
    wanted = regression(course, PredictionParams(**params), counts)
    np.testing.assert_allclose(weights_of(taught(course, counts, **params)), wanted, rtol=1e-8, atol=1e-10)


def test_the_coherence_leaves_the_readout_alone() -> None:
    course = lessons(20)
    found = [taught(course, coherence=coherence, forgetting=0.9).state() for coherence in (0.0, 0.3, 2.0)]
    assert trees_equal(found[0], found[1])
    assert trees_equal(found[0], found[2])


def test_the_direction_leaves_the_weights_alone() -> None:
    course = lessons(20)
    assert np.array_equal(weights_of(taught(course, direction=0.1)), weights_of(taught(course, direction=2.0)))
    without = weights_of(taught(course, direction=0.0))
    assert without.shape[1] == FRAME
    np.testing.assert_allclose(without, weights_of(taught(course))[:, :FRAME], rtol=1e-12, atol=1e-14)


def test_frames_wait_for_a_whole_block() -> None:
    made, course = predictor(block=3), lessons(3)
    for lesson in course[:2]:
        made.learn(lesson)
    assert not weights_of(made).any()
    made.learn(course[2])
    assert weights_of(made).any()


def test_a_prediction_is_the_readout_of_the_features() -> None:
    made = taught(lessons(20))
    features = lessons(1, seed=5)[0].features
    wanted = (np.append(features, 1.0) @ weights_of(made))[:FRAME]
    np.testing.assert_allclose(made.predict(features), wanted, rtol=1e-12)


def loss(weights: np.ndarray, lesson: Lesson, last: Lesson | None, params: PredictionParams, response: int) -> float:
    """Return the loss of a frame as it is stated."""
    predicted = np.append(lesson.features, 1.0) @ weights
    total = np.square(predicted[:FRAME] - lesson.following).mean()
    if params.direction > 0.0:
        total += params.direction * np.square(predicted[FRAME:] - lesson.before).mean()
    if last is not None:
        total += params.coherence * np.square(lesson.features[-response:] - last.features[-response:]).mean()
    return float(total)


def slope(made: FramePredictor, lesson: Lesson, last: Lesson | None, params: PredictionParams,
          response: int = RESPONSE) -> np.ndarray:
    """Return the gradient of the stated loss with respect to the response, by finite differences."""
    def at(push: np.ndarray) -> float:
        return loss(weights_of(made), lesson._replace(features=lesson.features + push), last, params, response)

    step = 1e-5
    return np.array([(at(push) - at(-push)) / (2 * step) for push in step * np.eye(FEATURES)[-response:]])


@pytest.mark.parametrize("coherence, direction", [(0.3, 0.5), (0.0, 0.5), (0.3, 0.0), (2.0, 3.0)])
@pytest.mark.parametrize("response", [1, RESPONSE, FEATURES])
@pytest.mark.parametrize("follows", [True, False])
def test_the_gradient_is_that_of_the_stated_loss(coherence: float, direction: float, response: int,
                                                 follows: bool) -> None:
    params = PredictionParams(coherence=coherence, direction=direction)
    made = taught(lessons(20), response=response, coherence=coherence, direction=direction)
    lesson, before = lessons(2, seed=3)
    last = before if follows else None
    found = made.gradient(lesson, last)
    assert found.shape == (response,)
    np.testing.assert_allclose(found, slope(made, lesson, last, params, response), rtol=1e-6, atol=1e-8)


def test_there_is_no_coherence_across_a_gap() -> None:
    lesson, before = lessons(2, seed=3)
    slow, free = (taught(lessons(20), coherence=coherence) for coherence in (2.0, 0.0))
    assert np.array_equal(slow.gradient(lesson, None), free.gradient(lesson, None))
    assert not np.allclose(slow.gradient(lesson, before), free.gradient(lesson, before))
    assert np.array_equal(slow.gradient(lesson, lesson), free.gradient(lesson, lesson))


def test_coherence_pulls_the_response_towards_the_one_before() -> None:
    """Before anything was learned the readout is 0 and its error asks for nothing: only slowness is left."""
    lesson, before = lessons(2, seed=3)
    change = (lesson.features - before.features)[-RESPONSE:]
    np.testing.assert_allclose(predictor(coherence=0.3).gradient(lesson, before), 2 * 0.3 / RESPONSE * change)


def test_a_change_is_worth_the_same_whatever_the_number_of_response_features() -> None:
    """The slope of the loss where all features change together."""
    found = []
    for count in (1, 10, 1000):
        made = FramePredictor(PredictionParams(coherence=0.3), count, FRAME, count)
        frames = np.zeros(FRAME), np.zeros(FRAME)
        gradient = made.gradient(Lesson(np.full(count, 0.5), *frames), Lesson(np.zeros(count), *frames))
        found.append(gradient.sum())
    np.testing.assert_allclose(found, 2 * 0.3 * 0.5)


def test_without_a_response_there_is_no_gradient() -> None:
    lesson, before = lessons(2, seed=3)
    assert taught(lessons(20), response=0).gradient(lesson, before).shape == (0,)


def test_asking_for_the_gradient_changes_nothing() -> None:
    made, course = taught(lessons(6)), lessons(2, seed=3)
    before, given = made.state(), [lesson.features.copy() for lesson in course]
    made.gradient(course[0], course[1])
    assert trees_equal(made.state(), before)
    assert trees_equal([lesson.features for lesson in course], given)


def test_it_goes_on_from_its_state_in_the_middle_of_a_block() -> None:
    whole, part = predictor(block=4), predictor(block=4)
    for index, lesson in enumerate(lessons(11)):
        if index == 6:
            part.load_state(whole.state())
        for made in (whole, part)[:1 + (index >= 6)]:
            made.learn(lesson)
    assert trees_equal(whole.state(), part.state())
