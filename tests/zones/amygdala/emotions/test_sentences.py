"""The sentences by which the forty emotions are judged: complete, and apart from what the prototypes are made of."""

from __future__ import annotations

from collections import Counter
from importlib.resources import files

import pytest

from aura.zones.amygdala.emotions.taxonomy import load_taxonomy
from tests.zones.amygdala.emotions.sentences import near_copies, rows_of, texts_of


@pytest.mark.parametrize(("name", "each"), [("sentences", 10), ("development", 4)])
def test_every_emotion_has_its_sentences(name: str, each: int) -> None:
    assert Counter(emotion for emotion, _ in rows_of(name)) == dict.fromkeys(load_taxonomy().names, each)


def test_no_sentence_stands_twice() -> None:
    texts = texts_of("sentences") + texts_of("development")
    assert len(set(texts)) == len(texts)


def test_no_sentence_that_judges_is_near_a_seed_or_a_sentence_that_options_were_chosen_by() -> None:
    seeds = [text for one in load_taxonomy().emotions for text in (one.definition, *one.seeds)]
    assert list(near_copies(texts_of("sentences"), seeds + texts_of("development"))) == []


def test_no_sentence_that_judges_is_near_one_of_the_feelings_corpus() -> None:
    corpus = files("aura.sim").joinpath("scenarios/feelings.tsv").read_text(encoding="utf-8").splitlines()[1:]
    assert list(near_copies(texts_of("sentences"), [line.split("\t")[0] for line in corpus])) == []


def test_a_near_copy_is_found() -> None:
    assert list(near_copies(["The dog ran home."], ["A cat sat.", "the dog, it ran home"])) == [
        ("The dog ran home.", "the dog, it ran home")]


def test_no_sentence_that_judges_names_its_emotion() -> None:
    assert [text for emotion, text in rows_of("sentences") if emotion in text.lower()] == []
