"""Wiring: each mistake is named, and no label comes before its stimulus was read."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura import Brain, Items, Manifest, Modulator, Port, Zone
from aura.core.errors import WiringError
from aura.core.time import parse_time
from tests.core.kit import MS, Relay

X, Y = Port("x", shape=(1,), required=False), Port("y", shape=(1,))


def kind(name: str, inputs: tuple[Port, ...] = (X,), outputs: tuple[Port, ...] = (Y,), **clock: Any) -> Manifest:
    return Manifest(name, Relay, inputs=inputs, outputs=outputs, modulators=(Modulator("reward"),),
                    **(clock or {"wake_on": ("x",)}))


STREAM = kind("stream", (), (Port("s", shape=(1,)), Port("label", "tags", ("item",), role="label")), period="50 ms")
LEARNER = kind("learner", (X, Port("x2", shape=(1,), required=False),
                           Port("label", "tags", ("item",), required=False, role="label")), wake_on=("x", "x2"))


def wired(zones: dict[str, Manifest], *paths: tuple[Any, ...], **settings_of: dict[str, Any]) -> Brain:
    brain = Brain()
    for name, manifest in zones.items():
        brain.add(manifest, name, **settings_of.get(name, {}))
    for path in paths:
        brain.connect(*path)
    return brain


def label_delay(brain: Brain) -> int:
    return next(path.delay for path in brain.pathways if path.target_port == "label")


@pytest.mark.parametrize(("paths", "where", "expected", "got", "hint"), [
    ([("aa.y", "b.x")], "aa.y -> b.x", "a zone of this brain", "'aa'", "Try 'a'."),
    ([("a.yy", "b.x")], "a.yy -> b.x", "an output of a", "'yy'", "Try 'y'."),
    ([("a.y", "b.xx")], "a.y -> b.xx", "an input of b", "'xx'", "Try 'x'."),
    ([("a.y", "c.n")], "a.y -> c.n", "int64 (1)", "float32 (1): type float32", ""),
    ([("a.y", "c.two")], "a.y -> c.two", "float32 (2)", "axis 0 has length 1, not 2", ""),
    ([("a.y", "c.volt")], "a.y -> c.volt", "in mV", "unit 1, not mV", ""),
    ([("a.y", "b.x"), ("b.y", "b.x")], "b.y -> b.x", "one pathway into b.x", "beside a.y -> b.x", "fan_in='many'"),
    ([("a.y", "c.many"), ("a.y", "c.many")], "a.y -> c.many", "one pathway into c.many", "a second",
     "The same pathway stands twice"),
    ([("a.y", "b.x", "2 ms"), ("a.y", "b.x", "5 ms")], "a.y -> b.x", "one pathway into b.x", "beside a.y -> b.x",
     "The same pathway stands twice"),
    ([("c.reward", "b.modulators"), ("c.reward", "b.modulators", "5 ms")], "c.reward -> b.modulators",
     "one pathway into b.modulators.reward", "beside c.reward", "The same pathway stands twice"),
    ([("a.y", "b.x", "1.5 ms")], "a.y -> b.x: delay", "multiple of the resolution, 1 ms", "1500 us", ""),
    ([("a.y", "b.x", "0 ms")], "a.y -> b.x: delay", "not below 1 ms", "0 s", ""),
    ([("a.y", "b.modulators")], "a.y -> b.modulators", "a modulator that b obeys: energy_gate, reward", "'y'", ""),
    ([("c.rewrd", "b.modulators")], "c.rewrd -> b.modulators", "a modulator that b obeys: energy_gate, reward",
     "'rewrd'", "Try 'reward'."),
    ([("d.energy_gate", "b.modulators")], "d.energy_gate -> b.modulators", "float32 ()", "shape (1,)", ""),
    ([("c.reward", "b.modulators"), ("d.reward", "b.modulators")], "d.reward -> b.modulators",
     "one pathway into b.modulators.reward", "beside c.reward", "Name the modulators differently."),
])
def test_each_wiring_mistake_is_named(paths: list[Any], where: str, expected: str, got: str, hint: str) -> None:
    other = kind("other", (Port("n", "int64", (1,), required=False), Port("two", shape=(2,), required=False),
                           Port("volt", shape=(1,), unit="mV", required=False),
                           Port("many", shape=(1,), fan_in="many", required=False)),
                 (Port("reward"), Port("rewrd"), Port("energy_gate", shape=(1,))),
                 period="1 ms")
    with pytest.raises(WiringError) as caught:
        wired({"a": kind("a"), "b": kind("b"), "c": other, "d": other}, *paths).build()
    error = caught.value
    assert (error.where, hint in error.hint) == (where, True)
    assert expected in error.expected
    assert got in error.got


@pytest.mark.parametrize(("manifest", "where", "expected"), [
    (kind("z", (Port("x", shape=(1,)),)), "z.x", "a pathway into this required input"),
    (kind("z", wake_on=("xx",)), "z.wake_on", "inputs of the zone"),
    (kind("z", wake_on="xx"), "z.wake_on", "inputs of the zone"),
    (kind("z", period="1.5 ms"), "z.period", "a whole multiple of the resolution"),
    (kind("z", period="1 ms", latency="100 us"), "z.latency", "a whole multiple of the resolution"),
    (kind("z", period="0 ms"), "z", "a period or a wake_on"),
    (kind("z", (X,), (Port("y", shape=("item",), items_from="q"),)), "z.y.items_from", "an input that brings one"),
    (kind("z", (Port("x", shape=("item",), keep="all", required=False),),
          (Port("y", shape=("item",), items_from="x"),)), "z.y.items_from", "an input that brings one"),
])
def test_each_mistake_in_a_zone_is_named(manifest: Manifest, where: str, expected: str) -> None:
    with pytest.raises(WiringError) as caught:
        wired({"z": manifest}).build()
    assert caught.value.where == where
    assert expected in caught.value.expected


@pytest.mark.parametrize("topic", ["a", "a.", ".y", "", 3, None])
def test_what_is_no_topic_is_refused(topic: Any) -> None:
    with pytest.raises(WiringError, match=r"expected 'zone\.port'"):
        wired({"a": kind("a"), "b": kind("b")}, (topic, "b.x"))


def test_a_wrong_brain_is_found_before_any_zone_is_built() -> None:
    class Never(Relay):
        def __init__(self, context: Any) -> None:
            raise AssertionError

    brain = Brain()
    brain.add(Never, "z", period="1.5 ms")
    with pytest.raises(WiringError):
        brain.build()


# --- labels ---------------------------------------------------------------------------------------------------------


def test_a_label_cannot_be_wired_to_an_input_that_is_read_when_predicting() -> None:
    zone = kind("z", (Port("x", "tags", ("item",), required=False),))
    with pytest.raises(WiringError, match="No zone may see the label of what it has yet to predict"):
        wired({"s": STREAM, "z": zone}, ("s.label", "z.x")).build()


def test_a_label_in_a_chain_comes_after_the_stimulus() -> None:
    brain = wired({"s": STREAM, "e": kind("e"), "a": LEARNER},
                  ("s.s", "e.x", "2 ms"), ("e.y", "a.x", "3 ms"), ("s.label", "a.label"), e={"latency": "7 ms"})
    assert label_delay(brain) == 13 * MS


def test_a_label_in_a_diamond_waits_for_the_longer_arm() -> None:
    brain = wired({"s": STREAM, "e": kind("e"), "a": LEARNER},
                  ("s.s", "a.x"), ("s.s", "e.x", "5 ms"), ("e.y", "a.x2", "4 ms"), ("s.label", "a.label"))
    assert label_delay(brain) == 10 * MS


def test_a_label_waits_for_every_pathway_of_a_port_that_takes_many() -> None:
    many = kind("m", (Port("x", shape=(1,), fan_in="many"), LEARNER.inputs[2]), wake_on=("x",))  # type: ignore[index]
    brain = wired({"s": STREAM, "e": kind("e"), "a": many},
                  ("s.s", "a.x"), ("s.s", "e.x", "5 ms"), ("e.y", "a.x", "4 ms"), ("s.label", "a.label"))
    assert label_delay(brain) == 10 * MS


def test_a_label_in_a_loop_waits_for_the_first_round_only() -> None:
    brain = wired({"s": STREAM, "e": kind("e"), "a": LEARNER, "f": kind("f")},
                  ("s.s", "e.x", "2 ms"), ("e.y", "a.x", "3 ms"), ("a.y", "f.x", "20 ms"), ("f.y", "a.x2", "20 ms"),
                  ("s.label", "a.label"))
    assert label_delay(brain) == 6 * MS


def test_a_label_waits_for_the_clocks_on_the_way() -> None:
    clocked = kind("c", period="10 ms")
    brain = wired({"s": STREAM, "e": clocked, "a": LEARNER}, ("s.s", "e.x"), ("e.y", "a.x"), ("s.label", "a.label"))
    assert label_delay(brain) == 12 * MS
    brain = wired({"s": STREAM, "a": LEARNER}, ("s.s", "a.x"), ("s.label", "a.label"),
                  a={"period": "10 ms", "wake_on": ()})
    assert label_delay(brain) == 11 * MS


def test_a_label_of_another_source_than_the_stimulus_waits_too() -> None:
    teacher = kind("t", (), (Port("label", "tags", ("item",), role="label"),), period="50 ms")
    brain = wired({"s": STREAM, "e": kind("e"), "a": LEARNER, "t": teacher},
                  ("s.s", "e.x", "2 ms"), ("e.y", "a.x", "3 ms"), ("t.label", "a.label"), e={"latency": "30 ms"})
    assert label_delay(brain) == 36 * MS


def test_a_label_passed_on_by_a_zone_waits_too() -> None:
    label = STREAM.outputs[1]  # type: ignore[index]
    clerk = kind("k", (LEARNER.inputs[2],), (label,), wake_on=("label",))  # type: ignore[index]
    brain = wired({"s": STREAM, "e": kind("e"), "a": LEARNER, "k": clerk}, ("s.s", "e.x", "20 ms"), ("e.y", "a.x"),
                  ("s.label", "k.label"), ("k.label", "a.label"))
    assert next(p.delay for p in brain.pathways if p.source == "k") == 22 * MS


def test_a_plain_output_that_feeds_a_label_input_waits_too() -> None:
    sloppy = kind("s", (), (Port("s", shape=(1,)), Port("label", "tags", ("item",))), period="50 ms")
    brain = wired({"s": sloppy, "a": LEARNER}, ("s.s", "a.x", "4 ms"), ("s.label", "a.label"))
    assert label_delay(brain) == 5 * MS


@pytest.mark.parametrize(("delay", "accepted"), [("1 ms", False), ("5 ms", False), ("6 ms", True), ("1 s", True)])
def test_a_label_that_would_come_no_later_than_its_stimulus_is_refused(delay: str, accepted: bool) -> None:
    brain = wired({"s": STREAM, "e": kind("e"), "a": LEARNER},
                  ("s.s", "e.x", "2 ms"), ("e.y", "a.x", "3 ms"), ("s.label", "a.label", delay))
    if accepted:
        brain.build()
        assert label_delay(brain) == parse_time(delay)
    else:
        with pytest.raises(WiringError, match="more than 5 ms, when the stimulus has arrived"):
            brain.build()


class Teacher(Zone):
    """Says a stimulus and its label at once; ids count up."""

    manifest = Manifest("teacher", "", outputs=(Port("s", "int64", ("item",)),
                                                Port("label", "int64", ("item",), role="label")), period="40 ms")

    def step(self, now: int, inputs: Any) -> dict[str, Any]:
        ids = np.array([now // (40 * MS)])
        return {"s": Items(ids.copy(), ids), "label": Items(ids.copy(), ids)}


class Between(Zone):
    """Passes items on."""

    manifest = Manifest("between", "", inputs=(Port("x", "int64", ("item",), required=False),),
                        outputs=(Port("y", "int64", ("item",), items_from="x"),), wake_on=("x",))

    def step(self, now: int, inputs: Any) -> dict[str, Any] | None:
        return None if inputs["x"] is None else {"y": inputs["x"]}


class Predictor(Zone):
    """Notes, for each label it is shown, whether it had been shown the stimulus in an earlier tick."""

    manifest = Manifest("predictor", "", inputs=(
        Port("x", "int64", ("item",), required=False, keep="all"), Port("x2", "int64", ("item",), required=False,
                                                                        keep="all"),
        Port("label", "int64", ("item",), keep="all", role="label")), wake_on=("x", "x2"))

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self.predicted: dict[str, set[int]] = {"x": set(), "x2": set()}
        self.seen_first: list[dict[str, bool]] = []

    def step(self, now: int, inputs: Any) -> None:
        for ids in inputs.ids.get("label", ()):
            self.seen_first += [{port: int(i) in seen for port, seen in self.predicted.items()} for i in ids]
        for port, seen in self.predicted.items():
            for ids in inputs.ids.get(port, ()):
                seen.update(ids.tolist())


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_zone_is_told_a_label_before_it_has_read_the_stimulus(data: st.DataObject) -> None:
    ms = st.integers(1, 12).map(lambda n: n * MS)
    brain = Brain(executor=data.draw(st.sampled_from(["serial", "threads"])))
    brain.add(Teacher)

    def add_relay(name: str) -> None:
        clocked = data.draw(st.booleans())
        brain.add(Between, name, latency=data.draw(st.just(0) | ms), period=data.draw(ms) if clocked else None,
                  wake_on=() if clocked else ("x",))

    before = "teacher.s"
    for i in range(data.draw(st.integers(0, 2))):
        add_relay(f"r{i}")
        brain.connect(before, f"r{i}.x", data.draw(ms))
        before = f"r{i}.y"
    clocked = data.draw(st.booleans())
    brain.add(Predictor, period=data.draw(ms) if clocked else None, wake_on=() if clocked else ("x", "x2"))
    brain.connect(before, "predictor.x", data.draw(ms))
    ports = ["x"]
    if data.draw(st.booleans()):
        add_relay("arm")
        brain.connect("teacher.s", "arm.x", data.draw(ms))
        brain.connect("arm.y", "predictor.x2", data.draw(ms))
        ports.append("x2")
    brain.connect("teacher.label", "predictor.label")
    with brain:
        brain.run(until="800 ms")
    seen_first = brain["predictor"].seen_first
    assert len(seen_first) >= 5
    assert all(seen[port] for seen in seen_first for port in ports)
