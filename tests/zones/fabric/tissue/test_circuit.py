"""The circuit against the same slots done by hand, and what its parameters make of it."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aura.core.errors import ParameterError
from aura.core.state import trees_equal
from aura.zones.fabric.neurons.population import Population
from aura.zones.fabric.params import FabricParams, TissueParams
from aura.zones.fabric.tissue.cell import membrane_of
from aura.zones.fabric.tissue.circuit import Circuit, _dividing_step, _steps_of
from aura.zones.fabric.tissue.synapses import EXCITATORY, INHIBITORY
from aura.zones.fabric.tissue.workers import Workers

from ..brains import NEURON, small
from ..morphology.cells import TAPERING_CELL

GRID = (3, 3, 4)


def tissue_of(**changes: Any) -> TissueParams:
    params = FabricParams.model_validate(small(tissue=changes)).tissue
    assert params is not None
    return params


def circuit_of(threads: int = 1, grid: tuple[int, int, int] = GRID, **changes: Any) -> Circuit:
    return Circuit(tissue_of(**changes), grid, np.random.default_rng(1), Workers(threads))


def run(circuit: Circuit, slots: int, learning: float = 1.0) -> list[tuple[int, int]]:
    """Return the slot and cell of each spike."""
    return [(slot, int(cell)) for slot in range(slots) for cell in circuit.slot(learning).cell]


def test_a_slot_is_what_its_parts_do_one_by_one() -> None:
    """Spikes wait in a list by the slot in which they are due, synapse by synapse, and open the receptors by hand."""
    circuit = circuit_of(plasticity={"stdp": None, "homeostasis": None}, connectivity={"excitatory_weight_us": 0.0005})
    drive = np.random.default_rng(3).random(36).astype(np.float32)
    circuit.drive[:] = drive
    params, synapses, table = circuit.params, circuit.synapses, circuit.population
    cells = Population(table.cable, table.membrane, 36, dt_ms=0.05, sites=list(table.sites))
    dendrite = [site for site, node in enumerate(cells.sites) if node != cells.cable.soma]
    due: defaultdict[int, list[int]] = defaultdict(list)
    found, wanted = [], []
    for slot in range(60):
        opening = np.zeros((2, len(cells.sites), 36), np.float32)
        for synapse in due[slot]:
            opening[synapses.receptor[synapse], synapses.site[synapse], synapses.target[synapse]] += (
                synapses.weight[synapse])
        opening[EXCITATORY, dendrite[0]] += drive * np.float32(params.drive_us)
        for cell in cells.advance(20, opening).cell:
            wanted.append((slot, int(cell)))
            for synapse in np.flatnonzero(synapses.sources() == cell):
                due[slot + int(synapses.delay[synapse])].append(int(synapse))
        found += [(slot, int(cell)) for cell in circuit.slot().cell]
    assert len(found) > 50
    assert found == wanted
    np.testing.assert_allclose(circuit.population.voltage_mv, cells.voltage_mv, atol=0.01)


def test_excitation_ends_on_dendrites_and_inhibition_on_somata() -> None:
    circuit = circuit_of(neuron={**NEURON, "dendrites": 2, "segments": 2})
    cable, sites = circuit.population.cable, circuit.population.sites
    kinds = np.array([cable.kinds[cable.section[node]] for node in sites])[circuit.synapses.site]
    assert set(kinds[circuit.synapses.receptor == EXCITATORY]) == {"dendrite"}
    assert set(kinds[circuit.synapses.receptor == INHIBITORY]) == {"soma"}


def test_a_point_neuron_takes_everything_at_its_soma() -> None:
    circuit = circuit_of(neuron={**NEURON, "dendrites": 0})
    circuit.drive[:] = 1.0
    assert set(circuit.synapses.site.tolist()) == {0}
    assert len({cell for _, cell in run(circuit, 20)}) == 36


def test_driven_cells_spike_and_others_rest() -> None:
    circuit = circuit_of(connectivity={"peak_ee": 0.0, "peak_ei": 0.0, "peak_ie": 0.0, "peak_ii": 0.0})
    circuit.drive[[3, 8]] = 1.0
    assert {cell for _, cell in run(circuit, 50)} == {3, 8}
    rates = circuit.rates()
    assert (rates > 0).nonzero()[0].tolist() == [3, 8]


@pytest.mark.slow
def test_an_added_input_opens_once_at_the_next_slot() -> None:
    circuit, still = circuit_of(), circuit_of()
    circuit.add_input(EXCITATORY, 1, 5, 0.004)
    circuit.slot()
    still.slot()
    open_ = circuit.population.read("ampa.decay", circuit.population.sites)
    assert np.argwhere(open_ > 0).tolist() == [[1, 5]]
    voltage = circuit.population.voltage_mv - still.population.voltage_mv
    assert voltage[1, 5] > 1.0
    assert not np.delete(voltage, 5, axis=1).any()
    before = float(open_[1, 5])
    circuit.slot()
    assert circuit.population.read("ampa.decay", circuit.population.sites)[1, 5] < before


@pytest.mark.slow
def test_without_learning_no_weight_changes() -> None:
    circuit = circuit_of()
    circuit.drive[:] = np.linspace(0, 1, 36)
    before = circuit.plasticity.weights.copy()
    run(circuit, 60, learning=0.0)
    assert np.array_equal(circuit.plasticity.weights, before)
    run(circuit, 60)
    assert not np.array_equal(circuit.plasticity.weights, before)


@pytest.mark.slow  # a kernel of its own
def test_calcium_is_read_only_when_a_rule_asks_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    channels = {**NEURON["channels"], "calcium": {"dendrite": 3e-5}}
    circuit = circuit_of(neuron={**NEURON, "channels": channels},
                         plasticity={"stdp": None, "homeostasis": None, "calcium": {"interval_ms": 5.0}})
    read: list[str] = []
    original = Population.read

    def counted(self: Population, variable: str, nodes: Any = None) -> Any:
        read.append(variable)
        return original(self, variable, nodes)

    monkeypatch.setattr(Population, "read", counted)
    circuit.drive[:] = 1.0
    run(circuit, 20)
    assert read == ["ca"] * 4
    assert not np.array_equal(circuit.plasticity.weights, circuit.synapses.weight)


@pytest.mark.slow
def test_it_goes_on_from_its_state_with_spikes_and_inputs_under_way() -> None:
    whole, part = circuit_of(), circuit_of()
    whole.drive[:] = np.linspace(0, 1, 36)
    run(whole, 25)
    whole.add_input(EXCITATORY, 1, 5, 0.004)
    part.load_state(whole.state())
    assert run(whole, 40) == run(part, 40)
    assert trees_equal(whole.state(), part.state())


@pytest.mark.slow
def test_threads_change_no_bit(eager_threads: None) -> None:
    one, two = (circuit_of(threads) for threads in (1, 2))
    for circuit in (one, two):
        circuit.drive[:] = np.linspace(0, 1, 36)
    assert run(one, 40) == run(two, 40)
    assert trees_equal(one.state(), two.state())


@pytest.mark.slow  # a kernel of its own
def test_a_reconstructed_cell_takes_no_synapse_on_its_axon(tmp_path: Path) -> None:
    file = tmp_path / "cell.swc"
    file.write_text(TAPERING_CELL, encoding="utf-8")
    circuit = circuit_of(neuron={**NEURON, "swc": str(file)}, grid=(2, 2, 2))
    cable = circuit.population.cable
    assert "axon" in cable.kinds
    assert "axon" not in {cable.kinds[cable.section[node]] for node in circuit.population.sites}
    circuit.drive[:] = 1.0
    assert {cell for _, cell in run(circuit, 40)} == set(range(8))


@pytest.mark.slow
def test_jax_runs_the_same_circuit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The population that a GPU is given, on the CPU: the same spikes, and a state that goes on in either."""
    from aura.zones.fabric.neurons import jax_population

    original = jax_population.JaxPopulation

    def on_cpu(*parts: Any, device: str, **how: Any) -> Any:
        return original(*parts, **how)

    monkeypatch.setattr(jax_population, "JaxPopulation", on_cpu)
    numba = circuit_of()
    jax = Circuit(tissue_of(), GRID, np.random.default_rng(1), Workers(), device="gpu")
    for circuit in (numba, jax):
        circuit.drive[:] = np.linspace(0, 1, 36)
    assert len(run(numba, 30)) > 20
    jax.load_state(numba.state())
    assert run(numba, 30) == run(jax, 30)


# --- the membrane -------------------------------------------------------------------------------------------------


def membrane_with(**channels: Any) -> Any:
    return membrane_of(tissue_of(neuron={**NEURON, "channels": {"replace": True, **channels}}))[0]


TABLE: dict[str, Any] = {"ion": "k", "conductance": "0.01 S/cm2", "reversal": "-90 mV", "temperature": "36 degC",
                         "gates": [{"name": "n", "power": 2, "steady": "sigmoid(v + 20, 9)", "tau": 2.5}]}


def test_densities_are_for_all_of_the_membrane_or_by_kind_of_section() -> None:
    sodium, leak = membrane_with(sodium=0.12, leak={"soma": 0.1, "all": 0.2}).placements
    assert (sodium.of("soma"), sodium.of("dendrite")) == (0.12, 0.12)
    assert (leak.of("soma"), leak.of("dendrite")) == (0.1, 0.2)


def test_a_density_may_be_written_with_its_unit() -> None:
    sodium, mine = membrane_with(sodium="0.1 S/cm2", mine={**TABLE, "density": {"soma": "0.2 S/cm2"}}).placements
    assert (sodium.of("soma"), mine.of("soma"), mine.of("dendrite")) == (0.1, 0.2, 0.0)


@pytest.mark.parametrize("slot_ms", [0.5, 1.0, 0.3, 0.7])
@pytest.mark.parametrize("dt_ms", [0.03, 0.011, 0.07, 0.1])
def test_a_step_that_divides_no_slot_is_answered_with_one_that_does(dt_ms: float, slot_ms: float) -> None:
    suggested = float(_dividing_step(dt_ms, slot_ms))
    assert suggested <= dt_ms
    assert abs(round(slot_ms / suggested) * suggested - slot_ms) < 1e-9
    tissue = tissue_of(slot_ms=slot_ms, neuron={**NEURON, "dt_ms": suggested})
    assert _steps_of(tissue, membrane_of(tissue)[0]) == round(slot_ms / suggested)


def test_a_step_too_long_for_the_gates_is_refused_before_one_that_divides_no_slot() -> None:
    with pytest.raises(ParameterError, match=r"^fabric\.tissue\.neuron\.dt_ms: expected at most 0.1787 ms"):
        circuit_of(neuron={**NEURON, "dt_ms": 0.3})


def test_a_table_declares_a_channel_of_ones_own() -> None:
    declared, elsewhere = membrane_with(delayed=TABLE, slow={**TABLE, "density": {"dendrite": 0.5}}).placements
    assert (declared.channel.name, declared.of("soma")) == ("delayed", 0.01)
    assert (elsewhere.of("soma"), elsewhere.of("dendrite")) == (0.0, 0.5)


def test_a_table_may_declare_a_built_in_channel_anew() -> None:
    (placement,) = membrane_with(potassium=TABLE).placements
    assert placement.channel.gates[0].power == 2


def test_calcium_is_kept_only_where_a_channel_needs_it() -> None:
    assert membrane_with(leak=0.1).pool is None
    assert membrane_with(calcium=0.1).pool is not None


@pytest.mark.parametrize("channels, message", [
    ({"sodum": 0.12}, r"channels\.sodum: expected the name of a channel, got 'sodum'. Try 'sodium'"),
    ({"sodum": {"all": 0.12}}, r"channels\.sodum: expected the name of a channel, got 'sodum'. Try 'sodium'"),
    ({"sodium": {"dendrit": 0.12}},
     r"^fabric\.tissue\.neuron\.channels\.sodium\.dendrit: expected a kind of section, got 'dendrit'. Try 'dendrite'"),
    ({"sodium": "much"}, r"channels\.sodium\.all: expected a number and its unit, as in '0.036 S/cm2' .*got 'much'"),
    ({"sodium": {"soma": True}}, r"channels\.sodium\.soma: expected a conductance density in S/cm², got True"),
    ({"sodium": -0.1}, r"^fabric\.tissue\.neuron\.channels\.sodium\.all: expected a density of 0 or more"),
    ({"sodium": {"soma": np.nan}}, r"channels\.sodium\.soma: expected a density of 0 or more, in S/cm², got nan"),
    ({"sodium": "120 mS/cm"}, r"channels\.sodium\.all: expected a quantity in S/cm2, not in mS/cm, got '120 mS/cm'"),
    ({"replace": 1}, r"channels\.replace: expected true or false, got 1"),
    ({"sodium": False}, r"channels\.sodium: expected a channel to leave out that is there without a word"),
    ({"sodium": "nan S/cm2"}, r"channels\.sodium\.all: expected a finite number, got 'nan S/cm2'"),
    ({"mine": {**TABLE, "ion": "sodium"}}, r"channels\.mine\.ion: expected 'na', 'k'"),
    ({"mine": {**TABLE, "gate": []}}, r"channels\.mine\.gate: expected a known key, got 'gate'. Try 'gates'"),
    ({"mine": {"conductance": "0.01 S/cm2"}}, r"channels\.mine\.ion: expected a value"),
    ({"mine": {**TABLE, "reversal": "-90 mM"}}, r"channels\.mine\.reversal: expected"),
])
def test_mistakes_in_channels_are_named(channels: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        membrane_with(**channels)


def named(**channels: Any) -> list[str]:
    tissue = tissue_of(neuron={"channels": channels})
    return [placement.channel.name for placement in membrane_of(tissue)[0].placements]


def test_what_is_said_of_channels_comes_on_top_of_those_that_are_there_without_a_word() -> None:
    squid = ["sodium", "potassium", "leak", "calcium", "calcium_potassium"]
    assert named() == squid
    assert named(mine=TABLE) == [*squid, "mine"]
    assert named(sodium=0.2, calcium=False) == ["sodium", "potassium", "leak", "calcium_potassium"]
    assert named(replace=True, mine=TABLE) == ["mine"]
    assert named(replace=False, mine=TABLE) == [*squid, "mine"]
    with pytest.raises(ParameterError, match=r"channels\.sodum: expected a channel to leave out .*Try 'sodium'"):
        named(sodum=False)


def test_densities_in_other_units_are_converted() -> None:
    sodium, mine = membrane_with(sodium="120 mS/cm2", mine={**TABLE, "density": {"soma": "30 pS/um2"}}).placements
    assert (sodium.of("soma"), mine.of("soma")) == (0.12, 0.003)
    neuron = tissue_of(neuron={"soma_um": "0.02 mm", "capacitance_uf_cm2": "0.01 F/m2", "axial_ohm_cm": "1.5 ohm m",
                               "initial_mv": "-0.07 V"}).neuron
    assert (neuron.soma_um, neuron.capacitance_uf_cm2, neuron.axial_ohm_cm, neuron.initial_mv) == (20, 1, 150, -70)
    with pytest.raises(ValueError, match="a text with its unit as '1 um': a quantity in um, not in mV"):
        tissue_of(neuron={"soma_um": "20 mV"})


def test_all_mistakes_of_all_channels_are_named_at_once() -> None:
    with pytest.raises(ParameterError) as caught:
        membrane_with(sodum=0.12, leak={"soma": -1, "dendrit": 0.1},
                      mine={**TABLE, "ion": "cl", "reversal": "-90 mS", "gate": []})
    assert caught.value.where == "fabric.tissue.neuron.channels"
    for part in ("sodum: expected the name of a channel", "leak.soma: expected a density of 0 or more",
                 "leak.dendrit: expected a kind of section", "mine.ion: expected 'na', 'k'",
                 "mine.reversal: expected a quantity in mV, not in mS", "mine.gate: expected a known key"):
        assert f"fabric.tissue.neuron.channels.{part}" in caught.value.got, caught.value.got


def test_a_published_fit_that_ends_a_little_above_1_is_taken_and_told() -> None:
    fit = {**TABLE, "gates": [{"name": "n", "steady": "1.00025 / (1 + exp(-(v + 20) / 9))", "tau": 2.5}]}
    membrane, notices = membrane_of(tissue_of(neuron={"channels": {"mine": fit}}))
    assert membrane.placements[-1].channel.name == "mine"
    assert list(notices) == ["took channel mine though the steady state of its gate n leaves 0 to 1 at v = 55 mV: "
                          "1.000009628209253 (the worst is 1.0002483800009323 at v = 100 mV)"]


def test_a_rule_for_calcium_needs_calcium() -> None:
    with pytest.raises(ParameterError, match=r"plasticity\.calcium: expected neurons that keep calcium"):
        circuit_of(plasticity={"calcium": {}})


def test_activation_must_be_tracked() -> None:
    with pytest.raises(ParameterError, match=r"plasticity\.activation: expected the tracking"):
        circuit_of(plasticity={"activation": None})
