"""What becomes of a value from outside that comes to an input at the instant of another, or waits there for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from aura.core.joining import together
from aura.core.node import Node, Target
from aura.core.ports import Port
from aura.core.signals import Inputs

__all__ = ["INJECTED", "Delivery", "Unread", "is_injected", "meet"]

INJECTED = "inject"
"""The topic of what comes from outside; no zone can have it, as topics have a dot; a colon leads to a modulator."""

Delivery: TypeAlias = tuple[Target, Any, Any]
"""Where a signal goes, its value and its ids."""

_REPLACED = "never saw what was injected at {port}, as another value came there before it woke"
_OVER_PATHWAY = "took what was injected at {port} instead of what a pathway brought at the same instant"
_OVER_INJECTED = "took the last of what was injected at {port} for one instant"


def is_injected(topic: str) -> bool:
    """Return whether what comes by this topic comes from outside."""
    return topic.partition(":")[0] == INJECTED


def meet(signals: Sequence[Delivery], injected: Sequence[Delivery], tell: Callable[[str, str], None]) -> list[Delivery]:
    """Return what is delivered at an instant: the signals, and after them what was injected, so that nothing is lost.

    Where both come to one input, their items are joined: first those of the pathway, then those injected, in the order
    in which they were. Where there are no items to join, what was injected last stands, and `tell(zone, sentence)` says
    so.
    """
    came: dict[tuple[int, str], Delivery] = {}
    for delivery in signals:
        node, name, _, _, _ = delivery[0]
        if node.plan.inputs[name].fan_in == "one":
            came[node.index, name] = delivery
    delivered = list(signals)
    laid: dict[tuple[int, str], Delivery] = {}
    for target, value, ids in injected:
        node, name, _, _, topic = target
        port = node.plan.inputs[name]
        key = (node.index, name if port.fan_in == "one" else f"{name} {topic}")
        if port.keep == "all" or name in node.plan.joined:
            delivered.append((target, value, ids))
            continue
        earlier = laid.get(key) or came.get(key)
        joined = earlier and _joined(port, earlier, (target, value, ids))
        if earlier and not joined:
            text = _OVER_INJECTED if key in laid else _OVER_PATHWAY
            tell(node.name, text.format(port=name))
        laid[key] = joined or (target, value, ids)
    return delivered + list(laid.values())


class Unread:
    """What was injected at inputs that do not wake their zone, until it has woken or another value has come there."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Node, str, Inputs, Any]] = []

    def note(self, deliveries: Iterable[Delivery]) -> None:
        """Look after those of these deliveries, about to be laid down, that were injected and wake nobody."""
        self.waiting += [(node, port, node.pending, value) for (node, port, wakes, _, topic), value, _ in deliveries
                          if topic == INJECTED and not wakes and _holds_one(node.plan.inputs[port])
                         and port not in node.plan.joined]

    def check(self, tell: Callable[[str, str], None]) -> None:
        """Tell of each whose place another value has taken; to be asked when all of an instant is laid down."""
        left = []
        for node, port, inbox, value in self.waiting:
            if node.pending is inbox and inbox.get(port) is value:
                left.append((node, port, inbox, value))
            elif node.pending is inbox:
                tell(node.name, _REPLACED.format(port=port))
        self.waiting = left

    def state(self) -> list[list[str]]:
        """Return zone and input of each that waits, as a checkpoint keeps them."""
        return [[node.name, port] for node, port, inbox, _ in self.waiting if node.pending is inbox]

    def load_state(self, state: Iterable[Iterable[str]], nodes: Mapping[str, Node]) -> None:
        """Take over what `state` returned, of nodes whose inboxes are laid back."""
        self.waiting = [(nodes[zone], port, nodes[zone].pending, nodes[zone].pending[port]) for zone, port in state]


def _holds_one(port: Port) -> bool:
    return port.fan_in == "one" and port.keep != "all"


def _joined(port: Port, first: Delivery, second: Delivery) -> Delivery | None:
    """Return the items of both at the place of the second, or None where they cannot be joined."""
    (_, value, ids), (target, more, more_ids) = first, second
    if not port.has_items or ids is None or more_ids is None:
        return None
    if not isinstance(value, tuple) and value.shape[1:] != more.shape[1:]:
        return None
    return (target, *together(value, ids, more, more_ids))
