"""The kinds of metric that a scenario may name: a light description, and the class that is built from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aura.core.blame import blaming
from aura.core.contract import Contribution, class_of, require_options
from aura.core.params import validated
from aura.plugins.metrics.metric import Metric
from aura.plugins.metrics.options import MetricOptions

__all__ = ["MetricKind", "MetricOptions"]


@dataclass(frozen=True, slots=True)
class MetricKind(Contribution):
    """What a metric is, readable without importing what it computes with.

    Parameters
    ----------
    name : str
        The kind, as scenarios name it.
    summary : str
        One sentence.
    options : type of MetricOptions
        The option model.
    factory : str or type of Metric
        The metric's class, or ``"package.module:Class"``, imported only when the metric is built.
    """

    name: str
    summary: str
    options: type[MetricOptions]
    factory: str | type[Metric]

    def __post_init__(self) -> None:
        require_options(self.options, MetricOptions, f"metric {self.name!r}")

    def build(self, name: str, values: Mapping[str, Any] | MetricOptions) -> Metric:
        """Validate the options and build the metric called `name`.

        Raises
        ------
        AuraError
            If an option is unknown, missing or of a wrong value.
        PluginError
            If the factory cannot be imported or is no `Metric`.
        """
        return self.make(name, validated(self.options, values, f"metrics.{name}"))

    def make(self, name: str, options: MetricOptions) -> Metric:
        """Build the metric called `name` from valid options.

        Raises
        ------
        AuraError
            If its own code raises; the message has the line.
        """
        kind = self.load()
        with blaming(f"metrics.{name}", f"a {kind.__name__} that can be built from its options", home=kind.__module__):
            return kind(name, options)

    def load(self) -> type[Metric]:
        """Import and return the metric's class."""
        return class_of(self.factory, Metric, f"metric {self.name!r}.factory", expected="a subclass of Metric")
