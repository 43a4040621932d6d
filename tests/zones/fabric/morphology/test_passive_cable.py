"""The cable equation on the cable, solved densely, against the analytic solutions."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from tests.zones.fabric.morphology import reference_cable as reference
from tests.zones.fabric.morphology.reference_cable import STICK, PassiveStick, simulate_densely

crank_nicolson = partial(simulate_densely, implicitness=0.5)


def test_25_segments_attenuate_as_theory_says() -> None:
    assert reference.attenuation_error(simulate_densely) < 0.005
    assert reference.input_resistance_error(simulate_densely) < 0.005


def test_25_segments_have_the_time_constants_of_theory() -> None:
    assert reference.time_constant_error(simulate_densely) < 0.005
    assert reference.time_constant_error(crank_nicolson, mode=1) < 0.005
    assert reference.time_constant_error(crank_nicolson, mode=2) < 0.005


def test_the_whole_step_response_is_that_of_theory() -> None:
    assert reference.step_response_error(simulate_densely) < 0.005
    assert reference.step_response_error(crank_nicolson) < 0.001


def test_the_order_in_space_is_two() -> None:
    assert reference.order_in_space(simulate_densely) == pytest.approx(2.0, abs=0.05)


def test_the_order_in_time_is_one_for_implicit_euler_and_two_for_crank_nicolson() -> None:
    assert reference.order_in_time(simulate_densely) == pytest.approx(1.0, abs=0.05)
    assert reference.order_in_time(crank_nicolson) == pytest.approx(2.0, abs=0.05)


@pytest.mark.slow
def test_a_solver_with_a_wrong_conductance_is_found_out() -> None:
    def leaky(*args: object, **options: object) -> np.ndarray:
        return simulate_densely(*args, **{**options, "leak_s_cm2": 2.2e-4})  # type: ignore[arg-type]

    assert reference.attenuation_error(leaky) > 0.01
    assert reference.time_constant_error(leaky) > 0.01
    assert reference.step_response_error(leaky) > 0.01
    assert abs(reference.order_in_space(leaky) - 2.0) > 0.5


def test_theory_agrees_with_itself() -> None:
    # The stick's numbers by hand: 1 uF/cm2 / 0.2 mS/cm2 = 5 ms; (2e-4 cm x 5000 ohm cm2 / 400 ohm cm)^(1/2) = 0.05 cm.
    assert STICK.time_constant_ms == pytest.approx(5.0)
    assert STICK.length_constant_um == pytest.approx(500.0)
    assert STICK.equalising_time_constant_ms(0) == STICK.time_constant_ms
    places = np.linspace(0.0, STICK.length_um, 7)
    late = STICK.step_response_mv(places, np.array([40.0 * STICK.time_constant_ms]))[0]
    early = STICK.step_response_mv(places[1:], np.array([1e-3]))[0]
    assert late == pytest.approx(STICK.steady_state_mv(places))
    assert STICK.steady_state_mv(places)[0] == pytest.approx(STICK.input_resistance_mohm)
    assert np.abs(early).max() < 1e-3 * STICK.input_resistance_mohm
    endless = PassiveStick(length_um=10_000.0)
    assert endless.input_resistance_mohm == pytest.approx(endless.infinite_resistance_mohm)


def test_the_exact_solution_in_time_ends_in_the_steady_state() -> None:
    cable, injected = STICK.cable(12), np.linspace(0.0, 1.0, 12)
    found = reference.exact_in_time(cable, capacitance_uf_cm2=1.0, leak_s_cm2=2e-4, injected_na=injected,
                                    times_ms=np.array([0.0, 500.0]))
    assert found[0].tolist() == [0.0] * 12
    assert found[1] == pytest.approx(reference.steady_state(cable, 2e-4, injected))
