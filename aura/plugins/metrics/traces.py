"""The metric ``traces``: the last stretch of a sampled signal in each phase, such as voltages."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from pydantic import Field

from aura.core.errors import AuraError
from aura.core.signals import Signal
from aura.core.time import Time, parse_time
from aura.plugins.figures import Figure, Text
from aura.plugins.figures import Traces as TraceFigure
from aura.plugins.metrics.metric import Metric
from aura.plugins.metrics.options import MetricOptions, Span, Topic
from aura.plugins.metrics.results import PhaseResults, Results, by_phase
from aura.plugins.metrics.thinning import envelope, evenly
from aura.plugins.words import measured, simulated

if TYPE_CHECKING:
    from aura.core.observer import BrainView

__all__ = ["TraceOptions", "Traces"]

POINTS_MAX = 1200
"""Points of a drawn trace: more than the pixels of a page's width."""

AXES_MAX = 2


class _Block(NamedTuple):
    """One signal: the instant of its last sample, the time that it covers, and its samples (trace, sample)."""

    end: Time
    span: Time
    samples: np.ndarray


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


class Traces(Metric):
    """The last window of each phase, as a line for each trace."""

    kind = "traces"

    def __init__(self, name: str, options: TraceOptions) -> None:
        super().__init__(name, options)
        self.topics = (options.signal,)
        self._window = parse_time(options.window)
        self._span = parse_time(options.span) if options.span else 0
        self._blocks: deque[_Block] = deque()
        self._samples = 0
        self._before: Time = -1
        """When the signal before came; -1 before there was one."""
        self._traces = 0
        self._chosen: np.ndarray | None = None
        self._done: dict[str, tuple[bool, np.ndarray, np.ndarray]] = {}
        """Phases that are over: whether they learned, times in ns and values, (trace, point)."""
        self._unit = "1"

    def check(self, brain: BrainView) -> None:
        where, topic = f"metrics.{self.name}", self.options.signal
        port = self.require_topic(brain, "signal", topic, dtypes=("float", "int", "uint"), items=False)
        if port.has_items or len(port.shape) > AXES_MAX:
            raise AuraError(f"{where}.signal", expected="a topic of (), (trace,) or (trace, sample)",
                            got=f"{topic}: {port.describe()}")
        names = len(self.options.names)
        traces = port.shape[0] if port.shape else 1
        if names and isinstance(traces, int) and names != traces:
            raise AuraError(f"{where}.names", expected=f"{traces} names, one for each trace of {topic}",
                            got=f"{names}")
        self._unit = port.unit

    # --- what happens ---------------------------------------------------------------------------------------------

    def on_signal(self, signal: Signal) -> None:
        now, value = signal.time, signal.value
        samples: np.ndarray = value  # type: ignore[assignment]
        if samples.ndim < AXES_MAX:
            samples = samples.reshape(-1, 1)
        if len(samples) != self._traces:
            self._choose(len(samples))
        if self._chosen is not None:
            samples = samples[self._chosen]
        span = self._span or (now - self._before if self._before >= 0 else 0)
        self._before = now
        count = samples.shape[1]
        if not count:
            return
        blocks = self._blocks
        blocks.append(_Block(now, span, samples))
        self._samples += count
        start, most = now - self._window, self.options.max_samples
        while len(blocks) > 1 and (blocks[0].end <= start or self._samples > most):
            self._samples -= blocks.popleft().samples.shape[1]

    def end_phase(self, now: Time) -> None:
        if self._blocks:
            self._done[self.phase] = (self.learning, *self._picture())
        self._blocks.clear()
        self._samples = 0

    def _choose(self, traces: int) -> None:
        """Take note of how many traces there are, and which of them are kept; it cannot change later."""
        if self._traces:
            raise AuraError(f"metrics.{self.name}.signal", expected=f"{self._traces} traces, as before",
                            got=f"{traces}")
        self._traces = traces
        if traces > self.options.shown:
            self._chosen = evenly(traces, self.options.shown)

    def _picture(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the times (ns, int64) and the values of the points that a picture needs, (trace, point)."""
        blocks = self._blocks
        # The very first signal has none before it to tell what it covers: as much as the next one.
        known = next((block.span for block in blocks if block.span), 0)
        times = np.concatenate([_times(end, span or known, samples.shape[1]) for end, span, samples in blocks])
        values = np.concatenate([samples for _, _, samples in blocks], axis=1)
        inside = np.flatnonzero(times > blocks[-1].end - self._window)
        times, values = times[inside], values[:, inside]
        points = envelope(values, POINTS_MAX)
        return times[points], np.take_along_axis(values, points, axis=1)

    # --- what a person reads --------------------------------------------------------------------------------------

    def results(self) -> dict[str, Any]:
        phases = dict(self._done)
        if self._blocks:
            phases[self.phase] = (self.learning, *self._picture())
        return {"kind": self.kind, "signal": self.options.signal, "unit": self._unit, "all": self._traces,
                "phases": {phase: self._phase_results(*found) for phase, found in phases.items()}}

    def _phase_results(self, learning: bool, times: np.ndarray, values: np.ndarray) -> dict[str, Any]:
        numbers = range(self._traces) if self._chosen is None else self._chosen.tolist()
        names = self.options.names if len(self.options.names) == self._traces \
            else tuple(f"trace {number}" for number in range(self._traces))
        return {"learning": learning, "how": "while learning" if learning else "held-out",
                "summary": {"least": float(values.min()), "largest": float(values.max())},
                "traces": [{"name": names[number], "times": when.tolist(), "values": [_short(v) for v in what.tolist()]}
                           for number, when, what in zip(numbers, times, values, strict=True)]}

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

    # --- saving ---------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        blocks = self._blocks
        return {
            **self.base_state(), "before": self._before, "traces": self._traces,
            "ends": np.array([block.end for block in blocks], dtype=np.int64),
            "spans": np.array([block.span for block in blocks], dtype=np.int64),
            "lengths": np.array([block.samples.shape[1] for block in blocks], dtype=np.int64),
            "samples": np.concatenate([block.samples for block in blocks], axis=1) if blocks else None,
            "done": [[phase, *found] for phase, found in self._done.items()]}

    def load_state(self, state: dict[str, Any]) -> None:
        self.load_base_state(state)
        self._before, self._traces, self._chosen = state["before"], 0, None
        if state["traces"]:
            self._choose(state["traces"])
        self._blocks = deque()
        if state["samples"] is not None:
            parts = np.split(state["samples"], np.cumsum(state["lengths"])[:-1], axis=1)
            self._blocks.extend(map(_Block, state["ends"].tolist(), state["spans"].tolist(), parts))
        self._samples = int(state["lengths"].sum())
        self._done = {phase: (learning, times, values) for phase, learning, times, values in state["done"]}


def _times(end: Time, span: Time, count: int) -> np.ndarray:
    """Return the instants of `count` samples that cover `span` evenly, the last one at its end."""
    return end - span * np.arange(count - 1, -1, -1, dtype=np.int64) // count


def _short(value: float) -> float:
    """Return a number as no picture can tell it from: six digits."""
    return float(f"{value:.6g}")
