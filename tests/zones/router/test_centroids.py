"""Centroids, attention and bias: against a plain twin, and for what they are there for."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura.core.state import trees_equal

from .conftest import Bench, clusters
from .naive import NaiveCentroids

Make = Callable[..., Bench]


def routing(which: np.ndarray, experts: int = 3, share: float = 0.8) -> np.ndarray:
    """Return gate weights: most of an item goes to one expert, the rest to the next."""
    weights = np.zeros((len(which), experts), np.float32)
    rows = np.arange(len(which))
    weights[rows, which] = share
    weights[rows, (which + 1) % experts] += 1 - share
    return weights


def taught(bench: Make, count: int = 300, block: int = 7, **options: Any) -> tuple[Bench, np.ndarray, np.ndarray]:
    """Return a router that has received of many items which of three experts took them."""
    one = bench(**options)
    items, which = clusters(count)
    weights = routing(which)
    for start in range(0, count, block):
        part = slice(start, start + block)
        ids = np.arange(count)[part]
        one.show(items[part], ids)
        one.route(weights[part], ids)
    return one, items, which


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.lists(st.integers(0, 6), min_size=1, max_size=8), st.sampled_from([0.0, 0.2]),
       st.sampled_from([4, 1000]))
def test_it_does_what_plain_python_would(seed: int, blocks: list[int], attention: float, memory: int) -> None:
    options = {"memory": memory, "recent": 5, "seed_weight": 2.0, "attention": attention, "rate": 0.9}
    one, naive = Bench(scale=1.5, **options), NaiveCentroids(**options)
    rng = np.random.default_rng(seed)
    items, which = clusters(sum(blocks), seed)
    for block, (a, b) in enumerate(pairwise(np.cumsum([0, *blocks])), start=1):
        ids = np.arange(a, b)
        feedback = rng.normal(size=8).astype(np.float32)
        published = one.show(items[a:b], ids, feedback=feedback)
        expected = naive.bias(items[a:b], 1.5, feedback)
        assert published["stimulus_gate_bias"] == pytest.approx(expected, rel=1e-4, abs=1e-4)
        centred = expected - expected.mean(axis=1, keepdims=True) if expected.size else expected
        size = np.sqrt((centred ** 2).mean()) if expected.size else 0.0
        assert published["stimulus_magnitude"] == pytest.approx(size, rel=1e-4, abs=1e-4)
        assert published["stimulus_attention"] == pytest.approx(naive.gains(), rel=1e-4)
        naive.follow(items[a:b])
        experts = min(block, 4)
        weights = routing(which[a:b] % experts, experts) if experts > 1 else np.ones((b - a, 1), np.float32)
        one.route(weights, ids)
        if b > a:
            naive.learn(items[a:b], weights)
            assert one.centroids.rows == pytest.approx(np.array(naive.rows), rel=1e-4, abs=1e-5)


def test_centroids_settle_in_the_middle_of_what_their_experts_take(bench: Make) -> None:
    one, items, which = taught(bench, 600)
    weights = routing(which)
    for route in range(3):
        middle = np.average(items, axis=0, weights=weights[:, route])
        assert one.centroids.rows[route] == pytest.approx(middle, abs=0.15)
    fresh, truth = clusters(200, seed=4)
    bias = one.show(fresh, range(10_000, 10_200))["stimulus_gate_bias"]
    assert (bias.argmax(axis=1) == truth).mean() > 0.99
    assert (bias <= 0).all()


def test_blocks_of_any_size_teach_the_same_to_the_bit(bench: Make) -> None:
    """With the mean of recent items, at which routes are seeded, being the same at the first routing."""
    items, which = clusters(60)
    weights = routing(which)
    states = []
    for block in (1, 7, 30):
        one = bench(waiting=100)
        one.show(items, range(60))
        for start in range(0, 60, block):
            part = slice(start, min(start + block, 60))
            one.route(weights[part], np.arange(60)[part])
        states.append(one.centroids.state())
    assert trees_equal(states[0], states[1])
    assert trees_equal(states[0], states[2])


def test_what_is_published_of_an_item_does_not_depend_on_its_block(bench: Make) -> None:
    one, _, _ = taught(bench)
    fresh, _ = clusters(9, seed=8)
    whole = one.show(fresh, range(900, 909), learn=False)["stimulus_gate_bias"]
    single = [one.show(fresh[i:i + 1], [950 + i], learn=False)["stimulus_gate_bias"] for i in range(9)]
    assert np.array_equal(whole, np.concatenate(single))


def test_a_new_route_is_seeded_at_the_mean_of_the_last_items(bench: Make) -> None:
    one = bench(recent=4, seed_weight=1e6, memory=10**6)
    items, _ = clusters(40)
    for index in range(40):
        one.show(items[index:index + 1], [index])
        one.route([[1.0]], [index])
    mean = items[0].astype(float)
    for count, item in enumerate(items[1:], start=2):
        mean += (item - mean) / min(count, 4)
    one.route([[1.0, 0.0]], [39])
    assert len(one.centroids) == 1
    one.show(items[:1], [100], learn=False)
    one.route([[0.0, 1.0]], [100])
    assert one.centroids.rows[1] == pytest.approx(mean, rel=1e-4, abs=1e-4)


def test_seeds_are_spread_where_asked_for_and_by_the_zones_own_generator(bench: Make) -> None:
    born = []
    for seed in (1, 1, 2):
        one, _, _ = taught(lambda seed=seed, **options: bench(seed=seed, **options), 30, spread=0.5)
        one.show(np.zeros((1, 6)), [500])
        one.route([[0.0] * 5], [500])
        born.append(one.centroids.rows[3:])
    assert np.array_equal(born[0], born[1])
    assert not np.array_equal(born[0], born[2])
    assert not np.array_equal(born[0][0], born[0][1])


@pytest.mark.slow
def test_bounded_memory_follows_what_drifts(bench: Make) -> None:
    ends = []
    for memory in (20, 100_000):
        one = bench(memory=memory)
        for index in range(600):
            one.show(np.full((1, 2), 0.0 if index < 400 else 1.0), [index])
            one.route([[1.0]], [index])
        ends.append(float(one.centroids.rows[0, 0]))
    assert ends[0] > 0.99
    assert ends[1] < 0.5


def test_routes_that_are_near_their_items_gain_attention(bench: Make) -> None:
    one = bench(attention=0.05)
    rng = np.random.default_rng(6)
    centres = np.array([[5.0, 0, 0], [0, 5.0, 0], [0, 0, 5.0]])
    for index in range(400):
        route = index % 3
        item = centres[route] + (0.1, 1.0, 3.0)[route] * rng.normal(size=3)
        published = one.show(item[None], [index])
        one.route(np.eye(4)[[route]], [index])
    gains = published["stimulus_attention"]
    assert gains[0] > gains[1] > gains[2]
    assert gains[:3].mean() == pytest.approx(1.0, abs=1e-6)
    assert gains[3] == 1.0
    assert (gains[:3] >= 0.25).all()
    assert (gains[:3] <= 4.0).all()


def test_with_attention_off_all_gains_are_one(bench: Make) -> None:
    one, items, _ = taught(bench, attention=0.0)
    assert (one.show(items[:1], [9_999])["stimulus_attention"] == 1.0).all()


def test_nearest_centroids_find_the_groups_by_themselves(bench: Make) -> None:
    one = bench(centroids="nearest", routes=3)
    items, which = clusters(400, noise=0.2)
    _, first = np.unique(which, return_index=True)
    order = np.concatenate([np.sort(first), np.arange(400)])
    for start in range(0, len(order), 5):
        part = order[start:start + 5]
        one.show(items[part], 1000 * start + np.arange(len(part)))
    assert len(one.centroids) == 3
    bias = one.show(items, range(10**7, 10**7 + 400))["stimulus_gate_bias"]
    published = bias.argmax(axis=1)
    assert all(len(set(published[which == group])) == 1 for group in range(3))
    assert len(set(published)) == 3


def test_nearest_centroids_are_running_means_as_macqueen_has_them(bench: Make) -> None:
    one = bench(centroids="nearest", routes=2)
    one.show([[0.0], [0.0], [10.0], [2.0], [11.0], [1.0]], range(6))
    assert one.centroids.rows.ravel() == pytest.approx([0.75, 10.5])


@pytest.mark.slow
def test_long_streams_of_nothing_leave_no_denormals(bench: Make) -> None:
    one = bench(memory=5, recent=3)
    one.show(np.ones((3, 4)), [0, 1, 2])
    one.route(routing(np.arange(3)), [0, 1, 2])
    for index in range(10, 1200):
        one.show(np.zeros((1, 4)), [index])
        one.route(routing(np.array([index % 3])), [index])
        for name, values in one.centroids.state().items():
            if name != "mean_count":
                assert ((values == 0) | (np.abs(values) >= 1e-30)).all(), name
    assert not one.centroids.rows.any()


def test_huge_items_give_a_finite_bias(bench: Make) -> None:
    one, _, _ = taught(bench)
    published = one.show(np.full((1, 6), 3e38), [777])
    assert np.isfinite(published["stimulus_gate_bias"]).all()
    assert np.isfinite(published["stimulus_magnitude"])


def test_identical_items_give_no_bias(bench: Make) -> None:
    one = bench(seed_weight=1.0)
    for index in range(20):
        published = one.show(np.ones((1, 3)), [index])
        one.route([[0.5, 0.5]], [index])
    assert not published["stimulus_gate_bias"].any()
    assert published["stimulus_magnitude"] == 0.0
