"""What the metrics that show who does what in a mixture may be told. Light: nothing here computes."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from aura.plugins.metrics.kind import MetricOptions
from aura.plugins.metrics.options import Span, Topic

__all__ = ["ComponentOptions", "GrowthOptions"]

Label = Annotated[str, Field(pattern=r"^\S*$", max_length=40, description="no spaces")]


class ComponentOptions(MetricOptions):
    """Options of the metric ``components``.

    Parameters
    ----------
    signal : str
        Topic of one number for each component, (component,) or (item, component), of which the mean over the items
        counts; it may get longer as the brain grows.
    label : str
        What a component is: ``expert`` names them expert_0, expert_1, and so on; without it they are numbered. Charts
        of one label give each component the same colour.
    names : str, optional
        Instead: the topic of text that names the components, in their order.
    stacked : bool
        Whether the numbers are shares of one whole: drawn on top of each other, and one that has more than 90 % since
        the last growth is told of.
    every : str
        One row in so much simulated time, of the means since the last one.
    max_rows : int
        After so many rows the interval doubles, so that rows grow with the logarithm of time only.
    max_components : int
        Components kept; those beyond are counted only.
    """

    signal: Topic
    label: Label = ""
    names: Topic | None = None
    stacked: bool = False
    every: Span = "100 ms"
    max_rows: int = Field(2000, ge=10)
    max_components: int = Field(64, ge=1, le=250)


class GrowthOptions(MetricOptions):
    """Options of the metric ``growth``.

    Parameters
    ----------
    events : str
        Topic of text, (event,): what grew or went, a JSON object a line.
    label : str
        What is grown, as for ``components``: its charts have the same colours.
    max_events : int
        Events kept; those beyond are counted only.
    """

    events: Topic
    label: Label = "expert"
    max_events: int = Field(2000, ge=1, le=100_000)
