"""The obvious slow twin of the event loop: one list of all that is pending, searched afresh for every tick."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from aura.core.zone import Zone

__all__ = ["Blank", "NaiveZone", "Published", "run_naive"]

Published = tuple[int, str, Any]
"""Instant, topic and value of a published signal."""


class Blank(dict[str, Any]):
    """Inputs as a plain dict: a port at which nothing lies reads as None."""

    def __missing__(self, port: str) -> None:
        return None

    @property
    def modulators(self) -> dict[str, Any]:
        return self.get("modulators") or {}


@dataclass
class NaiveZone:
    """A zone, what wakes it, and how its inputs keep what arrives."""

    name: str
    zone: Zone[Any]
    period: int
    wake_on: tuple[str, ...]
    latency: int
    keeps: dict[str, str]
    """Input port to 'fresh', 'hold', 'all' or, for a port that takes many pathways, 'fresh many' or 'hold many'."""
    alarm: int | None = None
    inbox: Blank = field(default_factory=Blank)

    @property
    def clocks_itself(self) -> bool:
        return type(self.zone).next_wake is not Zone.next_wake

    def lay(self, port: str, topic: str, value: Any) -> None:
        """Lay an arrival into the inbox."""
        keep = self.keeps[port]
        if keep == "all":
            self.inbox[port] = (*self.inbox.get(port, ()), value)
        elif keep.endswith("many"):
            key = topic.split(".")[1] if port == "modulators" else topic
            self.inbox[port] = {**self.inbox.get(port, {}), key: value}
        else:
            self.inbox[port] = value

    def take(self) -> Blank:
        """Return the inbox; only what is held stays in it."""
        taken = self.inbox
        self.inbox = Blank({port: value for port, value in taken.items() if self.keeps[port].startswith("hold")})
        return taken

    def compute(self, now: int) -> list[tuple[str, Any]]:
        """Step, then learn, and return what is published."""
        inputs = self.take()
        outputs = list((self.zone.step(now, inputs) or {}).items())
        self.zone.learn(now, inputs)
        return outputs


def run_naive(zones: list[NaiveZone], paths: Iterable[tuple[str, str, str, str, int]], until: int,
              resolution: int) -> list[Published]:
    """Run the ticks before `until` and return all that was said, in the order of instants, then of zones."""
    routes = list(paths)
    by_name = {zone.name: zone for zone in zones}
    signals: list[tuple[int, int, str, str, str, Any]] = []  # arrival, order, zone, port, topic, value
    works: list[tuple[int, int, NaiveZone, list[tuple[str, Any]]]] = []  # instant, place, zone, what it says
    log: list[Published] = []
    order = 0
    now = -1

    def set_alarm(zone: NaiveZone) -> None:
        if zone.clocks_itself:
            wake = zone.zone.next_wake(now)
            earliest = (now // resolution + 1) * resolution
            zone.alarm = None if wake is None else max(-(-wake // resolution) * resolution, earliest)

    def commit(zone: NaiveZone, outputs: list[tuple[str, Any]]) -> None:
        nonlocal order
        for port, value in outputs:
            log.append((now, f"{zone.name}.{port}", value))
            for source, source_port, target, target_port, delay in routes:
                if (source, source_port) == (zone.name, port):
                    order += 1
                    signals.append((now + delay, order, target, target_port, f"{zone.name}.{port}", value))
        set_alarm(zone)

    for zone in zones:
        set_alarm(zone)
    while True:
        instants = [signal[0] for signal in signals] + [work[0] for work in works]
        instants += [zone.alarm for zone in zones if zone.alarm is not None]
        instants += [(now // zone.period + 1) * zone.period for zone in zones if zone.period]
        instants = [instant for instant in instants if instant < until]
        if not instants:
            return log
        now = min(instants)
        awake = {zone.name for zone in zones if (zone.period and now % zone.period == 0) or zone.alarm == now}
        for zone in zones:
            zone.alarm = None if zone.alarm == now else zone.alarm
        for _, _, zone, outputs in sorted((work for work in works if work[0] == now), key=lambda work: work[:2]):
            commit(zone, outputs)
        works = [work for work in works if work[0] != now]
        for _, _, name, port, topic, value in sorted((s for s in signals if s[0] == now), key=lambda s: s[:2]):
            by_name[name].lay(port, topic, value)
            if port in by_name[name].wake_on:
                awake.add(name)
        signals = [signal for signal in signals if signal[0] != now]
        results = []
        for place, zone in enumerate(zones):
            if zone.name not in awake:
                continue
            if zone.latency:
                works.append((now + zone.latency, place, zone, zone.compute(now)))
            else:
                results.append((zone, zone.compute(now)))
        for zone, outputs in results:
            commit(zone, outputs)
