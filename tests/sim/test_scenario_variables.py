"""Values that a scenario takes from the environment: only where they are asked for, and once."""

from __future__ import annotations

import pytest

from aura.core.errors import ScenarioError
from aura.sim.runfolder import RunFolder
from aura.sim.scenario import load_scenario

FILE = """
aura = 1
name = "small"
seed = { env = "MY_SEED", default = 5 }

[streams.diary]
kind = "jsonl"
path = { env = "MY_ROWS" }
columns = { env = { from = "env" }, home = "${HOME}" }

[zones.shout.params]
gain = { env = "MY_GAIN", default = 1.5 }
bands = [1, { env = "MY_BAND", default = 2 }]
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    for name in ("MY_SEED", "MY_GAIN", "MY_BAND"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MY_ROWS", "rows.jsonl")
    path = tmp_path / "small.toml"
    path.write_text(FILE, encoding="utf-8")
    return path


def test_a_value_comes_from_the_environment_and_else_from_its_default(file, monkeypatch):
    scenario = load_scenario(file)
    assert (scenario.seed, scenario.zones["shout"].params) == (5, {"gain": 1.5, "bands": [1, 2]})
    assert scenario.streams["diary"].reader_options["path"] == "rows.jsonl"
    monkeypatch.setenv("MY_SEED", "7")
    monkeypatch.setenv("MY_GAIN", "[1, 2]")
    monkeypatch.setenv("MY_BAND", "high")
    scenario = load_scenario(file)
    assert (scenario.seed, scenario.zones["shout"].params) == (7, {"gain": [1, 2], "bands": [1, "high"]})


def test_nothing_is_looked_up_that_does_not_ask_for_it(file):
    assert load_scenario(file).streams["diary"].reader_options["columns"] \
        == {"env": {"from": "env"}, "home": "${HOME}"}


def test_a_variable_that_is_not_set_is_named_with_its_key(file, monkeypatch):
    monkeypatch.delenv("MY_ROWS")
    with pytest.raises(ScenarioError, match=r"small\.toml: streams\.diary\.path: expected the environment variable "
                                            r"'MY_ROWS', got none .*--set streams\.diary\.path="):
        load_scenario(file)


def test_a_value_of_the_environment_is_checked_as_any_other(file, monkeypatch):
    monkeypatch.setenv("MY_SEED", "many")
    with pytest.raises(ScenarioError, match=r"small\.toml: seed: expected a valid integer.* got 'many'"):
        load_scenario(file)


def test_a_setting_takes_the_place_of_what_would_be_looked_up_and_may_ask_itself(file, monkeypatch):
    monkeypatch.delenv("MY_ROWS")
    assert load_scenario(file, ["diary.path=a.jsonl"]).streams["diary"].reader_options["path"] == "a.jsonl"
    monkeypatch.setenv("OTHER", "b.jsonl")
    assert load_scenario(file, ["diary.path={env = 'OTHER'}"]).streams["diary"].reader_options["path"] == "b.jsonl"


def test_a_scenario_that_extends_another_replaces_the_whole_of_what_is_asked_for(file, monkeypatch):
    monkeypatch.setenv("MY_SEED", "7")
    child = file.with_name("child.toml")
    child.write_text('extends = "small.toml"\nseed = { env = "CHILD_SEED", default = 8 }', encoding="utf-8")
    assert load_scenario(child).seed == 8
    child.write_text('extends = "small.toml"\nseed = 9', encoding="utf-8")
    assert load_scenario(child).seed == 9


def test_the_folder_of_relative_paths_may_come_from_the_environment(file, tmp_path, monkeypatch):
    file.write_text(f'base = {{ env = "MY_BASE", default = "data" }}{FILE}', encoding="utf-8")
    assert load_scenario(file).folder == tmp_path / "data"
    monkeypatch.setenv("MY_BASE", "/elsewhere")
    assert str(load_scenario(file).folder) == "/elsewhere"


def test_a_run_keeps_the_value_and_looks_it_up_no_more(sim, aura, monkeypatch):
    monkeypatch.setattr("aura.plugins.report.write_report", lambda folder: folder / "report.html")
    sim.scenario(sim.text.replace('path = "rows.jsonl"', 'path = { env = "MY_ROWS" }'))
    monkeypatch.setenv("MY_ROWS", "rows.jsonl")
    assert aura("run", "small.toml", "--quiet", "--until", "100 ms", "--out", "run").status == 0
    assert 'path = "rows.jsonl"' in (sim.folder / "run/scenario.toml").read_text(encoding="utf-8")
    monkeypatch.delenv("MY_ROWS")
    assert aura("resume", "run", "--quiet", "--until", "200 ms").status == 0
    assert aura("branch", "run", "--quiet", "--out", "other", "--set", "shout.learn={ env = 'MY_WISH' }").status == 2
    monkeypatch.setenv("MY_WISH", "false")
    assert aura("branch", "run", "--quiet", "--out", "other", "--set", "shout.learn={ env = 'MY_WISH' }").status == 0
    assert RunFolder(sim.folder / "other").written_scenario().zones["shout"].learn is False
    assert aura("replay", "run", "--quiet", "--out", "again").status == 0
