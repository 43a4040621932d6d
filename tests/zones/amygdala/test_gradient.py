"""The gradient that the amygdala sends back to whoever made the embedding."""

from __future__ import annotations

from collections.abc import Callable

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


def test_the_gradients_of_several_tasks_add_up(bench: Make) -> None:
    both = bench(tasks={"emotion": {}, "tone": {}}, publish_gradient=True)
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


def test_with_learning_off_no_gradient_is_said(bench: Make) -> None:
    one = bench(publish_gradient=True)
    one.brain.learning = False
    one.teach(64)
    assert one.brain.latest("amygdala.embedding_gradient") is None
