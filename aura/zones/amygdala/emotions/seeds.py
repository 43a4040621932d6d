"""The kind of stream `emotion-seeds`: plays the definitions and seeds of a taxonomy, to make prototypes of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from aura.plugins.streams import ReaderKind
from aura.zones.amygdala.emotions.options import SEED, TaxonomyName
from aura.zones.amygdala.emotions.taxonomy import OWN, load_taxonomy

__all__ = ["KIND", "SeedOptions"]


class SeedOptions(BaseModel):
    """A taxonomy's seeds."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    taxonomy: TaxonomyName = Field(
        default=OWN, description="The emotions: `emotions-40`, or a file of the same form.")


def _rows(options: SeedOptions, base: Path) -> Iterator[dict[str, object]]:
    """Yield each definition and seed, with the emotion alone and with the tag that says that it is a seed."""
    source = options.taxonomy if options.taxonomy == OWN else base / options.taxonomy
    for one in load_taxonomy(source).emotions:
        for text in (one.definition, *one.seeds):
            yield {"text": text, "emotion": (one.name,), "seed": (one.name, SEED)}


KIND = ReaderKind("emotion-seeds", "The definitions and seed phrases of a taxonomy of emotions.", SeedOptions, _rows)
