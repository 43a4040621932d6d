"""The cell of a tissue, as its parameters describe it: shape and membrane."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from aura.core.errors import AuraError, ParameterError, nearest
from aura.zones.fabric.channels import CHANNELS, CalciumPool, Channel, find_channel
from aura.zones.fabric.channels.quantity import density_s_cm2
from aura.zones.fabric.channels.registry import gathered, read_channel
from aura.zones.fabric.morphology.section import KINDS
from aura.zones.fabric.morphology.segmentation import check_compartments
from aura.zones.fabric.morphology.swc import read_swc_quietly
from aura.zones.fabric.morphology.tree import ball_and_sticks, point_neuron
from aura.zones.fabric.neurons.membrane import Afferent, Membrane, Placement
from aura.zones.fabric.neurons.receptors import AMPA, GABA_A, NMDA
from aura.zones.fabric.params import default_channels

if TYPE_CHECKING:
    from aura.zones.fabric.morphology.tree import Morphology
    from aura.zones.fabric.params import NeuronParams, TissueParams

__all__ = ["Cell", "cell_of", "channels_of", "membrane_of", "morphology_of"]

CHANNELS_KEY = "fabric.tissue.neuron.channels"
REPLACE = "replace"


class Cell(NamedTuple):
    """Every neuron of a tissue."""

    morphology: Morphology
    membrane: Membrane
    notices: Mapping[str, int]
    """What a person should be told of how it was read, as `Zone.notices` has it."""


def cell_of(params: TissueParams) -> Cell:
    """Return the cell that the parameters describe.

    Raises
    ------
    AuraError
        If there is none: a broken file, an unknown channel, too many compartments.
    """
    membrane, of_the_membrane = membrane_of(params)
    morphology, of_the_shape = morphology_of(params.neuron)
    kinds = {section.kind for section in morphology.sections}
    named = params.neuron.channels.keys() if "channels" in params.neuron.model_fields_set else ()
    nowhere = {f"has its channel {placement.channel.name} nowhere: it is for {' and '.join(placement.density)}, the "
               f"neurons are of {' and '.join(sorted(kinds))}": 1
               for placement in membrane.placements
               if placement.channel.name in named and any(placement.density.values())
               and not any(placement.of(kind) for kind in kinds)}
    return Cell(morphology, membrane, {**of_the_shape, **of_the_membrane, **nowhere})


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


def membrane_of(params: TissueParams) -> tuple[Membrane, Mapping[str, int]]:
    """Return the membrane that the parameters describe, and what a person should be told of it (`Zone.notices`).

    Raises
    ------
    ParameterError
        If a channel is unknown, or its declaration is wrong; one error names all mistakes of all channels.
    """
    placements: list[Placement] = []
    errors: list[AuraError] = []
    for name, given in channels_of(params.neuron).items():
        try:
            placements.append(_placement(name, given))
        except ParameterError as error:
            errors.append(error)
    if errors:
        raise gathered(errors, CHANNELS_KEY, "channels")
    thirsty = any(placement.channel.reads_calcium or placement.channel.calcium_share > 0 for placement in placements)
    excitation = ((AMPA, 1.0), (NMDA, params.nmda_share)) if params.nmda_share > 0 else ((AMPA, 1.0),)
    membrane = Membrane(tuple(placements), params.neuron.capacitance_uf_cm2, CalciumPool() if thirsty else None,
                        (Afferent("excitatory", excitation), Afferent("inhibitory", ((GABA_A, 1.0),))))
    return membrane, {remark: 1 for placement in placements for remark in placement.channel.remarks}


def channels_of(neuron: NeuronParams) -> dict[str, Any]:
    """Return what lies in the membrane: the channels there are without a word, and what is said of channels.

    Raises
    ------
    ParameterError
        If ``replace`` is neither true nor false, or a channel is left out that is not there.
    """
    given = dict(neuron.channels)
    replace = given.pop(REPLACE, False)
    if not isinstance(replace, bool):
        raise ParameterError(f"{CHANNELS_KEY}.{REPLACE}", expected="true or false", got=repr(replace),
                             hint="True leaves out the channels that are there without a word.")
    there = {} if replace else default_channels()
    for name, found in given.items():
        if found is False and name not in there:
            raise ParameterError(f"{CHANNELS_KEY}.{name}", expected="a channel to leave out that is there without a "
                                 "word", got=repr(name), hint=nearest(name, there))
    return {name: found for name, found in {**there, **given}.items() if found is not False}


def _placement(name: str, given: Any) -> Placement:
    """Return a channel and where it lies: a built-in one, or one that a table declares."""
    where = f"{CHANNELS_KEY}.{name}"
    if isinstance(given, Mapping) and _declares(name, given):
        channel = read_channel(name, given, where)
        density = given.get("density", channel.conductance.value)
    else:
        channel, density = find_channel(name, where), given
    by_kind = density if isinstance(density, Mapping) else {"all": density}
    densities: dict[str, float] = {}
    errors: list[AuraError] = []
    for kind, value in by_kind.items():
        try:
            densities[kind] = density_s_cm2(value, f"{where}.{kind}")
            Placement(channel, {kind: densities[kind]})
        except ParameterError as error:
            errors.append(ParameterError(f"{where}.{kind}", expected=error.expected, got=error.got, hint=error.hint))
    if errors:
        raise gathered(errors, where, "densities")
    return Placement(channel, densities)


def _declares(name: str, table: Mapping[str, Any]) -> bool:
    """Return whether a table declares a channel, and does not say where one lies."""
    if name in CHANNELS:
        return not table.keys().isdisjoint(Channel.model_fields)
    return not table.keys() <= {*KINDS, "all"}
