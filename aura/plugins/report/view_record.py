"""What the metrics that show a tissue have left, as models; what does not fit together is refused."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt, model_validator

from aura.core.time import Time

__all__ = ["GroupRow", "MapView", "Profile", "RasterView", "RateView", "Region", "TraceLine", "VolumeView"]

Grid = tuple[PositiveInt, PositiveInt, PositiveInt]
Numbers = Annotated[tuple[float, ...], Field(min_length=1)]


class _View(BaseModel):
    """Something to be drawn: all its numbers are finite; a newer run may say more."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class TraceLine(_View):
    """One trace: its name, and the points of its line, times in nanoseconds."""

    name: str
    times: Annotated[tuple[Time, ...], Field(min_length=1)]
    values: Numbers

    @model_validator(mode="after")
    def _fits(self) -> TraceLine:
        _alike(self.times, self.values)
        return self


class RasterView(_View):
    """The spikes of a stretch of time: the shown cells, and for each spike its row among them and its time."""

    start: Time
    end: Time
    cells: tuple[int, ...] = ()
    rows: tuple[NonNegativeInt, ...] = ()
    times: tuple[Time, ...] = ()

    @model_validator(mode="after")
    def _fits(self) -> RasterView:
        _alike(self.rows, self.times)
        _below(self.rows, len(self.cells))
        return self


class RateView(_View):
    """Spikes of all cells by bin, from time 0 to `end`; `width` is that of a bin in nanoseconds."""

    width: PositiveInt
    end: Time
    counts: tuple[int, ...] = ()


class MapView(_View):
    """The units that have won: their wins, the number of their majority label (-1 for none), and their purity."""

    units: tuple[NonNegativeInt, ...] = ()
    wins: tuple[PositiveInt, ...] = ()
    labels: tuple[str, ...] = ()
    majority: tuple[Annotated[int, Field(ge=-1)], ...] = ()
    purity: tuple[float | None, ...] = ()

    @model_validator(mode="after")
    def _fits(self) -> MapView:
        _alike(self.units, self.wins, self.majority, self.purity)
        _below(self.majority, len(self.labels))
        return self


class Region(_View):
    """One label on a map: its units, its items, all items of its units, and those of them that have it."""

    label: str
    units: int
    items: int
    held: int
    own: int


class Profile(_View):
    """Means over the planes across one axis."""

    axis: str
    mean: Numbers
    last: Numbers

    @model_validator(mode="after")
    def _fits(self) -> Profile:
        _alike(self.mean, self.last)
        return self


class VolumeView(_View):
    """A grid as means over blocks of these sides, in C order, and the profiles along its axes."""

    shape: Grid
    sides: Grid
    most_active: tuple[int, int, int]
    mean: Numbers
    last: Numbers
    profiles: tuple[Profile, ...] = ()

    @property
    def blocks(self) -> tuple[int, ...]:
        """How many blocks there are along each axis."""
        return tuple(-(-length // side) for length, side in zip(self.shape, self.sides, strict=True))

    @model_validator(mode="after")
    def _fits(self) -> VolumeView:
        _alike(self.mean, self.last, range(math.prod(self.blocks)))
        return self


class GroupRow(_View):
    """What a number was in one group."""

    name: str
    count: int
    mean: float
    least: float
    largest: float
    last: float


def _alike(*parts: Sequence[Any]) -> None:
    if len({len(part) for part in parts}) > 1:
        raise ValueError(f"expected parts of one length, got {', '.join(str(len(part)) for part in parts)}")


def _below(numbers: Sequence[int], end: int) -> None:
    if max(numbers, default=-1) >= end:
        raise ValueError(f"expected numbers below {end}, got {max(numbers)}")
