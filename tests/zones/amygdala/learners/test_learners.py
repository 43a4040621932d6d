"""The battery that every learner passes: it predicts, learns, grows, says its gradient, and is all in its state."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aura.core.state import read_tree, trees_equal, write_tree
from aura.zones.amygdala.learners.kinds import KINDS
from aura.zones.amygdala.learners.learner import Block, Head, Learner, Lesson

from .make import blobs, make_learner

OPTIONS: dict[str, dict[str, Any]] = {
    "rls": {}, "logistic": {"forgetting": 0.999}, "network": {"hidden": (32,), "learning_rate": 0.02, "clip": None},
    "mixture": {"learning_rate": 0.02}, "mixture-delta": {"rule": "delta"}}
EXACT = ("rls", "logistic", "mixture", "mixture-delta")
"""Those that compute in float64."""
HEADS = (Head("any", "labels", 4), Head("one", "choice", 4), Head("vad", "numbers", 2))
MAP = np.random.default_rng(3).normal(size=(4, 2))

each = pytest.mark.parametrize("kind", OPTIONS)


def make(kind: str, heads: tuple[Head, ...] = HEADS, **more: Any) -> Learner:
    return make_learner(kind, heads, 6, **{**OPTIONS[kind], **more})


def block(count: int, seed: int = 2, used: Any = None, classes: int = 4) -> Block:
    """Return a block of which every head is told the same items."""
    rows, targets = blobs(count, seed=seed)
    used = np.arange(count) if used is None else np.asarray(used, np.intp)
    taught = targets[used]
    return Block(rows.astype(np.float32), {
        "any": Lesson(used, taught[:, :classes]), "one": Lesson(used, taught), "vad": Lesson(used, taught @ MAP)})


def teach(learner: Learner, blocks: int, seed: int = 10) -> None:
    for turn in range(blocks):
        learner.learn(block(32, seed + turn), 1.0)


def test_every_kind_of_ours_is_here() -> None:
    assert {kind.partition("-")[0] for kind in OPTIONS} == set(KINDS)


@pytest.mark.parametrize("kind", [pytest.param(kind, marks=pytest.mark.slow if kind == "mixture" else ())
                                  for kind in OPTIONS])
def test_learning_lowers_the_loss_of_every_head_on_new_items(kind: str) -> None:
    one = make(kind)
    before = one.learn(block(200, 3), 0.0).losses
    teach(one, 20)
    after = one.learn(block(200, 3), 0.0).losses
    assert set(after) == {"any", "one", "vad"}
    for name, loss in after.items():
        assert loss < 0.6 * before[name], name


@each
def test_what_it_reports_is_what_it_predicted_before_the_block(kind: str) -> None:
    one = make(kind)
    teach(one, 2)
    lesson = block(9, 3, used=[1, 4, 7])
    expected = one.scores(lesson.rows[[1, 4, 7]])
    found = one.learn(lesson, 1.0).scores
    for name in expected:
        assert np.allclose(found[name], expected[name], atol=1e-6)
        assert not np.allclose(one.scores(lesson.rows[[1, 4, 7]])[name], expected[name], atol=1e-6)


@each
def test_at_rate_zero_nothing_is_learned(kind: str) -> None:
    one = make(kind)
    teach(one, 2)
    before = one.state()
    one.learn(block(32), 0.0)
    assert trees_equal(one.state(), before)


@each
def test_the_state_goes_through_a_file_and_on_to_the_same_bits(kind: str, tmp_path: Path) -> None:
    one, other = make(kind), make(kind)
    teach(one, 3)
    one.grow("any", 1, 96.0)
    write_tree(tmp_path / "state", one.state(), "learner")
    grown = (Head("any", "labels", 5), *HEADS[1:])
    other = make(kind, heads=grown)
    other.load_state(read_tree(tmp_path / "state", "learner"))
    other.rng.bit_generator.state = one.rng.bit_generator.state
    rows, targets = blobs(32, classes=5, seed=4)
    for learner in (one, other):
        learner.learn(Block(rows.astype(np.float32), {"any": Lesson(np.arange(32), targets)}), 1.0)
    assert trees_equal(one.state(), other.state())


@each
def test_two_of_one_seed_are_equal_to_the_bit(kind: str) -> None:
    pair = make(kind), make(kind)
    for one in pair:
        teach(one, 3)
    assert trees_equal(pair[0].state(), pair[1].state())


@each
def test_a_label_that_is_missing_costs_nothing(kind: str) -> None:
    some, alone = make(kind), make(kind)
    part = [0, 3, 4, 9, 17]
    whole = block(20, used=part)
    for one in (some, alone):
        teach(one, 2)
    some.learn(whole, 1.0)
    alone.learn(Block(whole.rows[part], {
        name: Lesson(np.arange(5), lesson.targets) for name, lesson in whole.lessons.items()}), 1.0)
    assert trees_equal(some.state(), alone.state())


@each
def test_heads_may_be_told_of_different_items(kind: str) -> None:
    one = make(kind)
    rows, targets = blobs(8)
    lessons = {"any": Lesson(np.array([0, 1, 2]), targets[:3]), "vad": Lesson(np.array([2, 7]), targets[[2, 7]] @ MAP)}
    learned = one.learn(Block(rows.astype(np.float32), lessons), 1.0, want_gradient=True)
    assert set(learned.losses) == {"any", "vad"}
    assert learned.gradient is not None
    assert learned.gradient.shape == (8, 6)
    assert not learned.gradient[3:7].any()


@each
@pytest.mark.parametrize("head", ["any", "one", "vad"])
def test_the_gradient_is_the_derivative_of_the_loss(kind: str, head: str) -> None:
    one = make(kind)
    teach(one, 5)
    rows, targets = blobs(3, seed=5)
    wanted = targets @ MAP if head == "vad" else targets
    step, off = (1e-5, 1e-6) if kind in EXACT else (2e-2, 2e-2)

    def loss(item: int, shift: np.ndarray) -> float:
        moved = (rows[item:item + 1] + shift).astype(np.float64 if kind in EXACT else np.float32)
        return one.learn(Block(moved, {head: Lesson(np.arange(1), wanted[item:item + 1])}), 0.0).losses[head]

    found = one.learn(Block(rows, {head: Lesson(np.arange(3), wanted)}), 0.0, want_gradient=True).gradient
    assert found is not None
    for item in range(3):
        numeric = [(loss(item, step * axis) - loss(item, -step * axis)) / (2 * step) for axis in np.eye(6)]
        assert np.abs(found[item] - numeric).max() < off
    assert np.abs(found).max() > 10 * off or off > 1e-3


@each
def test_the_gradients_of_heads_add_up(kind: str) -> None:
    one = make(kind)
    teach(one, 3)
    whole = block(6)
    both = one.learn(whole, 0.0, want_gradient=True).gradient
    parts = [one.learn(Block(whole.rows, {name: lesson}), 0.0, want_gradient=True).gradient
             for name, lesson in whole.lessons.items()]
    assert np.allclose(both, sum(parts), atol=1e-5)


@each
@pytest.mark.parametrize("head", ["any", "one"])
def test_growth_leaves_the_scores_of_the_other_classes_and_the_new_one_is_learned(kind: str, head: str) -> None:
    one = make(kind, heads=(Head(head, "labels" if head == "any" else "choice", 3),))
    rows, targets = blobs(320)
    rows = rows.astype(np.float32)
    known = np.flatnonzero(targets[:, 3] == 0)[:160]
    one.learn(Block(rows, {head: Lesson(known, targets[known, :3])}), 1.0)
    before = one.scores(rows)[head]
    one.grow(head, 1, 160.0)
    grown = one.scores(rows)[head]
    assert grown.shape == (320, 4)
    assert np.allclose(grown[:, :3], before, atol=1e-6)
    assert grown[:, 3].max() < 0.5
    for _ in range(20):
        one.learn(Block(rows, {head: Lesson(np.arange(320), targets)}), 1.0)
    fresh, truth = blobs(200, seed=3)
    right = one.scores(fresh.astype(np.float32))[head].argmax(axis=1) == truth.argmax(axis=1)
    assert right[truth[:, 3] == 1].mean() > 0.6


@each
def test_heads_without_classes_and_blocks_without_rows_are_no_trouble(kind: str) -> None:
    one = make(kind, heads=(Head("any", "labels", 0), Head("one", "choice", 0)))
    rows = blobs(4)[0].astype(np.float32)
    assert [scores.shape for scores in one.scores(rows).values()] == [(4, 0), (4, 0)]
    assert one.scores(rows[:0])["any"].shape == (0, 0)
    learned = one.learn(Block(rows, {"any": Lesson(np.arange(4), np.zeros((4, 0)))}), 1.0, want_gradient=True)
    assert learned.losses == {"any": 0.0}
    assert learned.gradient is not None
    assert not learned.gradient.any()


@each
def test_what_is_linear_is_the_map_of_its_scores(kind: str) -> None:
    one = make(kind)
    teach(one, 3)
    rows = blobs(5)[0].astype(np.float32)
    for name, scores in one.scores(rows).items():
        weights = one.linear(name)
        assert weights is None or np.allclose(rows @ weights[:-1] + weights[-1], scores, atol=1e-5)


@each
def test_rows_left_out_score_worse_than_as_they_were_learned(kind: str) -> None:
    one = make(kind, heads=(Head("any", "labels", 4),))
    rows, targets = blobs(40)
    rows = rows.astype(np.float32)
    one.learn(Block(rows, {"any": Lesson(np.arange(40), targets)}), 1.0)
    leave: Callable[[], np.ndarray] = lambda: one.left_out("any", rows, targets, np.ones(40))  # noqa: E731
    if not one.leaves_out:
        with pytest.raises(NotImplementedError):
            leave()
        return
    scores, left = one.scores(rows)["any"], leave()
    assert (left - scores)[targets == 1].mean() < 0 < (left - scores)[targets == 0].mean()
