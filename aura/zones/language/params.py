"""The parameters of the zone `language`."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from aura.core.zone import ZoneParams
from aura.zones.common.schedule import ScheduleOptions
from aura.zones.language.core.options import CoreOptions

__all__ = ["LanguageParams", "LearningOptions"]


class LearningOptions(BaseModel):
    """How the core learns."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)

    learning_rate: float = Field(default=3e-3, gt=0, description="The step of AdamW, before all that scales it.")
    matrices: Literal["muon", "adamw"] = Field(
        default="muon",
        description="What moves the layers' matrices: Muon, which makes an orthogonal matrix of each step, or AdamW, "
                    "as all else.")
    matrix_rate: float = Field(default=0.02, gt=0, description="The step of Muon.")
    hash_rate: float = Field(default=5e-3, gt=0, description="The step of AdamW for the tables of hashed runs.")
    weight_decay: float = Field(default=0.01, ge=0, description="Of matrices and embedding; decoupled.")
    clip: float | None = Field(
        default=1.0, gt=0, description="Largest norm of the gradient that AdamW sees; longer ones are cut to it.")
    accumulate: int = Field(default=1, ge=1, description="Ticks whose gradients add up before the weights move.")
    rate_penalty: float = Field(
        default=0.0, ge=0, description="What firing costs: added to the loss of a token, times the share of sites that "
                                       "fire.")
    schedule: ScheduleOptions = Field(
        default=ScheduleOptions(), description="How the learning rate changes; its items are tokens that are learned.")


class LanguageParams(ZoneParams):
    """Parameters of the zone `language`."""

    lang_backend: Literal["srwkv", "lif"] = Field(
        default="srwkv",
        description="Where spikes come from: thresholds at once, or leaky integrate-and-fire neurons with internal "
                    "steps for each token, whose potential lasts.")
    core: CoreOptions = Field(default=CoreOptions(), description="Sizes, spikes and positions of the core.")
    learning: LearningOptions = Field(default=LearningOptions(), description="How it learns: rates, steps, decay.")
    across_documents: bool = Field(
        default=False, description="Whether what was read is carried on into the next document.")
    unroll: bool = Field(
        default=False,
        description="Whether the compiled program holds each layer apart: it takes longer to compile and less to run.")
