"""What the learner `network` may be told. Nothing that it computes with is imported."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from aura.zones.amygdala.learners.learner import LearnerOptions

__all__ = ["NetworkOptions", "ScheduleOptions"]


class ScheduleOptions(BaseModel):
    """How the learning rate changes over the expected length of the stream."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

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
    class_weights: Literal["none", "balanced", "sqrt", "effective"] = Field(
        default="none",
        description="What an item that has a class weighs, by how often the class has come: alike, the inverse of its "
                    "frequency, the root of that, or the inverse of its effective number.")
    effective_beta: float = Field(default=0.999, ge=0, lt=1, description="Of the effective number of items.")
    focal: float = Field(
        default=0.0, ge=0, description="Exponent by which items that are predicted well count less; 0 for all alike.")
    label_smoothing: float = Field(
        default=0.0, ge=0, lt=1, description="Share of a target that is spread evenly over what it might have been.")
    precision: Literal["float32", "bf16"] = Field(
        default="float32", description="Of the matrix products; weights stay float32.")
