"""An engine that is loaded goes on in time, and reads with what the files named bring."""

from __future__ import annotations

from pathlib import Path

import pytest

import aura
from aura.core.errors import AuraError, ParameterError

from .test_engine import engine, saved

__all__ = ["engine", "saved"]

pytestmark = pytest.mark.slow


def test_what_a_loaded_engine_saves_is_newer_than_what_it_was_loaded_from(engine: aura.EmotionEngine,
                                                                          tmp_path: Path) -> None:
    for _ in range(4):
        engine.analyze("I won the race!", user="ada")
    engine.save(tmp_path)
    for user in ("bob", "cem"):
        with aura.EmotionEngine.load(tmp_path) as again:
            again.analyze("I cried all night.", user=user)
            again.save(tmp_path)
    with aura.EmotionEngine.load(tmp_path) as last:
        assert last.users == (3, 0)


LEARNER = """
from typing import Literal
import numpy as np
from aura import hookimpl
from aura.zones.amygdala.learners.learner import Learned, Learner, LearnerKind, LearnerOptions

class Options(LearnerOptions):
    kind: Literal["nothing"] = "nothing"

class Nothing(Learner):
    lasting = ("outputs",)

    def __init__(self, options, heads, features, rng):
        super().__init__(options, heads, features, rng)
        self.outputs = {head.name: head.outputs for head in heads}

    def scores(self, rows):
        return {name: np.zeros((len(rows), count)) for name, count in self.outputs.items()}

    def learn(self, block, rate, *, want_gradient=False):
        return Learned({name: np.zeros(targets.shape) for name, (_, targets) in block.lessons.items()},
                       dict.fromkeys(block.lessons, 0.0))

    def grow(self, head, count, seen):
        self.outputs[head] += count

@hookimpl
def aura_learners():
    return [LearnerKind("nothing", "Learns nothing.", Options, Nothing)]
"""


def test_a_run_with_a_learner_of_a_file_is_loaded_with_that_file(tmp_path: Path) -> None:
    (tmp_path / "nothing.py").write_text(LEARNER, encoding="utf-8")
    (tmp_path / "own.toml").write_text("""extends = "feelings"
name = "own"
plugins = ["nothing.py"]
zones.amygdala.params.learner.kind = "nothing"
streams.diary.limit = 4
""", encoding="utf-8")
    with aura.load_brain(tmp_path / "own.toml") as brain:
        brain.run()
        brain.save(tmp_path / "saved")
    with pytest.raises(AuraError, match="`plugins`"):
        aura.EmotionEngine.load(tmp_path / "saved")
    with aura.EmotionEngine.load(tmp_path / "saved", plugins=[tmp_path / "nothing.py"]) as engine:
        assert engine.analyze("I won the race!").primary in engine.emotions


def test_no_exported_model_and_no_texts_are_refused(engine: aura.EmotionEngine, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"emotions\.onnx: expected a file, as `export_onnx` writes it"):
        engine.compare_onnx(tmp_path, ["I won the race!"])
    with pytest.raises(ParameterError, match="one text or more"):
        engine.compare_onnx(tmp_path, [])
