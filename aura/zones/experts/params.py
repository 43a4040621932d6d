"""The parameters of the mixture of experts."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from aura.core.zone import ZoneParams
from aura.zones.common.switches import Switch

__all__ = ["ExpertsParams", "GateParams", "GrowthParams", "LearningParams", "MeritParams", "StoreParams"]


class _Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class GateParams(_Options):
    """How it is decided who is asked.

    Parameters
    ----------
    k : int
        How many experts an item is routed to; all, if there are fewer.
    shared : int
        The first so many experts are always asked, beside the k.
    temperature : float
        Of the softmax; multiplied by the modulator ``gate_temperature``.
    features : int
        How many fixed random projections of the stimulus the gate sees.
    resonators : int
        Resonators of the phasor bank over the stream of them; 0 for none.
    attention_winners : float
        Share of the projections that spiking attention lets win; 0 switches attention off.
    learning_rate : float
        Step of the softmax's weights along the mixture's own gradient.
    utility_rate : float
        Step of the head that predicts each expert's utility (normalised least mean squares).
    utility_weight : float
        What the predicted utility weighs in the gate's logits.
    hierarchical : bool
        Whether a group of experts is chosen first, and experts within it.
    group_temperature : float
        Of the choice of groups.
    balance_rate : float
        Step of the biases that balance the load without an auxiliary loss; 0 switches them off.
    permute : bool
        An ablation: what the gate chose for an item is given to the next of the active experts.
    """

    k: int = Field(default=2, ge=1, description="experts an item is routed to")
    shared: int = Field(default=0, ge=0, description="the first so many experts are always asked too")
    temperature: float = Field(default=1.0, gt=0, le=1e6, description="of the softmax")
    features: int = Field(default=32, ge=1, le=4096, description="random projections that the gate sees")
    resonators: int = Field(default=8, ge=0, le=1024, description="resonators of the phasor bank")
    attention_winners: float = Field(default=0.5, ge=0, le=1, description="share of projections that win attention")
    learning_rate: float = Field(default=0.05, ge=0, le=10, description="step of the softmax's weights")
    utility_rate: float = Field(default=0.05, ge=0, lt=2, description="step of the utility head")
    utility_weight: float = Field(default=0.5, ge=0, le=100, description="weight of predicted utility in the logits")
    hierarchical: bool = Field(default=False, description="choose a group first")
    group_temperature: float = Field(default=1.0, gt=0, le=1e6, description="of the choice of groups")
    balance_rate: float = Field(default=0.0, ge=0, le=1, description="step of the load-balancing biases")
    permute: bool = Field(default=False, description="ablation: give each choice to the next expert")


class MeritParams(_Options):
    """Running credit of the experts, and the bandit policy that turns it into a bias of the gate.

    Parameters
    ----------
    policy : {"ucb", "exp3"}
        Upper confidence bound, or exponential weights.
    weight : float
        What the bias weighs in the gate's logits.
    momentum : float
        Share of the old credit that is kept at each item; the modulator ``merit_momentum`` takes its place.
    exploration : float
        UCB: the factor of the confidence term. Exp3: the share of uniform exploration, 0 to 1.
    """

    policy: Literal["ucb", "exp3"] = Field(default="ucb", description="the bandit policy")
    weight: float = Field(default=0.25, ge=0, le=100, description="weight of the bias in the logits")
    momentum: float = Field(default=0.99, ge=0, lt=1, description="share of old credit kept at each item")
    exploration: float = Field(default=0.1, ge=0, le=1, description="confidence factor, or uniform share")


class GrowthParams(_Options):
    """When experts are born, put away, and taken up again.

    Parameters
    ----------
    schedule : tuple of int
        How many experts there are, stage by stage, at least; rising.
    every : int
        Items that a stage lasts.
    surprise : float
        A new expert is born when the running loss of the last items is so many times that of the experts they were
        routed to; 0 switches the trigger off.
    surprise_items : int
        Items over which the running loss of the last items is taken.
    entropy : float
        A new expert is born when the gate's normalised entropy, over `surprise_items`, is above this; 1 switches the
        trigger off.
    patience : int
        Items for which a trigger must hold.
    litter : int
        Experts that a trigger lets be born at once.
    cooldown : int
        Items after a birth in which no trigger counts.
    start : {"seed", "clone", "distil", "committee"}
        How a new expert begins: with its own random parameters, as a copy of its teacher (the expert with most of the
        gate of late), taught by that teacher, or by the top k of the gate.
    alpha : tuple of float
        Share of the teacher's answer in what a new expert is taught, at first and after `bootstrap` items.
    bootstrap : int
        Items for which a new expert is in its bootstrap.
    bootstrap_bias : float
        Added to its logit at its birth; fades to nothing over the bootstrap.
    freeze_parent : bool
        Whether a teacher is frozen when an expert is born from it by surprise.
    prune_below : float
        An expert whose running share of the gate, times the number of active experts, is below this is put away;
        0 never.
    prune_after : int
        Items that an expert is given before it may be put away.
    revive : bool
        Whether a trigger first looks among those put away for one that does better on the surprising items.
    """

    schedule: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        default=(1, 3, 6), min_length=1, description="experts by stage")
    every: int = Field(default=5000, ge=1, description="items a stage lasts")
    surprise: float = Field(default=2.0, ge=0, le=1e6, description="loss over that of the routed experts; 0: off")
    surprise_items: int = Field(default=200, ge=1, description="items of the running loss")
    entropy: float = Field(default=1.0, gt=0, le=1, description="normalised gate entropy; 1: off")
    patience: int = Field(default=200, ge=1, description="items a trigger must hold")
    litter: int = Field(default=1, ge=1, le=64, description="experts born at once by a trigger")
    cooldown: int = Field(default=2000, ge=0, description="items without triggers after a birth")
    start: Literal["seed", "clone", "distil", "committee"] = Field(default="clone", description="how one begins")
    alpha: tuple[Annotated[float, Field(ge=0, le=1)], Annotated[float, Field(ge=0, le=1)]] = Field(
        default=(1.0, 0.5), description="share of the teacher, in the bootstrap and after it")
    bootstrap: int = Field(default=500, ge=0, description="items of the bootstrap")
    bootstrap_bias: float = Field(default=1.0, ge=0, le=100, description="added to a new expert's logit, fading")
    freeze_parent: bool = Field(default=False, description="freeze the teacher of one born by surprise")
    prune_below: float = Field(default=0.02, ge=0, lt=1, description="share of an equal part of the gate; 0: never")
    prune_after: int = Field(default=4000, ge=1, description="items an expert is given")
    revive: bool = Field(default=True, description="look among those put away first")

    @field_validator("schedule")
    @classmethod
    def _rise(cls, counts: tuple[int, ...]) -> tuple[int, ...]:
        if any(later < earlier for earlier, later in pairwise(counts)):
            raise ValueError("numbers of experts that never fall, as (1, 3, 6)")
        return counts


class LearningParams(_Options):
    """How experts share what there is to learn.

    Parameters
    ----------
    credit : {"responsibility", "gate", "equal"}
        What a row weighs for a routed expert: how well it foretold the truth beside the others, its gate weight, or 1.
    elastic : float
        Strength with which the outputs of a routed expert are held where they were, on the share of a row that is not
        its own: the soft freeze. 0 switches it off.
    """

    credit: Literal["responsibility", "gate", "equal"] = Field(default="responsibility", description="a row's weight")
    elastic: float = Field(default=0.1, ge=0, le=1e3, description="strength of the soft freeze")


class StoreParams(_Options):
    """Where experts are kept.

    Parameters
    ----------
    folder : str, optional
        Keeps the files of experts that are not in memory; a private temporary folder if not told.
    resident : int, optional
        How many experts are in memory at most; all, if not told.
    on_damage : {"stop", "mask"}
        What a missing or corrupted file does: end the run with an error that names it, or mask its expert.
    """

    folder: str | None = Field(default=None, description="keeps experts that are not in memory")
    resident: int | None = Field(default=None, ge=1, description="experts in memory at most")
    on_damage: Literal["stop", "mask"] = Field(default="stop", description="what a damaged file does")


class ExpertsParams(ZoneParams):
    """Parameters of the mixture of experts.

    Parameters
    ----------
    stimulus : tuple of str or int
        The axes of one stimulus: names, or fixed lengths.
    classes : tuple of str
        The classes known from the start.
    open : bool
        Whether a label that is no class yet becomes one.
    on_unknown : {"stop", "skip"}
        What a label that is no class does where it cannot become one: end the run, or be left out and counted.
    kinds : tuple of str
        Kinds of experts; new ones take them in turn, the last one from there on. A name, or ``"package.module:Class"``.
    options : dict of str to table
        Options of each kind.
    initial : int
        Experts there are at first; the growth schedule may ask for more.
    max_experts : int
        Experts there may be, those put away included.
    frozen : tuple of str
        Experts that predict and do not learn.
    gate, merit, growth, learning, store
        As of their own tables; merit and growth may be switched off.
    memory : int
        How many items wait for their labels at most.
    devices : int
        Devices over which the rows of a tick are sharded in experts that are neural networks.
    publish_gradient : bool
        Whether the gradient with respect to the stimulus is published.
    """

    stimulus: tuple[Annotated[str, Field(pattern=r"^[A-Za-z_]\w*$")] | Annotated[int, Field(ge=1)], ...] = Field(
        default=("feature",), min_length=1, max_length=3, description="axes of one stimulus")
    classes: tuple[str, ...] = Field(default=(), description="classes known from the start")
    open: bool = Field(default=True, description="a new label becomes a class")
    on_unknown: Literal["stop", "skip"] = Field(default="stop", description="what a label that is no class does")
    kinds: tuple[str, ...] = Field(default=("mlp",), min_length=1, description="kinds of experts, in turn")
    options: dict[str, dict[str, Any]] = Field(default_factory=dict, description="options of each kind")
    initial: int = Field(default=1, ge=1, description="experts at first")
    max_experts: int = Field(default=16, ge=1, le=1024, description="experts there may be")
    frozen: tuple[str, ...] = Field(default=(), description="experts that do not learn")
    gate: GateParams = Field(default=GateParams(), description="who is asked")
    merit: Annotated[MeritParams | None, Switch] = Field(default=MeritParams(), description="credit; false: none")
    growth: Annotated[GrowthParams | None, Switch] = Field(default=GrowthParams(), description="false: none")
    learning: LearningParams = Field(default=LearningParams(), description="how rows are shared")
    store: StoreParams = Field(default=StoreParams(), description="where experts are kept")
    memory: int = Field(default=1024, ge=1, description="items that wait for their labels")
    devices: int = Field(default=1, ge=1, le=4096, description="devices that share a tick's rows")
    publish_gradient: bool = Field(default=False, description="publish the stimulus's gradient")

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
