"""The scenario `goemotions` on the first of its real rows."""

from __future__ import annotations

import json

import pytest

from aura.plugins.manager import PluginManager
from aura.sim.runfolder import RunFolder
from aura.sim.runner import Run, RunOptions
from aura.sim.scenario import load_scenario

ROWS = 1_500
SHARE_OF_NEUTRAL = 0.30
"""About the share of the most frequent label: what a guess that ignores the text gets right."""


@pytest.mark.slow
def test_the_first_real_rows_are_learned_in_one_pass(data_folder, tmp_path):
    settings = [f"posts.limit={ROWS}", 'phases=[{name = "learn"}]', 'metrics.baselines.models=["ridge"]']
    scenario = load_scenario("goemotions", settings)
    run = Run(scenario, RunFolder(tmp_path / "run"), PluginManager(), RunOptions(report=True))
    assert run.start() == "finished"

    found = json.loads((tmp_path / "run/metrics.json").read_text(encoding="utf-8"))["emotion"]["phases"]["learn"]
    assert found["items"] == ROWS
    # Predicted before they were told, from the first row on; measured at these rows: 0.391 and 0.176.
    assert found["summary"]["top1"] > SHARE_OF_NEUTRAL + 0.06
    assert found["summary"]["macro_f1"] > 0.15
    assert (tmp_path / "run/report.html").stat().st_size > 50_000


@pytest.mark.slow
def test_three_amygdalas_learn_from_their_features_side_by_side(data_folder, tmp_path):
    settings = ["posts.limit=64", 'phases=[{name = "learn"}]']
    run = Run(load_scenario("goemotions-features", settings), RunFolder(tmp_path / "run"), PluginManager(),
              RunOptions(report=False))
    assert run.start() == "finished"

    results = json.loads((tmp_path / "run/metrics.json").read_text(encoding="utf-8"))
    assert {name: results[name]["phases"]["learn"]["items"] for name in results} == {
        "emotion": 64, "emotion_extras": 64, "emotion_affect": 64}
    assert not json.loads((tmp_path / "run/run.json").read_text(encoding="utf-8"))["notices"]  # no text came too late


@pytest.mark.slow
def test_a_mixture_shows_in_its_report_which_words_it_attends_to(data_folder, tmp_path):
    settings = ["posts.limit=256", 'phases=[{name = "learn"}]']
    run = Run(load_scenario("goemotions-mixture", settings), RunFolder(tmp_path / "run"), PluginManager(),
              RunOptions(report=True))
    assert run.start() == "finished"

    results = json.loads((tmp_path / "run/metrics.json").read_text(encoding="utf-8"))
    assert results["emotion"]["phases"]["learn"]["items"] == 256
    words = results["words"]["phases"]["learn"]
    assert words["items"] > 250  # of nearly every comment; a few have no word
    assert sum(weight for _, weight in words["examples"][-1]) == pytest.approx(1.0, abs=1e-4)
    page = (tmp_path / "run/report.html").read_text(encoding="utf-8")
    assert "What words weigh on average" in page
    assert words["examples"][-1][0][0] in page
