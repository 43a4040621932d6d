"""The text encoder on onnxruntime: as near as it should be to the lean one, and each text's bits its own."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from aura.core.errors import DataError, SignalError
from aura.zones.sensory.encoder import load_text_encoder
from aura.zones.sensory.params import SensoryParams

TEXTS = ["i am glad.", "", "no", "it rained all day, and we did not mind.", "so sad", "who? me!", "we were there",
         "nothing happens", "a" * 1_000, "word " * 300, "  ", "we were here.", "no!", "on"]


@pytest.fixture
def _needs_onnxruntime() -> None:
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed: pip install 'aura-brain[onnx]'")
    pytest.importorskip("onnx", reason="onnx is not installed: pip install 'aura-brain[onnx]'")


@pytest.fixture
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AURA_CACHE", str(tmp_path))
    return tmp_path / "onnx"


@pytest.mark.usefixtures("_needs_onnxruntime", "cache_folder")
def test_the_embeddings_are_those_of_the_lean_encoder_but_for_rounding(tiny_bert: Path) -> None:
    lean = load_text_encoder(str(tiny_bert), threads=1)
    onnx = load_text_encoder(str(tiny_bert), threads=1, encoder="onnx")
    assert onnx.identity != lean.identity
    assert onnx.dimensions == lean.dimensions
    np.testing.assert_allclose(onnx.encode(TEXTS), lean.encode(TEXTS), atol=2e-6)
    assert onnx.encode([]).shape == (0, 16)
    assert not onnx.encode(["", "glad"])[0].any()
    with pytest.raises(SignalError, match="item 1: expected a text"):
        onnx.encode(["fine", 1.5])  # type: ignore[list-item]


@pytest.mark.usefixtures("_needs_onnxruntime", "cache_folder")
@pytest.mark.parametrize("precision", ["float32", pytest.param("int8", marks=pytest.mark.slow)])
def test_no_bit_depends_on_what_else_is_in_the_call_nor_on_threads(tiny_bert: Path, precision: str) -> None:
    _stays_its_own(str(tiny_bert), precision, TEXTS, 20)


@pytest.mark.slow
@pytest.mark.usefixtures("_needs_onnxruntime", "cache_folder")
def test_no_bit_of_minilm_depends_on_what_else_is_in_the_call_nor_on_threads() -> None:
    words = ("i", "you", "am", "so", "not", "happy", "sad", "the", "train", "rain", "don't", "😀", "résumé", "lol")
    rng = np.random.default_rng(1)
    texts = [" ".join(rng.choice(words, length)) for length in (1, 3, 3, 3, 4, 7, 7, 12, 12, 23)]
    _stays_its_own("all-MiniLM-L6-v2", "float32", texts, 3)
    lean, onnx = (load_text_encoder(threads=1, encoder=encoder).encode(texts) for encoder in ("torch", "onnx"))
    np.testing.assert_allclose(onnx, lean, atol=2e-6)


@pytest.mark.slow
@pytest.mark.usefixtures("_needs_onnxruntime", "cache_folder")
def test_in_eight_bits_the_embeddings_are_near(tiny_bert: Path) -> None:
    lean = load_text_encoder(str(tiny_bert), threads=1).encode(TEXTS)
    small = load_text_encoder(str(tiny_bert), threads=1, encoder="onnx", precision="int8")
    assert small.identity != load_text_encoder(str(tiny_bert), threads=1, encoder="onnx").identity
    embeddings = small.encode(TEXTS)
    cosines = (embeddings * lean).sum(axis=1)[lean.any(axis=1)]
    assert 0.97 < cosines.min() < 0.99999


def _stays_its_own(model: str, precision: str, texts: list[str], trials: int) -> None:
    one, two = (load_text_encoder(model, threads=threads, encoder="onnx", precision=precision) for threads in (1, 2))
    assert one.identity == two.identity
    alone = np.concatenate([one.encode([text]) for text in texts])
    np.testing.assert_array_equal(one.encode(texts), alone)
    np.testing.assert_array_equal(two.encode(texts), alone)
    rng = np.random.default_rng(2)
    for _ in range(trials):
        chosen = rng.integers(0, len(texts), rng.integers(2, 40))
        np.testing.assert_array_equal(two.encode([texts[index] for index in chosen]), alone[chosen])


@pytest.mark.usefixtures("_needs_onnxruntime")
def test_a_graph_is_built_once_and_anew_where_it_is_damaged(tiny_bert: Path, cache_folder: Path) -> None:
    first = load_text_encoder(str(tiny_bert), encoder="onnx").encode(["glad"])
    graph, = cache_folder.iterdir()
    written = graph.stat().st_mtime_ns
    load_text_encoder(str(tiny_bert), encoder="onnx")
    assert graph.stat().st_mtime_ns == written
    graph.write_bytes(graph.read_bytes()[:500])
    np.testing.assert_array_equal(load_text_encoder(str(tiny_bert), encoder="onnx").encode(["glad"]), first)
    assert [path.name for path in cache_folder.iterdir()] == [graph.name]


def test_without_onnxruntime_it_is_said_what_to_install(tiny_bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    monkeypatch.delitem(sys.modules, "aura.zones.sensory.onnx_encoder", raising=False)
    with pytest.raises(DataError, match=r"sensory\.encoder 'onnx': expected the packages.*aura-brain\[onnx"):
        load_text_encoder(str(tiny_bert), encoder="onnx")


@pytest.mark.parametrize("settings", [{"encoder": "tensorflow"}, {"precision": "int8"},
                                      {"encoder": "onnx", "precision": "bfloat16"},
                                      {"encoder": "onnx", "model": "some/other-model"}])
def test_what_an_encoder_cannot_do_is_refused(settings: dict[str, str]) -> None:
    with pytest.raises(DataError, match=r"sensory\.(encoder|precision): expected"):
        load_text_encoder(**settings)  # type: ignore[arg-type]


@pytest.mark.parametrize(("settings", "message"), [
    ({"precision": "int8"}, "another precision than 'int8', as encoder is 'torch'"),
    ({"encoder": "onnx", "precision": "bfloat16"}, "another precision than 'bfloat16', as encoder is 'onnx'"),
    ({"encoder": "onnx", "plasticity": "full"}, "encoder 'torch', as plasticity is 'full'")])
def test_parameters_that_do_not_go_together_are_refused(settings: dict[str, str], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        SensoryParams(**settings)  # type: ignore[arg-type]
