"""What an emotion starts from, and how data override it."""

from __future__ import annotations

import numpy as np
import pytest

from aura.core.errors import ParameterError
from aura.zones.amygdala.emotions.blending import blended
from aura.zones.amygdala.emotions.prototypes import PrototypeRows, prototype_rows, prototype_weights
from aura.zones.amygdala.emotions.taxonomy import Emotion, Taxonomy, load_taxonomy
from aura.zones.common.least_squares import with_bias
from tests.zones.amygdala.emotions.sentences import rows_of

TWO = Taxonomy(emotions=(Emotion(name="up", definition="Rising.", seeds=("I rise.", "Up!")),
                         Emotion(name="down", definition="Falling.", seeds=("I fall.",))))


def logs(*chances: float) -> np.ndarray:
    return np.log(np.array([chances]))


def test_definitions_and_seeds_are_the_rows() -> None:
    seen: list[str] = []
    rows = prototype_rows(TWO, lambda texts: seen.extend(texts) or np.ones((len(texts), 3)))
    assert seen == ["Rising.", "I rise.", "Up!", "Falling.", "I fall."]
    assert rows.classes.tolist() == [0, 0, 0, 1, 1]
    assert rows.embeddings.shape == (5, 3)


@pytest.mark.parametrize("made", [np.ones((4, 3)), np.ones(5), np.full((5, 3), np.nan)])
def test_an_encoder_that_gives_something_else_is_refused(made: np.ndarray) -> None:
    with pytest.raises(ParameterError, match=r"prototype_rows\.encode: expected finite vectors, shape \(5, features\)"):
        prototype_rows(TWO, lambda texts: made)


def test_the_readout_is_where_the_slope_of_the_loss_is_zero() -> None:
    random = np.random.default_rng(1)
    rows, penalty = PrototypeRows(random.normal(size=(30, 4)), np.arange(30) % 3), 0.5
    weights = prototype_weights(rows, 3, penalty)
    features = with_bias(rows.embeddings)
    powers = np.exp(features @ weights)
    chances = powers / powers.sum(axis=1, keepdims=True)
    assert np.abs(features.T @ (chances - np.eye(3)[rows.classes]) + penalty * weights).max() < 1e-3


def test_the_readout_is_the_same_each_time() -> None:
    rows = PrototypeRows(np.random.default_rng(2).normal(size=(20, 5)), np.arange(20) % 4)
    assert np.array_equal(prototype_weights(rows, 4), prototype_weights(rows, 4))


def test_a_penalty_of_nothing_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"prototype_weights\.penalty: expected a number above 0, got 0"):
        prototype_weights(PrototypeRows(np.eye(2), np.arange(2)), 2, 0.0)


def test_where_no_data_have_taught_anything_prototypes_stand() -> None:
    first = logs(0.5, 0.3, 0.2)
    assert np.array_equal(blended(first, np.full((1, 3), np.nan), np.zeros(3)), first)


def test_data_move_chances_among_what_they_teach_alone() -> None:
    out = np.exp(blended(logs(0.4, 0.4, 0.2), np.array([[5.0, 0.0, 99.0]]), np.array([1.0, 1.0, 0.0])))
    assert out[0, 2] == pytest.approx(0.2)
    assert out[0, 0] > 0.75
    assert out.sum() == pytest.approx(1.0)


def test_more_trust_moves_further() -> None:
    first, data = logs(0.3, 0.5, 0.2), np.array([[2.0, 0.0, 0.0]])
    shares = [np.exp(blended(first, data, trust * np.array([1.0, 1.0, 0.0])))[0, 0] for trust in (0.0, 0.3, 1.0)]
    assert shares == sorted(shares)
    assert shares[0] == pytest.approx(0.3)


@pytest.mark.slow
def test_prototypes_alone_tell_two_thirds_of_the_sentences() -> None:
    from aura.zones.sensory.encoder import load_text_encoder

    own, encoder = load_taxonomy(), load_text_encoder()
    weights = prototype_weights(prototype_rows(own, encoder.encode), len(own.names))
    emotions, texts = zip(*rows_of("sentences"), strict=True)
    best = (with_bias(encoder.encode(list(texts))) @ weights).argmax(axis=1)
    right = np.array([own.names[place] == emotion for place, emotion in zip(best, emotions, strict=True)])
    assert right.mean() >= 0.66
    assert all(right[np.array(emotions) == name].any() for name in own.names)
