"""The lateral weights against the synapses, one by one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from aura.zones.fabric.learning.lateral import LateralWeights
from aura.zones.fabric.tissue.circuit import Circuit
from aura.zones.fabric.tissue.synapses import EXCITATORY, Synapses


def circuit_of(cells: int, source: Any, target: Any, weight: Any, receptor: Any = EXCITATORY) -> Circuit:
    """Return what a circuit shows of its synapses."""
    synapses = Synapses.from_arrays(cells, source, target, weight, 1, receptor=receptor)
    return cast(Circuit, SimpleNamespace(synapses=synapses, plasticity=SimpleNamespace(weights=synapses.weight.copy())))


def dense(synapses: Synapses, weights: np.ndarray) -> np.ndarray:
    """Return the matrix, synapse by synapse."""
    found, totals = np.zeros((synapses.cells,) * 2), np.zeros(synapses.cells)
    for source, target, receptor, weight in zip(synapses.sources(), synapses.target, synapses.receptor, weights,
                                                strict=True):
        found[target, source] += weight if receptor == EXCITATORY else -weight
        totals[target] += weight
    return np.divide(found, totals[:, None], out=np.zeros_like(found), where=totals[:, None] > 0)


@pytest.mark.parametrize("seed", range(5))
def test_a_unit_takes_the_weighted_mean_of_its_sources(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pairs = np.unique(rng.integers(0, 9, size=(25, 2)), axis=0)  # some cells have no synapse onto them
    kinds = rng.integers(0, 2, 9)
    circuit = circuit_of(9, pairs[:, 0], pairs[:, 1], rng.random(len(pairs)) + 0.01, kinds[pairs[:, 0]])
    lateral = LateralWeights(circuit)
    np.testing.assert_allclose(lateral.matrix.toarray(), dense(circuit.synapses, circuit.plasticity.weights), rtol=1e-5)
    assert lateral.matrix.dtype == np.float32


def test_it_follows_plasticity_when_refreshed_and_in_place() -> None:
    circuit = circuit_of(3, [0, 1, 2], [2, 2, 0], [1.0, 1.0, 1.0])
    lateral = LateralWeights(circuit)
    matrix = lateral.matrix
    assert matrix.toarray()[2].tolist() == [0.5, 0.5, 0.0]
    circuit.plasticity.weights[circuit.synapses.target == 2] = [3.0, 1.0]
    assert matrix.toarray()[2].tolist() == [0.5, 0.5, 0.0]
    lateral.refresh()
    assert matrix.toarray()[2].tolist() == [0.75, 0.25, 0.0]


def test_synapses_that_have_all_gone_give_nothing_and_no_nan() -> None:
    circuit = circuit_of(2, [0], [1], [1.0])
    lateral = LateralWeights(circuit)
    circuit.plasticity.weights[:] = 0.0
    lateral.refresh()
    assert lateral.matrix.toarray().tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_a_tissue_without_synapses_has_an_empty_matrix() -> None:
    lateral = LateralWeights(circuit_of(2, [], [], []))
    lateral.refresh()
    assert lateral.matrix.shape == (2, 2)
    assert lateral.matrix.nnz == 0
