"""The kernel's cable against the analytic solutions, in float64."""

from __future__ import annotations

import numpy as np
import pytest

from aura.zones.fabric.channels import CHANNELS, Quantity
from aura.zones.fabric.morphology.cable import Cable
from aura.zones.fabric.morphology.discretise import discretise
from aura.zones.fabric.morphology.swc import read_swc
from aura.zones.fabric.neurons.membrane import Membrane, Placement
from aura.zones.fabric.neurons.population import Population
from tests.zones.fabric.morphology import cells as reconstructed
from tests.zones.fabric.morphology import reference_cable as reference

LEAK = CHANNELS["leak"].changed(reversal=Quantity(value=0.0, unit="mV"))


def simulate(cable: Cable, *, capacitance_uf_cm2: float, leak_s_cm2: float, injected_na: np.ndarray, dt_ms: float,
             steps: int) -> np.ndarray:
    """The population as a solver of the passive cable, a current into one node."""
    cell = Population(cable, Membrane((Placement(LEAK, {"all": leak_s_cm2}),), capacitance_uf_cm2), 1, dt_ms=dt_ms,
                      initial_mv=0.0, dtype="float64")
    (cell.electrode,) = np.flatnonzero(injected_na)
    cell.injected[:] = injected_na[cell.electrode]
    voltages = np.zeros((steps + 1, len(cable.parent)))
    for step in range(steps):
        cell.advance(1)
        voltages[step + 1] = cell.read("v")[:, 0]
    return voltages


@pytest.mark.slow
def test_25_segments_attenuate_as_theory_says():
    assert reference.attenuation_error(simulate) < 0.005
    assert reference.input_resistance_error(simulate) < 0.005


@pytest.mark.slow
def test_25_segments_have_the_time_constant_of_theory():
    assert reference.time_constant_error(simulate, mode=0) < 0.005


@pytest.mark.slow
def test_the_whole_step_response_is_that_of_theory():
    assert reference.step_response_error(simulate) < 0.005


@pytest.mark.slow
def test_the_order_is_two_in_space_and_one_in_time():
    assert reference.order_in_space(simulate) == pytest.approx(2.0, abs=0.05)
    assert reference.order_in_time(simulate) == pytest.approx(1.0, abs=0.05)


@pytest.mark.slow
def test_a_tapering_branching_cell_has_neurons_voltages(tmp_path):
    """NEURON 9.0.2, see `tests/zones/fabric/morphology/cells.py`."""
    (tmp_path / "cell.swc").write_text(reconstructed.TAPERING_CELL, encoding="utf-8")
    neuron = read_swc(tmp_path / "cell.swc")
    cable = discretise(neuron, reconstructed.AXIAL_RESISTANCE_OHM_CM)
    injected = np.where(np.arange(len(cable.parent)) == cable.soma, reconstructed.CURRENT_NA, 0.0)
    voltage = simulate(cable, capacitance_uf_cm2=reconstructed.CAPACITANCE_UF_CM2, injected_na=injected,
                       leak_s_cm2=reconstructed.LEAK_S_CM2, dt_ms=reconstructed.DT_MS, steps=reconstructed.STEPS)[-1]
    for index, section in enumerate(neuron.sections):
        nodes = [cable.node(index, segment) for segment in range(section.segments)]
        np.testing.assert_allclose(voltage[nodes], reconstructed.NEURON_CELL[section.name][3], rtol=1e-10)
