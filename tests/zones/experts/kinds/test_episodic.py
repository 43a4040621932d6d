"""The store of episodes against a search in loops, and the expert that asks it."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura.core.errors import ParameterError, StateError
from aura.core.state import read_tree, trees_equal, write_tree
from aura.zones.experts.kinds.episodic import EpisodicExpert, EpisodicOptions
from aura.zones.experts.kinds.episodic_store import FIRST_ROOM, EpisodicStore
from aura.zones.experts.kinds.expert import Lesson


@cache
def digits() -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_digits

    data = load_digits()
    order = np.random.default_rng(5).permutation(len(data.target))
    return (data.images[order] / 16).astype(np.float32), np.eye(10, dtype=np.float32)[data.target[order]]


def lesson(rows: np.ndarray, targets: np.ndarray, weights: float | np.ndarray = 1.0, rate: float = 1.0) -> Lesson:
    return Lesson(rows, targets, np.full(len(rows), weights, np.float32), np.zeros(len(rows), np.float32), rate)


def expert(classes: int = 10, seed: int = 3, **options: float) -> EpisodicExpert:
    return EpisodicExpert((8, 8), classes, EpisodicOptions(**{"filters": 20, **options}), seed)


def filled(count: int, capacity: int, dims: int = 4, block: int = 7) -> tuple[EpisodicStore, np.ndarray]:
    keys = np.random.default_rng(1).normal(size=(count, dims)).astype(np.float32)
    store = EpisodicStore(dims, capacity)
    for start in range(0, count, block):
        part = keys[start:start + block]
        store.add(part, np.arange(start, start + len(part)), np.ones(len(part), np.float32))
    return store, keys


@pytest.mark.parametrize(("count", "asked"), [(5, 3), (300, 1), (300, 6), (1000, 40)])
def test_recall_finds_the_nearest_keys(count: int, asked: int) -> None:
    store, keys = filled(count, 2000)
    queries = np.random.default_rng(2).normal(size=(30, 4)).astype(np.float32)
    distances = ((queries[:, None].astype(np.float64) - keys) ** 2).sum(axis=2)
    recall = store.recall(queries, asked)
    assert np.array_equal(recall.slots, np.argsort(distances, axis=1, kind="stable")[:, :asked])
    np.testing.assert_allclose(recall.distances, np.sort(distances, axis=1)[:, :asked], rtol=1e-4, atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.lists(st.integers(0, 60), max_size=8))
def test_the_store_holds_the_latest_episodes_and_no_more(capacity: int, counts: list[int]) -> None:
    store, learned = EpisodicStore(2, capacity), 0
    for count in counts:
        store.add(np.full((count, 2), 1.0, np.float32), np.arange(learned, learned + count), np.ones(count, np.float32))
        learned += count
    assert sorted(store.classes.tolist()) == list(range(max(0, learned - capacity), learned))
    assert np.array_equal(store.classes, store.times)


def test_memory_grows_with_what_is_learned_up_to_the_capacity() -> None:
    few, many = filled(10, 100_000)[0], filled(FIRST_ROOM + 1, 100_000)[0]
    assert few.nbytes < many.nbytes < 100_000
    assert filled(3000, 300)[0].nbytes == filled(300, 300)[0].nbytes


def test_recall_has_the_same_bits_in_every_block() -> None:
    store, _ = filled(2000, 1500)
    queries = np.random.default_rng(2).normal(size=(64, 4)).astype(np.float32)
    together = store.recall(queries, 5)
    for i in range(64):
        alone = store.recall(queries[i:i + 1], 5)
        assert np.array_equal(alone.slots[0], together.slots[i])
        assert np.array_equal(alone.distances[0], together.distances[i])


def test_an_empty_store_recalls_nothing() -> None:
    recall = EpisodicStore(2, 5).recall(np.ones((3, 2), np.float32), 4)
    assert recall.slots.shape == recall.distances.shape == (3, 0)


def test_a_missing_faiss_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(ParameterError, match="pip install faiss-cpu"):
        EpisodicStore(2, 5)


def test_faiss_keeps_its_threads() -> None:
    import faiss

    before = faiss.omp_get_max_threads()
    filled(100, 100)[0].recall(np.ones((3, 4), np.float32), 4)
    assert faiss.omp_get_max_threads() == before


def test_with_nothing_remembered_all_classes_are_alike() -> None:
    np.testing.assert_allclose(expert(4).predict(digits()[0][:3]), 0.25)


def test_one_episode_is_enough_to_know_it_again() -> None:
    rows, targets = digits()
    one = expert()
    one.learn(lesson(rows[:1], targets[:1]))
    chances = one.predict(rows[:1])
    assert chances.argmax() == targets[0].argmax()
    assert chances.max() > 0.9
    assert chances.min() > 0


def test_the_votes_equal_the_formula() -> None:
    rows, targets = digits()
    weights = np.random.default_rng(1).random(100).astype(np.float32) + np.float32(0.1)
    one = expert(nearest=6, smoothing=0.2)
    one.learn(lesson(rows[:100], targets[:100], weights, rate=0.5))
    keys, query = one.keys(rows[:100]).astype(np.float64), one.keys(rows[200:201]).astype(np.float64)
    distances = ((keys - query) ** 2).sum(axis=1)
    near = np.argsort(distances)[:6]
    shares = 0.5 * weights[near] * np.exp(-distances[near] / distances[near].mean())
    expected = (0.02 + targets[near].T @ shares) / (0.2 + shares.sum())
    np.testing.assert_allclose(one.predict(rows[200:201])[0], expected, rtol=1e-4)


def test_digits_are_known_by_likeness() -> None:
    rows, targets = digits()
    one = expert()
    for start in range(0, 1200, 32):
        one.learn(lesson(rows[start:min(start + 32, 1200)], targets[start:min(start + 32, 1200)]))
    chances = one.predict(rows[1200:])
    assert (chances.argmax(axis=1) == targets[1200:].argmax(axis=1)).mean() > 0.93
    np.testing.assert_allclose(chances.sum(axis=1), 1, rtol=1e-5)
    assert chances.dtype == np.float32


def test_rows_that_count_too_little_are_not_remembered() -> None:
    rows, targets = digits()
    one = expert(least_weight=0.3)
    assert one.learn(lesson(rows[:3], targets[:3], np.array([0.0, 0.3, 0.4])), want_gradient=True) is None
    assert len(one) == 1
    one.learn(lesson(rows[:0], targets[:0]))
    assert len(one) == 1


def test_added_classes_can_be_remembered() -> None:
    rows, targets = digits()
    one = expert(10)
    one.learn(lesson(rows[:50], targets[:50]))
    before = one.predict(rows[:50]).argmax(axis=1)
    one.add_classes(1)
    assert np.array_equal(one.predict(rows[:50]).argmax(axis=1), before)
    one.learn(lesson(rows[60:61], np.eye(11, dtype=np.float32)[10:]))
    assert one.predict(rows[60:61]).argmax() == 10


def test_a_saved_expert_continues_to_the_same_bits(tmp_path: Path) -> None:
    rows, targets = digits()
    one = expert(capacity=150)
    one.learn(lesson(rows[:200], targets[:200]))
    write_tree(tmp_path / "state", one.state(), "episodic")
    other = expert(seed=99, capacity=150)
    other.load_state(read_tree(tmp_path / "state", "episodic"))
    for each in (one, other):
        each.learn(lesson(rows[200:260], targets[200:260]))
    assert trees_equal(one.state(), other.state())
    assert np.array_equal(one.predict(rows[:50]), other.predict(rows[:50]))


def test_the_state_is_a_copy_and_keeps_no_stimulus() -> None:
    rows, targets = digits()
    one = expert(dims=16, capacity=50)
    one.learn(lesson(rows[:50], targets[:50]))
    state = one.state()
    kept = state["episodes"]["keys"].copy()
    one.learn(lesson(rows[50:80], targets[50:80]))
    assert np.array_equal(state["episodes"]["keys"], kept)
    assert kept.shape == (50, 16)


def test_a_state_that_does_not_fit_is_refused() -> None:
    rows, targets = digits()
    one = expert(dims=16)
    one.learn(lesson(rows[:50], targets[:50]))
    with pytest.raises(StateError, match="keys"):
        expert(dims=8).load_state(one.state())
    with pytest.raises(StateError, match="without classes, episodes"):
        one.load_state({"seed": 1})
    with pytest.raises(StateError, match="told"):
        one.load_state({"seed": 1, "classes": 10, "episodes": {}})


def test_a_clone_remembers_the_same_and_goes_its_own_way() -> None:
    rows, targets = digits()
    one = expert()
    one.learn(lesson(rows[:50], targets[:50]))
    other = one.clone(seed=8)
    assert np.array_equal(one.predict(rows[:90]), other.predict(rows[:90]))
    other.learn(lesson(rows[50:60], targets[50:60]))
    assert (len(one), len(other)) == (50, 60)
