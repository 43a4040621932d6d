"""Observers see, and do no harm."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aura import Brain, Observer, Signal
from aura.core.errors import WiringError
from aura.core.observers import Observers
from aura.core.probe import Probe
from tests.core.kit import MS, Log, Relay, Scribbler

HOOKS = ("on_start", "before_tick", "on_signal", "on_learn", "on_inject", "after_tick", "on_zone_error", "on_stop")


def failing(hook: str, calls: list[str]) -> Observer:
    def fail(self: Observer, *arguments: Any) -> None:
        calls.append(hook)
        raise RuntimeError(hook)

    return type("Failing", (Observer,), {hook: fail, "name": f"fails in {hook}"})()


@pytest.mark.parametrize("given", [Observer, 3, None])
def test_what_is_no_observer_is_refused(given: Any) -> None:
    with pytest.raises(WiringError, match=r"observe: expected an aura\.Observer, got"):
        Brain().observe(given)


def ran(*observers: Observer) -> list[Any]:
    brain, log = Brain(seed=1), Log()
    for observer in (observers[0], log, *observers[1:]):
        brain.observe(observer)
    brain.add(Scribbler, "z")
    brain.add(Scribbler, "w", params={"fail_at": (4,)}, on_error="silence")
    brain.inject("z.x0", np.ones(2))
    with brain:
        brain.run(until="8 ms")
    return log.rows


@pytest.mark.parametrize("hook", HOOKS)
def test_an_observer_that_raises_is_switched_off_and_the_brain_goes_on(hook: str,
                                                                       caplog: pytest.LogCaptureFixture) -> None:
    calls: list[str] = []
    with caplog.at_level(logging.ERROR):
        assert ran(failing(hook, calls), Observer()) == ran(Observer())
    assert calls == [hook]
    assert f"'fails in {hook}' raised in {hook}" in caplog.text


def test_only_what_is_overridden_is_called() -> None:
    observers = Observers()
    observers.add(Log())
    assert [hook for hook in HOOKS if observers.having(hook)] == ["on_signal", "on_learn", "on_zone_error"]


@pytest.mark.parametrize(("topics", "seen"), [
    (("*",), {"a.y", "b.y"}), (("a.*",), {"a.y"}), (("*.y", "c.*"), {"a.y", "b.y"}), ((), set()), (("A.y",), set()),
])
def test_topics_choose_the_signals_that_are_shown(topics: tuple[str, ...], seen: set[str]) -> None:
    log = Log()
    log.topics = topics
    brain = Brain()
    for name in ("a", "b"):
        brain.add(Relay, name)
    brain.observe(log)
    brain.run(until="3 ms")
    assert {row[1] for row in log.rows} == seen


def test_an_observer_taken_on_in_mid_run_sees_the_rest() -> None:
    brain = Brain()
    brain.add(Relay)
    brain.run(until="3 ms")
    log = Log()
    brain.observe(log)
    brain.run(until="5 ms")
    assert [row[0] for row in log.rows] == [3 * MS, 4 * MS]


def test_what_is_injected_is_shown_before_it_arrives() -> None:
    observed: list[tuple[str, int, Signal]] = []

    class Ear(Observer):
        def on_inject(self, topic: str, now: int, signal: Signal) -> None:
            observed.append((topic, now, signal))

    brain = Brain()
    brain.add(Relay)
    brain.observe(Ear())
    brain.run(until="2 ms")
    brain.inject("relay.x", np.ones(1, np.float32), delay="5 ms")
    assert [(topic, now, signal.time, signal.value.tolist()) for topic, now, signal in observed] == [
        ("relay.x", 2 * MS, 7 * MS, [1.0])]


def test_scalars_of_learning_are_shown_with_zone_and_time() -> None:
    log = Log()
    brain = Brain()
    brain.add(Scribbler, "z")
    brain.observe(log)
    brain.step()
    assert log.rows[-1][:2] == (0, "z")
    assert log.rows[-1][2][0][0] == "weight"


def test_a_probe_keeps_one_signal_in_every_so_many() -> None:
    probe = Probe("z.y", every=3, keep=4)
    for time in (0, 1, 3, 5, 7, 8, 10, 20, 22, 23):
        probe.on_signal(Signal("z.y", time, time))  # type: ignore[arg-type]
    assert probe.times.tolist() == [7, 10, 20, 23]
    assert probe.times.dtype == np.int64
    assert probe.values == [7, 10, 20, 23]


def test_a_probe_forgets_what_a_loaded_checkpoint_has_not_come_to_and_goes_on_from_there(tmp_path: Path) -> None:
    brain = Brain()
    brain.add(Scribbler, "z")
    probe, sparse = brain.probe("z.y"), brain.probe("z.y", every="4 ms")
    brain.run(until="5 ms")
    saved = brain.save(tmp_path)
    brain.run(until="20 ms")
    brain.load(saved)
    assert probe.times.tolist() == [0, 1 * MS, 2 * MS, 3 * MS, 4 * MS]
    assert sparse.times.tolist() == [0, 4 * MS]
    brain.run(until="9 ms")
    assert probe.times.tolist() == [time * MS for time in range(9)]
    assert sparse.times.tolist() == [0, 4 * MS, 8 * MS]


def test_an_observer_is_told_where_a_loaded_brain_goes_on(tmp_path: Path) -> None:
    loaded: list[int] = []
    brain = Brain()
    brain.add(Scribbler, "z")
    brain.observe(type("Loads", (Observer,), {"on_load": lambda self, now: loaded.append(now)})())
    saved = brain.save(tmp_path) if brain.run(until="5 ms") else tmp_path
    brain.run(until="20 ms")
    brain.load(saved)
    assert loaded == [5 * MS]


def test_observing_changes_no_bit() -> None:
    assert ran(Log()) == ran(Log(), Probe("z.y"), Log())


class Dozing(Observer):
    """Wants to be asked at every third millisecond, and whenever it was shown a signal above a bound."""

    name, bound = "dozing", np.inf

    def __init__(self) -> None:
        self.asked: list[int] = []

    def on_signal(self, signal: Signal) -> None:
        if np.max(signal.value) > self.bound:
            self.due = 0

    def after_tick(self, now: int) -> int | None:
        self.asked.append(now // MS)
        return now + 3 * MS


class Restless(Dozing):
    """Does what its base does, and says nothing of when it wants to be asked."""

    def after_tick(self, now: int) -> None:
        super().after_tick(now)


def test_an_observer_is_asked_after_a_tick_when_it_wants_to_be() -> None:
    dozing, woken, restless = Dozing(), Dozing(), Restless()
    woken.bound = -np.inf
    brain = Brain()
    brain.add(Relay)
    for observer in (dozing, woken, restless):
        brain.observe(observer)
    brain.run(until="8 ms")
    assert (dozing.asked, woken.asked, restless.asked) == ([0, 3, 6], [*range(8)], [*range(8)])


def test_a_checkpoint_that_is_taken_over_has_every_observer_asked_again(tmp_path: Path) -> None:
    brain, dozing = Brain(), Dozing()
    brain.add(Relay)
    brain.observe(dozing)
    brain.run(until="2 ms")
    path = brain.save(tmp_path)
    brain.run(until="5 ms")
    brain.load(path)
    brain.run(until="4 ms")
    assert dozing.asked == [0, 3, 2]


def test_an_observer_whose_due_is_no_instant_is_switched_off() -> None:
    class Confused(Observer):
        name, due = "confused", "soon"  # type: ignore[assignment]

        def after_tick(self, now: int) -> None:
            pass

    assert ran(Confused()) == ran(Observer())
