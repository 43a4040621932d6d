"""Tokenizers: which give every text back, what symbols are, and what is refused."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aura.core.errors import ParameterError, StateError
from aura.zones.language.tokenizers.cleaning import Cleaning
from aura.zones.language.tokenizers.files import load_tokenizer, save_tokenizer
from aura.zones.language.tokenizers.plain import ASCII, ByteTokenizer, CharacterTokenizer, characters_of
from aura.zones.language.tokenizers.sentence_pieces import PieceOptions, PieceTokenizer, trained
from aura.zones.language.tokenizers.tokenizer import SYMBOLS, require_size

LINES = [f"the {colour} {animal} sees a {animal},\n\n  and sings" for colour in ("red", "green", "blue")
         for animal in ("cat", "dog", "bird")]
UNIGRAM = trained(LINES, PieceOptions(size=280))
BPE = trained(LINES, PieceOptions(size=280, model="bpe"))
LOSSY = trained(LINES, PieceOptions(size=30, byte_fallback=False))
EXACT = {"bytes": ByteTokenizer(), "unigram": UNIGRAM, "bpe": BPE}
ALL = {**EXACT, "characters": CharacterTokenizer(), "lossy": LOSSY}
TEXTS = st.text() | st.lists(st.sampled_from([
    "the", " ", "  ", "\n", "\t", "<SEP>", "<INST", ">", "\u2581", "\x00", "\r\n", "\u00e9", "e\u0301", "\U0001f600",
    "<0x41>", "cat", "<unk>"])).map("".join)


@pytest.mark.slow
@pytest.mark.parametrize("name", EXACT)
@settings(max_examples=60, deadline=None)
@given(text=TEXTS)
@example(text="\u2581 <SEP><<SEP>>\u2581\u2581")
def test_every_text_comes_back_and_none_spells_a_symbol(name, text):
    tokenizer = EXACT[name]
    tokens = tokenizer.encode(text)
    assert tokenizer.exact
    assert tokenizer.decode(tokens) == text
    assert not set(tokens.tolist()) & set(tokenizer.symbols.values())
    assert tokenizer.byte_lengths()[tokens].sum() == len(text.encode())


@settings(max_examples=40, deadline=None)
@given(text=st.text(alphabet=ASCII))
def test_a_text_of_the_alphabet_comes_back(text):
    assert ALL["characters"].decode(ALL["characters"].encode(text)) == text


@pytest.mark.parametrize("name", ["characters", "lossy"])
def test_what_is_unknown_is_marked_and_the_rest_comes_back(name):
    tokenizer = ALL[name]
    tokens = tokenizer.encode("the \u2603 cat")
    assert not tokenizer.exact
    assert tokenizer.unknown in tokens
    assert tokenizer.decode(tokens) == "the \ufffd cat"


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(text=TEXTS, control=st.booleans(), spaces=st.booleans(), ascii_only=st.booleans())
def test_what_is_clean_stays_so_and_comes_back_cleaned(text, control, spaces, ascii_only):
    cleaning = Cleaning(control=control, spaces=spaces, ascii_only=ascii_only)
    clean = cleaning.clean(text)
    assert cleaning.clean(clean) == clean
    tokenizer = ByteTokenizer(cleaning=cleaning)
    assert tokenizer.decode(tokenizer.encode(text)) == clean
    if not (control or spaces or ascii_only):
        assert clean == text
    if ascii_only:
        assert clean.isascii()
    if spaces:
        assert not re.search(r"[ \t]{2}|[ \t]\n", clean)


@pytest.mark.parametrize("name", EXACT)
def test_a_few_texts_come_back(name):
    for text in ("", "the red cat\n\n  sings", "caf\u00e9 \u2603 <SEP>\u2581\x00\r\n"):
        assert EXACT[name].decode(EXACT[name].encode(text)) == text


def test_control_characters_go_and_ends_of_lines_become_line_feeds():
    assert Cleaning(control=True).clean("a\x00b\u200bc\r\nd\re\tf") == "abc\nd\ne\tf"


def test_half_a_surrogate_pair_is_read_as_the_replacement_character():
    for tokenizer in EXACT.values():
        assert tokenizer.decode(tokenizer.encode("a\ud800b")) == "a\ufffdb"


def test_bytes_that_are_no_text_are_decoded_to_replacement_characters():
    assert ByteTokenizer().decode([255, 65, 195]) == "\ufffdA\ufffd"


@pytest.mark.parametrize("name", ALL)
def test_symbols_are_tokens_of_their_own_that_are_told_by_name(name):
    tokenizer = ALL[name]
    assert tuple(tokenizer.symbols) == SYMBOLS
    assert tokenizer.separator == tokenizer.symbols["<SEP>"]
    assert tokenizer.decode([tokenizer.separator, *tokenizer.encode("cat")]) == "<SEP>cat"
    assert len(tokenizer.pieces()) == tokenizer.size
    assert tokenizer.pieces()[tokenizer.separator] == "<SEP>"
    assert tokenizer.byte_lengths()[tokenizer.separator] == 0


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("wrong", [-1, 10**6])
def test_a_token_that_there_is_not_is_refused_by_its_number(name, wrong):
    with pytest.raises(ParameterError, match=f"expected tokens from 0 to {ALL[name].size - 1}, got {wrong}"):
        ALL[name].decode([0, wrong])


def test_a_tokenizer_of_another_size_than_the_model_is_refused_by_name():
    require_size(UNIGRAM, 280, "zones.language.tokenizer")
    with pytest.raises(ParameterError, match=r"zones\.language\.tokenizer: expected a tokenizer of 300 tokens, as the "
                                             r"model has, got one of bytes with 260"):
        require_size(ByteTokenizer(), 300, "zones.language.tokenizer")


def test_symbols_of_one_name_and_an_empty_alphabet_are_refused():
    with pytest.raises(ParameterError, match="symbols: expected names that differ"):
        ByteTokenizer(("<A>", "<A>"))
    with pytest.raises(ParameterError, match="characters: expected at least one"):
        CharacterTokenizer("")


# --- training -----------------------------------------------------------------------------------------------------


def test_the_same_texts_give_the_same_model_and_a_generator_is_enough():
    again = trained((line for line in LINES), PieceOptions(size=280))
    assert again.model == UNIGRAM.model
    assert again.fingerprint == UNIGRAM.fingerprint
    assert len({one.fingerprint for one in ALL.values()}) == len(ALL)


def test_lines_drawn_by_chance_follow_from_the_seed():
    lines = [f"{chr(97 + number % 26) * 3} {chr(97 + number // 26) * 3}\n" for number in range(500)]
    options = [PieceOptions(size=290, model="bpe", hard_limit=False, sentences=20, seed=seed) for seed in (1, 1, 2)]
    models = [trained(lines, one).model for one in options]
    assert models[0] == models[1] != models[2]


def test_a_hard_limit_refuses_texts_that_give_fewer_pieces_and_a_soft_one_takes_what_there_is():
    with pytest.raises(ParameterError, match=r"size: expected a number of tokens for which these 1 lines are enough, "
                                             r"got 5000\..*too high"):
        trained(["abc"], PieceOptions(size=5000))
    assert trained(["abc abd"], PieceOptions(size=5000, hard_limit=False)).size < 300


def test_texts_that_are_empty_are_refused_and_what_they_raise_is_told():
    with pytest.raises(ParameterError, match="texts: expected texts to learn pieces from, got none"):
        trained([], PieceOptions(size=300))

    def broken():
        yield "one line\n"
        raise ParameterError("line 2", expected="a text", got="none")

    with pytest.raises(ParameterError, match="line 2: expected a text"):
        trained(broken(), PieceOptions(size=300))


def test_a_line_beyond_the_longest_is_cut_and_learned_from():
    longer = trained(["xyzzy " * 2000], PieceOptions(size=275, longest_sentence=100, hard_limit=False))
    assert any("xyz" in piece for piece in longer.pieces())


def test_a_model_of_others_that_normalises_says_that_texts_do_not_come_back(tmp_path):
    import io

    import sentencepiece

    out = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(LINES), model_writer=out, vocab_size=28,
                                             minloglevel=3)
    (tmp_path / "theirs.model").write_bytes(out.getvalue())
    theirs = load_tokenizer(tmp_path / "theirs.model")
    assert not theirs.exact
    assert theirs.separator is None
    assert theirs.decode(theirs.encode("the  red cat")) == "the red cat"


@pytest.mark.slow
def test_a_long_text_is_encoded_in_parts_and_comes_back():
    text = "the red cat sees a dog,\n" * 10_000 + "x" * 200_000
    assert UNIGRAM.decode(UNIGRAM.encode(text)) == text


# --- files --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
def test_a_folder_gives_the_same_tokenizer(tmp_path, name):
    save_tokenizer(ALL[name], tmp_path / "new" / "one")
    loaded = load_tokenizer(tmp_path / "new" / "one")
    assert loaded.fingerprint == ALL[name].fingerprint
    text = "the red\ncat \u00e9"
    assert np.array_equal(loaded.encode(text), ALL[name].encode(text))


def test_names_need_no_file():
    assert load_tokenizer("bytes").size == 260
    assert load_tokenizer("ascii").size == 101


def test_what_is_no_tokenizer_is_named_with_what_makes_one(tmp_path):
    with pytest.raises(StateError, match=r"tokenizer\.json: expected the file of a tokenizer, got no such file\. "
                                         r"`aura tokenizer TEXTS --out DIR` makes one"):
        load_tokenizer(tmp_path)
    (tmp_path / "tokenizer.json").write_text('{"kind": "runes"}')
    with pytest.raises(StateError, match="expected the file of a tokenizer, got kind"):
        load_tokenizer(tmp_path)
    (tmp_path / "a.model").write_bytes(b"nonsense")
    with pytest.raises(StateError, match=r"a\.model: expected a model of SentencePiece"):
        load_tokenizer(tmp_path / "a.model")


def test_a_changed_file_is_refused(tmp_path):
    save_tokenizer(UNIGRAM, tmp_path)
    (tmp_path / "tokenizer.model").write_bytes(BPE.model)
    with pytest.raises(StateError, match=r"expected the tokenizer that was written, \w+, got another"):
        load_tokenizer(tmp_path)
    (tmp_path / "tokenizer.model").write_bytes(b"")
    with pytest.raises(StateError, match="got an empty file"):
        load_tokenizer(tmp_path)


def test_a_model_without_a_symbol_is_refused():
    with pytest.raises(StateError, match="expected a model with the symbol '<ME>', got one without it"):
        PieceTokenizer(UNIGRAM.model, ("<ME>",))


def test_the_alphabet_of_texts_is_in_the_order_of_unicode():
    assert characters_of(["ba", "c\n"]) == "\nabc"
