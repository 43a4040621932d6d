"""A zone `sensory` that learns passes the battery, frozen or not, and goes on from a checkpoint to the bit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import aura
from aura.core.errors import AuraError
from aura.testing import CHECKS, Check, Subject
from aura.testing.manifest_checks import manifest_is_light
from aura.zones.router.plugin import MANIFEST as ROUTER
from aura.zones.sensory.plugin import MANIFEST

PARAMS: dict[str, dict[str, Any]] = {
    "full": {"plasticity": "full", "plastic": {"learning_rate": 1e-2, "rehearse": 3}},
    "sparing": {"plasticity": "full", "plastic": {
        "word_dropout": 0.3, "accumulate": 7, "layer_decay": 0.8, "schedule": "cosine", "items": 200, "warm_up": 9,
        "memory": 5}},
    "low-rank": {"plasticity": "low-rank", "plastic": {"rank": 2, "targets": ["query", "up"], "layers": 1}},
}


STATE = ("runs_are_identical", "state_survives_a_file", "resume_after_learning_is_exact", "a_used_zone_goes_back")
CASES = [(kind, check) for kind in PARAMS for check in CHECKS
         if (kind == "full" or check.__name__ in STATE) and check is not manifest_is_light]
"""Of what may move the checks of the state alone; the manifest's module is the same for all."""


@pytest.mark.parametrize("kind, check", CASES, ids=lambda part: getattr(part, "__name__", part))
def test_it_conforms(kind: str, check: Check, tiny_bert: Path) -> None:
    params = {"model": str(tiny_bert), "dimensions": 16, "cache": False, "threads": 1, **PARAMS[kind]}
    check(Subject(MANIFEST, params, axes={"feature": 16}))


TEXTS = ("i am glad.", "", "it rained all day", "so sad")


class Diary(aura.Zone):
    """Says the same sentences every 10 ms, each time as new items."""

    manifest = aura.Manifest("diary", "", period="10 ms",
                             outputs=(aura.Port("text", dtype="text", shape=("item",)),))

    def step(self, now, inputs):
        return {"text": aura.Items(TEXTS, now // 10_000_000 * 10 + np.arange(len(TEXTS)))}


class Puller(aura.Zone):
    """Wants embeddings to lie near an axis: says the gradient of half the squared distance."""

    manifest = aura.Manifest("puller", "", wake_on=("embedding",), inputs=(
        aura.Port("embedding", shape=("item", 16)),), outputs=(
        aura.Port("gradient", shape=("item", 16), role="gradient"),))
    axis = 0

    def step(self, now, inputs):
        rows = inputs["embedding"] - np.eye(16, dtype=np.float32)[self.axis]
        return {"gradient": aura.Items(rows, inputs.ids["embedding"])}


class Other(Puller):
    """Wants them near another."""

    manifest = replace(Puller.manifest, name="other")
    axis = 1


def brain_of(folder: Path, *, routed: bool = False, **params: Any) -> aura.Brain:
    brain = aura.Brain()
    brain.add(Diary)
    brain.add(MANIFEST, params={"model": str(folder), "dimensions": 16, "threads": 1, "cache": False, **params})
    brain.connect("diary.text", "sensory.text")
    for zone in (Puller, Other):
        brain.add(zone)
        brain.connect("sensory.embedding", f"{zone.manifest.name}.embedding")
    target = "sensory.embedding_gradient"
    if routed:
        brain.add(ROUTER, params={"relays": {"code": {"axes": [16]}}})
        brain.connect("sensory.embedding", "router.code")
        brain.connect("router.code_gradient", target)
        target = "router.code_gradients"
    for zone in ("puller", "other"):
        brain.connect(f"{zone}.gradient", target)
    return brain


FAST = {"plasticity": "full", "plastic": {"learning_rate": 1e-2}}


def weights(brain: aura.Brain) -> np.ndarray:
    return brain["sensory"].state()["plastic"]["mover"]["values"]


def test_gradients_of_two_zones_teach_alike_straight_and_through_the_router(tiny_bert: Path) -> None:
    with brain_of(tiny_bert, **FAST) as straight, brain_of(tiny_bert, routed=True, **FAST) as routed:
        first = []
        for brain in (straight, routed):
            brain.build()
            first.append(weights(brain))
            brain.run(until="80 ms")
        assert np.abs(weights(straight) - first[0]).max() > 1e-3
        np.testing.assert_array_equal(weights(straight), weights(routed))


def test_an_embedding_goes_where_the_gradients_pull_it(tiny_bert: Path) -> None:
    with brain_of(tiny_bert, **FAST) as brain:
        brain.run(until="400 ms")
        read = brain.read("sensory.embedding")
    np.testing.assert_allclose(read[[0, 2, 3], :2], 0.5**0.5, atol=0.1)
    assert not read[1].any()


def test_without_learning_or_frozen_no_weight_moves_and_no_text_waits(tiny_bert: Path) -> None:
    with brain_of(tiny_bert, **FAST) as brain:
        brain.learning = False
        brain.build()
        first = weights(brain)
        brain.run(until="50 ms")
        assert not brain["sensory"].state()["plastic"]["waiting"]["blocks"]
        np.testing.assert_array_equal(weights(brain), first)
    assert [port.name for port in MANIFEST.ports(MANIFEST.params())[0]] == ["text"]
    assert set(MANIFEST.modulators_of(MANIFEST.params())) == {"energy_gate"}


def test_the_cache_is_neither_read_nor_written_by_an_encoder_that_learns(tiny_bert: Path, tmp_path: Path) -> None:
    def embeddings(**params: Any) -> np.ndarray:
        with aura.Brain() as brain:
            brain.add(Diary)
            brain.add(MANIFEST, params={"model": str(tiny_bert), "dimensions": 16, "threads": 1, "cache": True,
                                        "cache_path": str(tmp_path / "cache.sqlite"), **params})
            brain.connect("diary.text", "sensory.text")
            brain.run(until="15 ms")
            return brain.read("sensory.embedding")

    embeddings(**FAST)
    assert not (tmp_path / "cache.sqlite").exists()
    frozen = embeddings()
    with brain_of(tiny_bert, cache=True, cache_path=str(tmp_path / "cache.sqlite"), **FAST) as brain:
        brain.run(until="80 ms")
        assert np.abs(brain.read("sensory.embedding") - frozen).max() > 0.01
    np.testing.assert_array_equal(embeddings(), frozen)


def test_a_gradient_of_another_width_is_named(tiny_bert: Path) -> None:
    class Wide(Puller):
        manifest = aura.Manifest("wide", "", wake_on=("embedding",), inputs=(
            aura.Port("embedding", shape=("item", 16)),), outputs=(
            aura.Port("gradient", shape=("item", "feature"), role="gradient"),))

        def step(self, now, inputs):
            return {"gradient": aura.Items(np.zeros((4, 17), np.float32), inputs.ids["embedding"])}

    brain = aura.Brain()
    for zone in (Diary, Wide):
        brain.add(zone)
    brain.add(MANIFEST, params={"model": str(tiny_bert), "dimensions": 16, "cache": False, **FAST})
    brain.connect("diary.text", "sensory.text")
    brain.connect("sensory.embedding", "wide.embedding")
    brain.connect("wide.gradient", "sensory.embedding_gradient")
    with pytest.raises(AuraError, match="gradients of 16 numbers"):
        brain.run(until="50 ms")


@pytest.mark.parametrize("params, message", [
    ({"modalities": ["image"], "plasticity": "full"}, "text among the modalities"),
    ({"plasticity": "low-rank", "plastic": {"alpha": float("inf")}}, "finite number"),
    ({"plasticity": "full", "plastic": {"clip": float("inf")}}, "finite number"),
    ({"plastic": {"rank": 4}}, "plasticity 'low-rank' or 'full'")])
def test_plasticity_that_makes_no_sense_is_refused(params: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MANIFEST.params(**params)
