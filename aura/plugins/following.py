"""What follows a run while it goes, as the progress line and a live page do: the contracts it needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from aura.core.time import Time

__all__ = ["Follower", "Headlined", "Player"]


class Player(Protocol):
    """What knows how far a run has come."""

    @property
    def items(self) -> Mapping[str, int]:
        """Items that each stream has published since the beginning."""

    @property
    def remaining(self) -> int | None:
        """Items left to play in this phase, None where that is unknown."""

    @property
    def until(self) -> Time | None:
        """The instant before which the run ends, in nanoseconds, None where none is set."""


@runtime_checkable
class Follower(Protocol):
    """An observer that is told who plays the run, before its first tick."""

    def follow(self, player: Player) -> None:
        """Let `player` tell what has been played and what is left, from now on."""


@runtime_checkable
class Headlined(Protocol):
    """An observer, such as a metric, that has a few figures for a line or page that shows the run while it goes."""

    def headline(self) -> Mapping[str, float]:
        """Return the figures by name; empty before there are any."""

    def headline_of(self) -> str:
        """Return what they are of, such as ``"last 1,000"``; empty if of all that the phase has had."""
