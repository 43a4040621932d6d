"""The router's parameters."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from aura.core.zone import ZoneParams

__all__ = ["RelayOptions", "RouterParams"]

RelayName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]


class RelayOptions(BaseModel):
    """How one stream is relayed, and how its routes are learned."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    axes: tuple[Annotated[str, Field(pattern=r"^[A-Za-z_]\w*$")] | Annotated[int, Field(ge=1)], ...] = Field(
        default=("feature",), min_length=1, max_length=3,
        description="The axes of one item: names, or fixed lengths.")
    gain: float = Field(
        default=1.0, ge=0, le=1e6,
        description="Factor on what is relayed, and so on the gradients that come back; the modulator `gain` "
                    "multiplies it.")
    scale: float = Field(
        default=1.0, ge=0, le=1e6,
        description="Thalamic scale: factor on all that biases the gate; the modulator `thalamic_scale` multiplies "
                    "it.")
    routes: int = Field(default=16, ge=1, le=1024, description="The most routes there may be, 1 to 1024.")
    centroids: Literal["routing", "nearest"] = Field(
        default="routing",
        description="Whom the centroids learn from: the routing that comes back, one route for each of its columns; "
                    "or nobody, each item being its nearest centroid's (online k-means over `routes` of them).")
    rate: float = Field(
        default=1.0, ge=0, le=100,
        description="Factor on the steps of the centroids, 0 for none, 1 for running means.")
    memory: int = Field(
        default=10_000, ge=1,
        description="Items over which the running means are taken at most, so that they follow what drifts.")
    recent: int = Field(
        default=50, ge=1,
        description="Items of the fast mean at which a new route's centroid is seeded.")
    seed_weight: float = Field(
        default=10.0, gt=0, le=1e9,
        description="Items that a seed counts for beside those that are routed to it.")
    spread: float = Field(
        default=0.0, ge=0, le=10,
        description="Size of the random part of a seed, as a share of the typical distance from a centroid.")
    attention: float = Field(
        default=0.01, ge=0, le=1,
        description="Step of the running distance by which attention tells routes that are near their items from "
                    "others, for each item; 0 switches attention off.")
    waiting: int | None = Field(
        default=None, ge=1,
        description="How many items wait for their routing at most; by default as many as come until their routing "
                    "does, as far as the wiring tells, and 1024 at least.")

    @field_validator("axes")
    @classmethod
    def _no_items(cls, axes: tuple[str | int, ...]) -> tuple[str | int, ...]:
        if "item" in axes:
            raise ValueError("the axes of one item, without 'item'")
        return axes


class RouterParams(ZoneParams):
    """Parameters of the router."""

    relays: dict[RelayName, RelayOptions] = Field(
        default_factory=lambda: {"stimulus": RelayOptions()}, min_length=1,
        description="The streams that it relays, by name; each has ports of its own.")

    @field_validator("relays")
    @classmethod
    def _own_names(cls, relays: dict[str, RelayOptions]) -> dict[str, RelayOptions]:
        if "modulators" in relays:  # a port that every zone has
            raise ValueError("names of relays other than modulators")
        return relays
