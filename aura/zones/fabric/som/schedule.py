"""How radius, rate and memory go: by the items that have been seen, or by how badly they are matched."""

from __future__ import annotations

import math
from typing import NamedTuple

from aura.core.lasting import Stateful
from aura.zones.fabric.som.params import SomParams

__all__ = ["Schedule", "Step"]

LEAST_MEMORY = 500.0
"""Items that the memory reaches back over at least, unless it is set shorter (tuned here)."""

MEMORY_GROWTH = 0.3
"""Share of all items so far that the memory reaches back over, until it is as long as it may get (tuned here)."""

RECENT_ITEMS = 500.0
"""Items after which an item counts 1/e in the error that is watched for news (tuned here: the shorter, the noisier)."""

FLOOR_ITEMS = 100_000.0
"""Items in which the lowest error so far is let rise by half; tuned here: much slower than any news."""

TOLERANCE = 0.05
"""Share by which the error may exceed its floor without being news (tuned here: handwritten digits stay within 3 %)."""

CONFIRMED_ITEMS = 1500
"""Items for which the error must stay above before it is believed; its average has then risen to what it will be."""


class Step(NamedTuple):
    """What one block of items is learned with."""

    radius: float
    """Of the neighbourhood, in units of the grid."""

    rate: float
    """Share of the way to an item that its winner goes; rule "online"."""

    memory: float
    """Items after which an item counts 1/e; rule "batch"."""


class Schedule(Stateful):
    r"""Gives radius, rate and memory of each block of items.

    Parameters
    ----------
    params : SomParams
        Kind, length, start and end.
    radius_start : float
        The radius to begin with.

    Notes
    -----
    *By a clock.* With t the share of the length that has been seen, at most 1, a value goes from a to b as
    :math:`a (b / a)^t` (exponential) or :math:`a + (b - a) t` (linear). The memory is three tenths of the items so
    far, within bounds.

    *By the input alone* ("plsom", the parameter-less map). With e the mean distance of the block's items from their
    winners, r the largest so far, β and θ the radius at start and end,

    .. math:: r \leftarrow \max(e, r), \quad \epsilon = e / r, \quad
        \Theta(\epsilon) = (\beta - \theta) \ln (1 + \epsilon (\mathrm{e} - 1)) + \theta

    and the rate is ε. Where noise that no unit can match makes up most of e, ε stays near one and the map wide.

    *By both* ("novelty", made here for such input). The clock is exponential. When it has run down, the error,
    averaged over some 500 items, is held against its floor f, the lowest since, which rises again very slowly. If it
    exceeds it by more than 5 % for 1,500 items, that is news: the clock is put back to where it gives the radius Θ(ε),
    :math:`\epsilon = (e - f) / (r - f)`, with all that depends on it. So a map that has settled opens up when its
    input changes, by as much as it no longer fits, and settles again. While the clock runs nothing is watched, as a
    wide neighbourhood makes errors of its own.

    References
    ----------
    T. Kohonen, Essentials of the self-organizing map, Neural Networks 37, 2013, doi:10.1016/j.neunet.2012.09.018.
    E. Berglund, J. Sitte, The parameterless self-organizing map algorithm, IEEE Transactions on Neural Networks 17,
    2006, doi:10.1109/TNN.2006.871720, arXiv:0705.0199.

    Examples
    --------
    >>> schedule = Schedule(SomParams(length=100, radius_end=0.5), 8.0)
    >>> [schedule.at(age).radius for age in (0.0, 50.0, 100.0, 700.0)]
    [8.0, 2.0, 0.5, 0.5]
    """

    lasting = ("_age", "_seen", "_largest", "_recent", "_floor", "_alarm", "last")

    def __init__(self, params: SomParams, radius_start: float) -> None:
        self._params = params
        self._radius_start = radius_start
        self._age = 0.0
        self._seen = 0
        self._largest = 0.0
        self._recent = 0.0
        self._floor = math.inf
        self._alarm = 0
        self.last = self.at(0.0)

    @property
    def by_clock(self) -> bool:
        """Whether there is a clock."""
        return self._params.schedule != "plsom"

    @property
    def ended(self) -> bool:
        """Whether the clock has run its length."""
        return self._age >= self._params.length

    def at(self, age: float) -> Step:
        """Return what the clock says at this age, in items."""
        part = min(age / self._params.length, 1.0)
        radii, rates = (self._radius_start, self._params.radius_end), (self._params.rate_start, self._params.rate_end)
        linear = self._params.schedule == "linear"
        radius, rate = (start + (end - start) * part if linear else start * (end / start) ** part
                        for start, end in (radii, rates))
        return Step(radius, rate, min(float(self._params.memory), max(LEAST_MEMORY, MEMORY_GROWTH * age)))

    def next(self, count: int, error: float) -> Step:
        """Return what the next `count` items are learned with, their mean distance from the winners being `error`."""
        if self._params.schedule == "novelty":
            self._watch(count, error)
        self.last = self.at(self._age) if self.by_clock else self._driven(error)
        self._age += count
        self._seen += count
        return self.last

    def within(self, part: float, memory: float, error: float) -> Step:
        """Return what a block of a whole data set is learned with, after this part of all passes."""
        step = self.at(part * self._params.length) if self.by_clock else self._driven(error)
        self.last = step._replace(memory=memory)
        return self.last

    def end(self) -> None:
        """Put the clock to its end."""
        self._age = max(self._age, float(self._params.length))

    def _theta(self, novelty: float) -> float:
        end = self._params.radius_end
        return (self._radius_start - end) * math.log1p(novelty * (math.e - 1.0)) + end

    def _driven(self, error: float) -> Step:
        self._largest = max(self._largest, error)
        novelty = error / self._largest if self._largest > 0.0 else 0.0
        return Step(self._theta(novelty), novelty, self.at(self._age).memory)

    def _watch(self, count: int, error: float) -> None:
        """Follow the error, and put the clock back if it has risen for good."""
        fresh = 1.0 - math.exp(-count / RECENT_ITEMS) if self._seen else 1.0
        self._recent += fresh * (error - self._recent)
        self._largest = max(self._largest, self._recent)
        self._floor = min(self._floor * 1.5 ** (count / FLOOR_ITEMS), self._recent) if self.ended else self._recent
        self._alarm = self._alarm + count if self._recent > (1.0 + TOLERANCE) * self._floor else 0
        start, end = self._radius_start, self._params.radius_end
        if self._alarm >= CONFIRMED_ITEMS and start > end:
            radius = self._theta((self._recent - self._floor) / (self._largest - self._floor))
            self._age = math.log(radius / start) / math.log(end / start) * self._params.length
            self._alarm = 0
