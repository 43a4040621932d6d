from __future__ import annotations

import json
import os
import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from aura.core.errors import DataError
from aura.zones.sensory.encoder import load_text_encoder
from aura.zones.sensory.weights import find_minilm

# Looked for and not imported, which takes seconds of every collection.
pytestmark = [pytest.mark.slow, pytest.mark.skipif(find_spec("sentence_transformers") is None, reason="not installed")]


def test_a_folder_of_another_kind_runs_through_the_package_with_the_same_guarantees(tmp_path: Path) -> None:
    source, _ = find_minilm()
    folder = tmp_path / "first-token"  # the same weights, but the first token for the mean: not for the lean encoder
    shutil.copytree(source, folder, copy_function=os.symlink)
    (folder / "1_Pooling" / "config.json").unlink()
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(
        {"word_embedding_dimension": 384, "pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}))
    encoder = load_text_encoder(str(folder), threads=1)
    texts = ["a longer sentence with several words in it", "", "short", " \ud800 ", "nul\x00"]
    out = encoder.encode(texts)
    assert type(encoder).__name__ == "PackagedEncoder"
    assert (out.shape, out.dtype, encoder.dimensions) == ((5, 384), np.float32, 384)
    assert not out[[1, 3]].any()
    np.testing.assert_array_equal(out[2:3], encoder.encode(["short"]))
    np.testing.assert_allclose(np.linalg.norm(out[[0, 2, 4]], axis=1), 1, atol=1e-6)
    lean = load_text_encoder(threads=1)
    assert lean.identity != encoder.identity
    assert lean.encode(texts)[2] @ out[2] < 0.999


def test_a_model_that_is_nowhere_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("no such repository")

    monkeypatch.setattr("sentence_transformers.SentenceTransformer", fail)
    with pytest.raises(DataError, match="'no-such-model-here': expected a sentence-transformers folder"):
        load_text_encoder("no-such-model-here")


def test_the_package_runs_in_float32_only() -> None:
    with pytest.raises(DataError, match="outside the lean encoder"):
        load_text_encoder("some/other-model", precision="bfloat16")


@pytest.mark.parametrize(("module", "settings"), [
    ({"idx": 0, "name": "0", "path": "", "type": "evil.Module"}, {}),
    ({"idx": 0, "name": "0", "path": "2_Dense", "type": "sentence_transformers.models.Dense"},
     {"activation_function": "evil.Module"})])
def test_a_models_folder_that_names_code_is_refused(tmp_path: Path, module: dict[str, object],
                                                    settings: dict[str, object]) -> None:
    (tmp_path / "modules.json").write_text(json.dumps([module]), encoding="utf-8")
    (tmp_path / "2_Dense").mkdir()
    (tmp_path / "2_Dense/config.json").write_text(json.dumps(settings), encoding="utf-8")
    with pytest.raises(DataError, match=r"expected modules of .*, got 'evil\.Module'"):
        load_text_encoder(str(tmp_path))
