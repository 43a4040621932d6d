"""GoEmotions in its own layout."""

from __future__ import annotations

import pytest

from aura.core.errors import StreamError

EMOTIONS = "admiration\nanger\nneutral"
ROWS = 'one "quoted\t0,1\tb\ntwo\t2\ta\nthree\t1\tb\nfour\t1,2\tz0\n'


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "emotions.txt").write_text(EMOTIONS)
    (tmp_path / "train.tsv").write_text(ROWS)
    (tmp_path / "dev.tsv").write_text("two\t0\tc\nnew\t2\td\n")
    (tmp_path / "ekman_mapping.json").write_text('{"rage": ["anger"], "joy": ["admiration"]}')
    return tmp_path


def test_labels_are_named_and_raw_quotes_kept(folder, opened):
    reader = opened("goemotions", path="train.tsv")
    assert reader.rows([0, 3]) == {"text": ('one "quoted', "four"), "reddit_id": ("b", "z0"),
                                   "label": (("admiration", "anger"), ("anger", "neutral"))}
    assert reader.fields["label"].classes == ("admiration", "anger", "neutral")


def test_a_file_of_a_byte_order_mark_alone_has_no_rows(folder, opened):
    (folder / "train.tsv").write_bytes(b"\xef\xbb\xbf")
    with pytest.raises(StreamError, match="no rows"):
        opened("goemotions", path="train.tsv", on_bad="skip")


def test_time_order_is_that_of_the_ids_and_stable(folder, opened):
    reader = opened("goemotions", path="train.tsv", order="time")
    assert reader.rows(range(4))["text"] == ("two", 'one "quoted', "three", "four")


def test_a_mapping_joins_labels_and_keeps_neutral(folder, opened):
    reader = opened("goemotions", path="train.tsv", mapping="ekman")
    assert reader.rows([0, 1])["label"] == (("joy", "rage"), ("neutral",))
    assert reader.fields["label"].classes == ("rage", "joy", "neutral")


def test_labels_get_other_names_and_those_of_one_name_are_one(folder, opened):
    reader = opened("goemotions", path="train.tsv", rename={"anger": "rage", "admiration": "rage"})
    assert reader.rows([0, 3])["label"] == (("rage",), ("rage", "neutral"))
    assert reader.fields["label"].classes == ("rage", "neutral")
    with pytest.raises(StreamError, match=r"expected labels, got 'angr'\. Try 'anger'"):
        opened("goemotions", path="train.tsv", rename={"angr": "rage"})


def test_texts_that_stand_in_another_split_are_dropped(folder, opened):
    reader = opened("goemotions", path="dev.tsv", drop_texts_in="train.tsv")
    assert (reader.rows([0])["text"], len(reader), reader.dropped) == (("new",), 1, 1)


@pytest.mark.parametrize(("line", "message"), [
    ("text\t0", "line 5: expected 3 columns, got 2"),
    ("text\t3\ta", "line 5, 'label': expected label ids from 0 to 2, got '3'"),
    ("text\t\ta", "line 5, 'label': expected label ids"),
    ("text\t-1\ta", "line 5, 'label': expected label ids"),
    ("text\t0\té", "line 5, 'reddit_id': expected a Reddit id in base 36"),
])
def test_a_bad_row_stops_or_is_skipped(folder, opened, line, message):
    (folder / "train.tsv").write_text(ROWS + line + "\nlast\t0\tc\n", encoding="utf-8")
    with pytest.raises(StreamError, match=message):
        opened("goemotions", path="train.tsv")
    reader = opened("goemotions", path="train.tsv", on_bad="skip", order="time")
    assert (len(reader), reader.skipped) == (5, 1)


@pytest.mark.parametrize(("mapping", "message"), [
    ('{"joy": ["admiration"]}', "a class for 'anger'"), ("[]", "a class for"), ("{", "a JSON object"),
    ('{"joy": 5}', "a JSON object"), ("5", "a JSON object"),
])
def test_a_damaged_mapping_is_an_error(folder, opened, mapping, message):
    (folder / "ekman_mapping.json").write_text(mapping)
    with pytest.raises(StreamError, match=message):
        opened("goemotions", path="train.tsv", mapping="ekman")


def test_the_label_names_must_stand_beside(folder, opened):
    (folder / "emotions.txt").unlink()
    with pytest.raises(StreamError, match=r"emotions\.txt: expected a file, got nothing there"):
        opened("goemotions", path="train.tsv")


@pytest.mark.slow
def test_the_real_splits_are_read_as_published(real_data, opened):
    train = opened("goemotions", order="time")
    ids = [int(name, 36) for name in train.rows(range(len(train)))["reddit_id"]]
    assert len(train) == 43_410
    assert ids == sorted(ids)
    dev = opened("goemotions", path="data:goemotions/dev.tsv", drop_texts_in="data:goemotions/train.tsv")
    assert (len(dev), dev.dropped, len(dev.fields["label"].classes)) == (5_426 - 43, 43, 28)
    for mapping, classes in (("ekman", 7), ("sentiment", 4)):
        mapped = opened("goemotions", path="data:goemotions/dev.tsv", mapping=mapping)
        assert len(mapped.fields["label"].classes) == classes
        assert all(1 <= len(labels) <= classes for labels in mapped.rows(range(len(mapped)))["label"])
