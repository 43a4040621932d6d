"""What the metrics that show a tissue may be told. Light: nothing here computes."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, PositiveInt

from aura.plugins.metrics.kind import MetricOptions
from aura.plugins.metrics.options import Span, Topic

__all__ = ["GroupedOptions", "MapOptions", "RasterOptions", "TraceOptions", "VolumeOptions"]


class TraceOptions(MetricOptions):
    """Options of the metric ``traces``.

    Parameters
    ----------
    signal : str
        Topic of numbers: (), (trace,) or (trace, sample), the last sample at the signal's time.
    window : str
        How far back the traces of each phase reach from its end.
    span : str, optional
        How much time the samples of one signal cover; by default the time since the signal before it.
    names : tuple of str
        The traces' names; by default they are numbered.
    shown : int
        Traces that are kept, evenly chosen where there are more.
    max_samples : int
        Samples kept of each trace; where more fall into the window, it reaches less far back.
    """

    signal: Topic
    window: Span = "1 s"
    span: Span | None = None
    names: tuple[str, ...] = ()
    shown: int = Field(8, ge=1, le=24)
    max_samples: int = Field(50_000, ge=2)


class RasterOptions(MetricOptions):
    """Options of the metric ``raster``.

    Parameters
    ----------
    spikes : str
        Topic of the indices of the cells that spiked, (spike,).
    times : str, optional
        Topic of the instants of these spikes in ms, (spike,), said in the same tick; by default each spikes at the
        time of its signal.
    cells : int, optional
        How many cells there are; by default as many as the largest index that has spiked tells.
    window : str
        How far back the raster of each phase reaches from its end.
    shown : int
        Cells in the raster, evenly chosen where there are more.
    bin : str
        Width of the bins of the population rate; it doubles whenever there are more than a thousand of them.
    max_spikes : int
        Spikes kept for the raster; where more fall into the window, it reaches less far back.
    """

    spikes: Topic
    times: Topic | None = None
    cells: PositiveInt | None = None
    window: Span = "1 s"
    shown: int = Field(120, ge=1, le=1000)
    bin: Span = "5 ms"
    max_spikes: int = Field(200_000, ge=1)


class MapOptions(MetricOptions):
    """Options of the metric ``map``.

    Parameters
    ----------
    winner : str
        Topic of the index of the winning unit of each item, (item,).
    truth : str, optional
        Topic of tags (label sets), of text or of integers, as for ``classification``; by default only the wins are
        counted.
    shape : tuple of int
        The units along x, y and z; the last axis changes fastest in the index (C order). One or two axes will do.
    pending : int
        As for ``classification``.
    max_classes : int
        Labels counted apart; what comes beyond is counted as one label "(other)".
    """

    winner: Topic
    truth: Topic | None = None
    shape: Annotated[tuple[PositiveInt, ...], Field(min_length=1, max_length=3)]
    pending: int = Field(10_000, ge=1)
    max_classes: int = Field(1000, ge=2, le=10_000)


class VolumeOptions(MetricOptions):
    """Options of the metric ``volume``.

    Parameters
    ----------
    signal : str
        Topic of numbers, (x, y, z) or (item, x, y, z).
    """

    signal: Topic


class GroupedOptions(MetricOptions):
    """Options of the metric ``grouped``.

    Parameters
    ----------
    value : str
        Topic of numbers; of several the mean is taken.
    group : str
        Topic of one text or one integer, said in the same tick: what the numbers are grouped by.
    every : str
        One row in so much simulated time, of the means since the last one.
    max_rows : int
        After so many rows the interval doubles, so that rows grow with the logarithm of time only.
    max_groups : int
        Groups told apart; what comes beyond is one group "(other)".
    """

    value: Topic
    group: Topic
    every: Span = "100 ms"
    max_rows: int = Field(2000, ge=10)
    max_groups: int = Field(16, ge=2, le=100)
