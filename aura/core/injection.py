"""Values put into a brain from outside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from aura.core.errors import WiringError, nearest
from aura.core.loop import EventLoop
from aura.core.node import Node, check_ids
from aura.core.observer import Observers
from aura.core.ports import make_check
from aura.core.signals import Items, Signal
from aura.core.time import Time
from aura.core.wiring import split_topic

__all__ = ["Injector"]


class Injector:
    """Lays values into the inputs of zones, on the grid of the resolution, and numbers items that have no ids.

    Attributes
    ----------
    count : int
        Items numbered so far; the next is -1 - count.
    """

    def __init__(self, observers: Observers, resolution: Time) -> None:
        self._observers, self._resolution, self.count = observers, resolution, 0

    def put(self, loop: EventLoop, nodes: Mapping[str, Node], now: Time, topic: str, value: Any,
            ids: np.ndarray | None, wait: Time) -> Time:
        """Put a value into the input ``"zone.port"``, `wait` from now, and return when it arrives.

        Raises
        ------
        WiringError
            If the brain has no such input.
        SignalError
            If the value or its ids do not fit it.
        """
        zone, port = split_topic(topic, "inject")
        node = nodes.get(zone)
        if node is None or port not in node.member.inputs:
            known = [f"{n.name}.{p}" for n in nodes.values() for p in n.member.inputs]
            raise WiringError(f"inject {topic!r}", expected="an input of this brain", got=repr(topic),
                              hint=nearest(topic, known))
        declared = node.member.inputs[port]
        if isinstance(value, Items):
            value, ids = value
        value = make_check(declared, topic)(now, value)
        if ids is not None:
            ids = check_ids(topic, now, value, ids)
        elif declared.has_items:
            ids = -1 - self.count - np.arange(len(value), dtype=np.int64)
            self.count += len(value)
        grid = self._resolution
        arrival = -(-(max(now - 1, 0) + max(wait, grid)) // grid) * grid
        self._observers.call("on_inject", topic, now, Signal(topic, arrival, value, ids))
        loop.at(arrival)[0].append((node.target(port, "inject"), value, ids))
        return arrival
