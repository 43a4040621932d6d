"""The learning rate over the expected length of a stream."""

from __future__ import annotations

import math

from aura.zones.amygdala.learners.network_options import ScheduleOptions

__all__ = ["rate_at"]


def rate_at(schedule: ScheduleOptions, items: float) -> float:
    """Return the factor on the learning rate after so many items, those of the present step among them.

    Examples
    --------
    >>> schedule = ScheduleOptions(kind="linear", items=100, warmup=0.1, floor=0.0)
    >>> [round(rate_at(schedule, items), 2) for items in (5, 10, 55, 100, 200)]
    [0.5, 1.0, 0.5, 0.0, 0.0]
    """
    if schedule.items is None:
        return 1.0
    warm = schedule.warmup * schedule.items
    if items < warm:
        return items / warm
    if schedule.kind == "constant":
        return 1.0
    done = min(1.0, (items - warm) / (schedule.items - warm))
    left = 1.0 - done if schedule.kind == "linear" else 0.5 * (1.0 + math.cos(math.pi * done))
    return schedule.floor + (1.0 - schedule.floor) * left
