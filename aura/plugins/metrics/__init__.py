"""Metrics: observers that score a brain while it runs."""

from __future__ import annotations

from aura.plugins.metrics.kind import MetricKind, MetricOptions
from aura.plugins.metrics.metric import Metric

__all__ = ["Metric", "MetricKind", "MetricOptions"]
