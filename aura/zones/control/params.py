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

    Parameters
    ----------
    initial : float
        Energy at first, 0 to 1.
    restore_s : float
        Time constant of rest.
    activity_cost_per_s : float
        Share of the energy that an activity of 1 spends in a second.
    effort_cost_per_s : float
        The same for an effort (an update, a learning) of 1.
    fatigue_s : float
        Time constant of fatigue, longer than that of rest.
    fatigue_weight : float
        Share of the energy that full fatigue keeps from coming back.
    shut_below : float
        The gate shuts when energy falls below this.
    open_above : float
        It opens again when energy has risen to this; above `shut_below`, so that it does not flutter.
    """

    initial: Unit = Field(default=1.0, description="energy at first")
    restore_s: float = Field(default=10.0, gt=0, le=1e9, description="time constant of rest")
    activity_cost_per_s: float = Field(default=0.02, ge=0, le=1e6, description="share spent by an activity of 1")
    effort_cost_per_s: float = Field(default=0.02, ge=0, le=1e6, description="share spent by an effort of 1")
    fatigue_s: float = Field(default=60.0, gt=0, le=1e9, description="time constant of fatigue")
    fatigue_weight: Unit = Field(default=0.3, description="share that full fatigue keeps from coming back")
    shut_below: float = Field(default=0.1, gt=0, lt=1, description="energy below which the gate shuts")
    open_above: float = Field(default=0.2, gt=0, lt=1, description="energy at which it opens again")

    @model_validator(mode="after")
    def _ordered(self) -> EnergyOptions:
        if not self.restore_s < self.fatigue_s:
            raise ValueError(f"fatigue_s above restore_s, {self.restore_s:g} s, as fatigue is the slower")
        if not self.shut_below < self.open_above:
            raise ValueError(f"open_above above shut_below, {self.shut_below:g}")
        return self


class GoalOptions(_Options):
    """One goal: where a number that some zone publishes should be. It is read at the input ``goal_<name>``.

    Parameters
    ----------
    target : float
        Where the number should be.
    direction : {"above", "below"}
        On which side of the target the goal is met.
    span : float
        How far on the wrong side of the target the goal counts as wholly unmet, in the unit of the number.
    weight : float
        What the goal counts beside the others.
    tau_s : float
        Time constant with which its drive follows.
    """

    target: float = Field(description="where the number should be")
    direction: Literal["above", "below"] = Field(default="above", description="the side on which the goal is met")
    span: float = Field(default=1.0, gt=0, description="how far from the target it is wholly unmet")
    weight: float = Field(default=1.0, gt=0, le=1e6, description="what it counts beside the others")
    tau_s: float = Field(default=10.0, gt=0, le=1e9, description="time constant of its drive")


class MoodOptions(_Options):
    """How mood follows what is better or worse than expected. The numbers are chosen here.

    Parameters
    ----------
    tau_s : float
        Time constant of mood.
    reward_weight, loss_weight, valence_weight : float
        What an error of the expected reward of 1, a loss that fell to nothing, and a valence of 1 count.
    baseline_rate : float
        Share by which an expectation moves to what came, each time something comes.
    """

    tau_s: float = Field(default=30.0, gt=0, le=1e9, description="time constant of mood")
    reward_weight: float = Field(default=1.0, ge=0, le=1e3, description="weight of the reward prediction error")
    loss_weight: float = Field(default=1.0, ge=0, le=1e3, description="weight of the loss's improvement")
    valence_weight: float = Field(default=0.5, ge=0, le=1e3, description="weight of affect")
    baseline_rate: float = Field(default=0.02, gt=0, le=1, description="share by which expectations move")


class PersonalityOptions(_Options):
    """Traits from 0 to 1, 0.5 being neutral, and what they can do at most. The numbers are chosen here.

    Parameters
    ----------
    openness : float
        Explores: a warmer gate, and a bias to the experts that are used less.
    persistence : float
        Holds on: merit remembers longer.
    plasticity : float
        Changes: new experts come more readily.
    trust : float
        Believes its teachers: a larger share of their answer when a new expert is taught.
    sensitivity : float
        How far mood and energy move the other traits.
    temperature_span : float
        Factor on the gate's temperature at full openness; its inverse at none.
    merit_momentum : float
        Momentum of merit at neutral persistence; it takes the place of that of the zone that reads the modulator.
    momentum_span : float
        Factor on the memory of merit, 1 / (1 - momentum), at full persistence; its inverse at none.
    distillation_span : float
        Factor on the share of the teacher at full trust; its inverse at none.
    growth_span : float
        Factor on the readiness to grow at full plasticity; its inverse at none.
    routing_bias : float
        Largest bias of an expert's logit.
    """

    openness: Unit = Field(default=0.5, description="explores")
    persistence: Unit = Field(default=0.5, description="holds on to merit")
    plasticity: Unit = Field(default=0.5, description="grows readily")
    trust: Unit = Field(default=0.5, description="believes its teachers")
    sensitivity: Unit = Field(default=0.5, description="how far mood and energy move the traits")
    temperature_span: float = Field(default=2.0, ge=1, le=1e3, description="factor on temperature at full openness")
    merit_momentum: float = Field(default=0.99, ge=0, lt=1, description="momentum at neutral persistence")
    momentum_span: float = Field(default=4.0, ge=1, le=1e3, description="factor on merit's memory")
    distillation_span: float = Field(default=2.0, ge=1, le=1e3, description="factor on the teacher's share")
    growth_span: float = Field(default=2.0, ge=1, le=1e3, description="factor on growth at full plasticity")
    routing_bias: float = Field(default=0.5, ge=0, le=1e3, description="largest bias of a logit")


class ControllerOptions(_Options):
    """The controller that holds the gate's entropy by its temperature. The gains are tuned here, on a softmax.

    Parameters
    ----------
    set_point : float
        The normalised entropy that is wanted, 0 (one expert takes all) to 1 (all take the same).
    kp : float
        Proportional gain, log temperature for an error of 1.
    ki_per_s : float
        Integral gain, log temperature for an error of 1 that lasts a second.
    tracking_s : float
        Time constant with which the integral comes back to the bounds where they are passed.
    minimum, maximum : float
        Bounds of the factor on the gate's temperature.
    """

    set_point: Unit = Field(default=0.5, description="normalised entropy that is wanted")
    kp: float = Field(default=0.5, ge=0, le=1e3, description="proportional gain")
    ki_per_s: float = Field(default=1.0, ge=0, le=1e3, description="integral gain")
    tracking_s: float = Field(default=1.0, gt=0, le=1e6, description="time constant of the anti-windup")
    minimum: float = Field(default=0.1, ge=1e-6, le=1e6, description="least factor on the temperature")
    maximum: float = Field(default=10.0, ge=1e-6, le=1e6, description="largest factor on the temperature")

    @model_validator(mode="after")
    def _ordered(self) -> ControllerOptions:
        if not self.minimum < self.maximum:
            raise ValueError(f"a maximum above the minimum, {self.minimum:g}")
        return self


class ControlParams(ZoneParams):
    """Parameters of the hypothalamus.

    Parameters
    ----------
    energy : EnergyOptions
        Energy, fatigue and the gate that stops learning.
    goals : dict of str to GoalOptions
        The goals by name; each has its input ``goal_<name>``, which must be fed.
    largest_drive : float
        The learning drive when every goal is wholly unmet; it is 1 when all are met.
    mood : MoodOptions
        How mood follows what comes.
    personality : PersonalityOptions
        The traits.
    controller : ControllerOptions, optional
        Holds the gate's entropy; false switches it off.
    """

    energy: EnergyOptions = Field(default=EnergyOptions(), description="energy, fatigue and the energy gate")
    goals: dict[GoalName, GoalOptions] = Field(default_factory=dict, description="goals; each has a port goal_<name>")
    largest_drive: float = Field(default=2.0, ge=1, le=1e3, description="learning drive with all goals unmet")
    mood: MoodOptions = Field(default=MoodOptions(), description="how mood follows what comes")
    personality: PersonalityOptions = Field(default=PersonalityOptions(), description="the traits")
    controller: Annotated[ControllerOptions | None, Switch] = Field(
        default=ControllerOptions(), description="holds the gate's entropy; false: off")
