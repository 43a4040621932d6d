"""JSON lines through a column map."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from aura.core.errors import StreamError

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


@pytest.mark.parametrize(("line", "said"), [
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
def test_a_bad_line_stops_or_is_skipped_and_no_other_is_lost(tmp_path, opened, line, said):
    (tmp_path / "t.jsonl").write_bytes(GOOD + line.rstrip(b"\n") + b"\n" + GOOD)
    with pytest.raises(StreamError, match=r"t\.jsonl: line 2.*" + said):
        opened("jsonl", path="t.jsonl", columns=COLUMNS)
    reader = opened("jsonl", path="t.jsonl", columns=COLUMNS, on_bad="skip")
    assert (len(reader), reader.skipped) == (2, 1)


def test_an_empty_file_is_an_error(tmp_path, opened):
    (tmp_path / "t.jsonl").write_bytes(b" \n")
    with pytest.raises(StreamError, match="no rows"):
        opened("jsonl", path="t.jsonl", columns=COLUMNS, on_bad="skip")


def test_gsm8k_is_read_whole(real_data, opened):
    reader = opened("jsonl", path=str(real_data / "gsm8k/train.jsonl"), columns={"text": "question", "to": "answer"})
    assert len(reader) == 7473
    assert all("####" in answer for answer in reader.rows(range(7473))["to"])


def test_a_gzip_file_that_unpacks_to_too_much_is_refused(opened, tmp_path):
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(b'{"text": "a"}\n' * 10_000))
    assert len(opened("jsonl", path="a.jsonl.gz", columns={"text": "text"})) == 10_000
    with pytest.raises(StreamError, match=r"at most 50000 bytes when it is unpacked.*max_unpacked"):
        opened("jsonl", path="a.jsonl.gz", columns={"text": "text"}, max_unpacked=50_000, on_bad="skip")
