"""How many items wait for what comes later is told from the wiring, before anything runs."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from aura import Brain, Manifest, Port, Zone
from aura.core.errors import WiringError
from aura.core.flow import SteadyFlow, Wait, room
from aura.core.pending import PendingItems
from aura.core.time import MS

ITEMS, PERIOD = 4, 2 * MS


class Source(Zone[Any]):
    manifest = Manifest("source", "", period="2 ms", flow=SteadyFlow(ITEMS, PERIOD, total=10_000), outputs=(
        Port("row", shape=("item", 1)), Port("label", dtype="tags", shape=("item",), role="label")))

    def step(self, now: int, inputs: Any) -> dict[str, Any]:
        from aura.core.signals import Items

        ids = np.arange(ITEMS, dtype=np.int64) + now // PERIOD * ITEMS
        return {"row": Items(np.zeros((ITEMS, 1), np.float32), ids), "label": Items((("a",),) * ITEMS, ids)}


class Learner(Zone[Any]):
    """Counts which items still waited when their label came, with a memory as the wiring says."""

    manifest = Manifest("learner", "", wake_on=("row", "teacher"), outputs=(Port("lost", dtype="int64"),), inputs=(
        Port("row", shape=("item", 1)), Port("teacher", dtype="tags", shape=("item",), role="label", keep="all")))

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self.capacity = room(None, [context.waits.get("teacher")], 1, "learner.memory")
        self.pending, self.lost = PendingItems(self.capacity), 0

    def step(self, now: int, inputs: Any) -> None:
        if inputs["row"] is not None:
            self.pending.store(inputs.ids["row"], inputs["row"])

    def learn(self, now: int, inputs: Any) -> None:
        for ids in inputs.ids.get("teacher", ()):
            self.lost += len(ids) - len(self.pending.take(ids)[0])


def brain(delay: str, capacity: int | None = None) -> Brain:
    one = Brain()
    one.add(Source)
    one.add(Learner)
    one.connect("source.row", "learner.row", "3 ms")
    one.connect("source.label", "learner.teacher", delay)
    if capacity is not None:
        learner: Any = one["learner"]
        learner.pending = PendingItems(capacity)
    return one


@pytest.mark.parametrize("delay", ["4 ms", "5 ms", "11 ms", "200 ms"])
def test_the_memory_that_the_wiring_tells_loses_nothing_and_the_least_less_one_loses_some(delay: str) -> None:
    enough = brain(delay)
    enough.run(until="500 ms")
    learner: Any = enough["learner"]
    assert learner.lost == 0
    wait = enough.plans["learner"].waits["teacher"]
    assert learner.capacity == wait.most <= wait.least + ITEMS
    for capacity, loses in ((wait.least, False), (wait.least - 1, True)):
        short = brain(delay, capacity)
        short.run(until="500 ms")
        assert (short["learner"].lost > 0) is loses  # type: ignore[attr-defined]


def test_what_is_asked_for_counts_unless_some_would_surely_be_lost() -> None:
    waits = [Wait(50, 70), None, Wait(10, 90)]
    assert room(None, waits, 16, "zone.memory") == 90
    assert room(None, [None], 16, "zone.memory") == 16
    assert room(50, waits, 16, "zone.memory") == 50
    with pytest.raises(WiringError, match=r"zone\.memory: expected at least 50, as so many .*got 49\. Leave"):
        room(49, waits, 16, "zone.memory")


def test_a_rate_with_a_period_of_no_whole_nanosecond_is_no_trouble() -> None:
    flow = SteadyFlow(1, Fraction(10**9, 3), total=100)
    assert (flow.least(10**9), flow.most(10**9), type(flow.most(10**9))) == (4, 5, int)


def test_between_topics_counts_how_far_the_slowest_is_behind() -> None:
    class Slow(Zone[Any]):
        manifest = Manifest("slow", "", wake_on=("row",), latency="20 ms", inputs=(Port("row", shape=("item", 1)),),
                            outputs=(Port("copy", shape=("item", 1), items_from="row"),))

        def step(self, now: int, inputs: Any) -> dict[str, Any]:
            return {"copy": inputs["row"].copy()}

    one = Brain()
    one.add(Source)
    one.add(Slow)
    one.connect("source.row", "slow.row")
    # The source has a period, which counts too.
    assert one.wait_between(["source.label", "slow.copy"]).most == ITEMS * ((21 + 2) // 2 + 2)
    assert one.wait_between(["source.label", "source.row"]).most == ITEMS * (2 // 2 + 2)
