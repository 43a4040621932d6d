"""Quoted text: long fields, and where reading is taken up after a broken record."""

from __future__ import annotations

import csv
import io
import logging

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aura.core.errors import StreamError
from aura.sim.readers.delimited import DelimitedOptions, open_delimited

LONG = "a line of text, and\nanother one\n" * 6000
"""180,000 characters, of which csv takes 131,072 unless it is told otherwise."""


def test_a_field_longer_than_the_limit_of_csv_is_read_and_the_limit_is_put_back(tmp_path, opened):
    (tmp_path / "t.csv").write_text(f'text,n\nx,1\n"{LONG}",2\ny,3\n')
    before = csv.field_size_limit()
    rows = opened("delimited", path="t.csv").rows(range(3))
    assert rows == {"text": ("x", LONG, "y"), "n": ("1", "2", "3")}
    assert csv.field_size_limit() == before
    (tmp_path / "bad.csv").write_text('text,n\n"a\n\nb",1\n"x"y,2\n')
    with pytest.raises(StreamError, match="line 5: expected a row of delimited text"):
        opened("delimited", path="bad.csv")
    assert csv.field_size_limit() == before


@pytest.mark.parametrize("name", ["t.csv", "t.tsv"])
def test_a_field_longer_than_it_may_be_is_one_bad_row(tmp_path, opened, name):
    delimiter, text = ("\t", LONG.replace("\n", " ")) if name.endswith("tsv") else (",", LONG)
    cell = f'"{text}"' if delimiter == "," else text
    (tmp_path / name).write_text(f"text,n\nx,1\n{cell},2\ny,3\n".replace(",n", f"{delimiter}n")
                                 .replace("x,1", f"x{delimiter}1").replace(f"{cell},2", f"{cell}{delimiter}2")
                                 .replace("y,3", f"y{delimiter}3"))
    with pytest.raises(StreamError, match=r"line.* 3.*expected fields of at most 1000 characters, .*set max_field\."):
        opened("delimited", path=name, max_field=1000)
    reader = opened("delimited", path=name, max_field=1000, on_bad="skip")
    assert reader.rows(range(2)) == {"text": ("x", "y"), "n": ("1", "3")}
    assert reader.skipped == 1


BROKEN = {
    "an inner quote in a field of several lines": '1,"He said "ho" to\nme, and\nleft, then",e1',
    "two inner quotes, lines apart": '1,"a "b" c\nfoo,bar,baz\nand "why" not\nx, y",e1',
    "a line that only closes": '1,"a "b" c\nfoo,bar,baz\n",e1',
    "a line that begins with a quote": '1,"a "b" c\nfoo,bar,baz\n"so" she said",e1',
    "a quote that closes too early": '1,"a"\nb, c",e1',
    "text after a quote": '1,"a"b,e1',
    "a field that is never closed": '1,"a,e1',
}


@pytest.mark.parametrize("record", BROKEN.values(), ids=BROKEN.keys())
def test_reading_is_never_taken_up_in_the_middle_of_a_field(tmp_path, opened, record):
    (tmp_path / "t.csv").write_text(f'n,text,e\n0,x,e0\n{record}\n2,"y, y",e2\n3,z,e3\n')
    with pytest.raises(StreamError, match="line"):
        opened("delimited", path="t.csv")
    reader = opened("delimited", path="t.csv", on_bad="skip")
    assert reader.rows(range(len(reader))) == {
        "n": ("0", "2", "3"), "text": ("x", "y, y", "z"), "e": ("e0", "e2", "e3")}
    assert reader.skipped == 1 + record.count("foo,bar,baz")  # which may have been a row


def test_a_field_of_lines_that_is_never_closed_is_no_row(tmp_path, opened):
    (tmp_path / "t.csv").write_text('n,text,e\n0,x,e0\n1,"a\nb c\nd,e1\n2,"y, y",e2\n3,z,e3\n')
    reader = opened("delimited", path="t.csv", on_bad="skip")
    # Row 2 cannot be told from a line of that field with quotes in it.
    assert reader.rows(range(len(reader))) == {"n": ("0", "3"), "text": ("x", "z"), "e": ("e0", "e3")}


def test_a_file_cut_within_a_field_gives_no_row_of_what_was_in_it(tmp_path, opened):
    (tmp_path / "t.csv").write_text('n,e\n0,e0\n1,"a\nfirst, then\nnot this')
    reader = opened("delimited", path="t.csv", on_bad="skip")
    assert reader.rows(range(len(reader))) == {"n": ("0",), "e": ("e0",)}


def test_rows_after_a_quote_that_is_never_closed_are_read(tmp_path, opened):
    (tmp_path / "t.csv").write_text('n,e\n0,e0\n1,"e1\n' + "".join(f"{n},e{n}\n" for n in range(2, 50)))
    reader = opened("delimited", path="t.csv", on_bad="skip")
    assert (len(reader), reader.skipped) == (49, 1)


def no_line_looks_like_a_row(text):
    """Of one with four commas nobody could tell that it is none."""
    return all(line.count(",") < 2 for line in text.split("\n"))


@pytest.mark.slow
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow,
                                                                  HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.text('a, "\n', max_size=12).filter(no_line_looks_like_a_row), min_size=3,
                      max_size=6),
       at=st.integers(0, 30), which=st.integers(1),
       what=st.sampled_from(['"', '"x', 'x"', '"\n']))
def test_a_row_that_is_read_stands_in_the_file(tmp_path, texts, at, which, what):
    rows = [(f"r{i}", "1", text, "2", f"e{i}") for i, text in enumerate(texts)]
    stream = io.StringIO()
    csv.writer(stream, quoting=csv.QUOTE_ALL).writerows(rows)
    records = []
    for row in rows:
        one = io.StringIO()
        csv.writer(one, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow(row)
        records.append(one.getvalue())
    which %= len(records)
    at %= len(records[which])
    broken = records[which]
    records[which] = broken[:at] + what + broken[at:]
    (tmp_path / "t.csv").write_text("n,a,text,b,e\n" + "".join(records), newline="")
    logging.getLogger("aura.streams").disabled = True
    try:
        options = DelimitedOptions.model_validate({"path": "t.csv", "on_bad": "skip"})
        reader = open_delimited(options, tmp_path)
        read = reader.rows(range(len(reader)))
    except StreamError:
        return
    finally:
        logging.getLogger("aura.streams").disabled = False
    for row in zip(*(read[name] for name in ("n", "a", "text", "b", "e")), strict=True):
        assert row in rows or row[0].strip('"') == f"r{which}" or row[4] == f"e{which}"
