"""The population of jax against that of numba."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from aura.core.errors import ParameterError, StateError
from aura.zones.fabric.morphology.discretise import discretise
from aura.zones.fabric.morphology.tree import ball_and_sticks, branching_tree
from aura.zones.fabric.neurons import jax_population as module
from aura.zones.fabric.neurons.cells import Cells
from aura.zones.fabric.neurons.jax_population import JaxPopulation
from aura.zones.fabric.neurons.membrane import Membrane
from aura.zones.fabric.neurons.population import Population
from tests.zones.unoptimised import unoptimised

__all__ = ["unoptimised"]

CABLE = discretise(ball_and_sticks(dendrites=2, segments=3), 100.0)
CELLS = 5
TOLERANCE = {"float64": 1e-9, "float32": 1e-4}
HAS_GPU = any(device.platform == "gpu" for device in jax.devices())


@pytest.fixture(scope="module")
def in_jax(rich: Membrane) -> Callable[..., JaxPopulation]:
    """A function that gives cells of the rich membrane as new: a program is compiled for those that it was made for, so
    that each kind is made once."""
    @cache
    def made(dtype: str, by_cell: bool) -> JaxPopulation:
        return JaxPopulation(CABLE, rich, CELLS, dtype=dtype, by_cell=by_cell)

    def given(dtype: str, by_cell: bool = False) -> JaxPopulation:
        cells = made(dtype, by_cell)
        cells.reset()
        return driven(cells)

    return given


def driven(made: Cells) -> Cells:
    made.injected[:] = np.linspace(0.3, 1.0, made.cells)
    return made


def inputs(cells: Cells, seed: int = 0) -> np.ndarray:
    shape = (len(cells.membrane.afferents), len(cells.sites), cells.cells)
    return np.random.default_rng(seed).uniform(0.0, 1e-3, shape).astype(cells.dtype)


def assert_agree(found: Cells, expected: Cells, tolerance: float) -> None:
    """Compare every variable of every node, each against its size over all cells."""
    for name in sorted({name for node in range(len(CABLE.parent)) for name in expected.layout.variables(node)}):
        if name not in ("diagonal", "right"):
            one, other = (np.nan_to_num(cells.read(name).astype(float)) for cells in (found, expected))
            assert np.linalg.norm(one - other) <= tolerance * np.linalg.norm(other) + 1e-18, name


def run_both(found: Cells, expected: Cells, tolerance: float) -> int:
    """Run 10 ms in slots of half a millisecond, with input in some; return how many spikes there were."""
    spikes = 0
    for slot in range(20):
        opening = inputs(found, slot) if slot % 5 == 0 and found.membrane.afferents else None
        one, other = found.advance(20, opening), expected.advance(20, opening)
        np.testing.assert_array_equal(one.cell, other.cell)
        np.testing.assert_allclose(one.time_ms, other.time_ms, atol=30 * tolerance)
        assert one.cell.dtype == np.int32
        assert_agree(found, expected, tolerance)
        spikes += len(one.cell)
    return spikes


@pytest.mark.slow
@pytest.mark.parametrize("by_cell", [False, True])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_all_channels_and_receptors_agree_with_numba_over_10_ms(rich, in_jax, dtype, by_cell):
    """Both the program of XLA and the kernel that a GPU compiles, which is interpreted here."""
    found = in_jax(dtype, by_cell)
    expected = driven(Population(CABLE, rich, CELLS, dtype=dtype))
    assert run_both(found, expected, TOLERANCE[dtype]) >= CELLS
    assert found.state()["variables"].dtype == dtype


@pytest.mark.slow
def test_slots_of_one_advance_open_in_turn(rich, in_jax):
    found = in_jax("float64")
    expected = driven(Population(CABLE, rich, CELLS, dtype="float64"))
    opening = np.stack([inputs(found, seed) for seed in range(12)])
    one, other = found.advance(240, opening), expected.advance(240, opening)
    assert len(one.cell) > 0
    np.testing.assert_array_equal(one.cell, other.cell)
    np.testing.assert_array_equal(one.step, other.step)
    assert_agree(found, expected, TOLERANCE["float64"])


@pytest.mark.slow
@pytest.mark.parametrize("by_cell", [False, True])
def test_a_branching_tree_of_more_cells_than_a_block_agrees(squid, by_cell):
    cable = discretise(branching_tree(dendrites=2, depth=2), 100.0)
    found = JaxPopulation(cable, squid, 33, dtype="float64", by_cell=by_cell)
    expected = Population(cable, squid, 33, dtype="float64")
    spikes = []
    for cells in (found, expected):
        cells.electrode = cable.node(3, 1)
        cells.injected[:] = np.linspace(0.0, 2.0, 33)
        spikes.append(cells.advance(240))
    np.testing.assert_array_equal(spikes[0].cell, spikes[1].cell)
    np.testing.assert_allclose(spikes[0].time_ms, spikes[1].time_ms, atol=1e-9)
    np.testing.assert_allclose(found.read("v"), expected.read("v"), rtol=1e-9)
    np.testing.assert_allclose(found.read_cell("peak", 32), expected.read_cell("peak", 32), rtol=1e-9)
    assert len(spikes[0].cell) > 10


@pytest.mark.slow
@pytest.mark.parametrize("by_cell", [False, True])
def test_a_state_of_one_continues_in_the_other(rich, in_jax, by_cell):
    """Half of the way in numba, half in jax, and the other way round."""
    def in_numba() -> Cells:
        return driven(Population(CABLE, rich, CELLS, dtype="float64"))

    def run(cells: Cells) -> Cells:
        for _ in range(5):
            cells.advance(20)
        return cells

    def opened(cells: Cells) -> Cells:
        cells.advance(20, inputs(cells))
        return run(cells)

    jax_cells = in_jax("float64", by_cell)
    whole = run(opened(in_numba()))
    jax_cells.load_state(opened(in_numba()).state())
    assert_agree(run(jax_cells), whole, 1e-9)
    in_jax("float64", by_cell)
    second = in_numba()
    second.load_state(opened(jax_cells).state())
    assert_agree(run(second), whole, 1e-9)
    state = jax_cells.state()
    twice = [(jax_cells.load_state(state), run(jax_cells).state()["variables"])[1] for _ in range(2)]
    np.testing.assert_array_equal(*twice)
    with pytest.raises(StateError):
        jax_cells.load_state(driven(Population(CABLE, rich, CELLS)).state())


@pytest.mark.slow
def test_how_an_advance_is_cut_changes_nothing_but_rounding(squid, monkeypatch):
    monkeypatch.setattr(module, "_STEPS_AT_ONCE", 60)
    monkeypatch.setattr(module, "_FEWEST", 1)  # so that most spikes do not come with their program
    cells, expected = (driven(kind(CABLE, squid, CELLS, dtype="float64")) for kind in (JaxPopulation, Population))
    spikes, exact = cells.advance(360), expected.advance(360)
    np.testing.assert_array_equal(spikes.cell, exact.cell)
    np.testing.assert_allclose(spikes.time_ms, exact.time_ms, atol=1e-9)
    np.testing.assert_allclose(cells.read("peak"), expected.read("peak"), rtol=1e-9)
    cells.reset()
    assert (cells.soma_mv == -65.0).all()


@pytest.mark.slow
def test_openings_may_lie_on_the_device_already(in_jax):
    cells = in_jax("float32")
    cells.advance(20, inputs(cells))
    expected = cells.state()["variables"]
    in_jax("float32").advance(20, jnp.asarray(inputs(cells)))
    np.testing.assert_array_equal(cells.state()["variables"], expected)
    with pytest.raises(ParameterError, match="opening: expected float32 of shape"):
        cells.advance(20, np.zeros((2, 7, CELLS + 1), np.float32))


@pytest.mark.slow
def test_no_setting_of_jax_is_changed(squid: Membrane):
    before = jax.config.jax_enable_x64
    cells = JaxPopulation(CABLE, squid, 1, dtype="float64")
    assert cells.soma_mv.dtype == np.float64
    assert jax.config.jax_enable_x64 == before
    assert jnp.zeros(1).dtype == (np.float64 if before else np.float32)


@pytest.mark.skipif(HAS_GPU, reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_an_error_that_says_what_is(squid):
    with pytest.raises(ParameterError, match=r"fabric.device: expected a device that is present \(cpu\), got 'gpu'. "
                                             r"Try 'cpu'"):
        JaxPopulation(CABLE, squid, 1, device="gpu")


@pytest.mark.slow
@pytest.mark.skipif(not HAS_GPU, reason="no GPU here")
@pytest.mark.parametrize("by_cell", [False, True])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_gpu_agrees_with_numba_over_10_ms(rich, dtype, by_cell):
    found = driven(JaxPopulation(CABLE, rich, 100, dtype=dtype, device="gpu", by_cell=by_cell))
    expected = driven(Population(CABLE, rich, 100, dtype=dtype))
    assert run_both(found, expected, TOLERANCE[dtype]) >= CELLS
