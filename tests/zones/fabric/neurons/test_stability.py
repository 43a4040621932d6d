"""The bound of the time step, and what it promises."""

from __future__ import annotations

import math

import numpy as np
import pytest

from aura.core.errors import ParameterError
from aura.zones.fabric.channels import CHANNELS, Channel, channel_from_table
from aura.zones.fabric.morphology.discretise import discretise
from aura.zones.fabric.morphology.tree import point_neuron
from aura.zones.fabric.neurons.membrane import Membrane, Placement
from aura.zones.fabric.neurons.population import Population
from aura.zones.fabric.neurons.stability import LARGEST_GATE_STEP, check_step, stability_bound_ms
from tests.zones.fabric.reference import reference_point_neuron

AREA_UM2 = 1000.0
POINT = discretise(point_neuron(area_um2=AREA_UM2), 100.0)
SQUID = tuple(CHANNELS[name] for name in ("sodium", "potassium", "leak"))
# Traub and Miles' currents as in benchmark 3 of Brette et al. 2007, doi:10.1007/s10827-007-0038-6, threshold -63 mV.
TABLES = {
    "na": {"ion": "na", "conductance": "0.1 S/cm2", "reversal": "50 mV", "gates": [
        {"name": "m", "power": 3, "alpha": "0.32 * linoid(v + 50, 4)", "beta": "0.28 * linoid(-(v + 23), 5)"},
        {"name": "h", "alpha": "0.128 * exp(-(v + 46) / 18)", "beta": "4 * sigmoid(v + 23, 5)"}]},
    "k": {"ion": "k", "conductance": "0.03 S/cm2", "reversal": "-90 mV", "gates": [
        {"name": "n", "power": 4, "alpha": "0.032 * linoid(v + 48, 5)", "beta": "0.5 * exp(-(v + 53) / 40)"}]},
    "l": {"ion": "nonspecific", "conductance": "5e-5 S/cm2", "reversal": "-60 mV"}}
TRAUB = tuple(channel_from_table(name, {**table, "temperature": "36 degC"}, "a test") for name, table in TABLES.items())


def membrane(channels: tuple[Channel, ...]) -> Membrane:
    return Membrane(tuple(Placement(channel, {"all": channel.conductance.value}) for channel in channels))


def test_the_bound_is_a_multiple_of_the_fastest_gate():
    """m of the squid closes at 4 exp(35 / 18) = 28 per ms at -100 mV, and opens at less than 0.2."""
    fastest_ms = 1.0 / (4.0 * math.exp(35.0 / 18.0) + 0.1 * 60.0 / (math.exp(6.0) - 1.0))
    assert stability_bound_ms(membrane(SQUID), 6.3) == pytest.approx(LARGEST_GATE_STEP * fastest_ms)
    assert stability_bound_ms(membrane(SQUID), 16.3) == pytest.approx(LARGEST_GATE_STEP * fastest_ms / 3.0)
    assert stability_bound_ms(membrane(SQUID[2:]), 6.3) == math.inf


def test_the_benchmarks_steps_are_allowed():
    check_step(membrane(SQUID), 0.025, 6.3)
    check_step(membrane(TRAUB), 0.1, 36.0)
    check_step(membrane(tuple(CHANNELS.values())), 0.025, 6.3)


def test_a_longer_step_is_refused_with_a_step_that_would_do():
    with pytest.raises(ParameterError, match=r"population.dt_ms: expected at most 0.05958 ms, the bound of the fastest "
                                             r"gate \(m of sodium\), got 0.1 ms. Try 0.05 ms"):
        check_step(membrane(SQUID), 0.1, 16.3)
    with pytest.raises(ParameterError, match=r"Try 0\.005 ms"):
        check_step(membrane(SQUID), 0.025, 37.0)


def test_a_refused_step_is_named_as_its_user_calls_it():
    with pytest.raises(ParameterError, match=r"^fabric\.tissue\.neuron\.dt_ms: expected at most"):
        check_step(membrane(SQUID), 0.1, 16.3, "fabric.tissue.neuron.dt_ms")


@pytest.mark.slow
@pytest.mark.parametrize("channels, temperature_c, current_ua_cm2, duration_ms", [
    (SQUID, 6.3, 10.0, 150.0), (SQUID, 6.3, 30.0, 150.0), (SQUID, 20.0, 20.0, 60.0), (TRAUB, 36.0, 5.0, 100.0)])
def test_up_to_the_bound_cells_fire_as_often_as_they_should_within_5_percent(channels, temperature_c, current_ua_cm2,
                                                                             duration_ms):
    reference = reference_point_neuron(channels, current_ua_per_cm2=current_ua_cm2, duration_ms=duration_ms,
                                       temperature_c=temperature_c)
    bound_ms = math.floor(1e4 * stability_bound_ms(membrane(channels), temperature_c)) * 1e-4
    intervals = {}
    for dt_ms in (bound_ms, 0.5 * bound_ms):
        cell = Population(POINT, membrane(channels), 1, dt_ms=dt_ms, dtype="float64", temperature_c=temperature_c)
        cell.injected[:] = 1e-5 * AREA_UM2 * current_ua_cm2
        trace = []
        for _ in range(round(20.0 / dt_ms)):
            cell.advance(1)
            trace.append(cell.soma_mv[0])
        steps = np.diff(trace)
        alternates = (steps[1:] * steps[:-1] < 0.0) & (np.abs(steps[1:]) > 0.05)
        assert not (alternates[1:] & alternates[:-1]).any()
        cell.reset()
        intervals[dt_ms] = np.diff(cell.advance(round(duration_ms / dt_ms)).time_ms).mean()
    exact = np.diff(reference.spikes).mean()
    assert abs(intervals[bound_ms] / exact - 1.0) < 0.05
    assert abs(intervals[0.5 * bound_ms] / exact - 1.0) < 0.03
