"""Real time: the loop held back by a clock, and deadlines that are missed counted."""

from __future__ import annotations

import numpy as np
import pytest

from aura import Brain, Manifest, Port, Zone
from aura.core.errors import TimeError
from aura.core.pacing import Pacer, WallClock
from aura.core.time import MS


class Jumping:
    """A clock that jumps by what it is told to sleep, and by what is computed meanwhile."""

    def __init__(self):
        self.time, self.slept = 5_000 * MS, []

    def now(self):
        return self.time

    def sleep(self, span):
        self.slept.append(span)
        self.time += span


def test_each_tick_begins_when_the_clock_reaches_it():
    clock = Jumping()
    pacer = Pacer(1.0, MS, clock)
    for now in (0, 10 * MS, 15 * MS):
        pacer(now)
    assert clock.slept == [10 * MS, 5 * MS]
    assert pacer.missed == 0


def test_a_brain_that_goes_back_is_paced_from_there():
    clock = Jumping()
    pacer = Pacer(1.0, MS, clock)
    for now in (0, 100 * MS, 50 * MS, 60 * MS):
        pacer(now)
    assert clock.slept == [100 * MS, 10 * MS]
    assert pacer.missed == 0


@pytest.mark.parametrize(("speed", "expected"), [(2.0, 5 * MS), (0.5, 20 * MS), (3.0, 3_333_333)])
def test_simulated_time_goes_as_fast_as_it_is_told(speed, expected):
    clock = Jumping()
    pacer = Pacer(speed, MS, clock)
    pacer(0)
    pacer(10 * MS)
    assert clock.slept == [expected]


def test_time_spent_computing_is_not_slept_again_and_delays_do_not_add_up():
    clock = Jumping()
    pacer = Pacer(1.0, MS, clock)
    pacer(0)
    clock.time += 4 * MS
    pacer(10 * MS)
    clock.time += 7 * MS
    pacer(20 * MS)
    assert clock.slept == [6 * MS, 3 * MS]
    assert clock.time == 5_020 * MS


def test_a_deadline_is_missed_beyond_the_tolerance_only():
    clock = Jumping()
    pacer = Pacer(1.0, MS, clock)
    pacer(0)
    for late in (0, 1, MS, MS + 1, 3 * MS):
        clock.time = 5_010 * MS + late
        pacer(10 * MS)
    assert (pacer.missed, pacer.worst) == (2, 3 * MS)
    assert clock.slept == []


def test_the_first_tick_sets_the_origin_wherever_it_is():
    clock = Jumping()
    pacer = Pacer(1.0, MS, clock)
    pacer(70_000 * MS)
    pacer(70_010 * MS)
    assert clock.slept == [10 * MS]
    assert pacer.missed == 0


@pytest.mark.parametrize("speed", [0.0, -1.0, float("inf"), float("nan")])
def test_a_speed_that_is_none_is_refused(speed):
    with pytest.raises(TimeError, match="realtime: expected a speed above 0"):
        Pacer(speed, MS)


def test_the_wall_clock_goes_on_by_what_it_sleeps():
    clock = WallClock()
    before = clock.now()
    clock.sleep(2 * MS)
    assert clock.now() - before >= 2 * MS


class Slow(Zone):
    """Takes 25 ms of the clock at every third of its ticks."""

    manifest = Manifest("slow", "", outputs=(Port("tick", dtype="int64"),), period="10 ms")
    clock: Jumping

    def step(self, now, inputs):
        if now % (30 * MS) == 0:
            self.clock.time += 25 * MS
        return {"tick": np.asarray(now)}


def test_a_paced_brain_says_what_a_free_one_does_and_counts_what_it_missed():
    clock = Slow.clock = Jumping()
    published = []
    for paced in (True, False):
        with Brain() as brain:
            brain.add(Slow)
            probe = brain.probe("slow.tick")
            if paced:
                brain.pace = pacer = Pacer(1.0, MS, clock)
            brain.run(until="90 ms")
            published.append([(s.time, s.value.tobytes()) for s in probe.signals])
    assert published[0] == published[1]
    # Ticks at 0, 30 and 60 ms take 25: those at 10, 40 and 70 begin 15 late, those at 20, 50 and 80 5 late.
    assert (pacer.missed, pacer.worst) == (6, 15 * MS)
    assert clock.slept == [5 * MS, 5 * MS]
