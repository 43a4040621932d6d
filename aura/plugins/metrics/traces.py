"""The metric ``traces``: the last stretch of a sampled signal in each phase, such as voltages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import Field

from aura.core.errors import AuraError
from aura.core.signals import Signal
from aura.core.time import Time, parse_time
from aura.plugins.figures import Figure, Text
from aura.plugins.figures import Traces as TraceFigure
from aura.plugins.metrics.options import MetricOptions, Need, Span, Topic
from aura.plugins.metrics.recent import LastStretch, Recent, envelope, evenly
from aura.plugins.metrics.results import PhaseResults, Results, by_phase
from aura.plugins.words import measured, simulated

if TYPE_CHECKING:
    from aura.core.observer import BrainView

__all__ = ["TraceOptions", "Traces"]

POINTS_MAX = 1200
"""Points of a drawn trace: more than the pixels of a page's width."""


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


class Traces(LastStretch):
    """The last window of each phase, as a line for each trace."""

    kind = "traces"
    needs: ClassVar = {"signal": Need(("float", "int", "uint"), items=False, axes=(0, 1, 2),
                                      words="(), (trace,) or (trace, sample)")}
    lasting = ("_before", "_traces")

    def __init__(self, name: str, options: TraceOptions) -> None:
        super().__init__(name, options, Recent(parse_time(options.window), options.max_samples))
        self._span = parse_time(options.span) if options.span else 0
        self._before: Time = -1
        """When the signal before came; -1 before there was one."""
        self._traces = 0

    def check(self, brain: BrainView) -> None:
        super().check(brain)
        topic, names = self.options.signal, len(self.options.names)
        shape = self.require_topic(brain, "signal", topic, items=False).shape
        traces = shape[0] if shape else 1
        if names and isinstance(traces, int) and names != traces:
            raise AuraError(f"metrics.{self.name}.names", expected=f"{traces} names, one for each trace of {topic}",
                            got=f"{names}")

    def on_signal(self, signal: Signal) -> None:
        now, samples = signal.time, np.asarray(signal.value)
        if samples.ndim < 2:
            samples = samples.reshape(-1, 1)
        if self._traces and len(samples) != self._traces:
            raise AuraError(f"metrics.{self.name}.signal", expected=f"{self._traces} traces, as before",
                            got=f"{len(samples)}")
        self._traces = len(samples)
        if self._traces > self.options.shown:
            samples = samples[evenly(self._traces, self.options.shown)]
        covers = self._span or (now - self._before if self._before >= 0 else 0)
        self._before = now
        if samples.shape[1]:
            self._recent.add(now, samples, covers)

    def seen(self, now: Time) -> tuple[np.ndarray, np.ndarray] | None:
        """Return the times (ns, int64) and the values of the points that a picture needs, (trace, point)."""
        blocks = self._recent.blocks
        if not blocks:
            return None
        # The very first signal has none before it to tell what it covers: as much as the next one.
        known = next((block.covers for block in blocks if block.covers), 0)
        times = np.concatenate([_times(end, covers or known, samples.shape[1]) for end, covers, samples in blocks])
        inside = np.flatnonzero(times > blocks[-1].end - self._recent.span)
        times, values = times[inside], self._recent.samples()[:, inside]
        points = envelope(values, POINTS_MAX)
        return times[points], np.take_along_axis(values, points, axis=1)

    # --- what a person reads --------------------------------------------------------------------------------------

    def results(self) -> dict[str, Any]:
        return {**super().results(), "phases": self.phases(0)}

    def about(self) -> dict[str, Any]:
        return {"signal": self.options.signal, "unit": self.unit(self.options.signal), "all": self._traces}

    def tell(self, place: str, part: Any) -> dict[str, Any]:
        times, values = part
        names = self.options.names if len(self.options.names) == self._traces \
            else tuple(f"trace {number}" for number in range(self._traces))
        return {"summary": {"least": float(values.min()), "largest": float(values.max())},
                "traces": [{"name": names[number], "times": when.tolist(), "values": [_short(v) for v in what.tolist()]}
                           for number, when, what in zip(evenly(self._traces, self.options.shown).tolist(), times,
                                                         values, strict=True)]}

    @classmethod
    def figures(cls, found: Results, others: Mapping[str, Results]) -> list[Figure]:
        """Return the traces at the end of the phases."""

        def show(name: str, phase: PhaseResults) -> Iterator[Figure]:
            lines, known = phase.more.get("traces"), found.more["all"]
            if lines:
                span = simulated(max(line["times"][-1] for line in lines) - min(line["times"][0] for line in lines))
                least, largest = (pick(pick(line["values"]) for line in lines) for pick in (min, max))
                of = f"each of {len(lines)} of {known} traces" if len(lines) < known else "each trace"
                yield TraceFigure(
                    traces=lines, quantity=found.quantity,
                    alt=f"{found.signal} over the last {span} of the phase {name}, a line for {of}.",
                    caption=f"The last {span} of the phase, {of} in a row of its own, all to one scale: from "
                            f"{measured(least, found.unit)} to {measured(largest, found.unit)}.")

        return [Text(text=f"{found.signal} as it was sampled, at the end of each phase.", kind="about"),
                *by_phase(found, "Traces", show)]


def _times(end: Time, span: Time, count: int) -> np.ndarray:
    """Return the instants of `count` samples that cover `span` evenly, the last one at its end."""
    return end - span * np.arange(count - 1, -1, -1, dtype=np.int64) // count


def _short(value: float) -> float:
    """Return a number as no picture can tell it from: six digits."""
    return float(f"{value:.6g}")
