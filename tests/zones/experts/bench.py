"""A brain with a mixture of experts and nothing else, fed by hand with scikit-learn's handwritten digits."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from aura import Brain, Manifest, Observer, Port, Zone
from aura.zones.experts.plugin import MANIFEST

ANALYTIC: dict[str, Any] = {"kinds": ["analytic"], "options": {"analytic": {"features": "dense", "width": 100}},
                            "growth": False}
"""One small expert that learns fast."""


@lru_cache(maxsize=1)
def digits() -> tuple[np.ndarray, tuple[str, ...]]:
    """Return 1,797 digits, (1797, 8, 8) in 0..1, and their names."""
    from sklearn.datasets import load_digits

    found = load_digits()
    return (found.images / 16).astype(np.float32), tuple(str(label) for label in found.target)


def silent(*ports: Port) -> type[Zone[Any]]:
    """Return a zone that has these outputs and says nothing."""

    class Silent(Zone[Any]):
        manifest = Manifest("silent", "", outputs=ports, period="1 h")

        def step(self, now: int, inputs: Any) -> None:
            return None

    return Silent


MODULATORS = ("learning_rate", "learning_drive", "energy_gate", "gate_temperature", "merit_momentum",
              "distillation_alpha", "growth_drive")


class Bench:
    """Shows digits and tells their names, a tick each."""

    def __init__(self, **params: Any) -> None:
        self.params: dict[str, Any] = {"stimulus": ("row", "column"), **params}
        self.brain = Brain(seed=3)
        self.brain.add(silent(Port("image", shape=("item", *self.params["stimulus"])),
                              Port("name", dtype="tags", shape=("item",), role="label")))
        self.brain.add(MANIFEST, "hippocampus", params=self.params)
        self.brain.connect("silent.image", "hippocampus.stimulus")
        self.brain.connect("silent.name", "hippocampus.teacher")
        self.levels: dict[str, float] = {}
        self.logged: list[dict[str, float]] = []
        bench = self

        class Hormones(Zone[Any]):
            manifest = Manifest("hormones", "", outputs=tuple(Port(name, role="modulator") for name in MODULATORS),
                                period="1 ms")

            def step(self, now: int, inputs: Any) -> Any:
                return {name: np.float32(level) for name, level in bench.levels.items()}

        self.brain.add(Hormones)
        self.brain.connect("hormones.*", "hippocampus.modulators")

        class Log(Observer):
            def on_learn(self, zone: str, now: int, scalars: Any) -> None:
                bench.logged.append(dict(scalars))

        self.brain.observe(Log())

    @property
    def zone(self) -> Any:
        return self.brain["hippocampus"]

    def modulate(self, **levels: float) -> None:
        """Set modulators, which hold from here on."""
        self.levels.update(levels)
        self.brain.run(span="2 ms")

    def show(self, images: np.ndarray, ids: Any, port: str = "stimulus") -> None:
        """Present items and let the mixture predict."""
        self.brain.inject(f"hippocampus.{port}", images.copy(), ids=np.array(ids, np.int64))
        self.brain.run(span="2 ms")

    def tell(self, labels: Any, ids: Any) -> dict[str, float]:
        """Tell the names of items, let the mixture learn, and return what it logged."""
        self.brain.inject("hippocampus.teacher", tuple(labels), ids=np.array(ids, np.int64))
        self.brain.run(span="2 ms")
        return self.logged[-1] if self.logged else {}

    def teach(self, start: int, stop: int, block: int = 20) -> float:
        """Show and tell digits, block by block; return the share that was predicted."""
        images, names = digits()
        right = 0
        for begin in range(start, stop, block):
            part = slice(begin, min(begin + block, stop))
            ids = list(range(part.start, part.stop))
            self.show(images[part], ids)
            predicted = self.read("label")
            right += sum(one == (name,) for one, name in zip(predicted, names[part], strict=True))
            self.tell([(name,) for name in names[part]], ids)
        return right / (stop - start)

    def test(self, start: int, stop: int) -> float:
        """Show digits and return the share that is predicted; nothing is learned."""
        images, names = digits()
        self.show(images[start:stop], range(10_000 + start, 10_000 + stop))
        return float(np.mean([one == (name,) for one, name in
                              zip(self.read("label"), names[start:stop], strict=True)]))

    def read(self, port: str) -> Any:
        """Return what the mixture published last."""
        return self.brain.read(f"hippocampus.{port}")
