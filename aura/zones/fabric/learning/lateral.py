"""The tissue's synapses as a matrix between units, as it is now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from aura.zones.fabric.tissue.compiled import kernel
from aura.zones.fabric.tissue.synapses import EXCITATORY

if TYPE_CHECKING:
    from aura.zones.fabric.tissue.circuit import Circuit

__all__ = ["LEAST_TOTAL_US", "LateralWeights"]

LEAST_TOTAL_US = 1e-12
"""Added to the sum of the weights onto a unit, which may all have gone (chosen here: far below any that matters)."""


@kernel
def _share_out(start: NDArray[np.int32], order: NDArray[np.int32], sign: NDArray[np.float32], weights: NDArray[Any],
               shares: NDArray[np.float32]) -> None:
    """Write each synapse's share of the weights onto its target, with its sign."""
    for unit in range(start.size - 1):
        total = LEAST_TOTAL_US
        for place in range(start[unit], start[unit + 1]):
            total += weights[order[place]]
        for place in range(start[unit], start[unit + 1]):
            shares[place] = sign[place] * weights[order[place]] / total


class LateralWeights:
    r"""Lateral weights by target and source, kept up with plasticity.

    Parameters
    ----------
    circuit : Circuit
        Whose synapses these are.

    Attributes
    ----------
    matrix : scipy.sparse.csr_array, shape (unit, unit), float32
        The weights, as of the last `refresh`.

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
        self._start = synapses.column_start.astype(np.int32)
        self._sign = np.where(synapses.receptor[self._order] == EXCITATORY, 1.0, -1.0).astype(np.float32)
        self.matrix: Any = sparse.csr_array(
            (np.zeros(len(self._order), np.float32), synapses.sources()[self._order], self._start),
            shape=(synapses.cells, synapses.cells))
        self._last: NDArray[Any] | None = None
        self.refresh()

    def refresh(self) -> None:
        """Take over the weights as they are."""
        weights = self._plasticity.weights
        if self._last is not None and np.array_equal(weights, self._last):
            return
        self._last = weights.copy()
        _share_out(self._start, self._order, self._sign, weights, self.matrix.data)
