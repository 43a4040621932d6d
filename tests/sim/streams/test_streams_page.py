"""What docs/streams.md shows is what there is."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path

import numpy as np
import pytest

from aura.plugins.manager import PluginManager
from aura.sim.build import _open_stream
from aura.sim.scenario import read_scenario
from aura.sim.sources import Sources

PAGE = (Path(__file__).parents[3] / "docs" / "streams.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)

CLICKS = "text,when\na,1700000000.0\nb,1700000000.1\n"


@pytest.mark.slow
@pytest.mark.parametrize("block", BLOCKS, ids=[re.findall(r"streams\.(\w+)\]", block)[0] for block in BLOCKS])
def test_every_stream_shown_opens(block, tmp_path):
    if "data:" in block and not os.environ.get("AURA_DATA"):
        pytest.skip("AURA_DATA is not set")
    (tmp_path / "clicks.csv").write_text(CLICKS)
    (tmp_path / "feelings.tsv").write_text("text\tlabels\n" + "good\tjoy\nbad\tanger\n" * 5)
    np.savez(tmp_path / "kmnist-train-imgs.npz", np.zeros((2, 28, 28), dtype=np.uint8))
    np.savez(tmp_path / "kmnist-train-labels.npz", np.arange(2, dtype=np.uint8))
    scenario = read_scenario({"aura": 1, "name": "x", "base": str(tmp_path), **tomllib.loads(block)})
    for name, model in scenario.streams.items():
        kind = _open_stream(name, PluginManager().stream(model.kind), model, scenario, None, True,
                            Sources(scenario.folder))
        assert len(kind.reader) > 1
