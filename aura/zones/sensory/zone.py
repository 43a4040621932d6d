"""The zone `sensory`: texts, images and sound in; embeddings, patches, log-mel frames and their fusion out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from aura.core.errors import WiringError
from aura.core.signals import Inputs
from aura.core.time import Time
from aura.core.zone import Outputs, Zone, ZoneContext
from aura.zones.sensory.cache import EmbeddingCache
from aura.zones.sensory.encoder import load_text_encoder
from aura.zones.sensory.params import SensoryParams
from aura.zones.sensory.text import clean_texts

if TYPE_CHECKING:
    from aura.zones.sensory.senses import Senses

__all__ = ["Sensory"]


class Sensory(Zone[SensoryParams]):
    """Encodes each stimulus on its own, so that neither its neighbours nor the cache change a bit of its encoding.

    Notes
    -----
    Of text alone nothing is carried from tick to tick. With sound in chunks the samples that fill no frame yet are,
    and the fusion's random projections belong to the state too.
    """

    def __init__(self, context: ZoneContext[SensoryParams]) -> None:
        super().__init__(context)
        params = context.params
        self._cache: EmbeddingCache | None = None
        self._senses: Senses | None = None
        if "text" in params.modalities:
            self._load_encoder()
        if params.fuses:
            from aura.zones.sensory.senses import Senses

            self._senses = Senses(context.name, params, context.rng)

    def _load_encoder(self) -> None:
        params = self.params
        self._encoder = load_text_encoder(params.model, threads=params.threads, precision=params.precision)
        if self._encoder.dimensions != params.dimensions:
            raise WiringError(f"{self.context.name}.dimensions", got=str(params.dimensions),
                              expected=f"{self._encoder.dimensions}, as {params.model} has")
        self._cache = EmbeddingCache(params.cache_path, params.cache_bytes) if params.cache else None

    def step(self, now: Time, inputs: Inputs) -> Outputs:
        if self._senses is None:
            texts = inputs["text"]
            return None if texts is None else {"embedding": self.encode(texts)}
        texts = inputs["text"] if "text" in self.params.modalities else None
        return self._senses.perceive(now, inputs, None if texts is None else self.encode(texts))

    def encode(self, texts: tuple[str, ...]) -> np.ndarray:
        """Return the embeddings, (text, dimensions) float32, from the cache where they lie in it."""
        encoder, cache = self._encoder, self._cache
        cleaned = clean_texts(texts, f"{self.context.name}.text")
        if cache is None or not cleaned:
            return encoder.encode(cleaned)
        matrix, missing = cache.get_many(encoder.identity, cleaned, encoder.dimensions)
        if missing:
            fresh = [cleaned[index] for index in missing]
            matrix[missing] = encoder.encode(fresh)
            cache.put_many(encoder.identity, fresh, matrix[missing])
        return matrix

    def state(self) -> dict[str, Any]:
        return {} if self._senses is None else self._senses.state()

    def load_state(self, state: dict[str, Any]) -> None:
        if self._senses is not None:
            self._senses.load_state(state)

    def close(self) -> None:
        if self._cache is not None:
            self._cache.close()
