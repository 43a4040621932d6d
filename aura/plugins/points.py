"""AURA's own extension points; those of a zone stand in the zone's plugin."""

from __future__ import annotations

from aura.core.executor import ExecutorKind
from aura.core.zone import Manifest
from aura.plugins.commands import Command
from aura.plugins.extension import ExtensionPoint
from aura.plugins.metrics.kind import MetricKind
from aura.plugins.streams import ReaderKind

__all__ = ["POINTS"]

POINTS = (
    ExtensionPoint("point", "aura_extension_points", ExtensionPoint, "Declares one more thing that plugins may bring."),
    ExtensionPoint("zone", "aura_zones", Manifest, "Steps and learns in the loop, fed by pathways."),
    ExtensionPoint("stream", "aura_streams", ReaderKind, "Reads rows, which a stream plays."),
    ExtensionPoint("metric", "aura_metrics", MetricKind, "Judges signals and draws what it found."),
    ExtensionPoint("executor", "aura_executors", ExecutorKind, "Says where zones live and how they compute."),
    ExtensionPoint("command", "aura_commands", Command, "Does something at the command line: `aura NAME`."),
)
"""The first declares the others: it is one too, so that a plugin declares what AURA does not know."""
