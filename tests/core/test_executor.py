"""Executors: the same bits, at once or one after the other."""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np
import pytest

from aura import Brain, Manifest, Port, Zone
from aura.core.errors import AuraError
from aura.core.executor import ThreadExecutor
from aura.core.executors import EXECUTORS, make_executor
from tests.core.kit import MS, Log

FIRST = Manifest("meeting", "", inputs=(Port("x", shape=(1,), required=False),), outputs=(Port("y", shape=(1,)),),
                 period="1 ms")


def test_an_unknown_executor_is_answered_with_the_nearest() -> None:
    with pytest.raises(AuraError, match="Try 'serial'"):
        make_executor("seriel")


def test_threads_compute_the_zones_of_a_tick_at_once() -> None:
    barrier = threading.Barrier(2, timeout=20)

    class Meeting(Zone):
        manifest = FIRST

        def step(self, now: int, inputs: Any) -> None:
            barrier.wait()  # breaks if the other does not come while this one waits

    brain = Brain(executor=ThreadExecutor(2))
    for name in ("a", "b"):
        brain.add(Meeting, name)
    with brain:
        assert brain.run(until="3 ms") == 3


def test_a_zone_with_a_latency_works_while_the_loop_goes_on() -> None:
    gate = threading.Event()

    class Slow(Zone):
        manifest = FIRST

        def step(self, now: int, inputs: Any) -> Any:
            assert gate.wait(20)
            return {"y": np.ones(1, np.float32)}

    class Opener(Zone):
        manifest = FIRST

        def step(self, now: int, inputs: Any) -> None:
            if now == 4 * MS:
                gate.set()

    brain = Brain(executor="threads")
    brain.add(Slow, "slow", latency="5 ms")
    brain.add(Opener, "opener")
    with brain:
        brain.run(until="6 ms")
        assert brain.latest("slow.y").time == 5 * MS


def test_a_clock_of_its_own_waits_for_the_background_step() -> None:
    class Lazy(Zone):
        manifest = Manifest("lazy", "", inputs=FIRST.inputs, outputs=FIRST.outputs, wake_on=("x",))

        def __init__(self, context: Any) -> None:
            super().__init__(context)
            self.steps = 0

        def step(self, now: int, inputs: Any) -> Any:
            time.sleep(0.002)  # so that the loop comes to ask for the next alarm while this runs
            self.steps += 1
            return {"y": np.full(1, self.steps, np.float32)}

        def next_wake(self, now: int) -> int:
            return now + (1 + self.steps % 3) * MS

    logs = []
    for executor in sorted(EXECUTORS):
        brain, log = Brain(executor=executor), Log()
        brain.add(Lazy, latency="3 ms")
        brain.observe(log)
        for delay in range(1, 30, 2):
            brain.inject("lazy.x", np.ones(1, np.float32), delay=delay * MS)
        with brain:
            brain.run(until="40 ms")
        logs.append(log.rows)
    assert logs[0] == logs[1]
    assert len(logs[0]) > 15


def test_an_error_in_a_thread_is_the_same_error() -> None:
    class Failing(Zone):
        manifest = FIRST

        def step(self, now: int, inputs: Any) -> None:
            raise ValueError(self.context.name)

    messages = []
    for executor in sorted(EXECUTORS):
        brain = Brain(executor=executor)
        for name in ("b", "a"):
            brain.add(Failing, name)
        with brain, pytest.raises(AuraError) as caught:
            brain.run()
        messages.append(str(caught.value))
    assert messages[0] == messages[1]
    assert messages[0].startswith("b at 0 s")


def test_closing_ends_every_thread() -> None:
    before = threading.active_count()
    brain = Brain(executor="threads")

    class Plain(Zone):
        manifest = FIRST

        def step(self, now: int, inputs: Any) -> None:
            return None

    for name in ("a", "b", "c"):
        brain.add(Plain, name, latency="2 ms" if name == "c" else None)
    brain.run(until="5 ms")
    assert threading.active_count() > before
    brain.close()
    assert threading.active_count() == before
