"""The event loop against its slow twin, and what must not change a bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura import Brain, Manifest, Observer, Port, Signal, Zone
from aura.core.loop import EventLoop
from tests.core.kit import MS, Log, Relay, bits, loop_of, node_of, random_design
from tests.naive import run_naive

SPAN = 60 * MS


@pytest.mark.slow
@settings(max_examples=80, deadline=None)
@given(st.integers(0, 2**32))
def test_a_random_brain_says_what_its_slow_twin_says(seed: int) -> None:
    design = random_design(seed)
    brain, log = design.brain()
    with brain:
        brain.run(until=SPAN)
    zones, paths = design.naive()
    expected = [(now, topic, bits(value)) for now, topic, value in run_naive(zones, paths, SPAN, MS)]
    assert [row[:3] for row in log.rows if len(row) == 4] == expected


def test_the_slow_twin_is_given_every_feature() -> None:
    designs = [random_design(seed) for seed in range(60)]
    zones = [zone for design in designs for zone in design.zones]
    keeps = {keep for zone in zones for keep in zone.params["keeps"]}
    assert keeps == {"fresh", "hold", "all", "fresh many", "hold many"}
    assert {zone.kind.__name__ for zone in zones} == {"Scribbler", "Rover"}
    assert any(zone.latency > zone.period > 0 for zone in zones)
    assert any(path[3] == "modulators" for design in designs for path in design.paths)


@pytest.mark.parametrize("seed", range(12))
def test_two_runs_and_threads_agree_to_the_bit(seed: int) -> None:
    design = random_design(seed, failing=True)
    logs = []
    for executor in ("serial", "serial", "threads"):
        brain, log = design.brain(executor)
        with brain:
            brain.run(until=SPAN)
        logs.append(log.rows)
    assert logs[0] == logs[1] == logs[2]
    assert logs[0]


@pytest.mark.parametrize("seed", range(8))
def test_a_zone_added_changes_no_bit_of_the_others(seed: int) -> None:
    design = random_design(seed)
    alone, log_alone = design.brain()
    both, log_both = design.brain()
    both.add(Relay, "another", period="1 ms", latency="2 ms")
    both.add(random_design(1).zones[0].kind, "a_third", params={"keeps": ("fresh",)}, period="3 ms")
    both.connect(f"{design.zones[0].name}.y", "a_third.x0")
    for brain in (alone, both):
        brain.run(until=SPAN)
        brain.close()
    added = [row for row in log_both.rows if str(row[1]).startswith("a")]
    assert log_alone.rows == [row for row in log_both.rows if row not in added] != []
    assert added


def test_stepping_tick_by_tick_equals_running() -> None:
    design = random_design(5)
    ran, log_ran = design.brain()
    stepped, log_stepped = design.brain()
    ran.run(until=SPAN)
    while (stepped.next_time or 0) < SPAN and stepped.step() is not None:
        pass
    assert log_ran.rows == log_stepped.rows != []


def test_the_order_in_which_zones_are_added_changes_no_value() -> None:
    def published(names: list[str]) -> dict[str, Any]:
        brain = Brain(seed=4)
        for name in names:
            brain.add(random_design(1).zones[0].kind, name, params={"keeps": ("fresh",)}, period="1 ms")
        for name, other in (("a", "b"), ("b", "c"), ("c", "a")):
            brain.connect(f"{name}.y", f"{other}.x0")
        brain.run(until="20 ms")
        return {name: brain.read(f"{name}.y").tobytes() for name in sorted(names)}

    assert published(["a", "b", "c"]) == published(["c", "a", "b"])


class Echo(Zone):
    """Event-driven: repeats what it hears."""

    manifest = Manifest("echo", "", inputs=(Port("x", shape=(1,), required=False),), outputs=(Port("y", shape=(1,)),),
                        wake_on=("x",))

    def step(self, now: int, inputs: Any) -> dict[str, Any]:
        return {"y": inputs["x"]}


def test_an_idle_brain_returns_and_costs_no_tick() -> None:
    brain = Brain()
    brain.add(Echo)
    assert brain.run() == 0
    assert brain.step() is None
    brain.inject("echo.x", np.ones(1, np.float32))
    assert brain.run() == 1
    assert brain.next_time is None


def test_the_loop_jumps_from_event_to_event() -> None:
    brain = Brain()
    brain.add(Echo, "a")
    brain.add(Echo, "b")
    brain.connect("a.y", "b.x", "1 h")
    brain.inject("a.x", np.ones(1, np.float32))
    assert brain.run() == 2
    assert brain.latest("b.y").time == 3600 * 10**9 + MS


def test_run_until_is_half_open() -> None:
    brain = Brain()
    brain.add(Relay)
    log = Log()
    brain.observe(log)
    assert brain.run(until="3 ms") == 3
    assert [row[0] for row in log.rows] == [0, MS, 2 * MS]
    assert brain.now == 3 * MS
    assert brain.run(until="3 ms") == 0
    assert brain.run(span="1 ms") == 1
    assert brain.latest("relay.y").time == 3 * MS


def test_a_signal_never_arrives_within_its_own_tick() -> None:
    brain = Brain()
    for name in ("a", "b"):
        brain.add(Relay, name)
    brain.connect("a.y", "b.x")
    brain.inject("a.x", np.full(1, 7, np.float32))
    brain.run(until="2 ms")
    assert (brain.read("a.y")[0], brain.read("b.y")[0]) == (7, 0)
    brain.step()
    assert brain.read("b.y")[0] == 7


def test_a_latency_delays_the_signal_and_its_time() -> None:
    for executor in ("serial", "threads"):
        brain = Brain(executor=executor)
        brain.add(Echo, "slow", latency="4 ms")
        brain.add(Echo, "next")
        brain.connect("slow.y", "next.x")
        log = Log()
        brain.observe(log)
        brain.inject("slow.x", np.ones(1, np.float32))
        brain.run()
        brain.close()
        assert [(row[0], row[1]) for row in log.rows] == [(5 * MS, "slow.y"), (6 * MS, "next.y")]


class Alarm(Zone):
    """Clocks itself every 10 ms from when it was last awake, and wakes on x."""

    manifest = Manifest("alarm", "", inputs=(Port("x", shape=(1,), required=False),),
                        outputs=(Port("y", "int64"),), wake_on=("x",))

    def step(self, now: int, inputs: Any) -> dict[str, Any]:
        return {"y": now}

    def next_wake(self, now: int) -> int | None:
        return now + 10 * MS


def test_a_self_clocked_zone_has_one_alarm_however_often_it_is_woken() -> None:
    brain = Brain()
    brain.add(Alarm)
    brain.add(Relay)
    brain.connect("relay.y", "alarm.x", "1 ms")
    brain.run(until="200 ms")
    alarms = [alarm for _, alarms, _ in loop_of(brain).agenda.values() for alarm in alarms if alarm[0] == 0]
    assert len(alarms) == 1


@pytest.mark.parametrize("wake", [1.5, "soon"])
def test_an_alarm_that_is_no_whole_time_is_the_zones_failure(wake: Any) -> None:
    class Vague(Alarm):
        def next_wake(self, now: int) -> Any:
            return wake if now >= 0 else 0

    brain = Brain()
    brain.add(Vague, "vague", on_error="silence")
    brain.add(Relay)
    brain.run(until="5 ms")
    assert node_of(brain, "vague").silenced
    assert brain.latest("relay.y").time == 4 * MS


def test_an_alarm_in_the_past_rings_at_the_next_instant() -> None:
    class Late(Alarm):
        def next_wake(self, now: int) -> int:
            return np.int64(0)  # type: ignore[return-value]

    brain = Brain()
    brain.add(Late, "late")
    assert brain.run(until="5 ms") == 5
    assert all(type(time) is int for time in loop_of(brain).agenda)


def test_stop_ends_the_run_after_the_present_tick() -> None:
    class Stopper(Observer):
        def after_tick(self, now: int) -> None:
            if now == 3 * MS:
                brain.stop()

    brain = Brain()
    brain.add(Relay)
    brain.observe(Stopper())
    assert brain.run(until="1 s") == 4
    assert brain.now == 3 * MS + 1
    assert brain.run(until="10 ms") == 6


def test_a_stop_asked_for_while_nothing_runs_does_not_swallow_a_step() -> None:
    brain = Brain()
    brain.add(Relay)
    brain.step()
    brain.stop()
    assert brain.step() == MS


def test_injecting_in_mid_run_never_reaches_into_the_past() -> None:
    arrivals = []

    class Caller(Observer):
        def after_tick(self, now: int) -> None:
            if now == 30 * MS:
                arrivals.append(brain.inject("echo.x", np.ones(1, np.float32)))

    brain = Brain()
    brain.add(Echo)
    brain.add(Relay)
    brain.observe(Caller())
    brain.run(until="40 ms")
    assert arrivals == [31 * MS]
    assert brain.latest("echo.y").time == 31 * MS


def test_observers_see_the_signals_of_a_tick_in_the_order_of_the_zones() -> None:
    brain = Brain()
    brain.add(Relay, "late", latency="2 ms")
    for name in ("b", "a"):
        brain.add(Relay, name)
    log = Log()
    brain.observe(log)
    brain.run(until="4 ms")
    assert [row[1] for row in log.rows if row[0] == 2 * MS] == ["late.y", "b.y", "a.y"]


def test_a_tick_in_which_nothing_is_said_is_observed_too() -> None:
    class Mute(Relay):
        def step(self, now: int, inputs: Any) -> Any:
            return None

    seen: list[Signal | int] = []

    class Watch(Observer):
        def on_signal(self, signal: Signal) -> None:
            seen.append(signal)

        def before_tick(self, now: int) -> None:
            seen.append(now)

    brain = Brain()
    brain.add(Mute)
    brain.observe(Watch())
    brain.run(until="3 ms")
    assert seen == [0, MS, 2 * MS]


def test_the_agenda_stays_bounded() -> None:
    design = random_design(9)
    brain, _ = design.brain()
    brain.run(until=SPAN)
    loop: EventLoop = loop_of(brain)
    assert len(loop.agenda) == len(loop._times) < 30
