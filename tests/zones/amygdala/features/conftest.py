"""An amygdala with texts and annotations beside the embeddings, fed by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aura import Brain, Manifest, Observer, Port, Zone
from aura.zones.amygdala.params import AmygdalaParams
from aura.zones.amygdala.plugin import MANIFEST

ALL = ("affect", "extras", "embedding")
LEXICON = "".join(f"{word}\t{valence}\t0.9\t[1, 2]\n" for word, valence in {
    "good": 1.9, "sad": -2.1, "terrible": -2.1, ":)": 2.0, "no": -1.2}.items())


class Reader:
    """Shows items with their texts, and tells labels, a tick each."""

    def __init__(self, features: tuple[str, ...] = ALL, **params: Any) -> None:
        self.brain = Brain(seed=3)
        read = AmygdalaParams(features=features, **params)
        ports = [Port("embedding", shape=("item", "feature"))]
        if read.reads_text:
            ports.append(Port("text", "text", ("item",)))
        if read.reads_annotations:
            ports.append(Port("annotation", "tags", ("item",)))

        class Silent(Zone[Any]):
            manifest = Manifest("silent", "", outputs=tuple(ports), period="1 h")

            def step(self, now: int, inputs: Any) -> None:
                return None

        self.brain.add(Silent)
        self.brain.add(MANIFEST, params={"features": features, **params})
        for port in ports:
            self.brain.connect(f"silent.{port.name}", f"amygdala.{port.name}")
        self.logged: list[dict[str, float]] = []
        reader = self

        class Log(Observer):
            def on_learn(self, zone: str, now: int, scalars: Any) -> None:
                reader.logged.append(dict(scalars))

        self.brain.observe(Log())

    def give(self, port: str, values: Any, ids: Any) -> None:
        """Put something into an input, and let a tick pass."""
        self.brain.inject(f"amygdala.{port}", values, ids=np.array(ids, dtype=np.int64))
        self.brain.run(span="2 ms")

    def show(self, embedding: np.ndarray, ids: Any, text: Any = None) -> None:
        """Present items, with texts where there are any."""
        if text is not None:
            self.brain.inject("amygdala.text", tuple(text), ids=np.array(ids, dtype=np.int64))
        self.give("embedding", embedding.copy(), ids)

    def tell(self, labels: Any, ids: Any) -> dict[str, float]:
        """Tell the labels of items, let the zone learn, and return what it logged."""
        self.give("emotion_teacher", labels, ids)
        return self.logged[-1]

    @property
    def zone(self) -> Any:
        """The amygdala."""
        return self.brain["amygdala"]

    def waiting(self) -> np.ndarray:
        """Return the rows that wait for their labels."""
        return np.array(self.zone._pending.values())


@pytest.fixture
def reader() -> Callable[..., Reader]:
    return Reader


@pytest.fixture
def lexicon(tmp_path: Path) -> str:
    path = tmp_path / "lexicon.txt"
    path.write_text(LEXICON, "utf-8")
    return str(path)
