"""Figures of the latest items of a phase, and when the next row of them is due."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from typing import Any, ClassVar

from aura.core.lasting import Lasting, Made, Stateful
from aura.core.time import Time, parse_time
from aura.plugins.metrics.metric import SEEN_BEFORE, Metric
from aura.plugins.metrics.options import AUTO

__all__ = ["Cadence", "Rolling"]

AUTO_LEAST, AUTO_MOST, AUTO_SHARE = 25, 250, 4
"""Items from row to row: a quarter of those seen, within these bounds. Tuned here: a run of 500 items gets ten points,
and rows of 3 ms stay under 3 % of a run at 500 items a second."""


class Cadence(Stateful):
    """Rows every so many items of a phase, or every so much simulated time.

    Parameters
    ----------
    every : int or str
        A number of items, a time, or ``"auto"``: every 25 items at first, later every 250.

    Examples
    --------
    >>> cadence = Cadence(3)
    >>> [cadence.due(items, time=0) for items in (1, 2, 3, 4, 5, 6)]
    [False, False, True, False, False, True]
    """

    lasting = ("next",)

    def __init__(self, every: int | str) -> None:
        self._items = every if isinstance(every, int) else AUTO_LEAST if every == AUTO else 0
        self._grows = every == AUTO
        self._span: Time = 0 if self._items else parse_time(every)
        self.next = self._items or self._span

    def due(self, items: int, time: Time) -> bool:
        """Return whether a row is due after `items` items of this phase, at `time`; it is due once."""
        reached = items if self._items else time
        if reached < self.next:
            return False
        if self._grows:
            self.next = items + min(max(items // AUTO_SHARE, AUTO_LEAST), AUTO_MOST)
        else:
            step = self._items or self._span
            self.next = (reached // step + 1) * step
        return True

    def new_phase(self, time: Time) -> None:
        """Begin to count again: items from zero, time from the next whole multiple."""
        self.next = self._items or (time // self._span + 1) * self._span


class _Window(Stateful):
    """The latest items under one name, how many there were in all, how many no row has told of, and when one is due."""

    lasting = ("text", "seen", "fresh", "cadence")

    def __init__(self, window: int, every: int | str) -> None:
        self.items: deque[Any] = deque(maxlen=window)
        self.seen, self.fresh, self.cadence = 0, 0, Cadence(every)

    @property
    def text(self) -> str:
        """The items as JSON, in which a thousand are saved at once."""
        return json.dumps(list(self.items))

    @text.setter
    def text(self, items: str) -> None:
        self.items = deque(json.loads(items), maxlen=self.items.maxlen)


class Rolling(Metric):
    """A metric that judges items: it has rows of figures of the latest items, those seen before in a window of their
    own.

    A metric says what the figures of some items are (`figures_of`), and gives each item to `roll`.
    """

    headings: ClassVar[Mapping[str, str]] = {}
    """Rolling figures that stand in the progress line, and what they are called there."""
    lasting: ClassVar[tuple[str | Lasting, ...]] = (Made("_windows", "_new_window"), "_latest")

    def __init__(self, name: str, options: Any) -> None:
        super().__init__(name, options)
        self._windows: dict[str, _Window] = {}
        self._latest: tuple[str, dict[str, float]] = ("", {})
        """Where the last row stands, and its figures."""

    def headline_of(self) -> str:
        return f"last {self.options.window:,}"

    def figures_of(self, items: list[Any]) -> dict[str, float]:
        """Return the figures of these items."""
        raise NotImplementedError

    def roll(self, place: str, item: Any, seen: int, now: Time) -> None:
        """Take the item that is the `seen`-th of its place; what belongs to an earlier phase has no rows."""
        if place != self.phase and not self.is_present(place):
            return
        window = self._windows.get(place)
        if window is None:
            window = self._windows[place] = self._new_window()
            window.cadence.new_phase(now)
        window.items.append(item)
        window.seen, window.fresh = seen, window.fresh + 1
        if window.cadence.due(seen, now):
            self._write(place, now)

    def end_phase(self, now: Time) -> None:
        for place, window in self._windows.items():
            if window.fresh:
                self._write(place, now)
        self._windows = {}

    def headline(self) -> dict[str, float]:
        place, latest = self._latest
        later = f" ({SEEN_BEFORE})" if latest and not self.is_first(place) else ""
        return {f"{called}{later}": latest[name] for name, called in self.headings.items() if name in latest}

    def _write(self, place: str, now: Time) -> None:
        window = self._windows[place]
        window.fresh = 0
        self._latest = place, self.figures_of(list(window.items))
        self.add_row(now, window.seen, self._latest[1], place)

    def _new_window(self) -> _Window:
        return _Window(self.options.window, self.options.every)
