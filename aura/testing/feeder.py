"""The zone that feeds the zone under test."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from aura.core.ports import Port
from aura.core.seeding import generator_for
from aura.core.signals import Inputs, Items
from aura.core.time import Time, format_time
from aura.core.zone import Manifest, Outputs, Zone
from aura.testing.subject import Subject
from aura.testing.values import AXIS_LENGTH, random_value

__all__ = ["Feed", "feeder"]


@dataclass(frozen=True, slots=True)
class Feed:
    """What is played to the zone under test.

    Parameters
    ----------
    seed : int
        Decides all values.
    label_seed : int
        Decides the labels.
    counts : function, optional
        Tick to the number of items; by default it goes round from 1 to the subject's most.
    label_shift : int
        Added to the ids of labels, so that they belong to no stimulus.
    longer_from : int, optional
        The tick from which every named axis but ``"item"`` is one longer.
    """

    seed: int = 0
    label_seed: int = 0
    counts: Callable[[int], int] | None = None
    label_shift: int = 0
    longer_from: int | None = None


def feeder(subject: Subject, inputs: Sequence[Port], feed: Feed, period: Time) -> type[Zone[Any]]:
    """Return a zone with one output for each of the `inputs`, of the same name.

    Its values depend on seed, port and tick alone, so that it needs no state and may be resumed anywhere.
    """
    outputs = tuple(replace(port, keep="fresh", fan_in="one", items_from=None, required=True) for port in inputs)

    class Feeder(Zone[Any]):
        manifest = Manifest("feeder", "", outputs=outputs, period=format_time(period))

        def step(self, now: Time, inputs: Inputs) -> Outputs:
            tick = now // period
            return {port.name: _say(subject, port, feed, tick) for port in outputs}

    return Feeder


def _say(subject: Subject, port: Port, feed: Feed, tick: int) -> Any:
    count = 1 + tick % subject.items if feed.counts is None else feed.counts(tick)
    label = port.role == "label"
    rng = generator_for(feed.label_seed if label else feed.seed, f"{port.name} at {tick}")
    if port.name in subject.inputs:
        value = subject.inputs[port.name](rng, count)
    else:
        value = random_value(port, rng, count, _axes(subject, port, feed, tick))
    if not port.has_items:
        return value
    first = tick * 1000 + (feed.label_shift if label else 0)
    return Items(value, np.arange(first, first + count, dtype=np.int64))


def _axes(subject: Subject, port: Port, feed: Feed, tick: int) -> Mapping[str, int]:
    longer = int(feed.longer_from is not None and tick >= feed.longer_from)
    return {axis: subject.axes.get(axis, AXIS_LENGTH) + longer for axis in port.shape if isinstance(axis, str)}
