"""Inputs: what a zone reads, frozen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from aura import Brain, Inputs, Items, Manifest, Modulator, Port, Zone
from tests.core.kit import Relay, node_of


def inbox() -> Inputs:
    brain = Brain()
    brain.add(Relay)
    return node_of(brain, "relay").inbox({"x": np.zeros(1)})


@pytest.mark.parametrize("write", [
    lambda i: i.__setitem__("x", 1), lambda i: i.__delitem__("x"), lambda i: i.update(x=1), lambda i: i.pop("x"),
    lambda i: i.popitem(), lambda i: i.clear(), lambda i: i.setdefault("y", 1), lambda i: i.__ior__({"x": 1}),
])
def test_inputs_cannot_be_written(write: Any) -> None:
    inputs = inbox()
    with pytest.raises(TypeError, match="inputs are frozen"):
        write(inputs)
    assert list(inputs) == ["x"]


def test_a_port_without_a_value_reads_as_none_and_an_unknown_one_raises() -> None:
    inputs = inbox()
    assert inputs["modulators"] is None
    assert dict(inputs.modulators) == {"energy_gate": 1.0}
    assert dict(inputs.ids) == {}
    with pytest.raises(KeyError, match="declared: modulators, x"):
        inputs["y"]


class Keeper(Zone):
    """Keeps the inputs it was shown."""

    manifest = Manifest("keeper", "", inputs=(
        Port("fresh", "int64", ("item",), required=False), Port("hold", "int64", ("item",), keep="hold"),
        Port("all", "int64", ("item",), keep="all"), Port("many", "int64", ("item",), fan_in="many"),
        Port("level", required=False, keep="hold")), period="3 ms", modulators=(Modulator("speed"),))

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self.shown: list[Inputs] = []

    def step(self, now: int, inputs: Inputs) -> None:
        self.shown.append(inputs)

    def learn(self, now: int, inputs: Inputs) -> None:
        assert inputs is self.shown[-1]


class Numbers(Zone):
    """Says one numbered item a tick, until the seventh."""

    manifest = Manifest("numbers", "", outputs=(Port("n", "int64", ("item",)), Port("speed")), period="1 ms")

    def step(self, now: int, inputs: Inputs) -> Any:
        n = np.array([now // 1_000_000])
        return None if n > 6 else {"n": Items(n.copy(), n), "speed": float(n[0])}


def shown() -> list[Inputs]:
    brain = Brain()
    for name in ("a", "b"):
        brain.add(Numbers, name)
    brain.add(Keeper)
    for port in ("fresh", "hold", "all", "many"):
        brain.connect("a.n", f"keeper.{port}")
    brain.connect("b.n", "keeper.many")
    brain.connect("b.speed", "keeper.modulators")
    brain.run(until="16 ms")
    return brain["keeper"].shown  # type: ignore[attr-defined]


def test_fresh_hold_all_and_many_keep_what_they_say() -> None:
    first, second, third, fourth, fifth, _ = shown()
    assert dict(first) == {}
    assert second["fresh"].tolist() == [2]
    assert second["hold"].tolist() == [2]
    assert [part.tolist() for part in second["all"]] == [[0], [1], [2]]
    assert [part.tolist() for part in third["all"]] == [[3], [4], [5]]
    assert {topic: part.tolist() for topic, part in third["many"].items()} == {"a.n": [5], "b.n": [5]}
    assert third.modulators["speed"] == 5
    assert fourth["fresh"].tolist() == [6]
    assert (fifth["fresh"], fifth["all"], fifth["many"], fifth["hold"].tolist()) == (None, None, None, [6])
    assert fifth.modulators["speed"] == 6


def test_ids_follow_their_items_and_cannot_be_written() -> None:
    _, second, *_, fifth, _ = shown()
    assert second.ids["fresh"].tolist() == [2]
    assert [ids.tolist() for ids in second.ids["all"]] == [[0], [1], [2]]
    assert second.ids["many"]["b.n"].tolist() == [2]
    assert {port: ids.tolist() for port, ids in fifth.ids.items()} == {"hold": [6]}
    with pytest.raises(ValueError, match="read-only"):
        second.ids["fresh"][0] = 9
    for mapping in (second.ids, second.ids["many"], second["many"], second.modulators):
        with pytest.raises(TypeError):
            mapping["x"] = 1
