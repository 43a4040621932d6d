"""A probe keeps the signals of one topic."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np

from aura.core.handed import sketch
from aura.core.observer import Observer
from aura.core.signals import Signal
from aura.core.time import Time, format_time

__all__ = ["Probe"]


class Probe(Observer):
    """Keeps the last signals of one topic, to be read in mid-run; those later than a checkpoint go when it is loaded.

    Parameters
    ----------
    topic : str
        ``zone.port``.
    every : int
        Keep one signal in every so many nanoseconds; 0 keeps each.
    keep : int
        How many to keep; the oldest go.
    """

    def __init__(self, topic: str, every: Time = 0, keep: int = 10_000) -> None:
        self.name = f"probe:{topic}"
        self.topics = (topic,)
        self.signals: deque[Signal] = deque(maxlen=keep)
        self._every, self._next = every, 0

    def __repr__(self) -> str:
        if not self.signals:
            return f"<Probe {self.topics[0]}: nothing yet>"
        first, last = self.signals[0], self.signals[-1]
        return (f"<Probe {self.topics[0]}: {len(self.signals)} signals from {format_time(first.time)} to "
                f"{format_time(last.time)}, the last {sketch(last.value)}>")

    def on_signal(self, signal: Signal) -> None:
        if signal.time >= self._next:
            self.signals.append(signal)
            self._next = signal.time + self._every

    def on_load(self, now: Time) -> None:
        while self.signals and self.signals[-1].time >= now:
            self.signals.pop()
        self._next = self.signals[-1].time + self._every if self.signals else 0

    @property
    def times(self) -> np.ndarray:
        """Instants of the kept signals in nanoseconds, int64 (n,)."""
        return np.array([signal.time for signal in self.signals], dtype=np.int64)

    @property
    def values(self) -> list[Any]:
        """The kept values, oldest first."""
        return [signal.value for signal in self.signals]
