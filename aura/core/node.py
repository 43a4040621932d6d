"""A zone's place in the event loop: its inbox, its outputs, its alarms."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

from aura.core.handle import ZoneHandle
from aura.core.output import Published, Target, outputs_of
from aura.core.ports import MODULATORS, Port
from aura.core.signals import Inputs, inbox_class
from aura.core.time import Time
from aura.core.wiring import Member

__all__ = ["Node"]

_put = dict.__setitem__


class Node:
    """One zone with its inbox.

    `compute` runs step and learn on an inbox that `take` has emptied; it touches nothing but this zone, so that the
    nodes of one tick may be computed in any order or at once.
    """

    __slots__ = ("alarm_at", "awake_at", "clocks_itself", "compute", "handle", "held", "inbox", "index", "latency",
                 "laying", "member", "name", "on_error", "outputs", "pending", "silenced", "targets")

    compute: Callable[[Time, Inputs], Published]
    handle: ZoneHandle
    clocks_itself: bool

    def __init__(self, index: int, member: Member, on_error: str) -> None:
        self.index, self.member, self.name = index, member, member.name
        self.on_error, self.latency = on_error, member.latency
        self.outputs = outputs_of(member)
        self.inbox = inbox_class(member.inputs, member.modulators)
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
        self.handle, self.compute, self.clocks_itself = handle, handle.compute, handle.clocks_itself

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
