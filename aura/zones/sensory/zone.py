"""The zone `sensory`: texts, images and sound in; embeddings, patches, log-mel frames and their fusion out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from aura.core.errors import SignalError, WiringError
from aura.core.flow import room
from aura.core.held import as_kind
from aura.core.pending import PENDING_ITEMS
from aura.core.signals import Inputs, Items
from aura.core.time import Time, format_time
from aura.core.zone import Outputs, Scalars, Zone, ZoneContext
from aura.zones.common.gradients import summed
from aura.zones.sensory.cache import EmbeddingCache
from aura.zones.sensory.encoder import load_text_encoder
from aura.zones.sensory.params import SensoryParams
from aura.zones.sensory.plugin import GRADIENT, REHEARSED
from aura.zones.sensory.text import clean_texts

if TYPE_CHECKING:
    from aura.zones.sensory.plastic import PlasticEncoder
    from aura.zones.sensory.senses import Senses

__all__ = ["Sensory"]


class Sensory(Zone[SensoryParams]):
    """Encodes each stimulus on its own, so that neither its neighbours nor the cache change a bit of its encoding.

    Notes
    -----
    Of text alone nothing is carried from tick to tick, unless the encoder learns: then its weights are, the moments of
    its steps, and the texts that wait for their gradients; and while it learns, texts that come at once share the
    arithmetic. With sound in chunks the samples that fill no frame yet are carried on, and the fusion's random
    projections belong to the state too.
    """

    def __init__(self, context: ZoneContext[SensoryParams]) -> None:
        super().__init__(context)
        params = context.params
        self._cache: EmbeddingCache | None = None
        self._senses: Senses | None = None
        self._plastic: PlasticEncoder | None = None
        if "text" in params.modalities:
            self._load_encoder()
        if params.fuses:
            from aura.zones.sensory.senses import Senses

            self._senses = Senses(context.name, params, context.rng)

    def _load_encoder(self) -> None:
        params = self.params
        self._encoder = load_text_encoder(params.model, threads=params.threads, precision=params.precision,
                                          encoder=params.encoder)
        if self._encoder.dimensions != params.dimensions:
            raise WiringError(f"{self.context.name}.dimensions", got=str(params.dimensions),
                              expected=f"{self._encoder.dimensions}, as {params.model} has")
        if params.learns:
            self._plastic = self._load_plastic()
        elif params.cache:
            self._cache = EmbeddingCache(params.cache_path, params.cache_bytes)

    def _load_plastic(self) -> PlasticEncoder:
        from aura.zones.sensory.minilm import LeanEncoder
        from aura.zones.sensory.plastic import PlasticEncoder

        context, params = self.context, self.params
        if not isinstance(self._encoder, LeanEncoder):
            raise WiringError(f"{context.name}.plasticity", got=f"{params.plasticity!r} with {params.model}",
                              expected="'frozen' for a model that is no BERT with mean pooling")
        memory = room(params.plastic.memory, [context.waits.get(GRADIENT)], PENDING_ITEMS,
                      f"{context.name}.plastic.memory")
        return PlasticEncoder(self._encoder, params.plasticity, params.plastic, context.rng, memory)

    def step(self, now: Time, inputs: Inputs) -> Outputs:
        again = self._rehearsed()
        if self._senses is None:
            texts = inputs["text"]
            found = again if texts is None else {"embedding": self._read(texts, inputs), **again}
            return found or None
        texts = inputs["text"] if "text" in self.params.modalities else None
        return {**self._senses.perceive(now, inputs, None if texts is None else self._read(texts, inputs)), **again}

    def _rehearsed(self) -> dict[str, Items]:
        """Return earlier texts, read once more, where that is due; in a held-out phase nothing is."""
        if self._plastic is None or not self._plastic.rehearsal_due:
            return {}
        embeddings, ids = self._plastic.rehearse()
        return {REHEARSED: Items(embeddings, ids)} if self.learns and len(ids) else {}

    def next_wake(self, now: Time) -> Time | None:
        """Return one resolution later where texts are to be read once more, None else."""
        due = self._plastic is not None and self._plastic.rehearsal_due
        return now + self.context.resolution if due else None

    def learn(self, now: Time, inputs: Inputs) -> Scalars:
        """Move the encoder by the gradients that have come, where it is plastic; return what became of them."""
        gradients = inputs[GRADIENT] if self._plastic is not None else None
        if gradients is None or self._plastic is None:
            return None
        rate = inputs.modulators["learning_rate"] * inputs.modulators["learning_drive"]
        where = f"{self.context.name}.{GRADIENT}"
        ids, total = summed(gradients, inputs.ids.get(GRADIENT, {}), where, now)
        if total.shape[1] != self.params.dimensions:
            raise SignalError(f"{where} at {format_time(now)}", got=str(total.shape[1]),
                              expected=f"gradients of {self.params.dimensions} numbers, as an embedding has")
        return self._plastic.learn(ids, total, rate)

    def _read(self, texts: tuple[str, ...], inputs: Inputs) -> np.ndarray:
        if self._plastic is None:
            return self.encode(texts)
        # Where no gradient can come for them no graph is kept.
        return self._plastic.encode(clean_texts(texts, f"{self.context.name}.text"),
                                    inputs.ids.get("text") if self.learns else None)

    def encode(self, texts: tuple[str, ...]) -> np.ndarray:
        """Return the embeddings, (text, dimensions) float32, from the cache where they lie in it."""
        encoder, cache = self._encoder, self._cache
        cleaned = clean_texts(texts, f"{self.context.name}.text")
        if self._plastic is not None:
            return self._plastic.encode(cleaned)
        if cache is None or not cleaned:
            return encoder.encode(cleaned)
        matrix, missing = cache.get_many(encoder.identity, cleaned, encoder.dimensions)
        if missing:
            fresh = [cleaned[index] for index in missing]
            matrix[missing] = encoder.encode(fresh)
            cache.put_many(encoder.identity, fresh, matrix[missing])
        return matrix

    def state(self) -> dict[str, Any]:
        state = {} if self._senses is None else self._senses.state()
        return state if self._plastic is None else {**state, "plastic": self._plastic.state()}

    def load_state(self, state: dict[str, Any]) -> None:
        state = dict(state)
        if self._plastic is not None:
            self._plastic.load_state(as_kind(dict, state.pop("plastic", None), f"{self.context.name}.plastic"))
        if self._senses is not None:
            self._senses.load_state(state)

    def notices(self) -> dict[str, int]:
        """Return what became of items and gradients that taught nothing."""
        return {} if self._plastic is None else self._plastic.notices()

    def export(self, folder: str | Path) -> list[Path]:
        """Write an encoder that learns into the folder of the zone's name, as a model; return the files."""
        return [] if self._plastic is None else self._plastic.export(Path(folder) / self.context.name)

    def model(self, folder: str | Path) -> tuple[Path, dict[str, Any]]:
        """Return a folder with the encoder's model as it is now, and what `lean_settings` says of it.

        The weights of an encoder that has learned are written to `folder`.

        Raises
        ------
        WiringError
            If the encoder is no BERT with mean pooling.
        """
        encoder: Any = getattr(self, "_encoder", None)  # there is none without text
        settings = getattr(encoder, "settings", None)
        if settings is None:
            raise WiringError(f"{self.context.name}.model", expected="a BERT with mean pooling", got=self.params.model)
        if self._plastic is None:
            return encoder.folder, dict(settings)
        self._plastic.export(Path(folder))
        return Path(folder), dict(settings)

    def load_export(self, folder: str | Path) -> list[Path]:
        """Take over the weights of an encoder that was exported; return the file.

        Raises
        ------
        StateError
            If the file is missing or does not fit.
        """
        return [] if self._plastic is None else self._plastic.load_export(Path(folder) / self.context.name)

    def close(self) -> None:
        if self._cache is not None:
            self._cache.close()
