"""What the package `sensory` brings, without importing what its zone computes with."""

from __future__ import annotations

from collections.abc import Sequence

from aura.core.ports import Port
from aura.core.zone import Manifest
from aura.plugins import hookimpl
from aura.zones.sensory.params import SensoryParams

__all__ = ["MANIFEST", "aura_zones"]

MANIFEST = Manifest(
    name="sensory",
    factory="aura.zones.sensory.zone:Sensory",
    summary="Turns texts into embeddings with a sentence encoder.",
    params=SensoryParams,
    inputs=(Port("text", dtype="text", shape=("item",), doc="Texts, one an item."),),
    outputs=lambda params: (
        Port("embedding", shape=("item", params.dimensions), items_from="text", range=(-1.0, 1.0),
             doc="One vector per text, of length 1; zeros for a text without a word."),),
    wake_on=("text",),
)


@hookimpl
def aura_zones() -> Sequence[Manifest]:
    """Bring the zone `sensory`."""
    return [MANIFEST]
