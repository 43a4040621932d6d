"""The hypothalamus, tick by tick: what it publishes, what learning is, and what it refuses."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura.core.errors import SignalError
from aura.core.state import read_tree, trees_equal, write_tree
from aura.core.time import MS, S

from .bench import MODULATED, Bench, numbers

finite = st.floats(-(2.0**127), 2.0**127, width=32)
some = st.floats(0, 2.0**127, width=32)


def test_it_says_every_scalar_at_every_tick_and_a_neutral_brain_changes_nothing() -> None:
    for _ in range(2):
        published = Bench(controller=False).tick()
        assert set(published) == {"energy", "fatigue", "drive", "mood", *MODULATED}
        assert all(value.dtype == np.float32 and value.shape == () for value in published.values())
        found = numbers(published)
        assert [found[name] for name in ("energy", "energy_gate", "learning_drive", "gate_temperature",
                                         "distillation_alpha", "growth_drive")] == [1.0] * 6
        assert [found[name] for name in ("fatigue", "drive", "mood")] == [0.0] * 3
        assert found["merit_momentum"] == pytest.approx(0.99)


def test_activity_of_several_zones_adds_up_in_any_order() -> None:
    whole, parts, turned = Bench(), Bench(), Bench()
    topics = {"a.activity": 0.1, "b.activity": 3e7, "c.activity": 7.3}
    for _ in range(20):
        published = [parts.tick(activity=topics), turned.tick(activity=dict(reversed(topics.items())))]
        alone = whole.tick(activity=math.fsum(map(float, map(np.float32, topics.values()))))
    assert numbers(published[0]) == numbers(published[1])
    assert numbers(alone)["energy"] == pytest.approx(numbers(published[0])["energy"], rel=1e-6)


def test_a_zone_that_falls_silent_rests() -> None:
    bench = Bench(period=S)
    busy = [numbers(bench.tick(activity=20.0))["energy"] for _ in range(20)][-1]
    rested = [numbers(bench.tick())["energy"] for _ in range(20)][-1]
    assert busy < 0.3
    assert rested > 0.8


def test_one_long_period_equals_many_short_ones() -> None:
    fed: dict[str, Any] = {"activity": 5.0, "effort": 1.0, "reward": 0.7, "valence": -0.4, "goal_a": 0.2}
    options: dict[str, Any] = {"goals": {"a": {"target": 1.0}}, "controller": False}
    long, short = Bench(period=10 * S, **options), Bench(period=10 * MS, **options)
    long.tick(**fed)
    short.tick(**fed)
    coarse = numbers(long.tick(**fed, learn=False))
    for _ in range(1000):
        fine = numbers(short.tick(**fed, learn=False))
    assert fine == pytest.approx(coarse, rel=1e-6)


def test_the_first_tick_lives_through_no_time() -> None:
    bench = Bench()
    bench.now = 3600 * S
    assert numbers(bench.tick(activity=1e9))["energy"] == 1.0


def test_an_unmet_goal_raises_learning_until_it_is_met() -> None:
    bench = Bench(period=S, goals={"accuracy": {"target": 0.9, "span": 0.9}}, largest_drive=3.0)
    unmet = [numbers(bench.tick(goal_accuracy=0.0))["learning_drive"] for _ in range(60)]
    assert unmet == sorted(unmet)
    assert unmet[-1] == pytest.approx(3.0, abs=0.02)
    met = [numbers(bench.tick(goal_accuracy=0.95))["learning_drive"] for _ in range(100)]
    assert met[-1] == pytest.approx(1.0, abs=1e-3)


def test_the_routing_bias_is_said_when_utilisation_comes_and_follows_new_experts() -> None:
    bench = Bench(personality={"openness": 0.9})
    assert "routing_bias" not in bench.tick()
    for used in ([1.0], [0.9, 0.1], [0.7, 0.2, 0.1]):
        found = bench.tick(utilisation=used)["routing_bias"]
        assert found.shape == (len(used),)
        assert found.dtype == np.float32
        assert np.argmin(found) == np.argmax(used)
    assert "routing_bias" not in bench.tick()


def test_low_entropy_warms_the_gate_unless_the_controller_is_off() -> None:
    on, off = Bench(), Bench(controller=False)
    for _ in range(100):
        warm, same = numbers(on.tick(gate_entropy=0.1)), numbers(off.tick(gate_entropy=0.1))
    assert warm["gate_temperature"] == pytest.approx(math.exp(0.5 * 0.4 + 0.99 * 0.4), rel=1e-4)
    assert same["gate_temperature"] == 1.0


def test_time_in_which_nothing_is_routed_leaves_the_controller_as_it_is() -> None:
    bench = Bench()
    for _ in range(100):
        before = numbers(bench.tick(gate_entropy=0.1))["gate_temperature"]
    for _ in range(100):
        after = numbers(bench.tick())["gate_temperature"]
    assert after == before


def test_homeostasis_goes_on_without_learning_and_expectations_stand_still() -> None:
    bench = Bench()
    bench.tick(reward=1.0, loss=2.0, learning_rate=1.0)
    before = bench.zone.state()
    for _ in range(50):
        published = numbers(bench.tick(learn=False, reward=3.0, loss=1.0, activity=9.0, gate_entropy=0.1))
    after = bench.zone.state()
    for name in ("reward", "losses"):
        assert after["mood"][name] == before["mood"][name]
    assert published["energy"] < 1.0
    assert published["mood"] > 0.0
    assert published["gate_temperature"] > 1.0
    bench.tick(reward=3.0, loss=1.0)
    assert bench.zone.state()["mood"]["reward"] == pytest.approx(1.0 + 0.02 * 2.0)
    assert bench.scalars["expected_loss"] == pytest.approx(2.0 - 0.02)


def test_a_learning_rate_of_nothing_learns_nothing_and_a_negative_one_is_refused() -> None:
    bench = Bench()
    bench.tick(reward=1.0, loss=2.0, learning_rate=0.0)
    assert bench.zone.state()["mood"] == Bench().zone.state()["mood"]
    with pytest.raises(SignalError, match=r"control\.modulators at .* learning_rate: 0 or more, got -1"):
        bench.tick(learning_rate=-1.0)


@pytest.mark.parametrize(("given", "message"), [
    ({"activity": {"fabric.busy": -0.5}}, r"hypothalamus\.activity from fabric\.busy at 0 s.*0 or more, got -0\.5"),
    ({"activity": math.nan}, r"activity from zone\.activity.*finite number of 0 or more, got nan"),
    ({"effort": math.inf}, r"effort from .*got inf"),
    ({"gate_entropy": 1.5}, r"gate_entropy at 0 s: expected a number from 0 to 1, got 1\.5"),
    ({"gate_entropy": math.nan}, r"gate_entropy .*got nan"),
    ({"valence": -2.0}, r"valence at 0 s: expected a number from -1 to 1, got -2"),
    ({"utilisation": [0.5, -0.1]}, r"utilisation at 0 s: expected shares of 0 or more, got -0\.1"),
])
def test_what_is_out_of_range_is_refused_by_name(given: dict[str, Any], message: str) -> None:
    with pytest.raises(SignalError, match=message):
        Bench().tick(**given)


def test_an_entropy_that_steps_over_1_by_rounding_is_taken() -> None:
    assert numbers(Bench(controller={"kp": 0.5}).tick(gate_entropy=1.0000002))["gate_temperature"] < 1.0


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(st.lists(st.fixed_dictionaries({}, optional={
    "activity": some, "effort": some, "reward": finite, "loss": finite, "valence": st.floats(-1, 1),
    "gate_entropy": st.floats(0, 1), "goal_a": finite, "goal_b": finite,
    "utilisation": st.lists(some, max_size=5), "learning_rate": st.floats(0, 100)}), max_size=15),
    st.sampled_from([1, 10 * MS, 3600 * S]), st.tuples(*[st.floats(0, 1)] * 5))
def test_everything_said_stays_in_its_range_for_any_finite_input(
        series: list[dict[str, Any]], period: int, traits: tuple[float, ...]) -> None:
    names = ("openness", "persistence", "plasticity", "trust", "sensitivity")
    bench = Bench(period=period, personality=dict(zip(names, traits, strict=True)), largest_drive=3.3,
                  goals={"a": {"target": 1.0}, "b": {"target": -1.0, "direction": "below", "span": 1e-3}})
    ranges = {port.name: port.range for port in bench.outputs}
    for given_now in series:
        for name, value in bench.tick(**given_now).items():
            low, high = ranges[name]
            assert value.size == 0 or (low <= value.min() and value.max() <= high)
    for leaf in _floats(bench.zone.state()):
        assert leaf == 0.0 or 1e-30 <= abs(leaf) < math.inf


def _floats(tree: Any) -> list[float]:
    if isinstance(tree, dict):
        return [leaf for part in tree.values() for leaf in _floats(part)]
    return [tree] if isinstance(tree, float) else []


def test_state_goes_through_a_file_and_continues_to_the_same_bits(tmp_path: Path) -> None:
    options: dict[str, Any] = {"goals": {"a": {"target": 1.0}, "b": {"target": 0.0, "direction": "below"}},
                               "personality": {"openness": 0.7}}
    rng = np.random.default_rng(3)

    def fed() -> dict[str, Any]:
        return {"activity": rng.uniform(0, 30), "loss": {"b.loss": rng.normal(), "a.loss": rng.normal()},
                "reward": rng.normal(), "gate_entropy": rng.random(), "goal_a": rng.random(), "goal_b": rng.random(),
                "utilisation": rng.random(3)}

    one, other = Bench(**options), Bench(**options)
    for _ in range(100):
        one.tick(**fed())
    write_tree(tmp_path / "zone", one.zone.state(), "hypothalamus")
    other.zone.load_state(read_tree(tmp_path / "zone", "hypothalamus"))
    other.now = one.now
    assert trees_equal(one.zone.state(), other.zone.state())
    for _ in range(100):
        given_now = fed()
        expected, found = one.tick(**given_now), other.tick(**given_now)
        assert all(np.array_equal(expected[name], found[name]) for name in expected)
    assert trees_equal(one.zone.state(), other.zone.state())


def test_a_branch_with_other_settings_takes_what_fits() -> None:
    one = Bench(goals={"a": {"target": 1.0}})
    for _ in range(50):
        one.tick(goal_a=0.0, gate_entropy=0.1, activity=3.0)
    other = Bench(goals={"b": {"target": 1.0}}, controller=False, personality={"openness": 1.0})
    other.zone.load_state(one.zone.state())
    assert other.zone.state()["drives"] == {"levels": {"b": 0.0}}
    assert other.zone.state()["energy"] == one.zone.state()["energy"]
    other.now = one.now
    assert numbers(other.tick(goal_b=1.0))["gate_temperature"] == pytest.approx(2.0, rel=0.02)


@pytest.mark.slow
def test_the_zone_needs_neither_jax_nor_flax_nor_numba() -> None:
    script = ("import sys; import aura.zones.control.zone; "
              "bad = {'jax', 'flax', 'numba'} & set(sys.modules); sys.exit(str(bad) if bad else 0)")
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
