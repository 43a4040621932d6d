"""Means of named numbers over intervals of time that grow, so that the rows of a run stay few."""

from __future__ import annotations

from typing import Any

from aura.core.time import Time

__all__ = ["IntervalMeans"]


class IntervalMeans:
    """Sums since the last row, and when the next row is due.

    Parameters
    ----------
    span : int
        Nanoseconds from row to row, at first.

    Examples
    --------
    >>> means = IntervalMeans(span=10)
    >>> means.add("loss", 1.0)
    >>> means.add("loss", 2.0)
    >>> means.take(now=10, max_rows=100), means.next
    ({'loss': 1.5}, 20)
    """

    def __init__(self, span: Time) -> None:
        self.span, self.next, self.rows, self.count = span, span, 0, 0
        self.sums: dict[str, list[float]] = {}

    def add(self, name: str, value: float) -> None:
        """Take one number."""
        total = self.sums.setdefault(name, [0.0, 0.0])
        total[0] += value
        total[1] += 1.0
        self.count += 1

    def take(self, now: Time, max_rows: int) -> dict[str, float]:
        """Return the means since the last row, and set when the next one is due; it doubles after `max_rows` rows."""
        means = {name: total / count for name, (total, count) in self.sums.items()}
        self.sums, self.count = {}, 0
        self.rows += 1
        if self.rows % max_rows == 0:
            self.span *= 2
        self.next = (now // self.span + 1) * self.span
        return means

    def state(self) -> list[Any]:
        """Return all of it."""
        return [self.span, self.next, self.rows, self.count, [[name, *sums] for name, sums in self.sums.items()]]

    @classmethod
    def of(cls, state: list[Any]) -> IntervalMeans:
        """Return the means that `state` told of."""
        span, due, rows, count, sums = state
        means = cls(span)
        means.next, means.rows, means.count = due, rows, count
        means.sums = {name: [total, number] for name, total, number in sums}
        return means
