"""Pathways: which output leads to which input."""

from __future__ import annotations

from dataclasses import dataclass

from aura.core.errors import WiringError
from aura.core.time import Time, format_time

__all__ = ["Pathway", "split_topic"]


@dataclass(frozen=True, slots=True)
class Pathway:
    """A connection from an output to an input. `delay` is None until the wiring is checked."""

    source: str
    source_port: str
    target: str
    target_port: str
    delay: Time | None = None

    def __repr__(self) -> str:
        return f"<Pathway {self}{'' if self.delay is None else f' after {format_time(self.delay)}'}>"

    def __str__(self) -> str:
        return f"{self.source}.{self.source_port} -> {self.target}.{self.target_port}"


def split_topic(topic: str, where: str) -> tuple[str, str]:
    """Return zone and port of ``"zone.port"``."""
    zone, dot, port = topic.partition(".") if isinstance(topic, str) else ("", "", "")
    if not (zone and dot and port):
        raise WiringError(where, expected="'zone.port'", got=repr(topic))
    return zone, port
