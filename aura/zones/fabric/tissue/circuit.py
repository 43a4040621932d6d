"""The circuit: neurons, the synapses between them and their plasticity, run slot by slot."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from aura.core.errors import ParameterError
from aura.core.lasting import Stateful
from aura.zones.fabric.morphology.discretise import discretise
from aura.zones.fabric.neurons.population import Population
from aura.zones.fabric.neurons.stability import check_step
from aura.zones.fabric.tissue.cell import cell_of
from aura.zones.fabric.tissue.connectivity import grid_network
from aura.zones.fabric.tissue.delivery import DelayLine
from aura.zones.fabric.tissue.plasticity import Plasticity
from aura.zones.fabric.tissue.synapses import EXCITATORY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from aura.zones.fabric.morphology.cable import Cable
    from aura.zones.fabric.neurons.cells import Cells
    from aura.zones.fabric.neurons.events import Spikes
    from aura.zones.fabric.neurons.membrane import Membrane
    from aura.zones.fabric.params import TissueParams
    from aura.zones.fabric.tissue.workers import Workers

__all__ = ["Circuit"]


class Circuit(Stateful):
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
    notices : mapping
        What a person should be told of how the neurons were read, as `Zone.notices` has it.
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

    lasting = ("population", "_line", "plasticity", "drive", "_extra")

    def __init__(self, params: TissueParams, spatial_dims: tuple[int, int, int], rng: np.random.Generator,
                 workers: Workers, *, device: str = "cpu") -> None:
        self.params, self.spatial_dims = params, spatial_dims
        neuron, cells = params.neuron, math.prod(spatial_dims)
        cell = cell_of(params)
        self.notices = cell.notices
        self.steps = _steps_of(params, cell.membrane)
        cable = discretise(cell.morphology, neuron.axial_ohm_cm)
        sites, dendritic, somatic, entry = _sites(cable)
        self.population = _population(device, workers)(
            cable, cell.membrane, cells, dt_ms=neuron.dt_ms, temperature_c=neuron.temperature_c,
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


def _sites(cable: Cable) -> tuple[list[int], list[int], list[int], list[int]]:
    """Return the nodes of all sites, and which sites take excitation, inhibition and the drive."""
    kind_of = {int(node): cable.kinds[cable.section[node]] for node in cable.compartments}
    sites = [node for node, kind in kind_of.items() if kind != "axon"]
    somatic = [site for site, node in enumerate(sites) if kind_of[node] == "soma"] or [0]
    dendritic = [site for site, node in enumerate(sites) if kind_of[node] != "soma"] or somatic
    entry = [site for site in dendritic if cable.segment[sites[site]] == 0]
    return sites, dendritic, somatic, entry
