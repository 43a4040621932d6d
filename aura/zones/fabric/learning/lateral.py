"""The tissue's synapses as a matrix between units, as it is now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from aura.zones.fabric.tissue.synapses import EXCITATORY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from aura.zones.fabric.tissue.circuit import Circuit

__all__ = ["LateralWeights"]

LEAST_TOTAL_US = 1e-12


class LateralWeights:
    r"""Lateral weights by target and source, kept up with plasticity.

    Parameters
    ----------
    circuit : Circuit
        Whose synapses these are.

    Notes
    -----
    .. math:: W_{ij} = \pm w_{ij} \Big/ \sum_j w_{ij}

    over the synapses onto unit i, positive from excitatory and negative from inhibitory cells: what reaches a unit is
    a weighted mean of what its sources do.
    """

    def __init__(self, circuit: Circuit) -> None:
        synapses = circuit.synapses
        self._plasticity = circuit.plasticity
        # The transposed index of the synapses is the order of a matrix by target.
        self._order = synapses.column_synapse
        self._start = synapses.column_start.astype(np.int64)
        self._sign = np.where(synapses.receptor[self._order] == EXCITATORY, 1.0, -1.0).astype(np.float32)
        self._filled = np.flatnonzero(np.diff(self._start))
        self.matrix: Any = sparse.csr_array(
            (np.zeros(len(self._order), np.float32), synapses.sources()[self._order].astype(np.int32), self._start),
            shape=(synapses.cells, synapses.cells))
        self._last: NDArray[Any] | None = None
        self.refresh()

    def refresh(self) -> None:
        """Take over the weights as they are."""
        weights = self._plasticity.weights
        if self._last is not None and np.array_equal(weights, self._last):
            return
        self._last = weights.copy()
        ordered = weights[self._order].astype(np.float32)
        totals = np.ones(len(self._start) - 1, np.float32)
        if len(self._filled):
            totals[self._filled] = np.add.reduceat(ordered, self._start[self._filled])
        rows = np.repeat(np.maximum(totals, LEAST_TOTAL_US), np.diff(self._start))
        self.matrix.data[:] = self._sign * ordered / rows
