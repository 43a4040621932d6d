"""The circuit: neurons, the synapses between them and their plasticity, run slot by slot."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from aura.core.errors import ParameterError
from aura.zones.fabric.channels import CHANNELS, CalciumPool, Channel, channel_from_table, find_channel
from aura.zones.fabric.channels.quantity import density_s_cm2
from aura.zones.fabric.morphology.discretise import discretise
from aura.zones.fabric.morphology.section import KINDS
from aura.zones.fabric.morphology.segmentation import check_compartments
from aura.zones.fabric.morphology.swc import read_swc
from aura.zones.fabric.morphology.tree import ball_and_sticks, point_neuron
from aura.zones.fabric.neurons.membrane import Afferent, Membrane, Placement
from aura.zones.fabric.neurons.population import Population
from aura.zones.fabric.neurons.receptors import AMPA, GABA_A, NMDA
from aura.zones.fabric.neurons.stability import check_step
from aura.zones.fabric.tissue.connectivity import grid_network
from aura.zones.fabric.tissue.delivery import DelayLine
from aura.zones.fabric.tissue.plasticity import Plasticity
from aura.zones.fabric.tissue.synapses import EXCITATORY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from aura.zones.fabric.morphology.cable import Cable
    from aura.zones.fabric.morphology.tree import Morphology
    from aura.zones.fabric.neurons.cells import Cells
    from aura.zones.fabric.neurons.events import Spikes
    from aura.zones.fabric.params import NeuronParams, TissueParams
    from aura.zones.fabric.tissue.workers import Workers

__all__ = ["Circuit", "membrane_of", "morphology_of"]


class Circuit:
    """The tissue in motion.

    Parameters
    ----------
    params : TissueParams
        Neurons, synapses, plasticity.
    spatial_dims : tuple of three int
        Neurons along x, y and z.
    rng : numpy.random.Generator
        Draws the synapses.
    workers : Workers
        Threads.
    device : {"cpu", "gpu"}
        Where the neurons are integrated.

    Attributes
    ----------
    population : Cells
        The neurons.
    synapses : Synapses
        Who is connected to whom; the weights as they are now stand in ``plasticity.weights``.
    drive : ndarray, shape (cell,)
        How far each neuron is driven by its place on the map, 0 to 1; held until it is changed.

    Raises
    ------
    ParameterError
        If the time step is too long or the slot not a whole number of them, a part of the model cannot be built, or
        there is no such device.

    Notes
    -----
    A slot: what arrives opens the receptors, the drive opens those of the first dendritic segments, the neurons are
    integrated, their spikes set out, the rules of plasticity run.
    """

    def __init__(self, params: TissueParams, spatial_dims: tuple[int, int, int], rng: np.random.Generator,
                 workers: Workers, *, device: str = "cpu") -> None:
        self.params, self.spatial_dims = params, spatial_dims
        neuron, cells = params.neuron, math.prod(spatial_dims)
        membrane = membrane_of(params)
        self.steps = _steps_of(params, membrane)
        cable = discretise(morphology_of(neuron), neuron.axial_ohm_cm)
        sites, dendritic, somatic, entry = _sites(cable)
        self.population = _population(device, workers)(
            cable, membrane, cells, dt_ms=neuron.dt_ms, temperature_c=neuron.temperature_c,
            initial_mv=neuron.initial_mv, threshold_mv=neuron.threshold_mv, dtype=neuron.dtype, sites=sites)
        self.synapses = grid_network(spatial_dims, params.connectivity, slot_ms=params.slot_ms, rng=rng,
                                     excitatory_sites=dendritic, inhibitory_sites=somatic)
        self.plasticity = Plasticity(self.synapses, params.plasticity, slot_ms=params.slot_ms, workers=workers,
                                     dtype=neuron.dtype)
        if params.plasticity.activation is None:
            raise ParameterError("fabric.tissue.plasticity.activation", expected="the tracking of activation, which "
                                 "the fabric reads its state from", got="none", hint="Leave it out: it is on.")
        self._line = DelayLine(self.synapses, sites=len(sites), dtype=neuron.dtype, workers=workers)
        self._entry = entry
        if params.plasticity.calcium is not None and (self.population.layout.rows_of("ca")[sites] < 0).all():
            raise ParameterError("fabric.tissue.plasticity.calcium", expected="neurons that keep calcium", got="none",
                                 hint="Give them a channel that lets calcium through, as calcium = {dendrite = 3e-5}.")
        self.drive: NDArray[Any] = np.zeros(cells, neuron.dtype)
        self._extra: list[tuple[int, int, int, float]] = []

    @property
    def slot_ms(self) -> float:
        """Length of a slot."""
        return self.params.slot_ms

    def add_input(self, afferent: int, site: int, cell: int, weight_us: float) -> None:
        """Open receptors of one cell at one site at the beginning of the next slot."""
        self._extra.append((afferent, site, cell, weight_us))

    def slot(self, learning: float = 1.0) -> Spikes:
        """Run one slot and return its spikes; `learning` scales the speed of plasticity, 0 for none."""
        opening = self._line.take()
        if self.drive.any():
            opening[EXCITATORY, self._entry] += self.drive * self.population.dtype.type(
                self.params.drive_us / len(self._entry))
        for afferent, site, cell, weight_us in self._extra:
            opening[afferent, site, cell] += weight_us
        self._extra.clear()
        spikes = self.population.advance(self.steps, opening)
        self._line.deliver(spikes.cell, self.plasticity.weights)
        calcium = self.population.read("ca", self.population.sites) if self.plasticity.needs_calcium else None
        self.plasticity.after_slot(spikes.cell, calcium, drive=learning)
        return spikes

    def rates(self) -> NDArray[np.float64]:
        """Return the running rate of each neuron in Hz, (cell,)."""
        activation = self.plasticity.activation
        assert activation is not None  # Circuit asks for it
        return activation.rates(self.plasticity.slot - 1) if self.plasticity.slot else np.zeros(len(self.drive))

    def state(self) -> dict[str, Any]:
        """Return neurons, what is under way, weights and traces."""
        return {"population": self.population.state(), "line": self._line.state(),
                "plasticity": self.plasticity.state(), "drive": self.drive.copy(),
                "extra": [list(entry) for entry in self._extra]}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned of a circuit with the same parameters."""
        self.population.load_state(state["population"])
        self._line.load_state(state["line"])
        self.plasticity.load_state(state["plasticity"])
        self.drive[...] = state["drive"]
        self._extra = [(int(a), int(s), int(c), float(w)) for a, s, c, w in state["extra"]]


def _steps_of(params: TissueParams, membrane: Membrane) -> int:
    """Return the time steps of a slot, a step that is short enough for the gates."""
    dt_ms, slot_ms, where = params.neuron.dt_ms, params.slot_ms, "fabric.tissue.neuron.dt_ms"
    check_step(membrane, dt_ms, params.neuron.temperature_c, where)
    steps = round(slot_ms / dt_ms)
    if not _divides(dt_ms, slot_ms, steps):
        raise ParameterError(where, expected=f"a step of which {slot_ms:g} ms, the slot, is a whole number",
                             got=f"{dt_ms:g} ms", hint=f"Try {_dividing_step(dt_ms, slot_ms)} ms.")
    return steps


def _divides(dt_ms: float, slot_ms: float, steps: int) -> bool:
    """Return whether so many steps make a slot."""
    return steps >= 1 and abs(steps * dt_ms - slot_ms) <= 1e-9 * slot_ms


def _dividing_step(dt_ms: float, slot_ms: float) -> str:
    """Return the longest step that divides a slot, is not longer than `dt_ms`, and has at most four digits if any has.

    >>> _dividing_step(0.03, 0.5), _dividing_step(0.8, 0.5), _dividing_step(0.3, 1.0)
    ('0.025', '0.5', '0.25')
    """
    fewest = math.ceil(slot_ms / dt_ms)
    written = ((f"{slot_ms / steps:.4g}", steps) for steps in range(fewest, 10 * fewest + 1))
    return next((text for text, steps in written if _divides(float(text), slot_ms, steps)), repr(slot_ms / fewest))


def _population(device: str, workers: Workers) -> Callable[..., Cells]:
    """Return what makes the neurons for a device."""
    if device == "cpu":
        return partial(Population, workers=workers)
    from aura.zones.fabric.neurons.jax_population import JaxPopulation

    return partial(JaxPopulation, device=device)


def morphology_of(neuron: NeuronParams) -> Morphology:
    """Return the shape that the parameters describe.

    Raises
    ------
    ParameterError
        If it has too many compartments.
    DataError
        If the SWC file is broken.
    """
    if neuron.swc is not None:
        return read_swc(neuron.swc, neuron.segment_um)
    if neuron.dendrites == 0:
        return point_neuron(area_um2=math.pi * neuron.soma_um**2)
    check_compartments(1 + neuron.dendrites * neuron.segments, "Try fewer segments or dendrites.",
                       "fabric.tissue.neuron.segments")
    return ball_and_sticks(neuron.soma_um, neuron.soma_um, neuron.dendrites, neuron.segments, neuron.segment_um,
                           neuron.dendrite_um)


def membrane_of(params: TissueParams) -> Membrane:
    """Return the membrane that the parameters describe.

    Raises
    ------
    ParameterError
        If a channel is unknown, or its declaration is wrong.
    """
    placements = [_placement(name, given) for name, given in params.neuron.channels.items()]
    thirsty = any(placement.channel.reads_calcium or placement.channel.calcium_share > 0 for placement in placements)
    excitation = ((AMPA, 1.0), (NMDA, params.nmda_share)) if params.nmda_share > 0 else ((AMPA, 1.0),)
    return Membrane(tuple(placements), params.neuron.capacitance_uf_cm2, CalciumPool() if thirsty else None,
                    (Afferent("excitatory", excitation), Afferent("inhibitory", ((GABA_A, 1.0),))))


def _placement(name: str, given: Any) -> Placement:
    """Return a channel and where it lies: a built-in one, or one that a table declares."""
    where = f"fabric.tissue.neuron.channels.{name}"
    if isinstance(given, Mapping) and _declares(name, given):
        table = dict(given)
        density = table.pop("density", None)
        channel = channel_from_table(name, table, where)
        density = channel.conductance.value if density is None else density
    else:
        channel, density = find_channel(name, where), given
    by_kind = density if isinstance(density, Mapping) else {"all": density}
    densities = {kind: density_s_cm2(value, f"{where}.{kind}") for kind, value in by_kind.items()}
    try:
        return Placement(channel, densities)
    except ParameterError as error:
        kind = error.where.removeprefix(f"{channel.name}.density.")
        raise ParameterError(f"{where}.{kind}", expected=error.expected, got=error.got, hint=error.hint) from None


def _declares(name: str, table: Mapping[str, Any]) -> bool:
    """Return whether a table declares a channel, and does not say where one lies."""
    if name in CHANNELS:
        return not table.keys().isdisjoint(Channel.model_fields)
    return not table.keys() <= {*KINDS, "all"}


def _sites(cable: Cable) -> tuple[list[int], list[int], list[int], list[int]]:
    """Return the nodes of all sites, and which sites take excitation, inhibition and the drive."""
    kind_of = {int(node): cable.kinds[cable.section[node]] for node in cable.compartments}
    sites = [node for node, kind in kind_of.items() if kind != "axon"]
    somatic = [site for site, node in enumerate(sites) if kind_of[node] == "soma"] or [0]
    dendritic = [site for site, node in enumerate(sites) if kind_of[node] != "soma"] or somatic
    entry = [site for site in dendritic if cable.segment[sites[site]] == 0]
    return sites, dendritic, somatic, entry
