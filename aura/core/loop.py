"""The event loop: a heap of instants, and one agenda entry for each."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from heapq import heapify, heappop, heappush
from operator import attrgetter
from typing import Any

from aura.core.errors import AuraError
from aura.core.executor import Executor, Result
from aura.core.meeting import Delivery, Unread, meet
from aura.core.node import Node
from aura.core.observers import Observers
from aura.core.output import Output, Published
from aura.core.signals import Signal
from aura.core.time import Time

__all__ = ["Alarm", "Due", "EventLoop"]

_by_index = attrgetter("index")


def _by_node(finished: tuple[Node, Any]) -> int:
    return finished[0].index


_put = dict.__setitem__

Alarm = tuple[Time, tuple[Node, ...]]
"""A period and the nodes that wake by it; period 0 rings once, for a node that clocks itself."""

Due = tuple[list[Delivery], list[Alarm], list[tuple[Node, Callable[[], Result]]]]
"""What is due at one instant: signals to deliver, alarms that ring, and background work to publish."""


class EventLoop:
    """Runs the ticks of one brain: deliver, step, learn, commit, observe.

    Parameters
    ----------
    nodes : sequence of Node
        In the order in which their signals are published and observed.
    executor : Executor
        Computes the awake nodes of one tick.
    observers : Observers
        Who sees what happens.
    on_failure : function (loop, node, error)
        Applies the policy of a zone that has raised; may raise.
    resolution : int
        Nanoseconds; a zone that clocks itself wakes at multiples of it.
    """

    def __init__(self, nodes: Sequence[Node], executor: Executor, observers: Observers,
                 on_failure: Callable[[EventLoop, Node, AuraError], None], resolution: Time) -> None:
        self.nodes, self.executor, self.observers, self.on_failure = nodes, executor, observers, on_failure
        self.resolution = resolution
        self.has_background = any(node.latency for node in nodes)
        self.now: Time = -1
        self.ticks = 0
        self.stopping = False
        self.pace: Callable[[Time], None] | None = None
        self.agenda: dict[Time, Due] = {}
        self.injected: dict[Time, list[Delivery]] = {}
        """What was put in from outside, by the instant at which it arrives."""
        self.unread = Unread()
        self._times: list[Time] = []

    def at(self, time: Time) -> Due:
        """Return the agenda entry of an instant, made if there is none."""
        due = self.agenda.get(time)
        if due is None:
            due = self.agenda[time] = ([], [], [])
            heappush(self._times, time)
        return due

    def inject(self, time: Time, delivery: Delivery) -> None:
        """Deliver a value from outside at an instant, after what pathways bring there then."""
        self.at(time)
        self.injected.setdefault(time, []).append(delivery)

    def arm(self, node: Node, now: Time) -> None:
        """Set the next alarm of a node that clocks itself, in place of the last; it rings on the resolution's grid."""
        if not node.clocks_itself or node.silenced:
            return
        if node.alarm_at > now:
            self.agenda[node.alarm_at][1].remove((0, (node,)))
            node.alarm_at = -1
        if node.latency:
            self.settle(node)  # the answer may depend on what its latest step leaves
        wake = node.handle.next_wake(now)
        if wake is not None:
            grid = self.resolution
            node.alarm_at = max(-(-wake // grid), now // grid + 1) * grid
            self.at(node.alarm_at)[1].append((0, (node,)))

    def silence(self, node: Node) -> None:
        """Let a node take no further part."""
        node.silenced = self.has_background = True

    def set_clocks(self, start: Time) -> None:
        """Set the alarms of the nodes that have a period: each rings at the multiples of its period from `start` on."""
        periods: dict[Time, list[Node]] = {}
        for node in self.nodes:
            if node.plan.period:
                periods.setdefault(node.plan.period, []).append(node)
        for period, group in periods.items():
            self.at(-(-start // period) * period)[1].append((period, tuple(group)))

    def settle(self, only: Node | None = None) -> None:
        """Wait for the background work, all or one zone's, so that no state is in motion."""
        for _, _, finished in self.agenda.values():
            for node, result in finished:
                if only is None or node is only:
                    result()

    def restore(self, now: Time, agenda: dict[Time, Due], injected: dict[Time, list[Delivery]]) -> None:
        """Replace the agenda and what was injected, as a checkpoint had them."""
        self.now, self.agenda, self.injected, self._times = now, agenda, injected, list(agenda)
        heapify(self._times)
        for node in self.nodes:
            node.awake_at = node.alarm_at = -1
            node.silenced = False
        for time, (_, alarms, _) in agenda.items():
            for period, rung in alarms:
                if not period:
                    rung[0].alarm_at = time

    @property
    def next_time(self) -> Time | None:
        """The next instant at which something is due, or None."""
        return self._times[0] if self._times else None

    def run(self, until: Time | None = None, ticks: int | None = None) -> int:
        """Run the ticks before `until`, at most `ticks` of them, and return how many ran."""
        times, agenda, injected, observers = self._times, self.agenda, self.injected, self.observers
        before, after = observers.having("before_tick"), observers.having("after_tick")
        limit = sys.maxsize if until is None else until
        left = sys.maxsize if ticks is None else ticks
        started = left
        compute = self.executor.compute
        while times and times[0] < limit and left and not self.stopping:
            now = self.now = heappop(times)
            signals, alarms, finished = agenda.pop(now)
            if injected and now in injected:
                signals = meet(signals, injected.pop(now), observers.notices.tell)
                self.unread.note(signals)
            left -= 1
            self.ticks += 1
            if self.pace is not None:
                self.pace(now)
            if before:
                observers.call_each(before, "before_tick", now)
            seen: list[Any] = []
            if finished:
                finished.sort(key=_by_node)
                self._commit(now, [node for node, _ in finished], [result() for _, result in finished], seen)
            awake = self._wake(now, signals, alarms)
            if awake:
                self._commit(now, awake, compute(awake, now), seen)
            if seen:
                self._observe(now, seen)
            if after:
                for observer in tuple(after):  # `Observers.call_each`, written out: at every tick
                    try:
                        if observer.due > now:
                            continue
                        later = observer.after_tick(now)
                        if type(later) is int:
                            observer.due = later
                        elif observer.due:
                            observer.due = 0
                    except KeyboardInterrupt:
                        raise
                    except BaseException as error:
                        observers.failed(observer, "after_tick", error)
        return started - left

    def _wake(self, now: Time, signals: list[Delivery], alarms: list[Alarm]) -> Sequence[Node]:
        """Deliver the signals, ring the alarms, and return the nodes that wake, in their order."""
        awake: Sequence[Node] = ()
        woken: list[Node] = []
        for (node, port, wakes, lay, _), value, ids in signals:
            if lay is None:
                _put(node.pending, port, value)
            else:
                lay(node.pending, value, ids)
            if wakes and node.awake_at != now:
                node.awake_at = now
                woken.append(node)
        for alarm in alarms:
            period, nodes = alarm
            if period:
                self.at(now + period)[1].append(alarm)
            if len(alarms) == 1 and not woken:
                awake = nodes
            else:
                for node in nodes:
                    if node.awake_at != now:
                        node.awake_at = now
                        woken.append(node)
        if self.unread.waiting:
            self.unread.check(self.observers.notices.tell)
        if woken:
            woken.sort(key=_by_index)
            awake = woken
        return self._start_background(now, awake) if self.has_background else awake

    def _start_background(self, now: Time, awake: Sequence[Node]) -> Sequence[Node]:
        """Start the awake nodes that have a latency, leave out the silenced, and return the rest."""
        rest = []
        for node in awake:
            if node.silenced:
                node.take()
            elif node.latency:
                self.at(now + node.latency)[2].append((node, self.executor.start(node, now)))
            else:
                rest.append(node)
        return rest

    def _commit(self, now: Time, nodes: Sequence[Node], results: list[Result], seen: list[Any]) -> None:
        """Put on the bus what the nodes have published."""
        agenda, at = self.agenda, self.at
        known: Time = -1
        post: Any = None  # most pathways have the delay of the one before
        for node, result in zip(nodes, results):  # noqa: B905 - one for each; `strict` would cost 0.3 us a tick
            for published in result if isinstance(result, list) else self._fail(node, now, result):
                output, value, ids = published
                if output is None:
                    seen.append(published)
                    continue
                output.published_at, output.last = now, published
                for delay, target in output.targets:
                    if delay != known:
                        known, time = delay, now + delay
                        post = (agenda.get(time) or at(time))[0].append
                    post((target, value, ids))
                if output.watchers:
                    seen.append(published)
            if node.clocks_itself:
                self._arm_or_fail(node, now)

    def _arm_or_fail(self, node: Node, now: Time) -> None:
        try:
            self.arm(node, now)
        except AuraError as error:
            self._fail(node, now, error)

    def _fail(self, node: Node, now: Time, error: AuraError) -> Published:
        """Apply the policy of a zone that has raised; it publishes nothing."""
        self.observers.call("on_zone_error", node.name, now, error)
        self.on_failure(self, node, error)
        return []

    def _observe(self, now: Time, seen: list[tuple[Output | None, Any, Any]]) -> None:
        observers = self.observers
        for output, value, ids in seen:
            if output is None:
                observers.call("on_learn", value, now, ids)
                continue
            signal = Signal(output.topic, now, value, ids)
            for observer in tuple(output.watchers):  # `Observers.call_each`, written out: once for each signal
                try:
                    observer.on_signal(signal)
                except KeyboardInterrupt:
                    raise
                except BaseException as error:
                    observers.failed(observer, "on_signal", error)
