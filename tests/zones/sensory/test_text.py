from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura.core.errors import SignalError
from aura.zones.sensory.text import MAX_CHARACTERS, clean_text, clean_texts


def test_plain_text_is_left_as_it_is() -> None:
    assert clean_text("Ça va? 你好 😀\n\ttab") == "Ça va? 你好 😀\n\ttab"


def test_a_surrogate_pair_becomes_the_character_it_stands_for() -> None:
    assert clean_text("a\ud83d\ude00b") == "a😀b"


def test_lone_surrogates_and_nul_become_the_replacement_character() -> None:
    assert clean_text("a\udc00b\ud800") == "a\ufffdb\ufffd"
    assert clean_text("a\x00b") == "a\ufffdb"


@given(st.text(st.characters(codec=None, exclude_categories=[])))
def test_every_string_comes_out_as_valid_unicode_and_cleaning_twice_changes_nothing(text: str) -> None:
    cleaned = clean_text(text)
    cleaned.encode("utf-8")
    assert "\x00" not in cleaned
    assert clean_text(cleaned) == cleaned


def test_long_text_is_cut_and_costs_no_time() -> None:
    text = "word \ud800" * 10_000_000
    start = time.process_time()
    assert len(clean_text(text)) <= MAX_CHARACTERS
    assert time.process_time() - start < 0.1


@pytest.mark.parametrize(("texts", "named"), [
    (["fine", 3], "item 1: expected a text (str), got int"),
    ([b"bytes"], "item 0: expected a text (str), got bytes"),
    (["fine", None], "item 1: expected a text (str), got NoneType"),
    ("one text", "expected a sequence of texts, got one str"),
])
def test_what_is_no_text_is_named_with_its_place_and_type(texts: list[str], named: str) -> None:
    with pytest.raises(SignalError) as error:
        clean_texts(texts)
    assert named in str(error.value)
