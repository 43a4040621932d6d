"""Delimited text through a column map."""

from __future__ import annotations

import gzip
import logging

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from aura.core.errors import StreamError
from aura.sim.readers import read_iterable
from aura.sim.readers.delimited import DelimitedOptions, open_delimited

CSV = "text,speaker,v,a\nhello there,A,1,2\n\"a, \"\"b\"\"\nc\",B,3,4.5\n,A,5,6\n"


def test_columns_feed_ports_by_name_index_and_type(tmp_path, opened):
    (tmp_path / "t.csv").write_text(CSV)
    reader = opened("delimited", path="t.csv", columns={
        "text": "text", "who": {"from": 1, "type": "tags"}, "va": {"from": ["v", "a"], "type": "float", "unit": "mV"}})
    rows = reader.rows([2, 1])
    assert len(reader) == 3
    assert rows["text"] == ("", 'a, "b"\nc')
    assert rows["who"] == (("A",), ("B",))
    np.testing.assert_array_equal(rows["va"], np.array([[5, 6], [3, 4.5]], np.float32))
    assert rows["va"].dtype == np.float32
    assert (reader.fields["va"].shape, reader.fields["va"].unit, reader.fields["text"].dtype) == ((2,), "mV", "text")


def test_numbers_of_a_range_come_from_0_to_1(tmp_path, opened):
    (tmp_path / "t.csv").write_text("v,a\n1,5\n3,1.4\n")
    columns = {"va": {"from": ["v", "a"], "type": "float", "range": [1, 5]},
               "v": {"from": "v", "type": "float64", "range": [1, 5]}}
    rows = opened("delimited", path="t.csv", columns=columns).rows([0, 1])
    np.testing.assert_allclose(rows["va"], [[0, 1], [0.5, 0.1]], rtol=1e-6)
    assert rows["va"].dtype == np.float32
    assert rows["v"].tolist() == [0.0, 0.5]
    columns["v"]["range"] = [1, 2]
    with pytest.raises(StreamError, match=r"line 3.*v.*expected numbers from 1 to 2, the column's range, got 3\.0"):
        opened("delimited", path="t.csv", columns=columns)


@pytest.mark.parametrize("column", [{"type": "float", "range": [5, 1]}, {"type": "int", "range": [1, 5]}])
def test_a_range_that_is_none_is_refused(column):
    with pytest.raises(ValidationError, match="a range is of type 'float' or 'float64'"):
        DelimitedOptions(path="t.csv", columns={"v": {"from": "v", **column}})


def test_without_a_map_every_named_column_is_text(tmp_path, opened):
    (tmp_path / "t.csv").write_text(CSV)
    assert list(opened("delimited", path="t.csv").fields) == ["text", "speaker", "v", "a"]


@pytest.mark.parametrize(("suffix", "delimiter"), [(".csv", ","), (".tsv", "\t"), (".tab", "\t"), (".psv", "|")])
def test_the_suffix_tells_the_delimiter(tmp_path, opened, suffix, delimiter):
    (tmp_path / f"t{suffix}").write_text(f"a{delimiter}b\r\n1{delimiter}2\r\n")
    assert opened("delimited", path=f"t{suffix}", columns={"b": {"from": "b", "type": "int"}}).rows([0])["b"] == [2]


def test_an_unknown_suffix_needs_a_delimiter(tmp_path, opened):
    (tmp_path / "t.txt").write_text("a;b\n1;2\n")
    with pytest.raises(StreamError, match=r"t\.txt: expected one of the suffixes.*Try delimiter"):
        opened("delimited", path="t.txt")
    assert opened("delimited", path="t.txt", delimiter=";").rows([0])["b"] == ("2",)


def test_gzip_and_a_byte_order_mark_are_read(tmp_path, opened):
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress("\ufefftext\nçà\n".encode()))
    assert opened("delimited", path="t.csv.gz").rows([0]) == {"text": ("çà",)}


def test_tabs_leave_quotes_alone_unless_told(tmp_path, opened):
    (tmp_path / "t.tsv").write_text('a\tb\n"x\t"y"\n')
    assert opened("delimited", path="t.tsv").rows([0]) == {"a": ('"x',), "b": ('"y"',)}
    (tmp_path / "q.tsv").write_text('a\tb\n"x\ty"\tz\n')
    assert opened("delimited", path="q.tsv", quoting="csv").rows([0]) == {"a": ("x\ty",), "b": ("z",)}


def test_without_a_header_columns_go_by_index(tmp_path, opened):
    (tmp_path / "t.csv").write_text("x,1\ny,2\n")
    reader = opened("delimited", path="t.csv", header=False, columns={"n": {"from": 1, "type": "int"}})
    np.testing.assert_array_equal(reader.rows([0, 1])["n"], [1, 2])
    with pytest.raises(StreamError, match="0-based index"):
        opened("delimited", path="t.csv", header=False, columns={"n": "n"})
    with pytest.raises(StreamError, match="a column from 0 to 1, got 2"):
        opened("delimited", path="t.csv", header=False, columns={"n": 2})


def test_a_missing_column_is_named_with_its_nearest_even_when_skipping(tmp_path, opened):
    (tmp_path / "t.csv").write_text(CSV)
    with pytest.raises(StreamError, match=r"t\.csv: columns\.who: .*got 'speeker'\. Try 'speaker'\."):
        opened("delimited", path="t.csv", columns={"who": "speeker"}, on_bad="skip")


def test_a_name_that_stands_twice_is_refused(tmp_path, opened):
    (tmp_path / "t.csv").write_text("a,a\n1,2\n")
    with pytest.raises(StreamError, match="which stands there 2 times"):
        opened("delimited", path="t.csv", columns={"x": "a"})


@pytest.mark.parametrize(("line", "message"), [
    (b"only one", r"line 3: expected 3 columns, got 1"),
    (b"a,b,c,d", r"line 3: expected 3 columns, got 4"),
    (b"a,x,joy", r"line 3, 'n': expected a number, got 'x'$"),
    (b"a,,joy", r"line 3, 'n': expected a number, got ''\. Where rows may lack it, set the column `optional`"),
    (b"a,nan,joy", r"line 3, 'n': expected a finite float32, got 'nan'"),
    (b"a,1e300,joy", r"line 3, 'n': expected a finite float32, got '1e300'"),
    (b"a,1_0,joy", r"line 3, 'n': expected a number, got '1_0'"),
    (b"a,1,jou", r"line 3, 'label': expected one of the 2 classes, got 'jou'. Try 'joy'."),
    (b"caf\xe9,1,joy", r"line 3: expected text in utf-8, got byte 0xE9 at byte 4 of the line"),
    (b'"open,1,joy', r"line 3: expected a row of delimited text"),
    (b'"a"b,1,joy', r"line 3: expected a row of delimited text"),
])
def test_a_bad_row_stops_or_is_skipped_and_no_other_is_lost(tmp_path, opened, caplog, line, message):
    (tmp_path / "t.csv").write_bytes(b"text,n,label\nfine,1,joy\n" + line + b"\nalso fine,2,\"joy, fear\"\n")
    columns = {"text": "text", "n": {"from": "n", "type": "float"},
               "label": {"from": "label", "type": "tags", "classes": ["joy", "fear"]}}
    with pytest.raises(StreamError, match=r"t\.csv: " + message):
        opened("delimited", path="t.csv", columns=columns)
    with caplog.at_level(logging.WARNING, "aura.streams"):
        reader = opened("delimited", path="t.csv", columns=columns, on_bad="skip")
    assert reader.skipped == 1
    assert reader.rows([0, 1])["text"] == ("fine", "also fine")
    assert reader.rows([1])["label"] == (("joy", "fear"),)
    assert "t.csv: line 3" in caplog.text


def test_ten_bad_rows_are_logged_and_then_their_number(tmp_path, opened, caplog):
    (tmp_path / "t.csv").write_text("a,b\n1,2\n" + "x\n" * 25)
    with caplog.at_level(logging.WARNING, "aura.streams"):
        assert opened("delimited", path="t.csv", on_bad="skip").skipped == 25
    assert len(caplog.records) == 11
    assert "skipped 25 bad rows" in caplog.records[-1].message


@pytest.mark.parametrize("content", [b"", b"\n\n", b"a,b\n", b"a,b\n\n", b"\xef\xbb\xbf"])
def test_a_file_without_rows_is_an_error(tmp_path, opened, content):
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(StreamError, match="no rows"):
        opened("delimited", path="t.csv", on_bad="skip")


def test_all_rows_bad_says_how_many_were_skipped(tmp_path, opened):
    (tmp_path / "t.csv").write_text("a,b\n1\n2\n")
    with pytest.raises(StreamError, match="none \\(2 bad rows were skipped\\)"):
        opened("delimited", path="t.csv", on_bad="skip")


@pytest.mark.parametrize(("options", "message"), [
    ({"path": "nowhere.csv"}, "nothing there. Try 'there.csv'"),
    ({"path": "folder"}, "expected a file, got a folder"),
    ({"path": "there.csv", "encoding": "utf-42"}, "a text encoding that Python knows"),
    ({"path": "there.csv", "encoding": "utf-16"}, "expected"),
])
def test_a_file_that_cannot_be_read_is_named(tmp_path, opened, options, message):
    (tmp_path / "there.csv").write_text("a\n1\n")
    (tmp_path / "folder").mkdir()
    with pytest.raises(StreamError, match=message):
        opened("delimited", **options)


def test_times_become_whole_nanoseconds(tmp_path, opened):
    (tmp_path / "t.csv").write_text("t\n0.1\n1e-9\n3\n")
    reader = opened("delimited", path="t.csv", columns={"t": {"from": "t", "type": "time", "unit": "s"}})
    np.testing.assert_array_equal(reader.rows([0, 1, 2])["t"], [100_000_000, 1, 3_000_000_000])
    assert reader.fields["t"].unit == "ns"
    (tmp_path / "t.csv").write_text("t\n-1\n")
    with pytest.raises(StreamError, match="not negative"):
        opened("delimited", path="t.csv", columns={"t": {"from": "t", "type": "time", "unit": "s"}})


@pytest.mark.parametrize("options", [
    {"delimiter": "ab"}, {"delimiter": '"'}, {"columns": {"x": {"form": "a"}}}, {"colums": {}}, {"path": ""},
    {"columns": {"x": {"from": ["a", "b"]}}}, {"columns": {"x": {"from": -1}}}, {"path": "a\0b"},
    {"columns": {"x": {"from": "a", "type": "time"}}},
])
def test_options_that_cannot_be_meant_are_refused(options):
    with pytest.raises(ValidationError):
        DelimitedOptions.model_validate({"path": "t.csv"} | options)


@pytest.mark.slow
@given(st.lists(st.tuples(*[st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0"))] * 2),
                min_size=1))
def test_what_the_csv_module_writes_is_read_back(tmp_path_factory, pairs):
    import csv

    path = tmp_path_factory.mktemp("csv") / "t.csv"
    with open(path, "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, quoting=csv.QUOTE_ALL)
        writer.writerows([("a", "b"), *pairs])
    reader = open_delimited(DelimitedOptions(path=str(path)), path.parent)
    again = read_iterable(pairs, names=("a", "b"))
    assert reader.rows(range(len(reader))) == again.rows(range(len(pairs)))


@pytest.mark.slow
def test_the_real_files_are_read_whole(real_data, opened):
    emobank = opened("delimited", path=str(real_data / "emobank/emobank.csv"), columns={
        "text": "text", "split": "split", "vad": {"from": ["V", "A", "D"], "type": "float"}})
    everything = emobank.rows(range(len(emobank)))
    assert len(emobank) == 9062
    assert set(everything["split"]) == {"train", "dev"}
    assert 1 <= everything["vad"].min() <= everything["vad"].max() <= 5
    tydip = opened("delimited", path=str(real_data / "tydip_politeness/en_train.csv"), columns={
        "text": "sentence", "score": {"from": "score", "type": "float"}})
    assert len(tydip) == 3853
    dialogues = opened("delimited", path=str(real_data / "persuasionforgood/full_dialog.csv"), columns={
        "text": "Unit", "speaker": {"from": "B4", "type": "tags", "classes": ["0", "1"]}, "dialogue": "B2"})
    assert len(set(dialogues.rows(range(len(dialogues)))["dialogue"])) == 789
    assert len(opened("delimited", path=str(real_data / "vader/vader_lexicon.txt"), delimiter="\t", header=False,
                      columns={"text": 0, "valence": {"from": 1, "type": "float"}})) == 7520


# --- which rows, and what they may lack ----------------------------------------------------------------------------


def test_a_header_that_can_name_no_port_is_refused_with_what_to_write(tmp_path, opened):
    (tmp_path / "t.csv").write_text(",text,label\n0,a,x\n1,b,y\n")  # as pandas writes it
    with pytest.raises(StreamError, match=r"t\.csv: header: expected names .*got none for column 0: pandas so writ.*"
                                          r"index\. Name those that you want: columns = \{ text = 'text' \}\."):
        opened("delimited", path="t.csv")
    assert opened("delimited", path="t.csv", columns={"text": "text", "n": 0, "m": ""}).rows([1]) == {
        "text": ("b",), "n": ("1",), "m": ("1",)}
    (tmp_path / "s.csv").write_text("user name\na\n")
    with pytest.raises(StreamError, match=r"s\.csv: header: expected names .*got 'user name' for column 0"):
        opened("delimited", path="s.csv")


SPLITS = "text,split,n\na,train,1\nb,dev,2\nc,train,3.0\nd,test,x\ne,,1\n"


@pytest.mark.parametrize(("where", "texts"), [
    ({"split": "train"}, "ac"), ({"split": ["train", "dev"]}, "abc"), ({"split": "train", "n": 3}, "c"),
    ({"split": ""}, "e"), ({"1": "dev"}, "b"), ({"n": [1, 2]}, "abe"), ({"n": "1"}, "ae"), ({}, "abcde")])
def test_rows_are_chosen_by_columns(tmp_path, opened, where, texts):
    (tmp_path / "t.csv").write_text(SPLITS)
    reader = opened("delimited", path="t.csv", columns={"text": "text"}, where=where)
    assert "".join(reader.rows(range(len(reader)))["text"]) == texts
    assert (reader.dropped, reader.skipped) == (5 - len(texts), 0)


def test_rows_that_are_not_wanted_are_not_looked_at(tmp_path, opened):
    (tmp_path / "t.csv").write_text(SPLITS)
    columns = {"n": {"from": "n", "type": "float"}}
    reader = opened("delimited", path="t.csv", columns=columns, where={"split": "train"})
    assert reader.rows([0, 1])["n"].tolist() == [1, 3]
    with pytest.raises(StreamError, match="line 5, 'n': expected a number, got 'x'"):
        opened("delimited", path="t.csv", columns=columns, where={"split": "test"})


def test_a_choice_that_leaves_no_row_says_what_there_is(tmp_path, opened):
    (tmp_path / "t.csv").write_text(SPLITS)
    with pytest.raises(StreamError, match=r"t\.csv: where: expected split = 'trian' or 'x' and n = 1, got none of 5 r.*"
                                          r"split holds 'train' \(2\), 'dev' \(1\), .*\."):
        opened("delimited", path="t.csv", columns={"text": "text"}, where={"split": ["trian", "x"], "n": 1})
    with pytest.raises(StreamError, match=r"t\.csv: where\.splt: expected a column .*got 'splt'. Try 'split'"):
        opened("delimited", path="t.csv", columns={"text": "text"}, where={"splt": "train"}, on_bad="skip")
    with pytest.raises(StreamError, match=r"t\.csv: columns: expected a column from 0 to 2, got 7"):
        opened("delimited", path="t.csv", header=False, columns={"text": 0}, where={"7": "train"})


def test_an_empty_cell_or_a_column_that_the_file_lacks_may_be_optional(tmp_path, opened, caplog):
    (tmp_path / "t.csv").write_text("text,mood,v,a\nx,joy,1,2\n,,3,\nz, ,,\n")
    columns = {"text": "text", "mood": {"from": "mood", "type": "tags", "optional": True},
               "va": {"from": ["v", "a"], "type": "float", "optional": True},
               "filled": {"from": ["v", "a"], "type": "int", "default": 0},
               "gone": {"from": "gone", "type": "tags", "default": "none"}, "far": {"from": 9, "optional": True}}
    rows = opened("delimited", path="t.csv", columns=columns).rows(range(3))
    assert rows["text"] == ("x", "", "z")
    assert rows["mood"] == (("joy",), None, None)
    assert [None if va is None else va.tolist() for va in rows["va"]] == [[1, 2], None, None]
    assert rows["filled"].tolist() == [[1, 2], [3, 0], [0, 0]]
    assert rows["gone"] == (("none",),) * 3
    assert rows["far"] == (None,) * 3
    assert "no row has 9, which would feed 'far'" in caplog.text


@pytest.mark.slow
def test_emobank_is_read_by_its_split(real_data, opened):
    columns = {"text": "text", "vad": {"from": ["V", "A", "D"], "type": "float"}}
    sizes = {split: len(opened("delimited", path=str(real_data / "emobank/emobank.csv"), columns=columns,
                               where={"split": split})) for split in ("train", "dev")}
    assert sizes == {"train": 8062, "dev": 1000}


@pytest.mark.slow
def test_the_acts_of_persuasion_are_optional(real_data, opened):
    columns = {"text": "Unit", "act": {"from": "er_label_1", "type": "tags", "optional": True}}
    path = str(real_data / "persuasionforgood/annotated.csv")
    both, persuader = (opened("delimited", path=path, columns=columns, where=where) for where in ({}, {"B4": 0}))
    acts = both.rows(range(len(both)))["act"]
    assert sum(act is not None for act in acts) == len(persuader)
    assert all(act is not None for act in persuader.rows(range(len(persuader)))["act"])


# --- encodings -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "U8", "cp65001", "UTF8", "utf-8-sig", "utf-16", "utf-16-le", "UTF-16BE",
                                      "utf-32", "utf-32-le"])
def test_a_byte_order_mark_is_dropped_whatever_the_encoding_is_called(tmp_path, opened, encoding):
    adds_one = encoding in ("utf-8-sig", "utf-16", "utf-32")
    content = ("" if adds_one else "\ufeff") + 'text,"n"\nçà,1\n'
    (tmp_path / "t.csv").write_bytes(content.encode(encoding))
    assert opened("delimited", path="t.csv", encoding=encoding).rows([0]) == {"text": ("çà",), "n": ("1",)}


@pytest.mark.parametrize(("written", "mark", "hint"), [
    ("utf-16", "", "utf-16"), ("utf-16-be", "\ufeff", "utf-16"), ("utf-32", "", "utf-32"),
    ("utf-16-le", "", "utf-16-le"), ("utf-16-be", "", "utf-16-be")])
@pytest.mark.parametrize("kind", ["delimited", "jsonl"])
@pytest.mark.parametrize("zipped", [False, True])
def test_text_of_wide_characters_is_told_by_its_name(tmp_path, opened, written, mark, hint, kind, zipped):
    content = (mark + ("text,n\nhello,1\n" if kind == "delimited" else '{"text": "hello"}\n')).encode(written)
    (tmp_path / "t.csv").write_bytes(gzip.compress(content) if zipped else content)
    options = {"path": "t.csv", "columns": {"text": "text"}}
    with pytest.raises(StreamError, match=rf"expected text in utf-8, got bytes as .* Try encoding = '{hint}'\."):
        opened(kind, **options, on_bad="skip")
    assert opened(kind, **options, encoding=hint).rows([0]) == {"text": ("hello",)}
