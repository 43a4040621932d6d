"""Looking into the neurons: ``fabric.neurons[i, j, k].dendrites[d].voltage`` and their like."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from aura.core.errors import ParameterError, nearest
from aura.zones.fabric.neurons.layout import COLUMNS
from aura.zones.fabric.tissue.synapses import EXCITATORY, INHIBITORY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from aura.zones.fabric.tissue.circuit import Circuit

__all__ = ["ChannelView", "DendriteView", "NeuronGrid", "NeuronView"]


class _NoSuchIndex(ParameterError, IndexError):
    """An index that is not there, said so that sequences work as Python's do."""


class _NoSuchChannel(ParameterError, KeyError):
    """A channel that is not there, said so that mappings work as Python's do."""

    __str__ = Exception.__str__  # that of KeyError would put the message in quotes


def _index(where: str, value: int, count: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not 0 <= value < count:
        raise _NoSuchIndex(where, expected=f"an index from 0 to {count - 1}" if count else "no index: there are none",
                           got=repr(value))
    return int(value)


def _strength(name: str, value: float, unit: str) -> float:
    """Return a finite number of 0 or more; `unit` with a space before it, or empty."""
    where, expected = f"fabric.neurons.add_synaptic_input.{name}", f"a finite number, 0{unit} or more"
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ParameterError(where, expected=expected, got=repr(value))
    number = float(value)
    if not 0.0 <= number < math.inf:
        raise ParameterError(where, expected=expected, got=f"{number:g}{unit}",
                             hint="To inhibit, say kind='inhibitory'." if number < 0 else "")
    return number


@dataclass(frozen=True, slots=True)
class ChannelView:
    """One kind of channel at some segments of one neuron."""

    circuit: Circuit
    cell: int
    nodes: tuple[int, ...]
    name: str

    @property
    def current_state(self) -> dict[str, Any]:
        """What it does now, each (segment,): conductance in uS, reversal in mV, current in nA (outward positive), and
        its gates by name."""
        population = self.circuit.population
        placements = population.membrane.placements
        place = next(index for index, placement in enumerate(placements) if placement.channel.name == self.name)
        channel, nodes = placements[place].channel, np.array(self.nodes)
        v = population.read_cell("v", self.cell, nodes).astype(float)
        ca = (population.read_cell("ca", self.cell, nodes).astype(float) if channel.reads_calcium
              else np.zeros(len(nodes)))
        gates = {gate.name: population.read_cell(f"{self.name}.{gate.name}", self.cell, nodes).astype(float)
                 for gate in channel.gates}
        most = population.layout.parameters[nodes, len(COLUMNS) + place]
        conductance = most * channel.conductance_fraction(gates, v, ca)
        return {"conductance_us": conductance, "reversal_mv": channel.reversal.value,
                "current_na": conductance * (v - channel.reversal.value), "gates": gates}


class _Channels(Mapping[str, ChannelView]):
    """The channels at some segments, by name."""

    def __init__(self, circuit: Circuit, cell: int, nodes: tuple[int, ...]) -> None:
        self._circuit, self._cell, self._nodes = circuit, cell, nodes
        densities = circuit.population.layout.parameters[np.array(nodes)][:, len(COLUMNS):]
        self._names = [placement.channel.name for index, placement in enumerate(circuit.population.membrane.placements)
                       if (densities[:, index] > 0.0).all()]

    def __getitem__(self, name: str) -> ChannelView:
        if name not in self._names:
            raise _NoSuchChannel("fabric.neurons.ion_channels", expected="a channel that is there", got=repr(name),
                                 hint=nearest(str(name), self._names))
        return ChannelView(self._circuit, self._cell, self._nodes, name)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class DendriteView:
    """One dendrite of one neuron; each value is read when it is asked for."""

    def __init__(self, circuit: Circuit, cell: int, section: int) -> None:
        self._circuit, self._cell, self._section = circuit, cell, section
        cable = circuit.population.cable
        self._nodes = tuple(int(node) for node in cable.compartments[cable.section[cable.compartments] == section])

    @property
    def voltage(self) -> NDArray[Any]:
        """The voltage of each segment in mV, (segment,)."""
        return self._circuit.population.read_cell("v", self._cell, self._nodes)

    @property
    def calcium(self) -> NDArray[Any]:
        """The calcium of each segment in mM, (segment,); NaN where none is kept."""
        population = self._circuit.population
        if (population.layout.rows_of("ca") < 0).all():
            return np.full(len(self._nodes), np.nan, population.dtype)
        return population.read_cell("ca", self._cell, self._nodes)

    @property
    def hotspots(self) -> list[int]:
        """The segments whose voltage was above the hotspots' threshold within the last slot: dendritic spikes."""
        peak = self._circuit.population.read_cell("peak", self._cell, self._nodes)
        return [int(segment) for segment in np.flatnonzero(peak > self._circuit.params.neuron.hotspot_mv)]

    @property
    def ion_channels(self) -> Mapping[str, ChannelView]:
        """The channels of the dendrite, by name."""
        return _Channels(self._circuit, self._cell, self._nodes)

    def __len__(self) -> int:
        return len(self._nodes)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DendriteView) and self._place == other._place

    def __hash__(self) -> int:
        return hash(self._place)

    @property
    def _place(self) -> tuple[int, int, int]:
        return id(self._circuit), self._cell, self._section


class _Dendrites(Sequence[DendriteView]):
    """The dendrites of one neuron."""

    def __init__(self, circuit: Circuit, cell: int) -> None:
        self._circuit, self._cell = circuit, cell
        self._sections = [section for section, kind in enumerate(circuit.population.cable.kinds)
                          if kind not in ("soma", "axon")]

    def __getitem__(self, dendrite: Any) -> Any:
        place = _index("fabric.neurons.dendrites", dendrite, len(self._sections))
        return DendriteView(self._circuit, self._cell, self._sections[place])

    def __iter__(self) -> Iterator[DendriteView]:
        return (DendriteView(self._circuit, self._cell, section) for section in self._sections)

    def __len__(self) -> int:
        return len(self._sections)


class NeuronView:
    """One neuron; each value is read when it is asked for."""

    def __init__(self, circuit: Circuit, cell: int) -> None:
        self._circuit, self._cell = circuit, cell

    @property
    def voltage(self) -> float:
        """The voltage at the soma in mV."""
        population = self._circuit.population
        return float(population.read_cell("v", self._cell, [population.cable.soma])[0])

    @property
    def dendrites(self) -> Sequence[DendriteView]:
        """The dendrites, in the order of the morphology."""
        return _Dendrites(self._circuit, self._cell)

    @property
    def ion_channels(self) -> Mapping[str, ChannelView]:
        """The channels of the soma, by name."""
        return _Channels(self._circuit, self._cell, (self._circuit.population.cable.soma,))

    def add_synaptic_input(self, dendrite_idx: int, segment_idx: int, weight: float, activation: float = 1.0, *,
                           kind: Literal["excitatory", "inhibitory"] = "excitatory") -> None:
        """Open the receptors of a segment at the beginning of the next slot.

        Parameters
        ----------
        dendrite_idx, segment_idx : int
            Which segment of which dendrite, from 0.
        weight : float
            Peak conductance in uS, 0 or more.
        activation : float
            What it is multiplied by, 0 or more.
        kind : {"excitatory", "inhibitory"}
            Which receptors.

        Raises
        ------
        ParameterError
            If there is no such segment, or a number is negative, not finite, or none.
        """
        dendrite = self.dendrites[dendrite_idx]
        node = dendrite._nodes[_index("fabric.neurons.segment_idx", segment_idx, len(dendrite))]
        conductance = _strength("weight", weight, " uS") * _strength("activation", activation, "")
        most = float(np.finfo(self._circuit.population.dtype).max)
        if conductance > most:
            raise ParameterError("fabric.neurons.add_synaptic_input", got=f"{conductance:g} uS",
                                 expected=f"weight times activation of at most {most:.3g} uS")
        if kind not in ("excitatory", "inhibitory"):
            raise ParameterError("fabric.neurons.add_synaptic_input.kind", expected="'excitatory' or 'inhibitory'",
                                 got=repr(kind))
        site = int(np.flatnonzero(self._circuit.population.sites == node)[0])
        self._circuit.add_input(EXCITATORY if kind == "excitatory" else INHIBITORY, site, self._cell, conductance)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NeuronView) and self._circuit is other._circuit and self._cell == other._cell

    def __hash__(self) -> int:
        return hash((id(self._circuit), self._cell))


class NeuronGrid:
    """The neurons of a tissue by their place on the grid.

    Parameters
    ----------
    circuit : Circuit
        The tissue. Views hold no copies: they read its present state.
    """

    def __init__(self, circuit: Circuit) -> None:
        self._circuit = circuit

    def __getitem__(self, place: tuple[int, int, int]) -> NeuronView:
        dims = self._circuit.spatial_dims
        if not isinstance(place, tuple) or len(place) != 3:
            raise _NoSuchIndex("fabric.neurons", expected="three indices, as neurons[0, 0, 0]", got=repr(place))
        i, j, k = (_index(f"fabric.neurons[{axis}]", value, count)
                   for axis, value, count in zip("ijk", place, dims, strict=True))
        return NeuronView(self._circuit, (i * dims[1] + j) * dims[2] + k)

    def __iter__(self) -> Iterator[NeuronView]:
        return (NeuronView(self._circuit, cell) for cell in range(len(self)))

    def __len__(self) -> int:
        return math.prod(self._circuit.spatial_dims)
