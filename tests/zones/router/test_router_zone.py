"""The router: what it passes on and carries back, what modulators do, and what it refuses."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from aura import Brain, Manifest, Port, Zone
from aura.core.errors import SignalError, WiringError
from aura.core.state import trees_equal
from aura.zones.router import kernels
from aura.zones.router.plugin import MANIFEST, aura_zones

from .conftest import Bench, clusters, taught

Make = Callable[..., Bench]


# --- what is passed on ------------------------------------------------------------------------------------------------


def test_by_a_gain_of_one_the_very_bits_go_on(bench: Make) -> None:
    odd = np.array([[0.1, -0.0, 1e-42, 3e38]], np.float32)
    one = bench()
    published = one.show(odd, [1])["stimulus_relay"]
    assert published.tobytes() == odd.tobytes()


def test_the_gain_and_its_modulator_multiply_what_is_relayed(bench: Make) -> None:
    one = bench(gain=0.5)
    items, _ = clusters(3)
    assert np.array_equal(one.show(items, [1, 2, 3])["stimulus_relay"], items * np.float32(0.5))
    assert np.array_equal(one.show(items, [4, 5, 6], gain=3.0)["stimulus_relay"], items * np.float32(1.5))
    assert not one.show(items, [7, 8, 9], gain=0.0)["stimulus_relay"].any()


def test_before_any_routing_there_are_no_routes_and_no_trouble(bench: Make) -> None:
    published = bench().show(clusters(2)[0], [1, 2])
    assert published["stimulus_gate_bias"].shape == (2, 0)
    assert published["stimulus_attention"].shape == (0,)
    assert published["stimulus_magnitude"] == 0.0


def test_the_bias_grows_with_the_thalamic_scale_and_feedback_adds_to_it(bench: Make) -> None:
    one = taught(bench)
    items, _ = clusters(2, seed=5)
    plain = one.show(items, [900, 901], learn=False)
    twice = one.show(items, [900, 901], learn=False, thalamic_scale=2.0)
    assert twice["stimulus_gate_bias"] == pytest.approx(2 * plain["stimulus_gate_bias"])
    assert twice["stimulus_magnitude"] == pytest.approx(2 * plain["stimulus_magnitude"])
    # Feedback for a route that is not there yet waits; routes that it does not name have none.
    for feedback in ([0.5, -1.0], [0.5, -1.0, 0.0, 7.0]):
        published = one.show(items, [900, 901], feedback=feedback, learn=False, thalamic_scale=2.0)
        expected = twice["stimulus_gate_bias"] + 2 * np.array([0.5, -1.0, 0.0])
        assert published["stimulus_gate_bias"] == pytest.approx(expected, rel=1e-5)
    assert not one.show(items, [900, 901], learn=False, thalamic_scale=0.0)["stimulus_gate_bias"].any()


def test_relays_of_one_router_are_apart_from_each_other(bench: Make) -> None:
    one = bench({"image": {"axes": [2, 3]}, "sound": {"gain": 2.0}})
    published = one.show(np.ones((1, 2, 3)), [1], relay="image")
    assert {name.partition("_")[0] for name in published} == {"image"}
    one.route([[1.0, 0.0]], [1], relay="image")
    assert one.show(np.ones((1, 4)), [1], relay="sound")["sound_gate_bias"].shape == (1, 0)
    assert one.show(np.ones((1, 2, 3)), [2], relay="image")["image_gate_bias"].shape == (1, 2)


# --- what is learned --------------------------------------------------------------------------------------------------


def test_step_alone_learns_nothing(bench: Make) -> None:
    one = taught(bench)
    before = one.centroids.state()
    items, _ = clusters(3, seed=2)
    one.show(items, [500, 501, 502], learn=False)
    one.tick({"stimulus_routing": (np.eye(3, dtype=np.float32),)},
             {"stimulus_routing": (np.array([500, 501, 502]),)}, learn=False)
    assert trees_equal(before, one.centroids.state())


def test_the_learning_rate_scales_the_steps(bench: Make) -> None:
    moved = []
    for rate in (0.0, 0.5, 1.0):
        one = bench(seed_weight=9.0)
        one.show([[0.0]], [1])
        one.show([[1.0]], [2], learn=False)
        one.route([[1.0]], [2], learning_rate=rate)
        moved.append(float(one.centroids.rows[0, 0]) if len(one.centroids) else 0.0)
    assert moved == pytest.approx([0.0, 0.05, 0.1])


def test_items_that_are_not_waiting_are_counted_and_not_learned(bench: Make) -> None:
    one = bench(waiting=2)
    items, _ = clusters(3)
    assert one.route([[1.0]], [9]) == {"stimulus_learned": 0, "stimulus_unmatched": 1, "stimulus_variance": 0}
    one.show(items, [1, 2, 3])
    logged = one.route(np.ones((4, 1)), [1, 2, 3, 3])
    assert (logged["stimulus_learned"], logged["stimulus_unmatched"]) == (2, 2)


def test_weights_of_no_or_negative_size_teach_nothing(bench: Make) -> None:
    one = taught(bench)
    before = one.centroids.state()
    one.show(clusters(1, seed=2)[0], [500], learn=False)
    one.route([[0.0, -1.0, 0.0]], [500])
    assert trees_equal(before, one.centroids.state())


# --- bad input --------------------------------------------------------------------------------------------------------


def test_items_of_another_shape_stop_at_the_relay_with_both_shapes(bench: Make) -> None:
    one = bench()
    one.show(np.ones((1, 4)), [1])
    with pytest.raises(SignalError, match=r"thalamus\.stimulus at .*items of shape \(4,\), as at first, got \(5,\)"):
        one.show(np.ones((1, 5)), [2])


def test_routing_without_ids_or_with_too_many_experts_is_refused(bench: Make) -> None:
    one = bench(routes=2)
    one.show(np.ones((1, 4)), [1])
    with pytest.raises(SignalError, match="routing with the ids of its items"):
        one.tick({"stimulus_routing": (np.ones((1, 2), np.float32),)})
    with pytest.raises(SignalError, match=r"at most 2 experts.*got 3. Raise relays\.stimulus\.routes"):
        one.route(np.ones((1, 3)), [1])
    with pytest.raises(SignalError, match="at most 2 routes, got 3"):
        one.show(np.ones((1, 4)), [2], feedback=[1, 2, 3])


def test_what_overflows_by_the_gain_is_refused_by_name() -> None:
    with Brain() as brain:
        brain.add(Manifest("silent", _Silent, outputs=(Port("image", shape=("item", 2)),), period="1 h"))
        brain.add(MANIFEST, "thalamus", params={"relays": {"image": {"axes": [2], "gain": 1e6}}})
        brain.connect("silent.image", "thalamus.image")
        brain.inject("thalamus.image", np.full((1, 2), 3e38, np.float32))
        with pytest.raises(SignalError, match=r"thalamus\.image_relay at .*finite values, got inf"):
            brain.run(span="2 ms")


class _Silent(Zone[Any]):
    def step(self, now: int, inputs: Any) -> None:
        return None


@pytest.mark.parametrize("name", ["gain", "thalamic_scale", "learning_rate"])
def test_negative_modulators_are_refused(bench: Make, name: str) -> None:
    with pytest.raises(SignalError, match=f"{name}: 0 or more, got -1"):
        bench().show(np.ones((1, 4)), [1], **{name: -1.0})


@pytest.mark.parametrize(("params", "match"), [
    ({"relays": {}}, "relays"), ({"relays": {"modulators": {}}}, "other than modulators"),
    ({"relays": {"a b": {}}}, "relays"), ({"relays": {"a": {"routes": 1025}}}, "routes"),
    ({"relays": {"a": {"axes": ["item"]}}}, "without 'item'"), ({"relays": {"a": {"rout": 3}}}, "routes"),
    ({"relays": {"a": {}, "a_relay": {}}, "x": 1}, "x"), ({"relays": {"a": {}, "a_routing": {}}}, "names that differ"),
])
def test_bad_parameters_are_refused(params: dict[str, Any], match: str) -> None:
    with pytest.raises(WiringError, match=match):
        Brain().add(MANIFEST, params=params)


# --- in a brain -------------------------------------------------------------------------------------------------------


def test_in_a_brain_routing_comes_back_and_makes_routes() -> None:
    class Source(Zone[Any]):
        manifest = Manifest("source", "", period="10 ms", outputs=(Port("image", shape=("item", 6)),))

        def step(self, now: int, inputs: Any) -> dict[str, Any]:
            from aura import Items

            index = now // 10_000_000
            return {"image": Items(clusters(100)[0][index:index + 1].copy(), np.array([index]))}

    class Gate(Zone[Any]):
        manifest = Manifest("gate", "", wake_on=("stimulus",), inputs=(
            Port("stimulus", shape=("item", 6)), Port("gate_bias", shape=("item", "route"), required=False)),
            outputs=(Port("routing", shape=("item", "expert"), items_from="stimulus"),))
        widths: list[int]

        def step(self, now: int, inputs: Any) -> dict[str, Any]:
            self.widths = [*getattr(self, "widths", []), inputs["gate_bias"].shape[1]]
            assert inputs.ids["gate_bias"].tolist() == inputs.ids["stimulus"].tolist()
            return {"routing": np.array([[0.25, 0.75]], np.float32)}

    with Brain() as brain:
        brain.add(Source)
        brain.add(Gate)
        brain.add(MANIFEST, "thalamus", params={"relays": {"image": {"axes": [6]}}})
        brain.connect("source.image", "thalamus.image")
        brain.connect("thalamus.image_relay", "gate.stimulus")
        brain.connect("thalamus.image_gate_bias", "gate.gate_bias")
        brain.connect("gate.routing", "thalamus.image_routing")
        brain.run(until="300 ms")
        gate: Any = brain["gate"]
        assert gate.widths == [0, *[2] * 29]
        assert brain.read("thalamus.image_magnitude") > 0
        published: Any = brain.latest("thalamus.image_relay")
        assert published.ids.tolist() == [29]


@pytest.mark.parametrize("centroids", ["routing", "nearest"])
def test_warm_up_changes_nothing_and_leaves_nothing_to_compile(bench: Make, centroids: str) -> None:
    one = bench(centroids=centroids)
    before, draws = one.zone.state(), one.zone.rng.bit_generator.state
    one.zone.warm_up()
    assert trees_equal(before, one.zone.state())
    assert one.zone.rng.bit_generator.state == draws
    loops = [getattr(kernels, name) for name in kernels.__all__ if hasattr(getattr(kernels, name), "signatures")]
    compiled = [list(loop.signatures) for loop in loops]
    items, routed = clusters(4)[0], np.eye(4, dtype=np.float32)
    for array in (items, routed):
        array.setflags(write=False)
    ids = np.arange(4)
    one.tick({"stimulus": items}, {"stimulus": ids})
    one.tick({"stimulus_routing": (routed,)}, {"stimulus_routing": (ids,)})
    one.tick({"stimulus": items}, {"stimulus": ids})
    assert compiled == [list(loop.signatures) for loop in loops]


@pytest.mark.slow
def test_the_hook_registers_the_router_and_reading_it_is_light() -> None:
    assert aura_zones() == [MANIFEST]
    probe = ("import sys; import aura.zones.router.plugin; "
             "assert not {'numba', 'flax', 'jax'} & set(sys.modules)")
    subprocess.run([sys.executable, "-c", probe], check=True)
