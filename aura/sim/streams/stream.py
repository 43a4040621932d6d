"""What plays: the contract between a stream and the phases of a run."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Collection, Iterable
from typing import Any

from aura.core.errors import StreamError
from aura.core.time import Time
from aura.core.zone import Zone, ZoneContext, ZoneParams

__all__ = ["Stream"]


class Stream(Zone[ZoneParams]):
    """The base of all streams: a zone that plays rows when it is told to."""

    def __init__(self, context: ZoneContext[ZoneParams]) -> None:
        super().__init__(context)
        self.on_end: Callable[[], None] | None = None
        """Called in the tick in which the last row is published."""

    @property
    @abstractmethod
    def ended(self) -> bool:
        """Whether the last row that is to be played has been published."""

    @property
    @abstractmethod
    def played(self) -> int:
        """Items published since the beginning."""

    @property
    def remaining(self) -> int | None:
        """Items that are still to come in this phase; None where that is unknown, as of live input."""
        return None

    @property
    def stages(self) -> tuple[tuple[str, ...], ...]:
        """The classes of each stage of its curriculum; none without one."""
        return ()

    @abstractmethod
    def splits(self) -> Collection[str]:
        """Return which of ``"learn"`` and ``"held_out"`` have rows."""

    @abstractmethod
    def play(self, split: str, start: Time, stage: int | None = None, *, learning: bool = True,
             span: Time | None = None) -> None:
        """Play the rows of a split from the instant `start` on; none, if there are none.

        With a curriculum a `stage` may be given: only its learning rows are played. `learning` says whether zones
        learn from what is played; rows that were played so come with ids that say it from then on. With a `span` the
        rows come evenly over it, the last ones at its end.
        """

    @property
    def tick(self) -> Time:
        """The time between two of its ticks; so long after the last one of a stream that it follows it begins."""
        return 1

    def reach(self, split: str, stage: int | None = None, span: Time | None = None) -> Time | None:
        """Return how long after the first row `play` would publish the last one; None if there is none to play.

        Raises
        ------
        StreamError
            If it is not known, as of live input, or the rows do not fit into the `span`.
        """
        raise StreamError(self.context.name, expected="rows whose number is known", got="a stream that cannot tell")

    def listen(self) -> None:
        """Begin to take input in, where it comes from outside; a StreamError if it cannot be opened."""

    def interrupt(self) -> None:
        """Stop waiting for input; safe to call from a signal handler."""

    def play_again(self, journal: Iterable[Any]) -> None:
        """Play what `journal` has kept of live input, and take no more, on the way back to a tick that failed."""
