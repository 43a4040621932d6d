"""Streams at the edge, with every learner: empty texts, nothing but neutral, rare classes, contradictions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from .conftest import Bench, stimuli

Make = Callable[..., Bench]
LEARNERS: dict[str, dict[str, Any]] = {
    "rls": {"kind": "rls"}, "logistic": {"kind": "logistic"},
    "network": {"kind": "network", "hidden": [32], "learning_rate": 0.01},
    "readouts": {"kind": "network", "hidden": [], "learning_rate": 0.01}}

each = pytest.mark.parametrize("learner", LEARNERS.values(), ids=LEARNERS)


def taught(one: Bench, embedding: np.ndarray, labels: Any, block: int = 20) -> Bench:
    for start in range(0, len(embedding), block):
        ids = range(start, start + len(embedding[start:start + block]))
        one.show(embedding[start:start + block], ids)
        one.tell(labels[start:start + block], ids)
    one.brain.learning = False
    return one


def chances(one: Bench, embedding: np.ndarray) -> dict[str, np.ndarray]:
    one.show(embedding, range(100_000, 100_000 + len(embedding)))
    found = one.read("emotion_probability")
    assert np.isfinite(found).all()
    assert np.isfinite(one.read("emotion_scores")).all()
    return dict(zip(one.read("emotion_classes"), found.T, strict=True))


@each
def test_empty_texts_are_embeddings_of_zeros_and_teach_how_common_a_class_is(bench: Make, learner: Any) -> None:
    zeros = np.zeros((200, 8), np.float32)
    one = taught(bench(learner=learner), zeros, (("joy",), ("joy",), ("joy",), ("fear",)) * 50)
    found = chances(one, zeros[:2])
    assert found["joy"] == pytest.approx(0.75, abs=0.1)
    assert found["fear"] == pytest.approx(0.25, abs=0.1)


@each
@pytest.mark.parametrize("neutral", [(), ("neutral",)], ids=["without a label", "of one label"])
def test_a_stream_of_nothing_but_neutral(bench: Make, learner: Any, neutral: tuple[str, ...]) -> None:
    embedding, _ = stimuli(100)
    one = taught(bench(learner=learner), embedding, (neutral,) * 100)
    found = chances(one, embedding[:5])
    assert set(found) == set(neutral)
    assert one.read("emotion") == (neutral,) * 5
    if neutral:
        assert found["neutral"].min() > 0.8


@each
def test_a_class_that_never_comes_is_not_said_and_improbable(bench: Make, learner: Any) -> None:
    embedding, labels = stimuli(200)
    task = {"classes": ["anger", "fear", "joy", "never"], "at_least_one": False}
    one = taught(bench(learner=learner, tasks={"emotion": task}), embedding, labels)
    assert chances(one, embedding)["never"].max() < 0.1
    assert not any("never" in predicted for predicted in one.read("emotion"))


@each
def test_a_class_that_comes_once_is_rarely_said(bench: Make, learner: Any) -> None:
    embedding, labels = stimuli(300)
    once = (*labels[:150], ("surprise",), *labels[151:])
    found = chances(taught(bench(learner=learner), embedding, once), stimuli(200, seed=4)[0])
    assert found["surprise"].mean() < 0.1


@each
def test_contradictory_labels_leave_a_class_as_likely_as_it_was_told(bench: Make, learner: Any) -> None:
    row = np.tile(stimuli(1, seed=3)[0], (400, 1))
    found = chances(taught(bench(learner=learner), row, (("joy",), ("fear",)) * 200), row[:1])
    assert found["joy"][0] == pytest.approx(0.5, abs=0.1)
    assert found["fear"][0] == pytest.approx(0.5, abs=0.1)
