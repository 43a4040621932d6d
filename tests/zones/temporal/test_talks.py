"""The scenario of the written conversations plays, and what it learns holds for authors who are new."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from aura.sim.cli import main


@pytest.mark.slow
def test_the_scenario_talks_learns_acts_and_manners(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [
        "aura", "run", "talks", "--out", str(tmp_path / "run"), "--set", "talk.repeat=1", "--quiet"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    found = json.loads((tmp_path / "run" / "metrics.json").read_text(encoding="utf-8"))
    held_out = {name: found[name]["phases"]["held-out"]["summary"] for name in ("act", "manner")}
    assert held_out["manner"]["accuracy"] > 0.7  # half of them are of either manner
    assert held_out["act"]["accuracy"] > 0.3  # of eight acts; the commonest is a fifth
    assert found["outcome"]["phases"]["held-out"]["items"] == 21
