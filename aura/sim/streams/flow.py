"""How densely a stream plays its rows, for the zones that keep items until their labels come."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aura.core.flow import Flow, SteadyFlow
from aura.core.time import MS, Time
from aura.plugins.streams import Reader
from aura.sim.streams.playing import Playing
from aura.sim.streams.times import row_times

__all__ = ["TimedFlow", "played_flow"]


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


def played_flow(reader: Reader, held_out: Reader | None, playing: Playing, name: str) -> Flow:
    """Return how densely a stream plays the rows of its readers."""
    readers = [reader] if held_out is None else [reader, held_out]
    if playing.time is not None:
        return TimedFlow(readers, playing, name)
    return SteadyFlow(playing.items, playing.period, sum(len(each) for each in readers))
