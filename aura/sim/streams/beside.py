"""When the rows of several streams come: spread over each other's time, or one stream after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from aura.core.errors import StreamError, nearest
from aura.core.time import Time
from aura.sim.streams.stream import Stream

__all__ = ["Beside", "Timetable", "in_order"]


@dataclass(frozen=True, slots=True)
class Beside:
    """How a stream goes by another one.

    Parameters
    ----------
    spread_over : str, optional
        Its rows come evenly over the time that this stream takes in a phase: its first ones with the first ones there,
        its last ones with the last ones.
    follows : str, optional
        It begins when this stream has played its last row of a phase, one tick later.
    """

    spread_over: str | None = None
    follows: str | None = None

    @property
    def other(self) -> str | None:
        """The stream that it goes by."""
        return self.follows if self.spread_over is None else self.spread_over

    @property
    def key(self) -> str:
        """The setting that names it."""
        return "follows" if self.spread_over is None else "spread_over"


def in_order(beside: Mapping[str, Beside]) -> list[str]:
    """Return the streams so that each comes behind the one that it goes by.

    Raises
    ------
    StreamError
        If a stream goes by one that there is not, by itself, round about too, or by one in two ways.

    Examples
    --------
    >>> in_order({"a": Beside(follows="b"), "b": Beside()})
    ['b', 'a']
    """
    placed: list[str] = []

    def place(name: str, chain: tuple[str, ...]) -> None:
        how = beside[name]
        if how.spread_over is not None and how.follows is not None:
            raise StreamError(f"streams.{name}", expected="spread_over or follows", got="both")
        key = how.key
        if name in chain:
            raise StreamError(f"streams.{name}.{key}", expected="another stream, whose time does not follow from this "
                              "one's", got=repr(how.other))
        if how.other is not None:
            if how.other not in beside:
                raise StreamError(f"streams.{name}.{key}", expected="a stream of this scenario", got=repr(how.other),
                                  hint=nearest(how.other, beside))
            if how.other not in placed:
                place(how.other, (*chain, name))
        placed.append(name)

    for name in beside:
        if name not in placed:
            place(name, ())
    return placed


class Timetable:
    """Tells the streams of a brain what to play, each with regard to the one that it goes by.

    Every instant is a whole number of nanoseconds, so that it is the same wherever it is worked out.

    Parameters
    ----------
    streams : mapping of str to Stream
    beside : mapping of str to Beside
        For each stream how it goes by another, if it does.
    """

    def __init__(self, streams: Mapping[str, Stream], beside: Mapping[str, Beside]) -> None:
        self._streams = streams
        self._beside = beside
        self._order = in_order(beside)

    def check(self, split: str, stage: int | None = None) -> None:
        """Raise a StreamError if the streams cannot be played so."""
        for _ in self._planned(split, 0, stage):
            pass

    def begin(self, split: str, start: Time, stage: int | None = None, *, learning: bool = True) -> None:
        """Let all streams play their rows of a split from the instant `start` on, or of a stage of it."""
        for stream, begin, span in list(self._planned(split, start, stage)):
            stream.play(split, begin, stage, learning=learning, span=span)

    def _planned(self, split: str, start: Time, stage: int | None) -> Iterator[tuple[Stream, Time, Time | None]]:
        """Return each stream, when it begins, and over how long its rows are spread if they are."""
        leads = {how.other for how in self._beside.values()}
        begins: dict[str, Time] = {}
        ends: dict[str, Time | None] = {}
        for name in self._order:
            stream, how, span = self._streams[name], self._beside[name], None
            begins[name] = start
            if how.other is not None:
                begins[name], end = begins[how.other], ends[how.other]
                if end is not None and how.follows:
                    begins[name] = end + stream.tick
                elif end is not None:
                    span = end - begins[name]
            if how.other is not None or name in leads:
                reach = stream.reach(split, stage, span)
                ends[name] = None if reach is None else begins[name] + reach
                if reach is None:
                    span = None
            yield stream, begins[name], span
