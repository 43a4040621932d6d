"""The sentences by which the forty emotions are judged, and how near a text is to another."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

NEAR = 0.5
"""Share of common words, Jaccard's index, from which on a text is a near copy of another."""


@cache
def rows_of(name: str) -> tuple[tuple[str, str], ...]:
    """Return emotion and text of each row of ``sentences.tsv``, which judges, or ``development.tsv``."""
    head, *lines = (Path(__file__).parent / f"{name}.tsv").read_text(encoding="utf-8").splitlines()
    assert head == "emotion\ttext"
    return tuple((emotion, text) for emotion, text in (line.split("\t") for line in lines))


def texts_of(name: str) -> list[str]:
    return [text for _, text in rows_of(name)]


def near_copies(texts: Iterable[str], others: Iterable[str]) -> Iterator[tuple[str, str]]:
    there = [(text, _words(text)) for text in others]
    for text in texts:
        words = _words(text)
        yield from ((text, other) for other, found in there if len(words & found) >= NEAR * len(words | found))


@cache
def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z']+", text.lower()))
