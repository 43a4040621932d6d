"""The observer that shows a run while it goes: one live line on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from rich.console import Console
from rich.live import Live
from rich.text import Text

from aura.core.observer import BrainView, Observer
from aura.core.signals import Signal
from aura.core.time import MS, US, S, Time, format_time
from aura.plugins.following import Headlined, Player
from aura.plugins.words import named

__all__ = ["Progress"]

LIVE_SECONDS = 0.25
"""Four times a second: faster is not read, slower looks stuck."""
PLAIN_SECONDS = 5.0
SMOOTHING = 0.2
"""Weight of the latest interval in the shown rate; tuned here so that it settles in about two seconds."""


class Progress(Observer):
    """Phase, simulated time, items a second, time left in the phase, and the headline figures of the metrics.

    In a brain without a scenario it counts the items of `topics`; the runner of a scenario is followed instead, and
    knows what is left.

    Parameters
    ----------
    topics : tuple of str
        Topics of the items that are counted.
    console : rich.console.Console, optional
        Where to write; by default standard error.
    clock : callable
        Seconds that only ever grow.
    """

    name = "progress"
    lasting = ("phase",)  # which a run that is resumed in its midst is not told again

    def __init__(self, topics: tuple[str, ...] = (), *, console: Console | None = None,
                 clock: Callable[[], float] = time.monotonic) -> None:
        self.topics, self.phase = topics, ""
        self._counted, self._clock = 0, clock
        self._brain: BrainView | None = None
        self._player: Player | None = None
        self._console = console or Console(stderr=True)
        self._live: Live | None = None
        self._every = LIVE_SECONDS if self._console.is_terminal else PLAIN_SECONDS
        self._due, self._before, self._begun = float("-inf"), clock(), False
        self._shown: tuple[int, Time] = (0, 0)
        self._rates: tuple[float, float] | None = None

    @property
    def items(self) -> int:
        """Items so far."""
        return self._counted if self._player is None else sum(self._player.items.values())

    def follow(self, player: Player) -> None:
        """Let `player` tell what has been played and what is left, from now on."""
        self._player = player
        self._shown = (self.items, self._shown[1])

    def say_loading(self, name: str) -> None:
        """Say on a terminal that a brain is made ready, which may take long: its zones load and compile."""
        if self._console.is_terminal:
            self._console.print(f"loading {name} ...", style="dim", markup=False, highlight=False)

    def on_start(self, brain: BrainView) -> None:
        self._brain = brain
        self._shown = (self.items, brain.now)
        if self._console.is_terminal:
            # No refresh thread: the line changes only when it is told to.
            self._live = Live(console=self._console, auto_refresh=False, transient=False)
            self._live.start()

    def on_phase(self, phase: str, learning: bool, now: Time) -> None:
        self.phase = phase if learning else f"{phase} (not learning)"

    def on_load(self, now: Time) -> None:
        self._begun = False  # from here on the rate is counted anew

    def on_signal(self, signal: Signal) -> None:
        self._counted += 1 if signal.ids is None else len(signal.ids)

    def after_tick(self, now: Time) -> None:
        if self._clock() >= self._due:
            self._show(now) if self._begun else self._begin(now)

    def on_stop(self, brain: BrainView) -> None:
        self._show(brain.now)
        if self._live is not None:
            self._live.stop()
            self._live = None

    # --- within ---------------------------------------------------------------------------------------------------

    def _begin(self, now: Time) -> None:
        """Count from the end of the first tick: until then zones load things, which says nothing of the rate."""
        self._before, self._shown, self._begun = self._clock(), (self.items, now), True
        self._due = self._before + self._every

    def _show(self, now: Time) -> None:
        wall = self._clock()
        self._update_rates(wall - self._before, now)
        self._due, self._before, self._shown = wall + self._every, wall, (self.items, now)
        line = self._line(now)
        if self._live is not None:
            self._live.update(line, refresh=True)
        else:
            self._console.print(line, soft_wrap=True)

    def _update_rates(self, seconds: float, now: Time) -> None:
        if seconds <= 0:
            return
        items, then = self._shown
        latest = ((self.items - items) / seconds, (now - then) / seconds)
        old = self._rates
        self._rates = latest if old is None else (old[0] + SMOOTHING * (latest[0] - old[0]),
                                                  old[1] + SMOOTHING * (latest[1] - old[1]))

    def _line(self, now: Time) -> Text:
        parts = [Text(self.phase, "bold cyan")] if self.phase else []
        parts.append(Text(_short_time(now)))
        if self.items:
            parts.append(Text(f"{self.items:,} items"))
            if self._rates is not None:
                parts.append(Text(f"{self._rates[0]:,.0f}/s"))
        left = self._seconds_left(now)
        if left is not None:
            parts.append(Text(f"{_clock_text(left)} left"))
        if self._brain is not None:
            for observer in self._brain.observers:
                if isinstance(observer, Headlined):
                    parts += self._brain.attempt(observer, "headline", partial(_headline, observer)) or ()
        line = Text(" · ", "dim", no_wrap=True, overflow="ellipsis", end="").join(parts)
        line.no_wrap, line.overflow = True, "ellipsis"
        return line

    def _seconds_left(self, now: Time) -> float | None:
        if self._player is None or self._rates is None:
            return None
        per_item, per_time = self._rates
        ends = []
        if self._player.remaining and per_item > 0:
            ends.append(self._player.remaining / per_item)
        if self._player.until is not None and per_time > 0:
            ends.append(max(0, self._player.until - now) / per_time)
        return min(ends, default=None)


def _headline(headlined: Headlined) -> list[Text]:
    figures = headlined.headline()
    of = headlined.headline_of() if figures else ""
    parts: list[Text] = []
    for key, value in figures.items():
        name, bracket, later = key.partition(" (")
        label = f"{of}: " if of and not parts else ""
        parts.append(Text.assemble((f"{label}{named(name)}{bracket}{later} ", "dim"), f"{value:.3f}"))
    return parts


def _short_time(now: Time) -> str:
    """Return a simulated time that is short enough to be read while it changes."""
    for unit, span in (("s", S), ("ms", MS), ("us", US)):
        if now >= span:
            return f"{now / span:,.1f} {unit}"
    return format_time(now)


def _clock_text(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
