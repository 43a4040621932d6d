"""How densely a stream plays its rows, for the zones that keep items until their labels come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aura.core.flow import Flow, SteadyFlow
from aura.core.time import MS, Time
from aura.plugins.streams import Reader
from aura.sim.streams.playing import Playing
from aura.sim.streams.times import row_times

__all__ = ["SpreadFlow", "TimedFlow", "played_flow"]


class TimedFlow:
    """Rows that are played when a time column says.

    Parameters
    ----------
    readers : sequence of Reader
        Each is played on its own.
    playing : Playing
        Names the column; so many rows at most come at once.
    name : str
        What errors call the stream.
    """

    def __init__(self, readers: Sequence[Reader], playing: Playing, name: str) -> None:
        self._readers, self._playing, self._name = readers, playing, name

    def least(self, window: Time) -> int:
        """Return 0: the rows may lie apart anywhere."""
        return 0

    def most(self, window: Time) -> int:
        """Return how many rows come within a window where they come most densely."""
        dense = 0
        for reader in self._readers:
            if len(reader):
                times = row_times(reader, np.arange(len(reader)), self._playing.time or "", self._playing.time_unit, 0,
                                  self._name, MS)
                ends = np.searchsorted(times, times + window, side="right")
                dense = max(dense, int((ends - np.arange(len(times))).max()))
        return dense + self._playing.items


@dataclass(frozen=True, slots=True)
class SpreadFlow:
    """Rows that are spread over the time that another stream takes, which is known when a phase begins.

    Parameters
    ----------
    items : int
        In one tick; a tick comes every millisecond at most, as far as can be told beforehand.
    total : int
        Items there are.
    """

    items: int
    total: int

    def least(self, window: Time) -> int:
        """Return 0: the other stream may take as long as it likes."""
        return 0

    def most(self, window: Time) -> int:
        """Return how many items may come within a window."""
        return min(self.total, self.items * (window // MS + 2))


def played_flow(reader: Reader, held_out: Reader | None, playing: Playing, name: str, *, spread: bool = False) -> Flow:
    """Return how densely a stream plays the rows of its readers."""
    readers = [reader] if held_out is None else [reader, held_out]
    if playing.time is not None:
        return TimedFlow(readers, playing, name)
    if spread:
        return SpreadFlow(playing.items, sum(len(each) for each in readers))
    return SteadyFlow(playing.items, playing.period, sum(len(each) for each in readers))
