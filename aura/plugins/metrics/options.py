"""What the options of several metrics share."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from aura.core.errors import AuraError
from aura.core.time import TIME_PATTERN, parse_time

__all__ = ["AUTO", "LABELS", "NUMBERS", "Label", "MaxRows", "MeansEvery", "MetricOptions", "Need",
           "Pending", "RowsEvery", "Span", "Topic", "Window"]

AUTO = "auto"


class MetricOptions(BaseModel):
    """The base of every metric's options: frozen, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class _EveryError(AuraError, ValueError):
    """So that pydantic reports it as a value error of its option."""


def _checked_span(value: str) -> str:
    if parse_time(value, "every") > 0:
        return value
    raise _EveryError("every", expected="a time above zero", got=repr(value))


def _checked_every(value: Any) -> int | str:
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    if isinstance(value, str):
        return value if value == AUTO else _checked_span(value)
    raise _EveryError("every", expected="a number of items above zero, 'auto', or a time such as '1 s'",
                      got=repr(value))


Topic = Annotated[str, Field(pattern=r"^[^.\s]+\.[^.\s]+$", description="zone.port")]
Span = Annotated[str, AfterValidator(_checked_span), Field(json_schema_extra={"pattern": TIME_PATTERN})]
Label = Annotated[str, Field(pattern=r"^\S*$", max_length=40, description="no spaces")]
Pending = Annotated[int | None, Field(ge=1, description=(
    "Items that may wait for their other side; the oldest beyond it are counted as unmatched. By default as many as "
    "the wiring needs, and 10,000 at least."))]
Window = Annotated[int, Field(ge=1, le=100_000, description="Items that a rolling figure looks back on.")]
RowsEvery = Annotated[int | str, AfterValidator(_checked_every), Field(
    json_schema_extra={"pattern": f"^{AUTO}$|{TIME_PATTERN}"}, description=(
    'A rolling row every so many items or so much simulated time, or "auto": often at first, then every 250 items. '
    "Each costs some 3 ms (28 classes, 1,000 items)."))]
MeansEvery = Annotated[Span, Field(description="One row in so much simulated time, of the means since the last one.")]
MaxRows = Annotated[int, Field(ge=10, description=(
    "After so many rows of one series its interval doubles, so that rows grow with the logarithm of time only."))]


LABELS = ("tags", "text", "int", "uint")
NUMBERS = ("float", "int", "uint", "bool")


class Need(NamedTuple):
    """What the topic of an option has to be.

    Attributes
    ----------
    dtypes : tuple of str
        How its type may begin; any type if it is empty.
    items : bool, optional
        Whether its first axis is ``item``; None where that makes no difference.
    axes : tuple of int
        How many axes it may have beside the items; any number if it is empty.
    words : str
        What is expected of items and axes.
    """

    dtypes: tuple[str, ...] = ()
    items: bool | None = True
    axes: tuple[int, ...] = ()
    words: str = ""
