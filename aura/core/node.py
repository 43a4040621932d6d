"""A zone compiled for the event loop: closures that look nothing up while the loop runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from sys import getrefcount
from time import perf_counter_ns
from types import MappingProxyType, SimpleNamespace
from typing import Any

import numpy as np

from aura.core.blame import raised_at, told
from aura.core.errors import AuraError, ZoneError
from aura.core.handed import as_outputs, as_scalars, as_wake, check_ids, sketch, unknown_output
from aura.core.modulators import ENERGY_GATE, LEAST_ENERGY, checked
from aura.core.ownership import copied, own
from aura.core.ports import MODULATORS, TEXTUAL, Port, make_check
from aura.core.signals import Inputs, Items, inbox_class
from aura.core.time import Time, format_time
from aura.core.wiring import Member
from aura.core.zone import Zone

__all__ = ["Node", "Output", "Published", "Target", "Timer"]

Published = list[tuple["Output | None", Any, Any]]
"""Output, value and ids of what a zone published; last, where it logged any, None, its name and its scalars."""
_put = dict.__setitem__


class Timer:
    """Calls and nanoseconds that a zone has spent in step and in learn."""

    def __init__(self) -> None:
        self.calls = {"step": 0, "learn": 0}
        self.spent = {"step": 0, "learn": 0}

    def around(self, method: Callable[..., Any], name: str) -> Callable[..., Any]:
        """Return `method`, timed."""
        calls, spent = self.calls, self.spent

        def timed(now: Time, inputs: Inputs) -> Any:
            start = perf_counter_ns()
            try:
                return method(now, inputs)
            finally:
                spent[name] += perf_counter_ns() - start
                calls[name] += 1

        return timed


class Output:
    """One topic: its check, where it goes, and what it published last, as the loop has it, with the instant."""

    __slots__ = ("check", "is_array", "items_from", "last", "port", "said_at", "targets", "topic", "watchers")

    def __init__(self, zone: str, port: Port) -> None:
        self.port, self.topic = port, f"{zone}.{port.name}"
        self.check = make_check(port, self.topic)
        self.is_array = port.dtype not in TEXTUAL
        self.items_from = port.items_from
        self.targets: list[tuple[Time, Target]] = []
        self.watchers: list[Any] = []
        self.said_at: Time = -1
        self.last: tuple[Output | None, Any, Any] | None = None


Target = tuple["Node", str, bool, "Callable[[Inputs, Any, Any], None] | None", str]
"""The node, its port, whether an arrival wakes it, how the value is laid down if not plainly, and the topic."""


class Node:
    """One zone with its inbox, compiled.

    `compute` runs step and learn on an inbox that `take` has emptied; it touches nothing but this zone, so that the
    nodes of one tick may be computed in any order or at once.
    """

    __slots__ = ("alarm_at", "awake_at", "clocks_itself", "compute", "held", "inbox", "index", "latency", "laying",
                 "learns", "member", "name", "obeyed", "on_error", "outputs", "pending", "shut", "silenced", "targets",
                 "timer", "unlearned", "wants_learning", "zone")

    def __init__(self, index: int, zone: Zone[Any], member: Member, *, learn: bool = True, on_error: str = "stop",
                 timer: Timer | None = None) -> None:
        self.index, self.zone, self.member, self.name = index, zone, member, member.name
        self.on_error, self.latency, self.timer = on_error, member.latency, timer
        self.outputs = {name: Output(member.name, port) for name, port in member.outputs.items()}
        self.inbox = inbox_class(member.inputs, member.modulators)
        self.held: tuple[str, ...] = ()
        self.pending: Inputs = self.inbox()
        self.targets: dict[tuple[str, str], Target] = {}
        self.awake_at: Time = -1
        self.alarm_at: Time = -1
        self.silenced = False
        self.clocks_itself = type(zone).next_wake is not Zone.next_wake
        self.wants_learning = learn and type(zone).learn is not Zone.learn
        self.learns = self.wants_learning
        self.laying: dict[str, float] | None = None
        """What the pending inbox says of modulators, while more may come."""
        self.obeyed: tuple[Any, Mapping[str, float]] = (None, {})
        """What the last inbox said of modulators, and what that means."""
        self.shut = False
        """Whether the energy gate keeps the zone from learning."""
        self.unlearned = 0
        """Items, or ticks of a zone without items, that it was kept from learning from."""
        self.compute: Callable[[Time, Inputs], Published] = _make_compute(self, _references_when_alone())

    def target(self, port: str, topic: str) -> Target:
        """Return where a signal of `topic` to the input `port` is laid down."""
        key = (port, topic)
        if key not in self.targets:
            declared = self.member.inputs[port]
            lay = _make_lay_modulator(self, topic) if declared is MODULATORS else _make_lay(declared, topic)
            self.targets[key] = (self, port, port in self.member.wake_on, lay, topic)
            if self.member.inputs[port].keep == "hold" and port not in self.held:
                self.held = (*self.held, port)
        return self.targets[key]

    def let_learn(self, learning: bool) -> None:
        """Let the zone learn from now on, if it is to at all, or not."""
        self.learns = learning and self.wants_learning
        self.zone.learns = self.learns and not self.shut

    def obey(self, now: Time, inputs: Inputs, said: Mapping[str, float]) -> None:
        """Take up what has come of modulators.

        Raises
        ------
        SignalError
            If one is out of its range.
        """
        if said is not self.obeyed[0]:
            self.obeyed = said, MappingProxyType(checked(self.name, now, self.member.modulators, said))
            self.shut = self.obeyed[1][ENERGY_GATE.name] < LEAST_ENERGY
            self.zone.learns = self.learns and not self.shut
        inputs._modulators = self.obeyed[1]

    def leave_out(self, inputs: Inputs) -> None:
        """Count what a tick brought that could have been learned from: labels where they are wired, else items."""
        ports = [name for name, port in self.member.inputs.items() if port.has_items]
        labels = [name for name in ports if self.member.inputs[name].role == "label"]
        wired = {port for port, _ in self.targets}
        counts = [_items(inputs.ids.get(name)) for name in labels if name in wired] or [
            _items(inputs.ids.get(name)) for name in ports if name not in labels] or [1]
        self.unlearned += max(counts)

    def forget_modulators(self) -> None:
        """Read anew what the inbox says of modulators, after it was replaced."""
        self.laying, self.obeyed, self.shut = None, (None, {}), False

    def replace_zone(self, zone: Zone[Any]) -> None:
        """Put a newly built zone in the place of the present one; the inbox stays."""
        self.zone = zone
        zone.learns = self.learns and not self.shut
        self.compute = _make_compute(self, _references_when_alone())

    def take(self) -> Inputs:
        """Return the inbox for a tick and begin the next one."""
        inputs, pending = self.pending, self.inbox()
        self.laying = None
        for port in self.held:
            if port in inputs:
                _put(pending, port, inputs[port])
                if port in inputs.ids:
                    _lay_ids(pending, port, inputs.ids[port])
        self.pending = pending
        return inputs

    def next_wake(self, now: Time) -> Time | None:
        """Return when a node that clocks itself wakes next, or None for never.

        Raises
        ------
        ZoneError
            If the zone raises, or names no instant.
        """
        return as_wake(self.ask("next_wake", now), self.name, now)

    def ask(self, method: str, *arguments: Any) -> Any:
        """Return what a method of the zone returns that runs outside of a tick.

        Raises
        ------
        ZoneError
            If it raises; the error names the zone, the method and the line.
        """
        try:
            return getattr(self.zone, method)(*arguments)
        except (AuraError, KeyboardInterrupt):
            raise
        except BaseException as error:
            raise ZoneError(f"{self.name}.{method}()", expected=f"a {method}() that does not raise",
                            got=told(error),
                            hint=raised_at(error, type(self.zone).__module__)) from error

    def failure(self, now: Time, inputs: Inputs, error: BaseException) -> AuraError:
        """Return the error that names the zone, the tick and its inputs."""
        if isinstance(error, AuraError):
            return error
        shown = ", ".join(f"{port}={sketch(value)}" for port, value in inputs.items()) or "no inputs"
        raised = ZoneError(f"{self.name} at {format_time(now)}", expected="a step and a learn that do not raise",
                           got=f"{told(error)}; inputs: {shown}",
                           hint=raised_at(error, type(self.zone).__module__))
        raised.__cause__ = error
        return raised


def _items(ids: Any) -> int:
    """Return how many items came at an input, by one pathway, by several, or by several signals."""
    if ids is None:
        return 0
    parts = ids.values() if isinstance(ids, Mapping) else ids if isinstance(ids, tuple) else (ids,)
    return sum(len(part) for part in parts)


def _make_lay_modulator(node: Node, topic: str) -> Callable[[Inputs, Any, Any], None]:
    """Return how a modulator is laid into the inbox of a node, by the name that its topic ends with."""
    name, key = MODULATORS.name, topic.replace(":", ".").rpartition(".")[2]

    def lay(inbox: Inputs, value: Any, ids: Any) -> None:
        laying = node.laying
        if laying is None:  # what the last inbox had stays as its step saw it
            laying = node.laying = dict(inbox.get(name) or ())
            _put(inbox, name, MappingProxyType(laying))
        laying[key] = float(value)

    return lay


def _make_lay(port: Port, topic: str) -> Callable[[Inputs, Any, Any], None] | None:
    """Return how a value is laid into an inbox, or None where it simply takes the port's place."""
    name = port.name
    if port.fan_in == "many":

        def lay_many(inbox: Inputs, value: Any, ids: Any) -> None:
            _put(inbox, name, MappingProxyType({**(inbox.get(name) or {}), topic: value}))
            if ids is not None:
                _lay_ids(inbox, name, MappingProxyType({**inbox.ids.get(name, {}), topic: ids}))

        return lay_many
    if port.keep == "all":

        def lay_all(inbox: Inputs, value: Any, ids: Any) -> None:
            _put(inbox, name, (*inbox.get(name, ()), value))
            if ids is not None:
                _lay_ids(inbox, name, (*inbox.ids.get(name, ()), ids))

        return lay_all
    if port.has_items:

        def lay_items(inbox: Inputs, value: Any, ids: Any) -> None:
            _put(inbox, name, value)
            _lay_ids(inbox, name, ids)

        return lay_items
    return None


def _lay_ids(inbox: Inputs, port: str, ids: Any) -> None:
    try:
        inbox._ids[port] = ids
    except AttributeError:
        inbox._ids = {port: ids}


def _make_compute(node: Node, most: int) -> Callable[[Time, Inputs], Published]:
    step, learn, outputs = node.zone.step, node.zone.learn, node.outputs
    if node.timer is not None:
        step, learn = node.timer.around(step, "step"), node.timer.around(learn, "learn")

    def compute(now: Time, inputs: Inputs) -> Published:
        modulators = inputs.get("modulators")
        if modulators is not None:
            node.obey(now, inputs, modulators)
        said = step(now, inputs)
        if type(said) is not dict:
            said = as_outputs(said, node.name, now)
        published: Published = []
        for port, given in said.items():
            try:
                output = outputs[port]
            except (KeyError, TypeError):
                raise unknown_output(node.name, port, outputs, now) from None
            ids = None
            if type(given) is Items:
                given, ids = given  # noqa: PLW2901 - a name more would be a reference more
                twin = given  # noqa: F841 - as many references as an array without ids has here
            value = output.check(now, given)
            if ids is not None:
                ids = copied(check_ids(output.topic, now, value, ids))
            elif output.items_from is not None:
                ids = inputs.ids.get(output.items_from)
                if ids is not None:
                    check_ids(output.topic, now, value, ids)
            if output.is_array:
                alone = getrefcount(value) <= most
                if alone and value.flags.owndata:  # not every view says whose memory it shows
                    value.setflags(False)
                else:
                    value = own(value, inputs, alone)
            published.append((output, value, ids))
        if node.learns and node.shut:
            node.leave_out(inputs)
        elif node.learns:
            # The outputs are read-only by now, so learning cannot alter what has been predicted.
            scalars = learn(now, inputs)
            if scalars is not None:
                scalars = as_scalars(scalars, node.name, now)
                if scalars:
                    published.append((None, node.name, scalars))
        return published

    return compute


@lru_cache(maxsize=1)
def _references_when_alone() -> int:
    """Return how many references `compute` counts to an array that its zone keeps nothing of.

    Found by trying, for versions of Python differ in what they count.
    """
    made: list[int] = []

    def step(now: Time, inputs: Inputs) -> dict[str, Any]:
        array = np.zeros(1, np.float32)
        made.append(id(array))
        return {"y": array}

    probe: Any = SimpleNamespace(name="probe", outputs={"y": Output("probe", Port("y", shape=(1,)))}, learns=False,
                                 timer=None, zone=SimpleNamespace(step=step, learn=None))
    for most in range(16):
        (_, value, _), = _make_compute(probe, most)(0, Inputs())
        if id(value) == made[-1]:
            return most
    return 0
