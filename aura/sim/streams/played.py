"""A stream that plays the rows of a reader: in passes, shuffled or not, by a rate or by a time column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np

from aura.core.errors import StreamError, nearest
from aura.core.signals import Inputs, again
from aura.core.time import Time, format_time
from aura.core.zone import Manifest, Outputs, ZoneContext, ZoneParams
from aura.plugins.streams import Reader
from aura.sim.readers.bad import BAD_ROWS
from aura.sim.readers.order import pass_order
from aura.sim.streams.change import AFTER, BEFORE, REGIME, Changing
from aura.sim.streams.conversations import with_labels
from aura.sim.streams.curriculum import STAGE, Stages
from aura.sim.streams.flow import played_flow
from aura.sim.streams.playing import Playing
from aura.sim.streams.ports import items_of, joined, stream_ports
from aura.sim.streams.sights import Sights
from aura.sim.streams.splitting import LEFT_OUT, splits_of
from aura.sim.streams.stream import Stream
from aura.sim.streams.times import require_in_reach, row_times, tick_time

__all__ = ["PlayedStream", "Playing", "played_stream"]


class PlayedStream(Stream):
    """Publishes the rows of a reader; made by `played_stream`."""

    reader: ClassVar[Reader]
    held_out: ClassVar[Reader | None]
    playing: ClassVar[Playing]
    lasting = ("_row_counts", "_split", "_pass", "_item", "_stage", "_learned", "_learning", "_sights", "_position",
               "_start", "_span")

    def __init__(self, context: ZoneContext[ZoneParams]) -> None:
        super().__init__(context)
        how = self.playing
        # Drawn once, so that every pass's order follows from seed, name and number of the pass alone.
        self._seed = int(self.rng.integers(2**62))
        self._splits, self._talks = splits_of(self.reader, self.held_out, how, self._seed, context.name)
        self._fields = {split: with_labels(reader.fields, how.conversations)
                        for split, (reader, _) in self._splits.items()}
        learnt = self._splits["learn"][1]
        self._stages = Stages(how.curriculum, self.reader, learnt, context.name) if how.curriculum else None
        self._changing = Changing(how.change, self.reader.fields, len(learnt) * how.repeat, self._seed, context.name) \
            if how.change else None
        self._split, self._pass, self._position, self._start, self._item = "", 0, 0, 0, 0
        self._stage: int | None = None
        self._span: Time | None = None
        """Over how long the rows come evenly, if they do; else at their own period."""
        self._learned = 0
        """Learning rows played since the beginning."""
        self._learning = True
        self._row_counts = {name: f"{len(rows)} of {len(reader)}" for name, (reader, rows) in self._splits.items()}
        self._sights = Sights(self._splits)
        self._order = np.empty(0, dtype=np.int64)
        self._places = np.empty((3, 0), dtype=np.int64)
        """Of the rows of the pass their places in conversations, and which are the last of one and of its author."""
        self._times: np.ndarray | None = None
        for split, (reader, rows) in self._splits.items():  # wrong times are better told now than when a phase begins
            self._require_in_reach(split, len(rows), None if how.time is None else self._row_times(reader, rows))
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

    @property
    def stages(self) -> tuple[tuple[str, ...], ...]:
        """The classes of each stage of the curriculum; none without one."""
        return self._stages.groups if self._stages else ()

    def play(self, split: str, start: Time, stage: int | None = None, *, learning: bool = True,
             span: Time | None = None) -> None:
        self._learning = learning
        self._split, self._pass, self._position, self._start, self._stage = split, 0, 0, start, stage
        self._span = span
        self._load_pass()
        self._require_in_reach(split, len(self._order), self._times)

    @property
    def tick(self) -> Time:
        return tick_time(0, 1, self.playing.period, self.context.resolution)

    def reach(self, split: str, stage: int | None = None, span: Time | None = None) -> Time | None:
        order = self._ordered(split, 0, stage)
        if not len(order):
            return None
        passes, how, resolution = self._passes_of(split), self.playing, self.context.resolution
        if how.time is not None:
            last = int(self._row_times(self._splits[split][0], order)[-1])
            return tick_time(0, 1, passes * last + (passes - 1) * how.period, resolution)
        ticks = passes * -(-len(order) // how.items)
        if span is None:
            return tick_time(0, ticks - 1, how.period, resolution)
        if (ticks - 1) * resolution > span:
            raise StreamError(f"streams.{self.context.name}.spread_over", got=f"{ticks} in {format_time(span)}",
                              expected=f"at most one tick in a resolution, {format_time(resolution)}",
                              hint="Play more `items` in a tick, or spread a stream of fewer rows over one of more.")
        return span if ticks > 1 else 0

    def splits(self) -> Collection[str]:
        return list(self._splits)

    def next_wake(self, now: Time) -> Time | None:
        if self.ended:
            return None
        how, rows = self.playing, len(self._order)
        if self._times is None:
            ticks = -(-rows // how.items)
            number, period = self._pass * ticks + -(-self._position // how.items), how.period
            if self._span is not None:
                period = Fraction(self._span, max(self._passes * ticks - 1, 1))
            return tick_time(self._start, number, period, self.context.resolution)
        if self._position < rows:
            return max(self._start + int(self._times[self._position]), now + 1)
        return tick_time(self._start, 1, how.period, self.context.resolution)

    def step(self, now: Time, inputs: Inputs) -> Outputs:
        if self.ended:
            return None
        if self._position >= len(self._order):
            self._begin_next_pass(now)
        reader, _ = self._splits[self._split]
        count = self._due(now)
        chosen = self._order[self._position:self._position + count]
        changed = self._changed(count)
        rows = reader.rows(chosen)
        ids = self._identities(chosen, changed, rows)
        published = self._published(rows, changed, chosen)
        self._position += count
        self._learned += count if self._split == "learn" else 0
        if self._times is not None and self._position >= len(self._order):
            # The next pass is counted from the period after the last row of this one.
            self._start = now
        if self.ended and self.on_end is not None:
            self.on_end()
        return items_of(self._fields[self._split], published, ids)

    def _identities(self, chosen: np.ndarray, changed: np.ndarray, rows: dict[str, Any]) -> np.ndarray:
        """Return the ids of the next items, the rows `chosen`, and remember that these were seen."""
        ids = np.arange(self._item, self._item + len(chosen), dtype=np.int64)
        self._item += len(chosen)
        ids += self.context.first_id
        before = self._sights.see(self._split, chosen, changed, rows, self._learning)
        return np.where(before, again(ids), ids)

    def before_load(self, state: dict[str, Any]) -> None:
        if state["row_counts"] != self._row_counts:
            raise StreamError(self.context.name, expected=f"the rows it was saved with, {state['row_counts']}",
                              got=str(self._row_counts),
                              hint="Did the file change since, or which of its rows are played or held out?")

    def after_load(self) -> None:
        self._load_pass()

    def notices(self) -> dict[str, int]:
        readers = {"row": self.reader} if self.held_out is None else {"row": self.reader, "held-out row": self.held_out}
        absent = {f"had no {row} with {source!r}, which would feed {field!r}": 1
                  for row, reader in readers.items() for field, source in reader.absent.items()}
        counts: Counter[str] = Counter()
        for reader in readers.values():
            counts.update(reader.notices)
        for talks in set(self._talks.values()):
            counts.update(talks.notices())
        counts[BAD_ROWS] = sum(reader.skipped for reader in readers.values())
        if self._talks and self.held_out is None:
            taken = len(self._talks["learn"].first(self.playing.limit))
            counts[LEFT_OUT] = taken - sum(len(rows) for _, rows in self._splits.values())
        return {**counts, **absent, **self._sights.notices()}

    @property
    def _passes(self) -> int:
        return self._passes_of(self._split)

    def _passes_of(self, split: str) -> int:
        if split == "learn":
            return self.playing.repeat
        return self._changing.held_out_passes if self._changing else 1

    def _require_in_reach(self, split: str, rows: int, times: np.ndarray | None) -> None:
        """Raise a StreamError if the last of so many rows, played from now on, came later than a run can tell."""
        passes, period = self._passes_of(split), self.playing.period
        if self._span is not None:
            require_in_reach(self._start, self._span, self.context.name)
        elif rows and times is None:
            require_in_reach(self._start, (passes * -(-rows // self.playing.items) - 1) * period, self.context.name)
        elif times is not None and rows:
            require_in_reach(self._start, passes * int(times[-1]) + (passes - 1) * period, self.context.name)

    def _changed(self, count: int) -> np.ndarray:
        """Return which of the next `count` rows come changed."""
        if self._changing is None:
            return np.zeros(count, dtype=bool)
        return self._changing.learning(self._learned, count) if self._split == "learn" \
            else self._changing.held_out(self._pass, count)

    def _published(self, rows: dict[str, Any], changed: np.ndarray, chosen: np.ndarray) -> dict[str, Any]:
        """Return the next rows, `chosen`, with what conversations, a curriculum and a change make of them."""
        if self._talks:
            places = self._places[:, self._position:self._position + len(chosen)]
            rows = self._talks[self._split].published(rows, chosen, places)
        if self._stages:
            rows = {**rows, STAGE.name: self._stages.of(rows)}
        if self._changing:
            rows = {**self._changing.apply(rows, changed),
                    REGIME.name: tuple(AFTER if late else BEFORE for late in changed.tolist())}
        return rows

    def _begin_next_pass(self, now: Time) -> None:
        self._pass, self._position = self._pass + 1, 0
        if self._times is not None:
            self._start = now
        self._load_pass()

    def _load_pass(self) -> None:
        self._order, self._times = self._ordered(self._split, self._pass, self._stage), None
        if self._talks and len(self._order):
            self._places = self._talks[self._split].places(self._order)
        if self.playing.time and len(self._order):
            self._times = self._row_times(self._splits[self._split][0], self._order)

    def _ordered(self, split: str, number: int, stage: int | None) -> np.ndarray:
        """Return the rows of a pass, in their order; none of a split that there is not."""
        if split not in self._splits:
            return np.empty(0, dtype=np.int64)
        learning = split == "learn"
        if self._talks:
            return self._talks[split].order(self._splits[split][1], seed=self._seed, number=number,
                                            shuffle=self.playing.shuffle and learning)
        order = pass_order(self._splits[split][1], seed=self._seed, number=number,
                           shuffle=self.playing.shuffle and learning)
        return self._stages.order(order, stage) if self._stages and learning else order

    def _row_times(self, reader: Reader, order: np.ndarray) -> np.ndarray:
        return row_times(reader, order, self.playing.time or "", self.playing.time_unit, self._start,
                         self.context.name, self.context.resolution)

    def _due(self, now: Time) -> int:
        left = len(self._order) - self._position
        if self._times is None:
            return min(self.playing.items, left)
        ahead = self._times[self._position:self._position + self.playing.items]
        return max(1, int(np.searchsorted(ahead, now - self._start, side="right")))


def played_stream(reader: Reader, playing: Playing, *, name: str, held_out: Reader | None = None,
                  truth: Collection[str] | None = None, kind: str = "stream", deprecated: str = "",
                  spread: bool = False) -> type[PlayedStream]:
    """Return the zone class that plays `reader`, to be added to a brain.

    With `spread` its rows may be spread over the time that another stream takes (`aura.sim.streams.beside`).

    Raises
    ------
    StreamError
        If the held-out rows have other fields, or the time column is no number.
    """
    fields = reader.fields if held_out is None else joined(reader.fields, held_out.fields, name)
    if playing.time is not None:
        field = reader.fields.get(playing.time)
        if field is None or field.shape or field.listed:
            raise StreamError(f"{name}.time", expected="a numeric field of the stream",
                              got=repr(playing.time) if field is None else f"{playing.time!r}, which is "
                              f"{'optional' if field.optional else field.dtype}",
                              hint=nearest(playing.time, reader.fields) if field is None else
                              f"Try columns.{playing.time} = {{ from = {playing.time!r}, type = 'time', unit = 's' }}.")
        for key, given in (("curriculum", playing.curriculum), ("shuffle", playing.shuffle)):
            if given:
                raise StreamError(f"{name}.{key}", expected="a stream that is not played by a time column",
                                  got=f"time = {playing.time!r}")
    how = playing.conversations
    if how is not None and playing.curriculum is not None:
        raise StreamError(f"{name}.curriculum", expected="a stream of rows, not of conversations",
                          got=f"conversations by {how.by!r}", hint="A curriculum would take turns out of their order.")
    ports = (*stream_ports(fields, truth, name, how.published_last if how else ()), *playing.ports(fields, name))
    manifest = Manifest(kind, PlayedStream, "A sensory stream.", outputs=ports, version="5", deprecated=deprecated,
                        flow=played_flow(reader, held_out, playing, name, spread=spread))
    return type("PlayedStream", (PlayedStream,), {"manifest": manifest, "reader": reader, "held_out": held_out,
                                                  "playing": playing, "__doc__": PlayedStream.__doc__})
