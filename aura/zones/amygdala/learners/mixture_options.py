"""What a scenario says of a streaming mixture, and the ports that it brings."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from aura.core.ports import Port
from aura.core.time import TIME_PATTERN, Time, parse_time
from aura.zones.amygdala.learners.learner import LearnerOptions
from aura.zones.common.schedule import ScheduleOptions

__all__ = ["MixtureOptions"]


class MixtureOptions(LearnerOptions):
    """Readouts and small networks as experts, mixed by a liquid gate that attention to words bends."""

    changeable: ClassVar[tuple[str, ...]] = (
        "rule", "learning_rate", "weight_decay", "gate_rate", "word_rate", "attention_gain", "balance", "top",
        "schedule.*")

    kind: Literal["mixture"] = Field(default="mixture", description="Experts mixed by a liquid gate.")
    readouts: int = Field(default=2, ge=0, le=64, description="Experts that are linear readouts.")
    networks: int = Field(default=2, ge=0, le=64, description="Experts with one hidden layer.")
    hidden: int = Field(default=32, ge=1, description="Units in the hidden layer of each such expert.")
    rule: Literal["gradient", "delta"] = Field(
        default="gradient",
        description="`gradient`: all is moved down the gradient of the mixture's loss by AdamW. `delta`: without "
                    "backpropagation; readouts by the delta rule on each expert's own error, the gate by a Hebbian "
                    "rule with each expert's credit, hidden layers and the liquid units left as they were drawn.")
    learning_rate: float | None = Field(
        default=None, gt=0,
        description="Of the experts; by default 0.003 for `gradient` and 1 for `delta`, where less than 2 is sure "
                    "not to overshoot.")
    weight_decay: float = Field(default=0.01, ge=0, description="Of the weights, not of biases; decoupled.")
    schedule: ScheduleOptions = Field(default=ScheduleOptions(), description="How the learning rate changes.")
    liquid: int = Field(default=16, ge=1, le=1024, description="Units of the gate.")
    time_constants: Annotated[tuple[float, float], Field()] = Field(
        default=(0.5, 32.0), description="The shortest and the longest of the gate's units, in items.")
    unfolds: int = Field(default=4, ge=1, le=4096, description="Steps of the solver within an item.")
    silence: str = Field(
        default="1 min", json_schema_extra={"pattern": TIME_PATTERN},
        description="Simulated time of silence in which what the gate remembers falls to 1/e.")
    gate_rate: float | None = Field(
        default=None, ge=0, description="Learning rate of the gate; by default 0.002 for `gradient`, 0.05 for `delta`.")
    top: int | None = Field(
        default=None, ge=1, description="How many experts an item is routed to at most; by default to all.")
    balance: float | None = Field(
        default=None, ge=0,
        description="How much less an expert is worth that has had more than its share of items; by default 0.1 for "
                    "`gradient` and 0.3 for `delta`.")
    words: int = Field(
        default=32, ge=0, le=1024, description="Words of a text that are attended to, the first; 0 reads no text.")
    buckets: int = Field(
        default=4096, ge=16, le=2**20, description="Places that words are hashed to; those of one place are one word.")
    winners: int = Field(default=3, ge=1, description="Words of an item that may spike at one time.")
    spike_steps: int = Field(default=8, ge=1, le=256, description="Times at which the words of an item may spike.")
    strength: float = Field(default=4.0, ge=0, description="How much a word that always spikes outweighs the others.")
    attention_gain: float = Field(
        default=1.0, ge=0, description="Factor on what the words add to the routing; 0 leaves the routing alone.")
    word_rate: float = Field(default=0.5, ge=0, description="Learning rate of what words do.")

    @property
    def experts(self) -> tuple[str, ...]:
        """The experts' names."""
        return (*(f"readout_{place}" for place in range(self.readouts)),
                *(f"network_{place}" for place in range(self.networks)))

    @property
    def silence_span(self) -> Time:
        """That silence in nanoseconds."""
        return parse_time(self.silence)

    @property
    def reads_text(self) -> bool:
        return self.words > 0

    @property
    def outputs(self) -> tuple[Port, ...]:
        routing = Port("routing", shape=("item", len(self.experts)), range=(0.0, 1.0), items_from="embedding",
                       doc=f"How much each expert counts: {', '.join(self.experts)}.")
        if not self.words:
            return (routing,)
        return (routing, Port("attention", dtype="tags", shape=("item",), items_from="embedding",
                              doc="The words of each item's text that were attended to, in their order."),
                Port("attention_weight", shape=("item", self.words), range=(0.0, 1.0), items_from="embedding",
                     doc="How much each of these words weighs; they add up to 1, and 0 stands where no word is."))

    @model_validator(mode="after")
    def _fit(self) -> MixtureOptions:
        if not self.experts:
            raise ValueError("readouts and networks: expected an expert at least, got none")
        if self.top is not None and self.top > len(self.experts):
            raise ValueError(f"top: expected at most {len(self.experts)}, the experts, got {self.top}")
        if self.silence_span <= 0:
            raise ValueError(f"silence: expected a span above 0, got {self.silence!r}")
        low, high = self.time_constants
        if not 0 < low <= high:
            raise ValueError(f"time_constants: expected two above 0, the shorter first, got {low:g} and {high:g}")
        return self
