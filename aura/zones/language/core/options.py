"""What a spiking language core is made of: sizes, spikes, positions, and where spikes stand."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["CoreOptions", "Spikes"]

Spikes: TypeAlias = Literal["ternary", "binary", "analog"]
MOST_TOKENS = 2**20


class CoreOptions(BaseModel):
    """The sizes of the core, its spikes and its positions."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)

    vocabulary: int = Field(default=256, ge=2, le=MOST_TOKENS, description="Tokens that there are, counted from 0.")
    width: int = Field(default=256, ge=2, description="Numbers of a token within the core; a multiple of `head`.")
    layers: int = Field(default=4, ge=1, description="Layers, each a time mix and a channel mix.")
    head: int = Field(default=32, ge=2, multiple_of=2, description="Width of a head of the time mix; even.")
    hidden: int = Field(default=1024, ge=1, description="Width of the channel mix within.")
    hashed: Annotated[tuple[Annotated[int, Field(ge=2, le=8)], ...], Field(max_length=4)] = Field(
        default=(),
        description="Lengths of runs of tokens, the newest among them, that are embedded by their hash beside the "
                    "token, as (2, 3, 4); none by default.")
    hash_size: int = Field(default=2**14, ge=2, description="Rows of the table of each length.")
    hash_width: int = Field(default=64, ge=1, description="Numbers of a row.")
    spikes: Spikes = Field(
        default="ternary",
        description="What a linear map reads: spikes of -1, 0 and 1, of 0 and 1, or (`\"analog\"`) the numbers "
                    "themselves, and in the channel mix their squares above 0, to compare with. Within the channel mix "
                    "spikes are 0 and 1 always.")
    burst: int = Field(default=1, ge=1, le=255, description="Spikes that a site sends at once at most.")
    threshold: float = Field(default=1.0, gt=0, description="At first, of all sites but those within the channel mix.")
    hidden_threshold: float = Field(default=1.0, gt=0, description="At first, of those.")
    surrogate: float = Field(
        default=1.0, gt=0,
        description="How narrow the surrogate of a spike's slope is: 1 / (1 + (surrogate d)^2), with the distance d "
                    "from the thresholds, in thresholds.")
    internal_steps: int = Field(default=2, ge=1, le=64, description="Steps of a neuron for each token; of `lif` alone.")
    leak: float = Field(
        default=0.5, gt=0, lt=1, description="Share of the potential that stays from one internal step to the next, at "
                                             "first; of `lif` alone.")
    rope_base: float = Field(default=10_000.0, gt=1, description="Base of the rotary positions' wavelengths.")
    rope_length: int = Field(
        default=4096, ge=1,
        description="Longest window. Rotations are relative to the window, so a text may be longer.")
    chunk: int = Field(default=64, ge=1, description="Tokens whose pairs are held side by side when a window is read.")
    precision: Literal["float32", "bfloat16"] = Field(
        default="float32",
        description="In which the large products are computed; sums, states and all else are float32.")

    @model_validator(mode="after")
    def _heads_fit(self) -> CoreOptions:
        if self.width % self.head:
            raise ValueError(f"width: expected a multiple of the head's {self.head}, got {self.width}")
        return self

    @property
    def heads(self) -> int:
        """Heads of the time mix."""
        return self.width // self.head

    @property
    def reach(self) -> int:
        """Tokens before the window that the hashes see."""
        return max(self.hashed, default=1) - 1
