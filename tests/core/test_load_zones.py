"""A brain takes over some zones of another one's checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aura import Brain, Manifest, Port, Zone
from aura.core.errors import CheckpointError, WiringError


class Counter(Zone[Any]):
    manifest = Manifest("counter", "", outputs=(Port("count", dtype="int64"),), period="10 ms")
    lasting = ("_count",)

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self._count = 0

    def step(self, now: int, inputs: Any) -> Any:
        self._count += 1
        return {"count": self._count}


class Other(Counter):
    manifest = Manifest("other", "", outputs=(Port("count", dtype="int64"),), period="10 ms")


def brain_of(**zones: type[Counter]) -> Brain:
    brain = Brain(seed=1)
    for name, zone in zones.items():
        brain.add(zone, name)
    return brain


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    brain = brain_of(one=Counter, two=Counter)
    brain.run(until="50 ms")
    brain.save(tmp_path)
    return tmp_path


def test_those_that_are_named_go_on_and_time_and_the_others_stay(saved: Path) -> None:
    brain = brain_of(one=Counter, mine=Counter)
    brain.load_zones(saved, ["one"])
    assert brain.now == 0
    brain.run(until="10 ms")
    assert (int(brain.read("one.count")), int(brain.read("mine.count"))) == (6, 1)


def test_a_zone_that_is_not_there_or_of_another_kind_is_refused_and_the_brain_goes_on(saved: Path) -> None:
    brain = brain_of(two=Other, mine=Counter)
    with pytest.raises(CheckpointError, match="zone 'two'"):
        brain.load_zones(saved, ["two"])
    with pytest.raises(CheckpointError, match="zone 'mine'"):
        brain.load_zones(saved, ["mine"])
    with pytest.raises(WiringError, match=r"got 'tow'\. Try 'two'"):
        brain.load_zones(saved, ["tow"])
    assert brain.run(until="10 ms") == 1
