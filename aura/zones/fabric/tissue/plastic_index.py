"""The plastic synapses, laid out for the two moments at which rules meet them: when a spike arrives, and is born."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aura.core.errors import ParameterError
from aura.zones.fabric.tissue.synapses import EXCITATORY, Synapses, group

__all__ = ["PlasticIndex"]


@dataclass(frozen=True, slots=True, eq=False)
class PlasticIndex:
    """Which plastic synapses a spike reaches, by its delay, and which end at a cell.

    Parameters
    ----------
    cells, longest_delay : int
        Of the tissue.
    arrival_start : uint32 (cells · longest_delay + 1,)
        The plastic synapses of cell i with delay d stand from place ``arrival_start[i * longest_delay + d - 1]``.
    arrival : uint32 (plastic, 2)
        Synapse and postsynaptic cell, in that order.
    fan_in_start : uint32 (cells + 1,)
        The plastic synapses onto cell j stand from place ``fan_in_start[j]``.
    fan_in_synapse, fan_in_source : uint32 (plastic,)
        Synapse and presynaptic cell, in that order.
    fan_in_delay, fan_in_site : uint8 or uint16 (plastic,)
        Delay in slots, and site.

    Notes
    -----
    Excitatory synapses are plastic. What a kernel reads of a synapse stands beside its neighbours', so that only its
    weight is fetched from afar; and it is unsigned, for a kernel asks of every signed index whether it is negative.
    """

    cells: int
    longest_delay: int
    arrival_start: NDArray[np.uint32]
    arrival: NDArray[np.uint32]
    fan_in_start: NDArray[np.uint32]
    fan_in_synapse: NDArray[np.uint32]
    fan_in_source: NDArray[np.uint32]
    fan_in_delay: NDArray[Any]
    fan_in_site: NDArray[Any]

    @classmethod
    def of(cls, synapses: Synapses) -> PlasticIndex:
        """Return the index of the excitatory synapses.

        Raises
        ------
        ParameterError
            If delays are so long, and cells so many, that they cannot be counted.
        """
        cells, longest = synapses.cells, synapses.longest_delay
        if cells * longest > np.iinfo(np.int32).max:
            raise ParameterError("fabric.synapses.delay", expected="cells times longest delay below 2³¹",
                                 got=f"{cells} times {longest} slots", hint="Take a longer slot.")
        plastic = np.flatnonzero(synapses.receptor == EXCITATORY).astype(np.int32)
        sources = synapses.sources()
        steps = sources[plastic].astype(np.int64) * longest + (synapses.delay[plastic].astype(np.int64) - 1)
        arrival_start, order = group(steps, cells * longest)
        arriving = plastic[order]
        kept = synapses.receptor[synapses.column_synapse] == EXCITATORY
        fan_in = synapses.column_synapse[kept]
        before = np.concatenate([[0], np.cumsum(kept)])
        arrival = np.column_stack([arriving, synapses.target[arriving]]).astype(np.uint32)
        return cls(cells, longest, arrival_start.astype(np.uint32), arrival,
                   before[synapses.column_start].astype(np.uint32), fan_in.astype(np.uint32),
                   sources[fan_in].astype(np.uint32), synapses.delay[fan_in], synapses.site[fan_in])

    def __len__(self) -> int:
        return int(self.fan_in_synapse.size)
