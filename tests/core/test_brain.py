"""A brain as its users meet it: built, read, written to, profiled and closed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from aura import AuraError, Brain, BrainView, Items, Manifest, Observer, Port, Zone
from aura.core.errors import SignalError, WiringError, ZoneError
from tests.core.kit import MS, Relay, Scribbler, built, loop_of


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


def test_an_array_that_its_zone_learns_in_stays_as_it_was_published() -> None:
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
    probe = brain.probe("relay.y")
    brain.run(until="3 ms")
    assert [value[0] for value in probe.values] == [0, 1, 2]


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
    ("x", 3, None), ("x", (1,), None), ("level", np.nan, None), ("level", np.ones(2, np.float32), None),
    ("x", ("a",), np.array([1, 2])), ("x", ("a",), [1.5]), ("x", ("a",), np.array([1.0])), ("x", ("a",), [[1]]),
    ("level", 1.0, np.array([1])),
])
def test_what_does_not_fit_cannot_be_injected(port: str, value: Any, ids: Any) -> None:
    brain = Brain()
    brain.add(Listener)
    with pytest.raises(SignalError, match=f"listener.{port} at 0 s"):
        brain.inject(f"listener.{port}", value, ids=ids)
    assert brain.run(until="3 ms") == 3
    assert brain["listener"].heard == []  # type: ignore[attr-defined]



def test_a_brain_is_built_once() -> None:
    brain = built(Relay, "a", "b")
    for late in (lambda: brain.add(Relay, "c"), lambda: brain.connect("a.y", "b.x")):
        with pytest.raises(WiringError, match="a brain that has not run yet"):
            late()


@pytest.mark.parametrize("wrong", [
    {"name": "two words"}, {"name": "a"}, {"on_error": "ignore"}, {"period": "soon"}, {"period": -1},
    {"latency": 1.5}, {"params": {"keepz": ()}}, {"keepz": ()}, {"params": 3}, {"keeps": 3},
    {"params": Scribbler.manifest.params(), "keeps": 3}, {"learn": "off"}, {"learn": 0},
])
def test_a_zone_that_cannot_be_added_is_named(wrong: dict[str, Any]) -> None:
    brain = Brain()
    brain.add(Scribbler, "a")
    with pytest.raises(AuraError, match="expected"):
        brain.add(Scribbler, **{"name": "b", **wrong})


@pytest.mark.parametrize("wrong", [{"resolution": "0 s"}, {"resolution": 1.0}, {"executor": "thread"}, {"seed": -1},
                                   {"profile": "off"}])
def test_a_brain_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    def build() -> None:
        brain = Brain(**wrong)
        brain.add(Relay)
        brain.build()

    with pytest.raises(AuraError, match="expected"):
        build()


def test_a_run_is_told_its_end_or_its_span() -> None:
    brain = built(Scribbler, "z")
    ticks = brain.ticks
    with pytest.raises(AuraError, match=r"expected until or span, got until='5 ms' and span='1 ms'\. Give one"):
        brain.run(until="5 ms", span="1 ms")
    assert brain.ticks == ticks


def test_closing_lets_go_once_and_of_all() -> None:
    class Costly(Relay):
        def close(self) -> None:
            closed.append(self.context.name)
            if self.context.name == "a":
                raise OSError("stuck")

    closed: list[str] = []
    stopped: list[int] = []

    class Watch(Observer):
        def on_stop(self, brain: BrainView) -> None:
            stopped.append(brain.now)

    brain = built(Costly, "a", "b", "c")
    brain.observe(Watch())
    with pytest.raises(ZoneError, match=r"close\(\).*OSError: stuck"):
        brain.close()
    brain.close()
    assert sorted(closed) == ["a", "b", "c"]
    assert stopped == [brain.now]
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


@pytest.mark.parametrize("value", ["off", "False", 0, None])
def test_what_is_neither_true_nor_false_switches_no_learning(value: Any) -> None:
    brain = built(Scribbler, "z")
    with pytest.raises(AuraError, match=r"brain\.learning: expected True or False"):
        brain.learning = value
    assert brain.learning
    brain.learning = np.bool_(False)  # type: ignore[assignment]
    assert not brain.learning


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
            loop_of(brain).settle()
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
