"""The amygdala's parameters."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from aura.core.zone import ZoneParams

__all__ = ["AmygdalaParams", "TaskOptions", "ThresholdOptions"]

TaskName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]


class _Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class TaskOptions(_Options):
    """What one task tells apart.

    Parameters
    ----------
    classes : tuple of str
        The classes known from the start, in their order; may be empty.
    open : bool
        Whether a label that is no class yet becomes one.
    multi_label : bool
        Whether an item may carry any number of labels, or exactly one.
    on_unknown : {"stop", "skip"}
        What a label that is no class does to a task that is not open: end the run with an error, or be left out and
        counted.
    at_least_one : bool
        Whether a multi-label item with no class above its threshold is given its best class.
    """

    classes: tuple[str, ...] = ()
    open: bool = True
    multi_label: bool = True
    on_unknown: Literal["stop", "skip"] = "stop"
    at_least_one: bool = True

    @field_validator("classes")
    @classmethod
    def _differ(cls, classes: tuple[str, ...]) -> tuple[str, ...]:
        twice = sorted({name for name in classes if classes.count(name) > 1})
        if twice:
            raise ValueError(f"classes that differ, these stand twice: {', '.join(twice)}")
        return classes


class ThresholdOptions(_Options):
    """How decision thresholds are learned: from a sample of what was told, each row scored as if it had not been.

    Parameters
    ----------
    sample : int
        Rows kept for it.
    shrinkage : float
        Positives at which a class's own best threshold and what is common to all classes weigh the same; 0 for its own.
    every : int
        Items between two renewals at most; early in the stream they come more often, and when learning is switched off.
    """

    sample: int = Field(default=8192, ge=16, le=2**20, description="rows kept to learn thresholds from")
    shrinkage: float = Field(default=300.0, ge=0, description="positives at which a class's own threshold weighs half")
    every: int = Field(default=4096, ge=1, description="items between two renewals at most")


class AmygdalaParams(ZoneParams):
    """Parameters of the amygdala.

    Parameters
    ----------
    tasks : dict of str to TaskOptions
        The tasks by name; each has its own teacher and its own outputs.
    rule : {"rls", "logistic"}
        Exact recursive least squares, or the stochastic logistic rule.
    ridge : float
        Least squares: the penalty on the squared weights.
    forgetting : float
        Least squares: factor by which the weight of the past shrinks with each item; 1 is exact and forgets nothing.
    learning_rate : float
        Logistic rule: factor on the second-order step.
    memory : int
        How many items wait for their labels at most.
    thresholds : ThresholdOptions
        How decision thresholds are learned.
    calibrate : bool
        Least squares: whether probabilities are fitted to what was told. Without, they follow from the raw scores by
        one fixed curve, and the best class is that of the highest raw score, always.
    publish_gradient : bool
        Whether the gradient with respect to the embedding is published.
    """

    tasks: dict[TaskName, TaskOptions] = Field(default_factory=lambda: {"emotion": TaskOptions()}, min_length=1)
    rule: Literal["rls", "logistic"] = "rls"
    ridge: float = Field(default=1.0, gt=0)
    forgetting: float = Field(default=1.0, gt=0, le=1)
    learning_rate: float = Field(default=1.0, gt=0)
    memory: int = Field(default=1024, ge=1)
    thresholds: ThresholdOptions = ThresholdOptions()
    calibrate: bool = Field(default=True, description="fit probabilities to what was told")
    publish_gradient: bool = False
