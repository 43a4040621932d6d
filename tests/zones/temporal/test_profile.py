"""A profile classifier: opinions of a sequence classifier, one belief, thresholds by rule or learned."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from aura import AuraError
from aura.zones.temporal import ProfileClassifier, SequenceClassifier


def classifier(outputs: int = 2) -> SequenceClassifier:
    return SequenceClassifier(outputs, 6, hidden=16, heads=2, filters=4,
                              generator=torch.Generator().manual_seed(1)).train()


def test_opinions_are_what_the_classifier_says_with_nothing_left_out() -> None:
    model = classifier()
    sequences = torch.randn(4, 5, 6, generator=torch.Generator().manual_seed(2))
    lengths = torch.tensor([5, 1, 3, 2])
    found = ProfileClassifier(model).opinions(sequences, lengths)
    assert model.training
    assert found == pytest.approx(model.eval()(sequences, lengths).detach().numpy())


def test_by_rule_one_half_or_a_vote_is_enough() -> None:
    opinions = np.array([[0.5, -3.0], [-1.0, -3.0], [-1.0, -3.0]])
    assert ProfileClassifier(classifier(), "mean", kind="labels").classes(opinions) == ()
    assert ProfileClassifier(classifier(), "total_vote", kind="labels").classes(opinions) == (0,)
    assert ProfileClassifier(classifier(), "total_vote", kind="labels", votes=2).classes(opinions) == ()
    assert ProfileClassifier(classifier(), "mean", kind="labels", threshold=0.3).classes(opinions) == (0,)
    assert ProfileClassifier(classifier(), "mean").classes(opinions) == (0,)


def test_a_learned_threshold_is_found_where_the_rule_says_nothing() -> None:
    chance = np.random.default_rng(0)
    profiles = ProfileClassifier(classifier(), "mean", kind="labels", threshold="learned")
    right = 0
    for profile in range(400):
        has = bool(chance.random() < 0.3)
        opinions = np.stack([chance.normal(-3.0 + 1.5 * has, 0.3, 4), np.full(4, -6.0)], axis=1)
        if profile >= 200:
            right += profiles.classes(opinions) == ((0,) if has else ())
        profiles.learn(opinions, [0] if has else [])
    assert right > 190


def test_it_goes_on_from_its_state() -> None:
    one, other = (ProfileClassifier(classifier(), "learned", kind="labels", threshold="learned") for _ in range(2))
    chance = np.random.default_rng(0)
    for profile in range(50):
        one.learn(chance.normal(size=(3, 2)), [profile % 2])
    other.load_state(one.state())
    opinions = chance.normal(size=(3, 2))
    assert np.array_equal(one.probability(opinions), other.probability(opinions))
    assert np.array_equal(one.thresholds, other.thresholds)


@pytest.mark.parametrize("options, message", [
    ({"threshold": 0.5}, "the likeliest is said"), ({"kind": "labels", "threshold": 1.5}, "between 0 and 1")])
def test_thresholds_that_cannot_be_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(AuraError, match=message):
        ProfileClassifier(classifier(), **options)


def test_opinions_of_another_shape_are_refused() -> None:
    with pytest.raises(AuraError, match=r"shape \(n, 2\), of one or more, got shape \(0, 2\)"):
        ProfileClassifier(classifier()).probability(np.zeros((0, 2)))
