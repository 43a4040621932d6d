"""What a zone publishes: one topic, its check, and where it goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aura.core.ports import TEXTUAL, Port, make_check
from aura.core.signals import Inputs
from aura.core.time import Time
from aura.core.wiring import Member

if TYPE_CHECKING:
    from aura.core.node import Node

__all__ = ["Output", "Published", "Target", "outputs_of"]

Published = list[tuple["Output | None", Any, Any]]
"""Output, value and ids of what a zone published; last, where it logged any, None, its name and its scalars."""


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


def outputs_of(member: Member) -> dict[str, Output]:
    """Return the outputs of a zone by port."""
    return {name: Output(member.name, port) for name, port in member.outputs.items()}


Target = tuple["Node", str, bool, "Callable[[Inputs, Any, Any], None] | None", str]
"""The node, its port, whether an arrival wakes it, how the value is laid down if not plainly, and the topic."""
