"""A brain's whole state as trees: zones with their random streams, inboxes, and what is due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from aura.core.errors import AuraError, CheckpointError
from aura.core.loop import Due, EventLoop
from aura.core.node import Node
from aura.core.signals import Inputs

__all__ = ["BUS", "bus_tree", "load_bus", "load_zone", "zone_tree"]

BUS = "_bus"


def zone_tree(node: Node) -> dict[str, Any]:
    """Return the complete state of one zone: its own tree and its random stream."""
    return {"zone": node.zone.state(), "rng": node.zone.rng.bit_generator.state}


def load_zone(node: Node, tree: dict[str, Any]) -> None:
    """Give a zone the state that `zone_tree` returned."""
    node.zone.rng.bit_generator.state = tree["rng"]
    try:
        node.zone.load_state(tree["zone"])
    except AuraError:
        raise
    except Exception as error:
        raise CheckpointError(node.name, expected="a state that its zone can load",
                              got=f"{type(error).__name__}: {error}",
                              hint="Was the checkpoint written with other parameters?") from error


def bus_tree(loop: EventLoop) -> dict[str, Any]:
    """Return what lies on the bus: the agenda, the inboxes, and what every topic said last."""
    return {
        "agenda": [{"time": time, **_due_tree(due)} for time, due in sorted(loop.agenda.items())],
        "inboxes": {node.name: _inbox_tree(node.pending) for node in loop.nodes},
        "last": {output.topic: list(output.last) for node in loop.nodes
                 for output in node.outputs.values() if output.last is not None},
        "silenced": [node.name for node in loop.nodes if node.silenced],
    }


def load_bus(loop: EventLoop, now: int, tree: dict[str, Any], clocks: Mapping[int, Sequence[Node]]) -> None:
    """Lay back what `bus_tree` returned. `clocks` are the clocked nodes by period."""
    nodes = {node.name: node for node in loop.nodes}
    agenda: dict[int, Due] = {}
    for entry in tree["agenda"]:
        signals = [(nodes[zone].target(port, topic), _frozen(value), _frozen(ids))
                   for topic, zone, port, value, ids in entry["signals"]]
        alarms = [(alarm, tuple(clocks[alarm])) if isinstance(alarm, int) else (0, (nodes[alarm],))
                  for alarm in entry["alarms"]]
        finished = [(nodes[name], _result(nodes[name], kept)) for name, kept in entry["finished"]]
        agenda[entry["time"]] = (signals, alarms, finished)
    loop.restore(now, agenda)
    for name, inbox in tree["inboxes"].items():
        _load_inbox(nodes[name], inbox)
    for node in loop.nodes:
        for output in node.outputs.values():
            said = tree["last"].get(output.topic)
            output.last = None if said is None else (said[0], _frozen(said[1]), _frozen(said[2]))
        if node.name in tree["silenced"]:
            loop.silence(node)


def _due_tree(due: Due) -> dict[str, Any]:
    signals, alarms, finished = due
    return {
        "signals": [[topic, node.name, port, value, ids] for (node, port, _, _, topic), value, ids in signals],
        "alarms": [period or nodes[0].name for period, nodes in alarms],
        "finished": [[node.name, _finished_tree(result())] for node, result in finished],
    }


def _finished_tree(result: Any) -> dict[str, Any]:
    if isinstance(result, AuraError):
        return {"error": [result.where, result.expected, result.got, result.hint]}
    return {"published": [[None if output is None else output.port.name, value, dict(ids) if output is None else ids]
                          for output, value, ids in result]}


def _result(node: Node, tree: dict[str, Any]) -> Any:
    if "error" in tree:
        where, expected, got, hint = tree["error"]
        error = AuraError(where, expected=expected, got=got, hint=hint)
        return lambda: error
    published = [(None if port is None else node.outputs[port], _frozen(value), _frozen(ids))
                 for port, value, ids in tree["published"]]
    return lambda: published


def _inbox_tree(inbox: Inputs) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        return dict(value) if isinstance(value, MappingProxyType) else value

    return {"values": {port: plain(value) for port, value in inbox.items()}, "ids": dict(inbox.ids)}


def _load_inbox(node: Node, tree: dict[str, Any]) -> None:
    node.pending = node.inbox()
    for port, value in tree["values"].items():
        many = node.member.inputs[port].fan_in == "many"
        dict.__setitem__(node.pending, port, MappingProxyType(_frozen(value)) if many else _frozen(value))
    if tree["ids"]:
        node.pending._ids = _frozen(tree["ids"])


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
