"""No feature knows the label: on shuffled labels the score of real sentences falls to chance, with all 419 kinds."""

from __future__ import annotations

import random
from collections.abc import Callable
from hashlib import blake2b
from importlib.resources import files

import numpy as np
import pytest

from aura.zones.amygdala.features.extras import words

from .conftest import Reader

Labels = list[tuple[str, ...]]
WIDTH, BLOCK = 96, 16


def sentences() -> tuple[list[str], Labels]:
    """Return the embedded corpus, shuffled."""
    lines = (files("aura.sim") / "scenarios/feelings.tsv").read_text("utf-8").splitlines()
    names, *rows = (line.split("\t") for line in lines if line and not line.startswith("#"))
    random.Random(4).shuffle(rows)
    text, labels = names.index("text"), names.index("labels")
    return [row[text] for row in rows], [tuple(row[labels].split(",")) for row in rows]


def embedded(texts: list[str]) -> np.ndarray:
    """Return a row for each text: its words, each at a place and with a sign that follow from it, at length one.

    It stands in for an encoder: it takes no time, and words tell of emotions.
    """
    rows = np.zeros((len(texts), WIDTH), np.float32)
    for row, text in zip(rows, texts, strict=True):
        for word in words(text):
            mark = int.from_bytes(blake2b(word.encode(), digest_size=4).digest(), "little")
            row[mark % WIDTH] += 1.0 if mark & (1 << 20) else -1.0
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1.0)


def score(one: Reader, texts: list[str], labels: Labels) -> tuple[float, float, float]:
    """Return how often the best class is right in one pass, each item predicted before it is told; what it would be
    by chance, were the labels independent of the texts; and the standard deviation of that.
    """
    rows, predicted = embedded(texts), []
    for start in range(0, len(texts), BLOCK):
        part = slice(start, start + BLOCK)
        ids = range(start, start + len(texts[part]))
        one.show(rows[part], ids, texts[part])
        predicted += one.brain.read("amygdala.emotion_best")
        one.tell(tuple(labels[part]), ids)
    share = np.array([np.mean([best in label for label in labels]) for best in predicted])
    return (float(np.mean([best in label for best, label in zip(predicted, labels, strict=True)])), float(share.mean()),
            float(np.sqrt((share * (1 - share)).sum()) / len(predicted)))


@pytest.mark.parametrize("source", ["estimate", "lexicon"])
def test_the_score_on_shuffled_labels_is_chance(reader: Callable[..., Reader], lexicon: str, source: str) -> None:
    texts, labels = sentences()
    shuffled = random.Random(2).sample(labels, len(labels))
    settings = {"affect": {"source": source, "lexicon": lexicon}}
    found, chance, deviation = score(reader(**settings), texts, labels)
    assert found > chance + 5 * deviation
    found, chance, deviation = score(reader(**settings), texts, shuffled)
    assert abs(found - chance) < 3 * deviation
