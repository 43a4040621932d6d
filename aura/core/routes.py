"""How long it takes from one zone to another, and what waits meanwhile: known from the wiring, before anything runs."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Mapping

from aura.core.flow import Wait
from aura.core.pathway import Pathway
from aura.core.plan import Plan
from aura.core.time import Time

__all__ = ["arrivals", "stimulus_arrival", "waits", "waits_between"]


def waits(plans: Mapping[str, Plan], paths: Iterable[Pathway]) -> dict[str, dict[str, Wait]]:
    """Return for each zone, and each of its inputs that brings items later than another, how many wait for it.

    Only items of zones whose flow is known count. The delays of the pathways are settled.
    """
    found: dict[str, dict[str, Wait]] = {}
    paths = list(paths)
    heard_of = {name: (plan.manifest.flow, arrivals(plans, paths, name)) for name, plan in plans.items()
                if plan.manifest.flow is not None}
    for flow, heard in heard_of.values():
        for zone in {zone for zone, _ in heard}:
            plan = plans[zone]
            ports = {port: at for (name, port), at in heard.items() if name == zone}
            first = min(ports.values())
            # Items of all sources lie in one memory, whoever is told what of them.
            beside = [each for each, others in heard_of.values() if any(name == zone for name, _ in others)]
            for port, at in ports.items():
                # A clocked zone may read one of them a period later than it arrives.
                least = flow.least(max(at - first - plan.period, 0))
                wait = Wait(least, sum(each.most(at - first + plan.period) for each in beside))
                known = found.setdefault(zone, {})
                known[port] = known.get(port, wait) | wait
    return found


def waits_between(plans: Mapping[str, Plan], paths: Iterable[Pathway], zones: Collection[str]) -> Wait:
    """Return how many items the slowest of some zones is behind the fastest when it speaks of them."""
    paths, least, widest = list(paths), 0, 0
    flows = []
    for source in plans.values():
        if source.manifest.flow is None:
            continue
        spoken = _spread(plans, paths, source.name)[0]
        reached = [(spoken[zone], plans[zone].period) for zone in zones if zone in spoken]
        if reached:
            apart = max(at for at, _ in reached) - min(at for at, _ in reached)
            slack = max(period for _, period in reached)
            flows.append(source.manifest.flow)
            least, widest = max(least, flows[-1].least(max(apart - slack, 0))), max(widest, apart + slack)
    return Wait(least, sum(flow.most(widest) for flow in flows))


def arrivals(plans: Mapping[str, Plan], paths: Iterable[Pathway], source: str) -> dict[tuple[str, str], Time]:
    """Return for each zone and input how long it takes until it hears of an item that `source` publishes."""
    return _spread(plans, paths, source)[1]


def stimulus_arrival(plans: Mapping[str, Plan], paths: Iterable[Pathway], source: str, target: str,
                     resolution: Time) -> Time | None:
    """Return when `target` has read what `source` says at 0 at every input that it reaches, or None.

    Per pathway into `target` the shortest route counts, with the latencies on it and the longest that a clocked zone
    may let an arrival lie; routes through `target` itself do not.
    """
    edges: dict[str, list[Pathway]] = {}
    for path in paths:
        if path.source != target and plans[path.source].outputs[path.source_port].role == "signal":
            edges.setdefault(path.source, []).append(path)
    spoken = {source: 0}
    arrivals: dict[Pathway, Time] = {}
    queue = [(0, source)]
    while queue:
        at, zone = heapq.heappop(queue)
        if at > spoken[zone]:
            continue
        for path in edges.get(zone, ()):
            arrival = at + (path.delay or 0) + _longest_wait(plans[path.target], path.target_port, resolution)
            if path.target == target:
                arrivals[path] = min(arrival, arrivals.get(path, arrival))
                continue
            says = arrival + plans[path.target].latency
            if says < spoken.get(path.target, says + 1):
                spoken[path.target] = says
                heapq.heappush(queue, (says, path.target))
    return max(arrivals.values(), default=None)


def _spread(plans: Mapping[str, Plan], paths: Iterable[Pathway],
            source: str) -> tuple[dict[str, Time], dict[tuple[str, str], Time]]:
    """Return when each zone speaks of an item that `source` publishes at 0, and when it hears of it at each input."""
    edges: dict[str, list[Pathway]] = {}
    for path in paths:
        if plans[path.target].inputs[path.target_port].has_items:
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
            says = arrival + plans[path.target].latency
            if says < spoken.get(path.target, says + 1):
                spoken[path.target] = says
                heapq.heappush(queue, (says, path.target))
    return spoken, heard


def _longest_wait(plan: Plan, port: str, resolution: Time) -> Time:
    """Return how long an arrival at `port` may lie before the zone's clock wakes it to read it."""
    return 0 if port in plan.wake_on or not plan.period else plan.period - resolution
