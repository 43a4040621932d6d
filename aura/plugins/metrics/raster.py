"""The metric ``raster``: which cells spiked when, at the end of each phase, and how often over the whole run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import Field, PositiveInt

from aura.core.errors import AuraError
from aura.core.lasting import Free, Lasting, Stateful
from aura.core.signals import Signal
from aura.core.time import MS, S, Time, parse_time
from aura.plugins.figures import Column, Figure, Rate, Text
from aura.plugins.figures import Raster as RasterFigure
from aura.plugins.metrics.options import MetricOptions, Need, Span, Topic
from aura.plugins.metrics.recent import LastStretch, Recent, evenly
from aura.plugins.metrics.results import PhaseResults, Results, by_phase, summary_table
from aura.plugins.words import count, simulated

if TYPE_CHECKING:
    from aura.core.observer import BrainView

__all__ = ["Raster", "RasterOptions"]

BINS_MAX = 1024
"""Bins at most: after the first merge there are always more than half as many, enough for a page's width."""
MARKS_MAX = 10_000
"""Spikes of a drawn raster; where more fall into it, fewer cells are shown."""

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


class RateBins(Stateful):
    """Events counted by the bin in which they fall, from time 0 on; bins merge in pairs whenever there are too many.

    Parameters
    ----------
    width : int
        Nanoseconds of a bin, at first.

    Examples
    --------
    >>> bins = RateBins(width=10)
    >>> bins.add(np.array([0, 9, 10, 35]))
    >>> bins.counts.tolist()
    [2, 1, 0, 1]
    >>> bins.add(np.array([10 * BINS_MAX]))
    >>> bins.width, bins.counts[:2].tolist(), len(bins.counts)
    (20, [3, 1], 513)
    """

    lasting = ("width", Free("counts"))

    def __init__(self, width: Time) -> None:
        self.width = width
        self.counts = np.zeros(0, dtype=np.int64)
        """The events of each bin up to the last that has any, int64 (bin,)."""

    def add(self, times: np.ndarray) -> None:
        """Count events at these instants in nanoseconds, int64; what lies before 0 counts for the first bin."""
        if not len(times):
            return
        while times.max() // self.width >= BINS_MAX:
            self.width *= 2
            self.counts = np.add.reduceat(self.counts, np.arange(0, len(self.counts), 2)) if len(self.counts) \
                else self.counts
        new = np.bincount(np.maximum(times // self.width, 0), minlength=len(self.counts))
        new[:len(self.counts)] += self.counts
        self.counts = new


class Raster(LastStretch):
    """The spikes of the last window of each phase, the mean rate of each phase, and the population rate of the run."""

    kind = "raster"
    needs: ClassVar = {"spikes": Need(("int", "uint"), items=False, axes=(1,), words="(spike,)"),
                       "times": Need(("float",), items=False, axes=(1,), words="(spike,)")}
    lasting = ("_bins", "_largest", "_now", "_began", "_count", Lasting("_published", key="said"))

    def __init__(self, name: str, options: RasterOptions) -> None:
        super().__init__(name, options, Recent(parse_time(options.window), options.max_spikes))
        self._bins = RateBins(parse_time(options.bin))
        self._largest = -1
        self._now: Time = 0
        self._began: Time = 0
        self._count = 0
        """Spikes of the present phase."""
        self._published: dict[str, np.ndarray] = {}
        """What the topics of the present tick have published."""
        self._chosen: np.ndarray | None = None
        if options.cells is not None and options.cells > options.shown:
            self._chosen = np.zeros(options.cells, dtype=bool)
            self._chosen[evenly(options.cells, options.shown)] = True

    def check(self, brain: BrainView) -> None:
        super().check(brain)
        options = self.options
        port = self.require_topic(brain, "spikes", options.spikes, items=False)
        if options.cells is not None and port.range is not None and port.range[1] >= options.cells:
            raise AuraError(f"metrics.{self.name}.cells", got=str(options.cells),
                            expected=f"{int(port.range[1]) + 1} cells, as {options.spikes} tells")
        if options.times is not None and self.unit(options.times) not in ("ms", "1"):
            port = self.require_topic(brain, "times", options.times, items=False)
            raise AuraError(f"metrics.{self.name}.times", expected="a topic in ms",
                            got=f"{options.times}: {port.describe()}")

    # --- what happens ---------------------------------------------------------------------------------------------

    def on_signal(self, signal: Signal) -> None:
        self._published[signal.topic] = np.asarray(signal.value)

    def after_tick(self, now: Time) -> None:
        self._now = now
        # Only here: both topics of the tick have spoken, whatever their order.
        if not self._published:
            return
        options, (published, self._published) = self.options, (self._published, {})
        cells = published.get(options.spikes)
        times = (published.get(options.times) if options.times
                 else None if cells is None else np.full(len(cells), now / MS))
        if cells is None or times is None or len(cells) != len(times):
            raise AuraError(f"metrics.{self.name}", expected="as many instants as spikes in each tick",
                            got=f"{_how_many(times)} of {options.times} and {_how_many(cells)} of {options.spikes}")
        if len(cells):
            self._take(now, cells, np.rint(times * MS).astype(np.int64))

    def end_phase(self, now: Time) -> None:
        super().end_phase(now)
        self._began, self._count = now, 0

    def _take(self, now: Time, cells: np.ndarray, times: np.ndarray) -> None:
        least, largest, known = int(cells.min()), int(cells.max()), self.options.cells
        if least < 0 or (known is not None and largest >= known):
            raise AuraError(f"metrics.{self.name}.cells", got=f"the cell {least if least < 0 else largest}",
                            expected="cells from 0 on" if known is None else f"cells from 0 to {known - 1}")
        self._largest = max(self._largest, largest)
        self._count += len(cells)
        self._bins.add(times)
        if self._chosen is not None:
            inside = self._chosen[cells]
            cells, times = cells[inside], times[inside]
        self._recent.add(now, np.stack([cells.astype(np.int64), times]))

    def seen(self, now: Time) -> tuple[Any, ...] | None:
        """Return how long the phase has been in ns, start and end of its raster, its spikes, and those of the raster
        as cells and times, int64 (2, spike).
        """
        if not self._count and self._now <= self._began:
            return None
        recent = self._recent
        start = max(recent.since, now - recent.span)
        spikes = recent.samples() if recent.blocks else np.zeros((2, 0), dtype=np.int64)
        return float(now - self._began), start, now, self._count, spikes[:, spikes[1] > start]

    # --- what a person reads --------------------------------------------------------------------------------------

    @property
    def cells(self) -> int:
        """How many cells there are, as far as is known."""
        return self.options.cells or self._largest + 1

    def headline(self) -> dict[str, float]:
        span = self._now - self._began
        return {"rate_hz": self._count * S / span / self.cells} if self._count and span > 0 else {}

    def results(self) -> dict[str, Any]:
        return {**super().results(), "phases": self.phases(self._now) if self.cells else {}}

    def about(self) -> dict[str, Any]:
        return {"signal": self.options.spikes, "all": self.cells, "rate": {
            "width": self._bins.width, "end": self._now, "counts": self._bins.counts.tolist()}}

    def tell(self, place: str, part: Any) -> dict[str, Any]:
        span, start, end, spikes, (cells, times) = part
        shown = evenly(self.cells, self.options.shown)
        inside = np.isin(cells, shown)
        while inside.sum() > MARKS_MAX and len(shown) > 1:
            shown = shown[::2]
            inside = np.isin(cells, shown)
        cells, times = cells[inside], times[inside]
        order = np.lexsort((times, cells))
        return {"summary": {"rate_hz": spikes * S / span / self.cells if span else 0.0, "spikes": float(spikes)},
                "raster": {"start": start, "end": end, "cells": shown.tolist(),
                           "rows": np.searchsorted(shown, cells[order]).tolist(), "times": times[order].tolist()}}

    @classmethod
    def figures(cls, found: Results, others: Mapping[str, Results]) -> list[Figure]:
        """Return the population rate of the run, the rate of each phase, and the spikes at the end of the phases."""
        cells, rate = found.more["all"], found.more.get("rate")

        def show(name: str, phase: PhaseResults) -> Iterator[Figure]:
            raster = phase.more.get("raster")
            if raster and raster["cells"]:
                shown, spiked, spikes = len(raster["cells"]), len(set(raster["rows"])), len(raster["rows"])
                who = f"{shown} of {count(cells)} cells, evenly chosen" if shown < cells \
                    else f"all {count(cells)} cells"
                yield RasterFigure(
                    **raster, alt=f"Spikes of {shown} cells at the end of the phase {name}.",
                    caption=f"Each mark is one spike of one cell: {who}, in the last "
                            f"{simulated(raster['end'] - raster['start'])} of the phase; {spiked} of them spiked, "
                            f"{count(spikes)} times in all.")

        parts: list[Figure] = []
        if rate and rate["counts"]:
            parts.append(Rate(**rate, cells=cells, alt=f"Mean rate of all cells of {found.signal} over simulated time.",
                              caption="Mean rate of all cells over the whole run; phases without learning are shaded."))
        parts += summary_table(found, {"spikes": Column(name="spikes", kind="count"), "rate_hz": Column(
            name="mean rate of a cell, Hz", kind="measured")}, items=False, caption="All spikes of each phase.")
        return [Text(text=f"Spikes of {count(cells)} cells, as {found.signal} tells them.", kind="about"),
                *(parts or [Text(text="No cell has spiked.")]), *by_phase(found, "Spikes", show)]


def _how_many(values: np.ndarray | None) -> str:
    return "none" if values is None else str(len(values))
