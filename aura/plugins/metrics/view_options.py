"""What the metrics that show a tissue may be told. Light: nothing here computes."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, PositiveInt

from aura.plugins.metrics.kind import MetricOptions
from aura.plugins.metrics.options import Span, Topic

__all__ = ["GroupedOptions", "MapOptions", "RasterOptions", "TraceOptions", "VolumeOptions"]


class TraceOptions(MetricOptions):
    """Options of the metric ``traces``."""

    signal: Topic = Field(
        description="Topic of numbers: (), (trace,) or (trace, sample), the last sample at the signal's time.")
    window: Span = Field("1 s", description="How far back the traces of each phase reach from its end.")
    span: Span | None = Field(
        None,
        description="How much time the samples of one signal cover; by default the time since the signal before "
                    "it.")
    names: tuple[str, ...] = Field((), description="The traces' names; by default they are numbered.")
    shown: int = Field(8, ge=1, le=24, description="Traces that are kept, evenly chosen where there are more.")
    max_samples: int = Field(
        50_000, ge=2,
        description="Samples kept of each trace; where more fall into the window, it reaches less far back.")


class RasterOptions(MetricOptions):
    """Options of the metric ``raster``."""

    spikes: Topic = Field(description="Topic of the indices of the cells that spiked, (spike,).")
    times: Topic | None = Field(
        None,
        description="Topic of the instants of these spikes in ms, (spike,), said in the same tick; by default each "
                    "spikes at the time of its signal.")
    cells: PositiveInt | None = Field(
        None,
        description="How many cells there are; by default as many as the largest index that has spiked tells.")
    window: Span = Field("1 s", description="How far back the raster of each phase reaches from its end.")
    shown: int = Field(120, ge=1, le=1000, description="Cells in the raster, evenly chosen where there are more.")
    bin: Span = Field(
        "5 ms",
        description="Width of the bins of the population rate; it doubles whenever there are more than a thousand "
                    "of them.")
    max_spikes: int = Field(
        200_000, ge=1,
        description="Spikes kept for the raster; where more fall into the window, it reaches less far back.")


class MapOptions(MetricOptions):
    """Options of the metric ``map``."""

    winner: Topic = Field(description="Topic of the index of the winning unit of each item, (item,).")
    truth: Topic | None = Field(
        None,
        description="Topic of tags (label sets), of text or of integers, as for classification; by default "
                    "only the wins are counted.")
    shape: Annotated[tuple[PositiveInt, ...], Field(min_length=1, max_length=3)] = Field(
        description="The units along x, y and z; the last axis changes fastest in the index (C order). One or two "
                    "axes will do.")
    pending: int | None = Field(
        None, ge=1,
        description="Items that may wait for their other side; the oldest beyond it are counted as unmatched. By "
                    "default as many as the wiring needs, and 10,000 at least.")
    max_classes: int = Field(
        1000, ge=2, le=10_000,
        description='Labels counted apart; what comes beyond is counted as one label "(other)".')


class VolumeOptions(MetricOptions):
    """Options of the metric ``volume``."""

    signal: Topic = Field(description="Topic of numbers, (x, y, z) or (item, x, y, z).")


class GroupedOptions(MetricOptions):
    """Options of the metric ``grouped``."""

    value: Topic = Field(description="Topic of numbers; of several the mean is taken.")
    group: Topic = Field(
        description="Topic of one text or one integer, said in the same tick: what the numbers are grouped by.")
    every: Span = Field("100 ms", description="One row in so much simulated time, of the means since the last one.")
    max_rows: int = Field(
        2000, ge=10,
        description="After so many rows the interval doubles, so that rows grow with the logarithm of time only.")
    max_groups: int = Field(
        16, ge=2, le=100,
        description='Groups told apart; what comes beyond is one group "(other)".')
