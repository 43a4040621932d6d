"""Real time: the loop paced by a clock, deadlines that are missed counted."""

from __future__ import annotations

import time
from typing import Protocol

from aura.core.errors import TimeError
from aura.core.time import Time

__all__ = ["Clock", "Pacer", "WallClock"]


class Clock(Protocol):
    """A clock that the pacer reads and sleeps by; tests bring one that jumps."""

    def now(self) -> Time:
        """Return monotonic nanoseconds."""

    def sleep(self, span: Time) -> None:
        """Wait for `span` nanoseconds."""


class WallClock:
    """The machine's monotonic clock."""

    def now(self) -> Time:
        return time.monotonic_ns()

    def sleep(self, span: Time) -> None:
        time.sleep(span / 1e9)


class Pacer:
    """Holds the loop back so that simulated time goes `speed` times as fast as the clock.

    Parameters
    ----------
    speed : float
        1.0 is real time, 2.0 twice as fast.
    tolerance : int
        How late a tick may begin, in nanoseconds, before it counts as missed.
    clock : Clock
        The wall clock, unless a test brings another.

    Attributes
    ----------
    missed : int
        Ticks that began later than the tolerance.
    worst : int
        The longest delay in nanoseconds.
    """

    def __init__(self, speed: float, tolerance: Time, clock: Clock | None = None) -> None:
        if not 0 < speed < float("inf"):
            raise TimeError("realtime", expected="a speed above 0", got=repr(speed),
                            hint="1.0 is real time; leave it out to run freely.")
        self.speed, self.tolerance, self.clock = speed, tolerance, clock or WallClock()
        self.missed, self.worst = 0, 0
        self._origin: tuple[Time, Time] | None = None
        self._before: Time = 0

    def __call__(self, now: Time) -> None:
        """Wait until the clock has reached the instant `now`; the first call, or a step back, sets the origin."""
        if self._origin is None or now < self._before:  # it goes back when a checkpoint is loaded
            self._origin = (self.clock.now(), now)
        self._before = now
        began, first = self._origin
        ahead = began + round((now - first) / self.speed) - self.clock.now()
        if ahead > 0:
            self.clock.sleep(ahead)
        elif -ahead > self.tolerance:
            self.missed += 1
            self.worst = max(self.worst, -ahead)
