"""The population as a whole: its bits, its state, its range, and what it refuses."""

from __future__ import annotations

import math
import platform
import re

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aura.core.errors import ParameterError, StateError
from aura.zones.fabric.channels import CHANNELS, CalciumPool
from aura.zones.fabric.morphology.discretise import discretise
from aura.zones.fabric.morphology.tree import ball_and_sticks, point_neuron
from aura.zones.fabric.neurons import population as module
from aura.zones.fabric.neurons.compiled import load_kernel
from aura.zones.fabric.neurons.membrane import Afferent, Membrane, Placement
from aura.zones.fabric.neurons.population import Population
from aura.zones.fabric.neurons.receptors import AMPA, GABA_A, NMDA
from aura.zones.fabric.neurons.source import advance_source
from aura.zones.fabric.neurons.stability import stability_bound_ms
from aura.zones.fabric.tissue.workers import Workers

CABLE = discretise(ball_and_sticks(dendrites=2, segments=3), 100.0)


def driven(membrane: Membrane, cells: int, dtype: str = "float32", threads: int = 1) -> Population:
    """Return cells with a current of their own each, those that were there before with the same."""
    made = Population(CABLE, membrane, cells, dtype=dtype, workers=Workers(threads))
    made.injected[:] = np.random.default_rng(0).uniform(0.0, 1.0, 1000)[:cells]
    return made


def inputs(cells: Population, seed: int = 1) -> np.ndarray:
    """Return openings of every cell, those of the first cells not depending on how many there are."""
    rng = np.random.default_rng(seed)
    opening = rng.uniform(0.0, 1e-3, (1000, len(cells.membrane.afferents), len(cells.sites)))
    return np.ascontiguousarray(opening[:cells.cells].transpose(1, 2, 0)).astype(cells.dtype)


def outcome(cells: Population) -> tuple[np.ndarray, ...]:
    """Run with input half-way, and return spikes and state."""
    first, second = cells.advance(400), cells.advance(800, inputs(cells))
    return (*first, *second, cells.state()["variables"])


def assert_same(found: tuple[np.ndarray, ...], expected: tuple[np.ndarray, ...]) -> None:
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


# ------------------------------------------------------------------------------------------------------ bits


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_bits_do_not_depend_on_the_number_of_threads(rich, dtype):
    expected = outcome(driven(rich, 300, dtype))
    assert len(expected[0]) > 100
    for threads in (2, 3):
        assert_same(outcome(driven(rich, 300, dtype, threads)), expected)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("cells", [70, 64, 17, 1])
def test_a_cell_has_the_same_bits_whatever_cells_are_beside_it(rich, dtype, cells):
    """70 leave a block of 64 with 6 in it, and fewer than 64 are taken in blocks of 16."""
    found, expected = outcome(driven(rich, cells, dtype)), outcome(driven(rich, 130, dtype))
    for index in (0, 3):  # cell, step and time of the spikes of either advance
        first = expected[index] < cells
        assert_same(found[index:index + 3], tuple(array[first] for array in expected[index:index + 3]))
    np.testing.assert_array_equal(found[-1], expected[-1][:, :cells])


@pytest.mark.slow
def test_how_an_advance_is_cut_changes_no_bit(squid, monkeypatch):
    monkeypatch.setattr(module, "_STEPS_AT_ONCE", 70)
    expected = driven(squid, 5)
    whole = expected.advance(900)
    parts = driven(squid, 5)
    spikes = [(cell, start + step, start * 0.025 + time) for start in range(0, 900, 30)
              for cell, step, time in zip(*parts.advance(30), strict=True)]
    np.testing.assert_array_equal(parts.read("v"), expected.read("v"))
    assert [(cell, step) for cell, step, _ in sorted(spikes)] == list(zip(*whole[:2], strict=True))
    np.testing.assert_allclose([time for *_, time in sorted(spikes)], whole.time_ms, atol=1e-12)
    assert len(whole.cell) > 5
    monkeypatch.undo()
    once = driven(squid, 5)
    assert_same((*once.advance(900), once.read("peak")), (*whole, expected.read("peak")))


@pytest.mark.slow
@pytest.mark.parametrize("at_once", [7, 1000])
def test_slots_of_one_advance_are_advances_of_a_slot_each(rich, at_once, monkeypatch):
    """However the steps are cut: slots are of 20 of them."""
    monkeypatch.setattr(module, "_STEPS_AT_ONCE", at_once)
    whole, parts = driven(rich, 70), driven(rich, 70)
    opening = np.stack([inputs(whole, seed) for seed in range(40)])
    spikes = whole.advance(800, opening)
    one_by_one = [parts.advance(20, slot) for slot in opening]
    assert len(spikes.cell) >= 70
    cells = np.concatenate([found.cell for found in one_by_one])
    steps = np.concatenate([20 * slot + found.step for slot, found in enumerate(one_by_one)])
    order = np.lexsort((steps, cells))
    np.testing.assert_array_equal(spikes.cell, cells[order])
    np.testing.assert_array_equal(spikes.step, steps[order])
    kept = [row for row, name in enumerate(state_names(whole)) if name != "peak"]
    np.testing.assert_array_equal(whole.state()["variables"][kept], parts.state()["variables"][kept])


def state_names(cells: Population) -> list[str]:
    """Return which variable each row of the state is of."""
    found = {int(row): name for node in range(len(CABLE.parent)) for name in cells.layout.variables(node)
             for row in [cells.layout.rows_of(name)[node]]}
    return [found.get(int(row), "") for row in cells.layout.kept_rows()]


@pytest.mark.slow
def test_a_spike_lies_within_its_step(squid):
    spikes = driven(squid, 70).advance(1500)
    ends = (spikes.step + 1) * 0.025
    assert len(spikes.step) > 70
    assert np.all((ends - 0.025 - 1e-9 <= spikes.time_ms) & (spikes.time_ms <= ends + 1e-9))


@pytest.mark.slow
def test_what_is_written_is_read(rich):
    cells = driven(rich, 5)
    written = np.linspace(-80.0, -60.0, 5, dtype=np.float32)
    cells.write("v", written)
    cells.write("sodium.m", [[0.25], [0.5]], nodes=[0, 2])
    np.testing.assert_array_equal(cells.voltage_mv, np.broadcast_to(written, cells.voltage_mv.shape))
    assert np.all(cells.read("sodium.m", [0, 2]) == [[0.25], [0.5]])
    assert np.all(cells.read("sodium.m", [3]) < 0.2)


@pytest.mark.slow
@pytest.mark.parametrize("variable, values, nodes, message", [
    ("w", 0.0, None, "a variable of this membrane"), ("v", np.zeros(4), None, "values of shape"),
    ("v", math.nan, None, "finite values"), ("calcium.m", 0.0, [0, 1], "nodes that have calcium.m")])
def test_what_cannot_be_written_is_refused(rich, variable, values, nodes, message):
    cells = driven(rich, 5)
    if nodes is not None:
        nodes = [int(np.flatnonzero(cells.layout.rows_of(variable) < 0)[0])]
        nodes.append(int(np.flatnonzero(cells.layout.rows_of(variable) >= 0)[0]))
    before = cells.state()["variables"]
    with pytest.raises(ParameterError, match=message):
        cells.write(variable, values, nodes)
    np.testing.assert_array_equal(cells.state()["variables"], before)


@pytest.mark.slow
def test_spikes_come_by_cell_then_by_time(squid):
    spikes = driven(squid, 100).advance(2000)
    order = np.lexsort((spikes.time_ms, spikes.cell))
    assert (order == np.arange(len(order))).all()
    assert spikes.cell.dtype == np.int32
    assert len(np.unique(spikes.cell)) > 50


@pytest.mark.slow
def test_no_spike_is_lost_however_often_cells_fire():
    """A threshold at rest, and a voltage that follows a noisy current at once."""
    leak = Membrane((Placement(CHANNELS["leak"], {"all": 0.1}),))
    rest_mv = CHANNELS["leak"].reversal.value
    cells = Population(CABLE, leak, 3, dtype="float64", threshold_mv=rest_mv, initial_mv=rest_mv)
    found, crossings, rng = 0, 0, np.random.default_rng(3)
    for _ in range(300):
        before = cells.soma_mv.copy()
        cells.injected[:] = rng.normal(0.0, 2.0, 3)
        spikes = cells.advance(1)
        crossed = np.flatnonzero((before < rest_mv) & (cells.soma_mv >= rest_mv))
        assert spikes.cell.tolist() == crossed.tolist()
        assert ((spikes.time_ms > 0.0) & (spikes.time_ms <= 0.025)).all()
        crossings += len(crossed)
        found += len(spikes.cell)
    assert found == crossings > 100


# ----------------------------------------------------------------------------------------------------- state


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_loaded_state_continues_bit_for_bit(rich, dtype):
    cells = driven(rich, 70, dtype)
    cells.advance(300, inputs(cells))
    state = cells.state()
    rest = (*cells.advance(300, inputs(cells, 2)), *cells.state().values())
    other = Population(CABLE, rich, 70, dtype=dtype, initial_mv=-50.0)
    other.advance(37)
    other.load_state(state)
    np.testing.assert_array_equal(other.read("peak"), state_peak(cells, state))
    assert_same((*other.advance(300, inputs(cells, 2)), *other.state().values()), rest)
    for value in state.values():
        assert isinstance(value, np.ndarray)


def state_peak(cells: Population, state: dict[str, np.ndarray]) -> np.ndarray:
    names = [name for node in range(len(CABLE.parent)) for name in cells.layout.variables(node)
             if name not in ("diagonal", "right")]
    return state["variables"][[index for index, name in enumerate(names) if name == "peak"]]


@pytest.mark.slow
def test_a_state_is_a_copy_and_fits_only_its_like(squid):
    cells = driven(squid, 5)
    state = cells.state()
    before = state["variables"].copy()
    cells.advance(10)
    np.testing.assert_array_equal(state["variables"], before)
    for other in (driven(squid, 6), driven(squid, 5, "float64"),
                  Population(discretise(point_neuron(20.0), 100.0), squid, 5)):
        with pytest.raises(StateError, match=r"fabric.population: expected float\d\d of shape"):
            other.load_state(state)


def test_reset_begins_anew(squid):
    cells = driven(squid, 5)
    first = cells.advance(500)
    cells.reset()
    assert_same(cells.advance(500), first)
    cells.reset(-50.0)
    assert (cells.soma_mv == -50.0).all()
    assert np.nanmax(cells.read("sodium.h")) < 0.2


# --------------------------------------------------------------------------------------------- what can be read


@pytest.mark.slow
def test_reading_gives_every_node_and_cell(rich):
    cells = driven(rich, 20)
    cells.advance(100)
    junction = np.flatnonzero(CABLE.segment < 0)
    assert len(junction) == 1
    assert cells.read("v").shape == (8, 20)
    assert cells.voltage_mv.shape == (7, 20)
    assert np.isnan(cells.read("ca")[junction]).all()
    assert (cells.read("ca", CABLE.compartments) >= 1e-4 * (1 - 1e-6)).all()
    np.testing.assert_array_equal(cells.soma_mv, cells.read("v")[CABLE.soma])
    np.testing.assert_array_equal(cells.read_cell("v", 17), cells.read("v")[:, 17])
    np.testing.assert_array_equal(cells.read_cell("sodium.m", 3, [2, 1]), cells.read("sodium.m", [2, 1])[:, 3])
    for name in ("sodium.q", "volts", "right", "diagonal"):
        with pytest.raises(ParameterError, match="expected a variable of this membrane, got '"):
            cells.read(name)


def test_the_current_enters_where_the_electrode_is(squid):
    cells = driven(squid, 2)
    cells.electrode = CABLE.node(2, 2)
    cells.injected[:] = [0.3, 0.0]
    cells.advance(4)
    assert np.argmax(cells.read("v")[:, 0] - cells.read("v")[:, 1]) == CABLE.node(2, 2)
    with pytest.raises(ParameterError, match="electrode: expected a node that is a compartment, got 1"):
        cells.electrode = 1


# ----------------------------------------------------------------------------------------------------- range


DTS_MS = {"float64": 0.178, "float32": 0.05}
AFFERENTS = (Afferent("excitatory", ((AMPA, 1.0), (NMDA, 0.5))), Afferent("inhibitory", ((GABA_A, 1.0),)))


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.floats(1e-8, 10.0), min_size=6, max_size=6), st.floats(-5.0, 5.0), st.floats(0.0, 1.0),
       st.floats(0.0, 1.0), st.sampled_from(["float64", "float32"]), st.floats(-120.0, 60.0))
def test_every_voltage_is_finite_whatever_the_parameters(densities, current_na, excitation_us, inhibition_us, dtype,
                                                         initial_mv):
    membrane = Membrane(tuple(Placement(channel, {"all": density})
                              for channel, density in zip(CHANNELS.values(), densities, strict=True)),
                        pool=CalciumPool(), afferents=AFFERENTS)
    dt_ms = DTS_MS[dtype]
    assert dt_ms < stability_bound_ms(membrane, 6.3)
    cells = Population(CABLE, membrane, 2, dt_ms=dt_ms, dtype=dtype, initial_mv=initial_mv)
    cells.injected[:] = [current_na, -current_na]
    opening = np.zeros((2, len(cells.sites), 2), dtype)
    opening[0], opening[1] = excitation_us, inhibition_us
    for _ in range(3):
        cells.advance(60, opening)
        voltage = cells.read("v")
        assert np.isfinite(voltage).all()
        # No current but the injected one drives a cell beyond the reversal potentials; it meets the leak at least.
        reach_mv = abs(current_na) / (densities[2] * 1e-2 * CABLE.area_um2.sum()) if current_na else 0.0
        axial_mv = abs(current_na) * sum(1.0 / CABLE.axial_us[1:])
        assert voltage.min() >= min(-80.0, initial_mv) - reach_mv - axial_mv - 1e-2
        assert voltage.max() <= 140.0 + reach_mv + axial_mv + 1e-2
        for channel in CHANNELS.values():
            for gate in channel.gates:
                values = cells.read(f"{channel.name}.{gate.name}", CABLE.compartments)
                assert ((values >= 0.0) & (values <= 1.0 + 1e-6)).all()


# ------------------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize("change, message", [
    ({"dt_ms": 0.2}, r"population.dt_ms: expected at most 0.1787 ms, .* \(m of sodium\), got 0.2 ms. Try 0.1"),
    ({"dt_ms": 0.0}, "population.dt_ms: expected a time step above 0, got 0 ms"),
    ({"dt_ms": math.nan}, "population.dt_ms: expected a time step above 0, got nan ms"),
    ({"dtype": "float16"}, "fabric.dtype: expected 'float32' or 'float64', got 'float16'"),
    ({"cells": 0}, "fabric.cells: expected a whole number, at least 1, got 0"),
    ({"initial_mv": math.nan}, "fabric.initial_mv: expected a finite voltage, got nan"),
    ({"threshold_mv": math.inf}, "fabric.threshold_mv: expected a finite number, got inf"),
    ({"temperature_c": math.nan}, "fabric.temperature_c: expected a finite number, got nan")])
def test_bad_parameters_are_refused_before_anything_is_made(squid, change, message):
    settings = {"cells": 3, **change}
    with pytest.raises(ParameterError, match=message):
        Population(CABLE, squid, **settings)


def test_a_channel_that_reads_calcium_needs_a_pool():
    channel = CHANNELS["calcium_potassium"]
    with pytest.raises(ParameterError, match="expected a calcium pool, on which calcium_potassium depends, got none"):
        Population(CABLE, Membrane((Placement(channel, {"all": 1e-3}),)), 1)


def test_steps_and_currents_are_checked(squid):
    cells = driven(squid, 3)
    with pytest.raises(ParameterError, match="steps: expected a whole number, at least 1, got 0"):
        cells.advance(0)
    cells.injected[1] = np.nan
    with pytest.raises(ParameterError, match="injected: expected finite currents, got nan nA"):
        cells.advance(1)


@pytest.mark.slow
def test_slots_must_divide_the_steps(rich):
    cells = driven(rich, 3)
    with pytest.raises(ParameterError, match="as many steps in each slot, got 20 steps of 3 slots"):
        cells.advance(20, np.stack([inputs(cells)] * 3))
    with pytest.raises(ParameterError, match="of shape"):
        cells.advance(20, np.stack([np.stack([inputs(cells)] * 2)] * 2))


# ----------------------------------------------------------------------------------------------------- speed


vector_code = pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"),
                                 reason="reads this processor's instructions")


@pytest.mark.slow
@vector_code
@pytest.mark.parametrize("dtype, suffix", [("float64", "pd"), ("float32", "ps")])
def test_the_lane_loops_of_a_sweep_are_vector_instructions(rich, dtype, suffix, monkeypatch, tmp_path):
    """What falls back to one cell at a time takes twenty times as long."""
    monkeypatch.setenv("AURA_CACHE", str(tmp_path))  # numba shows the code of what it has just compiled only
    (assembly,) = Population(CABLE, rich, 64, dtype=dtype, dt_ms=0.0237)._sweep.inspect_asm().values()
    vector = len(re.findall(rf"\bv?f?n?m?(?:mul|add|sub|fmadd|fnmadd|fmsub)\d*{suffix}\b", assembly))
    scalar = len(re.findall(rf"\bv?(?:mul|add|sub|fmadd|fnmadd|fmsub)\d*s{suffix[1]}\b", assembly))
    assert vector > 100
    assert vector > 2 * scalar


@pytest.mark.slow
@vector_code
@pytest.mark.parametrize("dtype, suffix", [("float64", "pd"), ("float32", "ps")])
def test_the_lane_loops_of_an_advance_are_vector_instructions(dtype, suffix, monkeypatch, tmp_path):
    """Those of the soma and of the other nodes, told by products of whole registers in a block of code each.

    Other instructions are not counted: the compiler keeps a second copy of each loop, one cell at a time, for a node
    that is its own parent, and the cells that fire and the rest of a block that is not full are taken one by one.
    """
    monkeypatch.setenv("AURA_CACHE", str(tmp_path))

    def vector_loops(source):
        (assembly,) = load_kernel(source, "advance").inspect_asm().values()
        blocks = re.split(r"^(?=\S+:)", assembly, flags=re.MULTILINE)
        return sum(bool(re.search(rf"\bv?mul{suffix}\b", block)) for block in blocks)

    source = advance_source(dtype, 64) + "# anew\n"
    product = "* X[64 + l]\n"
    before, between, after = source.split(product)
    chained = f"{product}{' ' * 24}axial = new\n"  # a cell that waits for the one before it: that loop has no vectors
    assert vector_loops(source) == 2
    if dtype == "float64":  # that the count would tell, once: each source takes seconds to compile
        assert vector_loops(before + chained + between + product + after) == 1
        assert vector_loops(before + product + between + chained + after) == 1
