"""The forecast: what it reads, what it says, and which of the frames that came it learns."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest

from aura.core.state import trees_equal
from aura.zones.fabric.forecast import Forecast
from aura.zones.fabric.learning.response import Response
from aura.zones.fabric.memory import ENDLESS, FrameMemory, Frames
from aura.zones.fabric.params import FabricParams

from .brains import FEATURES, Bench, small, waves

GRID = (3, 3, 4)


class FakeResponse:
    """A response of two features, which notes what it is taught."""

    def __init__(self) -> None:
        self.features = np.zeros(2)
        self.taught: list[tuple[np.ndarray, float]] = []

    def __len__(self) -> int:
        return 2

    def learn(self, gradient: np.ndarray, rate: float) -> float:
        self.taught.append((gradient, rate))
        return 1.5


class Course:
    """A forecast shown frames, with activations that follow from them."""

    def __init__(self, response: Any = None, **changes: Any) -> None:
        changes = {"context": 2, **changes, "prediction": {"block": 1, **changes.get("prediction", {})}}
        params = FabricParams.model_validate(small(**changes))
        self.response = response
        self.forecast = Forecast(params, FEATURES, cast(Response, response))
        self.memory = FrameMemory(params.context)

    def show(self, rows: np.ndarray, earlier: Any = None, activations: Any = None) -> tuple[Frames, dict[str, Any]]:
        frames = self.memory.take(np.atleast_2d(rows))
        if activations is None:
            activations = np.random.default_rng(int(1e6 * abs(rows.sum()))).random((len(frames.rows), *GRID))
        return frames, self.forecast.step(frames, activations.astype(np.float32), earlier)

    def teach(self, depth: int = ENDLESS, rate: float = 1.0, items: int = 1) -> dict[str, float]:
        return self.forecast.learn(rate, np.full(items, depth))

    @property
    def readout(self) -> dict[str, Any]:
        return self.forecast.state()["predictor"]


def test_the_first_frame_has_a_prediction_and_no_loss() -> None:
    course = Course()
    assert course.forecast.expected is None
    _, published = course.show(waves(1))
    assert set(published) == {"prediction"}
    assert published["prediction"].dtype == np.float32
    assert published["prediction"].tolist() == [[0.0] * FEATURES]
    assert course.forecast.expected is not None
    assert course.teach() == {}


def test_several_frames_are_judged_one_by_one() -> None:
    course, frames = Course(), waves(7)
    course.show(frames[0])
    course.teach()
    _, published = course.show(frames[1:4])
    course.teach(items=3)
    expected = course.forecast.expected
    _, following = course.show(frames[4:7])
    guesses = np.stack([expected, *following["prediction"][:2]])
    assert float(following["loss"]) == pytest.approx(float(((guesses - frames[4:7]) ** 2).mean()), rel=1e-5)
    assert float(following["persistence"]) == pytest.approx(float(((frames[3:6] - frames[4:7]) ** 2).mean()), rel=1e-5)
    assert published["prediction"].shape == (3, FEATURES)


def test_the_units_share_one_vote() -> None:
    """Only which units are active matters, and not how much all of them are."""
    for scale in (1.0, 0.1):
        one = Course()
        shown = np.random.default_rng(1).random((1, *GRID)) * scale
        one.show(waves(1), activations=shown)
        features = one.forecast.state()["waiting"][0][2 * FEATURES:]
        assert features.sum() == pytest.approx(np.sqrt(36.0), rel=1e-5)
    without = Course(prediction={"units": False})
    without.show(waves(1))
    assert len(without.forecast.state()["waiting"][0]) == 2 * FEATURES


def test_frames_before_the_last_are_predicted_from_the_earlier_response() -> None:
    course = Course(FakeResponse())
    course.response.features = np.array([3.0, 4.0])
    course.show(waves(1), earlier=np.array([1.0, 2.0]))
    assert course.forecast.state()["waiting"][0][-2:].tolist() == [3.0, 4.0]
    course.response.features = np.array([5.0, 6.0])
    course.show(waves(4)[1:], earlier=np.array([3.0, 4.0]))
    assert course.forecast.state()["waiting"][0][-2:].tolist() == [5.0, 6.0]
    assert course.forecast.state()["last"][0][-2:].tolist() == [3.0, 4.0]


@pytest.mark.parametrize("depth, learns", [(0, False), (3, False), (4, True), (5, True), (ENDLESS, True)])
def test_a_lesson_needs_its_frames(depth: int, learns: bool) -> None:
    course, frames = Course(prediction={"block": 8}), waves(8)
    for frame in frames:
        course.show(frame)
    course.teach(depth)
    assert len(course.readout["rows"]) == learns


@pytest.mark.parametrize("depth, joins", [(4, False), (5, True), (ENDLESS, True)])
def test_a_response_is_held_against_the_one_before_unless_there_is_a_gap(depth: int, joins: bool) -> None:
    course = Course(FakeResponse(), prediction={"coherence": 0.3})
    for place, frame in enumerate(waves(8)):
        course.response.features = np.array([place, place ** 2], float)
        course.show(frame, earlier=np.zeros(2))
    course.teach(depth)  # nothing was learned before, so that the errors ask for nothing
    ((gradient, _),) = course.response.taught
    change = np.array([6.0 - 5.0, 36.0 - 25.0]) if joins else np.zeros(2)
    np.testing.assert_allclose(gradient, 2 * 0.3 / 2 * change)


def test_a_step_that_is_not_learned_is_never_learned() -> None:
    course, frames = Course(prediction={"block": 99}), waves(8)
    for frame in frames[:7]:
        course.show(frame)
    course.show(frames[7])
    course.teach()
    targets = course.readout["targets"]
    assert len(targets) == 1
    np.testing.assert_array_equal(targets[0][:FEATURES], frames[7].astype(float))
    course.teach(items=0)
    assert len(course.readout["targets"]) == 1


def test_the_rate_is_how_much_a_frame_counts() -> None:
    course = Course(prediction={"block": 99})
    for frame, rate in zip(waves(4), (1.0, 1.0, 0.5, 2.0), strict=True):
        course.show(frame)
        course.teach(rate=rate)
    assert course.readout["counts"] == [1.0, 0.5, 2.0]


def test_the_response_is_taught_the_mean_gradient_of_the_tick_by_the_weights_before_it() -> None:
    course = Course(FakeResponse(), prediction={"rate": 0.01})
    for frame in waves(12):
        course.response.features = np.random.default_rng(int(1e6 * abs(frame.sum()))).normal(size=2)
        course.show(frame, earlier=np.zeros(2))
        course.teach()
    course.response.taught.clear()
    weights = course.readout["learner"]["weights"]
    lessons = []
    course.show(waves(15)[12:], earlier=course.response.features)
    lessons = [pair for pair in course.forecast._lessons if pair is not None]
    wanted = np.mean([course.forecast._predictor.gradient(*pair)[-2:] for pair in lessons], axis=0)
    assert course.teach(rate=0.5, items=3) == {"kernel_gradient": 1.5}
    ((gradient, rate),) = course.response.taught
    assert len(lessons) == 3
    assert rate == pytest.approx(0.005)
    np.testing.assert_array_equal(gradient, wanted)
    assert not np.array_equal(weights, course.readout["learner"]["weights"])


def test_without_a_rate_the_response_is_not_taught() -> None:
    course = Course(FakeResponse(), prediction={"rate": 0.0})
    for frame in waves(4):
        course.show(frame, earlier=np.zeros(2))
        assert course.teach() == {}
    assert course.response.taught == []


def test_it_goes_on_from_its_state() -> None:
    whole, part, frames = Course(prediction={"block": 4}), Course(prediction={"block": 4}), waves(20)
    for index, frame in enumerate(frames):
        if index == 9:
            part.forecast.load_state(whole.forecast.state())
            part.memory.load_state(whole.memory.state())
        for course in (whole, part)[:1 + (index >= 9)]:
            course.show(frame)
            course.teach()
    assert trees_equal(whole.forecast.state(), part.forecast.state())


@pytest.mark.slow
def test_with_coherence_the_kernels_make_slower_features() -> None:
    """Slower in themselves, and as a share of how much they vary at all: they have not just become smaller."""
    from aura.sim.readers.digits import DigitsReader

    frames = DigitsReader(8).rows(np.arange(300))["image"].reshape(300, 64)
    changes, shares = [], []
    for coherence in (0.0, 3.0):
        bench, features = Bench(seed=1, prediction={"coherence": coherence, "rate": 0.01}), []
        response = bench.fabric._response
        assert response is not None
        for frame in frames:
            bench.tick(frame)
            features.append(response.features.copy())
        late = np.array(features[200:])
        changes.append(np.square(np.diff(late, axis=0)).mean())
        shares.append(changes[-1] / late.var(axis=0).mean())
    assert changes[1] < 0.75 * changes[0]
    assert shares[1] < 0.95 * shares[0]


@pytest.mark.slow
def test_kernels_that_decay_end_at_zero_and_not_among_denormal_numbers() -> None:
    bench = Bench(prediction={"rate": 1e-25})
    bench.play(waves(10))
    assert bench.fabric._response is not None
    kernels = bench.fabric._response._convolution.kernels
    kernels[..., 0] = 1e-38
    bench.play(waves(4, seed=1))
    assert bench.scalars["kernel_gradient"] > 0.0
    assert not kernels[..., 0].any()
    assert kernels[..., 1].all()
