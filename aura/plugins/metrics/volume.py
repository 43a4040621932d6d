"""The metric ``volume``: the mean and the last activity of each unit of a three-dimensional grid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from aura.core.errors import AuraError
from aura.core.signals import Signal
from aura.plugins.figures import Column, Figure, Text
from aura.plugins.figures import Volume as VolumeFigure
from aura.plugins.metrics.metric import Metric
from aura.plugins.metrics.options import MetricOptions, Topic
from aura.plugins.metrics.pooling import block_sides, pooled
from aura.plugins.metrics.results import PhaseResults, Results, by_phase, summary_table
from aura.plugins.words import measured

if TYPE_CHECKING:
    from aura.core.observer import BrainView

__all__ = ["Volume", "VolumeOptions"]

POINTS_MAX = 3000
"""Points of a drawn volume; a larger grid is drawn as means over blocks."""

AXES = ("x", "y", "z")


class _Activity:
    """The sum over one phase's signals, float64 (x, y, z), the items in it, and the last one."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.items = 0
        self.sum = np.zeros(shape)
        self.last = np.zeros(shape)


class VolumeOptions(MetricOptions):
    """Options of the metric ``volume``."""

    signal: Topic = Field(description="Topic of numbers, (x, y, z) or (item, x, y, z).")


class Volume(Metric):
    """Mean and last activity over the grid and along each of its axes, per phase."""

    kind = "volume"

    def __init__(self, name: str, options: VolumeOptions) -> None:
        super().__init__(name, options)
        self.topics = (options.signal,)
        self._phases: dict[str, _Activity] = {}
        self._unit = "1"

    def check(self, brain: BrainView) -> None:
        topic = self.options.signal
        port = self.require_topic(brain, "signal", topic, dtypes=("float", "int", "uint"), items=False)
        if len(port.shape) - port.has_items != len(AXES):
            raise AuraError(f"metrics.{self.name}.signal", expected="a topic of (x, y, z) or (item, x, y, z)",
                            got=f"{topic}: {port.describe()}")
        self._unit = port.unit

    # --- what happens ---------------------------------------------------------------------------------------------

    def on_signal(self, signal: Signal) -> None:
        value: np.ndarray = signal.value  # type: ignore[assignment]
        shape = value.shape[-3:]
        if not value.size:
            return
        place = self.place()
        activity = self._phases.get(place)
        if activity is None:
            activity = self._phases[place] = _Activity(shape)
        elif activity.sum.shape != shape:
            raise AuraError(f"metrics.{self.name}.signal", expected=f"the grid {activity.sum.shape}, as before",
                            got=str(shape))
        if value.ndim == len(AXES):
            activity.sum += value
            activity.items += 1
            activity.last = value
        else:
            activity.sum += value.sum(axis=0, dtype=np.float64)
            activity.items += len(value)
            activity.last = value[-1]

    # --- what a person reads --------------------------------------------------------------------------------------

    def results(self) -> dict[str, Any]:
        return {"kind": self.kind, "signal": self.options.signal, "unit": self._unit,
                "phases": {phase: self._phase_results(phase, activity) for phase, activity in self._phases.items()}}

    def _phase_results(self, phase: str, activity: _Activity) -> dict[str, Any]:
        mean, last = activity.sum / activity.items, activity.last.astype(np.float64)
        sides = block_sides(mean.shape, POINTS_MAX)
        profiles = [{"axis": name, "mean": _profile(mean, axis), "last": _profile(last, axis)}
                    for axis, name in enumerate(AXES)]
        summary = {"mean": float(mean.mean()), "least": float(mean.min()), "largest": float(mean.max())}
        squares = float((mean**2).mean())
        if summary["least"] >= 0 and squares > 0:
            # Treves & Rolls 1991, doi:10.1088/0954-898X_2_4_004: 1 where all are as active, 1/n where one of n is.
            summary["sparseness"] = summary["mean"] ** 2 / squares
        return {**self.what(phase, judged=False), "items": activity.items, "summary": summary,
                "volume": {"shape": list(mean.shape), "sides": list(sides),
                           "most_active": [int(place) for place in np.unravel_index(mean.argmax(), mean.shape)],
                           "mean": _short(pooled(mean, sides)), "last": _short(pooled(last, sides)),
                           "profiles": profiles}}

    @classmethod
    def figures(cls, found: Results, others: Mapping[str, Results]) -> list[Figure]:
        """Return the activity of the grid in three dimensions and along its axes."""

        def show(name: str, phase: PhaseResults) -> Iterator[Figure]:
            if volume := phase.more.get("volume"):
                grid = {key: value for key, value in volume.items() if key != "most_active"}
                size, block = (" × ".join(map(str, volume[key])) for key in ("shape", "sides"))
                what = "a unit" if max(volume["sides"]) == 1 else f"the mean of a block of {block} units"
                where = ", ".join(map(str, volume["most_active"]))
                yield VolumeFigure(
                    **grid, quantity=found.signal, unit=found.unit,
                    alt=f"Mean and last {found.signal} of each unit of {size} in the phase {name}.",
                    caption=f"Each point is {what}, the larger and stronger the more active it is. On average unit "
                            f"({where}) was the most active, with "
                            f"{measured(phase.summary.get('largest'), found.unit)}.")

        columns = {key: Column(name=key, kind="measured") for key in ("mean", "least", "largest", "sparseness")}
        caption = (f"The units' means over each phase, {found.quantity}. Sparseness is 1 where all units are equally "
                   "active, and near 0 where few are active at all.")
        return [Text(text=f"{found.signal} over the grid, on average and at the end of each phase.", kind="about"),
                *summary_table(found, columns, items=False, caption=caption), *by_phase(found, "Activity", show)]

    # --- saving ---------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        return {**self.base_state(),
                "phases": [[phase, activity.items, activity.sum.copy(), activity.last]
                           for phase, activity in self._phases.items()]}

    def load_state(self, state: dict[str, Any]) -> None:
        self.load_base_state(state)
        self._phases = {}
        for phase, items, total, last in state["phases"]:
            activity = self._phases[phase] = _Activity(total.shape)
            activity.items, activity.sum, activity.last = items, total, last


def _profile(values: np.ndarray, axis: int) -> list[float]:
    """Return the means over the other two axes."""
    return _short(values.mean(axis=tuple(other for other in range(values.ndim) if other != axis)))


def _short(values: np.ndarray) -> list[float]:
    """Return numbers, in C order, as no picture can tell them from: five digits."""
    return [float(f"{value:.5g}") for value in values.ravel().tolist()]
