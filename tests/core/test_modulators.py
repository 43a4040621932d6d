"""Modulators: declared by a zone, wired by name, checked as they come; the energy gate is applied by the runtime."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aura import Brain, Inputs, Items, Manifest, Modulator, Port, Zone
from aura.core.errors import SignalError, WiringError
from aura.core.modulators import checked

RATE = Modulator("rate", "How fast.", default=0.5, range=(0.0, 2.0))


class Drives(Zone):
    """Says what it was told to, tick by tick, and two things that nobody obeys."""

    manifest = Manifest("drives", "", outputs=(
        Port("energy_gate", role="modulator"), Port("rate", role="modulator"), Port("mood"),
        Port("spread", shape=(2,), role="modulator")), period="1 ms")
    gates: tuple[float, ...] = ()

    def step(self, now: int, inputs: Inputs) -> dict[str, Any]:
        place = now // 1_000_000
        return {"energy_gate": self.gates[place]} if place < len(self.gates) else {}


class Stream(Zone):
    """Two items a tick, and their labels."""

    manifest = Manifest("stream", "", outputs=(
        Port("x", shape=("item",)), Port("label", "tags", ("item",), role="label")), period="1 ms")

    def step(self, now: int, inputs: Inputs) -> dict[str, Any]:
        ids = 2 * (now // 1_000_000) + np.arange(2)
        return {"x": Items(np.zeros(2, np.float32), ids), "label": Items((("a",), ("b",)), ids)}


class Pupil(Zone):
    """Keeps what it saw and when it learned."""

    manifest = Manifest("pupil", "", wake_on=("x", "label"), modulators=(RATE,), inputs=(
        Port("x", shape=("item",)), Port("label", "tags", ("item",), role="label", keep="all", required=False)))

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self.seen: list[tuple[int, float, bool]] = []
        self.learned: list[int] = []

    def step(self, now: int, inputs: Inputs) -> None:
        self.seen.append((now // 1_000_000, inputs.modulators["rate"], self.learns))

    def learn(self, now: int, inputs: Inputs) -> None:
        self.learned += [one for ids in inputs.ids.get("label", ()) for one in ids.tolist()]

    def state(self) -> dict[str, Any]:
        return {"seen": self.seen, "learned": self.learned}

    def load_state(self, state: dict[str, Any]) -> None:
        self.seen, self.learned = list(state["seen"]), list(state["learned"])


def school(*gates: float, labels: bool = True) -> Brain:
    brain = Brain()
    brain.add(type("Drives", (Drives,), {"gates": gates}), "drives")
    brain.add(Stream)
    brain.add(Pupil)
    brain.connect("stream.x", "pupil.x")
    if labels:
        brain.connect("stream.label", "pupil.label")
    brain.connect("drives.*", "pupil.modulators")
    return brain


def notices(brain: Brain) -> list[str]:
    return [str(notice) for notice in brain.all_notices()]


def test_a_star_takes_the_numbers_that_the_target_obeys() -> None:
    assert [str(path) for path in school().pathways if path.source == "drives"] == [
        "drives.energy_gate -> pupil.modulators", "drives.rate -> pupil.modulators"]


@pytest.mark.parametrize(("target", "expected"), [
    ("pupil.x", "the input 'modulators'"), ("stream.modulators", "rate, which")])
def test_a_star_elsewhere_or_for_nothing_is_refused(target: str, expected: str) -> None:
    brain = school()
    brain.add(Manifest("mute", Stream, outputs=(Port("mood"),), period="1 ms"), "mute")
    brain.connect("mute.*", target if target == "pupil.x" else "pupil.modulators")
    with pytest.raises(WiringError, match=expected):
        brain.build()


def test_a_modulator_that_the_zone_does_not_name_is_refused_with_the_nearest() -> None:
    brain = school()
    brain.add(Manifest("other", Stream, outputs=(Port("rte"),), period="1 ms"), "other")
    brain.connect("other.rte", "pupil.modulators")
    with pytest.raises(WiringError, match=r"obeys: energy_gate, rate, got 'rte'\. Try 'rate'"):
        brain.build()


def test_the_default_stands_until_a_value_comes_and_the_value_until_the_next() -> None:
    brain = school()
    brain.inject("pupil.modulators.rate", 2, delay="3 ms")
    brain.run(until="6 ms")
    assert [rate for _, rate, _ in brain["pupil"].seen] == [0.5, 0.5, 2.0, 2.0, 2.0]  # type: ignore[attr-defined]


@pytest.mark.parametrize("value", [-1.0, 2.5])
def test_a_value_out_of_its_range_is_refused_where_it_is_injected(value: float) -> None:
    brain = school()
    with pytest.raises(SignalError, match=r"pupil\.modulators at 0 s: expected rate: a number from 0 to 2, got"):
        brain.inject("pupil.modulators.rate", value)
    brain.run(until="3 ms")
    assert [rate for _, rate, _ in brain["pupil"].seen] == [0.5, 0.5]  # type: ignore[attr-defined]


def test_a_value_out_of_its_range_that_a_zone_publishes_is_refused_at_its_tick() -> None:
    with pytest.raises(SignalError, match=r"pupil\.modulators at 1 ms: expected energy_gate: 0 or more, got -1"):
        school(-1.0).run(until="3 ms")


@pytest.mark.parametrize("bound", [0.1, 0.7, 1e-50, 1 / 3, 16_777_217.0])
def test_a_bound_that_a_float32_has_not_is_taken_and_read_within_the_range(bound: float) -> None:
    for span in ((0.0, bound), (bound, 1e39)):
        manifest = replace(Pupil.manifest, modulators=(Modulator("rate", default=bound, range=span),))
        brain = Brain()
        brain.add(Stream)
        brain.add(type("Held", (Pupil,), {"manifest": manifest}), "pupil")
        brain.connect("stream.x", "pupil.x")
        brain.inject("pupil.modulators.rate", bound)
        brain.run(until="3 ms")
        read = [rate for _, rate, _ in brain["pupil"].seen]  # type: ignore[attr-defined]
        assert [np.float32(rate) for rate in read] == [np.float32(bound)] * 2
        assert all(span[0] <= rate <= span[1] for rate in read)


def test_what_lies_a_float32_beyond_a_bound_is_refused() -> None:
    one, beyond = Modulator("rate", default=0.0, range=(0.0, 0.1)), float(np.nextafter(np.float32(0.1), np.float32(1)))
    assert checked("z", 0, {"rate": one}, {"rate": float(np.float32(0.1))}) == {"rate": 0.1}
    with pytest.raises(SignalError, match=r"a number from 0 to 0\.1"):
        checked("z", 0, {"rate": one}, {"rate": beyond})


@pytest.mark.parametrize(("topic", "hint"), [
    ("pupil.modulators", "Try 'pupil.modulators.energy_gate'"), ("pupil.modulators.rte", "Try 'rate'"),
    ("pupil.x.rate", "expected an input of this brain")])
def test_an_injected_modulator_is_named(topic: str, hint: str) -> None:
    with pytest.raises(WiringError, match=hint):
        school().inject(topic, 1.0)


def test_several_modulators_may_be_injected_at_one_instant() -> None:
    brain = school()
    brain.inject("pupil.modulators.rate", 1)
    brain.inject("pupil.modulators.energy_gate", 0)
    brain.run(until="3 ms")
    assert brain["pupil"].seen == [(1, 1.0, False), (2, 1.0, False)]  # type: ignore[attr-defined]
    assert notices(brain) == ["pupil left 2 items unlearned while energy_gate was below 0.1"]


def test_below_its_bound_nothing_is_learned_and_the_labels_left_out_are_counted() -> None:
    brain = school(1.0, 1.0, 0.05, 0.0, 0.1, 0.1)
    brain.run(until="8 ms")
    pupil: Any = brain["pupil"]
    assert [learns for _, _, learns in pupil.seen] == [True, True, False, False, True, True, True]
    assert pupil.learned == [0, 1, 6, 7, 8, 9, 10, 11]
    assert notices(brain) == ["pupil left 4 items unlearned while energy_gate was below 0.1"]


def test_where_no_labels_are_wired_the_items_are_counted() -> None:
    brain = school(1.0, 0.0, 0.0, labels=False)
    brain.run(until="5 ms")
    assert notices(brain) == ["pupil left 6 items unlearned while energy_gate was below 0.1"]


def test_what_does_not_learn_is_not_counted() -> None:
    brain = school(0.0)
    brain.learning = False
    brain.run(until="5 ms")
    assert notices(brain) == []


@pytest.mark.parametrize("stop", range(1, 8))
def test_a_resumed_brain_obeys_and_counts_as_one_that_never_stopped(stop: int, tmp_path: Path) -> None:
    gates = (1.0, 0.0, 0.0, 1.0, 1.0, 0.0)
    whole, first, second = school(*gates), school(*gates), school(*gates)
    for brain in (whole, first):
        brain.inject("pupil.modulators.rate", 2, delay="4 ms")
    whole.run(until="9 ms")
    first.run(until=f"{stop} ms")
    second.load(first.save(tmp_path))
    second.run(until="9 ms")
    assert second["pupil"].state() == whole["pupil"].state()
    assert notices(second) == notices(whole) != []


@pytest.mark.parametrize(("given", "expected"), [
    ({"name": "a b"}, "a name that is an identifier"), ({"name": None}, "a name that is an identifier"),
    ({"summary": 5}, "summary: expected a sentence, got 5"),
    ({"range": (1,)}, "range: expected the smallest"), ({"range": None}, "range: expected the smallest"),
    ({"range": (2, 1)}, "range: expected the smallest"), ({"range": (math.nan, 1)}, "range: expected the smallest"),
    ({"range": ("a", "b")}, "range: expected the smallest"), ({"range": (0, 10**400)}, "range: expected the smallest"),
    ({"default": 2.0, "range": (0.0, 1.0)}, "a number from 0 to 1, got 2"),
    ({"default": 2.0, "range": (-math.inf, 1.0)}, "default: expected 1 or less, got 2"),
    ({"default": math.inf}, "default: expected 0 or more, got inf"), ({"default": math.nan}, "0 or more, got nan"),
    ({"default": 10**400}, "default: expected 0 or more, got 1000"), ({"default": "x"}, "default: .* got 'x'"),
    ({"default": None}, "default: .* got None"), ({"default": np.ones(2)}, "default: .* got float64"),
    ({"default": 1j}, "default: .* got 1j")])
def test_a_modulator_that_makes_no_sense_is_refused(given: dict[str, Any], expected: str) -> None:
    with pytest.raises(WiringError, match=expected):
        Modulator(**{"name": "gain", **given})


def test_numbers_of_other_types_are_taken_as_floats() -> None:
    one = Modulator("gain", default=np.float32(1), range=[0, np.int64(2)])  # type: ignore[arg-type]
    assert (one.default, one.range) == (1.0, (0.0, 2.0))
    assert {type(number) for number in (one.default, *one.range)} == {float}


@pytest.mark.parametrize(("modulators", "expected"), [
    (RATE, "a tuple of aura.Modulator"), ((RATE, RATE), "names that differ"),
    ((Modulator("energy_gate"),), "not energy_gate, which every zone obeys")])
def test_a_manifest_that_declares_no_modulators_twice_or_wrongly_is_refused(modulators: Any, expected: str) -> None:
    brain = Brain()
    with pytest.raises(WiringError, match=expected):
        brain.add(Manifest("z", Stream, modulators=modulators, period="1 ms"))
