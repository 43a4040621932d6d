"""A brain's whole state as trees: zones with their random streams, inboxes, and what is due."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from aura.core.changes import require_changeable
from aura.core.errors import AuraError, CheckpointError
from aura.core.loop import Alarm, Due, EventLoop
from aura.core.meeting import INJECTED, Delivery, is_injected
from aura.core.node import Node
from aura.core.plan import Plan
from aura.core.sent_errors import error_of, error_tree
from aura.core.signals import Inputs
from aura.core.time import format_time

__all__ = ["BUS", "bus_tree", "kinds_of", "load_bus", "require_same_brain",
           "require_same_params"]

BUS = "brain.bus"
"""The name of its tree; no zone can have it, for it is no identifier."""


def kinds_of(plans: Mapping[str, Plan]) -> dict[str, dict[str, str]]:
    """Return what each zone of a brain is, as a checkpoint's manifest has it."""
    return {name: {"kind": plan.kind, "version": plan.manifest.version} for name, plan in plans.items()}


def require_same_brain(manifest: Mapping[str, Any], plans: Mapping[str, Plan], resolution: int, where: str) -> None:
    """Raise a `CheckpointError` unless the checkpoint is of a brain with these zones and this resolution."""
    zones, saved = kinds_of(plans), manifest["zones"]
    for name in sorted(zones.keys() | saved.keys()):
        if zones.get(name) != saved.get(name):
            raise CheckpointError(where, expected=f"zone {name!r} as {zones.get(name)}", got=str(saved.get(name)),
                                  hint="Build the same brain, or branch from a checkpoint of this one.")
    if manifest["resolution"] != resolution:
        raise CheckpointError(where, expected=f"resolution {format_time(resolution)}",
                              got=format_time(manifest["resolution"]))


def require_same_params(manifest: Mapping[str, Any], trees: Mapping[str, Any], plans: Mapping[str, Plan]) -> None:
    """Raise a `CheckpointError` if a zone's state was made with parameters that cannot be changed to the present ones.
    """
    for name, plan in plans.items():
        if trees[name]["zone"]:  # a zone without a state is what its parameters say
            require_changeable(plan, manifest["params"][name])


def bus_tree(loop: EventLoop) -> dict[str, Any]:
    """Return what lies on the bus: the agenda, the inboxes, and what every topic said last."""
    return {
        "agenda": [{"time": time, **_due_tree(due, loop.injected.get(time, []))}
                   for time, due in sorted(loop.agenda.items()) if time in loop.injected or not _is_clock(due)],
        "inboxes": {node.name: _inbox_tree(node.pending) for node in loop.nodes},
        "last": {output.topic: [output.published_at, *output.last[1:]] for node in loop.nodes
                 for output in node.outputs.values() if output.last is not None},
        "silenced": [node.name for node in loop.nodes if node.silenced],
        "unread": loop.unread.state(),
    }


def load_bus(loop: EventLoop, now: int, tree: dict[str, Any], start: int) -> None:
    """Lay back what `bus_tree` returned, of a loop whose last tick was `now`, to go on at `start`."""
    nodes = {node.name: node for node in loop.nodes}
    agenda: dict[int, Due] = {}
    injected: dict[int, list[Delivery]] = {}
    for entry in tree["agenda"]:
        carried = [(nodes[zone].target(port, topic), _frozen(value), _frozen(ids))
                   for topic, zone, port, value, ids in entry["signals"]]
        signals = [delivery for delivery in carried if not is_injected(delivery[0][-1])]
        if len(signals) < len(carried):
            injected[entry["time"]] = [delivery for delivery in carried if is_injected(delivery[0][-1])]
        alarms: list[Alarm] = [(0, (nodes[name],)) for name in entry["alarms"]]
        finished = [(nodes[name], _result(nodes[name], kept)) for name, kept in entry["finished"]]
        agenda[entry["time"]] = (signals, alarms, finished)
    loop.restore(now, agenda, injected)
    loop.set_clocks(start)
    for name, inbox in tree["inboxes"].items():
        _load_inbox(nodes[name], inbox)
    loop.unread.load_state(tree["unread"], nodes)
    for node in loop.nodes:
        node.laying = None
        for output in node.outputs.values():
            last = tree["last"].get(output.topic)
            output.published_at, output.last = -1, None
            if last is not None:
                output.published_at, output.last = last[0], (output, _frozen(last[1]), _frozen(last[2]))
        if node.name in tree["silenced"]:
            loop.silence(node)


def _is_clock(due: Due) -> bool:
    """Return whether nothing is due but the alarms of zones with a period, which are set anew."""
    signals, alarms, finished = due
    return bool(alarms) and all(period for period, _ in alarms) and not signals and not finished


def _due_tree(due: Due, injected: list[Delivery]) -> dict[str, Any]:
    signals, alarms, finished = due
    return {
        "signals": [[topic, node.name, port, value, ids]
                    for (node, port, _, _, topic), value, ids in [*signals, *injected]],
        "alarms": [nodes[0].name for period, nodes in alarms if not period],  # periods tell the others
        "finished": [[node.name, _finished_tree(node, result())] for node, result in finished],
    }


def _finished_tree(node: Node, result: Any) -> dict[str, Any]:
    if isinstance(result, AuraError):
        return {"error": error_tree(result, node.handle.home)}
    return {"published": [[None if output is None else output.port.name, value, dict(ids) if output is None else ids]
                          for output, value, ids in result]}


def _result(node: Node, tree: dict[str, Any]) -> Any:
    if "error" in tree:
        error = error_of(tree["error"])
        return lambda: error
    published = [(None if port is None else node.outputs[port], _frozen(value), _frozen(ids))
                 for port, value, ids in tree["published"]]
    return lambda: published


def _inbox_tree(inbox: Inputs) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        return dict(value) if isinstance(value, MappingProxyType) else value

    return {"values": {port: plain(value) for port, value in inbox.items()},
            "ids": {port: plain(ids) for port, ids in inbox.ids.items()}}


def _load_inbox(node: Node, tree: dict[str, Any]) -> None:
    node.pending = node.inbox()
    for port, value in tree["values"].items():
        node.target(port, INJECTED)  # a held value may have come from outside, and is held on
        dict.__setitem__(node.pending, port, _as_laid(value))
    if tree["ids"]:
        node.pending._ids = {port: _as_laid(ids) for port, ids in tree["ids"].items()}


def _as_laid(value: Any) -> Any:
    return MappingProxyType(_frozen(value)) if isinstance(value, dict) else _frozen(value)


def _frozen(value: Any) -> Any:
    """Make every array in a restored value read-only, as it was on the bus."""
    if hasattr(value, "flags"):
        value.flags.writeable = False
    elif isinstance(value, dict):
        for part in value.values():
            _frozen(part)
    elif isinstance(value, tuple):
        for part in value:
            _frozen(part)
    return value
