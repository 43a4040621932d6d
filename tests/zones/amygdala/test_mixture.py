"""The amygdala with the learner that follows the stream: its texts, its outputs, what it explains, and its resume."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from aura.core.errors import StateError
from aura.core.state import trees_equal

from .conftest import stimuli

MIXTURE: dict[str, Any] = {"kind": "mixture", "words": 6, "buckets": 64, "hidden": 8}


def tell_text(bench: Any, texts: tuple[str, ...], ids: list[int]) -> None:
    bench.brain.inject("amygdala.text", texts, ids=np.array(ids, np.int64))


@pytest.fixture
def taught(bench: Any) -> Any:
    one = bench(learner=MIXTURE)
    embedding, labels = stimuli(96)
    for start in range(0, 96, 16):
        ids = list(range(start, start + 16))
        tell_text(one, ("so glad", "how sad it is") * 8, ids)
        one.show(embedding[start:start + 16], ids)
        one.tell(labels[start:start + 16], ids)
    return one


def test_words_find_their_items_and_an_item_without_a_text_has_none(taught: Any) -> None:
    embedding, _ = stimuli(3, seed=1)
    tell_text(taught, ("not so glad", "alone"), [202, 201])
    taught.show(embedding, [200, 201, 202])
    assert taught.read("attention") == ((), ("alone",), ("not", "so", "glad"))
    weights = taught.read("attention_weight")
    assert weights.shape == (3, 6)
    assert np.allclose(weights.sum(axis=1), [0.0, 1.0, 1.0])
    assert np.allclose(taught.read("routing").sum(axis=1), 1.0)


def test_it_explains_a_text_by_experts_routing_and_words_and_changes_nothing(taught: Any) -> None:
    state = taught.zone.state()
    found = taught.zone.explain(stimuli(1, seed=1)[0][0], "Not so glad!")
    assert trees_equal(taught.zone.state(), state)
    experts = ["readout_0", "readout_1", "network_0", "network_1"]
    assert list(found["routing"]) == list(found["experts"]) == experts
    assert [word for word, _ in found["attention"]] == ["not", "so", "glad"]
    for scores in (found["tasks"], *found["experts"].values()):
        assert set(scores["emotion"]) == {"anger", "fear", "joy"}
        assert all(0 <= chance <= 1 for chance in scores["emotion"].values())


def test_what_it_explains_is_what_it_says_when_the_item_comes(taught: Any) -> None:
    embedding = stimuli(1, seed=1)[0]
    taught.brain.run(span="1 h")  # at rest, so that no time between changes the state
    expected = taught.zone.explain(embedding[0], "so glad")
    tell_text(taught, ("so glad",), [300])
    taught.show(embedding, [300])
    names = taught.zone._tasks["emotion"]._classes.names
    published = dict(zip(names, taught.read("emotion_probability")[0].tolist(), strict=True))
    assert published == pytest.approx(expected["tasks"]["emotion"], abs=0.03)


def test_any_learner_explains_its_tasks_and_none_before_an_embedding(bench: Any) -> None:
    one = bench()
    with pytest.raises(StateError, match="has seen an embedding"):
        one.zone.explain(np.zeros(8, np.float32))
    one.teach(32)
    assert set(one.zone.explain(np.ones(8, np.float32))) == {"tasks"}


def test_the_estimate_of_affect_sees_the_features_alone(bench: Any) -> None:
    one = bench(learner=MIXTURE, features=["affect", "embedding"])
    embedding, labels = stimuli(16)
    one.show(embedding, list(range(16)))
    assert one.tell(labels, list(range(16)))["emotion_items"] == 16.0
    one.show(embedding, list(range(16)))
    assert one.read("emotion_scores").shape == (16, 3)
