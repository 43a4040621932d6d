"""What the options of several metrics share."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from aura.core.time import TIME_PATTERN
from aura.plugins.metrics.cadence import AUTO, checked_every, checked_span

__all__ = ["Label", "MaxRows", "MeansEvery", "MetricOptions", "Pending", "RowsEvery", "Span", "Topic"]


class MetricOptions(BaseModel):
    """The base of every metric's options: frozen, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


Topic = Annotated[str, Field(pattern=r"^[^.\s]+\.[^.\s]+$", description="zone.port")]
Span = Annotated[str, AfterValidator(checked_span), Field(json_schema_extra={"pattern": TIME_PATTERN})]
Label = Annotated[str, Field(pattern=r"^\S*$", max_length=40, description="no spaces")]
Pending = Annotated[int | None, Field(ge=1, description=(
    "Items that may wait for their other side; the oldest beyond it are counted as unmatched. By default as many as "
    "the wiring needs, and 10,000 at least."))]
RowsEvery = Annotated[int | str, AfterValidator(checked_every), Field(
    json_schema_extra={"pattern": f"^{AUTO}$|{TIME_PATTERN}"}, description=(
    'A rolling row every so many items or so much simulated time, or "auto": often at first, then every 250 items. '
    "Each costs some 3 ms (28 classes, 1,000 items)."))]
MeansEvery = Annotated[Span, Field(description="One row in so much simulated time, of the means since the last one.")]
MaxRows = Annotated[int, Field(ge=10, description=(
    "After so many rows the interval doubles, so that rows grow with the logarithm of time only."))]
