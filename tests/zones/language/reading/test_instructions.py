"""The stream of instructions: which tokens count, one row a window or several, and what becomes of bad rows."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from aura.core.errors import StreamError
from aura.zones.language.reading.instructions import InstructionOptions, InstructionReader, open_instructions, prompt
from aura.zones.language.tokenizers.files import save_tokenizer
from aura.zones.language.tokenizers.plain import ByteTokenizer

BYTES = ByteTokenizer()
INST, INP, RESP, SEP = BYTES.symbols.values()
ROWS = [{"instruction": "add", "input": "1 2", "output": "3"}, {"instruction": "greet", "output": "hi there"},
        {"instruction": "count", "input": "", "output": "one two"}]


def opened(folder: Path, rows=ROWS, **options) -> InstructionReader:
    (folder / "rows.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return open_instructions(InstructionOptions(**{"path": "rows.jsonl", "length": 24, **options}), folder)


def test_one_row_a_window_of_which_the_response_and_its_end_count(tmp_path):
    reader = opened(tmp_path)
    assert len(reader) == 3
    rows = reader.rows([0, 1, 2])
    assert rows["tokens"].shape == (3, 25)
    assert rows["tokens"][0, :11].tolist() == [INST, *b"add", INP, *b"1 2", RESP, *b"3", SEP]
    assert rows["tokens"][0, 11:].tolist() == [SEP] * 14
    assert np.flatnonzero(rows["mask"][0]).tolist() == [8, 9]  # from <RESP> the 3, from the 3 the end
    answers = rows["tokens"][:, 1:]
    assert [BYTES.decode(answers[row][rows["mask"][row]]) for row in range(3)] == [
        "3<SEP>", "hi there<SEP>", "one two<SEP>"]
    assert rows["bytes"].tolist() == [1, 8, 7]
    assert np.argwhere(rows["begins"]).tolist() == [[0, 0], [1, 0], [2, 0]]
    assert rows["document"].tolist() == [0, 1, 2]


def test_packed_rows_stand_whole_in_their_order_each_as_a_document(tmp_path):
    reader = opened(tmp_path, length=29, pack=True)
    assert len(reader) == 2
    rows = reader.rows([0, 1])
    assert rows["tokens"][0, :28].tolist() == [INST, *b"add", INP, *b"1 2", RESP, *b"3", SEP,
                                               INST, *b"greet", RESP, *b"hi there", SEP, SEP]
    assert np.argwhere(rows["begins"]).tolist() == [[0, 0], [0, 11], [1, 0]]
    assert BYTES.decode(rows["tokens"][0, 1:][rows["mask"][0]]) == "3<SEP>hi there<SEP>"
    assert rows["document"].tolist() == [0, 2]
    assert rows["bytes"].tolist() == [9, 7]


def test_columns_may_have_other_names(tmp_path):
    reader = opened(tmp_path, [{"question": "why", "answer": "so"}], instruction="question", output="answer",
                    input=None)
    assert reader.rows([0])["tokens"][0, :8].tolist() == [INST, *b"why", RESP, *b"so", SEP]


def test_a_prompt_is_what_stands_before_a_response(tmp_path):
    tokens = opened(tmp_path).rows([0])["tokens"][0]
    assert prompt(BYTES, "add", "1 2").tolist() == tokens[:9].tolist()


@pytest.mark.parametrize(("row", "message"), [
    ({"instruction": "add"}, r"rows\.jsonl: line 2: expected the response as a text in 'output', got None"),
    ({"instruction": "add", "output": " "}, r"line 2: expected the response as a text in 'output', got ' '"),
    ({"instruction": "add", "outputs": "3"}, r"expected the response .*Try 'outputs'"),
    ({"output": "3"}, r"line 2: expected the instruction as a text in 'instruction', got None"),
    ({"instruction": "add", "input": 3, "output": "3"}, r"line 2: expected the input as a text in 'input', got 3"),
])
def test_a_row_that_lacks_something_stops_the_run_or_is_counted(tmp_path, row, message):
    with pytest.raises(StreamError, match=message):
        opened(tmp_path, [ROWS[0], row])
    reader = opened(tmp_path, [ROWS[0], row, ROWS[1]], on_bad="skip")
    assert (len(reader), reader.skipped) == (2, 1)


def test_rows_that_are_all_bad_are_refused(tmp_path):
    with pytest.raises(StreamError, match="expected at least one row with an instruction and a response, got none"):
        opened(tmp_path, [{"instruction": "add"}], on_bad="skip")
    with pytest.raises(StreamError, match="expected at least one row"):
        opened(tmp_path, [])


def test_a_row_longer_than_a_window_stops_the_run_is_left_out_or_cut(tmp_path):
    with pytest.raises(StreamError, match=r"line 2: expected at most 15 tokens, as a window has, got 16\. Say"):
        opened(tmp_path, length=14)
    skipped = opened(tmp_path, length=14, too_long="skip")
    assert len(skipped) == 2
    assert skipped.notices == {"left out {count} rows of more than 15 tokens": 1}
    cut = opened(tmp_path, length=14, too_long="cut")
    assert len(cut) == 3
    assert BYTES.decode(cut.rows([1])["tokens"][0, 7:]) == "hi there"
    assert len(opened(tmp_path, [ROWS[0], {"instruction": "x" * 50, "output": "y"}], length=14, too_long="cut")) == 1


def test_a_tokenizer_without_the_symbols_is_refused(tmp_path):
    save_tokenizer(ByteTokenizer(("<SEP>",)), tmp_path / "own")
    with pytest.raises(StreamError, match=r"expected a tokenizer with the symbol '<INST>', got one with <SEP>"):
        opened(tmp_path, tokenizer=str(tmp_path / "own"))


def test_an_unknown_character_is_told_with_its_line(tmp_path):
    rows = [ROWS[0], {"instruction": "say", "output": "\u2603"}]
    with pytest.raises(StreamError, match=r"line 2: expected characters that the tokenizer knows, got '\u2603'"):
        opened(tmp_path, rows, tokenizer="ascii")
    assert len(opened(tmp_path, rows, tokenizer="ascii", unknown="mark")) == 2


def test_real_questions_and_answers(data_folder):
    path = data_folder / "gsm8k" / "train.jsonl"
    if not path.is_file():
        pytest.skip("gsm8k is not there")
    reader = open_instructions(InstructionOptions(path=str(path), instruction="question", output="answer", length=1024,
                                                  too_long="skip"), path.parent)
    dropped = sum(reader.notices.values())
    assert len(reader) + dropped == 7473
    rows = reader.rows(np.arange(100))
    for row in range(100):
        answer = BYTES.decode(rows["tokens"][row, 1:][rows["mask"][row]])
        assert "\n#### " in answer
        assert answer.endswith("<SEP>")
