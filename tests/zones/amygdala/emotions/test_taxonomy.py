"""The taxonomy that comes with AURA, and what is refused of one that a user brings."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from aura.core.errors import ParameterError
from aura.zones.amygdala.emotions.taxonomy import GOEMOTIONS, Taxonomy, load_taxonomy

TWO = '[[emotions]]\nname = "up"\ndefinition = "Rising."\nseeds = ["I rise."]\ngoemotions = ["joy"]\n' \
      '[[emotions]]\nname = "down"\ndefinition = "Falling."\nseeds = ["I fall."]\n'


@pytest.fixture(scope="module")
def own() -> Taxonomy:
    return load_taxonomy()


def test_there_are_forty_emotions_with_eight_to_twelve_seeds_each(own: Taxonomy) -> None:
    assert len(own.names) == 40
    assert {one.name for one in own.emotions if not 8 <= len(one.seeds) <= 12} == set()
    assert list(own.names) == sorted(own.names)


def test_every_label_of_goemotions_counts_as_exactly_one_emotion(own: Taxonomy) -> None:
    assert Counter(label for one in own.emotions for label in one.goemotions) == Counter(GOEMOTIONS)
    assert len(own.unlabelled) == 12


def test_the_labels_are_those_of_the_data_set_in_its_order(data_folder: Path) -> None:
    assert tuple((data_folder / "goemotions" / "emotions.txt").read_text(encoding="utf-8").split()) == GOEMOTIONS


def test_the_emotions_of_learning_are_marked(own: Taxonomy) -> None:
    assert {"confusion", "flow", "boredom", "frustration", "curiosity", "breakthrough"} <= set(own.learning)
    assert not {"neutral", "love", "grief"} & set(own.learning)


def test_a_definition_is_one_sentence(own: Taxonomy) -> None:
    assert [one.name for one in own.emotions if not re.fullmatch(r"[A-Z][^.!?]+\.", one.definition)] == []


def test_labels_are_translated_once_each_and_others_are_left_out(own: Taxonomy) -> None:
    assert own.translated(["nervousness", "joy", "joy", "hunger"]) == ("anxiety", "joy")


def test_a_taxonomy_of_any_size_is_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "two.toml").write_text(TWO, encoding="utf-8")
    found = load_taxonomy(tmp_path / "two.toml")
    assert (found.names, found.mapping, found.unlabelled) == (("up", "down"), {"joy": "up"}, ("down",))


@pytest.mark.parametrize(("old", "new", "message"), [
    ('"down"', '"Up"', r"emotions: expected names that differ, these stand twice: up"),
    ("I fall.", "I  rise.", r"emotions: expected seeds that differ, these stand twice: i rise\."),
    ('"I fall."]', '"I fall."]\ngoemotions = ["joy"]', r"labels of GoEmotions that differ, these stand twice: joy"),
    ('["joy"]', '["joi"]', r"emotions\.0\.goemotions: expected labels of GoEmotions, 'joi' is none\. Try 'joy'\."),
    ('["I fall."]', "[]", r"emotions\.1\.seeds: expected at least one text, and none that is blank"),
    ('"Falling."', '" "', r"emotions\.1\.definition: expected at least one text, and none that is blank"),
    ("definition", "definitoin", r"definitoin: expected a known key, got 'definitoin'\. Try 'definition'"),
    ("name = ", "", r"expected valid TOML"),
])
def test_a_mistake_in_a_taxonomy_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    (tmp_path / "own.toml").write_text(TWO.replace(old, new), encoding="utf-8")
    with pytest.raises(ParameterError, match=message) as raised:
        load_taxonomy(tmp_path / "own.toml")
    assert str(raised.value).startswith(str(tmp_path / "own.toml"))


def test_one_emotion_is_no_taxonomy(tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_text(TWO[:TWO.index("[[", 2)], encoding="utf-8")
    with pytest.raises(ParameterError, match="expected 2 emotions or more"):
        load_taxonomy(tmp_path / "one.toml")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"none\.toml: expected 'emotions-40' or a readable UTF-8 file"):
        load_taxonomy(tmp_path / "none.toml")
