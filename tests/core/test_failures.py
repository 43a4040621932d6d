"""What a zone may do wrong, and what becomes of the brain."""

from __future__ import annotations

import gc
import logging
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aura import AuraError, Brain, Manifest, Port, Zone
from aura.core.errors import SignalError, ZoneError
from tests.core.kit import MS, Log, Relay, Scribbler, loop_of, node_of


class Says(Zone):
    """Says at 3 ms what `wrong` is, and a good value before."""

    manifest = Manifest("says", "", outputs=(Port("y", shape=(2,)),), period="1 ms")
    wrong: Any = None

    def step(self, now: int, inputs: Any) -> Any:
        return self.wrong(now) if now == 3 * MS else {"y": np.ones(2, np.float32)}


def saying(wrong: Any, **settings: Any) -> Brain:
    brain = Brain(**settings)
    brain.add(type("Wrong", (Says,), {"wrong": staticmethod(wrong)}), "z")
    return brain


def boom(now: int) -> None:
    raise RuntimeError("boom")


@pytest.mark.parametrize("executor", ["serial", "threads"])
@pytest.mark.parametrize(("wrong", "kind", "message"), [
    (lambda now: {"y": np.array([1, np.nan], np.float32)}, SignalError,
     "z.y at 3 ms: expected finite values, got nan at index [1], 1 in all"),
    (lambda now: {"y": np.ones(3, np.float32)}, SignalError,
     "z.y at 3 ms: expected float32 (2), got float32 (3,)"),
    (lambda now: {"y": np.ones(2)}, SignalError, "z.y at 3 ms: expected float32 (2), got float64 (2,)"),
    (lambda now: {"y": [1, 2]}, SignalError, "z.y at 3 ms: expected float32 (2), got list"),
    (lambda now: {"yy": np.ones(2, np.float32)}, SignalError,
     "z at 3 ms: expected outputs among y, got 'yy'. Try 'y'."),
    (boom, ZoneError, "z at 3 ms: expected a step and a learn that do not raise, got RuntimeError: boom; "
                      "inputs: no inputs"),
    (lambda now: np.ones(2), ZoneError,
     "z.step() at 3 ms: expected a dict of port to value, or None, got float64 (2,)"),
])
def test_what_a_zone_does_wrong_is_named_with_zone_port_and_time(executor: str, wrong: Any, kind: type[AuraError],
                                                                 message: str) -> None:
    brain = saying(wrong, executor=executor)
    brain.add(Relay, "other")
    with brain, pytest.raises(kind) as caught:
        brain.run(until="10 ms")
    assert message in str(caught.value)


def test_a_zone_that_raises_in_learn_is_named_with_its_inputs() -> None:
    class Learner(Relay):
        def learn(self, now: int, inputs: Any) -> None:
            if inputs["x"] is not None:
                raise ZeroDivisionError("no rate")

    brain = Brain()
    brain.add(Learner, "z")
    brain.inject("z.x", np.ones(1, np.float32))
    with pytest.raises(ZoneError, match=r"z at 1 ms.*no rate; inputs: x=float32 \(1,\)") as caught:
        brain.run(until="5 ms")
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


@pytest.mark.parametrize("interrupt", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_after_a_broken_tick_only_a_checkpoint_leads_on(tmp_path: Path, interrupt: type[BaseException]) -> None:
    def broken(now: int) -> None:
        if fine:
            return
        raise interrupt

    fine: list[int] = []
    brain = saying(broken)
    brain.run(until="2 ms")
    folder = brain.save(tmp_path)
    with pytest.raises((AuraError, interrupt)):
        brain.run(until="10 ms")
    for attempt in (brain.step, lambda: brain.run(until="10 ms"), lambda: brain.save(tmp_path)):
        with pytest.raises(AuraError, match="3 ms"):
            attempt()
    fine.append(1)
    brain.load(folder)
    assert brain.run(until="10 ms") == 8
    assert brain.latest("z.y").time == 9 * MS


@pytest.mark.parametrize("executor", ["serial", "threads"])
def test_a_silenced_zone_takes_no_further_part_and_the_rest_goes_on(executor: str,
                                                                    caplog: pytest.LogCaptureFixture) -> None:
    class Once(Relay):
        def step(self, now: int, inputs: Any) -> Any:
            calls.append(now)
            if now == 3 * MS:
                raise RuntimeError
            return super().step(now, inputs)

    calls: list[int] = []
    brain = Brain(executor=executor)
    brain.add(Once, "z", on_error="silence")
    brain.add(Relay, "next")
    brain.connect("z.y", "next.x")
    with brain, caplog.at_level(logging.ERROR):
        assert brain.run(until="10 ms") == 10
        assert calls == [0, MS, 2 * MS, 3 * MS]
        assert brain.latest("z.y").time == 2 * MS
        assert brain.latest("next.y").time == 9 * MS
    assert "z at 3 ms" in caplog.text


@pytest.mark.parametrize("executor", ["serial", "threads"])
@pytest.mark.parametrize("latency", ["0 s", "5 ms"])
def test_a_zone_restarts_from_its_last_checkpoint_each_time(tmp_path: Path, executor: str, latency: str) -> None:
    class Fragile(Scribbler):
        def learn(self, now: int, inputs: Any) -> Any:
            self.weight *= 2  # in place: the state that is kept for a restart must be a copy
            if self.steps == 7:
                raise RuntimeError("seven")
            return None

    brain = Brain(executor=executor)
    brain.add(Fragile, "z", on_error="restart", latency=latency)
    log = Log()
    brain.observe(log)
    with brain:
        brain.run(until="4 ms")
        brain.save(tmp_path)
        saved = brain["z"].weight.tolist()  # type: ignore[attr-defined]
        for until in (40, 80):
            brain.run(until=until * MS)
            node = node_of(brain, "z")
            loop_of(brain).settle()
            steps = brain["z"].steps - 4  # type: ignore[attr-defined]
            assert brain["z"].weight.tolist() == [weight * 2**steps for weight in saved]  # type: ignore[attr-defined]
            assert not node.silenced
    errors = [row for row in log.rows if row[2:3] == ("ZoneError",)]
    assert len(errors) > 6


def test_a_zone_that_has_never_been_saved_restarts_from_its_beginning() -> None:
    brain = Brain()
    brain.add(Scribbler, "z", params={"fail_at": (3,)}, on_error="restart")
    brain.run(until="10 ms")
    assert brain["z"].steps == 1  # type: ignore[attr-defined]


@pytest.mark.parametrize("executor", ["serial", "threads"])
@pytest.mark.parametrize("policy", ["silence", "restart"])
def test_a_broken_zone_is_let_go_at_once(executor: str, policy: Any) -> None:
    alive: list[weakref.ref[Zone[Any]]] = []

    class Broken(Scribbler):
        def __init__(self, context: Any) -> None:
            super().__init__(context)
            alive.append(weakref.ref(self))

        def step(self, now: int, inputs: Any) -> Any:
            raise RuntimeError

    brain = Brain(executor=executor)
    brain.add(Broken, "z", on_error=policy)
    brain.add(Relay, "other")
    gc.disable()
    try:
        with brain:
            brain.run(until="20 ms")
            assert sum(zone() is not None for zone in alive) == 1
            assert len(alive) == (21 if policy == "restart" else 1)
    finally:
        gc.enable()
