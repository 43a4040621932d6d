"""The gradient that the amygdala sends back to whoever made the embedding."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from .conftest import Bench, stimuli

Make = Callable[..., Bench]


@pytest.mark.parametrize("rule", ["rls", "logistic"])
def test_the_gradient_is_the_derivative_of_the_loss_by_the_weights_before_learning(bench: Make, rule: str) -> None:
    one = bench(learner={"kind": rule}, publish_gradient=True)
    one.teach(96)
    embedding, labels = stimuli(2, seed=8)
    one.show(embedding, [501, 502])
    task = one.zone._tasks["emotion"]
    readout = one.zone._learner._readouts["emotion"]
    weights = readout.weights.copy()
    names = task.state()["classes"]["names"]
    targets = np.array([[float(name in label) for name in names] for label in labels])
    loss = readout.loss
    one.tell((("joy",), *labels[::-1]), [999, 502, 501])
    one.show(embedding, [503, 504])
    signal = one.brain.latest("amygdala.embedding_gradient")
    assert signal.ids.tolist() == [502, 501]

    def loss_at(rows: np.ndarray) -> np.ndarray:
        return loss(rows @ weights[:-1] + weights[-1], targets)

    exact = embedding.astype(float)
    for column in range(8):
        step = 1e-5 * np.eye(8)[column]
        numeric = (loss_at(exact + step) - loss_at(exact - step)) / 2e-5
        assert signal.value[::-1, column] == pytest.approx(numeric, rel=1e-4, abs=1e-5)


def test_no_gradient_port_unless_asked_for(bench: Make) -> None:
    assert "amygdala.embedding_gradient" not in bench().brain.topics


@pytest.mark.parametrize("learner", [{"kind": "rls"}, {"kind": "network", "hidden": [8]}],
                         ids=lambda learner: learner["kind"])
def test_the_gradients_of_several_tasks_add_up(bench: Make, learner: Any) -> None:
    both = bench(tasks={"emotion": {}, "tone": {}}, publish_gradient=True, learner=learner)
    embedding, labels = stimuli(3)
    both.show(embedding, [1, 2, 3])
    both.tell(labels, [1, 2, 3])
    both.tell(labels, [1, 2, 3], task="tone")
    parts = []
    for tasks in (("emotion",), ("tone",), ("emotion", "tone")):
        both.show(embedding, [1, 2, 3])
        state = both.zone.state()
        for task in tasks:
            both.brain.inject(f"amygdala.{task}_teacher", labels[1:], ids=np.array([2, 3]))
        both.brain.run(span="2 ms")
        both.show(embedding[:1], [9])
        signal = both.brain.latest("amygdala.embedding_gradient")
        assert signal.ids.tolist() == [2, 3]
        parts.append(signal.value)
        both.zone.load_state(state)
    assert np.allclose(parts[0] + parts[1], parts[2], atol=1e-6)
    assert np.abs(parts[2]).max() > 0


@pytest.mark.parametrize("learner", [{"kind": "rls"}, {"kind": "network", "hidden": [8]}],
                         ids=lambda learner: learner["kind"])
def test_tasks_told_of_different_items_in_one_tick_give_each_item_what_its_own_tasks_say(bench: Make,
                                                                                         learner: Any) -> None:
    found = {}
    for taught in ({"emotion": [3, 1]}, {"tone": [2, 1]}, {"emotion": [3, 1], "tone": [2, 1]}):
        one = bench(tasks={"emotion": {}, "tone": {}}, publish_gradient=True, learner=learner)
        embedding, labels = stimuli(40)
        one.show(embedding, range(100, 140))
        for task in ("emotion", "tone"):
            one.tell(labels, range(100, 140), task=task)
        one.show(embedding[:4], range(4))
        for task, ids in taught.items():
            one.brain.inject(f"amygdala.{task}_teacher", tuple(labels[i] for i in ids), ids=np.array(ids))
        one.brain.run(span="2 ms")
        one.show(embedding[:1], [9])
        signal = one.brain.latest("amygdala.embedding_gradient")
        found["+".join(taught)] = dict(zip(signal.ids.tolist(), signal.value, strict=True))
    assert list(found["emotion+tone"]) == [3, 1, 2]
    for item, gradient in found["emotion+tone"].items():
        own = [found[task][item] for task in ("emotion", "tone") if item in found[task]]
        assert np.allclose(gradient, sum(own), atol=1e-6)
        assert np.abs(gradient).max() > 0


def test_with_learning_off_no_gradient_is_said(bench: Make) -> None:
    one = bench(publish_gradient=True)
    one.brain.learning = False
    one.teach(64)
    assert one.brain.latest("amygdala.embedding_gradient") is None


@pytest.mark.parametrize("executor", ["serial", "processes"])
def test_a_gradient_is_published_at_the_instant_after_its_label_though_nothing_else_wakes_the_zone(
        bench: Make, executor: str) -> None:
    one = bench(executor=executor, publish_gradient=True, learner={"kind": "logistic"})
    embedding, labels = stimuli(2)
    one.show(embedding, [1, 2])
    found = one.brain.probe("amygdala.embedding_gradient")
    one.brain.inject("amygdala.emotion_teacher", labels, ids=np.array([1, 2]))
    at = one.brain.now
    one.brain.run(span="1 s")
    one.brain.close()
    assert len(found.times) == 1
    assert 0 < found.times[0] - at <= 2_000_000  # told one resolution after it was injected at the earliest


def test_a_gradient_that_waits_is_published_by_a_brain_that_goes_on_from_a_checkpoint(bench: Make,
                                                                                       tmp_path: Path) -> None:
    one, other = (bench(publish_gradient=True, learner={"kind": "logistic"}) for _ in range(2))
    embedding, labels = stimuli(2)
    one.show(embedding, [1, 2])
    one.brain.inject("amygdala.emotion_teacher", labels, ids=np.array([1, 2]))
    for _ in range(4):
        if one.zone.state()["gradient"] is not None:
            break
        one.brain.run(span="1 ms")
    one.brain.save(tmp_path / "kept")
    found = other.brain.probe("amygdala.embedding_gradient")
    other.brain.load(tmp_path / "kept")
    other.brain.run(span="10 ms")
    assert len(found.times) == 1


def test_an_amygdala_that_publishes_no_gradient_has_no_clock_of_its_own(bench: Make) -> None:
    assert "clock" not in bench().brain.schedule()
    assert "by its own clock" in bench(publish_gradient=True).brain.schedule()
