"""Values put into a brain from outside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from aura.core.errors import SignalError, WiringError, nearest
from aura.core.handed import check_ids, sketch
from aura.core.loop import EventLoop
from aura.core.meeting import INJECTED
from aura.core.modulators import checked
from aura.core.node import Node
from aura.core.observers import Observers
from aura.core.ownership import copied
from aura.core.pathway import split_topic
from aura.core.ports import MODULATORS, TEXTUAL, Port, Value, make_check
from aura.core.signals import Items, Signal
from aura.core.time import Time

__all__ = ["Injector", "cast"]

_CASTS = {"b": "b", "i": "iub", "u": "iub", "f": "fiub", "c": "cfiub"}
"""Kind of an array to the kinds that are cast to it."""


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
            If the value or its ids do not fit it, or a modulator is out of its range.
        """
        node, port, origin = _place(nodes, topic)
        declared = node.plan.inputs[port]
        if isinstance(value, Items):
            value, ids = value
        value = _checked(declared, topic, now, value)
        if declared is MODULATORS:
            checked(node.name, now, node.plan.modulators, {origin.partition(":")[2]: float(value)})
        if ids is not None:
            ids = copied(check_ids(topic, now, value, cast(np.dtype(np.int64), ids)))
        elif declared.has_items:
            ids = -1 - self.count - np.arange(len(value), dtype=np.int64)
            ids.setflags(write=False)
            self.count += len(value)
        grid = self._resolution
        arrival = -(-(max(now - 1, 0) + max(wait, grid)) // grid) * grid
        self._observers.call("on_inject", topic, now, Signal(topic, arrival, value, ids))
        loop.inject(arrival, (node.target(port, origin), value, ids))
        return arrival


def _place(nodes: Mapping[str, Node], topic: str) -> tuple[Node, str, str]:
    """Return the node and the port that a topic names, and the topic by which the value arrives there."""
    zone, port = split_topic(topic, "inject")
    port, _, modulator = port.partition(".")
    node = nodes.get(zone)
    declared = None if node is None else node.plan.inputs.get(port)
    if node is not None and declared is MODULATORS:
        if modulator in node.plan.modulators:
            return node, port, f"{INJECTED}:{modulator}"
        raise WiringError(f"inject {topic!r}", expected=f"the name of a modulator behind {zone}.{port}: "
                          f"{', '.join(node.plan.modulators)}", got=repr(topic),
                          hint=nearest(modulator, node.plan.modulators) if modulator else
                          f"Try '{zone}.{port}.{next(iter(node.plan.modulators))}'.")
    if node is None or declared is None or modulator:
        known = [f"{n.name}.{p}" for n in nodes.values() for p in n.plan.inputs]
        raise WiringError(f"inject {topic!r}", expected="an input of this brain", got=repr(topic),
                          hint=nearest(topic, known))
    return node, port, INJECTED


def cast(dtype: np.dtype, value: Any) -> Any:
    """Return a value from outside as an array of `dtype`, or as it came where that would lose something.

    Whole numbers must come out as they were; of a float no more is lost than the digits that `dtype` has not.

    Examples
    --------
    >>> cast(np.dtype("float32"), [1, 2.5])
    array([1. , 2.5], dtype=float32)
    >>> cast(np.dtype("uint8"), [1, 256])
    [1, 256]
    """
    try:
        given = np.asarray(value)
    except Exception:  # rows of several lengths, and what a type of another package raises
        return value
    if not given.size and isinstance(value, (list, tuple)):
        return given.astype(dtype)
    if given.dtype.kind not in _CASTS[dtype.kind]:
        return value
    with np.errstate(all="ignore"):
        array = given.astype(dtype)
    exact = given.dtype.kind in "fc" or bool((array.astype(given.dtype) == given).all())
    lost = not np.isfinite(array[np.isfinite(given)]).all()
    return value if lost or not exact else array


def _checked(port: Port, topic: str, now: Time, value: Any) -> Value:
    """Return a value from outside as the port takes it, of the brain's own."""
    if port.dtype == "text":
        given = (value,) if isinstance(value, str) else value
    elif port.dtype == "tags":
        given = tuple(tuple(tags) if isinstance(tags, list) else tags for tags in value) if isinstance(
            value, (list, tuple)) else value
    else:
        given = cast(np.dtype(port.dtype), value)
    try:
        checked: Value = make_check(port, topic)(now, given)
    except SignalError as error:
        if "finite" in error.expected:
            raise
        raise SignalError(error.where, expected=error.expected, got=sketch(value), hint=_hint(port, value)) from None
    return copied(checked) if isinstance(checked, np.ndarray) else checked


def _hint(port: Port, value: Any) -> str:
    """Return what to try where a stimulus came without its item axis or with values that do not fit, else nothing."""
    try:
        given = np.asarray(value)
    except Exception:
        return ""
    if port.has_items and given.ndim == len(port.shape) - 1:
        return "The first axis counts stimuli: put one into a batch of one, as in [value]."
    if given.dtype.kind in "biufc" and given.ndim == len(port.shape) and port.dtype not in TEXTUAL:
        return f"Only what {port.dtype} holds without loss is cast."
    return ""
