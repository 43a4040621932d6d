"""What a zone, a stream or a metric must be so that a plugin can bring it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import BaseModel

__all__ = ["KINDS", "Kind", "StreamLike"]


class StreamLike(Protocol):
    """A kind of sensory stream, as ``aura.sim.readers.ReaderKind`` is one."""

    @property
    def name(self) -> str: ...
    @property
    def summary(self) -> str: ...
    @property
    def options_model(self) -> type[BaseModel]: ...
    @property
    def open(self) -> Callable[..., Any]: ...


@dataclass(frozen=True, slots=True)
class Kind:
    """One of the things that plugins bring: its word, its hook, and what an item must be.

    `misfit` returns why an item cannot be taken, or None if it can.
    """

    word: str
    hook: str
    misfit: Callable[[Any], str | None]


def _zone_misfit(item: Any) -> str | None:
    from aura.core.zone import Manifest

    return None if isinstance(item, Manifest) else f"expected an aura.Manifest, got {_short(item)}"


def _stream_misfit(item: Any) -> str | None:
    # Told by what it has: the class lives in aura.sim, which this package may not import.
    model = getattr(item, "options_model", None)
    has_model = isinstance(model, type) and issubclass(model, BaseModel)
    if isinstance(item, type) or not has_model or not callable(getattr(item, "open", None)):
        return f"expected an aura.sim.readers.ReaderKind, got {_short(item)}"
    return None


def _metric_misfit(item: Any) -> str | None:
    from aura.plugins.metrics.kind import MetricKind

    if not isinstance(item, MetricKind):
        return f"expected an aura.plugins.metrics.kind.MetricKind, got {_short(item)}"
    return None


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


KINDS = (
    Kind("zone", "aura_zones", _zone_misfit),
    Kind("stream", "aura_streams", _stream_misfit),
    Kind("metric", "aura_metrics", _metric_misfit),
)
