"""What a scenario says of the features beside the embedding."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from aura.core.paths import InputPath

__all__ = ["AffectOptions"]


class AffectOptions(BaseModel):
    """What the affect code is computed from: what the brain already believes, never the target."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    source: Literal["estimate", "lexicon", "annotation"] = Field(
        default="estimate",
        description="`estimate`: the zone's own estimate of the item, by a readout of the other features that learns "
                    "beside. `lexicon`: VADER's polarity of the text. `annotation`: the emotions that the stream names "
                    "at the input `annotation`, which takes no labels.")
    task: str | None = Field(
        default=None, description="The task whose classes are estimated; by default the first of labels or a choice.")
    lexicon: InputPath | None = Field(
        default=None,
        description="VADER's lexicon, such as \"data:vader/vader_lexicon.txt\"; without, that of the package "
                    "vaderSentiment where it is installed.")
