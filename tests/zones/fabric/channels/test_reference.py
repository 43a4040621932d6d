"""The reference point neuron, made from declarations, against Hodgkin and Huxley's equations written out."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from aura.zones.fabric.channels import CHANNELS, CalciumPool, Channel
from tests.zones.fabric.reference import reference_point_neuron

SQUID = [CHANNELS["sodium"], CHANNELS["potassium"], CHANNELS["leak"]]
AGREE_MS = 1e-6
"""Two solutions of the same equations to 1e-9 each: measured to differ by 2e-13 ms, by 4e-10 ms from one to 1e-12."""


def hodgkin_huxley(_time: float, y: np.ndarray, current: float = 10.0) -> list[float]:
    """Return the derivatives of v, m, h, n: Hodgkin & Huxley 1952 with rest at -65 mV, at 6.3 degC."""
    v, m, h, n = y
    alpha_m = 1.0 if v == -40 else 0.1 * (v + 40) / (1 - math.exp(-(v + 40) / 10))
    alpha_n = 0.1 if v == -55 else 0.01 * (v + 55) / (1 - math.exp(-(v + 55) / 10))
    alpha_h, beta_h = 0.07 * math.exp(-(v + 65) / 20), 1 / (math.exp(-(v + 35) / 10) + 1)
    beta_m, beta_n = 4 * math.exp(-(v + 65) / 18), 0.125 * math.exp(-(v + 65) / 80)
    ionic = 120 * m**3 * h * (v - 50) + 36 * n**4 * (v + 77) + 0.3 * (v + 54.3)
    return [current - ionic, alpha_m * (1 - m) - beta_m * m, alpha_h * (1 - h) - beta_h * h,
            alpha_n * (1 - n) - beta_n * n]


def crossing(_time: float, y: np.ndarray) -> float:
    return float(y[0])


crossing.direction = 1.0  # type: ignore[attr-defined]


def by_hand(duration_ms: float) -> tuple[np.ndarray, float]:
    """Return the spike times and the last potential of the equations as written here."""
    def rest(alpha: float, beta: float) -> float:
        return alpha / (alpha + beta)

    start = [-65.0, rest(2.5 / (math.exp(2.5) - 1), 4.0), rest(0.07, 1 / (math.exp(3.0) + 1)),
             rest(0.1 / (math.exp(1.0) - 1), 0.125)]
    run = solve_ivp(hodgkin_huxley, (0, duration_ms), start, method="DOP853", rtol=1e-9, atol=1e-9, events=crossing)
    return run.t_events[0], float(run.y[0, -1])


@pytest.mark.parametrize("duration_ms, count", [
    (20.0, 2), pytest.param(100.0, 7, marks=pytest.mark.slow)])
def test_the_declared_squid_axon_spikes_when_hodgkin_and_huxleys_does(duration_ms: float, count: int) -> None:
    declared = reference_point_neuron(SQUID, current_ua_per_cm2=10.0, duration_ms=duration_ms)
    spikes, end = by_hand(duration_ms)
    assert len(declared.spikes) == count
    np.testing.assert_allclose(declared.spikes, spikes, rtol=0, atol=AGREE_MS)
    assert declared.end[0] == pytest.approx(end, abs=1e-5)


def test_pieces_of_current_are_met_exactly() -> None:
    run = reference_point_neuron(SQUID, current_ua_per_cm2=[(0.0, 0.0), (2.0, 10.0), (2.0 + 1e-3, 0.0)],
                                 duration_ms=4.0)
    # 10 uA/cm2 for 1 us onto 1 uF/cm2 lift the potential by 0.01 mV.
    before, after = run.trace("v", np.array([2.0, 2.0 + 1e-3]))
    assert after - before == pytest.approx(0.01, rel=1e-3)
    assert len(run.spikes) == 0
    assert np.isfinite(run.states(np.linspace(0, 4, 9))).all()


@pytest.mark.slow
def test_warmth_makes_spikes_faster() -> None:
    times, widths = np.linspace(0, 6, 6001), []
    for temperature_c in (6.3, 16.3):
        run = reference_point_neuron(SQUID, current_ua_per_cm2=[(0.0, 50.0), (1.0, 0.0)], duration_ms=6.0,
                                     temperature_c=temperature_c)
        assert len(run.spikes) == 1
        widths.append(np.ptp(times[run.trace("v", times) > 0]))
    assert widths[1] < 0.6 * widths[0]


def test_a_spike_fills_the_pool_and_calcium_opens_sk() -> None:
    membrane = [*SQUID, CHANNELS["calcium"], CHANNELS["calcium_potassium"]]
    run = reference_point_neuron(membrane, current_ua_per_cm2=[(0.0, 20.0), (2.0, 0.0)], duration_ms=10.0,
                                 pool=CalciumPool())
    times = np.linspace(0, 10, 201)
    calcium = run.trace("ca", times)
    assert len(run.spikes) == 1
    assert calcium[0] == 1e-4
    assert calcium.min() >= 1e-4 * (1 - 1e-6)
    assert 1.5e-4 < calcium.max() < 3e-4
    assert run.trace("calcium_potassium.z", times).max() > 10 * run.trace("calcium_potassium.z", times)[0]


def test_nmda_lets_the_membrane_rest_and_lends_a_plateau_to_a_passive_one() -> None:
    quiet = reference_point_neuron([*SQUID, CHANNELS["nmda"]], current_ua_per_cm2=0.0, duration_ms=30.0)
    assert len(quiet.spikes) == 0
    assert quiet.end[0] == pytest.approx(-65.0, abs=1.0)
    assert plateau(CHANNELS["nmda"].changed(conductance="1e-3 S/cm2")) > -30
    # The leak of the passive membrane over the steepest slope of the block is 4.3e-4 S/cm2.
    assert plateau(CHANNELS["nmda"].changed(conductance="3e-4 S/cm2")) < -70


def test_the_channels_together_leave_calcium_near_rest_in_a_resting_membrane() -> None:
    pool = CalciumPool()
    current = sum(channel.calcium_share * channel.conductance.value * (-65.0 - channel.reversal.value)
                  * float(channel.conductance_fraction(
                      {gate.name: channel.steady_state(gate, -65.0, pool.rest.value) for gate in channel.gates},
                      -65.0, pool.rest.value)) for channel in CHANNELS.values())
    raised = float(pool.derivative(pool.rest.value, current)) * pool.tau.value
    assert 0 < raised < 0.1 * pool.rest.value


def plateau(nmda: Channel) -> float:
    """Return where a passive membrane stays after a pulse has left it, 19 of its time constants later."""
    passive = CHANNELS["leak"].changed(conductance="1e-4 S/cm2", reversal="-80 mV")
    run = reference_point_neuron([passive, nmda], current_ua_per_cm2=[(0.0, 0.0), (5.0, 20.0), (10.0, 0.0)],
                                 duration_ms=200.0, start_mv=-80.0)
    return float(run.end[0])
