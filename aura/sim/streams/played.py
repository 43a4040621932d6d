"""A stream that plays the rows of a reader: in passes, shuffled or not, by a rate or by a time column."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from aura.core.errors import StreamError, nearest
from aura.core.signals import Inputs, Items
from aura.core.time import LATEST, MS, NS, US, S, Time
from aura.core.zone import Manifest, Outputs, Zone, ZoneContext, ZoneParams
from aura.sim.readers.order import pass_order, plan
from aura.sim.readers.rows import Reader
from aura.sim.streams.ports import stream_ports

__all__ = ["PlayedStream", "Playing", "played_stream"]

_UNITS = {"ns": NS, "us": US, "ms": MS, "s": S, "min": 60 * S, "h": 3600 * S}


@dataclass(frozen=True, slots=True)
class Playing:
    """How a stream plays its rows.

    Parameters
    ----------
    period : int
        Nanoseconds between two ticks of the stream.
    items : int
        Rows in one tick.
    time, time_unit : str
        A numeric field that says when each row is played, counted from the first row; the period is then not used.
        The unit is the field's own, or seconds, unless it is given.
    shuffle, repeat : bool, int
        Passes in a learning phase; held-out rows are played once, in their order.
    hold_out, hold_out_from, limit
        As in `aura.sim.readers.order.plan`.
    autoplay : bool
        Begin with the learning rows at 0, without being told.
    """

    period: Time = 10 * MS
    items: int = 1
    time: str | None = None
    time_unit: str | None = None
    shuffle: bool = False
    repeat: int = 1
    hold_out: float = 0.0
    hold_out_from: Literal["end", "random"] = "end"
    limit: int | None = None
    autoplay: bool = True


class PlayedStream(Zone[ZoneParams]):
    """Publishes the rows of a reader; made by `played_stream`."""

    reader: ClassVar[Reader]
    held_out: ClassVar[Reader | None]
    playing: ClassVar[Playing]

    def __init__(self, context: ZoneContext[ZoneParams]) -> None:
        super().__init__(context)
        how = self.playing
        # Drawn once, so that every pass's order follows from seed, name and number of the pass alone.
        self._seed = int(self.rng.integers(2**62))
        learnt, held = plan(len(self.reader), seed=self._seed, hold_out=how.hold_out, hold_out_from=how.hold_out_from,
                            limit=how.limit, name=context.name)
        self._splits: dict[str, tuple[Reader, np.ndarray]] = {"learn": (self.reader, learnt)}
        if self.held_out is not None:
            self._splits["held_out"] = (self.held_out, np.arange(len(self.held_out)))
        elif len(held):
            self._splits["held_out"] = (self.reader, held)
        self._split, self._pass, self._position, self._start, self._item = "", 0, 0, 0, 0
        self._order = np.empty(0, dtype=np.int64)
        self._times: np.ndarray | None = None
        self.on_end: Callable[[], None] | None = None
        if how.autoplay:
            self.play("learn", 0)

    @property
    def ended(self) -> bool:
        """Whether all rows of the present split have been played."""
        return self._position >= len(self._order) and self._pass + 1 >= self._passes

    @property
    def played(self) -> int:
        """Items published since the beginning."""
        return self._item

    @property
    def remaining(self) -> int:
        """Items of the present split that are still to come."""
        return len(self._order) * (self._passes - self._pass) - self._position

    def play(self, split: str, start: Time) -> None:
        """Play the rows of ``"learn"`` or ``"held_out"`` from the instant `start` on; none, if there are none."""
        self._split, self._pass, self._position, self._start = split, 0, 0, start
        self._load_pass()

    def splits(self) -> Collection[str]:
        """Return which splits have rows."""
        return list(self._splits)

    def next_wake(self, now: Time) -> Time | None:
        if self.ended:
            return None
        if self._position >= len(self._order):
            return self._start + self.playing.period
        if self._times is not None:
            return max(self._start + int(self._times[self._position]), now + 1)
        return self._start + (self._position // self.playing.items) * self.playing.period

    def step(self, now: Time, inputs: Inputs) -> Outputs:
        if self.ended:
            return None
        if self._position >= len(self._order):
            self._begin_next_pass(now)
        reader, _ = self._splits[self._split]
        count = self._due(now)
        rows = reader.rows(self._order[self._position:self._position + count])
        self._position += count
        ids = np.arange(self._item, self._item + count, dtype=np.int64)
        self._item += count
        if self._position >= len(self._order):
            # The next pass is counted from the period after the last tick of this one.
            self._start = now
            if self.ended and self.on_end is not None:
                self.on_end()
        return {name: Items(value, ids) for name, value in rows.items()}

    def state(self) -> dict[str, Any]:
        return {"split": self._split, "pass": self._pass, "position": self._position, "start": self._start,
                "item": self._item, "rows": {name: len(indices) for name, (_, indices) in self._splits.items()}}

    def load_state(self, state: dict[str, Any]) -> None:
        rows = {name: len(indices) for name, (_, indices) in self._splits.items()}
        if state["rows"] != rows:
            raise StreamError(self.context.name, expected=f"the rows it was saved with, {state['rows']}",
                              got=str(rows), hint="Did the file change since?")
        self._split, self._pass, self._item = state["split"], state["pass"], state["item"]
        self._load_pass()
        self._position, self._start = state["position"], state["start"]

    @property
    def _passes(self) -> int:
        return self.playing.repeat if self._split == "learn" else 1

    def _begin_next_pass(self, now: Time) -> None:
        self._pass, self._position, self._start = self._pass + 1, 0, now
        self._load_pass()

    def _load_pass(self) -> None:
        if self._split not in self._splits:
            self._order, self._times = np.empty(0, dtype=np.int64), None
            return
        reader, indices = self._splits[self._split]
        learning = self._split == "learn"
        self._order = pass_order(indices, seed=self._seed, number=self._pass,
                                 shuffle=self.playing.shuffle and learning)
        self._times = self._row_times(reader) if self.playing.time and len(self._order) else None

    def _row_times(self, reader: Reader) -> np.ndarray:
        name = str(self.playing.time)
        column = np.asarray(reader.rows(self._order)[name])
        unit = self.playing.time_unit or reader.fields[name].unit
        # Whole numbers are subtracted as such: nanoseconds since 1970 do not fit a float.
        since = column - column[0] if column.dtype.kind in "iu" else column.astype(np.float64) - float(column[0])
        times = np.rint(since.astype(np.float64) * _UNITS.get(unit, S))
        late, back = ~(times < LATEST - self._start), np.diff(times, prepend=0.0) < 0
        for wrong, expected in ((late, "a time that is no later than 292 years"), (back, "not to decrease")):
            if wrong.any():
                row = int(np.argmax(wrong))
                raise StreamError(f"{self.context.name}: row {self._order[row]}: {name}", expected=expected,
                                  got=str(column[row]),
                                  hint="Sort the file by time, and do not shuffle a stream with a time column.")
        return times.astype(np.int64)

    def _due(self, now: Time) -> int:
        left = len(self._order) - self._position
        if self._times is None:
            return min(self.playing.items, left)
        ahead = self._times[self._position:self._position + self.playing.items]
        return max(1, int(np.searchsorted(ahead, now - self._start, side="right")))


def played_stream(reader: Reader, playing: Playing, *, name: str, held_out: Reader | None = None,
                  truth: Collection[str] | None = None, kind: str = "stream") -> type[PlayedStream]:
    """Return the zone class that plays `reader`, to be added to a brain.

    Raises
    ------
    StreamError
        If the held-out rows have other fields, or the time column is no number.
    """
    if held_out is not None and dict(held_out.fields) != dict(reader.fields):
        raise StreamError(f"{name}.held_out", expected=f"the fields {', '.join(reader.fields)}, as the stream has",
                          got=", ".join(held_out.fields))
    if playing.time is not None:
        field = reader.fields.get(playing.time)
        if field is None or field.shape or field.dtype in ("text", "tags"):
            raise StreamError(f"{name}.time", expected="a numeric field of the stream", got=repr(playing.time),
                              hint=nearest(playing.time, reader.fields))
    manifest = Manifest(kind, PlayedStream, "A sensory stream.", outputs=stream_ports(reader.fields, truth, name))
    return type("PlayedStream", (PlayedStream,), {"manifest": manifest, "reader": reader, "held_out": held_out,
                                                  "playing": playing, "__doc__": PlayedStream.__doc__})
