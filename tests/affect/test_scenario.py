"""The scenario `emotions-40` on its first real rows, and the engine of its run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import aura
from aura.plugins.manager import PluginManager
from aura.sim.runfolder import RunFolder
from aura.sim.runner import Run, RunOptions
from aura.sim.scenario import load_scenario


@pytest.mark.slow
def test_seeds_comments_and_sentences_teach_one_brain_that_an_engine_is_made_of(data_folder: Path,
                                                                                 tmp_path: Path) -> None:
    few = {"seeds": 130, "posts": 48, "sentences": 16}
    settings = [f"{name}.limit={rows}" for name, rows in few.items()]
    settings += [f"{name}.{key}" for name in ("posts", "sentences") for key in ("held_out.limit=4", "items=8")]
    run = Run(load_scenario("emotions-40", settings), RunFolder(tmp_path / "run"), PluginManager(),
              RunOptions(report=False))
    assert run.start() == "finished"

    found = json.loads((tmp_path / "run/metrics.json").read_text(encoding="utf-8"))
    judged = {name: [found[name]["phases"][phase]["items"] for phase in ("learn", "held-out")]
              for name in ("emotion", "confidence", "pad")}
    assert judged == {"emotion": [48, 4], "confidence": [48, 4], "pad": [16, 4]}
    record = json.loads((tmp_path / "run/run.json").read_text(encoding="utf-8"))
    notices = [notice["text"] for notice in record["notices"]]
    assert any("rest on their prototypes" in text and "flow" in text for text in notices)
    assert not [text for text in notices if "labels" in text or "waited" in text]

    with aura.EmotionEngine.load(tmp_path / "run") as engine:
        analysis = engine.analyze("Eureka, it clicked, now I understand how it works!", user="ada")
        assert analysis.primary == "breakthrough"
        assert analysis.pad is not None
        assert all(0.0 <= part <= 1.0 for part in analysis.pad)
        assert analysis.intervention in engine.interventions
