"""Columns of a second file: each row is completed by the one that fits it, and what fits none is told."""

from __future__ import annotations

import json
from functools import partial

import pytest

from aura.core.errors import StreamError

TURNS = "talk,role,text\na,0,Hello.\na,1,Hi.\nb,0,Good day.\n"
PEOPLE = "talk,role,name,score\na,0,Ann,1\na,1,Bob,2\nb,0,Cem,3\nc,0,Dee,4\n"
ON = {"talk": "talk", "role": "role"}
COLUMNS = {"text": "text", "author": "name"}


@pytest.fixture
def turns(tmp_path, opened):
    """Open the turns with the people joined, as options say it."""
    (tmp_path / "turns.csv").write_text(TURNS)
    (tmp_path / "people.csv").write_text(PEOPLE)
    return partial(opened, "delimited", path="turns.csv")


def people(**more):
    return {"path": "people.csv", "on": ON, **more}


def column(reader, port):
    return list(reader.rows(range(len(reader)))[port])


def test_a_row_has_the_columns_of_the_row_that_fits_it_whatever_their_order(turns, tmp_path):
    header, *rows = PEOPLE.splitlines()
    (tmp_path / "people.csv").write_text("\n".join([header, *reversed(rows)]))
    assert column(turns(columns=COLUMNS, join=[people()]), "author") == ["Ann", "Bob", "Cem"]


def test_with_a_prefix_and_a_choice_of_rows_one_file_is_joined_in_several_ways(turns):
    joins = [people(), people(on={"talk": "talk"}, where={"role": 1}, prefix="other.")]
    columns = {"own": "name", "other": {"from": "other.name", "default": "nobody"}}
    reader = turns(columns=columns, join=joins)
    assert column(reader, "own") == ["Ann", "Bob", "Cem"]
    assert column(reader, "other") == ["Bob", "Bob", "nobody"]


def test_a_file_may_be_found_by_a_column_of_one_that_is_joined_before(turns, tmp_path):
    (tmp_path / "towns.csv").write_text("who,town\nAnn,Ulm\nBob,Rom\nCem,Pau\n")
    reader = turns(columns={"town": "town"}, join=[people(), {"path": "towns.csv", "on": {"name": "who"}}])
    assert column(reader, "town") == ["Ulm", "Rom", "Pau"]


def test_rows_are_chosen_by_a_joined_column_too(turns):
    assert column(turns(columns=COLUMNS, join=[people()], where={"score": 2}), "text") == ["Hi."]


def test_json_lines_and_documents_are_joined_as_delimited_files_are(opened, tmp_path):
    (tmp_path / "turns.jsonl").write_text('{"id": 1, "text": "a"}\n{"id": 2, "text": "b"}\n')
    (tmp_path / "info.json").write_text(json.dumps({"talks": [{"n": 2.0, "by": {"name": "Bob"}},
                                                              {"n": 1, "by": {"name": "Ann"}}]}))
    join = {"path": "info.json", "on": {"id": "n"}, "records": "talks"}
    reader = opened("jsonl", path="turns.jsonl", columns={"text": "text", "author": "by.name"}, join=[join])
    assert column(reader, "author") == ["Ann", "Bob"]


def test_of_a_row_without_a_match_the_column_says_what_becomes(turns, tmp_path):
    (tmp_path / "people.csv").write_text(PEOPLE.replace("b,0", "x,0"))
    with pytest.raises(StreamError, match=r"turns\.csv: line 4, 'author': expected a row of people\.csv with "
                                          r"talk = 'b', role = '0', got none"):
        turns(columns=COLUMNS, join=[people()])
    skipped = turns(columns=COLUMNS, join=[people()], on_bad="skip")
    assert (len(skipped), skipped.skipped) == (2, 1)
    lenient = turns(columns={"text": "text", "author": {"from": "name", "optional": True}}, join=[people()])
    assert column(lenient, "author") == ["Ann", "Bob", None]
    assert lenient.notices["found no row of people.csv for {count} rows of turns.csv"] == 1


def test_a_joined_row_that_fits_none_is_told_with_its_count_unless_rows_were_left_out(turns):
    sentence = "joined {count} rows of people.csv to no row of turns.csv"
    assert turns(columns=COLUMNS, join=[people()]).notices[sentence] == 1
    assert turns(columns=COLUMNS, join=[people()], where={"talk": "a"}).notices[sentence] == 0


@pytest.mark.parametrize(("join", "columns", "message"), [
    ({"on": {"talk": "talk"}}, COLUMNS, r"people\.csv: line 3: expected one row of each talk, got 'a' again, which "
                                        r"line 2 has\. Join `on` more columns"),
    ({"on": {"tlk": "talk", "role": "role"}}, COLUMNS,
     r"turns\.csv: join\.on\.tlk: expected a column of the file, got 'tlk'.*'talk'"),
    ({"on": {"name": "name"}}, COLUMNS, r"turns\.csv: join\.on\.name: expected a column of the file"),
    ({"on": {"talk": "tlk"}}, COLUMNS, r"people\.csv: join\.on\.tlk: expected a column of the file, got 'tlk'.*'talk'"),
    ({}, {"author": "nam"}, r"turns\.csv: columns\.author: expected a column of the file, got 'nam'.*'name'"),
    ({"where": {"role": 7}}, COLUMNS, r"people\.csv: where: expected role = 7, got none of 4 rows"),
    ({"path": "peple.csv"}, COLUMNS, r"expected a file, got nothing there.*people\.csv")])
def test_a_join_that_cannot_be_is_refused_with_the_reason(turns, join, columns, message):
    with pytest.raises(StreamError, match=message):
        turns(columns=columns, join=[people(**join)])


def test_of_two_columns_of_one_name_the_files_own_counts(turns):
    assert column(turns(columns={"role": "role"}, join=[people(on={"talk": "talk"}, where={"role": 0})]),
                  "role") == ["0", "1", "0"]


def test_json_rows_without_the_key_are_bad_rows_though_the_joined_file_has_one_of_the_name(opened, tmp_path):
    (tmp_path / "turns.jsonl").write_text('{"id": 1, "text": "a"}\n{"text": "b"}\n')
    (tmp_path / "info.jsonl").write_text('{"id": 1, "name": "Ann"}\n{"id": 3, "name": "Cem"}\n')
    reader = opened("jsonl", path="turns.jsonl", columns={"text": "text", "author": "name"}, on_bad="skip",
                    join=[{"path": "info.jsonl", "on": {"id": "id"}}])
    assert column(reader, "author") == ["Ann"]
    assert reader.skipped == 1


def test_a_joined_file_is_fingerprinted_as_the_file_itself_is(sim):
    (sim.folder / "names.csv").write_text("word,name\nred,Ann\ngreen,Bob\nblue,Cem\ngrey,Dee\n")
    text = sim.text.replace("items = 3", 'join = [{path = "names.csv", on = {"label.0" = "word"}}]\nitems = 3')
    sim.make("run", until=20_000_000, source=sim.scenario(text, "joined.toml")).start()
    assert {"rows.jsonl", "names.csv"} <= {source["name"] for source in sim.read("run")["inputs"]}


def test_values_name_what_cells_say_and_others_all_the_rest(opened, tmp_path):
    (tmp_path / "acts.csv").write_text("role,act\n0,greet\n1,thank\n0,\n1,cough\n")
    columns = {"role": {"from": "role", "values": {"0": "asks", "1": "answers"}},
               "act": {"from": "act", "type": "tags", "classes": ["greet"], "values": {"thank": "thanks"},
                       "others": "none"}}
    reader = opened("delimited", path="acts.csv", columns=columns)
    assert column(reader, "role") == ["asks", "answers", "asks", "answers"]
    assert column(reader, "act") == [("greet",), ("thanks",), (), ("none",)]
    assert reader.fields["act"].classes == ("greet", "thanks", "none")


@pytest.mark.parametrize(("column", "message"), [
    ({"from": "x", "type": "int", "values": {"1": "a"}}, "expected type 'text' or 'tags'"),
    ({"from": "x", "others": "none"}, "expected values or classes beside it")])
def test_names_for_what_are_no_names_are_refused(opened, column, message):
    with pytest.raises(ValueError, match=message):
        opened("delimited", path="acts.csv", columns={"x": column})
