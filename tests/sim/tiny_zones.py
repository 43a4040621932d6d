"""A plugin of tiny zones for the tests of runs: named by scenarios as a local file, not collected as tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from aura import Manifest, Port, Zone, ZoneParams, hookimpl


class Shout(Zone):
    """Says how long each text is, with noise from its random stream, and counts what it has learned from."""

    def __init__(self, context):
        super().__init__(context)
        self.seen = 0

    def step(self, now, inputs):
        return {"length": np.array([len(text) + self.rng.normal() for text in inputs["text"]], "float32")}

    def learn(self, now, inputs):
        self.seen += len(inputs["text"])
        return {"seen": float(self.seen)}

    def state(self):
        return {"seen": self.seen}

    def load_state(self, state):
        self.seen = state["seen"]

    def export(self, folder):
        path = Path(folder) / "shout.txt"
        path.write_text(str(self.seen), encoding="utf-8")
        return [path]


class Ticker(Zone):
    """Says the time."""

    def step(self, now, inputs):
        return {"now": np.asarray(now, "int64")}


class MajorityParams(ZoneParams):
    """How fast old labels are forgotten."""

    decay: float = 1.0


class Majority(Zone):
    """Predicts, for each item, the label that it was told most often for this text; the commonest one for a new text.

    It predicts again what it has predicted when the label comes, so that learning shows in the score.
    """

    def __init__(self, context):
        super().__init__(context)
        self.counts, self.texts = {}, {}

    def step(self, now, inputs):
        texts = inputs["text"]
        if texts is None:
            return None
        for identity, text in zip(inputs.ids["text"].tolist(), texts, strict=True):
            self.texts[str(identity)] = text
        return {"guess": tuple(self._guess(text) for text in texts)}

    def learn(self, now, inputs):
        labels = inputs["label"]
        if labels is None:
            return None
        for identity, tags in zip(inputs.ids["label"].tolist(), labels, strict=True):
            of_text = self.counts.setdefault(self.texts.pop(str(identity)), {})
            for tag in tags:
                of_text[tag] = of_text.get(tag, 0) + 1
        return {"texts": float(len(self.counts))}

    def _guess(self, text):
        known = self.counts.get(text)
        return (max(sorted(known), key=known.__getitem__),) if known else ()

    def state(self):
        return {"counts": self.counts, "texts": self.texts}

    def load_state(self, state):
        self.counts = {text: dict(counts) for text, counts in state["counts"].items()}
        self.texts = dict(state["texts"])


class BombParams(ZoneParams):
    """When it raises: in the tick of this number, counted from 1; and once only, if a file tells that it has."""

    at: int = 3


class Bomb(Zone):
    """Counts its ticks aloud and raises in one of them."""

    def __init__(self, context):
        super().__init__(context)
        self.ticks = 0

    def step(self, now, inputs):
        self.ticks += 1
        if self.ticks == self.params.at:
            raise ValueError("boom")
        return {"count": np.asarray(self.ticks, "int64")}

    def state(self):
        return {"ticks": self.ticks}

    def load_state(self, state):
        self.ticks = state["ticks"]


@hookimpl
def aura_zones():
    """Return the tiny zones."""
    text = Port("text", dtype="text", shape=("item",))
    return [
        Manifest("shout", Shout, "Says lengths.", inputs=(text,),
                 outputs=(Port("length", shape=("item",), items_from="text"),), wake_on=("text",)),
        Manifest("ticker", Ticker, "Says the time.", outputs=(Port("now", dtype="int64"),), period="7 ms"),
        Manifest("majority", Majority, "Remembers labels.", params=MajorityParams,
                 inputs=(text, Port("label", dtype="tags", shape=("item",), role="label", required=False)),
                 outputs=(Port("guess", dtype="tags", shape=("item",), items_from="text"),),
                 wake_on=("text", "label")),
        Manifest("bomb", Bomb, "Raises.", params=BombParams, outputs=(Port("count", dtype="int64"),), period="10 ms",
                 changeable=("at",)),
        Manifest("slow", Shout, "Answers later.", inputs=(text,), latency="25 ms",
                 outputs=(Port("length", shape=("item",), items_from="text"),), wake_on=("text",)),
    ]
