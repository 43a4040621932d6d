"""The metric ``raster``: which cells spiked when, at the end of each phase, and how often over the whole run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field, PositiveInt

from aura.core.errors import AuraError
from aura.core.signals import Signal
from aura.core.time import MS, S, Time, parse_time
from aura.plugins.figures import Column, Figure, Rate, Text
from aura.plugins.figures import Raster as RasterFigure
from aura.plugins.metrics.metric import Metric
from aura.plugins.metrics.options import MetricOptions, Span, Topic
from aura.plugins.metrics.rate_bins import RateBins
from aura.plugins.metrics.results import PhaseResults, Results, by_phase, summary_table
from aura.plugins.metrics.spike_window import SpikeWindow
from aura.plugins.metrics.thinning import evenly
from aura.plugins.words import count, simulated

if TYPE_CHECKING:
    from aura.core.observer import BrainView
    from aura.core.ports import Port

__all__ = ["Raster", "RasterOptions"]

MARKS_MAX = 10_000
"""Spikes of a drawn raster; where more fall into it, fewer cells are shown."""

_View = tuple[Time, Time, int, np.ndarray, np.ndarray]
"""Start and end of a phase's raster, the spikes of the phase, and cells and times of the raster."""


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


class Raster(Metric):
    """The spikes of the last window of each phase, the mean rate of each phase, and the population rate of the run."""

    kind = "raster"

    def __init__(self, name: str, options: RasterOptions) -> None:
        super().__init__(name, options)
        self.topics = (options.spikes,) if options.times is None else (options.spikes, options.times)
        self._window = SpikeWindow(parse_time(options.window), options.max_spikes)
        self._bins = RateBins(parse_time(options.bin))
        self._largest = -1
        self._now: Time = 0
        self._spikes: np.ndarray | None = None
        self._times: np.ndarray | None = None
        self._began: Time = 0
        self._count = 0
        """Spikes of the present phase."""
        self._done: dict[str, tuple[bool, float, _View]] = {}
        """Phases that are over: whether they learned, how long they were in ns, and what they left."""
        self._chosen: np.ndarray | None = None
        if options.cells is not None and options.cells > options.shown:
            self._chosen = np.zeros(options.cells, dtype=bool)
            self._chosen[evenly(options.cells, options.shown)] = True

    def check(self, brain: BrainView) -> None:
        options = self.options
        port = self._require_row(brain, "spikes", options.spikes, ("int", "uint"))
        if options.cells is not None and port.range is not None and port.range[1] >= options.cells:
            raise AuraError(f"metrics.{self.name}.cells", got=str(options.cells),
                            expected=f"{int(port.range[1]) + 1} cells, as {options.spikes} tells")
        if options.times is not None:
            port = self._require_row(brain, "times", options.times, ("float",))
            if port.unit not in ("ms", "1"):
                raise AuraError(f"metrics.{self.name}.times", expected="a topic in ms",
                                got=f"{options.times}: {port.describe()}")

    def _require_row(self, brain: BrainView, option: str, topic: str, dtypes: tuple[str, ...]) -> Port:
        port = self.require_topic(brain, option, topic, dtypes=dtypes, items=False)
        if len(port.shape) != 1 or port.has_items:
            raise AuraError(f"metrics.{self.name}.{option}", expected="a topic of (spike,)",
                            got=f"{topic}: {port.describe()}")
        return port

    # --- what happens ---------------------------------------------------------------------------------------------

    def on_signal(self, signal: Signal) -> None:
        if signal.topic == self.options.spikes:
            self._spikes = signal.value  # type: ignore[assignment]
        else:
            self._times = signal.value  # type: ignore[assignment]

    def after_tick(self, now: Time) -> None:
        self._now = now
        # Only here: both topics of the tick have spoken, whatever their order.
        if self._spikes is None and self._times is None:
            return
        cells, said, self._spikes, self._times = self._spikes, self._times, None, None
        if self.options.times is None and cells is not None:
            said = np.full(len(cells), now / MS)
        if cells is None or said is None or len(cells) != len(said):
            raise AuraError(f"metrics.{self.name}", expected="as many instants as spikes in each tick",
                            got=f"{_told(said)} of {self.options.times} and {_told(cells)} of {self.options.spikes}")
        if len(cells):
            self._take(now, cells, np.rint(said * MS).astype(np.int64))

    def end_phase(self, now: Time) -> None:
        if self._count or self._now > self._began:
            self._done[self.phase] = (self.learning, float(now - self._began), self._view(now))
        self._window.clear(now)
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
        self._window.add(now, cells, times)

    def _view(self, now: Time) -> _View:
        start, cells, times = self._window.seen_from(now)
        return start, now, self._count, cells, times

    # --- what a person reads --------------------------------------------------------------------------------------

    @property
    def cells(self) -> int:
        """How many cells there are, as far as is known."""
        return self.options.cells or self._largest + 1

    def headline(self) -> dict[str, float]:
        span = self._now - self._began
        return {"rate_hz": self._count * S / span / self.cells} if self._count and span > 0 else {}

    def results(self) -> dict[str, Any]:
        phases = dict(self._done)
        if self._now > self._began:
            phases[self.phase] = (self.learning, float(self._now - self._began), self._view(self._now))
        return {"kind": self.kind, "signal": self.options.spikes, "all": self.cells,
                "phases": {phase: self._phase_results(*found) for phase, found in phases.items()} if self.cells else {},
                "rate": {"width": self._bins.width, "end": self._now, "counts": self._bins.counts.tolist()}}

    def _phase_results(self, learning: bool, span: float, view: _View) -> dict[str, Any]:
        start, end, spikes, cells, times = view
        shown = evenly(self.cells, self.options.shown)
        inside = np.isin(cells, shown)
        while inside.sum() > MARKS_MAX and len(shown) > 1:
            shown = shown[::2]
            inside = np.isin(cells, shown)
        cells, times = cells[inside], times[inside]
        order = np.lexsort((times, cells))
        return {"learning": learning, "how": "while learning" if learning else "held-out",
                "summary": {"rate_hz": spikes * S / span / self.cells if span else 0.0, "spikes": float(spikes)},
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

    # --- saving ---------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        return {**self.base_state(), "window": self._window.state(), "bins": self._bins.state(),
                "largest": self._largest, "now": self._now, "began": self._began, "count": self._count,
                "waiting": [self._spikes, self._times],
                "done": [[phase, learning, span, *view] for phase, (learning, span, view) in self._done.items()]}

    def load_state(self, state: dict[str, Any]) -> None:
        self.load_base_state(state)
        self._window.load_state(state["window"])
        self._bins.load_state(state["bins"])
        self._largest, self._now = state["largest"], state["now"]
        self._began, self._count = state["began"], state["count"]
        self._spikes, self._times = state["waiting"]
        self._done = {phase: (learning, span, tuple(view)) for phase, learning, span, *view in state["done"]}


def _told(values: np.ndarray | None) -> str:
    return "none" if values is None else str(len(values))
