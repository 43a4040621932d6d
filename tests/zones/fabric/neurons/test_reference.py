"""The population against published simulators, an ODE solver and itself."""

from __future__ import annotations

import numpy as np
import pytest

from aura.zones.fabric.channels import CHANNELS, CalciumPool
from aura.zones.fabric.morphology.discretise import discretise
from aura.zones.fabric.morphology.tree import ball_and_sticks, point_neuron
from aura.zones.fabric.neurons.membrane import Membrane, Placement
from aura.zones.fabric.neurons.population import Population
from tests.zones.fabric.reference import reference_point_neuron

AREA_UM2 = 1000.0
POINT = discretise(point_neuron(area_um2=AREA_UM2), 100.0)
NA_PER_UA_CM2 = 1e-5 * AREA_UM2
"""1 uA/cm² = 1e-5 nA/um²."""


@pytest.mark.parametrize("current, expected, end_mv", [(0.5, [2.448, 23.242], -59.347),
                                                       (1.0, [1.466, 15.390, 28.981], None)])
@pytest.mark.parametrize("dtype, tolerance_ms", [pytest.param("float64", 0.01, marks=pytest.mark.slow),
                                                 ("float32", {0.5: 0.15, 1.0: 0.01})])
def test_spikes_of_25_compartments_are_those_of_neuron_brian2_and_jaxley(squid, current, expected, end_mv, dtype,
                                                                         tolerance_ms):
    """Times: NEURON 9.0.2 with exact rates, Brian2 2.9.0 and Jaxley 0.14.0, which agree to 3 decimals."""
    cells = Population(discretise(ball_and_sticks(), 100.0), squid, 3, dt_ms=0.025, dtype=dtype)
    cells.injected[:] = current
    spikes = cells.advance(4000)
    tolerance = tolerance_ms[current] if isinstance(tolerance_ms, dict) else tolerance_ms
    for cell in range(3):
        times = spikes.time_ms[spikes.cell == cell]
        np.testing.assert_allclose(times[:len(expected)], expected, atol=tolerance)
        if end_mv is not None:
            assert len(times) == len(expected)
            assert cells.soma_mv[cell] == pytest.approx(end_mv, abs=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("current_ua_cm2", [8.0, 10.0, 20.0])
def test_the_squid_axon_fires_when_an_ode_solver_says(squid, current_ua_cm2):
    channels = [placement.channel for placement in squid.placements]
    reference = reference_point_neuron(channels, current_ua_per_cm2=current_ua_cm2, duration_ms=100.0)
    found = {}
    for dt_ms in (0.002, 0.001):
        cell = Population(POINT, squid, 1, dt_ms=dt_ms, dtype="float64")
        cell.injected[:] = current_ua_cm2 * NA_PER_UA_CM2
        found[dt_ms] = cell.advance(round(100.0 / dt_ms)).time_ms
        assert len(found[dt_ms]) == len(reference.spikes)
    # The scheme is of first order: twice the finer minus the coarser has no error of first order left.
    np.testing.assert_allclose(2 * found[0.001] - found[0.002], reference.spikes, atol=0.01)


@pytest.mark.slow
def test_the_error_falls_with_the_first_power_of_the_step(squid):
    channels = [placement.channel for placement in squid.placements]
    last = reference_point_neuron(channels, current_ua_per_cm2=10.0, duration_ms=50.0).spikes[-1]
    steps, errors = [0.04, 0.02, 0.01, 0.005], []
    for dt_ms in steps:
        cell = Population(POINT, squid, 1, dt_ms=dt_ms, dtype="float64")
        cell.injected[:] = 10.0 * NA_PER_UA_CM2
        errors.append(abs(cell.advance(round(50.0 / dt_ms)).time_ms[-1] - last))
    order = np.polyfit(np.log(steps), np.log(errors), 1)[0]
    assert order == pytest.approx(1.0, abs=0.15)


@pytest.mark.slow
def test_the_rate_rises_with_the_current_from_rheobase_on(squid):
    currents = np.arange(0.0, 60.0, 2.0)
    cells = Population(POINT, squid, len(currents), dt_ms=0.025, dtype="float64")
    cells.injected[:] = currents * NA_PER_UA_CM2
    cells.advance(4000)  # what a step of current sets off is over
    spikes = cells.advance(40000)
    rate = np.bincount(spikes.cell, minlength=len(currents))
    rheobase = int(np.argmax(rate > 0))
    assert 2 < rheobase < 10
    assert (rate[:rheobase] == 0).all()
    assert (np.diff(rate[rheobase:]) >= 0).all()
    assert rate[-1] > rate[rheobase]


@pytest.mark.slow
@pytest.mark.parametrize("current_ua_cm2", [0.0, 10.0])
def test_every_channel_follows_its_declaration(current_ua_cm2):
    """Calcium, its pool, the potassium it opens and the NMDA-like conductance, against the ODE solver."""
    names = list(CHANNELS)
    membrane = Membrane(tuple(Placement(CHANNELS[name], {"all": CHANNELS[name].conductance.value}) for name in names),
                        pool=CalciumPool())
    run = reference_point_neuron([CHANNELS[name] for name in names], current_ua_per_cm2=current_ua_cm2,
                                 duration_ms=30.0, pool=CalciumPool())
    traces = {}
    for dt_ms in (0.01, 0.005):
        cell = Population(POINT, membrane, 1, dt_ms=dt_ms, dtype="float64")
        cell.injected[:] = current_ua_cm2 * NA_PER_UA_CM2
        trace = []
        for _ in range(30):
            cell.advance(round(1.0 / dt_ms))
            trace.append([cell.soma_mv[0], cell.read("ca")[0, 0]])
        traces[dt_ms] = np.array(trace)
    extrapolated = 2 * traces[0.005] - traces[0.01]
    times = np.arange(1.0, 31.0)
    v, ca = run.trace("v", times), run.trace("ca", times)
    np.testing.assert_allclose(extrapolated[:, 0], v, atol=0.3)
    np.testing.assert_allclose(extrapolated[:, 1], ca, rtol=0.01)
    assert np.abs(v - v[0]).max() > 0.02
