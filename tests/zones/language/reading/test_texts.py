"""The stream of texts: windows that go on where they were, what counts, what is held out, and what is refused."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from aura.core.errors import AuraError, StateError, StreamError
from aura.core.time import MS
from aura.plugins.manager import PluginManager
from aura.plugins.recording import Recording, first_difference
from aura.sim.build import build_brain
from aura.sim.runfolder import RunFolder
from aura.sim.runner import Run, RunOptions
from aura.sim.scenario import load_scenario
from aura.zones.language.reading.texts import TextReader, open_texts
from aura.zones.language.reading.tokens import TextOptions, Tokens
from aura.zones.language.tokenizers.files import save_tokenizer
from aura.zones.language.tokenizers.plain import ByteTokenizer, CharacterTokenizer

SEP = ByteTokenizer().separator
TEXT = "First Citizen:\nBefore we proceed any further, hear me speak.\n\nAll:\nSpeak, speak.\n"


def opened(folder: Path, text: str | bytes = TEXT, **options) -> TextReader:
    (folder / "text.txt").write_bytes(text if isinstance(text, bytes) else text.encode())
    return open_texts(TextOptions(**{"path": "text.txt", **options}), folder)


def all_rows(reader: TextReader) -> dict[str, np.ndarray]:
    return {name: np.asarray(value) for name, value in reader.rows(np.arange(len(reader))).items()}


# --- windows ------------------------------------------------------------------------------------------------------


@settings(max_examples=50, deadline=None)
@given(lengths=st.lists(st.integers(1, 30), min_size=1, max_size=6), streams=st.integers(1, 5),
       length=st.integers(1, 20), separated=st.booleans())
def test_lanes_go_on_and_every_answer_counts_once(lengths, streams, length, separated):
    tokenizer = ByteTokenizer(("<SEP>",) if separated else ())
    documents = [[256] * separated + list(range(97, 97 + count)) for count in lengths]
    values = np.concatenate(documents).astype(np.uint16)
    starts = np.cumsum([0, *map(len, documents)])[:-1]
    if len(values) - 1 < streams:
        return
    reader = TextReader("text", Tokens(values, starts), tokenizer, streams, length)
    rows = all_rows(reader)
    tokens, begins, mask = (rows[name].reshape(-1, streams, rows[name].shape[1])
                            for name in ("tokens", "begins", "mask"))
    assert (tokens[1:, :, 0] == tokens[:-1, :, -1]).all()  # the next window begins with the last answer
    assert begins[0, :, 0].all()
    told = [tokens[:, lane, 1:].reshape(-1) for lane in range(streams)]
    counted = [mask[:, lane].reshape(-1) for lane in range(streams)]
    answers = np.concatenate([one[which] for one, which in zip(told, counted, strict=True)])
    unanswered = [] if separated else starts[1:].tolist()
    assert answers.tolist() == np.delete(values, [0, *unanswered]).tolist()
    assert rows["bytes"].sum() == (answers < 256).sum()
    first = values[starts]
    found = np.concatenate([tokens[:, lane, 1:][begins[:, lane, 1:]] for lane in range(streams)])
    assert found.tolist() == first[1:].tolist()


def test_a_document_is_told_by_its_number_and_its_beginning(tmp_path):
    reader = opened(tmp_path, "one\ntwo\n\nthree\n", documents="lines", length=6)
    rows = all_rows(reader)
    assert rows["tokens"].dtype == np.int32
    assert rows["tokens"].tolist() == [[SEP, *b"one", SEP, *b"tw"], [*b"wo", SEP, *b"thre"],
                                       [*b"ee", SEP, SEP, SEP, SEP, SEP]]
    assert rows["begins"].astype(int).tolist() == [[1, 0, 0, 0, 1, 0, 0], [0, 0, 1, 0, 0, 0, 0], [0] * 7]
    assert rows["mask"].astype(int).tolist() == [[1] * 6, [1] * 6, [1, 0, 0, 0, 0, 0]]
    assert rows["document"].tolist() == [0, 1, 2]
    assert rows["bytes"].tolist() == [5, 5, 1]


def test_paragraphs_stand_between_blank_lines(tmp_path):
    reader = opened(tmp_path, "one\nmore\n \n\ntwo", documents="paragraphs", length=20)
    assert reader.rows([0])["tokens"][0, :13].tolist() == [SEP, *b"one\nmore", SEP, *b"two"]


def test_a_window_longer_than_the_document_is_filled_up_with_what_does_not_count(tmp_path):
    reader = opened(tmp_path, "ab", length=10)
    rows = all_rows(reader)
    assert rows["tokens"].tolist() == [[SEP, *b"ab", *[SEP] * 8]]
    assert rows["mask"].sum() == 2
    assert rows["begins"].sum() == 1


def test_rows_are_the_same_however_they_are_asked_for(tmp_path):
    reader = opened(tmp_path, TEXT * 20, streams=3, length=16)
    whole = all_rows(reader)
    for chosen in ([5], [7, 2, 2], list(range(4, 9))):
        for name, value in reader.rows(chosen).items():
            assert np.array_equal(value, whole[name][chosen]), name
    with pytest.raises(IndexError):
        reader.rows([len(reader)])


def test_files_of_a_folder_come_in_the_order_of_their_names_each_as_a_document(tmp_path):
    (tmp_path / "texts").mkdir()
    for name, text in (("b.txt", "two"), ("a.txt", "one"), (".hidden", "no")):
        (tmp_path / "texts" / name).write_text(text)
    for path in ("texts", "texts/*.txt"):
        reader = open_texts(TextOptions(path=path, length=20), tmp_path)
        assert reader.rows([0])["tokens"][0, :8].tolist() == [SEP, *b"one", SEP, *b"two"]


@pytest.mark.parametrize(("name", "text"), [
    ("a.jsonl", '{"text": "one", "x": 1}\n\n{"text": "two\\n"}\n'), ("a.csv", 'x,text\n1,one\n2,"two\n"\n'),
    ("a.tsv", 'x\ttext\n1\tone\n2\t"two\n"\n')])
def test_a_column_gives_a_document_a_row(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    reader = open_texts(TextOptions(path=name, column="text", length=20), tmp_path)
    assert reader.rows([0])["tokens"][0, :9].tolist() == [SEP, *b"one", SEP, *b"two\n"]


def test_rows_of_one_group_that_follow_each_other_are_lines_of_one_document(tmp_path):
    (tmp_path / "a.csv").write_text("talk,text\n1,hi\n1,ho\n2,so\n1,no\n")
    (tmp_path / "b.csv").write_text("text\nan\nde\n")
    reader = open_texts(TextOptions(path=("a.csv", "b.csv"), column="text", group="talk", length=30), tmp_path)
    tokens = reader.rows([0])["tokens"][0]
    assert tokens[:18].tolist() == [SEP, *b"hi\nho", SEP, *b"so", SEP, *b"no", SEP, *b"an", SEP, *b"de"]


def test_most_takes_the_first_tokens(tmp_path):
    reader = opened(tmp_path, "abcdef", most=4, length=8)
    assert reader.rows([0])["tokens"][0, :5].tolist() == [SEP, *b"abc", SEP]
    assert reader.rows([0])["mask"].sum() == 3


def test_a_byte_order_mark_is_dropped_and_all_else_is_kept(tmp_path):
    reader = opened(tmp_path, b"\xef\xbb\xbfa\r\nb", length=10)
    assert reader.rows([0])["tokens"][0, :5].tolist() == [SEP, *b"a\r\nb"]


def test_a_text_that_is_read_in_parts_is_the_whole_text(tmp_path):
    text = ("caf\u00e9 \u2603\n" * 7 + "x" * 100) * 10_000  # some 1.7 MB, no line where a block ends
    reader = opened(tmp_path, text, length=1000)
    rows = all_rows(reader)
    assert rows["bytes"].sum() == len(text.encode())
    assert rows["begins"].sum() == 1
    tokens = np.concatenate([rows["tokens"][:1, 0], rows["tokens"][:, 1:][rows["mask"]]])
    assert ByteTokenizer().decode(tokens) == f"<SEP>{text}"


@pytest.mark.slow
def test_a_large_text_takes_little_more_than_its_tokens(tmp_path):
    tracemalloc.start()
    reader = opened(tmp_path, TEXT.encode() * 100_000, streams=16)  # 8 MB
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    count = len(TEXT) * 100_000
    assert len(reader) == 16 * -(-(count // 16 + 1) // 128)
    assert most < 8 * count  # the file itself, the array of two bytes a token as it grows, and a part of a megabyte


# --- held-out -----------------------------------------------------------------------------------------------------


def test_what_is_held_out_is_the_last_part_of_the_text(tmp_path):
    reader = opened(tmp_path, "abcdefghijklmnopqrs", streams=2, length=3)
    learn, held = reader.parted(0.25)
    text = []
    for part in (learn, held):
        rows = all_rows(part)
        assert rows["begins"][:2, 0].all()
        text.append([rows["tokens"][lane::2, 1:][rows["mask"][lane::2]].tolist() for lane in range(2)])
    assert text == [[list(b"abcdefg"), list(b"hijklmn")], [list(b"pq"), list(b"rs")]]


def test_a_part_always_has_an_answer_for_every_lane(tmp_path):
    reader = opened(tmp_path, "abcdefgh", streams=3)
    for share in (0.01, 0.5, 0.99):
        assert all(part.rows([0, 1, 2])["mask"].any(axis=1).all() for part in reader.parted(share))


# --- bad input ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "options", "message"), [
    (b"", {}, r"text\.txt: expected a text of at least two tokens, got 0"),
    (b"\n \n", {"documents": "lines"}, r"expected a text of at least two tokens, got 0"),
    (b"ab", {"streams": 4}, r"text\.txt: expected at least 5 tokens, for 4 lanes, got 3\. Play fewer"),
    (b"ab\xffc", {}, r"text\.txt: expected text in UTF-8, got byte 0xFF at 2\. Convert"),
    (b"ab\xc3", {}, r"text\.txt: expected text in UTF-8, got byte 0xC3 at 2"),
    ("ab\u00e9".encode(), {"tokenizer": "ascii"},
     r"text\.txt: expected characters that the tokenizer knows, got '\u00e9' \(U\+00E9\)\. Say unknown = 'mark'"),
    (b"ab", {"path": "texy.txt"}, r"texy\.txt: expected a file, or a folder with files, got nothing there\. "
                                  r"Try 'text\.txt'"),
    (b"ab", {"column": "text"}, r"text\.txt: expected a file \.csv, \.tsv or \.jsonl, to read a column of"),
])
def test_bad_texts_are_refused_by_name(tmp_path, text, options, message):
    with pytest.raises(StreamError, match=message):
        opened(tmp_path, text, **options)


def test_invalid_bytes_and_unknown_characters_may_be_marked(tmp_path):
    reader = opened(tmp_path, b"a\xffb", invalid="replace", length=8)
    assert ByteTokenizer().decode(reader.rows([0])["tokens"][0, :6]) == "<SEP>a\ufffdb"
    reader = opened(tmp_path, "a\u00e9b", tokenizer="ascii", unknown="mark", length=8)
    assert CharacterTokenizer().decode(reader.rows([0])["tokens"][0, :4]) == "<SEP>a\ufffdb"


@pytest.mark.parametrize(("name", "text", "message"), [
    ("a.jsonl", '{"txt": "a"}', r"a\.jsonl: line 1: expected a text as 'text', got None\. Try 'txt'"),
    ("a.jsonl", '{"text": 3}', r"line 1: expected a text as 'text', got 3"),
    ("a.jsonl", '{"text": "a"}\n[1]', r"line 2: expected a JSON object, got list"),
    ("a.jsonl", '{"text": "a"}\nnot', r"line 2: expected a JSON object, got"),
    ("a.csv", "txt\na\n", r"expected a text as 'text', got None"),
])
def test_a_row_without_the_column_is_refused_by_its_line(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(StreamError, match=message):
        open_texts(TextOptions(path=name, column="text"), tmp_path)


def test_a_tokenizer_that_is_not_there_is_told(tmp_path):
    with pytest.raises(StateError, match=r"expected the file of a tokenizer, got no such file\. `aura tokenizer TEXTS"):
        opened(tmp_path, tokenizer="pieces")


# --- as a stream --------------------------------------------------------------------------------------------------

SCENARIO = {
    "aura": 1, "name": "reading", "seed": 1,
    "streams": {"text": {"kind": "texts", "path": "text.txt", "tokenizer": "own", "streams": 3, "length": 8,
                         "hold_out": 0.1, "repeat": 2}},
    "phases": [{"name": "learn"}, {"name": "held-out", "split": "held_out", "learn": False}],
    "checkpoints": {"every": "20 ms"},
}


@pytest.fixture
def written(tmp_path):
    """Write the scenario, changed, with its text and tokenizer; return where it is."""
    (tmp_path / "text.txt").write_text(TEXT * 3)
    save_tokenizer(ByteTokenizer(), tmp_path / "own")

    def write(**changes):
        stream = {**SCENARIO["streams"]["text"], **changes}
        (tmp_path / "reading.toml").write_text(tomli_w.dumps(
            {**SCENARIO, "streams": {"text": {key: value for key, value in stream.items() if value is not None}}}))
        return tmp_path / "reading.toml"

    return write


@pytest.mark.slow
def test_a_run_that_is_stopped_within_a_document_goes_on_bit_for_bit(tmp_path, written):
    def run(out: str, until: int | None = None, source: Path | None = None) -> Run:
        scenario = load_scenario(source or written())
        return Run(scenario, RunFolder(tmp_path / out), PluginManager(), RunOptions(until=until, report=False))

    run("whole").start()
    assert run("part", 75 * MS).start() == "stopped"
    assert run("part", source=tmp_path / "part" / "scenario.toml").resume() == "finished"
    assert first_difference(Recording(tmp_path / "part"), Recording(tmp_path / "whole")) is None
    said = [np.asarray(one.value) for one in Recording(tmp_path / "whole" / "recording").messages("text.tokens")]
    assert len(said) > 20
    assert said[0].shape == (3, 9)
    assert (said[1][:, 0] == said[0][:, -1]).all()


@pytest.mark.parametrize(("changes", "message"), [
    ({"shuffle": True}, r"streams\.text\.shuffle: expected no such setting for rows that go on from one another"),
    ({"limit": 3}, r"streams\.text\.limit: expected no such setting"),
    ({"items": 2}, r"streams\.text\.items: expected one item a lane, 3, got 2\. Leave it out"),
    ({"hold_out_from": "random"}, r"streams\.text\.hold_out_from: expected 'end'"),
    ({"hold_out": None, "held_out": {"streams": 2}}, r"held_out: expected as many lanes as the stream has, 3, got 2"),
    ({"hold_out": None, "held_out": {"length": 4}}, r"held_out: expected the fields"),
    ({"stride": 2}, r"streams\.text\.stride: expected a setting of a stream of kind 'texts'"),
])
def test_what_would_break_the_lanes_is_refused(written, changes, message):
    with pytest.raises(AuraError, match=message):
        build_brain(load_scenario(written(**changes)), PluginManager())


def test_held_out_texts_may_come_from_a_file_of_their_own(tmp_path, written):
    (tmp_path / "other.txt").write_text("something else that is read with learning off")
    brain = build_brain(load_scenario(written(hold_out=None, held_out={"path": "other.txt"})), PluginManager())
    stream = brain.plans["text"].factory
    assert stream.playing.items == 3
    assert ByteTokenizer().decode(stream.held_out.rows([0])["tokens"][0]) == "<SEP>somethin"


def test_real_text_is_played_whole(data_folder):
    path = data_folder / "tinyshakespeare" / "input.txt"
    if not path.is_file():
        pytest.skip("tinyshakespeare is not there")
    reader = open_texts(TextOptions(path=str(path), tokenizer="ascii", streams=16), path.parent)
    learn, held = reader.parted(0.1)
    counts = [sum(int(part.rows(np.arange(first, min(first + 1600, len(part))))["mask"].sum())
                  for first in range(0, len(part), 1600)) for part in (learn, held)]
    assert counts == [903_469, 100_384]
