"""The nonlinearity against one that is computed unit by unit, and the properties that its response is to have."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from aura.core.errors import ParameterError, StateError
from aura.core.state import trees_equal
from aura.zones.fabric.learning.nonlinearity import BiologicalNonlinearity
from aura.zones.fabric.learning.response_params import NonlinearityParams

from .naive_responses import NaiveUnit

SHAPE = (3, 2, 4)


def units(shape: tuple[int, ...] = SHAPE, *, dt_ms: float = 0.5, dtype: Any = np.float64,
          **params: float) -> BiologicalNonlinearity:
    return BiologicalNonlinearity(NonlinearityParams(**params), shape, dt_ms=dt_ms, dtype=dtype)


def drives(count: int, seed: int = 0, shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    """Return drives in mV that wander below and above the threshold."""
    rng = np.random.default_rng(seed)
    return 20 + 15 * rng.normal(size=shape) + 15 * rng.normal(size=(count, *shape))


@pytest.mark.parametrize("dt_ms", [0.1, 0.5, 2.0])
def test_the_response_equals_that_of_units_computed_one_by_one(dt_ms: float) -> None:
    params = NonlinearityParams(refractory_ms=3 * dt_ms, adaptation_ms=40.0)
    made = BiologicalNonlinearity(params, SHAPE, dt_ms=dt_ms, dtype=np.float64)
    naive = [NaiveUnit(params, dt_ms) for _ in range(np.prod(SHAPE))]
    silent = 0
    for drive in drives(200):
        expected = [unit.forward(x) for unit, x in zip(naive, drive.ravel(), strict=True)]
        response = made.forward(drive)
        assert response.ravel() == pytest.approx(expected, abs=1e-12)
        silent += int((response == 0).sum())
    assert silent > 100


def test_in_single_precision_the_response_is_nearly_that_in_double() -> None:
    one, other = units(dtype=np.float32), units()
    for drive in drives(20):
        response = one.forward(drive)
        assert response.dtype == np.float32
        assert response == pytest.approx(other.forward(drive), abs=1e-5)


@settings(max_examples=50)
@given(st.integers(0, 2 ** 32 - 1), st.sampled_from([np.float32, np.float64]),
       st.floats(0.1, 5), st.floats(1, 50), st.floats(-30, 30), st.floats(1, 20))
def test_the_response_is_bounded_and_increases_with_the_drive_in_any_state(
        seed: int, dtype: Any, gain: float, scale_mv: float, v_half_mv: float, slope_mv: float) -> None:
    params = {"gain": gain, "scale_mv": scale_mv, "v_half_mv": v_half_mv, "slope_mv": slope_mv}
    made = units((41,), dtype=dtype, **params)
    for drive in drives(5, seed, (1,)):
        made.forward(np.broadcast_to(drive, (41,)))
    ladder = np.concatenate([[-1e30, -1e4], np.linspace(-200, 200, 37), [1e4, 1e30]])
    response = made.forward(ladder)
    assert np.isfinite(response).all()
    assert np.abs(response).max() <= gain * (1 + 1e-6)
    assert (np.diff(response) >= 0).all()


@pytest.mark.parametrize("refractory_ms, dt_ms, steps", [(2.0, 0.1, 20), (2.0, 0.5, 4), (2.0, 0.3, 7), (0.0, 0.5, 0),
                                                         (2.0, 5.0, 1), (0.3, 0.1, 3)])
def test_a_unit_that_crossed_is_silent_exactly_as_long(refractory_ms: float, dt_ms: float, steps: int) -> None:
    made = units((2,), dt_ms=dt_ms, refractory_ms=refractory_ms, adaptation_mv=30.0)
    keeps = np.exp(-dt_ms / made.params.membrane_ms)
    to_25_mv = 1 + 24 / (1 - keeps)  # the drive that lifts v from 1 mV to 25 mV in one step
    made.membrane_mv[:] = 1.0
    heard = [made.forward([to_25_mv if step == 3 else 1.0, 1.0]) for step in range(3 + steps + 10)]
    silent = [step for step, response in enumerate(heard) if response[0] == 0]
    assert silent == list(range(4, 4 + steps))
    assert all(response[1] != 0 for response in heard)


def test_a_steady_drive_is_answered_ever_more_rarely() -> None:
    made = units((1,), dt_ms=1.0)
    crossings = [step for step in range(1000) if made.forward([30.0])[0] == 0 and made.refractory_steps[0] == 1]
    gaps = np.diff(crossings)
    assert gaps[0] < 10
    # In the steady state a falls by as much as a crossing adds: 2 mV * 200 ms / (30 - 19) mV = 36 ms between them.
    assert 33 <= gaps[-5:].mean() <= 40


def test_adaptation_raises_the_threshold() -> None:
    fresh, adapted = units((1,)), units((1,))
    adapted.adaptation_mv[:] = 5.0
    for made in (fresh, adapted):
        for _ in range(200):
            made.forward([22.0])
    assert fresh.adaptation_mv[0] > 0
    assert adapted.adaptation_mv[0] == pytest.approx(5 * np.exp(-100 / 200))


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_everything_decays_to_exactly_nothing(dtype: Any) -> None:
    made = units((2,), dtype=dtype, dt_ms=1.0)
    for _ in range(100):
        made.forward([80.0, -80.0])
    tiny = np.finfo(dtype).tiny
    for _ in range(10_000):
        made.forward([0.0, 0.0])
        for trace in (made.membrane_mv, made.adaptation_mv):
            assert ((trace == 0) | (np.abs(trace) >= tiny)).all()
    assert not made.membrane_mv.any()
    assert not made.adaptation_mv.any()
    assert not made.refractory_steps.any()


def test_the_gradient_is_the_derivative_of_the_response_within_the_step() -> None:
    made = units(dt_ms=0.5)
    for drive in drives(30):
        made.forward(drive)
    state, drive = made.state(), drives(1, seed=5)[0]
    responses = []
    for step in (1e-5, -1e-5):
        made.load_state(state)
        responses.append(made.forward(drive + step))
    made.load_state(state)
    made.forward(drive)
    upstream = np.random.default_rng(6).normal(size=SHAPE)
    expected = upstream * (responses[0] - responses[1]) / 2e-5
    assert made.gradient(upstream) == pytest.approx(expected, abs=1e-9)
    assert (made.gradient(upstream) == 0).any()


def test_state_continues_to_the_same_bits_the_gradient_too() -> None:
    made, other = units(dtype=np.float32), units(dtype=np.float32)
    for drive in drives(50):
        made.forward(drive)
    other.load_state(made.state())
    assert np.array_equal(made.gradient(np.ones(SHAPE)), other.gradient(np.ones(SHAPE)))
    for drive in drives(50, seed=1):
        assert np.array_equal(made.forward(drive), other.forward(drive))
    assert trees_equal(made.state(), other.state())


@pytest.mark.parametrize("dt_ms", [0.0, -1.0, float("nan"), float("inf")])
def test_a_step_that_is_no_time_is_refused(dt_ms: float) -> None:
    with pytest.raises(ParameterError, match="dt_ms"):
        units(dt_ms=dt_ms)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ParameterError, match="drive"):
        units().forward(np.zeros(5))
    with pytest.raises(ParameterError, match="upstream"):
        units().gradient(np.zeros(5))
    with pytest.raises(ParameterError, match="dtype"):
        units(dtype=np.int64)
    with pytest.raises(StateError, match="membrane_mv"):
        units().load_state(units((2,)).state())
    with pytest.raises(ValidationError):
        NonlinearityParams(membrane_ms=0.0)
