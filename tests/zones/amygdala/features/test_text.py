"""What is read of a text: three figures, and its polarity by VADER's lexicon."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from aura.core.errors import ParameterError
from aura.zones.amygdala.features.extras import TONE_KEYWORDS, Extras
from aura.zones.amygdala.features.lexicon import read_lexicon

ODD = {"empty": "", "one emoji": "\U0001f600", "blanks": " \n\t", "mixed scripts": "good хорошо 良い جيد !",
       "control characters": "sad\x00\x07\x1b[0m!\x7f", "lone surrogate": "good \ud83d", "long": "so good! " * 11_111}


@pytest.mark.parametrize("text, expected", [
    ("", (0, 0, 0)), ("x" * 250, (2.5, 0, 0)), ("Hey!", (0.04, 1, 0)), ("THANKS.", (0.07, 0, 1)),
    ("thankless", (0.09, 0, 0)), ("好！", (0.02, 1, 0)), ("y" * 100_000, (10, 0, 0))])
def test_extras_are_length_exclamation_mark_and_tone_keyword(text: str, expected: tuple[float, ...]) -> None:
    assert Extras(TONE_KEYWORDS).of(text) == pytest.approx(expected)


def test_keywords_of_tone_are_ones_own() -> None:
    assert Extras(("Mille",)).of("mille grazie")[2] == 1.0


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
def test_odd_texts_have_finite_features(text: str, lexicon: str) -> None:
    found = (*Extras().of(text), *read_lexicon(lexicon).polarity(text))
    assert np.isfinite(found).all()


def test_a_text_of_100000_characters_costs_no_more_than_its_beginning(lexicon: str) -> None:
    words = read_lexicon(lexicon)
    long = "good " * 20_000
    started = time.process_time()
    for _ in range(5):
        words.polarity(long * 10)
        Extras().of(long * 10)
    several = time.process_time() - started
    assert words.polarity(long) == words.polarity(long * 10)
    assert several < 2.0  # some 0.05 s: far from the quadratic or the unbounded


@pytest.mark.parametrize("stronger, weaker", [
    ("very good", "good"), ("good", "slightly good"), ("it is GOOD", "it is good"), ("good!", "good"),
    ("good", "not good"), ("sad but good", "good but sad"), ("good :)", "good"), ("not terrible", "terrible"),
    ("don\N{RIGHT SINGLE QUOTATION MARK}t be sad", "be sad"), ("no good", "no sad good but terrible")])
def test_neighbours_bend_a_valence(stronger: str, weaker: str, lexicon: str) -> None:
    words = read_lexicon(lexicon)
    assert words.polarity(stronger).compound > words.polarity(weaker).compound


def test_a_lexicon_that_is_none_is_refused(tmp_path: Path) -> None:
    for content in ("", "good\tmuch\n", "no tab\n", "good\tnan\n"):
        (tmp_path / "bad.txt").write_text(content, "utf-8")
        with pytest.raises(ParameterError, match=r"amygdala\.affect\.lexicon: expected lines of a token, a tab"):
            read_lexicon(str(tmp_path / "bad.txt"))
    with pytest.raises(ParameterError, match=r"No such file"):
        read_lexicon(str(tmp_path / "none.txt"))


def test_without_a_file_the_lexicon_is_that_of_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ParameterError, match=r"data:vader/vader_lexicon\.txt"):
        read_lexicon(None)
    (tmp_path / "vaderSentiment").mkdir()
    (tmp_path / "vaderSentiment/__init__.py").write_text("raise SystemExit('nobody imports it')\n")
    (tmp_path / "vaderSentiment/vader_lexicon.txt").write_text("good\t1.9\t0.9\t[1]\n", "utf-8")
    assert read_lexicon(None).polarity("good").compound > 0.4


def test_polarities_are_those_of_the_authors_package(data_folder: Path) -> None:
    words = read_lexicon(str(data_folder / "vader/vader_lexicon.txt"))
    compounds = {  # as vaderSentiment 3.3.2 says
        "The film was very smart, and funny.": 0.7316, "The film was good!!": 0.5399, "It is not good": -0.3412,
        "I love it, but the end was bad.": -0.4854, "That is TERRIBLE news": -0.5904, "They hardly like it :)": 0.6051,
        "no good": -0.3412, "": 0.0}
    assert {text: round(words.polarity(text).compound, 4) for text in compounds} == compounds
