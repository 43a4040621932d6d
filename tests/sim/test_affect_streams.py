"""The scenarios of text on the first of their real rows: what each learns from, and what it is judged by."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aura import load_brain
from aura.plugins.manager import PluginManager
from aura.sim.build import build_brain
from aura.sim.phases import PhasePlayer
from aura.sim.runfolder import RunFolder
from aura.sim.runner import Run, RunOptions
from aura.sim.scenario import load_scenario

STREAMS = ("posts", "queries", "sentences", "requests")


@pytest.mark.slow
def test_four_streams_teach_one_brain_a_task_each(data_folder, tmp_path):
    few = {"posts": 48, "queries": 24, "sentences": 12, "requests": 15}
    settings = [setting for name, rows in few.items() for setting in (f"{name}.limit={rows}", f"{name}.items=8")]
    settings += [f"{name}.held_out.limit=4" for name in STREAMS[:3]]
    scenario = load_scenario("affect-all", settings)
    run = Run(scenario, RunFolder(tmp_path / "run"), PluginManager(), RunOptions(report=False))
    assert run.start() == "finished"

    found: dict[str, Any] = json.loads((tmp_path / "run/metrics.json").read_text(encoding="utf-8"))
    judged = {name: [found[name]["phases"][phase]["items"] for phase in ("learn", "held-out")]
              for name in ("emotion", "intent", "vad", "politeness")}
    assert judged == {"emotion": [48, 4], "intent": [24, 4], "vad": [12, 4], "politeness": [12, 3]}
    assert not any(any(found[name]["unmatched"].values()) for name in judged)
    record = json.loads((tmp_path / "run/run.json").read_text(encoding="utf-8"))
    assert not [notice for notice in record["notices"] if "labels" in notice["text"] or "waited" in notice["text"]]
    assert {row["name"] for row in found["vad"]["phases"]["learn"]["per_dimension"]} == {
        "valence", "arousal", "dominance"}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "rows"), [
    ("intents", {"queries": (15_000, 3_000), "strangers": (100, 100)}), ("affect", {"sentences": (8_062, 1_000)}),
    ("tone", {"requests": (3_082, 771)}), ("intents-classes", {"queries": (15_000, 3_000)})])
def test_rows_are_all_that_the_sets_have(data_folder, name, rows):
    scenario = load_scenario(name, ["sensory.cache=false"])
    with build_brain(scenario, PluginManager()) as brain:
        player = PhasePlayer(brain, scenario, None)
        streams = player.streams
        assert {name: tuple(len(stream._splits[split][1]) for split in ("learn", "held_out"))
                for name, stream in streams.items()} == rows
        stages = streams.get("queries") and streams["queries"].stages
        assert [len(stage) for stage in stages or ()] == ([10] * 15 if name == "intents-classes" else [])
        if name == "intents-classes":
            assert [phase.name for phase in player.phases][:3] == ["intents-1", "held-out-1", "intents-2"]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "few"), [
    ("tone-plastic", {"requests": 20}), ("intents-plastic", {"queries": 16, "strangers": 2}),
    ("affect-plastic", {"sentences": 16}),
    ("emotions-40-plastic", {"seeds": 13, "posts": 16, "sentences": 8})])
def test_the_encoder_learns_from_every_item_that_is_taught(data_folder, name, few):
    settings = [setting for stream, rows in few.items() for setting in (f"{stream}.limit={rows}", f"{stream}.items=8")]
    settings += [f"{stream}.repeat=1" for stream in few if stream == "seeds"]
    with load_brain(name, *settings) as brain:
        brain.run()
        learned = brain["sensory"].state()["plastic"]["mover"]["items"]
        assert learned == sum(few.values()) - few.get("strangers", 0) - 4 * ("requests" in few)
        assert not [notice for notice in brain.all_notices() if "gradient" in str(notice) and "strangers" not in few]
