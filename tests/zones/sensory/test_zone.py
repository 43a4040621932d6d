"""The zone `sensory` on the bus."""

from __future__ import annotations

import numpy as np
import pytest

import aura
from aura.core.errors import AuraError
from aura.testing import CHECKS, Subject
from aura.zones.sensory.plugin import MANIFEST

TEXTS = ("I am glad.", "It rained all day, and I did not mind at all.", "", "so \ud83d strange\x00", "I am glad.")


def encode(tmp_path, *batches, cache=True):
    with aura.Brain() as brain:
        brain.add(MANIFEST, cache=cache, cache_path=str(tmp_path / "cache.sqlite"))
        brain.add(Feeder)
        brain.connect("feeder.text", "sensory.text")
        brain.build()
        published = []
        for texts in batches:
            brain.inject("sensory.text", texts)
            brain.run(span="3 ms")
            published.append(brain.read("sensory.embedding"))
        return published


class Feeder(aura.Zone):
    """Feeds the required input, silently; the texts are injected."""

    manifest = aura.Manifest("feeder", "", outputs=(aura.Port("text", dtype="text", shape=("item",)),), period="1 h")

    def step(self, now, inputs):
        return None


@pytest.mark.slow
@pytest.mark.usefixtures("one_encoder")
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_it_conforms(check):
    check(Subject(MANIFEST))


@pytest.mark.slow
@pytest.mark.usefixtures("one_encoder")
def test_a_cached_embedding_is_the_fresh_one_to_the_bit(tmp_path):
    fresh, = encode(tmp_path, TEXTS, cache=False)
    first, again, partly = encode(tmp_path, TEXTS[:2], TEXTS[:2], TEXTS)
    assert first.tobytes() == again.tobytes() == fresh[:2].tobytes()
    assert partly.tobytes() == fresh.tobytes()


@pytest.mark.slow
@pytest.mark.usefixtures("one_encoder")
def test_an_empty_text_does_not_look_like_a_sentence(tmp_path):
    published, = encode(tmp_path, TEXTS)
    np.testing.assert_allclose(np.linalg.norm(published, axis=1), [1, 1, 0, 1, 1], atol=1e-5)
    assert published[0].tobytes() == published[4].tobytes()


def test_a_model_of_another_size_is_refused_before_the_first_tick():
    brain = aura.Brain()
    brain.add(MANIFEST, dimensions=100, cache=False)
    brain.add(Feeder)
    brain.connect("feeder.text", "sensory.text")
    with pytest.raises(AuraError, match=r"sensory.dimensions: expected 384, .* got 100"):
        brain.build()


@pytest.mark.slow
def test_a_folder_without_a_model_is_named(tmp_path):
    brain = aura.Brain()
    brain.add(MANIFEST, model=str(tmp_path), cache=False)
    brain.add(Feeder)
    brain.connect("feeder.text", "sensory.text")
    with pytest.raises(AuraError, match=str(tmp_path)):
        brain.build()
