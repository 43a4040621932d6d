"""The kernel against its obvious twin, on random trees with random densities, currents and synapses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aura.zones.fabric.channels import CHANNELS, CalciumPool
from aura.zones.fabric.morphology.discretise import discretise
from aura.zones.fabric.morphology.tree import Morphology, branching_tree
from aura.zones.fabric.neurons.membrane import Afferent, Membrane, Placement
from aura.zones.fabric.neurons.population import Population
from aura.zones.fabric.neurons.receptors import AMPA, GABA_A, NMDA
from tests.zones.fabric.morphology.strategies import morphologies
from tests.zones.fabric.neurons.naive import NaiveCells

CELLS = 5
AFFERENTS = (Afferent("excitatory", ((AMPA, 1.0), (NMDA, 0.5))), Afferent("inhibitory", ((GABA_A, 1.0),)))


def compared(membrane: Membrane, morphology: Morphology, seed: int, *, most_us: float, most_na: float = 0.3,
             steps: int = 200, temperature_c: float = 6.3, dt_ms: float = 0.025) -> tuple[Population, NaiveCells]:
    """Run both with the same random currents and openings, and compare them half-way and at the end."""
    cable, rng = discretise(morphology, 100.0), np.random.default_rng(seed)
    cells = Population(cable, membrane, CELLS, dt_ms=dt_ms, dtype="float64", temperature_c=temperature_c)
    twin = NaiveCells(cable, membrane, CELLS, dt_ms=dt_ms, temperature_c=temperature_c)
    cells.injected[:] = twin.injected[:] = rng.uniform(-0.2, most_na, CELLS)
    opening = rng.uniform(0.0, most_us, (len(membrane.afferents), len(cells.sites), CELLS))
    spikes = []
    for part in range(2):
        if part == 0 and membrane.afferents:
            twin.open(cells.sites, opening)
        found = cells.advance(steps // 2, opening if part == 0 and membrane.afferents else None)
        spikes += [(int(cell), time + part * steps // 2 * dt_ms)
                   for cell, time in zip(found.cell, found.time_ms, strict=True)]
        twin.advance(steps // 2)
        agree(cells, twin)
    assert [cell for cell, _ in sorted(spikes)] == [cell for cell, _ in sorted(twin.spikes)]
    np.testing.assert_allclose([time for _, time in sorted(spikes)], [time for _, time in sorted(twin.spikes)],
                               atol=1e-9)
    return cells, twin


def agree(cells: Population, twin: NaiveCells) -> None:
    """Compare every variable of every node."""
    names = {name for node in range(len(cells.cable.parent)) for name in cells.layout.variables(node)}
    for name in sorted(names - {"diagonal", "right"}):
        found = cells.read(name)
        has = ~np.isnan(found)
        # Voltages pass through 0.
        np.testing.assert_allclose(found[has], twin.variable(name)[has], rtol=1e-9, err_msg=name,
                                   atol=1e-8 if name in ("v", "peak") else 1e-15)


@pytest.mark.slow
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(morphologies(most_sections=5), st.lists(st.floats(1e-3, 3.0), min_size=6, max_size=6), st.integers(0, 2**32))
def test_random_trees_of_all_channels_and_receptors_equal_the_twin(morphology, shares, seed):
    membrane = Membrane(tuple(Placement(channel, {"all": share * channel.conductance.value})
                              for channel, share in zip(CHANNELS.values(), shares, strict=True)),
                        pool=CalciumPool(), afferents=AFFERENTS,
                        synaptic_kinds=("soma", "axon", "basal", "apical", "dendrite"))
    compared(membrane, morphology, seed, most_us=1e-3, steps=60)


@pytest.mark.slow
def test_kinds_of_section_differ_as_the_membrane_says():
    """Sodium and calcium here and there, receptors on dendrites alone, gates fast enough to need the exponential."""
    placed = {"sodium": {"soma": 0.12, "basal": 0.03}, "potassium": {"all": 0.036}, "leak": {"all": 3e-4},
              "calcium": {"apical": 3e-4}, "calcium_potassium": {"apical": 1e-3, "soma": 1e-3}, "nmda": {"basal": 1e-5}}
    membrane = Membrane(tuple(Placement(CHANNELS[name], density) for name, density in placed.items()),
                        capacitance_uf_cm2=0.8, pool=CalciumPool(), afferents=AFFERENTS,
                        synaptic_kinds=("basal", "apical"))
    tree = branching_tree(dendrites=3, depth=2)
    kinds = ("soma", "basal", "apical", "axon")
    sections = tuple(type(section)(section.name, kinds[min(index, 1) * (1 + index % 3)], section.parent,
                                   section.parent_position, section.points, section.segments)
                     for index, section in enumerate(tree.sections))
    cells, twin = compared(membrane, Morphology(sections), 1, most_us=2e-3, most_na=3.0, steps=80,
                           temperature_c=16.0, dt_ms=0.05)  # faster by far than the channels were declared for
    assert len(cells.layout.kinds) == 4
    assert len(twin.spikes) > 0


def test_a_membrane_without_gates_or_receptors_equals_the_twin():
    leak = CHANNELS["leak"]
    compared(Membrane((Placement(leak, {"all": leak.conductance.value}),)), branching_tree(dendrites=2, depth=2), 3,
             most_us=0.0)
