"""The cell of a tissue, as its parameters describe it: shape and membrane."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from aura.core.errors import ParameterError
from aura.zones.fabric.channels import CHANNELS, CalciumPool, Channel, channel_from_table, find_channel
from aura.zones.fabric.channels.quantity import density_s_cm2
from aura.zones.fabric.morphology.section import KINDS
from aura.zones.fabric.morphology.segmentation import check_compartments
from aura.zones.fabric.morphology.swc import read_swc_quietly
from aura.zones.fabric.morphology.tree import ball_and_sticks, point_neuron
from aura.zones.fabric.neurons.membrane import Afferent, Membrane, Placement
from aura.zones.fabric.neurons.receptors import AMPA, GABA_A, NMDA

if TYPE_CHECKING:
    from aura.zones.fabric.morphology.tree import Morphology
    from aura.zones.fabric.params import NeuronParams, TissueParams

__all__ = ["membrane_of", "morphology_of"]


def morphology_of(neuron: NeuronParams) -> tuple[Morphology, Mapping[str, int]]:
    """Return the shape that the parameters describe, and what a person should be told of it (`Zone.notices`).

    Raises
    ------
    ParameterError
        If it has too many compartments.
    DataError
        If the SWC file is broken.
    """
    if neuron.swc is not None:
        return read_swc_quietly(neuron.swc, neuron.segment_um, unit=neuron.unit, scale=neuron.scale,
                                roots=neuron.roots, zero_radius_um=neuron.zero_radius_um)
    if neuron.dendrites == 0:
        return point_neuron(area_um2=math.pi * neuron.soma_um**2), {}
    check_compartments(1 + neuron.dendrites * neuron.segments, "Try fewer segments or dendrites.",
                       "fabric.tissue.neuron.segments")
    return ball_and_sticks(neuron.soma_um, neuron.soma_um, neuron.dendrites, neuron.segments, neuron.segment_um,
                           neuron.dendrite_um), {}


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
