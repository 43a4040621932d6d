"""The controller's recurrence is exact, and it holds a softmax's entropy at the set point without winding up."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura.zones.control.params import ControllerOptions
from aura.zones.control.pi_controller import EntropyController, integrated

TICK_S = 0.01


class Softmax:
    """The gate: items with fixed logits, their mean normalised entropy at a temperature."""

    def __init__(self, scale: float, experts: int = 6, items: int = 64) -> None:
        self.logits = scale * np.random.default_rng(5).normal(size=(items, experts))

    def entropy(self, temperature: float) -> float:
        powers = np.exp((self.logits - self.logits.max(axis=1, keepdims=True)) / temperature)
        shares = powers / powers.sum(axis=1, keepdims=True)
        terms = np.where(shares > 0, shares * np.log(np.maximum(shares, 1e-300)), 0.0)
        return float(-terms.sum(axis=1).mean() / math.log(self.logits.shape[1]))


def closed_loop(control: EntropyController, plant: Softmax, seconds: float, temperature: float = 1.0,
                feed_forward: float = 0.0) -> tuple[list[float], list[float]]:
    """Measure the entropy that the temperature of the tick before brought; return entropies and temperatures."""
    entropies, temperatures = [], []
    for _ in range(round(seconds / TICK_S)):
        entropies.append(plant.entropy(temperature))
        control.measure(entropies[-1], feed_forward, TICK_S)
        temperature = math.exp(control.log_temperature(feed_forward))
        temperatures.append(temperature)
    return entropies, temperatures


def euler(value: float, slope: float, low: float, high: float, tracking: float, seconds: float, steps: int) -> float:
    for _ in range(steps):
        value += seconds / steps * (slope + (min(max(value, low), high) - value) / tracking)
    return value


# --- the recurrence -----------------------------------------------------------------------------------------------


def test_within_the_bounds_the_integral_is_the_sum_of_errors() -> None:
    control = EntropyController(ControllerOptions(set_point=0.6, kp=0.3, ki_per_s=0.8))
    entropies = [0.1, 0.5, 0.9, 0.7, 0.2]
    for entropy in entropies:
        control.measure(entropy, 0.0, 0.05)
    total = 0.8 * 0.05 * sum(0.6 - entropy for entropy in entropies)
    assert control.integral == pytest.approx(total)
    assert control.log_temperature(0.2) == pytest.approx(0.2 + 0.3 * 0.4 + total)


def test_beyond_a_bound_the_integral_settles_where_slope_and_tracking_balance() -> None:
    control = EntropyController(ControllerOptions(set_point=1.0, kp=0.0, ki_per_s=2.0, tracking_s=0.5, maximum=5.0))
    control.measure(0.0, 0.0, 1e4)
    assert control.integral == pytest.approx(math.log(5.0) + 2.0 * 0.5)
    assert math.exp(control.log_temperature(0.0)) == pytest.approx(5.0)


@pytest.mark.parametrize("value", [-3.0, -1.0, 0.2, 0.9, 2.5])
@pytest.mark.parametrize("slope", [-2.0, -0.1, 0.0, 0.4, 3.0])
@pytest.mark.parametrize("seconds", [0.0, 0.3, 4.0])
def test_the_integral_is_the_solution_of_its_equation(value: float, slope: float, seconds: float) -> None:
    exact = integrated(value, slope, -1.0, 1.0, 0.7, seconds)
    assert exact == pytest.approx(euler(value, slope, -1.0, 1.0, 0.7, seconds, 4_000), abs=3e-3)


@given(value=st.floats(-20, 20), slope=st.floats(-50, 50), low=st.floats(-5, 5), width=st.floats(0.01, 10),
       tracking=st.floats(0.01, 10), seconds=st.floats(0, 20), parts=st.integers(2, 12))
def test_one_long_span_equals_many_short_ones(value: float, slope: float, low: float, width: float, tracking: float,
                                              seconds: float, parts: int) -> None:
    whole = integrated(value, slope, low, low + width, tracking, seconds)
    pieces = value
    for _ in range(parts):
        pieces = integrated(pieces, slope, low, low + width, tracking, seconds / parts)
    assert whole == pytest.approx(pieces, abs=1e-9)


# --- the loop -----------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("scale", [0.5, 2.0, 8.0])
@pytest.mark.parametrize("set_point", [0.3, 0.6, 0.9])
def test_the_entropy_of_a_softmax_reaches_the_set_point(scale: float, set_point: float) -> None:
    control = EntropyController(ControllerOptions(set_point=set_point, minimum=0.01, maximum=100.0))
    entropies, temperatures = closed_loop(control, Softmax(scale), 40.0)
    assert np.abs(np.array(entropies[-100:]) - set_point).max() < 2e-3
    assert 0.01 < min(temperatures) < max(temperatures) < 100.0


def test_the_loop_does_not_oscillate() -> None:
    control = EntropyController(ControllerOptions(set_point=0.7))
    entropies, _ = closed_loop(control, Softmax(4.0), 15.0)
    crossings = np.count_nonzero(np.diff(np.sign(np.array(entropies) - 0.7)))
    assert crossings <= 1


def test_the_temperature_leaves_its_bound_at_once_after_long_saturation() -> None:
    options = ControllerOptions(set_point=0.6, tracking_s=0.5)
    left = {}
    for tracking_s in (0.5, 1e6):
        control = EntropyController(options.model_copy(update={"tracking_s": tracking_s}))
        for _ in range(50):
            control.measure(0.1, 0.0, 4.0)
        assert math.exp(control.log_temperature(0.0)) == pytest.approx(options.maximum)
        _, temperatures = closed_loop(control, Softmax(2.0), 15.0, temperature=options.maximum)
        left[tracking_s] = TICK_S * np.count_nonzero(np.array(temperatures) > 0.99 * options.maximum)
    assert left[0.5] < 0.5
    assert left[1e6] > 14.9


def test_feed_forward_moves_the_start_and_not_the_end() -> None:
    plant = Softmax(2.0)
    control = EntropyController(ControllerOptions(set_point=0.6))
    assert control.log_temperature(0.5) == pytest.approx(0.5)
    entropies, _ = closed_loop(control, plant, 25.0, feed_forward=0.5)
    assert entropies[-1] == pytest.approx(0.6, abs=2e-3)


@given(entropies=st.lists(st.floats(0, 1), max_size=40), kp=st.floats(0, 1000), ki=st.floats(0, 1000),
       feed_forward=st.floats(-7, 7), seconds=st.floats(0, 1e9), tracking=st.floats(0.01, 1e6))
def test_temperature_and_integral_are_bounded_whatever_is_measured(
        entropies: list[float], kp: float, ki: float, feed_forward: float, seconds: float, tracking: float) -> None:
    options = ControllerOptions(kp=kp, ki_per_s=ki, tracking_s=tracking, minimum=0.5, maximum=3.0)
    control = EntropyController(options)
    for entropy in entropies:
        control.measure(entropy, feed_forward, seconds)
        assert math.log(0.5) <= control.log_temperature(feed_forward) <= math.log(3.0)
        assert abs(control.integral) <= 8.2 + kp + ki * tracking + 1e-6


def test_an_integral_that_fades_ends_at_zero_not_at_a_denormal() -> None:
    control = EntropyController(ControllerOptions(set_point=0.5))
    control.load_state({"integral": 1e-290, "error": 0.0})
    control.measure(0.5, 0.0, 0.01)
    assert control.integral == 0.0
