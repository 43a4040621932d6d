"""What a fabric has, in lines, before it is built: the shape of its neurons, their channels and receptors."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from aura.zones.fabric.morphology.section import KINDS
from aura.zones.fabric.tissue.cell import cell_of

if TYPE_CHECKING:
    from aura.zones.fabric.morphology.tree import Morphology
    from aura.zones.fabric.neurons.membrane import Membrane
    from aura.zones.fabric.params import FabricParams

__all__ = ["described"]


def described(params: FabricParams) -> list[str]:
    """Return what `aura describe` says of a fabric with these parameters.

    Raises
    ------
    AuraError
        If its neurons cannot be made.
    """
    if params.tissue is None:
        return ["no tissue"]
    morphology, membrane, notices = cell_of(params.tissue)
    grid = " x ".join(map(str, params.spatial_dims))
    notes = [text.replace("{count}", f"{count:,}") for text, count in notices.items()]
    first = [f"{math.prod(params.spatial_dims):,} neurons ({grid}), each of {_shape(morphology)}",
             f"{membrane.capacitance_uf_cm2:g} uF/cm2, {params.tissue.neuron.axial_ohm_cm:g} ohm cm, "
             f"{params.tissue.neuron.temperature_c:g} degC"]
    return [*first, *_channels(morphology, membrane), *_receptors(membrane), *notes]


def _shape(morphology: Morphology) -> str:
    """Return sections and compartments by kind, and the membrane."""
    segments = Counter[str]()
    for section in morphology.sections:
        segments[section.kind] += section.segments
    kinds = ", ".join(f"{segments[kind]} {kind}" for kind in KINDS if segments[kind])
    return f"{segments.total()} compartments ({kinds}), {morphology.length_um:.1f} um, {morphology.area_um2:.1f} um2"


def _channels(morphology: Morphology, membrane: Membrane) -> list[str]:
    """Return a line for each channel: what it lets through, where it reverses, and how densely it lies where."""
    kinds = [kind for kind in KINDS if any(section.kind == kind for section in morphology.sections)]
    lines = []
    for placement in membrane.placements:
        channel = placement.channel
        there = [f"{kind} {placement.of(kind):g}" for kind in kinds if placement.of(kind) > 0.0]
        places = f"{', '.join(there)} S/cm2" if there else "nowhere: no section of this shape has any"
        lines.append(f"channel {channel.name:<18} {channel.ion:<12} {channel.reversal!s:<8} {places}")
    return lines or ["no channels: the membrane is a capacitor"]


def _receptors(membrane: Membrane) -> list[str]:
    """Return a line for each kind of synapse."""
    return [f"{afferent.name} synapses open " + ", ".join(
        f"{receptor.name} ({share:g} of the weight, {receptor.reversal})" for receptor, share in afferent.receptors)
        for afferent in membrane.afferents]
