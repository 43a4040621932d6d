"""The views: what a person sees of one neuron is what the population holds, and what is put in arrives."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest

from aura.core.errors import ParameterError
from aura.zones.fabric.channels import CHANNELS
from aura.zones.fabric.params import TissueParams
from aura.zones.fabric.tissue.circuit import Circuit
from aura.zones.fabric.tissue.workers import Workers
from aura.zones.fabric.views import NeuronGrid


@pytest.fixture(scope="module")
def made():
    circuit = Circuit(TissueParams(), (2, 2, 3), np.random.default_rng(0), Workers())
    circuit.slot()
    return circuit, deepcopy(circuit.state())


@pytest.fixture
def circuit(made):
    """A circuit after its first slot, for each test as new."""
    circuit, state = made
    circuit.load_state(deepcopy(state))
    return circuit


def test_a_neuron_is_found_by_its_place_and_shows_what_the_population_holds(circuit):
    circuit.population.injected[7] = 1.0
    for _ in range(4):
        circuit.slot()
    neuron = NeuronGrid(circuit)[1, 0, 1]
    assert len(NeuronGrid(circuit)) == 12
    assert neuron.voltage == circuit.population.soma_mv[7] != circuit.population.soma_mv[6]
    cable = circuit.population.cable
    for dendrite, view in enumerate(neuron.dendrites):
        nodes = [cable.node(dendrite + 1, segment) for segment in range(2)]
        np.testing.assert_array_equal(view.voltage, circuit.population.read("v", nodes)[:, 7])
        np.testing.assert_array_equal(view.calcium, circuit.population.read("ca", nodes)[:, 7])
    assert len(neuron.dendrites) == 2


def test_a_channel_shows_gates_conductance_and_current(circuit):
    neuron = NeuronGrid(circuit)[0, 0, 0]
    state = neuron.ion_channels["sodium"].current_state
    m, h, v = state["gates"]["m"][0], state["gates"]["h"][0], neuron.voltage
    assert 0.0 < m < 0.2
    full = 0.12 * 1e-2 * np.pi * 20.0 * 20.0  # S/cm2 over the soma's area, in uS
    assert state["conductance_us"][0] == pytest.approx(full * m**3 * h, rel=1e-6)
    assert state["current_na"][0] == pytest.approx(state["conductance_us"][0] * (v - 50.0), rel=1e-6)
    assert "calcium" not in neuron.ion_channels
    assert "calcium" in neuron.dendrites[0].ion_channels
    shown = neuron.dendrites[0].ion_channels["calcium_potassium"].current_state
    assert shown["gates"]["z"].shape == (2,)
    assert set(neuron.dendrites[0].ion_channels) <= set(CHANNELS)


def test_an_input_opens_the_receptors_of_its_segment_alone(circuit):
    grid = NeuronGrid(circuit)
    grid[0, 1, 2].add_synaptic_input(1, 1, weight=0.002, activation=0.5)
    grid[0, 0, 1].add_synaptic_input(0, 0, weight=0.02, kind="inhibitory")
    before = [grid[place].dendrites[d].voltage for place in ((0, 1, 2), (0, 0, 1), (1, 1, 1)) for d in (0, 1)]
    for _ in range(4):
        circuit.slot()
    after = [grid[place].dendrites[d].voltage for place in ((0, 1, 2), (0, 0, 1), (1, 1, 1)) for d in (0, 1)]
    change = [now - was for now, was in zip(after, before, strict=True)]
    assert change[1][1] > change[1][0] > change[0][1] > 0.05  # the segment, its neighbour, the other dendrite
    assert change[2][0] < -0.5
    assert np.abs(change[4]).max() < 0.1


def test_a_strong_input_makes_a_hotspot(circuit):
    neuron = NeuronGrid(circuit)[1, 1, 1]
    assert neuron.dendrites[0].hotspots == []
    neuron.add_synaptic_input(0, 1, weight=0.2)
    seen = []
    for _ in range(6):
        circuit.slot()
        seen.append(neuron.dendrites[0].hotspots)
    assert any(1 in hot for hot in seen)


@pytest.mark.slow
def test_an_input_that_waits_survives_a_resume(circuit):
    twin = Circuit(TissueParams(), (2, 2, 3), np.random.default_rng(0), Workers())
    NeuronGrid(circuit)[0, 0, 0].add_synaptic_input(0, 0, 0.01)
    twin.load_state(circuit.state())
    for tissue in (circuit, twin):
        for _ in range(5):
            tissue.slot()
    np.testing.assert_array_equal(circuit.population.voltage_mv, twin.population.voltage_mv)


def test_a_channel_that_is_not_there_is_missing_as_from_any_mapping(circuit):
    channels = NeuronGrid(circuit)[0, 0, 0].ion_channels
    assert channels.get("calcium") is None
    with pytest.raises(KeyError) as caught:
        channels["sodum"]
    assert str(caught.value).startswith("fabric.neurons.ion_channels: expected a channel")
    assert dict(channels)["sodium"] == channels["sodium"]


def test_dendrites_are_a_sequence_as_any_other(circuit):
    grid = NeuronGrid(circuit)
    dendrites = grid[0, 0, 0].dendrites
    assert [dendrites.index(dendrite) for dendrite in dendrites] == [0, 1]
    assert list(reversed(dendrites)) == [dendrites[1], dendrites[0]]
    assert grid[0, 0, 1].dendrites[0] not in dendrites
    assert len({dendrites[0], dendrites[0], dendrites[1]}) == 2
    with pytest.raises(IndexError):
        dendrites[2]


def test_the_grid_lists_its_neurons_in_the_order_of_their_cells(circuit):
    grid = NeuronGrid(circuit)
    neurons = list(grid)
    assert len(set(neurons)) == len(neurons) == 12
    assert neurons == [grid[i, j, k] for i in range(2) for j in range(2) for k in range(3)]
    assert neurons[0] != neurons[1]


@pytest.mark.parametrize(("ask", "message"), [
    (lambda grid: grid[2, 0, 0], r"neurons\[i\]: expected an index from 0 to 1, got 2"),
    (lambda grid: grid[0, -1, 0], r"neurons\[j\]: expected an index from 0 to 1, got -1"),
    (lambda grid: grid[0, 0], "three indices"),
    (lambda grid: grid[0, 0, 0].dendrites[2], r"dendrites: expected an index from 0 to 1, got 2"),
    (lambda grid: grid[0, 0, 0].ion_channels["sodum"], "Try 'sodium'"),
    (lambda grid: grid[0, 0, 0].add_synaptic_input(0, 5, 0.1), "segment_idx: expected an index from 0 to 1, got 5"),
    (lambda grid: grid[0, 0, 0].add_synaptic_input(0, 0, -0.1),
     r"add_synaptic_input\.weight: expected a finite number, 0 uS or more, got -0.1 uS. To inhibit, say kind="),
    (lambda grid: grid[0, 0, 0].add_synaptic_input(0, 0, float("nan")),
     r"add_synaptic_input\.weight: expected a finite number, 0 uS or more, got nan uS$"),
    (lambda grid: grid[0, 0, 0].add_synaptic_input(0, 0, 1e39), r"at most 3.4e\+38 uS, got 1e\+39 uS$"),
    (lambda grid: grid[0, 0, 0].add_synaptic_input(0, 0, 1e30, 1e30), "weight times activation of at most"),
    (lambda grid: grid[0, 0, 0].add_synaptic_input(0, 0, -0.1, -1.0), r"weight: .* -0.1 uS"),
    (lambda grid: grid[0, 0, 0].add_synaptic_input(0, 0, 0.1, -1.0), r"activation: .*got -1. To inhibit"),
    (lambda grid: grid[0, 0, 0].add_synaptic_input(0, 0, 0.0, float("inf")), r"activation: .* 0 or more, got inf$"),
    (lambda grid: grid[0, 0, 0].add_synaptic_input(0, 0, "x"), r"weight: .*number, 0 uS or more, got 'x'$"),
    (lambda grid: grid[0, 0, 0].add_synaptic_input(0, 0, None), r"weight: expected a finite number.*got None$"),
    (lambda grid: grid[0, 0, 0].add_synaptic_input(0, 0, [0.1]), r"weight: expected a finite number.*got \[0.1\]$"),
    (lambda grid: grid[0, 0, 0].add_synaptic_input(0, 0, 0.1, "x"), r"activation: expected a finite number.*got 'x'$"),
])
def test_what_is_not_there_is_named(circuit, ask, message):
    with pytest.raises(ParameterError, match=message):
        ask(NeuronGrid(circuit))
