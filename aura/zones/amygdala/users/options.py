"""What an amygdala is told of users: how many it follows, over which times, and what it may choose to do for them."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from aura.core.ports import Port

__all__ = ["UserOptions"]

ITEMS = "embedding"


class UserOptions(BaseModel):
    """What is followed of each user, and what is learned from it."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    most: int = Field(
        default=1000, ge=1,
        description="Users that are followed at most; beyond, the one who has been silent longest is forgotten.")
    time_constants: tuple[Annotated[float, Field(ge=1, allow_inf_nan=False)], ...] = Field(
        default=(2.0, 10.0), min_length=1,
        description="Time constants of the means and slopes of a user's affect, in messages of that user.")
    tasks: tuple[str, ...] = Field(
        default=(),
        description="The tasks whose answers are the affect that is followed; by default all that tell numbers, or "
                    "classes that are fixed.")
    readiness_prior: float = Field(
        default=0.5, ge=0, le=1, description="The readiness to learn that is assumed before any was told.")
    interventions: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        default=(), description="What can be done for a user, by name; without any, nothing is chosen.")
    exploration: float = Field(
        default=0.5, ge=0, allow_inf_nan=False,
        description="Standard errors that are added to an intervention's expected effectiveness while learning, so "
                    "that little-known ones are tried; with learning off none are.")
    ridge: float = Field(
        default=0.3, gt=0, allow_inf_nan=False,
        description="The penalty on the squared weights of readiness and effectiveness.")

    @field_validator("interventions", "tasks", "time_constants")
    @classmethod
    def _differ(cls, values: tuple[object, ...]) -> tuple[object, ...]:
        twice = sorted({str(value) for value in values if values.count(value) > 1})
        if twice:
            raise ValueError(f"values that differ, these stand twice: {', '.join(twice)}")
        return values

    @property
    def inputs(self) -> tuple[Port, ...]:
        """Who an item is from, and what is told later of it."""
        ports = [Port("user", dtype="text", shape=("item",), keep="all", required=False,
                      doc="Whom an item is from; empty for nobody in particular."),
                 Port("readiness_teacher", shape=("item",), range=(0.0, 1.0), role="label", keep="all", required=False,
                      doc="How ready to learn the user of an item seen before was, from 0 to 1.")]
        if self.interventions:
            ports.append(Port("effectiveness", shape=("item",), range=(0.0, 1.0), role="label", keep="all",
                              required=False, doc="How much the intervention chosen for an item helped, from 0 to 1."))
        return tuple(ports)

    @property
    def outputs(self) -> tuple[Port, ...]:
        """What is said of an item's user."""
        ports = [Port("readiness", shape=("item",), range=(0.0, 1.0), items_from=ITEMS,
                      doc="How ready to learn the user is expected to be."),
                 Port("readiness_uncertainty", shape=("item",), range=(0.0, 0.5), items_from=ITEMS,
                      doc="The standard deviation of that.")]
        if self.interventions:
            ports += [Port("intervention", dtype="text", shape=("item",), items_from=ITEMS,
                           doc="The intervention that is chosen."),
                      Port("intervention_scores", shape=("item", len(self.interventions)), items_from=ITEMS,
                           doc="The effectiveness that is expected of each intervention.")]
        return tuple(ports)

    @property
    def wake_on(self) -> tuple[str, ...]:
        """The inputs that wake the zone: what teaches, while a user's name waits for the embedding."""
        return tuple(port.name for port in self.inputs if port.role == "label")
