"""What the learner `network` may be told. Nothing that it computes with is imported."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from aura.zones.amygdala.learners.learner import LearnerOptions
from aura.zones.common.loss_options import ClassWeights, EffectiveBeta, Focal, LabelSmoothing
from aura.zones.common.schedule import ScheduleOptions

__all__ = ["NetworkOptions"]


class NetworkOptions(LearnerOptions):
    """Linear heads over a representation that all tasks share, trained by AdamW."""

    changeable: ClassVar[tuple[str, ...]] = (
        "learning_rate", "weight_decay", "dropout", "clip", "accumulate", "schedule.*", "task_weights",
        "task_weights.*", "class_weights", "effective_beta", "focal", "label_smoothing", "precision")

    kind: Literal["network"] = Field(default="network", description="Heads over a shared representation.")
    hidden: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        default=(256,), description="Units of each hidden layer; none for independent linear readouts.")
    activation: Literal["gelu", "relu", "tanh"] = Field(default="gelu", description="Of the hidden units.")
    dropout: float = Field(default=0.0, ge=0, lt=1, description="Share of hidden units left out while learning.")
    learning_rate: float = Field(default=2e-3, gt=0, description="The step of AdamW, before schedule and modulators.")
    weight_decay: float = Field(default=0.01, ge=0, description="Of the weights, not of biases; decoupled.")
    clip: float | None = Field(default=1.0, gt=0, description="Largest norm of a gradient; longer ones are cut to it.")
    accumulate: int = Field(default=1, ge=1, description="Items whose gradients add up before the weights move.")
    schedule: ScheduleOptions = Field(default=ScheduleOptions(), description="How the learning rate changes.")
    balance: Literal["fixed", "uncertainty"] = Field(
        default="fixed", description="Whether tasks weigh as `task_weights` says, or learn their weight besides.")
    task_weights: dict[str, Annotated[float, Field(ge=0)]] = Field(
        default_factory=dict, description="What the loss of a task weighs, by its name; 1 for one that is not named.")
    class_weights: ClassWeights = "none"
    effective_beta: EffectiveBeta = 0.999
    focal: Focal = 0.0
    label_smoothing: LabelSmoothing = 0.0
    precision: Literal["float32", "bf16"] = Field(
        default="float32", description="Of the matrix products; weights stay float32.")
