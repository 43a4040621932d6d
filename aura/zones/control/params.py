"""The parameters of the controller of the brain's inner state."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from aura.core.zone import ZoneParams
from aura.zones.common.switches import Switch

__all__ = ["ControlParams", "ControllerOptions", "EnergyOptions", "GoalOptions", "MoodOptions", "PersonalityOptions"]

Unit = Annotated[float, Field(ge=0, le=1)]
GoalName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]


class _Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)


class EnergyOptions(_Options):
    """What costs energy, and how it comes back.

    The numbers are chosen here: with them a steady activity of 4 keeps energy and fatigue near a half.
    """

    initial: Unit = Field(default=1.0, description="Energy at first, 0 to 1.")
    restore_s: float = Field(default=10.0, gt=0, le=1e9, description="Time constant of rest.")
    activity_cost_per_s: float = Field(
        default=0.02, ge=0, le=1e6,
        description="Share of the energy that an activity of 1 spends in a second.")
    effort_cost_per_s: float = Field(
        default=0.02, ge=0, le=1e6,
        description="The same for an effort (an update, a learning) of 1.")
    fatigue_s: float = Field(
        default=60.0, gt=0, le=1e9,
        description="Time constant of fatigue, longer than that of rest.")
    fatigue_weight: Unit = Field(
        default=0.3,
        description="Share of the energy that full fatigue keeps from coming back.")
    shut_below: float = Field(default=0.1, gt=0, lt=1, description="The gate shuts when energy falls below this.")
    open_above: float = Field(
        default=0.2, gt=0, lt=1,
        description="It opens again when energy has risen to this; above `shut_below`, so that it does not flutter.")

    @model_validator(mode="after")
    def _ordered(self) -> EnergyOptions:
        if not self.restore_s < self.fatigue_s:
            raise ValueError(f"fatigue_s above restore_s, {self.restore_s:g} s, as fatigue is the slower")
        if not self.shut_below < self.open_above:
            raise ValueError(f"open_above above shut_below, {self.shut_below:g}")
        return self


class GoalOptions(_Options):
    """One goal: where a number that some zone publishes should be. It is read at the input ``goal_<name>``."""

    target: float = Field(description="Where the number should be.")
    direction: Literal["above", "below"] = Field(
        default="above",
        description="On which side of the target the goal is met.")
    span: float = Field(
        default=1.0, gt=0,
        description="How far on the wrong side of the target the goal counts as wholly unmet, in the unit of the "
                    "number.")
    weight: float = Field(default=1.0, gt=0, le=1e6, description="What the goal counts beside the others.")
    tau_s: float = Field(default=10.0, gt=0, le=1e9, description="Time constant with which its drive follows.")


class MoodOptions(_Options):
    """How mood follows what is better or worse than expected. The numbers are chosen here."""

    tau_s: float = Field(default=30.0, gt=0, le=1e9, description="Time constant of mood.")
    reward_weight: float = Field(
        default=1.0, ge=0, le=1e3,
        description="What a reward counts that is 1 better than expected.")
    loss_weight: float = Field(default=1.0, ge=0, le=1e3, description="What a loss counts that fell to nothing.")
    valence_weight: float = Field(default=0.5, ge=0, le=1e3, description="What a valence of 1 counts.")
    baseline_rate: float = Field(
        default=0.02, gt=0, le=1,
        description="Share by which an expectation moves to what came, each time something comes.")


class PersonalityOptions(_Options):
    """Traits from 0 to 1, 0.5 being neutral, and what they can do at most. The numbers are chosen here."""

    openness: Unit = Field(
        default=0.5,
        description="Explores: a warmer gate, and a bias to the experts that are used less.")
    persistence: Unit = Field(default=0.5, description="Holds on: merit remembers longer.")
    plasticity: Unit = Field(default=0.5, description="Changes: new experts come more readily.")
    trust: Unit = Field(
        default=0.5,
        description="Believes its teachers: a larger share of their answer when a new expert is taught.")
    sensitivity: Unit = Field(default=0.5, description="How far mood and energy move the other traits.")
    temperature_span: float = Field(
        default=2.0, ge=1, le=1e3,
        description="Factor on the gate's temperature at full openness; its inverse at none.")
    merit_momentum: float = Field(
        default=0.99, ge=0, lt=1,
        description="Momentum of merit at neutral persistence; it takes the place of that of the zone that reads the "
                    "modulator.")
    momentum_span: float = Field(
        default=4.0, ge=1, le=1e3,
        description="Factor on the memory of merit, 1 / (1 - momentum), at full persistence; its inverse at none.")
    distillation_span: float = Field(
        default=2.0, ge=1, le=1e3,
        description="Factor on the share of the teacher at full trust; its inverse at none.")
    growth_span: float = Field(
        default=2.0, ge=1, le=1e3,
        description="Factor on the readiness to grow at full plasticity; its inverse at none.")
    routing_bias: float = Field(default=0.5, ge=0, le=1e3, description="Largest bias of an expert's logit.")


class ControllerOptions(_Options):
    """The controller that holds the gate's entropy by its temperature. The gains are tuned here, on a softmax."""

    set_point: Unit = Field(
        default=0.5,
        description="The normalised entropy that is wanted, 0 (one expert takes all) to 1 (all take the same).")
    kp: float = Field(default=0.5, ge=0, le=1e3, description="Proportional gain, log temperature for an error of 1.")
    ki_per_s: float = Field(
        default=1.0, ge=0, le=1e3,
        description="Integral gain, log temperature for an error of 1 that lasts a second.")
    tracking_s: float = Field(
        default=1.0, gt=0, le=1e6,
        description="Time constant with which the integral comes back to the bounds where they are passed.")
    minimum: float = Field(default=0.1, ge=1e-6, le=1e6, description="Least factor on the gate's temperature.")
    maximum: float = Field(default=10.0, ge=1e-6, le=1e6, description="Largest factor on the gate's temperature.")

    @model_validator(mode="after")
    def _ordered(self) -> ControllerOptions:
        if not self.minimum < self.maximum:
            raise ValueError(f"a maximum above the minimum, {self.minimum:g}")
        return self


class ControlParams(ZoneParams):
    """Parameters of the hypothalamus."""

    energy: EnergyOptions = Field(
        default=EnergyOptions(),
        description="Energy, fatigue and the gate that stops learning.")
    goals: dict[GoalName, GoalOptions] = Field(
        default_factory=dict,
        description="The goals by name; each has its input `goal_<name>`, which must be fed.")
    largest_drive: float = Field(
        default=2.0, ge=1, le=1e3,
        description="The learning drive when every goal is wholly unmet; it is 1 when all are met.")
    mood: MoodOptions = Field(default=MoodOptions(), description="How mood follows what comes.")
    personality: PersonalityOptions = Field(default=PersonalityOptions(), description="The traits, from 0 to 1.")
    controller: Annotated[ControllerOptions | None, Switch] = Field(
        default=ControllerOptions(),
        description="Holds the gate's entropy; false switches it off.")
