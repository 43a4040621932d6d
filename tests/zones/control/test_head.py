"""The exported head carries personality, gains and inner state into a fresh brain, and damage is named."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aura.core.errors import StateError
from aura.core.state import trees_equal
from aura.zones.common.heads import read_head, write_head

from .bench import Bench, numbers

FED: dict[str, Any] = {"activity": 7.0, "effort": 2.0, "reward": 0.3, "loss": {"a.loss": 0.6, "b.loss": 2.0},
                       "valence": 0.5, "gate_entropy": 0.2, "goal_speed": 0.4, "utilisation": [0.7, 0.2, 0.1]}
PARAMS: dict[str, Any] = {
    "goals": {"speed": {"target": 1.0}}, "personality": {"openness": 0.8, "trust": 0.1, "growth_span": 3.0},
    "controller": {"set_point": 0.7, "kp": 0.2, "ki_per_s": 3.0}}


def lived(**params: Any) -> Bench:
    bench = Bench(**{**PARAMS, **params})
    for tick in range(300):
        bench.tick(**{**FED, "reward": math.sin(tick)})
    return bench


def test_a_fresh_brain_says_at_first_what_the_exporter_said_last_and_then_goes_the_same_way(tmp_path: Path) -> None:
    one, other = lived(), Bench(goals=PARAMS["goals"])
    published = one.tick(**FED, learn=False)
    files = one.zone.export(tmp_path)
    assert files == [tmp_path / "hypothalamus" / "control_head.msgpack"]
    assert other.zone.load_export(tmp_path) == files
    first = other.tick(**FED, learn=False)
    assert all(np.array_equal(published[name], first[name]) for name in published)
    for _ in range(50):
        expected, found = one.tick(**FED), other.tick(**FED)
        assert all(np.array_equal(expected[name], found[name]) for name in expected)


def test_an_adopted_head_is_part_of_the_state(tmp_path: Path) -> None:
    one, other, resumed = lived(), Bench(goals=PARAMS["goals"]), Bench(goals=PARAMS["goals"])
    one.zone.export(tmp_path)
    other.zone.load_export(tmp_path)
    other.tick(**FED)
    resumed.zone.load_state(other.zone.state())
    resumed.now = other.now
    assert trees_equal(resumed.zone.state(), other.zone.state())
    assert numbers(resumed.tick(**FED)) == numbers(other.tick(**FED))


def test_a_head_without_a_controller_switches_it_off(tmp_path: Path) -> None:
    lived(controller=False).zone.export(tmp_path)
    other = Bench(goals=PARAMS["goals"])
    other.zone.load_export(tmp_path)
    before = numbers(other.tick(**FED))["gate_temperature"]
    assert numbers(other.tick(**{**FED, "gate_entropy": 0.9}))["gate_temperature"] == pytest.approx(before, rel=1e-2)
    assert other.zone.state()["controller"] is None


def test_goals_are_matched_by_name(tmp_path: Path) -> None:
    lived().zone.export(tmp_path)
    other = Bench(goals={"speed": {"target": 1.0}, "calm": {"target": 1.0}})
    other.zone.load_export(tmp_path)
    drives = other.zone.state()["drives"]["levels"]
    assert drives["speed"] > 0.1
    assert drives["calm"] == 0.0


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StateError, match=r"control_head\.msgpack.*no such file"):
        Bench().zone.load_export(tmp_path)


def test_a_damaged_file_is_named_and_leaves_the_zone_as_it_was(tmp_path: Path) -> None:
    path, = lived().zone.export(tmp_path)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x10
    path.write_bytes(bytes(data))
    other = Bench(goals=PARAMS["goals"])
    before = other.zone.state()
    with pytest.raises(StateError, match=r"control_head\.msgpack"):
        other.zone.load_export(tmp_path)
    assert trees_equal(before, other.zone.state())


@pytest.mark.parametrize(("part", "key", "value", "message"), [
    ("energy", "level", 2.0, "energy.level: expected less than or equal to 1, got 2.0"),
    ("mood", "trace", math.nan, "mood.trace: expected a finite number"),
    ("controller", "set_point", 7.0, "controller.set_point: expected less than or equal to 1"),
    ("personality", "charm", 1.0, "personality.charm: expected a known key"),
])
def test_a_value_out_of_its_range_is_named(tmp_path: Path, part: str, key: str, value: float, message: str) -> None:
    path, = lived().zone.export(tmp_path)
    tree = read_head(path)
    tree[part][key] = value
    write_head(path, tree)
    with pytest.raises(StateError, match=rf"control_head\.msgpack\.{message}"):
        Bench(goals=PARAMS["goals"]).zone.load_export(tmp_path)
