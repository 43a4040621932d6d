"""Synaptic receptors: time course, block, place, and what a strong input sets off."""

from __future__ import annotations

import numpy as np
import pytest

from aura.core.errors import ParameterError
from aura.zones.fabric.channels import CHANNELS, Quantity
from aura.zones.fabric.morphology.discretise import discretise
from aura.zones.fabric.morphology.tree import ball_and_sticks, point_neuron
from aura.zones.fabric.neurons.membrane import Afferent, Membrane, Placement
from aura.zones.fabric.neurons.population import Population
from aura.zones.fabric.neurons.receptors import AMPA, GABA_A, NMDA, RECEPTORS, Receptor, find_receptor

DT_MS = 0.025
POINT = discretise(point_neuron(area_um2=1000.0), 100.0)
STICKS = discretise(ball_and_sticks(dendrites=2, segments=3), 100.0)
LEAK = CHANNELS["leak"]
JUMPING = Receptor(name="jumping", decay=Quantity(value=5.0, unit="ms"), reversal=Quantity(value=0.0, unit="mV"))


def leaky(*receptors: Receptor, leak_s_cm2: float = 3e-4) -> Membrane:
    afferents = tuple(Afferent(receptor.name, ((receptor, 1.0),)) for receptor in receptors)
    return Membrane((Placement(LEAK, {"all": leak_s_cm2}),), afferents=afferents)


def open_conductance_us(cells: Population, receptor: Receptor) -> np.ndarray:
    """Return the conductance before its block, (node, cell)."""
    rise = cells.read(f"{receptor.name}.rise") if receptor.rise else 0.0
    return cells.read(f"{receptor.name}.decay") - rise


@pytest.mark.slow
@pytest.mark.parametrize("dtype, tolerance", [("float64", 1e-12), ("float32", 1e-5)])
def test_the_time_course_is_the_declared_double_exponential_with_a_peak_of_the_weight(dtype, tolerance):
    """Of four receptors on one cell, with a weight each."""
    receptors, weights_us = (AMPA, NMDA, GABA_A, JUMPING), (2e-3, 1e-3, 3e-3, 5e-4)
    cells = Population(POINT, leaky(*receptors), 1, dt_ms=DT_MS, dtype=dtype)
    courses = []
    cells.advance(1, np.array(weights_us, dtype).reshape(4, 1, 1))
    for _ in range(2400):
        courses.append([float(open_conductance_us(cells, receptor)[0, 0]) for receptor in receptors])
        cells.advance(1)
    t = DT_MS * np.arange(1, 2401)
    for receptor, weight_us, course in zip(receptors, weights_us, np.transpose(courses), strict=True):
        rise = np.exp(-t / receptor.rise.value) if receptor.rise else 0.0
        expected = np.exp(-t / receptor.decay.value) - rise
        expected *= weight_us / (1.0 if receptor.rise is None else expected_peak(receptor))
        np.testing.assert_allclose(course, expected, rtol=10 * tolerance, atol=100 * tolerance * weight_us,
                                   err_msg=receptor.name)
        if receptor.rise:
            assert max(course) == pytest.approx(weight_us, rel=2e-3)  # the peak lies between two steps
            assert max(course) <= weight_us * (1 + tolerance)


def expected_peak(receptor: Receptor) -> float:
    """Return the largest value of the difference of the exponentials, looked for."""
    t = np.linspace(0.0, 20.0, 2_000_001)
    return float(np.max(np.exp(-t / receptor.decay.value) - np.exp(-t / receptor.rise.value)))


@pytest.mark.slow
def test_an_opening_adds_to_what_is_open():
    cells = Population(POINT, leaky(AMPA), 1, dt_ms=DT_MS, dtype="float64")
    once, twice = (np.full((1, 1, 1), weight) for weight in (1e-3, 3e-3))
    cells.advance(40, once)
    before = open_conductance_us(cells, AMPA)[0, 0]
    cells.advance(40, twice)
    alone = Population(POINT, leaky(AMPA), 1, dt_ms=DT_MS, dtype="float64")
    alone.advance(40, twice)
    later = Population(POINT, leaky(AMPA), 1, dt_ms=DT_MS, dtype="float64")
    later.advance(80, once)
    assert before > 0.0
    total = open_conductance_us(alone, AMPA) + open_conductance_us(later, AMPA)
    np.testing.assert_allclose(open_conductance_us(cells, AMPA), total, rtol=1e-12)


@pytest.mark.slow
def test_currents_are_conductance_times_driving_force_and_block():
    """One step from rest: C dV = -dt g s (V - E) f, what leaks being known from a cell without synapse."""
    for receptor, initial_mv in ((AMPA, -65.0), (GABA_A, -65.0), (NMDA, -65.0), (NMDA, 0.01), (NMDA, 30.0)):
        cells = Population(POINT, leaky(receptor, leak_s_cm2=1e-9), 2, dt_ms=0.001, dtype="float64",
                           initial_mv=initial_mv)
        opening = np.zeros((1, 1, 2))
        opening[0, 0, 0] = 1e-4
        cells.advance(1, opening)  # the conductance rises from 0
        before, open_us = cells.soma_mv.copy(), open_conductance_us(cells, receptor)[0, 0]
        cells.advance(1)
        change = (cells.soma_mv[0] - before[0]) - (cells.soma_mv[1] - before[1])
        block = 1.0 / (1.0 + np.exp(-0.062 * before[0]) / 3.57) if receptor is NMDA else 1.0
        capacity_nf = 1e-5 * POINT.area_um2[0]
        expected = -0.001 * open_us * block * (before[0] - receptor.reversal.value) / capacity_nf
        assert change == pytest.approx(expected, rel=1e-3)


def test_magnesium_keeps_nmda_shut_at_rest_and_frees_it_at_40_mv():
    factor = NMDA.factor_expression()
    assert float(factor(v=-80.0)) < 0.03
    assert float(factor(v=40.0)) > 0.95


@pytest.mark.slow
def test_receptors_open_at_the_site_that_is_addressed():
    sites = [STICKS.node(2, 1), STICKS.soma, STICKS.node(1, 2)]
    cells = Population(STICKS, leaky(AMPA, GABA_A), 3, dt_ms=DT_MS, dtype="float64", sites=sites)
    opening = np.zeros((2, 3, 3))
    opening[0, 2, 1] = 1e-3  # AMPA at the end of the first dendrite, cell 1
    opening[1, 0, 2] = 2e-3  # GABA-A in the middle of the second, cell 2
    cells.advance(4, opening)
    for receptor, node, cell in ((AMPA, sites[2], 1), (GABA_A, sites[0], 2)):
        found = open_conductance_us(cells, receptor)
        assert found[node, cell] > 1e-4
        assert np.count_nonzero(np.nan_to_num(found)) == 1
    voltage = cells.read("v")
    assert np.argmax(voltage[:, 1]) == sites[2]
    assert np.argmin(voltage[:, 2]) == sites[0]
    assert np.ptp(voltage[:, 0]) < 1e-9


@pytest.mark.slow
def test_each_receptor_gets_its_share_of_an_afferents_weight():
    membrane = Membrane((Placement(LEAK, {"all": 3e-4}),),
                        afferents=(Afferent("excitatory", ((AMPA, 1.0), (NMDA, 0.25))),))
    cells = Population(POINT, membrane, 1, dt_ms=DT_MS, dtype="float64")
    cells.advance(1, np.full((1, 1, 1), 1e-3))
    for receptor, share in ((AMPA, 1.0), (NMDA, 0.25)):
        faded = np.exp(-DT_MS / receptor.decay.value) * receptor.peak()
        assert cells.read(f"{receptor.name}.decay")[0, 0] == pytest.approx(share * 1e-3 * faded)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_silence_leaves_nothing_open_and_nothing_denormal(dtype, rich):
    cells = Population(STICKS, rich, 20, dt_ms=DT_MS, dtype=dtype)
    opening = np.random.default_rng(0).uniform(0.0, 1e-2, (2, len(cells.sites), 20)).astype(dtype)
    cells.advance(40, opening)
    assert np.nanmax(cells.read("nmda.decay")) > 1e-3
    cells.advance(60_000)
    for receptor in rich.receptors:
        for trace in receptor.traces:
            assert not np.nan_to_num(cells.read(f"{receptor.name}.{trace}")).any()
    values = np.abs(cells.state()["variables"])
    assert not ((values > 0.0) & (values < np.finfo(dtype).tiny)).any()


@pytest.mark.slow
def test_a_strong_input_sets_off_a_spike_that_stays_in_its_dendrite():
    """The soma leaks so much that what comes in from one dendrite does not reach its threshold."""
    leak = LEAK.changed(reversal=Quantity(value=-65.0, unit="mV"))
    placed = ((CHANNELS["sodium"], {"dendrite": 0.12}), (CHANNELS["potassium"], {"dendrite": 0.036}),
              (leak, {"dendrite": 3e-4, "soma": 0.05}))
    membrane = Membrane(tuple(Placement(channel, density) for channel, density in placed),
                        afferents=(Afferent("excitatory", ((AMPA, 1.0),)),))
    cells = Population(discretise(ball_and_sticks(dendrites=2), 100.0), membrane, 2, dt_ms=DT_MS)
    node = cells.cable.node(1, 5)
    opening = np.zeros((1, len(cells.sites), 2), np.float32)
    opening[0, np.flatnonzero(cells.sites == node)[0], 0] = 0.02
    opening[0, np.flatnonzero(cells.sites == node)[0], 1] = 0.0001
    spikes = cells.advance(400, opening)
    peak = cells.read("peak")
    hot = {dendrite: [segment for segment in range(6) if peak[cells.cable.node(dendrite, segment), 0] > -20.0]
           for dendrite in (1, 2)}
    assert {2, 3, 4, 5} <= set(hot[1])
    assert hot[2] == []
    assert (peak[:, 1] < -20.0).all()
    assert len(spikes.cell) == 0
    assert peak[cells.cable.soma, 0] < -30.0
    assert (peak[:, 0] >= cells.read("v")[:, 0]).all()
    cells.advance(1)
    assert (cells.read("peak")[:, 0] < -20.0).all()  # the highest since this advance began


def test_openings_of_a_wrong_shape_or_dtype_and_sites_without_receptors_are_refused():
    cells = Population(STICKS, leaky(AMPA), 3, dt_ms=DT_MS)
    for opening in (np.zeros((1, 7, 2), np.float32), np.zeros((2, 7, 3), np.float32), np.zeros((1, 7, 3))):
        with pytest.raises(ParameterError, match=r"opening: expected float32 of shape \(1, 7, 3\), got"):
            cells.advance(1, opening)
    membrane = Membrane((Placement(LEAK, {"all": 3e-4}),), afferents=(Afferent("in", ((AMPA, 1.0),)),),
                        synaptic_kinds=("dendrite",))
    with pytest.raises(ParameterError, match="expected segments with receptors, got node 0"):
        Population(STICKS, membrane, 3, sites=[0, 2])


def test_receptors_are_found_by_name_and_checked():
    assert find_receptor("gaba_a", "here") is GABA_A
    assert set(RECEPTORS) == {"ampa", "nmda", "gaba_a"}
    with pytest.raises(ParameterError, match=r"here: expected a receptor, got 'gabaa'. Try 'gaba_a'"):
        find_receptor("gabaa", "here")
    with pytest.raises(ParameterError, match="rise above 0 and faster"):
        Receptor(name="own", rise=Quantity(value=3.0, unit="ms"), decay=Quantity(value=2.0, unit="ms"),
                 reversal=Quantity(value=0.0, unit="mV"))
