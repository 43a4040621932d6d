"""A scenario that extends another: what is merged, what is left out, where paths lead, and what is refused."""

from __future__ import annotations

import shutil
import tomllib

import pytest

from aura.core.errors import ScenarioError
from aura.plugins.manager import PluginManager
from aura.sim.base import find_base
from aura.sim.build import build_brain
from aura.sim.extending import embedded_scenarios
from aura.sim.journal import NoInput
from aura.sim.runfolder import RunFolder
from aura.sim.runner import Run, RunOptions
from aura.sim.scenario import load_scenario, read_scenario
from aura.sim.sources import Sources

BASE = """
aura = 1
name = "base"
seed = 3
pathways = ["diary.text -> shout.text", "diary.x -> shout.x"]

[streams.diary]
kind = "jsonl"
path = "rows.jsonl"

[zones.shout]
period = "10 ms"

[zones.shout.params]
gain = 1
filter = { low = 1, high = 9 }

[metrics.guess]
kind = "classification"

[record.every]
"shout.text" = "20 ms"
"""


@pytest.fixture
def write(tmp_path):
    (tmp_path / "base.toml").write_text(BASE, encoding="utf-8")

    def write(text, name="child.toml"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize(("source", "message"), [
    ("topcs.toml", r"got no such file\. Try 'topics\.toml'\."), ("topcs", r"got neither\. Try 'topics\.toml'\."),
    ("feelngs.toml", r"got no such file\. Try 'feelings'\."),
    ("zzz/zzz.toml", r"got no such file\. Known: .*feelings")])
def test_a_scenario_that_is_not_there_is_told_with_the_nearest_file_or_name(tmp_path, monkeypatch, source, message):
    (tmp_path / "topics.toml").write_text("aura = 1\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ScenarioError, match=message):
        load_scenario(source)


def test_a_file_says_only_what_is_other_than_in_the_one_it_extends(write):
    scenario = load_scenario(write('extends = "base.toml"\nname = "child"\n[zones.shout.params.filter]\nhigh = 5'))
    expected = tomllib.loads(BASE) | {"name": "child"}
    expected["zones"]["shout"]["params"]["filter"]["high"] = 5
    assert scenario.model_copy(update={"base": "."}) == read_scenario(expected)


def test_lists_are_replaced_and_three_dots_stand_for_what_was_there(write):
    def pathways(text):
        return [path.source for path in load_scenario(write(f'extends = "base.toml"\npathways = {text}')).pathways]

    assert pathways('["diary.y -> shout.y"]') == ["diary.y"]
    assert pathways('["...", "diary.y -> shout.y"]') == ["diary.text", "diary.x", "diary.y"]
    assert pathways('["diary.y -> shout.y", "..."]') == ["diary.y", "diary.text", "diary.x"]


def test_keys_are_left_out_before_anything_is_merged(write):
    scenario = load_scenario(write("""
        extends = "base.toml"
        without = ["metrics.guess", "zones.shout.params.filter", 'record.every."shout.text"']
        [zones.shout.params.filter]
        middle = 4
        """))
    assert scenario.metrics == {}
    assert scenario.record.every == {}
    assert scenario.zones["shout"].params == {"gain": 1, "filter": {"middle": 4}}


def test_an_embedded_scenario_is_extended_by_its_name_from_a_file_of_that_name_too(write):
    scenario = load_scenario(write('extends = "feelings"\nseed = 9', "feelings.toml"))
    assert (scenario.name, scenario.seed) == ("feelings", 9)
    assert scenario.zones == load_scenario(embedded_scenarios()["feelings"]).zones


def test_a_file_may_extend_one_that_extends_another_and_settings_come_last(write):
    write('extends = "base.toml"\nseed = 4\nuntil = "1 s"', "middle.toml")
    scenario = load_scenario(write('extends = "middle.toml"\nname = "top"'), ["until=2 s", "shout.gain=7"])
    assert (scenario.name, scenario.seed, scenario.until) == ("top", 4, "2 s")
    assert scenario.zones["shout"].params["gain"] == 7


@pytest.mark.parametrize(("text", "message"), {
    "no such file": ('extends = "bas.toml"', r"child\.toml: extends 'bas\.toml': expected a file, or the name"),
    "a name that is nearly one": ('extends = "mnits"', r"extends 'mnits': .*Try 'mnist'"),
    "no text": ("extends = 3", r"child\.toml: extends: expected a valid string, got 3"),
    "itself": ('extends = "child.toml"', r"child\.toml: extends: .* in a circle, got child\.toml -> child\.toml"),
    "broken TOML": ('extends = "broken.toml"', r"broken\.toml: expected valid TOML"),
    "a folder of a run": ('extends = "run"', r"expected a scenario, got the folder of a run"),
    "a key that is not there": ('extends = "base.toml"\nwithout = ["metrics.gues"]',
                                r"child\.toml \(extends base\.toml\): without: expected keys of .* got "
                                r"'metrics\.gues'\. Try 'guess'"),
    "a key within a value": ('extends = "base.toml"\nwithout = ["seed.x"]', r"without: expected keys .* got 'seed\.x'"),
    "what is no key": ('extends = "base.toml"\nwithout = ["a = 1"]', r"without: expected a key, .* got 'a = 1'"),
    "an empty key": ('extends = "base.toml"\nwithout = [""]', r"without: expected a key"),
    "no list": ('extends = "base.toml"\nwithout = "seed"', r"child\.toml: without: expected a valid tuple, got 'seed'"),
    "nothing to leave out of": ('name = "a"\nwithout = ["seed"]', r"child\.toml: without: expected `extends`"),
    "an unknown key": ('extends = "base.toml"\nsede = 1', r"^child\.toml: sede: expected a known key"),
    "a value of its own": ('extends = "base.toml"\nresolution = "x"', r"^child\.toml: resolution: expected"),
    "a value of the other's": ('extends = "poor.toml"\nseed = 2',
                               r"^poor\.toml \(extended by child\.toml\): streams\.diary\.items: expected"),
    "a value of the other's that it gives anew": ('extends = "poor.toml"\nstreams.diary.items = "y"',
                                                  r"^child\.toml: streams\.diary\.items: expected .* got 'y'"),
    "what it leaves out": ('extends = "base.toml"\nwithout = ["aura", "name", "streams.diary.kind"]',
                           r"^child\.toml: (aura|name|streams\.diary\.kind): expected a value, it is required"),
    "a folder that is none": ('extends = "base.toml"\nbase = 3', r"child\.toml: base: expected a folder, got 3"),
}.values())
def test_what_is_wrong_is_named_with_its_file(write, tmp_path, text, message):
    write("aura = ", "broken.toml")
    write("{}", "run/run.json")
    write('extends = "base.toml"\nstreams.diary.items = "x"', "poor.toml")
    with pytest.raises(ScenarioError, match=message):
        load_scenario(write(text))


def test_a_circle_of_files_is_told(write):
    write('extends = "child.toml"', "other.toml")
    write('extends = "other.toml"', "third.toml")
    with pytest.raises(ScenarioError, match=r"circle, got child\.toml -> third\.toml -> other\.toml -> child\.toml"):
        load_scenario(write('extends = "third.toml"'))


def test_a_scenario_in_a_run_folder_extends_nothing():
    with pytest.raises(ScenarioError, match="extends: expected a known key"):
        read_scenario({"aura": 1, "name": "a", "extends": "mnist"})


def test_a_setting_is_told_as_one(write):
    with pytest.raises(ScenarioError, match=r"^--set seed: expected .* got 'x'"):
        load_scenario(write('extends = "base.toml"'), ["seed=x"])


def test_a_fault_of_a_whole_table_is_not_laid_to_a_setting_within_it(write):
    written = load_scenario(write('extends = "base.toml"'), ["shout.gain=3"]).written
    assert str(written.place("shout.gain")) == "--set shout.gain"
    assert str(written.place("shout")).partition(": ")[2] == "zones.shout"


def test_the_summary_of_the_other_is_told_as_the_others(write):
    (path := write('extends = "spoken.toml"')).with_name("spoken.toml").write_text(
        BASE.replace("seed = 3", 'summary = "Shouts."'), encoding="utf-8")
    assert load_scenario(path).summary == "Extends spoken.toml: Shouts."
    assert load_scenario(write('extends = "spoken.toml"\nsummary = "Whispers."')).summary == "Whispers."


# --- paths ---------------------------------------------------------------------------------------------------------

@pytest.fixture
def apart(sim):
    """A scenario whose files lie beside it, extended by one in another folder that has a file of the same name."""
    shared, mine = sim.folder / "project/shared", sim.folder / "project/mine"
    shared.mkdir(parents=True)
    mine.mkdir()
    shutil.move(sim.folder / "rows.jsonl", shared)
    shutil.copy(sim.zones, shared / "zones.py")
    (shared / "small.toml").write_text(sim.text.replace(str(sim.zones), "zones.py"), encoding="utf-8")
    (mine / "rows.jsonl").write_text("{no row", encoding="utf-8")
    (mine / "child.toml").write_text('extends = "../shared/small.toml"\nname = "child"\nuntil = "100 ms"',
                                     encoding="utf-8")
    return sim.folder / "project"


def start(scenario, folder, **options):
    manager = PluginManager((), [scenario.folder / path for path in scenario.plugins])
    run = Run(scenario, RunFolder(folder), manager, RunOptions(report=False, **options))
    run.start()
    return run


def test_paths_of_the_extended_scenario_start_from_its_own_file(apart, monkeypatch):
    monkeypatch.chdir("/")
    scenario = load_scenario(apart / "mine/child.toml")
    run = start(scenario, apart / "runs/one")
    assert run.status == "stopped" or run.now > 0
    kept = RunFolder(apart / "runs/one")
    assert kept.written_scenario().streams["diary"].reader_options["path"] == "../shared/rows.jsonl"
    assert {source.name: source.files for source in kept.sources()} \
        == {"../shared/zones.py": 1, "../shared/rows.jsonl": 1}


def test_a_run_of_such_a_scenario_is_found_after_a_move(apart, sim):
    start(load_scenario(apart / "mine/child.toml"), apart / "runs/one")
    shutil.move(apart, sim.folder / "elsewhere")
    folder = RunFolder(sim.folder / "elsewhere/runs/one")
    assert find_base(folder.path, folder.written_scenario().base, folder.read()) == sim.folder / "elsewhere/mine"
    start(folder.scenario(), sim.folder / "two", replay_of=folder)
    assert sim.difference("elsewhere/runs/one", "two") is None


def test_paths_of_the_file_itself_and_of_settings_start_from_the_file(apart):
    shutil.copy(apart / "shared/rows.jsonl", apart / "mine/own.jsonl")
    (apart / "mine/child.toml").write_text('extends = "../shared/small.toml"\n[streams.diary]\npath = "own.jsonl"',
                                           encoding="utf-8")
    for settings, expected in (((), "own.jsonl"), (("diary.path=../shared/rows.jsonl",), "../shared/rows.jsonl")):
        scenario = load_scenario(apart / "mine/child.toml", settings)
        assert scenario.folder == apart / "mine"
        assert scenario.streams["diary"].reader_options["path"] == expected


def test_a_text_that_is_no_path_stays_as_it_is(apart):
    scenario = load_scenario(apart / "mine/child.toml")
    with build_brain(scenario, PluginManager((), [scenario.folder / "../shared/zones.py"]), journal=NoInput()):
        columns = scenario.dump()["streams"]["diary"]["columns"]
    assert columns == {"text": "text", "label": {"from": "label", "type": "tags"}}


def test_the_files_of_an_embedded_scenario_are_found_from_anywhere(write):
    scenario = load_scenario(write('extends = "feelings"'))
    sources = Sources(scenario.folder)
    with build_brain(scenario, PluginManager(), journal=NoInput(), sources=sources) as brain:
        assert len(brain.plans["diary"].outputs) > 0
    assert scenario.dump()["streams"]["diary"]["path"] == str(embedded_scenarios()["feelings"].with_suffix(".tsv"))


def test_code_of_the_extended_scenario_is_told_and_refused_as_its_own(apart, aura):
    answer = aura("describe", apart / "mine/child.toml")
    assert answer.code == [f"loads code that the scenario names: {apart}/mine/../shared/zones.py\n"]
    answer = aura("describe", apart / "mine/child.toml", "--no-code")
    assert answer.status == 2
    assert "--no-code: '../shared/zones.py'" in answer.err


def test_a_run_resumes_by_what_it_was_though_the_extended_scenario_has_changed(apart, aura, monkeypatch):
    monkeypatch.setattr("aura.plugins.report.write_report", lambda folder: folder / "report.html")
    words = ("run", apart / "mine/child.toml", "--quiet", "--set", "until=")
    assert aura(*words, "--out", "whole", "--until", "200 ms").status == 0
    assert aura(*words, "--out", "one", "--until", "100 ms").status == 0
    (apart / "shared/small.toml").write_text("aura = ", encoding="utf-8")
    assert aura("resume", "one", "--quiet", "--until", "200 ms").status == 0
    from aura.plugins.recording import Recording, first_difference
    assert first_difference(Recording("whole"), Recording("one")) is None
