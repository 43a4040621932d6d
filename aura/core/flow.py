"""How many items come before what belongs to an earlier one does: told from the wiring, before anything runs."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Protocol

from aura.core.errors import WiringError
from aura.core.time import Time

if TYPE_CHECKING:
    from aura.core.wiring import Member, Pathway

__all__ = ["Flow", "SteadyFlow", "Wait", "arrivals", "room", "waits", "waits_between"]


class Flow(Protocol):
    """How densely a zone publishes items."""

    def least(self, window: Time) -> int:
        """Return how many items surely come within a window and at its two ends."""

    def most(self, window: Time) -> int:
        """Return how many items may."""


@dataclass(frozen=True, slots=True)
class SteadyFlow:
    """So many items at every tick.

    Parameters
    ----------
    items : int
        In one tick.
    period : int or Fraction
        Nanoseconds between two ticks.
    total : int
        Items there are; 0 if that many in a tick may come but need not, as with live input.

    Examples
    --------
    >>> flow = SteadyFlow(items=32, period=10, total=1000)
    >>> flow.least(50), flow.least(10_000), flow.most(50)
    (192, 1000, 224)
    """

    items: int
    period: Time | Fraction
    total: int

    def least(self, window: Time) -> int:
        """Return how many items surely come within a window and at its two ends."""
        return min(self.total, self.items * (window // self.period + 1))

    def most(self, window: Time) -> int:
        """Return how many items may; ticks lie on the brain's grid, so one more than the rate says."""
        return int(self.items * (window // self.period + 2))


@dataclass(frozen=True, slots=True)
class Wait:
    """How many items wait at once for what comes to an input: surely so many, and never more than so many."""

    least: int
    most: int

    def __or__(self, other: Wait) -> Wait:
        return Wait(max(self.least, other.least), max(self.most, other.most))


def waits(members: Mapping[str, Member], paths: Iterable[Pathway]) -> dict[str, dict[str, Wait]]:
    """Return for each zone, and each of its inputs that brings items later than another, how many wait for it.

    Only items of zones whose flow is known count. The delays of the pathways are settled.
    """
    found: dict[str, dict[str, Wait]] = {}
    paths = list(paths)
    for source in members.values():
        if source.flow is None:
            continue
        heard = arrivals(members, paths, source.name)
        for zone in {zone for zone, _ in heard}:
            member = members[zone]
            ports = {port: at for (name, port), at in heard.items() if name == zone}
            first = min(ports.values())
            for port, at in ports.items():
                # A clocked zone may read one of them a period later than it arrives.
                least = source.flow.least(max(at - first - member.period, 0))
                wait = Wait(least, source.flow.most(at - first + member.period))
                known = found.setdefault(zone, {})
                known[port] = known.get(port, wait) | wait
    return found


def waits_between(members: Mapping[str, Member], paths: Iterable[Pathway], zones: Collection[str]) -> Wait:
    """Return how many items the slowest of some zones is behind the fastest when it speaks of them."""
    found, paths = Wait(0, 0), list(paths)
    for source in members.values():
        if source.flow is None:
            continue
        spoken = _spread(members, paths, source.name)[0]
        told = [(spoken[zone], members[zone].period) for zone in zones if zone in spoken]
        if told:
            apart = max(at for at, _ in told) - min(at for at, _ in told)
            slack = max(period for _, period in told)
            found |= Wait(source.flow.least(max(apart - slack, 0)), source.flow.most(apart + slack))
    return found


def arrivals(members: Mapping[str, Member], paths: Iterable[Pathway], source: str) -> dict[tuple[str, str], Time]:
    """Return for each zone and input how long it takes until it hears of an item that `source` publishes."""
    return _spread(members, paths, source)[1]


def room(asked: int | None, waiting: Iterable[Wait | None], default: int, where: str) -> int:
    """Return how many items to keep: as asked, or what the wiring needs, at least the default.

    Parameters
    ----------
    asked : int, optional
        What a person has set.
    waiting : iterable of Wait or None
        Of the inputs that items wait for.
    default : int
        Where nothing is known.
    where : str
        Names the setting.

    Raises
    ------
    WiringError
        If what was asked for is too little for what the wiring says, so that some would surely be lost.
    """
    needed = Wait(0, 0)
    for wait in waiting:
        needed |= wait or needed
    if asked is None:
        return max(default, needed.most)
    if asked < needed.least:
        raise WiringError(where, got=f"{asked:,}",
                          expected=f"at least {needed.least:,}, as so many items come until the first of them is told",
                          hint="Leave it out to have it follow from delay, rate and items, or shorten the delay.")
    return asked


def _spread(members: Mapping[str, Member], paths: Iterable[Pathway],
            source: str) -> tuple[dict[str, Time], dict[tuple[str, str], Time]]:
    """Return when each zone speaks of an item that `source` publishes at 0, and when it hears of it at each input."""
    edges: dict[str, list[Pathway]] = {}
    for path in paths:
        if members[path.target].inputs[path.target_port].has_items:
            edges.setdefault(path.source, []).append(path)
    spoken: dict[str, Time] = {source: 0}
    heard: dict[tuple[str, str], Time] = {}
    queue: list[tuple[Time, str]] = [(0, source)]
    while queue:
        at, zone = heapq.heappop(queue)
        if at > spoken[zone]:
            continue
        for path in edges.get(zone, ()):
            arrival = at + (path.delay or 0)
            end = (path.target, path.target_port)
            heard[end] = min(arrival, heard.get(end, arrival))
            says = arrival + members[path.target].latency
            if says < spoken.get(path.target, says + 1):
                spoken[path.target] = says
                heapq.heappush(queue, (says, path.target))
    return spoken, heard
