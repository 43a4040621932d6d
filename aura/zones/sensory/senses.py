"""Seeing and hearing beside reading, and the fusion of what came in one tick."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from aura.core.errors import SignalError
from aura.core.lasting import Stateful
from aura.core.signals import Inputs, Items
from aura.core.time import Time, format_time
from aura.zones.sensory.fusion import Fusion, Part

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from aura.zones.sensory.chunks import ChunkedFrames
    from aura.zones.sensory.mel import LogMel
    from aura.zones.sensory.params import SensoryParams
    from aura.zones.sensory.patches import Patches

__all__ = ["Senses"]


class Senses(Stateful):
    """Turns images and sound into tokens and fuses them, with the embeddings of texts, into the cognitive context.

    Parameters
    ----------
    name : str
        The zone's name, for errors.
    params : SensoryParams
        The zone's parameters; what their modalities do not name is not loaded.
    rng : numpy.random.Generator
        The zone's random stream: the fusion draws its projections from it.
    """

    lasting = ("_fusion", "_chunks")

    def __init__(self, name: str, params: SensoryParams, rng: np.random.Generator) -> None:
        self._name = name
        self._patches: Patches | None = None
        self._mel: LogMel | None = None
        self._chunks: ChunkedFrames | None = None
        features: dict[str, int] = {}
        if "text" in params.modalities:
            features["text"] = params.dimensions
        if "image" in params.modalities:
            from aura.zones.sensory.patches import Patches

            self._patches, features["image"] = Patches(params.image), params.image.features
        if "audio" in params.modalities:
            from aura.zones.sensory.chunks import ChunkedFrames
            from aura.zones.sensory.mel import LogMel  # librosa comes with it: one second

            self._mel, features["audio"] = LogMel(params.audio, f"{name}.audio"), params.audio.mels
            if params.audio.items == "chunk":
                self._chunks = ChunkedFrames(self._mel)
        self._fusion = Fusion(params.fusion, features, rng)

    def perceive(self, now: Time, inputs: Inputs, embedding: NDArray[np.float32] | None) -> dict[str, Any]:
        """Return the outputs of one tick, given the embeddings of its texts, if any came."""
        out: dict[str, Any] = {}
        parts: list[Part] = []
        if embedding is not None:
            out["embedding"] = embedding
            parts.append(Part("text", embedding, inputs.ids.get("text")))
        if self._patches is not None and inputs["image"] is not None:
            tokens = self._patches.cut(inputs["image"], f"{self._name}.image", now)
            out["visual_tokens"] = tokens
            parts.append(Part("image", tokens.mean(axis=1), inputs.ids.get("image")))
        if self._mel is not None and inputs["audio"] is not None:
            self._hear(self._mel, now, inputs, out, parts)
        if parts:
            context, ids = self._fusion.fuse(parts, f"{self._name}.cognitive_context", now)
            out["cognitive_context"] = context if ids is None else Items(context, ids)
        return out

    def _hear(self, mel: LogMel, now: Time, inputs: Inputs, out: dict[str, Any], parts: list[Part]) -> None:
        audio, ids, where = inputs["audio"], inputs.ids.get("audio"), f"{self._name}.audio"
        if self._chunks is None:
            tokens = _recordings(mel, audio, where, now)
            out["audio_tokens"] = tokens
            parts.append(Part("audio", tokens.mean(axis=1), ids))
            return
        frames, chunks = self._chunks.take(audio, inputs["audio_position"], where, now)
        if len(frames):
            whose = None if ids is None else ids[chunks]
            out["audio_tokens"] = frames if whose is None else Items(frames, whose)
            parts.append(Part("audio", frames, whose))


def _recordings(mel: LogMel, audio: NDArray[np.float32], where: str, now: Time) -> NDArray[np.float32]:
    items, samples = audio.shape
    if not mel.count(samples):
        raise SignalError(f"{where} at {format_time(now)}", got=str(samples),
                          expected=f"recordings of {mel.window} samples or more, one window",
                          hint="Take audio.items = 'chunk' for parts of one stream.")
    tokens = np.empty((items, mel.count(samples), mel.mels), np.float32)
    for token, recording in zip(tokens, audio, strict=True):
        token[...] = mel.frames(recording)
    return tokens
