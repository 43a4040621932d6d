"""A small brain with every kind of port; run as a script, it records and saves itself until it is killed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from aura import Brain, Items, Manifest, Port, Zone
from aura.plugins.recording import Recorder


class Source(Zone):
    """Says random items, texts and tags, and counts them."""

    manifest = Manifest(
        "source", "aura:none", period="1 ms",
        outputs=(Port("x", shape=("item", 3)), Port("level", dtype="float64", unit="mV"),
                 Port("text", dtype="text", shape=("item",)), Port("tags", dtype="tags", shape=("item",))))

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self.count = 0

    def step(self, now: int, inputs: Any) -> dict[str, Any]:
        size = int(self.rng.integers(0, 4))
        ids = np.arange(self.count, self.count + size, dtype=np.int64)
        self.count += size
        published: dict[str, Any] = {"x": Items(self.rng.standard_normal((size, 3), dtype=np.float32), ids)}
        if now % 3_000_000 == 0:
            published["level"] = np.asarray(self.rng.standard_normal())
            published["text"] = Items(tuple(f"text {i} \ud800 é \x00" for i in range(size)), ids.copy())
            published["tags"] = Items(tuple(("joy", "fear")[:i] for i in range(size)), ids.copy())
        return published

    def state(self) -> dict[str, Any]:
        return {"count": self.count}

    def load_state(self, state: dict[str, Any]) -> None:
        self.count = state["count"]


class Learner(Zone):
    """Keeps a running mean of what it reads."""

    manifest = Manifest("learner", "aura:none", inputs=(Port("x", shape=("item", 3)),), wake_on=("x",),
                        outputs=(Port("mean"), Port("weights", dtype="float64", shape=(3,))))

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self.weights = np.zeros(3)

    def step(self, now: int, inputs: Any) -> dict[str, Any]:
        x = inputs["x"]
        return {"mean": np.asarray(x.mean() if x.size else 0.0, np.float32), "weights": self.weights.copy()}

    def learn(self, now: int, inputs: Any) -> dict[str, float]:
        self.weights = self.weights * 0.99 + inputs["x"].sum(axis=0) * 0.01 + self.rng.standard_normal(3) * 1e-3
        return {"norm": float(np.linalg.norm(self.weights)), "gain": np.float32(0.5)}

    def state(self) -> dict[str, Any]:
        return {"weights": self.weights}

    def load_state(self, state: dict[str, Any]) -> None:
        self.weights = state["weights"]


def make_brain(executor: str = "serial", seed: int = 3) -> Brain:
    """Return the brain, unrecorded."""
    brain = Brain(seed=seed, executor=executor)
    brain.add(Source)
    brain.add(Source, "other")
    brain.add(Learner)
    brain.add(Learner, "second")
    brain.connect("source.x", "learner.x")
    brain.connect("other.x", "second.x")
    return brain


def main(folder: Path) -> None:
    """Record and save until killed."""
    brain = make_brain()
    brain.observe(Recorder(folder / "recording", chunk_bytes=4096))
    brain.build()
    while True:
        brain.run(span="7 ms")
        brain.save(folder / "checkpoints")
        print("saved", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
