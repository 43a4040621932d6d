"""The synapses of a tissue as one sparse table, by presynaptic cell and, transposed, by postsynaptic cell."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aura.core.errors import ParameterError
from aura.zones.fabric.tissue.compiled import kernel

__all__ = ["EXCITATORY", "INHIBITORY", "LARGEST_DELAY", "Synapses", "group"]

EXCITATORY, INHIBITORY = 0, 1
"""The receptors: AMPA with NMDA, and GABA-A."""

LARGEST_DELAY = 65535
"""Slots; what a uint16 holds."""

Ints = NDArray[Any]


@kernel
def _group(keys: Ints, start: NDArray[np.int64], order: NDArray[np.int32]) -> None:
    for key in keys:
        start[key + 1] += 1
    for place in range(1, start.size):
        start[place] += start[place - 1]
    for index in range(keys.size):
        key = keys[index]
        order[start[key]] = index
        start[key] += 1
    for place in range(start.size - 1, 0, -1):
        start[place] = start[place - 1]
    start[0] = 0


def group(keys: Ints, groups: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return where each group starts (groups + 1,) and the keys' indices by group: a counting sort, stable.

    Examples
    --------
    >>> start, order = group(np.array([1, 0, 1]), 2)
    >>> start.tolist(), order.tolist()
    ([0, 1, 3], [1, 0, 2])
    """
    start, order = np.zeros(groups + 1, np.int64), np.empty(keys.size, np.int32)
    _group(np.array(keys, np.int32), start, order)
    return start, order


def _narrow(values: NDArray[Any]) -> NDArray[Any]:
    """Return non-negative integers in the narrowest of uint8 and uint16."""
    return values.astype(np.uint8 if values.size == 0 or values.max() < 256 else np.uint16)


@dataclass(frozen=True, slots=True, eq=False)
class Synapses:
    """Who reaches whom, where, when and how strongly; synapses ascend by presynaptic cell, then by postsynaptic cell.

    Parameters
    ----------
    cells : int
        How many cells there are.
    row_start : int64 (cells + 1,)
        The synapses of presynaptic cell i are those from ``row_start[i]`` to before ``row_start[i + 1]``.
    target : int32 (synapse,)
        Postsynaptic cell.
    site : uint8 or uint16 (synapse,)
        Where on the postsynaptic cell.
    receptor : uint8 (synapse,)
        `EXCITATORY` or `INHIBITORY`.
    delay : uint8 or uint16 (synapse,), slots
        From the spike to its arrival, at least 1.
    weight : float32 (synapse,), uS
        Conductance that one spike adds, to begin with.
    column_start : int64 (cells + 1,)
        The synapses onto cell j are ``column_synapse[column_start[j]:column_start[j + 1]]``.
    column_synapse : int32 (synapse,)
        Synapses by postsynaptic cell, ascending within each.
    """

    cells: int
    row_start: NDArray[np.int64]
    target: NDArray[np.int32]
    site: NDArray[Any]
    receptor: NDArray[np.uint8]
    delay: NDArray[Any]
    weight: NDArray[np.float32]
    column_start: NDArray[np.int64]
    column_synapse: NDArray[np.int32]

    @classmethod
    def from_arrays(cls, cells: int, source: ArrayLike, target: ArrayLike, weight: ArrayLike, delay: ArrayLike, *,
                    site: ArrayLike = 0, receptor: ArrayLike = EXCITATORY) -> Synapses:
        """Return the table of synapses given in any order; synapses of one pair keep their order.

        Parameters
        ----------
        cells : int
            How many cells there are.
        source, target : integer array (synapse,)
            Presynaptic and postsynaptic cell.
        weight : float array (synapse,) or float, uS
            Not negative.
        delay : integer array (synapse,) or int, slots
            From 1 to 65,535.
        site, receptor : integer array (synapse,) or int
            Where, and what kind.

        Raises
        ------
        ParameterError
            If a cell does not exist, a delay is less than a slot, a weight is negative or not finite, there is no such
            site or receptor, or the arrays differ in length.

        Examples
        --------
        >>> table = Synapses.from_arrays(3, [2, 0, 0], [0, 2, 1], 0.5, [1, 2, 3])
        >>> table.row_start.tolist(), table.target.tolist(), table.delay.tolist()
        ([0, 2, 2, 3], [1, 2, 0], [3, 2, 1])
        >>> table.column_synapse.tolist()
        [2, 0, 1]
        """
        sources = _whole("source", source, 0, cells - 1)
        count = sources.size
        if sources.ndim != 1 or count > np.iinfo(np.int32).max:
            raise ParameterError("fabric.synapses.source", expected="a list of less than 2³¹ cells",
                                 got=f"an array of shape {sources.shape}")
        columns = {"target": _whole("target", target, 0, cells - 1), "site": _whole("site", site, 0, 65535),
                   "receptor": _whole("receptor", receptor, EXCITATORY, INHIBITORY),
                   "delay": _whole("delay", delay, 1, LARGEST_DELAY), "weight": np.asarray(weight, np.float32)}
        if not (np.isfinite(columns["weight"]).all() and (columns["weight"] >= 0).all()):
            raise ParameterError("fabric.synapses.weight", expected="conductances of 0 uS or more, finite",
                                 got=repr(np.asarray(weight).min()), hint="The receptor gives the sign.")
        for name, values in columns.items():
            if values.shape not in ((), (count,)):
                raise ParameterError(f"fabric.synapses.{name}", expected=f"one value or {count}, as of source",
                                     got=f"an array of shape {values.shape}")
            columns[name] = np.broadcast_to(values, (count,))
        _, by_target = group(columns["target"], cells)
        row_start, by_source = group(sources[by_target], cells)
        order = by_target[by_source]
        del by_target, by_source
        targets = columns["target"][order].astype(np.int32)
        column_start, column_synapse = group(targets, cells)
        return cls(cells, row_start, targets, _narrow(columns["site"][order]),
                   columns["receptor"][order].astype(np.uint8), _narrow(columns["delay"][order]),
                   columns["weight"][order], column_start, column_synapse)

    def __len__(self) -> int:
        return int(self.target.size)

    @property
    def longest_delay(self) -> int:
        """The longest delay in slots, 1 if there is no synapse."""
        return int(self.delay.max(initial=1))

    @property
    def sites(self) -> int:
        """How many sites a cell must have at least."""
        return int(self.site.max(initial=0)) + 1

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return sum(getattr(self, field.name).nbytes for field in fields(self) if field.name != "cells")

    def sources(self) -> NDArray[np.int32]:
        """Return the presynaptic cell of each synapse, int32 (synapse,)."""
        return np.repeat(np.arange(self.cells, dtype=np.int32), np.diff(self.row_start))

    def obeys_dale(self) -> bool:
        """Return whether each cell's synapses are all excitatory or all inhibitory."""
        inhibitory = np.bincount(self.sources(), self.receptor == INHIBITORY, self.cells)
        return bool(((inhibitory == 0) | (inhibitory == np.diff(self.row_start))).all())


def _whole(name: str, values: ArrayLike, least: int, most: int) -> NDArray[Any]:
    """Return an array of integers, checked."""
    array = np.asarray(values)
    if array.size == 0:
        return array.astype(np.int32)
    if array.dtype.kind not in "iu":
        raise ParameterError(f"fabric.synapses.{name}", expected="integers", got=f"dtype {array.dtype}")
    for value in (array.min(), array.max()):
        if not least <= value <= most:
            raise ParameterError(f"fabric.synapses.{name}", expected=f"integers from {least} to {most}",
                                 got=str(value))
    return array
