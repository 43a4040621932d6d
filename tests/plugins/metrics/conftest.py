"""A brain that guesses the labels of a seeded stream, and the truth and guesses it will make."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from aura import Brain, Items, Manifest, Port, Zone, ZoneParams

LABELS = ("anger", "fear", "joy", "love", "sadness", "surprise")
FEATURES = 8


class StreamParams(ZoneParams):
    batch: int = 7
    ticks: int = 60


class Stream(Zone[StreamParams]):
    """Publishes features with their label sets, `batch` items every 10 ms."""

    manifest = Manifest("stream", "", params=StreamParams, period="10 ms", outputs=(
        Port("feature", shape=("item", FEATURES)), Port("label", "tags", ("item",), role="label"),
        Port("target", "float64", ("item", 2)), Port("level")))

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self.count = 0

    def step(self, now: int, inputs: Any) -> Any:
        if now // 10_000_000 >= self.params.ticks:
            return None
        batch = self.params.batch
        features = self.rng.normal(size=(batch, FEATURES)).astype(np.float32)
        labels = tuple(tuple(label for label, x in zip(LABELS, row, strict=False) if x > 0.8) or (LABELS[int(now) % 6],)
                       for row in features)
        ids = np.arange(self.count, self.count + batch, dtype=np.int64)
        self.count += batch
        return {"feature": Items(features, ids), "label": Items(labels, ids),
                "target": Items(features[:, :2] * 2.0 + np.array([1.0, 3.0]), ids),
                "level": np.float32(features.mean())}

    def state(self) -> dict[str, Any]:
        return {"count": self.count}

    def load_state(self, state: dict[str, Any]) -> None:
        self.count = state["count"]


class Guesser(Zone[ZoneParams]):
    """Says noisy labels from the features."""

    manifest = Manifest("guesser", "", wake_on=("feature",), inputs=(Port("feature", shape=("item", FEATURES)),),
                        outputs=(
        Port("label", "tags", ("item",), items_from="feature"),
        Port("best", "text", ("item",), items_from="feature"),
        Port("score", "float64", ("item", len(LABELS)), items_from="feature"),
        Port("class_name", "text", ("class",)),
        Port("chance", "float64", ("item", len(LABELS)), items_from="feature"),
        Port("sure", "float64", ("item",), items_from="feature"),
        Port("value", "float64", ("item", 2), items_from="feature")))

    def step(self, now: int, inputs: Any) -> Any:
        noisy = inputs["feature"] + self.rng.normal(size=inputs["feature"].shape) * 0.4
        scores = noisy[:, :len(LABELS)]
        chances = 1.0 / (1.0 + np.exp(-scores))
        return {"label": tuple(tuple(label for label, x in zip(LABELS, row, strict=True) if x > 0.8) for row in scores),
                "chance": chances, "sure": chances.max(axis=1),
                "best": tuple(LABELS[k] for k in scores.argmax(axis=1)), "score": scores, "class_name": LABELS,
                "value": noisy[:, :2] * 2.0 + 2.0}

    def learn(self, now: int, inputs: Any) -> dict[str, float]:
        return {"loss": float(self.rng.random()) + 1e9 / (now + 1e9)}


@pytest.fixture
def make_brain() -> Any:
    """Return a function that builds the brain, unbuilt, for a seed and stream parameters."""

    def make(seed: int = 1, **params: Any) -> Brain:
        brain = Brain(seed=seed)
        brain.add(Stream, "posts", params=params)
        brain.add(Guesser, "amygdala")
        brain.connect("posts.feature", "amygdala.feature")
        return brain

    return make
