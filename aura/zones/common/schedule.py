"""The learning rate over the expected length of a stream."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["ScheduleOptions", "rate_at"]


class ScheduleOptions(BaseModel):
    """How the learning rate changes over the expected length of the stream."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)

    kind: Literal["constant", "linear", "cosine"] = Field(
        default="constant", description="What follows the warm-up: the full rate, or a fall along a line or a cosine.")
    items: int | None = Field(
        default=None, ge=1,
        description="Items expected in all, each pass counted; warm-up and fall are measured by it.")
    warmup: float = Field(
        default=0.1, ge=0, lt=1,
        description="Share of the items over which the rate rises from 0; where items are set.")
    floor: float = Field(
        default=0.01, ge=0, le=1, description="Share of the rate at the end of the fall, and for items beyond it.")

    @model_validator(mode="after")
    def _has_a_length(self) -> ScheduleOptions:
        if self.kind != "constant" and self.items is None:
            raise ValueError(f"expected the `items` that a {self.kind} schedule falls over, got none")
        return self


def rate_at(schedule: ScheduleOptions, items: float) -> float:
    """Return the factor on the learning rate after so many items, those of the present step among them.

    Examples
    --------
    >>> schedule = ScheduleOptions(kind="linear", items=100, warmup=0.1, floor=0.0)
    >>> [round(rate_at(schedule, items), 2) for items in (5, 10, 55, 100, 200)]
    [0.5, 1.0, 0.5, 0.0, 0.0]
    """
    if schedule.items is None:
        return 1.0
    warm = schedule.warmup * schedule.items
    if items < warm:
        return items / warm
    if schedule.kind == "constant":
        return 1.0
    done = min(1.0, (items - warm) / (schedule.items - warm))
    left = 1.0 - done if schedule.kind == "linear" else 0.5 * (1.0 + math.cos(math.pi * done))
    return schedule.floor + (1.0 - schedule.floor) * left
