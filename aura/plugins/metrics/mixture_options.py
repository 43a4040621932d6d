"""What the metrics that show who does what in a mixture may be told. Light: nothing here computes."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from aura.plugins.metrics.kind import MetricOptions
from aura.plugins.metrics.options import Span, Topic

__all__ = ["ComponentOptions", "GrowthOptions"]

Label = Annotated[str, Field(pattern=r"^\S*$", max_length=40, description="no spaces")]


def _names_or_topic(value: Any) -> Any:
    """Return names that differ, or a topic, or nothing."""
    if isinstance(value, str):
        if "." not in value:
            raise ValueError("names such as ['fast', 'slow'], or the topic that tells them, such as 'mixture.names'")
    elif value is not None:
        names = list(value) if isinstance(value, (list, tuple)) else []
        if not names or not all(isinstance(name, str) and name for name in names):
            raise ValueError("names such as ['fast', 'slow'], or the topic that tells them, such as 'mixture.names'")
        twice = [name for number, name in enumerate(names) if name in names[:number]]
        if twice:
            raise ValueError(f"names that differ; {twice[0]!r} stands twice")
    return value


class ComponentOptions(MetricOptions):
    """Options of the metric ``components``."""

    signal: Topic = Field(
        description="Topic of one number for each component, (component,) or (item, component), of which the mean "
                    "over the items counts; it may get longer as the brain grows.")
    label: Label = Field(
        "",
        description="What a component is: expert names them expert_0, expert_1, and so on; without it they are "
                    "numbered. Charts of one label give each component the same colour.")
    names: Annotated[tuple[str, ...] | Topic | None, BeforeValidator(_names_or_topic)] = Field(
        None,
        description="Instead of the label: the names of the components in their order, or the topic of text that tells "
                    "them; of those beyond the names the numbers stand.")
    stacked: bool = Field(
        False,
        description="Whether the numbers are shares of one whole: drawn on top of each other, and one that has "
                    "more than 90 % since the last growth is told of.")
    every: Span = Field("100 ms", description="One row in so much simulated time, of the means since the last one.")
    max_rows: int = Field(
        2000, ge=10,
        description="After so many rows the interval doubles, so that rows grow with the logarithm of time only.")
    max_components: int = Field(64, ge=1, le=250, description="Components kept; those beyond are counted only.")


class GrowthOptions(MetricOptions):
    """Options of the metric ``growth``."""

    events: Topic = Field(description="Topic of text, (event,): what grew or went, a JSON object a line.")
    label: Label = Field(
        "expert",
        description="What is grown, as for components: its charts have the same colours.")
    max_events: int = Field(2000, ge=1, le=100_000, description="Events kept; those beyond are counted only.")
