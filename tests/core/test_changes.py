"""Parameters that are changed over a saved state: each takes effect, or is refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import Field

from aura import Brain, InputPath, Manifest, Port, Zone, ZoneParams
from aura.core.changes import changed
from aura.core.errors import CheckpointError, WiringError


class Part(ZoneParams):
    size: int = 1
    speed: float = 1.0


class Params(ZoneParams):
    step: int = 1
    start: int = 5
    part: Part | None = Part()
    parts: dict[str, Part] = Field(default_factory=dict)
    file: InputPath | None = None


class Count(Zone[Params]):
    """Counts by `step` from `start`."""

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self.count = self.params.start

    def step(self, now: int, inputs: Any) -> dict[str, Any]:
        self.count += self.params.step
        return {"count": np.asarray(self.count)}

    def state(self) -> dict[str, Any]:
        return {"count": self.count}

    def load_state(self, state: dict[str, Any]) -> None:
        self.count = state["count"]


class Forgetful(Count):
    """Counts, and carries nothing."""

    def state(self) -> dict[str, Any]:
        return {}

    def load_state(self, state: dict[str, Any]) -> None:
        pass


def manifest(changeable: Any = (), factory: type[Count] = Count) -> Manifest:
    return Manifest("count", factory, "Counts.", params=Params, outputs=(Port("count", dtype="int64"),),
                    period="10 ms", changeable=changeable)


def branch(folder: Path, kind: Manifest, given: dict[str, Any], **changed: Any) -> Brain:
    with Brain() as brain:
        brain.add(kind, "count", params=given)
        brain.run(until="25 ms")
        brain.save(folder)
    other = Brain()
    other.add(kind, "count", params={**given, **changed})
    other.load(folder)
    return other


def test_a_changed_parameter_that_the_zone_does_not_name_is_refused_with_both_values(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"count\.start: expected 5, which .* was made with, got 6\. "):
        branch(tmp_path, manifest(("step",)), {}, start=6)


def test_the_refusal_names_what_can_be_changed(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"these can be: step, part\.\*\."):
        branch(tmp_path, manifest(("step", "part.*")), {}, start=6)


def test_that_a_part_is_of_another_kind_is_told_before_its_options() -> None:
    changes = changed({"way": {"depth": 1, "kind": "network"}}, {"way": {"kind": "rls", "ridge": 1.0}})
    assert [key for key, *_ in changes] == ["way.kind", "way.depth", "way.ridge"]


def test_a_refused_checkpoint_leaves_the_brain_as_it_was(tmp_path: Path) -> None:
    with Brain() as brain:
        brain.add(manifest(), "count")
        brain.run(until="25 ms")
        brain.save(tmp_path)
    other = Brain()
    other.add(manifest(), "count", params={"step": 2})
    with pytest.raises(CheckpointError):
        other.load(tmp_path)
    other.run(until="5 ms")
    assert other.read("count.count") == 7


def test_a_parameter_that_the_zone_names_takes_effect(tmp_path: Path) -> None:
    other = branch(tmp_path, manifest(("step",)), {}, step=10)
    other.run(until="35 ms")
    assert other.read("count.count") == 5 + 3 + 10


@pytest.mark.parametrize(("given", "changed", "name"), [
    ({}, {"part": {"size": 2}}, r"count\.part\.size: expected 1,.* got 2"),
    ({}, {"part": None}, r"count\.part: expected nothing,.* got None"),
    ({}, {"parts": {"a": {}}}, r"count\.parts: expected \{\},.* got nothing"),
    ({"parts": {"a": {}}}, {"parts": {"a": {}, "b": {}}}, r"count\.parts\.b\.size: expected nothing,.* got 1"),
    ({"parts": {"a": {}}}, {"parts": {"a": {"size": 3}}}, r"count\.parts\.a\.size: expected 1,.* got 3"),
    ({"file": "/here/a.txt"}, {"file": "/here/b.txt"}, r"count\.file: expected '/here/a.txt',.* got '/here/b.txt'"),
])
def test_what_stands_deeper_is_named_by_its_path(tmp_path: Path, given: Any, changed: Any, name: str) -> None:
    with pytest.raises(CheckpointError, match=name):
        branch(tmp_path, manifest(("part.speed",)), given, **changed)


def test_a_pattern_stands_for_every_table_of_its_place(tmp_path: Path) -> None:
    given = {"parts": {"a": {}, "b": {}}}
    branch(tmp_path, manifest(("parts.*.speed",)), given, parts={"a": {"speed": 2.0}, "b": {"speed": 3.0}})
    with pytest.raises(CheckpointError, match=r"parts\.b\.size"):
        branch(tmp_path, manifest(("parts.*.speed",)), given, parts={"a": {"speed": 2.0}, "b": {"size": 3}})


def test_what_can_be_changed_may_follow_from_the_parameters(tmp_path: Path) -> None:
    kind = manifest(lambda params: ("start",) if params.step == 1 else ())
    branch(tmp_path / "one", kind, {}, start=9)
    with pytest.raises(CheckpointError, match="start"):
        branch(tmp_path / "two", kind, {"step": 2}, start=9)


def test_a_zone_that_carries_nothing_may_be_changed_at_will(tmp_path: Path) -> None:
    other = branch(tmp_path, manifest(factory=Forgetful), {}, start=100)
    other.run(until="35 ms")
    assert other.read("count.count") == 101


def test_files_that_moved_with_their_folder_are_the_same(tmp_path: Path) -> None:
    branch(tmp_path, manifest(), {"file": "/here/a.txt"}, file="/there/a.txt")


def test_a_changeable_that_is_no_tuple_is_named(tmp_path: Path) -> None:
    with pytest.raises(WiringError, match=r"count\.changeable: expected a tuple"):
        branch(tmp_path, manifest("step"), {}, step=2)
