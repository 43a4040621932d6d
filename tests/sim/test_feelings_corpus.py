"""The embedded `feelings` corpus keeps what the scenario and its documentation promise of it."""

from __future__ import annotations

import os
import re
from collections import Counter
from importlib.resources import files
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import pytest

LABELS = (
    "admiration",
    "amusement",
    "anger",
    "annoyance",
    "approval",
    "caring",
    "confusion",
    "curiosity",
    "desire",
    "disappointment",
    "disapproval",
    "disgust",
    "embarrassment",
    "excitement",
    "fear",
    "gratitude",
    "grief",
    "joy",
    "love",
    "nervousness",
    "optimism",
    "pride",
    "realization",
    "relief",
    "remorse",
    "sadness",
    "surprise",
    "neutral",
)
"""The 28 labels of GoEmotions, in the order of its `emotions.txt` (Demszky et al. 2020)."""

STEMS = {
    "anger": ("anger", "angr"),
    "caring": ("care", "caring"),
    "fear": ("fear",),
    "gratitude": ("grate", "grati"),
    "grief": ("grie",),
    "joy": ("joy",),
    "love": ("love", "loving"),
    "pride": ("pride", "proud"),
    "sadness": ("sad",),
}
"""How a word that gives a label away begins, where the label's own first five letters do not say it."""

FIRST_PERSON = re.compile(r"\b(i|me|my|mine|myself|we|us|our|ours|ourselves)\b", re.IGNORECASE)


class Row(NamedTuple):
    """One sentence of the corpus."""

    text: str
    labels: tuple[str, ...]
    id: str


def corpus_lines() -> list[str]:
    """Return the lines of the shipped file, header first; decoding fails if it is not UTF-8."""
    data = files("aura.sim").joinpath("scenarios", "feelings.tsv").read_bytes()
    return data.decode("utf-8").removesuffix("\n").split("\n")


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    """Return every row, split by hand so that no reader of the project can hide a fault of the file."""
    fields = [line.split("\t") for line in corpus_lines()[1:]]
    assert {len(row) for row in fields} == {3}
    return [Row(text, tuple(labels.split(",")), id_) for text, labels, id_ in fields]


def words(text: str) -> frozenset[str]:
    """Return the set of lower-case words of a text."""
    return frozenset(re.findall(r"[a-z']+", text.lower()))


def goemotions_folder() -> Path:
    """Return the GoEmotions folder under AURA_DATA, or skip the test where there is none."""
    folder = Path(os.environ.get("AURA_DATA", "")) / "goemotions"
    if "AURA_DATA" not in os.environ or not folder.is_dir():
        pytest.skip("needs AURA_DATA with goemotions/")
    return folder


def test_header_names_the_three_columns() -> None:
    assert corpus_lines()[0] == "text\tlabels\tid"


def test_at_least_560_sentences(rows: list[Row]) -> None:
    assert len(rows) >= 560


def test_every_label_has_at_least_20_sentences(rows: list[Row]) -> None:
    counts = Counter(label for row in rows for label in row.labels)
    assert {label: n for label, n in counts.items() if n < 20} == {}
    assert set(counts) == set(LABELS)


def test_labels_of_a_row_differ_and_neutral_stands_alone(rows: list[Row]) -> None:
    assert [row for row in rows if len(set(row.labels)) != len(row.labels)] == []
    assert [row for row in rows if "neutral" in row.labels and len(row.labels) > 1] == []


def test_about_a_sixth_of_the_sentences_carry_two_labels(rows: list[Row]) -> None:
    share = sum(len(row.labels) > 1 for row in rows) / len(rows)
    assert 0.12 <= share <= 0.22


def test_ids_are_unique_and_follow_the_order_of_the_file(rows: list[Row]) -> None:
    assert [row.id for row in rows] == [f"f{number:03d}" for number in range(1, len(rows) + 1)]


def test_texts_are_unique(rows: list[Row]) -> None:
    counts = Counter(" ".join(sorted(words(row.text))) for row in rows)
    assert [text for text, n in counts.items() if n > 1] == []


@pytest.mark.slow
def test_no_two_texts_are_near_duplicates(rows: list[Row]) -> None:
    sets = [(row.id, words(row.text)) for row in rows]
    near = [(a, b) for (a, x), (b, y) in combinations(sets, 2) if len(x & y) > 0.7 * len(x | y)]
    assert near == []


def test_texts_are_4_to_25_words(rows: list[Row]) -> None:
    assert [row.text for row in rows if not 4 <= len(row.text.split()) <= 25] == []


def test_texts_hold_no_quote_backslash_or_control_character(rows: list[Row]) -> None:
    assert [row.text for row in rows if not re.fullmatch(r"[^\x00-\x1f\x7f\"\\|]+", row.text)] == []
    assert [row.text for row in rows if row.text != " ".join(row.text.split())] == []


def test_nearly_all_texts_speak_in_the_first_person(rows: list[Row]) -> None:
    others = [row.text for row in rows if not FIRST_PERSON.search(row.text)]
    assert len(others) <= 0.02 * len(rows)


def names_label(text: str, label: str) -> bool:
    """Tell whether a text contains the word of a label or a derivation of it."""
    return any(word.startswith(STEMS.get(label, (label[:5],))) for word in words(text))


def test_few_texts_of_a_label_contain_its_name(rows: list[Row]) -> None:
    named = Counter(label for row in rows for label in row.labels if names_label(row.text, label))
    assert {label: n for label, n in named.items() if n > 3} == {}


def test_one_pass_meets_every_label_early(rows: list[Row]) -> None:
    first_quarter = rows[: len(rows) // 4]
    assert {label for row in first_quarter for label in row.labels} == set(LABELS)


def test_labels_are_those_of_goemotions() -> None:
    names = (goemotions_folder() / "emotions.txt").read_text(encoding="utf-8").split()
    assert tuple(names) == LABELS


@pytest.mark.slow
def test_no_text_stands_in_goemotions(rows: list[Row]) -> None:
    known: set[frozenset[str]] = set()
    for name in ("train.tsv", "dev.tsv"):
        with (goemotions_folder() / name).open(encoding="utf-8") as stream:
            known.update(words(line.split("\t")[0]) for line in stream)
    assert [row.text for row in rows if words(row.text) in known] == []
