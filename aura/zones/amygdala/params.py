"""The amygdala's parameters."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from aura.core.zone import ZoneParams
from aura.zones.amygdala.tasks.kinds import LabelOptions, SomeOptions

__all__ = ["AmygdalaParams", "ThresholdOptions"]

TaskName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]


def _one_task() -> dict[str, SomeOptions]:
    return {"emotion": LabelOptions()}


class _Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class ThresholdOptions(_Options):
    """How decision thresholds are learned: from a sample of what was learned, each row scored as if it had not been."""

    sample: int = Field(default=8192, ge=16, le=2**20, description="Rows kept for it.")
    shrinkage: float = Field(
        default=300.0, ge=0,
        description="Positives at which a class's own best threshold and what is common to all classes weigh the "
                    "same; 0 for its own.")
    every: int = Field(
        default=4096, ge=1,
        description="Items between two renewals at most; early in the stream they come more often, and when learning "
                    "is switched off.")


class AmygdalaParams(ZoneParams):
    """Parameters of the amygdala."""

    tasks: dict[TaskName, SomeOptions] = Field(
        default_factory=_one_task, min_length=1,
        description="The tasks by name, each of a `kind`, \"labels\" if it says none; each has its own teacher and its "
                    "own outputs.")
    rule: Literal["rls", "logistic"] = Field(
        default="rls",
        description="Exact recursive least squares, or the stochastic logistic rule.")
    ridge: float = Field(default=1.0, gt=0, description="Least squares: the penalty on the squared weights.")
    forgetting: float = Field(
        default=1.0, gt=0, le=1,
        description="Least squares: factor by which the weight of the past shrinks with each item; 1 is exact and "
                    "forgets nothing.")
    learning_rate: float = Field(default=1.0, gt=0, description="Logistic rule: factor on the second-order step.")
    memory: int | None = Field(
        default=None, ge=1,
        description="How many items wait for their labels at most; by default as many as come until their labels do, "
                    "as far as the wiring tells, and 1024 at least.")
    thresholds: ThresholdOptions = Field(default=ThresholdOptions(), description="How decision thresholds are learned.")
    calibrate: bool = Field(
        default=True,
        description="Least squares: whether probabilities are fitted to the rows learned. Without, they come from the "
                    "raw scores by one fixed curve, and the best class is that of the highest raw score, always.")
    publish_gradient: bool = Field(
        default=False,
        description="Whether the gradient with respect to the embedding is published.")
