"""A brain with a temporal lobe and nothing else, fed by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from aura import Brain, Manifest, Observer, Port, Zone
from aura.zones.temporal.plugin import MANIFEST

SMALL = {"hidden": 16, "heads": 2, "filters": 4, "layers": 1, "blocks": 1, "learning_rate": 5e-3}


class Bench:
    """Shows turns and tells labels, a tick each."""

    def __init__(self, network: Any = SMALL, **params: Any) -> None:
        self.brain = Brain(seed=3)

        class Silent(Zone[Any]):
            manifest = Manifest("silent", "", period="1 h", outputs=(
                Port("embedding", shape=("item", "feature")), Port("conversation", dtype="text", shape=("item",))))

            def step(self, now: int, inputs: Any) -> None:
                return None

        self.brain.add(Silent)
        self.brain.add(MANIFEST, params={"network": network, **params})
        for port in ("embedding", "conversation"):
            self.brain.connect(f"silent.{port}", f"temporal.{port}")
        self.logged: list[dict[str, float]] = []
        bench = self

        class Log(Observer):
            def on_learn(self, zone: str, now: int, scalars: Any) -> None:
                bench.logged.append(dict(scalars))

        self.brain.observe(Log())

    def show(self, rows: Any, ids: Sequence[int], conversations: Sequence[str] | str, authors: Sequence[str] | str = (),
             turns: Sequence[int] = ()) -> None:
        """Present turns; a text is the name of all, or one letter for each."""
        named = np.array(list(ids), np.int64)
        for port, values in (("conversation", conversations), ("author", authors)):
            if len(values):
                texts = tuple(values) if len(values) == len(named) else (values,) * len(named)
                self.brain.inject(f"temporal.{port}", texts, ids=named)
        if len(turns):
            self.brain.inject("temporal.turn", np.array(turns, np.int64), ids=named)
        self.brain.inject("temporal.embedding", np.array(rows, np.float32), ids=named)
        self.brain.run(span="2 ms")

    def tell(self, truths: Any, ids: Sequence[int], task: str = "act") -> dict[str, float]:
        """Tell truths, and return what was logged."""
        if isinstance(truths, tuple):
            truths = tuple((one,) if isinstance(one, str) else one for one in truths)
        self.brain.inject(f"temporal.{task}_teacher", truths, ids=np.array(list(ids), np.int64))
        self.brain.run(span="2 ms")
        return self.logged[-1] if self.logged else {}

    def read(self, port: str) -> Any:
        """Return what the zone published last."""
        return self.brain.read(f"temporal.{port}")

    @property
    def zone(self) -> Any:
        """The temporal lobe."""
        return self.brain["temporal"]

    @property
    def notices(self) -> dict[str, int]:
        """What the zone has to tell, by the first words."""
        return {" ".join(text.split()[:3]): count for text, count in self.zone.notices().items()}


def rows(count: int, seed: int = 0, width: int = 6) -> np.ndarray:
    """Return embeddings."""
    return np.random.default_rng(seed).normal(size=(count, width)).astype(np.float32)


@pytest.fixture
def bench() -> Callable[..., Bench]:
    return Bench
