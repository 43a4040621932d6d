"""What a zone publishes: one topic, its check, and where it goes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aura.core.ports import TEXTUAL, Port, make_check
from aura.core.time import Time

__all__ = ["Output", "Published", "outputs_of"]

Published = list[tuple["Output | None", Any, Any]]
"""Output, value and ids of what a zone published; last, where it logged any, None, its name and its scalars."""


class Output:
    """One topic: its check, where it goes, and what it published last, as the loop has it, with the instant."""

    __slots__ = ("check", "is_array", "is_flat", "items_from", "last", "port", "published_at", "targets", "topic",
                 "watchers")

    def __init__(self, zone: str, port: Port) -> None:
        self.port, self.topic = port, f"{zone}.{port.name}"
        self.check = make_check(port, self.topic)
        self.is_array, self.is_flat = port.dtype not in TEXTUAL, len(port.shape) < 2
        self.items_from = port.items_from
        self.targets: list[tuple[Time, Any]] = []
        """Delay, and what `Node.target` returns."""
        self.watchers: list[Any] = []
        self.published_at: Time = -1
        self.last: tuple[Output | None, Any, Any] | None = None


def outputs_of(zone: str, ports: Mapping[str, Port]) -> dict[str, Output]:
    """Return the outputs of a zone by port."""
    return {name: Output(zone, port) for name, port in ports.items()}
