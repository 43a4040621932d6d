"""The metric ``volume``: the mean and the last activity of each unit of a three-dimensional grid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from aura.core.errors import AuraError
from aura.core.lasting import Stateful
from aura.core.signals import Signal
from aura.plugins.figures import Column, Figure, Text
from aura.plugins.figures import Volume as VolumeFigure
from aura.plugins.metrics.metric import View
from aura.plugins.metrics.options import MetricOptions, Need, Topic
from aura.plugins.metrics.recent import block_sides, pooled
from aura.plugins.metrics.results import PhaseResults, Results, by_phase, summary_table
from aura.plugins.words import measured

__all__ = ["Volume", "VolumeOptions"]

POINTS_MAX = 3000
"""Points of a drawn volume; a larger grid is drawn as means over blocks."""

AXES = ("x", "y", "z")


class _Activity(Stateful):
    """The sum over one phase's signals, (x, y, z), the items in it, and the last one."""

    lasting = ("items", "sum", "last")

    def __init__(self) -> None:
        self.items = 0
        self.sum: Any = None
        self.last: Any = None


class VolumeOptions(MetricOptions):
    """Options of the metric ``volume``."""

    signal: Topic = Field(description="Topic of numbers, (x, y, z) or (item, x, y, z).")


class Volume(View):
    """Mean and last activity over the grid and along each of its axes, per phase."""

    kind = "volume"
    needs: ClassVar = {"signal": Need(("float", "int", "uint"), items=None, axes=(3,),
                                      words="(x, y, z) or (item, x, y, z)")}

    def new_part(self) -> _Activity:
        return _Activity()

    def on_signal(self, signal: Signal) -> None:
        value = np.asarray(signal.value)
        if not value.size:
            return
        items, activity = value.reshape(-1, *value.shape[-3:]), self.part(self.place())
        if activity.sum is None:
            activity.sum = np.zeros(items.shape[1:])
        elif activity.sum.shape != items.shape[1:]:
            raise AuraError(f"metrics.{self.name}.signal", expected=f"the grid {activity.sum.shape}, as before",
                            got=str(items.shape[1:]))
        activity.sum += items.sum(axis=0, dtype=np.float64)
        activity.items += len(items)
        activity.last = items[-1]

    # --- what a person reads --------------------------------------------------------------------------------------

    def about(self) -> dict[str, Any]:
        return {"signal": self.options.signal, "unit": self.unit(self.options.signal)}

    def tell(self, place: str, part: Any) -> dict[str, Any]:
        mean, last = part.sum / part.items, part.last.astype(np.float64)
        sides = block_sides(mean.shape, POINTS_MAX)
        profiles = [{"axis": name, "mean": _profile(mean, axis), "last": _profile(last, axis)}
                    for axis, name in enumerate(AXES)]
        summary = {"mean": float(mean.mean()), "least": float(mean.min()), "largest": float(mean.max())}
        squares = float((mean**2).mean())
        if summary["least"] >= 0 and squares > 0:
            # Treves & Rolls 1991, doi:10.1088/0954-898X_2_4_004: 1 where all are as active, 1/n where one of n is.
            summary["sparseness"] = summary["mean"] ** 2 / squares
        return {"items": part.items, "summary": summary,
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


def _profile(values: np.ndarray, axis: int) -> list[float]:
    """Return the means over the other two axes."""
    return _short(values.mean(axis=tuple(other for other in range(values.ndim) if other != axis)))


def _short(values: np.ndarray) -> list[float]:
    """Return numbers, in C order, as no picture can tell them from: five digits."""
    return [float(f"{value:.5g}") for value in values.ravel().tolist()]
