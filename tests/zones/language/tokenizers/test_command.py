"""`aura tokenizer` at the command line."""

from __future__ import annotations

import sys

import pytest

from aura.sim.cli import main
from aura.zones.language.tokenizers.files import load_tokenizer


@pytest.fixture
def aura(monkeypatch, capsys, tmp_path):
    """Run the command line in the test's folder; return status, output and errors."""
    monkeypatch.chdir(tmp_path)

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["aura", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return ended.value.code or 0, out, err

    return run


@pytest.mark.slow
def test_it_prints_how_many_tokens_there_are_and_writes_the_folder(aura, tmp_path):
    (tmp_path / "a.txt").write_text("the red cat sees the dog\n" * 20)
    status, out, _ = aura("tokenizer", "a.txt", "--out", "made", "--size", "290", "--model", "bpe", "--soft-limit",
                          "--clean-spaces", "--symbols", "<A>,<SEP>")
    made = load_tokenizer(tmp_path / "made")
    assert status == 0
    assert out.startswith(f"made: sentencepiece, {made.size} tokens, {made.fingerprint[:12]}\nEvery text comes back")
    assert tuple(made.symbols) == ("<A>", "<SEP>")
    assert made.decode(made.encode("a  b")) == "a b"


@pytest.mark.slow
def test_characters_are_those_of_the_column(aura, tmp_path):
    (tmp_path / "a.jsonl").write_text('{"q": "xyz", "a": "ab"}\n{"q": "", "a": "bc"}\n')
    assert aura("tokenizer", "a.jsonl", "--column", "a", "--kind", "characters", "--out", "made")[0] == 0
    assert load_tokenizer(tmp_path / "made").characters == "abc"
    words = ("--column", "a", "--column", "q", "--kind", "characters", "--out", "made")
    assert aura("tokenizer", "a.jsonl", *words)[0] == 0
    assert load_tokenizer(tmp_path / "made").characters == "abcxyz"


@pytest.mark.slow
@pytest.mark.parametrize(("words", "message"), [
    (("gone.txt",), "gone.txt: expected a file, or a folder with files, got nothing there. Try 'good.txt'."),
    (("bad.txt",), "bad.txt: expected text in UTF-8, got byte 0xFF at 3"),
    (("good.txt", "--kind", "runes"), "--kind: expected sentencepiece, characters or bytes, got 'runes'"),
    (("good.txt", "--model", "words"), "tokenizer.model: expected"),
    (("good.txt", "--size", "9999"), "size: expected a number of tokens for which these 1 lines are enough, got 9999"),
    (("empty.txt",), "texts: expected texts to learn pieces from, got none"),
])
def test_bad_input_ends_it_with_one_line(aura, tmp_path, words, message):
    (tmp_path / "good.txt").write_text("good text")
    (tmp_path / "bad.txt").write_bytes(b"abc\xffd")
    (tmp_path / "empty.txt").write_bytes(b"")
    status, _, err = aura("tokenizer", *words, "--out", "made")
    assert status == 2
    assert message in err
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "made").exists()


def test_a_command_that_nobody_brings_is_refused(aura):
    status, _, err = aura("tokeniser")
    assert status == 2
    assert "No such command 'tokeniser'" in err
