"""What the package `sensory` brings, without importing what its zone computes with."""

from __future__ import annotations

import math
from collections.abc import Sequence

from aura.core.modulators import LEARNING_DRIVE, LEARNING_RATE, Modulator
from aura.core.ports import Port
from aura.core.zone import Manifest
from aura.plugins import hookimpl
from aura.zones.sensory.params import MODALITIES, SensoryParams

__all__ = ["GRADIENT", "MANIFEST", "REHEARSED", "aura_zones"]

GRADIENT, REHEARSED = "embedding_gradient", "rehearsed"
_ROUNDING = 1e-5
"""What the logarithm of the floor may lose in float32."""


def _inputs(params: SensoryParams) -> tuple[Port, ...]:
    image, audio = params.image, params.audio
    pixels = ("item", "height", "width") if image.channels is None else ("item", "height", "width", image.channels)
    length = "sample" if audio.length is None else audio.samples(audio.length)
    ports: dict[str, tuple[Port, ...]] = {
        "text": (Port("text", dtype="text", shape=("item",), doc="Texts, one an item."),),
        "image": (Port("image", dtype=image.dtype, shape=pixels, range=(0, 255 if image.dtype == "uint8" else 1),
                       doc="Images, one an item."),),
        "audio": (Port("audio", shape=("item", length), range=(-1.0, 1.0), doc=_SOUND[audio.items]),),
    }
    if audio.items == "chunk":
        ports["audio"] += (Port("audio_position", dtype="int64", shape=("item",), required=False,
                                doc="Number of each chunk within its recording; where it is no successor, or 0, "
                                    "the sound begins anew."),)
    if params.learns:
        ports["text"] += (Port(GRADIENT, shape=("item", "feature"), role="gradient", required=False,
                               fan_in="many",
                               doc="Gradients of each item's loss with respect to its embedding, by id, not averaged, "
                                   "from all who send them."),)
    return tuple(port for name in MODALITIES if name in params.modalities for port in ports[name])


_SOUND: dict[str, str] = {"chunk": "Samples, each item the continuation of the one before.",
                          "recording": "Samples, each item a recording on its own."}


def _outputs(params: SensoryParams) -> tuple[Port, ...]:
    image, audio, ports = params.image, params.audio, []
    if "text" in params.modalities:
        ports.append(Port("embedding", shape=("item", params.dimensions), items_from="text", range=(-1.0, 1.0),
                          doc="One vector per text, of length 1; zeros for a text without a word."))
    if _rehearses(params):
        ports.append(Port(REHEARSED, shape=("item", params.dimensions), range=(-1.0, 1.0),
                          doc="Texts that were learned from before, read once more; with the ids that they had."))
    if "image" in params.modalities:
        # Of n numbers none lies further than √n deviations from their mean.
        most = math.ceil(math.sqrt(image.features))
        ports.append(Port("visual_tokens", shape=("item", "patch", image.features), items_from="image",
                          range=(-most, most) if image.normalise == "patch" else None,
                          doc="The patches of each image, row by row, each row by row of its pixels."))
    if "audio" in params.modalities:
        span = (audio.quiet - _ROUNDING, math.inf)
        ports.append(
            Port("audio_tokens", shape=("item", audio.mels), range=span,
                 doc="Log-mel frames; each carries on the id of the chunk that made it whole.")
            if audio.items == "chunk" else
            Port("audio_tokens", shape=("item", "frame", audio.mels), range=span, items_from="audio",
                 doc="The log-mel frames of each recording."))
    if params.fuses:
        ports.append(Port("cognitive_context", shape=("item", params.fusion.width),
                          doc="One vector per item, of length about 1, from all modalities that came of it."))
    return tuple(ports)


def _rehearses(params: SensoryParams) -> bool:
    return params.learns and params.plastic.rehearse > 0


def _modulators(params: SensoryParams) -> tuple[Modulator, ...]:
    return (LEARNING_RATE, LEARNING_DRIVE) if params.learns else ()


def _wake_on(params: SensoryParams) -> tuple[str, ...]:
    return (*(name for name in MODALITIES if name in params.modalities), *(GRADIENT,) * params.learns)


_CHANGEABLE = ("threads", "cache", "cache_path", "cache_bytes", *(f"plastic.{name}" for name in (
    "learning_rate", "betas", "weight_decay", "schedule", "warm_up", "items", "last", "layer_decay", "clip",
    "word_dropout", "rehearse", "memory")))


MANIFEST = Manifest(
    name="sensory",
    factory="aura.zones.sensory.zone:Sensory",
    summary="Turns texts into embeddings, images into patches, sound into log-mel frames, and fuses what came at once.",
    params=SensoryParams,
    inputs=_inputs,
    outputs=_outputs,
    modulators=_modulators,
    wake_on=_wake_on,
    self_clocked=_rehearses,
    changeable=_CHANGEABLE,
)


@hookimpl
def aura_zones() -> Sequence[Manifest]:
    """Bring the zone `sensory`."""
    return [MANIFEST]
