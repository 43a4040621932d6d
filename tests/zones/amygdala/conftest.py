"""A brain with an amygdala and nothing else, fed by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from aura import Brain
from aura.zones.amygdala.plugin import MANIFEST

CLASSES = ("anger", "fear", "joy")


def stimuli(count: int, seed: int = 0, width: int = 8) -> tuple[np.ndarray, tuple[tuple[str, ...], ...]]:
    """Return embeddings and label sets: each class has a direction, an item has none, one or two of them."""
    rng = np.random.default_rng(seed)
    directions = np.random.default_rng(77).normal(size=(len(CLASSES), width))
    has = rng.random((count, len(CLASSES))) < 0.35
    embedding = (has @ directions + 0.4 * rng.normal(size=(count, width))).astype(np.float32)
    return embedding, tuple(tuple(CLASSES[c] for c in np.flatnonzero(row)) for row in has)


class Bench:
    """Shows items and tells labels at once, a tick each."""

    def __init__(self, manifest: Any = MANIFEST, executor: str = "serial", **params: Any) -> None:
        self.brain = Brain(seed=3, executor=executor)
        from aura import Manifest, Port, Zone

        class Silent(Zone[Any]):
            manifest = Manifest("silent", "", outputs=(Port("embedding", shape=("item", "feature")),), period="1 h")

            def step(self, now: int, inputs: Any) -> None:
                return None

        self.brain.add(Silent)
        self.brain.add(manifest, params=params)
        self.brain.connect("silent.embedding", "amygdala.embedding")
        self.logged: list[dict[str, float]] = []
        bench = self

        from aura import Observer

        class Log(Observer):
            def on_learn(self, zone: str, now: int, scalars: Any) -> None:
                bench.logged.append(dict(scalars))

        self.brain.observe(Log())

    def show(self, embedding: np.ndarray, ids: Any) -> None:
        """Present items and let the zone predict."""
        self.brain.inject("amygdala.embedding", embedding.copy(), ids=np.array(ids, dtype=np.int64))
        self.brain.run(span="2 ms")

    def tell(self, labels: Any, ids: Any, task: str = "emotion") -> dict[str, float]:
        """Tell the labels of items, let the zone learn, and return what it logged."""
        self.brain.inject(f"amygdala.{task}_teacher", labels, ids=np.array(ids, dtype=np.int64))
        self.brain.run(span="2 ms")
        return self.logged[-1] if self.logged else {}

    def teach(self, count: int = 320, block: int = 32, seed: int = 0) -> None:
        """Show and tell items, block by block."""
        embedding, labels = stimuli(count, seed)
        for start in range(0, count, block):
            part = slice(start, start + block)
            ids = range(10_000 * seed + start, 10_000 * seed + min(start + block, count))
            self.show(embedding[part], list(ids))
            self.tell(labels[part], list(ids))

    def read(self, port: str) -> Any:
        """Return what the zone published last."""
        return self.brain.read(f"amygdala.{port}")

    @property
    def zone(self) -> Any:
        """The amygdala."""
        return self.brain["amygdala"]


@pytest.fixture
def bench() -> Callable[..., Bench]:
    return Bench
