"""The parameters of the zone `temporal`."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from aura.core.ports import Port
from aura.core.zone import ZoneParams
from aura.zones.common.class_answers import JudgingOptions
from aura.zones.common.loss_options import ClassWeights, EffectiveBeta, Focal, LabelSmoothing
from aura.zones.common.schedule import ScheduleOptions
from aura.zones.common.switches import Switch
from aura.zones.common.task_options import ClassFields, NumberFields, class_outputs, class_teacher

__all__ = ["Aggregation", "ChoiceOptions", "LabelOptions", "NetworkOptions", "NumberOptions", "PlateauOptions",
           "SomeTask", "TemporalParams"]

TaskName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
Place = Annotated[int, Field(ge=1)]
Aggregation: TypeAlias = Literal["newest", "mean", "median", "mean_vote", "total_vote", "learned", "contrast"]


class _Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class _TaskFields(_Options):
    of: Literal["turn", "conversation", "author", "speaker"] = Field(
        default="turn",
        description="What is believed something of, and whose truth the teacher tells; a speaker is an author within "
                    "one conversation, forgotten with it.")
    teaches: Literal["all", "last"] | tuple[Place, ...] = Field(
        default="all",
        description="Which turns the truth of a conversation, an author or a speaker teaches: all that are "
                    "kept, the one that it comes with, or those of these numbers, counted from 1 in their "
                    "conversation. Each turn is taught once.")
    aggregate: Aggregation | None = Field(
        default=None,
        description="What is believed of a conversation, an author or a speaker by what was said after its turns: what "
                    "was said last, the mean or the median of the probabilities, the share of votes, their number, or "
                    "what a learned rule makes of them; of a speaker also the contrast to what was said of the others "
                    "there. By default `newest` for a conversation, `mean` for the others.")
    weight: float = Field(default=1.0, ge=0, description="What the loss of the task weighs.")

    @property
    def aggregation(self) -> Aggregation:
        """How what was said after turns becomes one belief."""
        return self.aggregate or ("mean" if self.of in ("author", "speaker") else "newest")

    @model_validator(mode="after")
    def _of_several(self) -> _TaskFields:
        if self.of == "turn" and (self.teaches != "all" or self.aggregate not in (None, "newest")):
            raise ValueError('`teaches` and `aggregate` are for tasks of = "conversation", "author" or "speaker"')
        if self.aggregate == "contrast" and self.of != "speaker":
            raise ValueError(f'aggregate: expected "contrast" of = "speaker" alone, got of = {self.of!r}')
        return self


class _ClassTask(ClassFields, _TaskFields):
    def teacher(self, name: str) -> Port:
        """Return the input that tells the truth."""
        return class_teacher(name)

    def outputs(self, name: str) -> tuple[Port, ...]:
        """Return the outputs."""
        return class_outputs(name)


class ChoiceOptions(_ClassTask):
    """Exactly one class a turn, conversation, author or speaker."""

    kind: Literal["choice"] = Field(default="choice", description="Exactly one class each.")


class LabelOptions(_ClassTask):
    """Any number of classes a turn, conversation, author or speaker."""

    kind: Literal["labels"] = Field(default="labels", description="Any number of classes each.")
    at_least_one: bool = Field(
        default=True, description="Whether one with no class above its threshold is given its best class.")


class NumberOptions(NumberFields, _TaskFields):
    """One number a turn, conversation, author or speaker, or a vector of them."""

    kind: Literal["numbers"] = Field(default="numbers", description="One number each, or a vector of them.")

    @model_validator(mode="after")
    def _not_by_votes(self) -> NumberOptions:
        if self.aggregation not in ("newest", "mean", "median"):
            raise ValueError(f"aggregate: expected newest, mean or median of numbers, got {self.aggregation!r}")
        return self


def _kind_of(given: object) -> str:
    kind = given.get("kind", "choice") if isinstance(given, dict) else getattr(given, "kind", "choice")
    return str(kind)


SomeTask: TypeAlias = ChoiceOptions | LabelOptions | NumberOptions


class NetworkOptions(_Options):
    """The sizes of the network, and how it learns."""

    hidden: int = Field(default=256, ge=2, description="Width of the transformer; an even multiple of `heads`.")
    layers: int = Field(default=2, ge=1, description="Layers of the transformer.")
    heads: int = Field(default=8, ge=1, description="Heads of attention in each.")
    filters: int = Field(default=128, ge=1, description="Filters of each convolution.")
    kernels: tuple[Place, ...] = Field(
        default=(3, 5, 7), min_length=1, description="Turns that each convolution sees at once.")
    blocks: int = Field(default=2, ge=1, description="Residual blocks.")
    direct: int = Field(
        default=1, ge=0, description="Newest turns that the heads read as they came, past the network; 0 for none.")
    dropout: float = Field(default=0.3, ge=0, lt=1, description="Share of numbers left out while learning.")
    learning_rate: float = Field(default=1e-3, gt=0, description="The step of AdamW, before all that scales it.")
    weight_decay: float = Field(default=0.01, ge=0, description="Of the weights, not of biases; decoupled.")
    clip: float | None = Field(default=1.0, gt=0, description="Largest norm of a gradient; longer ones are cut to it.")
    accumulate: int = Field(default=1, ge=1, description="Items whose gradients add up before the weights move.")
    batch: int = Field(default=32, ge=1, description="Sequences that are learned from in one step at most.")
    schedule: ScheduleOptions = Field(default=ScheduleOptions(), description="How the learning rate changes.")

    @model_validator(mode="after")
    def _heads_fit(self) -> NetworkOptions:
        if self.hidden % 2 or self.hidden % self.heads:
            raise ValueError(f"hidden: expected an even multiple of the {self.heads} heads, got {self.hidden}")
        return self


class PlateauOptions(_Options):
    """How the learning rate falls when what was predicted before it was learned gets no better."""

    factor: float = Field(default=0.5, gt=0, lt=1, description="What the rate is multiplied with.")
    patience: int = Field(default=2000, ge=1, description="Items without an improvement until it is.")
    improvement: float = Field(
        default=0.01, ge=0, lt=1, description="Share by which the running mean of the loss must fall to count as one.")
    floor: float = Field(default=0.01, ge=0, le=1, description="The least share of the rate.")


def _one_task() -> dict[str, SomeTask]:
    return {"act": ChoiceOptions()}


class TemporalParams(ZoneParams):
    """Parameters of the zone `temporal`."""

    tasks: dict[TaskName, Annotated[SomeTask, Field(discriminator="kind")]] = Field(
        default_factory=_one_task, min_length=1,
        description="The tasks by name, each `of` a turn, a conversation, an author or a speaker, and of a `kind`, "
                    "\"choice\" if it says none; each has its own teacher and its own outputs.")
    window: int = Field(
        default=32, ge=1, description="Turns of a conversation that a belief is made from, the newest among them.")
    kept: int | None = Field(
        default=None, ge=2,
        description="Turns of a conversation that are kept at least, to be taught what is told late; by default, and "
                    "never fewer than, two windows.")
    conversations: int = Field(
        default=1000, ge=1,
        description="Conversations that are kept at most; beyond, the one that has been silent longest goes.")
    authors: int = Field(
        default=1000, ge=1,
        description="Authors, or speakers, that are kept at most; beyond, the one silent longest goes.")
    opinions: int = Field(
        default=128, ge=1,
        description="Of an author, a speaker or a conversation, how many of the latest turns what is believed is made "
                    "from, where it is made from several.")
    speakers: int = Field(
        default=4, ge=0,
        description="Authors told apart in a conversation, in the order of their first turns; further ones count as "
                    "the last. With 0 the network does not see who speaks.")
    votes: float = Field(
        default=1.0, gt=0, description="For `total_vote` of labels: the votes from which on a class is said.")
    network: NetworkOptions = Field(default=NetworkOptions(), description="The network's sizes, and how it learns.")
    plateau: Annotated[PlateauOptions | None, Switch] = Field(
        default=None, description="Whether the learning rate falls when the score gets no better, and how.")
    class_weights: ClassWeights = "none"
    effective_beta: EffectiveBeta = 0.999
    focal: Focal = 0.0
    label_smoothing: LabelSmoothing = 0.0
    thresholds: JudgingOptions = Field(
        default=JudgingOptions(), description="How decision thresholds and probabilities are learned.")
    calibrate: bool = Field(default=True, description="Whether probabilities are fitted to what was predicted.")
    memory: int | None = Field(
        default=None, ge=1,
        description="Items of which conversation, author and number wait for their embedding at most; by default 1024.")
    rehearse: int = Field(
        default=0, ge=0,
        description="Turns whose truths are kept at most, the latest, so that they are learned again when `rehearsed` "
                    "brings what an encoder that has learned since makes of them.")
    publish_gradient: bool = Field(
        default=False, description="Whether the gradient with respect to the embedding is published.")
    publish_attention: bool = Field(
        default=False, description="Whether it is published what the network attended to, for the metric `attention`.")

    @model_validator(mode="before")
    @classmethod
    def _kinds(cls, given: object) -> object:
        tasks = given.get("tasks") if isinstance(given, dict) else None
        if not isinstance(given, dict) or not isinstance(tasks, dict):
            return given
        return {**given, "tasks": {name: {"kind": _kind_of(one), **one} if isinstance(one, dict) else one
                                   for name, one in tasks.items()}}
