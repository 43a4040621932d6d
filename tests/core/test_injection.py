"""What is put in from outside is cast where nothing is lost, and refused with a reason where something is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aura import Brain, Manifest, Port, Zone
from aura.core.errors import SignalError
from aura.core.signals import Items

PORTS = (Port("x", shape=("item", 2)), Port("i", "int64", shape=("item",)), Port("u", "uint8", shape=(2,)),
         Port("b", "bool"), Port("c", "complex64"), Port("t", "text", shape=("item",)),
         Port("g", "tags", shape=("item",)))


class Ear(Zone):
    """Keeps what it hears."""

    manifest = Manifest("ear", "", inputs=tuple(Port(p.name, p.dtype, p.shape, required=False) for p in PORTS),
                        wake_on=tuple(port.name for port in PORTS))
    heard: Any = None

    def step(self, now: int, inputs: Any) -> None:
        self.heard = dict(inputs)


def heard(port: str, value: Any, **more: Any) -> Any:
    brain = Brain()
    brain.add(Ear)
    brain.inject(f"ear.{port}", value, **more)
    brain.run()
    return brain["ear"].heard[port]  # type: ignore[attr-defined]


@pytest.mark.parametrize(("port", "value", "expected"), [
    ("x", [[1, 2.5]], [[1, 2.5]]), ("x", np.array([[1, 2]]), [[1, 2]]), ("x", np.array([[0.5, 1.5]]), [[0.5, 1.5]]),
    ("x", np.zeros((0, 2)), []), ("i", [1, 2**40], [1, 2**40]), ("i", np.array([3], np.uint8), [3]), ("i", [], []),
    ("u", (1, 255), [1, 255]), ("u", np.array([True, False]), [1, 0]), ("b", True, True), ("c", 2.0, 2.0),
    ("t", "hello", ("hello",)), ("t", ["a", "b"], ("a", "b")), ("g", [["joy"], []], (("joy",), ())),
])
def test_what_loses_nothing_is_cast(port: str, value: Any, expected: Any) -> None:
    came = heard(port, value)
    assert (came.tolist() if isinstance(came, np.ndarray) else came) == expected


def test_a_float_is_rounded_to_the_ports_digits() -> None:
    assert heard("x", [[0.1, 0.2]]).dtype == np.float32


@pytest.mark.parametrize(("port", "value", "message"), [
    ("x", [1.0, 2.0], r"ear\.x at 0 s: expected float32 \(item, 2\), got .*put one into a batch of one"),
    ("x", [[2**24 + 1, 0]], "Only what float32 holds without loss is cast"), ("x", [[1e300, 0]], "without loss"),
    ("x", [[float("nan"), 0]], "expected finite values, got nan"), ("x", [["a", "b"]], "got"),
    ("u", [1, 256], "without loss"), ("u", [1, -1], "without loss"), ("u", [1.0, 2.0], "without loss"),
    ("i", [1.5], "without loss"), ("b", 1, "got 1"), ("x", [[1], [2, 3]], r"got \[\[1\], \[2, 3\]\]"),
    ("x", 1j * np.ones((1, 2)), "without loss"), ("t", 3, "expected a tuple of str, got 3"),
    ("t", ["a", 3], "expected a tuple of str"), ("g", ("a", "b"), "tuples of str"), ("g", [{"a"}], "tuples of str"),
])
def test_what_loses_something_is_refused_with_a_reason(port: str, value: Any, message: str) -> None:
    with pytest.raises(SignalError, match=message):
        heard(port, value)


def test_ids_are_cast_too() -> None:
    brain = Brain()
    probe: list[Any] = []
    brain.add(type("Listening", (Ear,), {"step": lambda zone, now, inputs: probe.append(inputs.ids["t"].tolist())}))
    brain.inject("ear.t", ["a", "b"], ids=[4, 5])
    brain.run()
    assert probe == [[4, 5]]


# --- beside what pathways bring at the same instant ---------------------------------------------------------------


class Mouth(Zone):
    """Says two texts and a number at 0, 10 and 20 ms."""

    manifest = Manifest("mouth", "", outputs=(Port("t", "text", shape=("item",)), Port("x", shape=("item", "width")),
                                              Port("u", "uint8", shape=(2,))), period="10 ms")

    def step(self, now: int, inputs: Any) -> Any:
        n = 2 * (now // 10_000_000)
        ids = np.array([n, n + 1])
        return {"t": Items((f"row {n}", f"row {n + 1}"), ids), "x": Items(np.full((2, 2), n, np.float32), ids),
                "u": np.full(2, n, np.uint8)}


class Listener(Zone):
    """Keeps all that it hears, with the ids."""

    manifest = Manifest("listener", "", inputs=(
        Port("t", "text", shape=("item",)), Port("x", shape=("item", "width"), required=False),
        Port("u", "uint8", shape=(2,), keep="hold", required=False),
        Port("every", "uint8", shape=(2,), keep="all", required=False),
        Port("many", "text", shape=("item",), fan_in="many", required=False)),
        wake_on=("t", "x", "u", "every", "many"))

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self.heard: list[Any] = []

    def step(self, now: int, inputs: Any) -> None:
        plain = {port: value.tolist() if isinstance(value, np.ndarray) else value for port, value in inputs.items()}
        self.heard.append((now // 1_000_000, plain, {port: ids.tolist() for port, ids in inputs.ids.items()
                                                     if isinstance(ids, np.ndarray)}))


def conversation(*ports: str) -> Brain:
    brain = Brain()
    brain.add(Mouth)
    brain.add(Listener)
    for port in ports:
        brain.connect(f"mouth.{port}", f"listener.{port}")
    return brain


@pytest.mark.parametrize("before", [True, False])
def test_injected_items_join_those_that_a_pathway_brings_at_the_same_instant(before: bool) -> None:
    brain = conversation("t", "x")
    if not before:  # the pathway's value lies in the agenda before it is injected
        brain.step()
    brain.inject("listener.t", ["a", "b"], delay="1 ms")
    brain.inject("listener.t", ["c"], ids=[7], delay="1 ms")
    brain.inject("listener.x", [[5, 6]], delay="1 ms")
    brain.run(until="5 ms")
    assert brain["listener"].heard == [  # type: ignore[attr-defined]
        (1, {"t": ("row 0", "row 1", "a", "b", "c"), "x": [[0, 0], [0, 0], [5, 6]]},
         {"t": [0, 1, -1, -2, 7], "x": [0, 1, -3]})]
    assert not list(brain.notices)


def test_what_is_injected_at_an_instant_of_its_own_is_told_alone() -> None:
    brain = conversation("t")
    brain.inject("listener.t", ["a"], delay="3 ms")
    brain.run(until="5 ms")
    assert [(time, ids["t"]) for time, _, ids in brain["listener"].heard] == [(1, [0, 1]), (3, [-1])]  # type: ignore[attr-defined]


def test_without_items_to_join_the_injected_value_stands_and_a_notice_says_so() -> None:
    brain = conversation("t", "u", "x")
    for delay in ("1 ms", "11 ms"):
        brain.inject("listener.u", [9, 9], delay=delay)
    brain.inject("listener.x", [[1, 2, 3]], delay="11 ms")  # of another width than the pathway's
    brain.inject("listener.u", [8, 8], delay="15 ms")
    brain.inject("listener.u", [7, 7], delay="15 ms")
    brain.run(until="25 ms")
    heard = {time: (values["u"], values.get("x")) for time, values, _ in brain["listener"].heard}  # type: ignore[attr-defined]
    assert heard == {1: ([9, 9], [[0, 0]] * 2), 11: ([9, 9], [[1, 2, 3]]), 15: ([7, 7], None),
                     21: ([4, 4], [[4, 4]] * 2)}
    over = "instead of what a pathway brought at the same instant"
    assert {(notice.source, notice.text, notice.count) for notice in brain.notices} == {
        ("listener", f"took what was injected at u {over}", 2), ("listener", f"took what was injected at x {over}", 1),
        ("listener", "took the last of what was injected at u for one instant", 1)}


def test_inputs_that_keep_all_or_take_many_pathways_keep_what_is_injected_beside_them() -> None:
    brain = Brain()
    brain.add(Mouth)
    brain.add(Listener)
    for pathway in ("mouth.t -> listener.t", "mouth.t -> listener.many", "mouth.u -> listener.every"):
        brain.connect(*pathway.split(" -> "))
    for value in ([1, 1], [2, 2]):
        brain.inject("listener.every", value)
    brain.inject("listener.many", ["a"])
    brain.inject("listener.many", ["b"])
    brain.run(until="5 ms")
    (_, values, _), = brain["listener"].heard  # type: ignore[attr-defined]
    assert [part.tolist() for part in values["every"]] == [[0, 0], [1, 1], [2, 2]]
    assert dict(values["many"]) == {"mouth.t": ("row 0", "row 1"), "inject": ("a", "b")}


def test_a_checkpoint_with_both_in_flight_resumes_to_the_same(tmp_path: Path) -> None:
    def injected() -> Brain:
        brain = conversation("t", "x", "u")
        brain.step()
        brain.inject("listener.t", ["a"])
        brain.inject("listener.u", [9, 9])
        brain.inject("listener.t", ["b"], delay="5 ms")
        return brain

    whole, first, second = injected(), injected(), conversation("t", "x", "u")
    folder = first.save(tmp_path)
    second.load(folder)
    for brain in (whole, second):
        brain.run(until="15 ms")
    assert whole["listener"].heard == second["listener"].heard  # type: ignore[attr-defined]
    assert [ids["t"] for *_, ids in second["listener"].heard if "t" in ids] == [[0, 1, -1], [-2], [2, 3]]  # type: ignore[attr-defined]
    assert list(whole.notices) == list(second.notices) != []


# --- where it wakes nobody ----------------------------------------------------------------------------------------


class Dozer(Listener):
    """Hears as the listener does, and wakes every 20 ms."""

    manifest = replace(Listener.manifest, name="dozer", factory="", wake_on=(), period="20 ms", inputs=tuple(
        replace(port, required=False) for port in Listener.manifest.inputs))


def dozing(*ports: str) -> Brain:
    brain = Brain()
    brain.add(Mouth)
    brain.add(Dozer)
    for port in ports:
        brain.connect(f"mouth.{port}", f"dozer.{port}")
    return brain


NEVER_SAW = "never saw what was injected at {}, as another value came there before it woke"


def notices(brain: Brain) -> dict[str, int]:
    return {notice.text: notice.count for notice in brain.notices}


def test_an_injected_value_that_another_replaces_before_its_zone_wakes_is_told() -> None:
    brain = dozing("t", "u")
    for delay in ("5 ms", "25 ms", "26 ms"):  # the mouth's arrive at 1, 11, 21 and 31 ms
        brain.inject("dozer.t", ["a"], delay=delay)
    brain.inject("dozer.u", [9, 9], delay="12 ms")
    brain.run(until="41 ms")
    heard = {time: values.get("t") for time, values, _ in brain["dozer"].heard}  # type: ignore[attr-defined]
    assert heard == {0: None, 20: ("row 2", "row 3"), 40: ("row 6", "row 7")}
    assert notices(brain) == {NEVER_SAW.format("t"): 3}


def test_what_comes_at_the_instant_at_which_the_zone_wakes_replaces_it_too() -> None:
    brain = Brain()
    brain.add(Mouth)
    brain.add(Dozer)
    brain.connect("mouth.t", "dozer.t", "10 ms")
    brain.inject("dozer.t", ["a"], delay="15 ms")
    brain.run(until="21 ms")
    assert notices(brain) == {NEVER_SAW.format("t"): 1}


def test_what_its_zone_has_seen_is_not_said_to_be_lost() -> None:
    brain = dozing("u")
    brain.inject("dozer.u", [9, 9], delay="15 ms")
    brain.inject("dozer.every", [1, 1], delay="5 ms")
    brain.inject("dozer.every", [2, 2], delay="6 ms")
    brain.inject("dozer.many", ["a"], delay="5 ms")
    brain.run(until="41 ms")
    assert brain["dozer"].heard[1][1]["u"] == [9, 9]  # type: ignore[attr-defined]
    assert notices(brain) == {}


@pytest.mark.parametrize("until", ["5 ms", "7 ms", "15 ms", "21 ms"])
def test_a_resumed_brain_tells_what_is_replaced_as_one_that_never_stopped(tmp_path: Path, until: str) -> None:
    whole, first, second = dozing("t"), dozing("t"), dozing("t")
    for brain in (whole, first):
        brain.inject("dozer.t", ["a"], delay="5 ms")
        brain.inject("dozer.t", ["b"], delay="19 ms")
    first.run(until=until)
    second.load(first.save(tmp_path))
    for brain in (whole, second):
        brain.run(until="41 ms")
    assert notices(whole) == notices(second) == {NEVER_SAW.format("t"): 1}
