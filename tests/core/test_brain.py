"""A brain as its users meet it: built, run, read, saved, resumed, failed and closed."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aura import AuraError, Brain, Items, Manifest, Observer, Port, Zone
from aura.core.checkpoint import latest_checkpoint, list_checkpoints
from aura.core.errors import CheckpointError, SignalError, WiringError, ZoneError
from tests.core.kit import MS, Log, Relay, Scribbler, node_of, random_design

TICKS = 45


# --- resume ---------------------------------------------------------------------------------------------------------


def run_on(brain: Brain, log: Log) -> list[Any]:
    """What is seen from here on."""
    start = len(log.rows)
    while (brain.next_time or 0) < 90 * MS and brain.step() is not None:
        pass
    return log.rows[start:]


@pytest.mark.slow
@pytest.mark.parametrize("failing", [False, True])
def test_a_brain_resumed_at_any_of_25_ticks_goes_on_to_the_bit(tmp_path: Path, failing: bool) -> None:
    rng = np.random.default_rng(7)
    for turn in range(25):
        design = random_design(1000 + turn, failing=failing)
        stop = int(rng.integers(1, TICKS))
        executor = ["serial", "threads"][turn % 2]
        first, log_first = design.brain(executor)
        for _ in range(stop):
            first.step()
        folder = first.save(tmp_path / str(turn))
        expected = run_on(first, log_first)
        resumed, log_resumed = design.brain(["threads", "serial"][turn % 2])
        resumed.load(folder)
        assert run_on(resumed, log_resumed) == expected
        if not any(spec.on_error == "restart" for spec in design.zones):  # these go back to the last checkpoint
            never_saved, log_never = design.brain()
            for _ in range(stop):
                never_saved.step()
            assert run_on(never_saved, log_never) == expected
            never_saved.close()
        for brain in (first, resumed):
            brain.close()


def test_the_resumed_brains_cover_every_feature() -> None:
    """So that the test above does not pass for want of anything to save."""
    held = flying = silenced = restarted = background = rang = 0
    for turn in range(25):
        design = random_design(1000 + turn, failing=True)
        brain, log = design.brain()
        for _ in range(TICKS // 2):
            brain.step()
        loop = brain.loop
        held += any(node.pending for node in loop.nodes)
        flying += any(signals for signals, _, _ in loop.agenda.values())
        background += any(finished for _, _, finished in loop.agenda.values())
        rang += any(node.alarm_at > loop.now for node in loop.nodes)
        silenced += any(node.silenced for node in loop.nodes)
        restarted += any("restart" in {s.on_error for s in design.zones if s.name == row[1]} for row in log.rows
                         if row[2:3] == ("ZoneError",))
    assert min(held, flying, silenced, restarted, background, rang) >= 2


@pytest.mark.parametrize("seed", range(4))
def test_loading_into_a_brain_that_has_run_on_goes_back_to_the_bit(tmp_path: Path, seed: int) -> None:
    brain, log = random_design(seed, failing=True).brain("threads")
    for _ in range(9):
        brain.step()
    folder = brain.save(tmp_path)
    expected = run_on(brain, log)
    brain.load(folder)
    assert run_on(brain, log) == expected
    brain.close()


def test_a_brain_saved_between_runs_resumes_between_them(tmp_path: Path) -> None:
    brain = Brain()
    brain.add(Relay, period="7 ms")
    brain.run(until="10 ms")
    other = Brain()
    other.add(Relay, period="7 ms")
    other.load(brain.save(tmp_path))
    assert (other.now, other.next_time) == (10 * MS, 14 * MS)
    assert other.read("relay.y").tolist() == [0.0]


def test_a_changed_period_takes_hold_in_a_branch(tmp_path: Path) -> None:
    brain = Brain()
    brain.add(Relay, period="2 ms")
    brain.run(until="10 ms")
    branch = Brain()
    branch.add(Relay, period="3 ms")
    branch.load(brain.save(tmp_path))
    branch.run(until="20 ms")
    assert branch.latest("relay.y").time == 18 * MS
    assert branch.loop.ticks == 3


class Holder(Zone):
    """Repeats what it holds."""

    manifest = Manifest("holder", "", inputs=(Port("x", shape=(1,), required=False, keep="hold"),),
                        outputs=(Port("y", shape=(1,)),), period="1 ms")

    def step(self, now: int, inputs: Any) -> Any:
        return None if inputs["x"] is None else {"y": inputs["x"] + np.float32(0)}


def test_a_value_injected_and_held_is_held_on_after_a_resume(tmp_path: Path) -> None:
    brain, other = Brain(), Brain()
    brain.add(Holder)
    other.add(Holder)
    brain.inject("holder.x", np.full(1, 5, np.float32))
    brain.run(until="4 ms")
    other.load(brain.save(tmp_path))
    other.run(until="9 ms")
    assert other.latest("holder.y").time == 8 * MS


def test_learning_and_extra_are_part_of_a_checkpoint(tmp_path: Path) -> None:
    brain, other = Brain(), Brain()
    for each in (brain, other):
        each.add(Scribbler)
    brain.learning = False
    brain.step()
    assert other.load(brain.save(tmp_path, extra={"phase": 2})) == {"phase": 2}
    assert other.learning is False
    other.step()
    assert other["scribbler"].weight.tolist() == [0.5, 1.5]  # type: ignore[attr-defined]


class Counting(Observer):
    name = "counting"

    def __init__(self, name: str = "counting") -> None:
        self.name, self.ticks = name, 0

    def after_tick(self, now: int) -> None:
        self.ticks += 1

    def state(self) -> dict[str, Any]:
        return {"ticks": self.ticks}

    def load_state(self, state: dict[str, Any]) -> None:
        self.ticks = state["ticks"]


def test_observers_keep_their_state_and_their_names_apart(tmp_path: Path) -> None:
    brain, other = Brain(), Brain()
    counts = Counting(), Counting()
    for each, count in zip((brain, other), counts, strict=True):
        each.add(Relay)
        each.observe(count)
    brain.run(until="5 ms")
    other.load(brain.save(tmp_path))
    other.run(until="7 ms")
    assert counts[1].ticks == 7
    with pytest.raises(WiringError, match="a name that no observer has yet"):
        brain.observe(Counting())
    brain.observe(Counting("another"))


@pytest.mark.parametrize("other", [
    lambda: built(Relay, "relay", "more"), lambda: built(Relay), lambda: built(Scribbler, "relay"),
    lambda: built(Relay, "relay", resolution="100 us"),
])
def test_a_checkpoint_of_another_brain_is_refused(tmp_path: Path, other: Any) -> None:
    folder = built(Relay, "relay").save(tmp_path)
    with pytest.raises(CheckpointError):
        other().load(folder)


def built(kind: type[Zone[Any]], *names: str, resolution: str = "1 ms") -> Brain:
    brain = Brain(resolution=resolution)
    for name in names:
        brain.add(kind, name)
    brain.step()
    return brain


def test_another_version_of_a_zones_state_is_refused(tmp_path: Path) -> None:
    class Newer(Relay):
        manifest = Manifest("relay", "", inputs=Relay.manifest.inputs, outputs=Relay.manifest.outputs, period="1 ms",
                            version="2")

    with pytest.raises(CheckpointError, match="'version': '2'"):
        built(Newer, "relay").load(built(Relay, "relay").save(tmp_path))


def test_a_checkpoint_that_does_not_fit_leaves_a_brain_that_refuses_to_go_on(tmp_path: Path) -> None:
    class Picky(Scribbler):
        def load_state(self, state: dict[str, Any]) -> None:
            if self.name_is_b:
                raise KeyError("weights")
            super().load_state(state)

        @property
        def name_is_b(self) -> bool:
            return self.context.name == "b"

    brain = built(Picky, "a", "b")
    folder = brain.save(tmp_path)
    with pytest.raises(CheckpointError, match=r"b: expected a state that its zone can load, got KeyError"):
        brain.load(folder)
    for attempt in (brain.run, brain.step, lambda: brain.save(tmp_path)):
        with pytest.raises(CheckpointError):
            attempt()


def test_signals_in_flight_to_a_port_that_is_gone_are_a_checkpoint_error(tmp_path: Path) -> None:
    brain = Brain()
    brain.add(Relay, "a")
    brain.add(Scribbler, "b", params={"keeps": ("fresh", "fresh")})
    brain.inject("b.x1", np.ones(2))
    folder = brain.save(tmp_path)
    other = Brain()
    other.add(Relay, "a")
    other.add(Scribbler, "b")
    with pytest.raises(CheckpointError, match="Were zones, ports or pathways changed"):
        other.load(folder)


def test_only_whole_checkpoints_are_taken_and_the_oldest_go(tmp_path: Path) -> None:
    brain = built(Relay, "relay")
    folders = [brain.save(tmp_path, keep=2) for _ in range(4) if brain.step() is not None]
    assert list_checkpoints(tmp_path) == folders[-2:]
    (folders[-1] / "relay.safetensors").write_bytes(b"")
    assert latest_checkpoint(tmp_path) == folders[-2]
    brain.load(latest_checkpoint(tmp_path))
    assert brain.now == 3 * MS + 1


def test_no_zone_and_no_observer_can_take_the_name_of_the_bus(tmp_path: Path) -> None:
    brain = Brain()
    brain.add(Scribbler, "_bus")
    brain.add(Scribbler, "manifest")
    brain.step()
    other = Brain()
    other.add(Scribbler, "_bus")
    other.add(Scribbler, "manifest")
    other.load(brain.save(tmp_path))
    assert other["_bus"].steps == 1  # type: ignore[attr-defined]
    json.loads((latest_checkpoint(tmp_path) / "manifest.json").read_text())


# --- errors ---------------------------------------------------------------------------------------------------------


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
     "z.y at 3000000 ns: expected finite values, got nan at index [1], 1 in all"),
    (lambda now: {"y": np.ones(3, np.float32)}, SignalError,
     "z.y at 3000000 ns: expected float32 (2), got float32 (3,)"),
    (lambda now: {"y": np.ones(2)}, SignalError, "z.y at 3000000 ns: expected float32 (2), got float64 (2,)"),
    (lambda now: {"y": [1, 2]}, SignalError, "z.y at 3000000 ns: expected float32 (2), got list"),
    (lambda now: {"yy": np.ones(2, np.float32)}, SignalError,
     "z at 3000000 ns: expected outputs among y, got 'yy'. Try 'y'."),
    (boom, ZoneError, "z at 3000000 ns: expected a step and a learn that do not raise, got RuntimeError: boom; "
                      "inputs: no inputs"),
    (lambda now: np.ones(2), ZoneError, "z at 3000000 ns"),
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
    with pytest.raises(ZoneError, match=r"z at 1000000 ns.*no rate; inputs: x=float32\[1\]") as caught:
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
        with pytest.raises(AuraError, match="3000000 ns"):
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
    assert "z at 3000000 ns" in caplog.text


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
            brain.loop.settle()
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


# --- reading and writing --------------------------------------------------------------------------------------------


def test_what_is_read_cannot_be_written() -> None:
    brain = built(Relay, "relay")
    with pytest.raises(ValueError, match="read-only"):
        brain.read("relay.y")[0] = 1


def test_learning_cannot_alter_what_has_been_published() -> None:
    class Sly(Relay):
        def __init__(self, context: Any) -> None:
            super().__init__(context)
            self.memory = np.zeros((4, 1), np.float32)

        def step(self, now: int, inputs: Any) -> Any:
            return {"y": self.memory[0]}

        def learn(self, now: int, inputs: Any) -> None:
            self.memory += 1

    brain = Brain()
    brain.add(Sly)
    brain.add(Relay, "next")
    brain.connect("relay.y", "next.x")
    probe = brain.probe("next.y")
    brain.run(until="5 ms")
    assert [value[0] for value in probe.values] == [0, 0, 1, 2, 3]


def test_an_array_that_was_published_cannot_be_learned_in() -> None:
    class Owner(Relay):
        def __init__(self, context: Any) -> None:
            super().__init__(context)
            self.memory = np.zeros(1, np.float32)

        def step(self, now: int, inputs: Any) -> Any:
            return {"y": self.memory}

        def learn(self, now: int, inputs: Any) -> None:
            self.memory += 1

    brain = Brain()
    brain.add(Owner)
    with pytest.raises(ZoneError, match="read-only"):
        brain.step()


def test_a_brain_is_read_before_during_and_after_a_run() -> None:
    brain = Brain()
    brain.add(Relay)
    assert brain.read("relay.y") is None
    assert brain.latest("relay.y") is None
    probe = brain.probe("relay.y", every="2 ms", keep=3)
    brain.run(until="4 ms")
    assert probe.times.tolist() == [0, 2 * MS]
    brain.run(until="20 ms")
    assert probe.times.tolist() == [14 * MS, 16 * MS, 18 * MS]
    assert len(probe.values) == 3


@pytest.mark.parametrize("ask", [
    lambda brain: brain.read("relay.z"), lambda brain: brain.probe("relay.z"), lambda brain: brain["relais"],
    lambda brain: brain.inject("relay.z", 1), lambda brain: brain.inject("z.x", 1), lambda brain: brain.read("relay"),
])
def test_what_is_not_there_is_answered_with_what_is(ask: Any) -> None:
    with pytest.raises(WiringError, match="relay"):
        ask(built(Relay, "relay"))


class Listener(Zone):
    manifest = Manifest("listener", "", inputs=(
        Port("x", "text", ("item",), required=False), Port("n", shape=("item",), keep="all", required=False),
        Port("level", required=False)), period="1 ms")

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self.heard: list[Any] = []

    def step(self, now: int, inputs: Any) -> None:
        self.heard += [(now, port, inputs[port], np.array(inputs.ids.get(port)).tolist()) for port in inputs]


def test_injected_items_are_numbered_below_zero_and_arrive_one_resolution_on() -> None:
    brain = Brain()
    brain.add(Listener)
    assert brain.inject("listener.x", ("a", "b")) == MS
    brain.run(until="2 ms")
    assert brain.inject("listener.x", ("c",)) == 3 * MS
    assert brain.inject("listener.x", ("d",), ids=np.array([9]), delay="1500 us") == 4 * MS
    assert brain.inject("listener.n", Items(np.ones(1, np.float32), np.array([5])), delay="10 ms") == 12 * MS
    brain.run(until="20 ms")
    assert brain["listener"].heard[:3] == [  # type: ignore[attr-defined]
        (MS, "x", ("a", "b"), [-1, -2]), (3 * MS, "x", ("c",), [-3]), (4 * MS, "x", ("d",), [9])]
    assert brain["listener"].heard[3][3] == [[5]]  # type: ignore[attr-defined]


@pytest.mark.parametrize(("port", "value", "ids"), [
    ("x", "a", None), ("x", (1,), None), ("level", np.nan, None), ("level", np.ones(2, np.float32), None),
    ("x", ("a",), np.array([1, 2])), ("x", ("a",), [1]), ("x", ("a",), np.array([1.0])), ("level", 1.0, np.array([1])),
])
def test_what_does_not_fit_cannot_be_injected(port: str, value: Any, ids: Any) -> None:
    brain = Brain()
    brain.add(Listener)
    with pytest.raises(SignalError, match=f"listener.{port} at 0 ns"):
        brain.inject(f"listener.{port}", value, ids=ids)
    assert brain.run(until="3 ms") == 3
    assert brain["listener"].heard == []  # type: ignore[attr-defined]


# --- building and closing -------------------------------------------------------------------------------------------


def test_a_brain_is_built_once() -> None:
    brain = built(Relay, "a", "b")
    for late in (lambda: brain.add(Relay, "c"), lambda: brain.connect("a.y", "b.x")):
        with pytest.raises(WiringError, match="a brain that has not run yet"):
            late()


@pytest.mark.parametrize("wrong", [
    {"name": "two words"}, {"name": "a"}, {"on_error": "ignore"}, {"period": "soon"}, {"period": -1},
    {"latency": 1.5}, {"params": {"keepz": ()}}, {"keepz": ()}, {"params": 3}, {"keeps": 3},
    {"params": Scribbler.manifest.params(), "keeps": 3},
])
def test_a_zone_that_cannot_be_added_is_named(wrong: dict[str, Any]) -> None:
    brain = Brain()
    brain.add(Scribbler, "a")
    with pytest.raises(AuraError, match="expected"):
        brain.add(Scribbler, **{"name": "b", **wrong})


@pytest.mark.parametrize("wrong", [{"resolution": "0 s"}, {"resolution": 1.0}, {"executor": "thread"}, {"seed": -1}])
def test_a_brain_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    def build() -> None:
        brain = Brain(**wrong)
        brain.add(Relay)
        brain.build()

    with pytest.raises(AuraError, match="expected"):
        build()


def test_closing_lets_go_once_and_of_all() -> None:
    class Costly(Relay):
        def close(self) -> None:
            closed.append(self.context.name)
            if self.context.name == "a":
                raise OSError("stuck")

    closed: list[str] = []
    stopped: list[Brain] = []

    class Watch(Observer):
        def on_stop(self, brain: Brain) -> None:
            stopped.append(brain)

    brain = built(Costly, "a", "b", "c")
    brain.observe(Watch())
    with pytest.raises(OSError, match="stuck"):
        brain.close()
    brain.close()
    assert sorted(closed) == ["a", "b", "c"]
    assert stopped == [brain]
    for attempt in (brain.run, brain.step):
        with pytest.raises(WiringError, match="an open brain"):
            attempt()


def test_a_brain_that_never_ran_can_be_closed() -> None:
    with Brain() as brain:
        brain.add(Relay)


def test_profiling_counts_every_call() -> None:
    brain = Brain(profile=True)
    brain.add(Scribbler)
    brain.add(Relay)
    brain.run(until="5 ms")
    brain.learning = False
    brain.run(until="7 ms")
    table = brain.profile_table()
    assert {name: (parts["step"][0], parts["learn"][0]) for name, parts in table.items()} == {
        "scribbler": (7, 5), "relay": (7, 0)}
    assert table["scribbler"]["step"][1] > 0
    assert Brain().profile_table() == {}


def test_learning_switched_off_leaves_the_learner_as_it_is() -> None:
    brain = built(Scribbler, "z")
    brain.learning = False
    before = brain["z"].weight  # type: ignore[attr-defined]
    brain.run(until="10 ms")
    assert brain["z"].weight is before  # type: ignore[attr-defined]
    brain.learning = True
    brain.step()
    assert brain["z"].weight is not before  # type: ignore[attr-defined]


def test_a_zone_told_not_to_learn_never_does() -> None:
    brain = Brain()
    brain.add(Scribbler, "z", learn=False)
    brain.run(until="5 ms")
    brain.learning = True
    brain.run(until="10 ms")
    assert brain["z"].weight.tolist() == [0.5, 1.5]  # type: ignore[attr-defined]


def test_switching_learning_reaches_no_work_that_has_begun() -> None:
    weights = []
    for executor in ("serial", "threads"):
        brain = Brain(executor=executor)
        brain.add(Scribbler, "z", latency="8 ms")
        with brain:
            for learning in (True, False, True):
                brain.learning = learning
                brain.run(span="20 ms")
            brain.loop.settle()
            weights.append(brain["z"].weight.tobytes())  # type: ignore[attr-defined]
    assert weights[0] == weights[1]


def test_graph_and_schedule_are_drawn_without_building_a_zone() -> None:
    class Never(Relay):
        def __init__(self, context: Any) -> None:
            raise AssertionError

    brain = Brain()
    brain.add(Never, "a", latency="2 ms")
    brain.add(Never, "b", period="5 ms")
    brain.connect("a.y", "b.x", "3 ms")
    assert list(brain.graph.nodes) == ["a", "b"]
    assert brain.graph.nodes["a"]["latency"] == 2 * MS
    assert [(u, v, data["delay"]) for u, v, data in brain.graph.edges(data=True)] == [("a", "b", 3 * MS)]
    assert "a.y -> b.x  after 3 ms" in brain.schedule()
