from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from aura.core.errors import DataError, SignalError
from aura.zones.sensory.bert import has_bfloat16
from aura.zones.sensory.encoder import TextEncoder, load_text_encoder
from aura.zones.sensory.text import MAX_CHARACTERS
from aura.zones.sensory.weights import find_minilm

WORDS = ("i", "you", "they", "am", "is", "was", "so", "not", "never", "happy", "sad", "angry", "proud", "the", "train",
         "exam", "rain", "2:30", "don't", ":)", "😀", "résumé", "你好", "antidisestablishmentarianism", "!!!", "lol")

VARIED = ["I am so happy today!", "a", "?", "   padded   ", "ÀÉÎ õü Straße", "你好 世界", "😀😀 nice 🎉", "x" * 150,
          "URL https://example.org/a?b=c&d=e#f and <b>tags</b> &amp;", "tabs\tand\nlines\r\nmixed", "[NAME] said hi",
          "[CLS] [SEP] [MASK] in the text", "nul\x00inside", "half \ud83d surrogate", "e\u0301 combining \u200b zero",
          "He said: 'no' — and \"yes\"…", "1,234.56 % of $7", "word " * 300, "long sentence, " * 200]


def sentences(count: int, seed: int = 0) -> list[str]:
    """Made-up sentences of 1 to 40 words, and a few that go beyond the token limit."""
    rng = np.random.default_rng(seed)
    made = [" ".join(rng.choice(WORDS, rng.integers(1, 40))) for _ in range(count)]
    made[::97] = [" ".join(rng.choice(WORDS, rng.integers(150, 400))) for _ in made[::97]]
    return made


def real_texts(count: int) -> list[str]:
    root = os.environ.get("AURA_DATA")
    if not root:
        return []
    with (Path(root) / "goemotions" / "dev.tsv").open(encoding="utf-8") as file:
        return [line.split("\t")[0] for line, _ in zip(file, range(count), strict=False)]


@pytest.fixture(scope="module")
def encoder() -> TextEncoder:
    return load_text_encoder(threads=1)


def test_an_embedding_is_a_unit_vector_of_384_float32(encoder: TextEncoder) -> None:
    out = encoder.encode(sentences(20))
    assert encoder.name == "all-MiniLM-L6-v2"
    assert encoder.dimensions == 384
    assert out.shape == (20, 384)
    assert out.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(out, axis=1), 1, atol=1e-6)


def test_sentences_of_like_meaning_lie_close(encoder: TextEncoder) -> None:
    glad, happy, oil = encoder.encode(["I am glad you came.", "I'm happy that you are here.", "The engine leaks oil."])
    assert glad @ happy > 0.6
    assert glad @ oil < 0.2


@pytest.mark.slow
def test_the_embeddings_are_those_of_sentence_transformers(encoder: TextEncoder) -> None:
    sentence_transformers = pytest.importorskip("sentence_transformers")
    texts = [text.replace("\ud83d", "") for text in VARIED] + sentences(60, seed=1) + real_texts(60)
    peer = sentence_transformers.SentenceTransformer(str(find_minilm()[0]), device="cpu")
    theirs = peer.encode(texts, show_progress_bar=False)
    ours = encoder.encode(texts)
    assert np.min(np.sum(ours * theirs, axis=1)) > 0.999999
    assert np.max(np.abs(ours - theirs)) < 1e-5


@pytest.mark.slow
def test_no_bit_depends_on_what_else_is_in_the_call(encoder: TextEncoder) -> None:
    texts = VARIED + sentences(30, seed=2) + real_texts(30)
    alone = np.concatenate([encoder.encode([text]) for text in texts])
    np.testing.assert_array_equal(encoder.encode(texts), alone)
    rng = np.random.default_rng(3)
    for trial in range(40):
        chosen = rng.integers(0, len(texts), rng.integers(2, 64 if trial % 20 == 0 else 8))
        np.testing.assert_array_equal(encoder.encode([texts[index] for index in chosen]), alone[chosen])


@pytest.mark.slow
def test_no_bit_depends_on_the_number_of_threads(encoder: TextEncoder) -> None:
    texts = VARIED + sentences(30, seed=4)
    alone = np.concatenate([encoder.encode([text]) for text in texts])
    rng = np.random.default_rng(5)
    try:
        double = load_text_encoder(threads=2)
        assert double.identity == encoder.identity
        np.testing.assert_array_equal(double.encode(texts), alone)
        np.testing.assert_array_equal(np.concatenate([double.encode([text]) for text in texts[:20]]), alone[:20])
        for _ in range(10):
            chosen = rng.integers(0, len(texts), rng.integers(2, 8))
            np.testing.assert_array_equal(double.encode([texts[index] for index in chosen]), alone[chosen])
    finally:
        torch.set_num_threads(1)


@pytest.mark.slow
def test_loading_leaves_the_number_of_threads_as_it_was() -> None:
    torch.set_num_threads(1)
    try:
        load_text_encoder()
        assert torch.get_num_threads() == 1
        load_text_encoder(threads=2)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)


@pytest.mark.parametrize("text", ["", "   ", "\n\t\r ", "\x00", "\u200b\u200e", "\ud800", "\ufffd \x00"])
def test_a_text_without_a_word_is_zeros_and_disturbs_no_other(encoder: TextEncoder, text: str) -> None:
    out = encoder.encode(["before", text, "after"])
    assert not out[1].any()
    np.testing.assert_array_equal(out[[0, 2]], encoder.encode(["before", "after"]))


def test_no_texts_give_no_rows(encoder: TextEncoder) -> None:
    assert encoder.encode([]).shape == (0, 384)


def test_nul_and_lone_surrogates_are_as_if_they_were_not_there(encoder: TextEncoder) -> None:
    out = encoder.encode(["so happy", "so\x00 hap\ud800py", "so sad"])
    np.testing.assert_array_equal(out[0], out[1])
    assert not np.array_equal(out[0], out[2])


def test_what_is_no_text_is_refused(encoder: TextEncoder) -> None:
    with pytest.raises(SignalError, match="item 1: expected a text"):
        encoder.encode(["fine", 1.5])  # type: ignore[list-item]


@pytest.mark.slow
def test_a_text_of_ten_megabytes_is_cut_before_it_is_tokenised(encoder: TextEncoder) -> None:
    text = "nothing ever happens here, and so on; " * 270_000
    expected = encoder.encode([text[:4000]])
    start = time.process_time()
    found = encoder.encode([text])
    assert time.process_time() - start < 1
    np.testing.assert_array_equal(found, expected)  # the first 256 tokens lie in the first 4,000 characters


@pytest.mark.slow
def test_words_of_any_length_within_the_cut_count_as_they_do_uncut(encoder: TextEncoder) -> None:
    text = " ".join(["y" * 60] * 200) + " and the end of it " * 50  # its 256 tokens lie in the first 13,000 characters
    assert len(text) < MAX_CHARACTERS
    np.testing.assert_array_equal(encoder.encode([text + "z " * MAX_CHARACTERS]), encoder.encode([text]))


@pytest.mark.slow
def test_only_what_changes_the_bits_changes_the_identity(encoder: TextEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = str(find_minilm()[0])
    named = load_text_encoder(folder, threads=1)
    assert named.identity == encoder.identity
    np.testing.assert_array_equal(named.encode(["hello"]), encoder.encode(["hello"]))
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "ANOTHER")
    assert load_text_encoder(folder, threads=1).identity != encoder.identity


@pytest.mark.slow
@pytest.mark.parametrize("onednn", [True, False])
def test_without_the_kernels_the_embeddings_are_the_same_but_for_rounding_and_as_invariant(
        encoder: TextEncoder, monkeypatch: pytest.MonkeyPatch, onednn: bool) -> None:
    monkeypatch.setattr("aura.zones.sensory.minilm.runs_here", lambda: False)
    for module in ("bert", "minilm"):
        monkeypatch.setattr(f"aura.zones.sensory.{module}.has_onednn", lambda: onednn)
    plain = load_text_encoder(threads=1)
    assert plain.identity != encoder.identity
    texts = VARIED + sentences(12, seed=5)
    together = plain.encode(texts)
    np.testing.assert_allclose(together, encoder.encode(texts), atol=1e-5)
    np.testing.assert_array_equal(together, np.concatenate([plain.encode([text]) for text in texts]))


@pytest.mark.slow
def test_bfloat16_is_refused_or_close(encoder: TextEncoder) -> None:
    if not has_bfloat16():
        with pytest.raises(DataError, match="expected 'float32' on this processor"):
            load_text_encoder(precision="bfloat16")
        return
    half = load_text_encoder(precision="bfloat16", threads=1)
    texts = VARIED + sentences(100)
    assert half.identity != encoder.identity
    assert np.min(np.sum(half.encode(texts) * encoder.encode(texts), axis=1)) > 0.999
