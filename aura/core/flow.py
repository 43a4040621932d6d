"""How densely items flow, and how many wait for what belongs to them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from aura.core.errors import WiringError
from aura.core.time import Time

__all__ = ["Flow", "SteadyFlow", "Wait", "room"]


class Flow(Protocol):
    """How densely a zone publishes items."""

    def least(self, window: Time) -> int:
        """Return how many items surely come within a window and at its two ends."""

    def most(self, window: Time) -> int:
        """Return how many items may."""


@dataclass(frozen=True, slots=True)
class SteadyFlow:
    """So many items at every tick.

    Parameters
    ----------
    items : int
        In one tick.
    period : int or Fraction
        Nanoseconds between two ticks.
    total : int
        Items there are; 0 if that many in a tick may come but need not, as with live input.

    Examples
    --------
    >>> flow = SteadyFlow(items=32, period=10, total=1000)
    >>> flow.least(50), flow.least(10_000), flow.most(50)
    (192, 1000, 224)
    """

    items: int
    period: Time | Fraction
    total: int

    def least(self, window: Time) -> int:
        """Return how many items surely come within a window and at its two ends."""
        return min(self.total, self.items * (window // self.period + 1))

    def most(self, window: Time) -> int:
        """Return how many items may; ticks lie on the brain's grid, so one more than the rate says."""
        return int(self.items * (window // self.period + 2))


@dataclass(frozen=True, slots=True)
class Wait:
    """How many items wait at once for what comes to an input: surely so many, and never more than so many."""

    least: int
    most: int

    def __or__(self, other: Wait) -> Wait:
        return Wait(max(self.least, other.least), max(self.most, other.most))


def room(asked: int | None, waiting: Iterable[Wait | None], default: int, where: str) -> int:
    """Return how many items to keep: as asked, or what the wiring needs, at least the default.

    Parameters
    ----------
    asked : int, optional
        What a person has set.
    waiting : iterable of Wait or None
        Of the inputs that items wait for.
    default : int
        Where nothing is known.
    where : str
        Names the setting.

    Raises
    ------
    WiringError
        If what was asked for is too little for what the wiring says, so that some would surely be lost.
    """
    needed = Wait(0, 0)
    for wait in waiting:
        needed |= wait or needed
    if asked is None:
        return max(default, needed.most)
    if asked < needed.least:
        raise WiringError(where, got=f"{asked:,}",
                          expected=f"at least {needed.least:,}, as so many items come until the first of them is told",
                          hint="Leave it out to have it follow from delay, rate and items, or shorten the delay.")
    return asked
