"""Phases that are played once for each stage of a curriculum: said once, and listed in the run's folder."""

from __future__ import annotations

import pytest

from aura.core.errors import ScenarioError
from aura.plugins.manager import PluginManager
from aura.sim.build import build_brain
from aura.sim.phases import as_played
from aura.sim.runfolder import RunFolder
from aura.sim.scenario import load_scenario, read_scenario
from aura.sim.stream_model import StreamModel

CURRICULUM = """
[streams.diary.curriculum]
field = "label"
groups = [["red", "green"], ["blue"], ["grey"]]
"""
EACH = """
[[phases]]
name = "first"
split = "held_out"
learn = false
[[phases]]
name = "colours-{classes}"
stage = "each"
[[phases]]
name = "held-out-{number}"
after = "each stage"
split = "held_out"
learn = false
[[phases]]
name = "last"
split = "held_out"
learn = false
"""
LISTED = ["first", "colours-red-green", "held-out-1", "colours-blue", "held-out-2", "colours-grey", "held-out-3",
          "last"]


def test_each_stage_is_played_with_what_comes_after_it(sim):
    sim.make("run", source=sim.scenario(sim.text + CURRICULUM + EACH)).start()
    assert [phase["name"] for phase in sim.read("run")["phases"]] == LISTED
    kept = RunFolder(sim.folder / "run").scenario()
    assert [phase.name for phase in kept.phases] == LISTED
    assert [phase.stage for phase in kept.phases] == [None, 0, None, 1, None, 2, None, None]
    assert all(phase.after is None for phase in kept.phases)


def test_it_is_the_run_of_a_scenario_that_lists_them(sim):
    listed = "".join(f'[[phases]]\nname = "{name}"\n' + (
        f"stage = {LISTED.index(name) // 2}\n" if name.startswith("colours") else 'split = "held_out"\nlearn = false\n')
        for name in LISTED)
    for out, phases in (("one", EACH), ("two", listed)):
        sim.make(out, source=sim.scenario(sim.text + CURRICULUM + phases)).start()
    assert sim.difference("one", "two") is None
    assert sim.read("one", "metrics.json") == sim.read("two", "metrics.json")


@pytest.mark.slow
def test_such_a_run_is_stopped_resumed_and_branched_as_any_other(sim, aura, monkeypatch):
    monkeypatch.setattr("aura.plugins.report.write_report", lambda folder: folder / "report.html")
    sim.scenario(sim.text + CURRICULUM + EACH)
    assert aura("run", "small.toml", "--quiet", "--out", "whole").status == 0
    assert aura("run", "small.toml", "--quiet", "--out", "run", "--until", "600 ms").status == 0
    assert aura("branch", "run", "--quiet", "--out", "other", "--set", "shout.learn=false").status == 0
    assert aura("resume", "run", "--quiet").status == 0
    assert sim.difference("whole", "run") is None
    assert [phase["name"] for phase in sim.read("other")["phases"]] == LISTED


def test_classes_that_make_up_the_stages_by_themselves_are_played_each(sim):
    scenario = load_scenario(sim.scenario(sim.text + CURRICULUM.replace("groups =", "# groups =") + EACH))
    with build_brain(scenario, PluginManager((), [sim.zones])) as brain:
        names = [phase.name for phase in as_played(scenario, brain).phases if phase.stage is not None]
    assert sorted(names) == ["colours-blue", "colours-green", "colours-grey", "colours-red"]


def test_without_a_curriculum_there_are_no_stages(sim):
    run = sim.make("run", source=sim.scenario(sim.text + EACH))
    with pytest.raises(ScenarioError, match="phases: expected a stream with a curriculum, whose stages are played"):
        run.start()
    assert not (sim.folder / "run").exists()


def test_a_scenario_without_such_phases_is_left_as_it_is(sim):
    scenario = load_scenario(sim.file)
    with build_brain(scenario, PluginManager((), [sim.zones])) as brain:
        assert as_played(scenario, brain) is scenario


def test_names_that_come_out_alike_are_refused(sim):
    text = EACH.replace('"last"', '"held-out-2"')
    scenario = load_scenario(sim.scenario(sim.text + CURRICULUM + text))
    with build_brain(scenario, PluginManager((), [sim.zones])) as brain, \
            pytest.raises(ScenarioError, match="phases: expected names that differ"):
        as_played(scenario, brain)


@pytest.mark.parametrize(("phase", "message"), {
    "a name that would come again": ({"name": "a", "stage": "each"}, r"expected a name with '\{number\}' or"),
    "of held-out rows": ({"name": "{number}", "stage": "each", "split": "held_out"}, "no stage where held-out rows"),
    "of a stage, after each": ({"name": "{number}", "stage": 1, "after": "each stage"}, "no stage of its own"),
    "after nothing": ({"name": "{number}", "after": "each stage"}, r"phases\.1\.after: expected a phase with stage ="),
    "another word": ({"name": "a", "stage": "every"}, r"phases\.1\.stage: expected a stage from 0 on, or 'each'"),
    "a negative stage": ({"name": "a", "stage": -1}, r"phases\.1\.stage: expected a stage from 0 on, .*got -1"),
    "no number": ({"name": "a", "stage": True}, r"phases\.1\.stage: expected a stage from 0 on, or 'each', got True"),
    "after another thing": ({"name": "a", "after": "all"}, r"phases\.1\.after: expected 'each stage'"),
}.values())
def test_a_phase_that_means_nothing_is_refused(phase, message):
    with pytest.raises(ScenarioError, match=message):
        read_scenario({"aura": 1, "name": "a", "phases": [{"name": "plain"}, phase]})


def test_the_embedded_scenario_of_classes_plays_what_it_always_did():
    scenario = load_scenario("mnist-classes")
    assert scenario.streams["digits"].model_dump(exclude={"curriculum"}) \
        == load_scenario("mnist").streams["digits"].model_dump(exclude={"curriculum"})
    assert isinstance(scenario.streams["digits"], StreamModel)
    assert [(phase.name, phase.stage, phase.after) for phase in scenario.phases] \
        == [("classes-{classes}", "each", None), ("held-out-{number}", None, "each stage")]
