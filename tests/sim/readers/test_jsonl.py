"""JSON lines and JSON documents through a column map."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest
from pydantic import ValidationError

from aura.core.errors import StreamError
from aura.sim.readers import Column

COLUMNS = {"text": "q", "who": "user.name", "score": {"from": "scores.1", "type": "float"},
           "label": {"from": "tags", "type": "tags"}, "vector": {"from": "v", "type": "float"}}
GOOD = b'{"q": "hi", "user": {"name": "A"}, "scores": [1, 2], "tags": ["x", 3], "v": [1, 2.5]}\n'


def test_keys_and_dotted_paths_feed_ports(tmp_path, opened):
    (tmp_path / "t.jsonl").write_bytes(b"\xef\xbb\xbf" + GOOD + b"\n" + GOOD.replace(b"hi", b"\\ud800"))
    reader = opened("jsonl", path="t.jsonl", columns=COLUMNS)
    rows = reader.rows([1, 0])
    assert rows["text"] == ("\ud800", "hi")
    assert rows["who"] == ("A", "A")
    assert rows["label"] == (("x", "3"), ("x", "3"))
    np.testing.assert_array_equal(rows["vector"], np.array([[1, 2.5]] * 2, np.float32))
    np.testing.assert_array_equal(rows["score"], [2, 2])
    assert reader.fields["vector"].shape == (2,)


def test_a_key_with_a_dot_is_found_before_the_path(tmp_path, opened):
    (tmp_path / "t.jsonl").write_text('{"a.b": "key", "a": {"b": "path"}}\n')
    assert opened("jsonl", path="t.jsonl", columns={"x": "a.b"}).rows([0])["x"] == ("key",)


@pytest.mark.parametrize(("line", "message"), [
    (b"{", "expected a JSON object"),
    (b"[1]", r"expected a JSON object, got \[1\]"),
    (b"[" * 100_000, "expected a JSON object"),
    (b'{"q": ' + b"9" * 5000 + b"}", "expected a JSON object"),
    (GOOD.replace(b'"q"', b'"Q"'), r"'text': expected the key 'q', got no 'q'"),
    (GOOD.replace(b'"name"', b'"nane"'), r"'who': expected the key 'user.name'.*Try 'nane'"),
    (GOOD.replace(b"[1, 2]", b"[1]"), r"'score': expected the key 'scores.1'"),
    (GOOD.replace(b'"hi"', b"5"), "'text': expected a text, got 5"),
    (GOOD.replace(b"[1, 2]", b"[1, NaN]"), "'score': expected a finite float32, got nan"),
    (GOOD.replace(b"[1, 2]", b"[1, true]"), "'score': expected a number, got True"),
    (GOOD.replace(b"[1, 2.5]", b"[1]"), r"'vector': expected shape \(2,\), got shape \(1,\)"),
    (GOOD.replace(b"[1, 2.5]", b"[[1], 2]"), "'vector': expected a number or a regular array"),
    (GOOD.replace(b"[1, 2.5]", b"[1, 1e999]"), "'vector': expected an array of finite float32"),
    (GOOD.replace(b"3]", b"null]"), "'label': expected a label"),
    (GOOD.replace(b"hi", b"\xff"), "expected text in utf-8, got byte 0xFF at byte 8 of the line"),
])
def test_a_bad_line_stops_or_is_skipped_and_no_other_is_lost(tmp_path, opened, line, message):
    (tmp_path / "t.jsonl").write_bytes(GOOD + line.rstrip(b"\n") + b"\n" + GOOD)
    with pytest.raises(StreamError, match=r"t\.jsonl: line 2.*" + message):
        opened("jsonl", path="t.jsonl", columns=COLUMNS)
    reader = opened("jsonl", path="t.jsonl", columns=COLUMNS, on_bad="skip")
    assert (len(reader), reader.skipped) == (2, 1)


@pytest.mark.parametrize("content", [b"", b" \n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"])
def test_an_empty_file_is_an_error(tmp_path, opened, content):
    (tmp_path / "t.jsonl").write_bytes(content)
    with pytest.raises(StreamError, match="no rows"):
        opened("jsonl", path="t.jsonl", columns=COLUMNS, on_bad="skip")


CLINC = {"val": [["hi", "greet"]], "train": [["move it", "transfer"], ["how much", "balance"], ["bye", ""]], "v": 1}
PAIRS = {"text": 0, "intent": {"from": 1, "type": "tags"}}


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("on_bad", ["stop", "skip"])
def test_a_document_that_is_no_json_lines_is_said_in_one_error(tmp_path, opened, caplog, indent, on_bad):
    (tmp_path / "t.json").write_text(json.dumps(CLINC, indent=indent))
    with pytest.raises(StreamError, match=r"t\.json: expected JSON objects, one a line, got one JSON document, an ob.*"
                                          r"keys 'val', 'train', 'v'\. Try records = 'train' \(3 rows\) or 'val'"):
        opened("jsonl", path="t.json", columns=PAIRS, on_bad=on_bad)
    (tmp_path / "l.json").write_text(json.dumps([{"a": "x"}, {"a": "y"}], indent=indent))
    with pytest.raises(StreamError, match=r"a list of objects \(2\)\. Try records = '\.' \(2 rows\)\."):
        opened("jsonl", path="l.json", columns={"a": "a"}, on_bad=on_bad)
    (tmp_path / "cut.json").write_text(json.dumps(CLINC, indent=1)[:-9])
    with pytest.raises(StreamError, match=r"cut\.json: .*got one JSON document over several lines, and a damaged one"):
        opened("jsonl", path="cut.json", columns=PAIRS, on_bad=on_bad)
    assert not caplog.records


def test_rows_of_a_document_are_found_by_a_dotted_path(tmp_path, opened):
    (tmp_path / "t.json").write_text(json.dumps({"data": CLINC}, indent=2))
    reader = opened("jsonl", path="t.json", columns=PAIRS, records="data.train")
    assert reader.rows(range(3)) == {
        "text": ("move it", "how much", "bye"), "intent": (("transfer",), ("balance",), ())}
    chosen = opened("jsonl", path="t.json", columns=PAIRS, records="data.train", where={"1": ["balance", "greet"]})
    assert chosen.rows([0])["text"] == ("how much",)
    assert (len(chosen), chosen.dropped) == (1, 2)


def test_a_document_may_itself_be_a_list_and_lists_may_lie_in_its_elements(tmp_path, opened):
    talks = [{"id": 1, "log": [{"say": "hi"}, {"say": "ho"}]}, {"id": 2, "log": [{"say": "he"}]}]
    (tmp_path / "t.json").write_text(json.dumps(talks))
    columns = {"n": {"from": "id", "type": "int"}, "first": "log.0.say"}
    assert opened("jsonl", path="t.json", columns=columns, records=".").rows([1])["first"] == ("he",)
    assert opened("jsonl", path="t.json", columns={"say": "say"}, records="*.log").rows(range(3))["say"] == (
        "hi", "ho", "he")


@pytest.mark.parametrize(("records", "message"), [
    ("trian", r"records = 'trian': expected 'trian' there, got an object with the keys .* Try 'train'\."),
    ("v", r"records = 'v': expected a list of rows, got 1\. Try records = 'train'"),
    ("train.9", r"expected '9' there, got a list of lists \(3\)"),
    (".", r"expected a list of rows, got an object with the keys"),
    ("val.0", r"row 0: expected a JSON object or list, got 'hi'")])
def test_where_no_rows_lie_is_said_with_what_lies_there(tmp_path, opened, records, message):
    (tmp_path / "t.json").write_text(json.dumps(CLINC))
    with pytest.raises(StreamError, match=rf"t\.json: .*{message}"):
        opened("jsonl", path="t.json", columns=PAIRS, records=records)


@pytest.mark.parametrize(("content", "message"), [
    (GOOD * 2, r"t\.json: line 2: expected one JSON document, got Extra data.*leave out `records`"),
    (b'[\n{"q": "hi"},\n{"q": "\xff"}]', r"t\.json: line 3: expected text in utf-8, got byte 0xFF"),
    (b"[" * 100_000, "expected one JSON document"), (b"", "line 1: expected one JSON document"),
    (b"[]", "expected at least one row")])
@pytest.mark.parametrize("on_bad", ["stop", "skip"])
def test_a_damaged_document_is_an_error(tmp_path, opened, content, message, on_bad):
    (tmp_path / "t.json").write_bytes(content)
    with pytest.raises(StreamError, match=message):
        opened("jsonl", path="t.json", columns={"q": "q"}, records=".", on_bad=on_bad)


def test_a_file_of_one_row_with_a_list_in_it_is_json_lines(tmp_path, opened):
    (tmp_path / "t.jsonl").write_text('{"q": "hi", "turns": [{"a": 1}, {"a": 2}]}\n')
    assert opened("jsonl", path="t.jsonl", columns={"q": "q"}).rows([0]) == {"q": ("hi",)}


def test_a_row_may_lack_what_is_optional_or_has_a_default(tmp_path, opened, caplog):
    (tmp_path / "t.jsonl").write_text(
        '{"q": "a", "mood": ["joy"], "v": [1, 2], "w": 3}\n{"q": "b", "mood": null, "v": null}\n'
        '{"q": "c", "mood": ""}\n{"q": "d", "mood": [], "v": [3, 4], "w": null}\n')
    columns = {"q": "q", "mood": {"from": "mood", "type": "tags", "optional": True},
               "v": {"from": "v", "type": "float", "optional": True}, "w": {"from": "w", "type": "int", "default": -1},
               "never": {"from": "nevr", "optional": True}}
    reader = opened("jsonl", path="t.jsonl", columns=columns)
    rows = reader.rows([3, 2, 1, 0])
    assert rows["mood"] == ((), None, None, ("joy",))
    assert [None if v is None else v.tolist() for v in rows["v"]] == [[3, 4], None, None, [1, 2]]
    assert rows["w"].tolist() == [-1, -1, -1, 3]
    assert (reader.fields["v"].shape, reader.fields["v"].optional, reader.fields["w"].optional) == ((2,), True, False)
    assert "t.jsonl: no row has 'nevr', which would feed 'never'" in caplog.text


@pytest.mark.parametrize(("column", "message"), [
    ({"type": "float", "default": "x"}, "expected as default a number, got 'x'"),
    ({"type": "tags", "classes": ["a"], "default": "b"}, "expected as default one of the 1 classes, got 'b'"),
    ({"optional": True, "default": "x"}, "expected optional = true or a default, got both")])
def test_a_default_is_checked_beforehand(column, message):
    with pytest.raises(ValidationError, match=message):
        Column.model_validate({"from": "x", **column})


@pytest.mark.slow
def test_clinc150_is_read_by_its_splits(real_data, opened):
    path = str(real_data / "clinc150/data_full.json")
    reader = opened("jsonl", path=path, columns=PAIRS, records="train")
    assert len(reader) == 15000
    assert len(set(reader.rows(range(15000))["intent"])) == 150


@pytest.mark.slow
def test_gsm8k_is_read_whole(real_data, opened):
    reader = opened("jsonl", path=str(real_data / "gsm8k/train.jsonl"), columns={"text": "question", "to": "answer"})
    assert len(reader) == 7473
    assert all("####" in answer for answer in reader.rows(range(7473))["to"])


def test_a_gzip_file_that_unpacks_to_too_much_is_refused(opened, tmp_path):
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(b'{"text": "a"}\n' * 10_000))
    assert len(opened("jsonl", path="a.jsonl.gz", columns={"text": "text"})) == 10_000
    with pytest.raises(StreamError, match=r"at most 50000 bytes when it is unpacked.*max_unpacked"):
        opened("jsonl", path="a.jsonl.gz", columns={"text": "text"}, max_unpacked=50_000, on_bad="skip")
