"""No belief sees a later turn, or what was told later."""

from __future__ import annotations

from typing import Any

import numpy as np

from aura import Brain, Observer, stream
from aura.core.signals import Signal
from aura.zones.temporal.plugin import MANIFEST

from .conftest import SMALL

TURNS, CUT = 96, 48


class Record(Observer):
    def __init__(self) -> None:
        self.published: dict[tuple[str, int], Any] = {}

    def on_signal(self, signal: Signal) -> None:
        if signal.topic.startswith("temporal."):
            value = signal.value.tobytes() if isinstance(signal.value, np.ndarray) else signal.value
            self.published[signal.topic, signal.time] = value


def played(order: list[int]) -> Record:
    """Return all bits that are published while turns are played, eight at a time, and learned."""
    chance = np.random.default_rng(2)
    embeddings = chance.normal(size=(TURNS, 6)).astype(np.float32)
    labels = chance.integers(0, 3, TURNS)
    turns = [{"embedding": embeddings[row], "conversation": f"c{row % 11}", "author": f"u{row % 5}",
              "act": [f"a{labels[row]}"], "end": [f"e{row % 11 % 2}"]} for row in order]
    record = Record()
    with Brain(seed=1) as brain:
        brain.add(stream(turns, truth=["act", "end"], items=8, shuffle=False), "talks")
        brain.add(MANIFEST, params={
            "network": SMALL, "window": 4, "publish_gradient": True, "tasks": {
                "act": {}, "end": {"of": "conversation", "aggregate": "mean"}}})
        for port in ("embedding", "conversation", "author"):
            brain.connect(f"talks.{port}", f"temporal.{port}")
        for task in ("act", "end"):
            brain.connect(f"talks.{task}", f"temporal.{task}_teacher")
        brain.observe(record)
        brain.run()
    return record


def test_another_order_of_the_future_changes_no_bit_of_the_past() -> None:
    one = played(list(range(TURNS)))
    other = played([*range(CUT), *np.random.default_rng(3).permutation(np.arange(CUT, TURNS)).tolist()])
    times = sorted({time for _, time in one.published})
    split = times[len(times) // 2]
    first = {key: value for key, value in one.published.items() if key[1] < split}
    assert len(first) > 40
    assert first == {key: value for key, value in other.published.items() if key[1] < split}
    assert one.published != other.published
