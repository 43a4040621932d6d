"""Parameters of the self-organising map."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from aura.core.zone import ZoneParams

__all__ = ["Neighbourhood", "SomParams"]

Neighbourhood = Literal["gaussian", "cut_gaussian", "sech", "epanechnikov", "bubble"]


class SomParams(ZoneParams):
    """How a self-organising map learns.

    The defaults are those that read handwritten digits best from one pass over 50,000 of them; a stream of another
    length wants `length` at about half of it.
    """

    rule: Literal["batch", "online"] = Field(
        default="batch",
        description="Weights as the means of what their neighbourhoods have won lately, brought up to date by every "
                    "block of items, or Kohonen's steps towards each item.")
    neighbourhood: Neighbourhood = Field(
        default="gaussian",
        description="What of a winner's learning its neighbours share, by their distance on the grid.")
    schedule: Literal["exponential", "linear", "novelty", "plsom"] = Field(
        default="exponential",
        description='How radius and rate go from start to end: by the items seen ("exponential", "linear"); by these, '
                    'but opening up again when the input changes ("novelty"); by how badly the input is matched alone '
                    '("plsom").')
    length: int = Field(
        default=20_000, ge=1,
        description='Items after which radius and rate have come to their end; without meaning for "plsom".')
    radius_start: float | None = Field(
        default=None, gt=0, allow_inf_nan=False,
        description="Radius of the neighbourhood at first, in units of the grid; half the longest side if left out.")
    radius_end: float = Field(
        default=0.3, gt=0, allow_inf_nan=False,
        description="Radius at the end. Down to about 0.5 neighbours share what they learn; below it the order that "
                    "is reached stays, and each unit moves to the mean of its own items.")
    rate_start: float = Field(
        default=0.3, gt=0, le=1,
        description='Rule "online": share of the way to an item that its winner goes at first.')
    rate_end: float = Field(default=0.03, gt=0, le=1, description='Rule "online": the same at the end.')
    memory: int = Field(
        default=20_000, ge=1,
        description='Rule "batch": items after which an item counts 1/e, once so many have been seen.')
    learn: bool = Field(
        default=True,
        description="Whether units move at all; off, they stay as they are drawn around the first item.")
    sharpness: float = Field(
        default=4.0, gt=0, allow_inf_nan=False,
        description="Of the activation map: a unit as far from the item as the average unit is active at "
                    "exp(-sharpness).")

    @model_validator(mode="after")
    def _shrinks(self) -> SomParams:
        if self.radius_start is not None and self.radius_start < self.radius_end:
            raise ValueError(f"radius_start of {self.radius_end:g} (radius_end) or more, got {self.radius_start:g}")
        if self.rate_start < self.rate_end:
            raise ValueError(f"rate_start of {self.rate_end:g} (rate_end) or more, got {self.rate_start:g}")
        return self

    def first_radius(self, shape: tuple[int, int, int]) -> float:
        """Return the radius to begin with on a grid of this shape.

        Examples
        --------
        >>> SomParams().first_radius((20, 20, 1)), SomParams(radius_start=3).first_radius((20, 20, 1))
        (10.0, 3.0)
        """
        return max(max(shape) / 2, self.radius_end) if self.radius_start is None else self.radius_start
