"""What an engine exports to ONNX says the same as the engine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import aura
from aura.core.errors import AuraError, ParameterError, StateError

from .test_engine import ROWS, saved

__all__ = ["saved"]

TEXTS = [str(row["text"]) for row in ROWS[:6]] + ["", "\N{GRINNING FACE}", "word " * 3000, "Grüße, 悲しい!"]


@pytest.mark.slow
@pytest.mark.parametrize("precision, cosine, difference, same", [
    ("float32", 0.999999, 1e-5, 1.0), ("half", 0.9999, 2e-3, 1.0), ("int8", 0.95, 0.15, 0.8)])
def test_a_file_says_what_the_engine_says(saved: Path, tmp_path: Path, precision: str, cosine: float,
                                          difference: float, same: float) -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    with aura.EmotionEngine.load(saved) as engine:
        analysis = engine.analyze("I miss my dog.")
        engine.teach(analysis, emotion="sadness")  # so that data taught one, and the blend is not the prototypes alone
        files = engine.export_onnx(tmp_path, precision)  # type: ignore[arg-type]
        assert [file.name for file in files] == ["emotions.onnx", "tokenizer.json"]
        parity = engine.compare_onnx(tmp_path, TEXTS)
        assert parity.least_cosine > cosine
        assert parity.largest_difference < difference
        assert parity.same_emotion >= same
        from aura.affect.onnx_export import run_model

        out = run_model(tmp_path, TEXTS)
        assert not out["embedding"][TEXTS.index("")].any()
        pads = np.array([one.pad for one in engine.analyze_many(TEXTS)])
        assert np.abs(out["pad"] - pads).max() < difference


@pytest.mark.slow
def test_what_cannot_be_exported_is_refused(saved: Path, tmp_path: Path) -> None:
    with aura.EmotionEngine.load(saved) as engine:
        with pytest.raises(ParameterError, match="'half'"):
            engine.export_onnx(tmp_path, "int4")  # type: ignore[arg-type]
        (tmp_path / "taken").write_text("a file")
        with pytest.raises(StateError, match="taken: expected a folder that can be written to"):
            engine.export_onnx(tmp_path / "taken")
        (tmp_path / "taken").unlink()
    brain = aura.Brain(seed=1)
    brain.add(aura.stream(ROWS, items=6, period="10 ms"), "stream")
    brain.add(aura.zone("sensory"), params={"cache": False})
    brain.add(aura.zone("amygdala"))
    brain.connect("stream.text", "sensory.text")
    brain.connect("sensory.embedding", "amygdala.embedding")
    brain.connect("stream.seed", "amygdala.emotion_teacher")
    with brain:
        brain.run()
        brain.save(tmp_path)
    with aura.EmotionEngine.load(tmp_path) as plain, pytest.raises(AuraError, match="one of kind 'labels'"):
        plain.export_onnx(tmp_path / "out")
