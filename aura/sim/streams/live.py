"""A stream that takes rows as they come, and journals them before they are used."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Mapping
from operator import itemgetter
from typing import Any, ClassVar

import numpy as np

from aura.core.flow import SteadyFlow
from aura.core.signals import Inputs
from aura.core.time import Time
from aura.core.zone import Manifest, Outputs, ZoneContext, ZoneParams
from aura.plugins.streams import Field, Source, stack
from aura.sim.readers.bad import BAD_ROWS
from aura.sim.streams.ports import items_of, stream_ports
from aura.sim.streams.stream import Stream
from aura.sim.streams.times import Period, tick_after

__all__ = ["LiveStream", "live_stream"]

Rows = list[dict[str, Any]]
Entry = tuple[Time, Rows, int | None, int | None]
"""A tick, the rows taken in then, how far into the input that reached, and the bad rows left out up to there."""
_time = itemgetter(0)
_PATIENCE_S = 0.1
"""How long a wait for input goes on before it is checked whether the run is to stop (tuned here: not felt)."""


class LiveStream(Stream):
    """Publishes what a source has taken in since its last tick; made by `live_stream`."""

    source: ClassVar[Source | None]
    fields: ClassVar[Mapping[str, Field]]
    every: ClassVar[Period]
    items: ClassVar[int]
    wait: ClassVar[bool]
    journal: ClassVar[Any]
    replayed: ClassVar[list[Entry]]
    lasting = ("_item", "_latest", "_ended", "_skipped")

    def __init__(self, context: ZoneContext[ZoneParams]) -> None:
        super().__init__(context)
        self._item, self._latest, self._ended, self._interrupted = 0, -1, False, False
        self._skipped = 0
        """Bad rows since the beginning of the run, up to the last row that was used."""
        self._before: int | None = None
        """Those of them that the source does not count, once it is asked."""
        self._again = False
        self._read: int | None = None

    @property
    def ended(self) -> bool:
        """Whether the last row has been published."""
        return self._ended

    @property
    def played(self) -> int:
        """Items published since the beginning."""
        return self._item

    def play(self, split: str, start: Time, stage: int | None = None, *, learning: bool = True,
             span: Time | None = None) -> None:
        """Live input is for learning phases only."""
        self._ended = split != "learn"

    def splits(self) -> Collection[str]:
        return ["learn"]

    def listen(self) -> None:
        """Begin to take input in; without it, that is done by the first tick."""
        if self.source is not None and not self._ended:
            self.source.start()

    def interrupt(self) -> None:
        self._interrupted = True
        if self.source is not None:
            self.source.interrupt()

    def after_load(self) -> None:
        self._before = None

    def play_again(self, journal: Iterable[Any]) -> None:
        self.replayed, self._again = list(journal), True  # type: ignore[misc]  # this zone's own from now on

    def next_wake(self, now: Time) -> Time | None:
        if self._ended:
            return None
        if (left := self._place()) < len(self.replayed):
            return self.replayed[left][0]
        return None if self.source is None or self._again else tick_after(now, self.every, self.context.resolution)

    def step(self, now: Time, inputs: Inputs) -> Outputs:
        if self.source is None or self._again or self._place() < len(self.replayed):
            rows = self._replay(now)
        else:
            if self._before is None:
                self._before = self._skipped - self.source.skipped
            rows = self._take(self.source)
            self._ended = self.source.ended
            if rows or self._ended:  # bad lines behind the last row are come to again, and counted then
                self._latest = now
                self._read, self._skipped = self.source.position, self._before + self.source.skipped
        if rows:
            self._keep(now, rows)
        if self._ended:
            self._keep(now, [])
            if self.on_end is not None:
                self.on_end()
        if not rows:
            return None
        ids = np.arange(self._item, self._item + len(rows), dtype=np.int64) + self.context.first_id
        self._item += len(rows)
        values = {name: stack(field, [row[name] for row in rows]) for name, field in self.fields.items()}
        return items_of(self.fields, values, ids)

    def notices(self) -> dict[str, int]:
        return {BAD_ROWS: self._skipped}

    def close(self) -> None:
        if self.source is not None:
            self.source.close()

    def _keep(self, now: Time, rows: Rows) -> None:
        """Journal rows before they are used, and the end of the input as no rows: a replay must end at that tick too.

        What is played again is kept as well, so that every run's journal is whole.
        """
        if self.journal is not None and not self._again:
            self.journal(self.context.name, now, rows, self._read, self._skipped)

    def _place(self) -> int:
        """Return which of the replayed entries comes next: a branch has those before its checkpoint, or has not."""
        return bisect_right(self.replayed, self._latest, key=_time)

    def _replay(self, now: Time) -> Rows:
        rows: Rows = []
        due = bisect_right(self.replayed, now, key=_time)
        for _, again, read, skipped in self.replayed[self._place():due]:
            self._read = read
            self._skipped = self._skipped if skipped is None else skipped
            rows += again
            self._ended = not again
        self._latest = now
        return rows

    def _take(self, source: Source) -> Rows:
        rows = source.take(self.items, block=False)
        while self.wait and not (rows or source.ended or self._interrupted):
            rows = source.take(self.items, timeout_s=_PATIENCE_S)
        return rows


def live_stream(source: Source | None, *, name: str, fields: Mapping[str, Field], every: Period, items: int,
                wait: bool, truth: Collection[str] | None = None,
                journal: Callable[[str, Time, Rows, int | None, int | None], None] | None = None,
                replayed: Iterable[Entry] = (), kind: str = "live", deprecated: str = "") -> type[LiveStream]:
    """Return the zone class that takes from `source`, to be added to a brain.

    Parameters
    ----------
    source : Source or None
        Where rows come from; None for a replay.
    every, items : int
        How often the source is asked, and for how many rows at most.
    wait : bool
        Wait for the next row, as a free run does that has nothing else to do; in real time the loop goes on.
    journal : function (stream, now, rows, read, skipped), optional
        Keeps the rows before they are used, how many bytes of the input they and those before them took, and how many
        bad rows were left out up to there.
    replayed : iterable of (time, rows, read, skipped)
        Rows played first, each at its instant: all of them in a replay, those since the beginning after a crash.
    """
    manifest = Manifest(kind, LiveStream, "A live sensory stream.", outputs=stream_ports(fields, truth, name),
                        deprecated=deprecated, version="3", flow=SteadyFlow(items, every, total=0))
    return type("LiveStream", (LiveStream,), {
        "manifest": manifest, "source": source, "fields": dict(fields), "every": every, "items": items, "wait": wait,
        "journal": staticmethod(journal) if journal else None, "replayed": list(replayed),
        "__doc__": LiveStream.__doc__})
