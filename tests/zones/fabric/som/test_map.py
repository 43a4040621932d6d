"""The map as a whole: that it unfolds, goes on after a stop, and says what is wrong."""

from __future__ import annotations

import math
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura.core.errors import ParameterError, SignalError, StateError
from aura.core.state import trees_equal
from aura.zones.fabric.som.grid import profile
from aura.zones.fabric.som.map import SelfOrganisingMap
from aura.zones.fabric.som.params import Neighbourhood, SomParams
from aura.zones.fabric.tissue.workers import Workers
from tests.zones.fabric.som import naive


def made(shape: tuple[int, int, int] = (6, 5, 1), features: int = 3, *, seed: int = 0, workers: Workers | None = None,
         **params: Any) -> SelfOrganisingMap:
    return SelfOrganisingMap(shape, features, SomParams(**params), np.random.default_rng(seed), workers=workers)


def cube(items: int, features: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).random((items, features)).astype(np.float32)


def streamed(som: SelfOrganisingMap, rows: np.ndarray, block: int) -> list[float]:
    return [som.learn(rows[first:first + block]) for first in range(0, len(rows), block)]


# --- what it becomes ------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["batch", "online"])
@pytest.mark.parametrize("block", [1, 16])
@pytest.mark.parametrize("schedule", ["exponential", "linear", "novelty"])
def test_a_line_comes_to_lie_along_the_data_in_order(rule: str, block: int, schedule: str) -> None:
    som = made((12, 1, 1), 1, rule=rule, schedule=schedule, length=3000, radius_end=0.5, rate_end=0.05)
    streamed(som, cube(4000, 1), block)
    line = som.codebook[:, 0]
    assert (np.diff(line) > 0).all() or (np.diff(line) < 0).all()
    assert line.min() < 0.12
    assert line.max() > 0.88


@pytest.mark.parametrize(("shape", "neighbours"), [((8, 8, 1), 8), ((5, 5, 5), 26)])
@pytest.mark.parametrize("rule", ["batch", "online"])
def test_a_sheet_and_a_block_unfold_in_data_of_their_dimension(shape: tuple[int, int, int], neighbours: int,
                                                               rule: str) -> None:
    dimensions = sum(side > 1 for side in shape)
    som = made(shape, dimensions, rule=rule, length=6000, radius_end=0.6)
    streamed(som, cube(8000, dimensions), 16)
    fresh = cube(2000, dimensions, seed=9)
    assert som.topographic_error(fresh, neighbours) < 0.05
    assert som.quantisation_error(fresh) < 0.75 / shape[0]
    assert som.get_training_status()["utilisation"] == 1.0


@pytest.mark.slow
def test_a_parameterless_map_unfolds_without_a_clock() -> None:
    # Berglund & Sitte train a square map on a square, as here, with a radius that reaches over all of it at first.
    som = made((8, 8, 1), 2, rule="online", schedule="plsom", radius_start=7.0, radius_end=0.5)
    streamed(som, cube(8000, 2), 1)
    assert som.topographic_error(cube(2000, 2, seed=9)) < 0.1
    assert som.get_training_status()["trained"]


def test_fitting_whole_data_unfolds_too_whatever_their_order() -> None:
    rows = cube(3000, 2)
    for data in (rows, rows[np.argsort(rows[:, 0])]):
        som = made((8, 8, 1), 2, radius_end=0.5)
        errors = som.fit_batch(data, 10)
        assert errors[-1] < 0.5 * errors[0]
        assert som.topographic_error(rows) < 0.05


def test_fitting_in_one_block_is_the_batch_map_by_its_formula() -> None:
    rows = np.random.default_rng(3).standard_normal((150, 3)).astype(np.float32)
    som = made((4, 3, 1), 3, schedule="linear", radius_start=2.0, radius_end=0.8)
    units = None
    for radius in (2.0, 1.4, 0.8):
        if units is None:
            som.fit_batch(rows, 1, blocks=1)  # the first pass begins at random: take it over
            units = som.codebook.astype(float)
            continue
        shares = naive.grid_shares(dict(enumerate(profile("gaussian", radius, 4).astype(float))), som.shape)
        winners = naive.distances(rows, units).argmin(1)
        units = naive.batch(rows.astype(float), winners, shares, np.ones(150))
    som = made((4, 3, 1), 3, schedule="linear", radius_start=2.0, radius_end=0.8)
    som.fit_batch(rows, 3, blocks=1)
    np.testing.assert_allclose(som.codebook, units, atol=1e-4)


@pytest.mark.slow
def test_a_changed_input_opens_the_neighbourhood_and_a_clock_does_not() -> None:
    rows = cube(9000, 2)
    radii = {}
    for schedule in ("exponential", "novelty", "plsom"):
        som = made((6, 6, 1), 2, schedule=schedule, length=3000)
        streamed(som, rows[:6000], 20)
        settled = som.get_training_status()["radius"]
        opened = []
        for first in range(6000, 9000, 20):
            som.learn(rows[first:first + 20] + 3.0)
            opened.append(som.get_training_status()["radius"])
        radii[schedule] = settled, max(opened)
    assert radii["exponential"][0] == radii["exponential"][1] == 0.3
    assert radii["novelty"][1] > 3 * radii["novelty"][0]
    assert radii["plsom"][1] > 1.2 * radii["plsom"][0]


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(rule=st.sampled_from(["batch", "online"]),
       schedule=st.sampled_from(["exponential", "linear", "novelty", "plsom"]),
       neighbourhood=st.sampled_from(get_args(Neighbourhood)), radius=st.floats(0.01, 100.0), end=st.floats(0.01, 1.0),
       rate=st.floats(0.001, 1.0), weight=st.floats(0.0, 1e6), scale=st.sampled_from([1e-12, 1e-3, 1.0, 1e6, 1e12]),
       shape=st.tuples(*[st.integers(1, 4)] * 3), block=st.integers(1, 70), memory=st.integers(1, 100))
def test_whatever_the_parameters_it_stays_among_the_data(rule: str, schedule: str, neighbourhood: str, radius: float,
                                                         end: float, rate: float, weight: float, scale: float,
                                                         shape: tuple[int, int, int], block: int, memory: int) -> None:
    som = made(shape, 2, rule=rule, schedule=schedule, neighbourhood=neighbourhood, radius_start=max(radius, end),
               radius_end=end, rate_start=rate, rate_end=rate, length=100, memory=memory)
    rows = (cube(210, 2) * scale).astype(np.float32)
    for first in range(0, 210, block):
        error = som.learn(rows[first:first + block], rate=weight)
        assert math.isfinite(error)
    if weight > 0.0:
        # Units begin about the mean of the first block, a tenth of its spread away, and then are means of items.
        assert np.abs(som.codebook - rows.mean(0)).max() < 2.0 * scale
    active = som.activation(rows)
    assert ((active >= 0.0) & (active <= 1.0)).all()
    assert np.isfinite(som.distances(rows)).all()


# --- what it says ---------------------------------------------------------------------------------------------------


def test_winners_distances_and_errors_agree() -> None:
    som = made((5, 4, 2), 6)
    rows = cube(300, 6)
    som.learn(rows)
    distances = som.distances(rows)
    winners, nearest = som.nearest(rows)
    assert winners.dtype == np.int32
    assert np.array_equal(winners, som.winners(rows))
    assert np.array_equal(winners, distances.argmin(1))
    np.testing.assert_allclose(nearest, distances.min(1), atol=1e-4)
    assert som.quantisation_error(rows) == pytest.approx(nearest.mean())
    second = np.argsort(distances, axis=1)[:, 1]
    apart = np.abs(som.positions[winners] - som.positions[second]).max(1)
    assert som.topographic_error(rows, 26) == pytest.approx((apart > 1).mean())


def test_activation_is_one_at_the_winner_and_as_declared_elsewhere() -> None:
    som = made((5, 4, 2), 6, sharpness=3.0)
    rows = cube(40, 6)
    som.learn(rows)
    active = som.activation(rows)
    assert active.shape == (40, 5, 4, 2)
    assert active.dtype == np.float32
    squares = naive.distances(rows, som.codebook) ** 2
    squares -= squares.min(1, keepdims=True)
    expected = np.exp(-3.0 * squares / squares.mean(1, keepdims=True))
    np.testing.assert_allclose(active.reshape(40, -1), expected, atol=1e-3)
    assert np.array_equal(active.reshape(40, -1).argmax(1), som.winners(rows))
    assert (active.reshape(40, -1).max(1) == 1.0).all()


def test_activation_of_a_map_of_one_unit_is_one() -> None:
    som = made((1, 1, 1), 2)
    som.learn(cube(5, 2))
    assert som.activation(cube(3, 2)).ravel().tolist() == [1.0, 1.0, 1.0]


def test_it_answers_before_it_has_learned() -> None:
    som = made()
    assert som.activation(cube(2, 3)).shape == (2, 6, 5, 1)
    assert som.get_training_status() == {"trained": False, "utilisation": 0.0, "quantisation_error": 0.0, "items": 0,
                                         "radius": 3.0, "rate": 0.3}


def test_status_tells_how_far_it_has_come() -> None:
    som = made(length=2000)
    errors = streamed(som, cube(1000, 3), 50)
    status = som.get_training_status()
    assert not status["trained"]
    assert status["items"] == 1000
    assert 0.3 < status["radius"] < 3.0
    assert min(errors) < status["quantisation_error"] < max(errors)
    streamed(som, cube(1000, 3), 50)
    assert som.get_training_status()["trained"]
    assert som.get_training_status()["radius"] < 0.32


def test_learning_returns_the_error_before_it() -> None:
    som = made()
    som.learn(cube(100, 3))
    rows = cube(50, 3, seed=4)
    before = som.quantisation_error(rows)
    assert som.learn(rows) == before


def test_at_rate_zero_nothing_changes() -> None:
    som = made()
    som.learn(cube(100, 3))
    before = som.state()
    assert som.learn(cube(50, 3, seed=4), rate=0.0) > 0.0
    assert som.learn(cube(0, 3)) == 0.0
    assert trees_equal(som.state(), before)


@pytest.mark.parametrize("rule", ["batch", "online"])
def test_a_map_that_does_not_learn_stays_around_its_first_item(rule: str) -> None:
    rows = np.random.default_rng(0).normal(size=(400, 3)).astype(np.float32) + np.float32(5.0)
    made = SelfOrganisingMap((4, 3, 1), 3, SomParams(rule=rule, learn=False), np.random.default_rng(1))
    made.learn(rows[:1])
    before = made.codebook.copy()
    error = made.learn(rows[1:])
    assert np.array_equal(made.codebook, before)
    assert error == pytest.approx(made.quantisation_error(rows[1:]))
    assert abs(before.mean() - 5.0) < 3.0


def test_a_lower_rate_learns_less() -> None:
    moved = []
    for rate in (0.1, 1.0):
        som = made(rule="online")
        som.learn(cube(200, 3))
        before = som.codebook.copy()
        som.learn(cube(10, 3, seed=4) + 2.0, rate=rate)
        moved.append(np.abs(som.codebook - before).sum())
    assert moved[0] < 0.3 * moved[1]


def test_the_codebook_cannot_be_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        made().codebook[0] = 1.0


# --- going on, and going on alike -----------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", ["batch", "online"])
@pytest.mark.parametrize("schedule", ["exponential", "linear", "novelty", "plsom"])
@pytest.mark.parametrize("cut", [0, 7])
def test_state_continues_to_the_same_bits(rule: str, schedule: str, cut: int) -> None:
    rows = cube(640, 3)
    one = made(rule=rule, schedule=schedule, length=300)
    streamed(one, rows[:cut * 32], 32)
    other = made(rule=rule, schedule=schedule, length=300, seed=77)
    other.load_state(one.state())
    assert streamed(one, rows[cut * 32:], 32) == streamed(other, rows[cut * 32:], 32)
    assert trees_equal(one.state(), other.state())
    assert np.array_equal(one.activation(rows[:5]), other.activation(rows[:5]))


def test_a_saved_state_does_not_change_with_the_map() -> None:
    som = made()
    som.learn(cube(64, 3))
    saved = som.state()
    units = saved["codebook"]["units"].copy()
    som.learn(cube(64, 3, seed=5))
    assert np.array_equal(saved["codebook"]["units"], units)


def test_the_number_of_threads_changes_no_bit() -> None:
    rows = np.random.default_rng(0).standard_normal((3000, 40)).astype(np.float32)
    states = []
    for threads in (1, 2):
        workers = Workers(threads)
        som = made((12, 10, 1), 40, workers=workers)
        som.fit_batch(rows, 2)
        som.learn(rows[:700])
        states.append(som.state())
        workers.close()
    assert trees_equal(*states)


def test_a_row_has_the_same_answer_alone_and_among_others() -> None:
    som = made((9, 9, 2), 20)
    rows = cube(130, 20)
    som.learn(rows)
    together = som.activation(rows)
    assert all(np.array_equal(som.activation(rows[i:i + 1])[0], together[i]) for i in range(0, 130, 13))


def test_data_far_from_the_origin_are_mapped_as_well_as_others() -> None:
    rows = cube(2000, 2)
    near, far = made((6, 6, 1), 2), made((6, 6, 1), 2)
    near.fit_batch(rows, 5)
    far.fit_batch(rows + 1000.0, 5)
    assert far.quantisation_error(rows + 1000.0) == pytest.approx(near.quantisation_error(rows), rel=0.1)


# --- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [np.zeros((3, 4)), np.zeros(3), np.zeros((2, 3, 1))])
def test_rows_of_another_shape_are_refused(rows: np.ndarray) -> None:
    for call in (made().learn, made().winners, made().activation, made().fit_batch):
        with pytest.raises(SignalError, match="rows of 3 features"):
            call(rows)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1e30])
def test_numbers_that_are_not_finite_are_refused_and_change_nothing(bad: float) -> None:
    som = made()
    som.learn(cube(10, 3))
    before = som.state()
    rows = cube(5, 3)
    rows[2, 1] = bad
    with pytest.raises(SignalError, match="finite"):
        som.learn(rows)
    assert trees_equal(som.state(), before)


def test_no_rows_are_refused_where_an_answer_needs_some() -> None:
    som = made()
    for call in (som.quantisation_error, som.topographic_error, som.fit_batch):
        with pytest.raises(SignalError, match="one row or more"):
            call(np.zeros((0, 3)))


def test_nonsense_arguments_are_refused() -> None:
    with pytest.raises(ParameterError, match="three sides"):
        made((3, 0, 1))
    with pytest.raises(ParameterError, match="three sides"):
        made((3, 3))  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match=r"features: expected at least 1"):
        made(features=0)
    for rate in (-0.1, math.nan, math.inf):
        with pytest.raises(ParameterError, match="from 0 up"):
            made().learn(cube(2, 3), rate=rate)
    with pytest.raises(ParameterError, match="passes"):
        made().fit_batch(cube(5, 3), 0)
    with pytest.raises(ParameterError, match="blocks"):
        made().fit_batch(cube(5, 3), blocks=0)
    with pytest.raises(ParameterError, match="two units"):
        made((1, 1, 1)).topographic_error(cube(3, 3))


def test_the_state_of_another_map_is_refused() -> None:
    with pytest.raises(StateError, match=r"codebook\.units: expected float32 \(30, 3\), got float32 \(25, 3\)"):
        made().load_state(made((5, 5, 1)).state())
