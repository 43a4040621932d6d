"""The parameters of the mixture of experts."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from aura.core.paths import CodeName, PlacePath
from aura.core.zone import ZoneParams
from aura.zones.common.switches import Switch

__all__ = ["ExpertsParams", "GateParams", "GrowthParams", "LearningParams", "MeritParams", "StoreParams"]


class _Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class GateParams(_Options):
    """How it is decided who is asked."""

    k: int = Field(default=2, ge=1, description="How many experts an item is routed to; all, if there are fewer.")
    shared: int = Field(default=0, ge=0, description="The first so many experts are always asked, beside the k.")
    temperature: float = Field(
        default=1.0, gt=0, le=1e6,
        description="Of the softmax; multiplied by the modulator `gate_temperature`.")
    features: int = Field(
        default=32, ge=1, le=4096,
        description="How many fixed random projections of the stimulus the gate sees.")
    resonators: int = Field(
        default=8, ge=0, le=1024,
        description="Resonators of the phasor bank over the stream of them; 0 for none.")
    attention_winners: float = Field(
        default=0.5, ge=0, le=1,
        description="Share of the projections that spiking attention lets win; 0 switches attention off.")
    learning_rate: float = Field(
        default=0.05, ge=0, le=10,
        description="Step of the softmax's weights along the mixture's own gradient.")
    utility_rate: float = Field(
        default=0.05, ge=0, lt=2,
        description="Step of the head that predicts each expert's utility (normalised least mean squares).")
    utility_weight: float = Field(
        default=0.5, ge=0, le=100,
        description="What the predicted utility weighs in the gate's logits.")
    hierarchical: bool = Field(
        default=False,
        description="Whether a group of experts is chosen first, and experts within it.")
    group_temperature: float = Field(default=1.0, gt=0, le=1e6, description="Of the choice of groups.")
    balance_rate: float = Field(
        default=0.0, ge=0, le=1,
        description="Step of the biases that balance the load without an auxiliary loss; 0 switches them off.")
    permute: bool = Field(
        default=False,
        description="An ablation: what the gate chose for an item is given to the next of the active experts.")


class MeritParams(_Options):
    """Running credit of the experts, and the bandit policy that turns it into a bias of the gate."""

    policy: Literal["ucb", "exp3"] = Field(default="ucb", description="Upper confidence bound, or exponential weights.")
    weight: float = Field(default=0.25, ge=0, le=100, description="What the bias weighs in the gate's logits.")
    momentum: float = Field(
        default=0.99, ge=0, lt=1,
        description="Share of the old credit that is kept at each item; the modulator `merit_momentum` takes its "
                    "place.")
    exploration: float = Field(
        default=0.1, ge=0, le=1,
        description="UCB: the factor of the confidence term. Exp3: the share of uniform exploration, 0 to 1.")


class GrowthParams(_Options):
    """When experts are born, pruned, and revived."""

    schedule: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        default=(1, 3, 6), min_length=1,
        description="How many experts there are, stage by stage, at least; rising.")
    every: int = Field(default=5000, ge=1, description="Items that a stage lasts.")
    surprise: float = Field(
        default=2.0, ge=0, le=1e6,
        description="A new expert is born when the running loss of the last items is so many times that of the "
                    "experts they were routed to; 0 switches the trigger off.")
    surprise_items: int = Field(
        default=200, ge=1,
        description="Items over which the running loss of the last items is taken.")
    entropy: float = Field(
        default=1.0, gt=0, le=1,
        description="A new expert is born when the gate's normalised entropy, over `surprise_items`, is above this; 1 "
                    "switches the trigger off.")
    patience: int = Field(default=200, ge=1, description="Items for which a trigger must hold.")
    litter: int = Field(default=1, ge=1, le=64, description="Experts that a trigger lets be born at once.")
    cooldown: int = Field(default=2000, ge=0, description="Items after a birth in which no trigger counts.")
    start: Literal["seed", "clone", "distil", "committee"] = Field(
        default="clone",
        description="How a new expert begins: with its own random parameters, as a copy of its teacher (the expert "
                    "with most of the gate of late), taught by that teacher, or by the top k of the gate.")
    alpha: tuple[Annotated[float, Field(ge=0, le=1)], Annotated[float, Field(ge=0, le=1)]] = Field(
        default=(1.0, 0.5),
        description="Share of the teacher's answer in what a new expert is taught, at first and after `bootstrap` "
                    "items.")
    bootstrap: int = Field(default=500, ge=0, description="Items for which a new expert is in its bootstrap.")
    bootstrap_bias: float = Field(
        default=1.0, ge=0, le=100,
        description="Added to its logit at its birth; fades to nothing over the bootstrap.")
    freeze_parent: bool = Field(
        default=False,
        description="Whether a teacher is frozen when an expert is born from it by surprise.")
    prune_below: float = Field(
        default=0.02, ge=0, lt=1,
        description="An expert whose running share of the gate, times the number of active experts, is below this is "
                    "pruned; 0 never.")
    prune_after: int = Field(default=4000, ge=1, description="Items that an expert is given before it may be pruned.")
    revive: bool = Field(
        default=True,
        description="Whether a trigger first looks among those pruned for one that does better on the surprising "
                    "items.")

    @field_validator("schedule")
    @classmethod
    def _rise(cls, counts: tuple[int, ...]) -> tuple[int, ...]:
        if any(later < earlier for earlier, later in pairwise(counts)):
            raise ValueError("numbers of experts that never fall, as (1, 3, 6)")
        return counts


class LearningParams(_Options):
    """How experts share what there is to learn."""

    credit: Literal["responsibility", "gate", "equal"] = Field(
        default="responsibility",
        description="What a row weighs for a routed expert: how well it predicted the truth beside the others, its "
                    "gate weight, or 1.")
    elastic: float = Field(
        default=0.1, ge=0, le=1e3,
        description="Strength with which the outputs of a routed expert are held where they were, on the share of a "
                    "row that is not its own: the soft freeze. 0 switches it off.")


class StoreParams(_Options):
    """Where experts are kept."""

    folder: PlacePath | None = Field(
        default=None,
        description="Keeps the files of experts that are not in memory; a private temporary folder if not given.")
    resident: int | None = Field(
        default=None, ge=1,
        description="How many experts are in memory at most; all, if not given.")
    on_damage: Literal["stop", "mask"] = Field(
        default="stop",
        description="What a missing or corrupted file does: end the run with an error that names it, or mask its "
                    "expert.")


class ExpertsParams(ZoneParams):
    """Parameters of the mixture of experts."""

    stimulus: tuple[Annotated[str, Field(pattern=r"^[A-Za-z_]\w*$")] | Annotated[int, Field(ge=1)], ...] = Field(
        default=("feature",), min_length=1, max_length=3,
        description="The axes of one stimulus: names, or fixed lengths.")
    classes: tuple[str, ...] = Field(default=(), description="The classes known from the start.")
    open: bool = Field(default=True, description="Whether a label that is no class yet becomes one.")
    on_unknown: Literal["stop", "skip"] = Field(
        default="stop",
        description="What a label that is no class does where it cannot become one: end the run, or be left out and "
                    "counted.")
    kinds: tuple[CodeName, ...] = Field(
        default=("mlp",), min_length=1,
        description="Kinds of experts; new ones take them in turn, the last one from there on. A name, or "
                    '`"package.module:Class"`.')
    options: dict[str, dict[str, Any]] = Field(default_factory=dict, description="Options of each kind.")
    initial: int = Field(
        default=1, ge=1,
        description="Experts there are at first; the growth schedule may ask for more.")
    max_experts: int = Field(default=16, ge=1, le=1024, description="Experts there may be, those pruned included.")
    frozen: tuple[str, ...] = Field(default=(), description="Experts that predict and do not learn.")
    gate: GateParams = Field(default=GateParams(), description="How it is decided who is asked.")
    merit: Annotated[MeritParams | None, Switch] = Field(
        default=MeritParams(),
        description="How merit is reckoned; `false` switches it off.")
    growth: Annotated[GrowthParams | None, Switch] = Field(
        default=GrowthParams(),
        description="When the mixture grows, and at what cost; `false` switches growth off.")
    learning: LearningParams = Field(default=LearningParams(), description="What the experts learn from a label.")
    store: StoreParams = Field(default=StoreParams(), description="Where experts are kept that are not in use.")
    memory: int | None = Field(
        default=None, ge=1,
        description="How many items wait for their labels at most; by default as many as come until their labels do, "
                    "as far as the wiring tells, and 1024 at least.")
    devices: int = Field(
        default=1, ge=1, le=4096,
        description="Devices over which the rows of a tick are sharded in experts that convolve; others take one.")
    publish_gradient: bool = Field(
        default=False,
        description="Whether the gradient with respect to the stimulus is published.")

    @field_validator("classes", "frozen")
    @classmethod
    def _differ(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"names that differ, these stand twice: {', '.join(twice)}")
        return names

    @model_validator(mode="after")
    def _fit(self) -> ExpertsParams:
        most = self.max_experts
        if self.gate.k + self.gate.shared > most:
            raise ValueError(f"gate.k and gate.shared of {most} at most together, as max_experts says")
        if self.initial > most:
            raise ValueError(f"initial of {most} at most, as max_experts says")
        if self.growth is not None and max(self.growth.schedule) > most:
            raise ValueError(f"a growth.schedule of {most} experts at most, as max_experts says")
        if not self.classes and not self.open:
            raise ValueError("classes, as a zone that is not open learns no other")
        unknown = sorted(set(self.options) - set(self.kinds))
        if unknown:
            raise ValueError(f"options of the kinds {', '.join(dict.fromkeys(self.kinds))} alone, not {unknown[0]!r}")
        return self
