"""A zone's place in the event loop: its inbox, its outputs, its alarms."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

from aura.core.handle import ZoneHandle
from aura.core.joining import together
from aura.core.output import Published, outputs_of
from aura.core.plan import Plan
from aura.core.ports import MODULATORS, Port
from aura.core.signals import Inputs, inbox_class
from aura.core.time import Time

__all__ = ["Node", "Target"]

_put = dict.__setitem__


Target = tuple["Node", str, bool, "Callable[[Inputs, Any, Any], None] | None", str]
"""The node, its port, whether an arrival wakes it, how the value is laid down if not plainly, and the topic."""


class Node:
    """One zone with its inbox.

    `compute` runs step and learn on an inbox that `take` has emptied; it touches nothing but this zone, so that the
    nodes of one tick may be computed in any order or at once.
    """

    __slots__ = ("alarm_at", "awake_at", "clocks_itself", "compute", "handle", "held", "inbox", "index", "latency",
                 "laying", "name", "outputs", "pending", "plan", "silenced", "targets")

    compute: Callable[[Time, Inputs], Published]
    handle: ZoneHandle

    def __init__(self, index: int, plan: Plan) -> None:
        self.index, self.plan, self.name, self.latency = index, plan, plan.name, plan.latency
        self.clocks_itself = plan.self_clocked
        self.outputs = outputs_of(plan.name, plan.outputs)
        self.inbox = inbox_class(plan.inputs, plan.modulators)
        self.held: tuple[str, ...] = ()
        self.pending: Inputs = self.inbox()
        self.targets: dict[tuple[str, str], Target] = {}
        self.awake_at: Time = -1
        self.alarm_at: Time = -1
        self.silenced = False
        self.laying: dict[str, float] | None = None
        """What the pending inbox says of modulators, while more may come."""

    def put(self, handle: ZoneHandle) -> None:
        """Put a zone in its place, where another may have been; the inbox stays."""
        self.handle, self.compute = handle, handle.compute

    def target(self, port: str, topic: str) -> Target:
        """Return where a signal of `topic` to the input `port` is laid down."""
        key = (port, topic)
        if key not in self.targets:
            declared = self.plan.inputs[port]
            lay = _make_lay_modulator(self, topic) if declared is MODULATORS else \
                _make_lay_joined(declared) if port in self.plan.joined else _make_lay(declared, topic)
            self.targets[key] = (self, port, port in self.plan.wake_on, lay, topic)
            if self.plan.inputs[port].keep == "hold" and port not in self.held:
                self.held = (*self.held, port)
        return self.targets[key]

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


def _make_lay_joined(port: Port) -> Callable[[Inputs, Any, Any], None] | None:
    """Return how the items of one of several pathways are laid into an inbox: behind those that lie there."""
    if port.keep == "all":
        return _make_lay(port, "")
    name = port.name

    def lay_joined(inbox: Inputs, value: Any, ids: Any) -> None:
        if name in inbox:
            value, ids = together(inbox[name], inbox.ids[name], value, ids)
        _put(inbox, name, value)
        _lay_ids(inbox, name, ids)

    return lay_joined


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
            try:
                inbox._ids[name] = ids
            except AttributeError:
                inbox._ids = {name: ids}

        return lay_items
    return None


def _lay_ids(inbox: Inputs, port: str, ids: Any) -> None:
    try:
        inbox._ids[port] = ids
    except AttributeError:
        inbox._ids = {port: ids}
