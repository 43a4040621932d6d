"""Numbers by name: their means over intervals of time that grow, and what they were over each phase."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from aura.core.lasting import Lasting, Made, Stateful
from aura.core.time import NEVER, Time, parse_time
from aura.plugins.metrics.metric import View

__all__ = ["IntervalMeans", "OverTime", "Totals"]


class Totals(Stateful):
    """Count, sum, least, largest and last of numbers by their names, in the order in which these came.

    Examples
    --------
    >>> totals = Totals()
    >>> totals.add([("loss", 1.0), ("loss", 3.0)])
    >>> totals.rows()
    [{'name': 'loss', 'count': 2, 'mean': 2.0, 'least': 1.0, 'largest': 3.0, 'last': 3.0}]
    """

    lasting: ClassVar[tuple[str | Lasting, ...]] = ("table",)

    def __init__(self) -> None:
        self.table: dict[str, list[float]] = {}

    def add(self, numbers: Iterable[tuple[str, float]]) -> None:
        """Take some numbers."""
        for name, value in numbers:
            found = self.table.get(name)
            if found is None:
                self.table[name] = [1.0, value, value, value, value]
                continue
            found[0] += 1.0
            found[1] += value
            found[2:] = min(found[2], value), max(found[3], value), value

    def means(self) -> dict[str, float]:
        """Return the mean of each."""
        return {name: total / count for name, (count, total, *_) in self.table.items()}

    def rows(self) -> list[dict[str, Any]]:
        """Return all of it, a row a name."""
        return [{"name": name, "count": int(count), "mean": total / count, "least": least, "largest": largest,
                 "last": last} for name, (count, total, least, largest, last) in self.table.items()]


class IntervalMeans(Stateful):
    """Totals since the last row, and when the next row is due; `span` are the nanoseconds from row to row, at first.

    Examples
    --------
    >>> means = IntervalMeans(span=10)
    >>> means.totals.add([("loss", 1.0), ("loss", 2.0)])
    >>> means.take(now=10, max_rows=100), means.next
    ({'loss': 1.5}, 20)
    """

    lasting = ("span", "next", "rows", "count", "totals")

    def __init__(self, span: Time, new_totals: Callable[[], Any] = Totals) -> None:
        self.span, self.next, self.rows, self.count = span, span, 0, 0
        self._new_totals = new_totals
        self.totals = new_totals()

    def take(self, now: Time, max_rows: int) -> dict[str, float]:
        """Return the means since the last row, and set when the next one is due; it doubles after `max_rows` rows."""
        means: dict[str, float]
        means, self.totals, self.count = self.totals.means(), self._new_totals(), 0
        self.rows += 1
        if self.rows % max_rows == 0:
            self.span *= 2
        self.next = (now // self.span + 1) * self.span
        return means


class OverTime(View):
    """A view of numbers by name: a row of their means for each interval of time, and their totals for each phase.

    There may be several series of rows, each of an owner of its own; those of the metric itself are of ``""``.
    """

    lasting: ClassVar[tuple[str | Lasting, ...]] = (Made("_series", "_new_series"),)

    def __init__(self, name: str, options: Any) -> None:
        super().__init__(name, options)
        self._series: dict[str, IntervalMeans] = {}

    def new_part(self) -> Any:
        return self.new_totals()

    def new_totals(self) -> Any:
        """Return what numbers are added up in: something with the methods of `Totals`."""
        return Totals()

    def take(self, owner: str, place: str, numbers: Any, count: int) -> IntervalMeans:
        """Add some numbers to the interval of an owner, and to what stands under a name; they count as so many."""
        self.part(place).add(numbers)
        series = self._series.get(owner)
        if series is None:
            series = self._series[owner] = self._new_series()
        series.totals.add(numbers)
        series.count += count
        self.due = 0
        return series

    def after_tick(self, now: Time) -> Time:
        due = NEVER
        for owner, series in self._series.items():
            if series.count:
                if now < series.next:
                    due = min(due, series.next)
                else:
                    self.write(owner, series, now)
        return due

    def end_phase(self, now: Time) -> None:
        for owner, series in self._series.items():
            if series.count:
                self.write(owner, series, now)

    def write(self, owner: str, series: IntervalMeans, now: Time) -> None:
        """Write a row of the means since the last one."""
        self.add_row(now, series.count, series.take(now, self.options.max_rows))

    def _new_series(self) -> IntervalMeans:
        return IntervalMeans(parse_time(self.options.every), self.new_totals)
