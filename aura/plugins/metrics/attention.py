"""The metric ``attention``: which words, or earlier turns, weighed how much, in a few examples and on average."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np
from pydantic import Field, model_validator

from aura.core.lasting import Stateful
from aura.core.signals import Signal
from aura.plugins.figures import Bars, Column, Figure, Table, Text
from aura.plugins.metrics.attention_talks import Talks, talk_tables
from aura.plugins.metrics.matching import ids_of
from aura.plugins.metrics.metric import View
from aura.plugins.metrics.options import MetricOptions, Need, Pending, Topic
from aura.plugins.metrics.results import PhaseResults, Results, by_phase, summary_table
from aura.plugins.words import short

__all__ = ["Attention", "AttentionOptions"]

WORDS_MAX = 10_000
"""Words counted apart; beyond, those that have come least often go."""
LETTERS_MAX = 40
"""Of a word that is shown."""
BARS = 20
"""Words that are drawn."""
LEAST = 5
"""Times that a word of these has come at least."""


class AttentionOptions(MetricOptions):
    """Options of the metric ``attention``."""

    words: Topic = Field(description="Topic of tags: the words of each item, in their order.")
    weights: Topic = Field(description="Topic of how much each weighs, (item, word), 0 behind the last.")
    examples: int = Field(6, ge=0, le=100, description="Items that are shown of each phase, the latest.")
    text: Topic | None = Field(
        None, description="Topic of text: what each item says. With `group`, conversations are shown in place of "
                          "items: the words of an item stand for the latest items of its group, itself the last.")
    group: Topic | None = Field(None, description="Topic of text: the conversation of each item, beside `text`.")
    pending: Pending = None

    @model_validator(mode="after")
    def _both(self) -> AttentionOptions:
        if (self.text is None) != (self.group is None):
            raise ValueError("text: expected with group, and group with text")
        return self


class _Part(Stateful):
    """What one phase has shown."""

    lasting = ("items", "words", "examples", "most", "talks")

    def __init__(self, examples: int) -> None:
        self.talks = Talks(examples)
        self.items = 0
        self.words: dict[str, tuple[int, float]] = {}
        """Of each word how often it came, and the sum of how many times its even share it weighed."""
        self.examples: list[tuple[tuple[str, ...], tuple[float, ...]]] = []
        self.most = 0.0
        """Sum over items of the largest weight times the number of words."""


class Attention(View):
    """Which words outweigh the others of their text: a word of weight 1 weighs its even share, one of 2 twice that.

    With a `group`, what outweighs the others are turns of a conversation.
    """

    kind = "attention"
    needs: ClassVar[Mapping[str, Need]] = {
        "words": Need(("tags",)), "weights": Need(("float",), axes=(1,)),
        "text": Need(("text",)), "group": Need(("text",))}
    headlines: ClassVar[Mapping[str, str]] = {}
    lasting = ("_matcher",)

    def __init__(self, name: str, options: AttentionOptions) -> None:
        super().__init__(name, options)
        self._sides = tuple(side for side in ("words", "weights", "group", "text") if getattr(options, side))
        self._matcher = self.matching(self._sides, options.pending)

    def new_part(self) -> _Part:
        return _Part(self.options.examples)

    def on_signal(self, signal: Signal) -> None:
        values = signal.value.tolist() if isinstance(signal.value, np.ndarray) else signal.value
        for side, name in enumerate(self._sides):
            if getattr(self.options, name) != signal.topic:
                continue
            placed = zip(values, self.places(signal), strict=True)
            for (words, _), (row, place), *said in self._matcher.put(side, ids_of(signal.ids), placed):
                if words:
                    part, weights = self.part(place), tuple(row[:len(words)])
                    self._count(part, tuple(words), weights)
                    if said and said[0][0]:
                        part.talks.add(said[0][0], said[1][0], weights)

    def _count(self, part: _Part, words: tuple[str, ...], weights: tuple[float, ...]) -> None:
        part.items += 1
        part.most += max(weights) * len(words)
        for word, weight in zip(words, weights, strict=True):
            count, total = part.words.get(word, (0, 0.0))
            part.words[word] = (count + 1, total + weight * len(words))
        if len(part.words) > 2 * WORDS_MAX:
            kept = sorted(part.words.items(), key=lambda one: -one[1][0])[:WORDS_MAX]
            part.words = dict(kept)
        if self.options.examples and self.options.group is None:
            part.examples = [*part.examples, (words, weights)][-self.options.examples:]

    def about(self) -> dict[str, Any]:
        return {"signal": self.options.weights, "of_turns": self.options.group is not None}

    def tell(self, place: str, part: _Part) -> dict[str, Any]:
        """Return the examples, the words that outweighed others most, and by how much the foremost of an item does."""
        often = [(word, total / count, count) for word, (count, total) in part.words.items() if count >= LEAST]
        often.sort(key=lambda one: (-one[1], one[0]) if self.options.group is None else (-one[2], one[0]))
        return {"items": part.items, "summary": {"foremost": part.most / part.items} if part.items else {},
                "examples": [[[short(word, LETTERS_MAX), weight] for word, weight in zip(*one, strict=True)]
                             for one in part.examples],
                "talks": part.talks.tell(),
                "words": [[short(word, LETTERS_MAX), mean, count] for word, mean, count in often[:BARS]]}

    @classmethod
    def figures(cls, found: Results, others: Mapping[str, Results]) -> list[Figure]:
        """Return the examples as tables with a bar for each word, and the words that outweigh others on average; or
        conversations turn by turn.
        """
        word, item = ("turn", "window") if found.more.get("of_turns") else ("word", "text")

        def show(name: str, phase: PhaseResults) -> Iterator[Figure]:
            words = phase.more.get("words") or []
            if words:
                yield Bars(names=tuple(one[0] for one in words), quantity="times an even share",
                           parts={"mean weight": tuple(one[1] for one in words)}, sort=word == "word", caption=(
                               f"What {word}s weigh on average, of those that came {LEAST} times or more."))
            yield from talk_tables(phase.more.get("talks") or [])
            for number, one in enumerate(phase.more.get("examples") or [], 1):
                yield Table(columns=(Column(name="word"), Column(name="weight", kind="bar")), sortable=False,
                            rows=tuple((word, weight) for word, weight in one),
                            caption=f"Item {number} of the latest: its words in their order, and how much each weighs.")

        foremost = Column(name=f"foremost {word}, times an even share", kind="figure")
        return [Text(text=f"How much each {word} of a {item} weighs ({found.signal}); the {word}s of one add up to 1.",
                     kind="about"),
                *summary_table(found, {"foremost": foremost}),
                *by_phase(found, "Attention", show)]
