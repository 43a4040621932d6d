"""Scenario files: what they may say, and that every mistake is named with file, key and what to try."""

from __future__ import annotations

import json
import tomllib

import pytest
import tomli_w
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aura.core.errors import ScenarioError
from aura.plugins.manager import PluginManager
from aura.sim.build import build_brain
from aura.sim.runfolder import RunFolder
from aura.sim.scenario import embedded_scenarios, load_scenario, read_scenario, with_settings
from aura.sim.toml_text import toml_text

FILE = """
aura = 1
name = "small"
pathways = ["diary.text -> shout.text", "diary.x -> shout.x after 5 ms"]

[streams.diary]
kind = "jsonl"
path = "rows.jsonl"

[zones.shout]
period = "10 ms"

[[phases]]
name = "learn"

[checkpoints]
every = "1 s"

[record]
every = { "shout.*" = "20 ms" }
"""

MISTAKES = {
    "an unknown key": ('name = "small"', 'name = "small"\nsede = 1', r"sede: expected a known key, got 'sede'.*'seed'"),
    "an unknown key of a zone": ('period = "10 ms"', 'perod = "10 ms"', r"zones\.shout\.perod: .*'period'"),
    "an unknown key of a phase": ('name = "learn"', 'name = "learn"\nlearning = true',
                                  r"phases\.0\.learning: .*'learn'"),
    "an unknown key of the checkpoints": ('[checkpoints]', '[checkpoints]\nkep = 1', r"checkpoints\.kep: .*'keep'"),
    "an unknown key of the recording": ('[record]', '[record]\ntopic = ["*"]', r"record\.topic: .*'topics'"),
    "an unknown key of a pathway": ('"diary.x -> shout.x after 5 ms"', '{from = "a.b", to = "c.d", dely = "1 ms"}',
                                    r"pathways\.1\.dely: .*'delay'"),
    "a text for a number": ('name = "small"', 'name = "small"\nseed = "one"', r"seed: expected a valid integer.*'one'"),
    "a number for a table": ('[zones.shout]\nperiod = "10 ms"', '[zones]\nshout = 3', r"zones\.shout: expected .* 3"),
    "a table for a list": ('pathways = ["diary.text -> shout.text", "diary.x -> shout.x after 5 ms"]',
                           'pathways = {a = "b"}', r"pathways: expected .*got \{'a': 'b'\}"),
    "no name": ('name = "small"\n', "", r"name: expected a value, it is required, got none"),
    "no version": ("aura = 1\n", "", r"aura: expected a value, it is required"),
    "another version": ("aura = 1", "aura = 2", r"aura: expected format version 1, got 2.*newer"),
    "no kind of stream": ('kind = "jsonl"\n', "", r"streams\.diary\.kind: expected a value, it is required"),
    "a time without a unit": ('period = "10 ms"', 'period = "10"', r"zones\.shout\.period: expected a time.*'10'"),
    "a time that is a number": ('every = "1 s"', "every = 1", r"checkpoints\.every: expected a time with its unit"),
    "a time of an unknown unit": ('every = "1 s"', 'every = "1 week"', r"checkpoints\.every: expected one of the unit"),
    "a time of a recorded topic": ('"20 ms"', '"often"', r"record\.every\.shout\.\*: expected a time.*'often'"),
    "a negative time": ('every = "1 s"', 'every = "-1 s"', r"checkpoints\.every: expected a time"),
    "a resolution of nothing": ('name = "small"', 'name = "small"\nresolution = "0 s"',
                                r"resolution: expected a time above zero"),
    "a span that is no time": ('name = "learn"', 'name = "learn"\nspan = "all"', r"phases\.0\.span: expected a time"),
    "an endless speed": ('name = "small"', 'name = "small"\nrealtime = inf', r"realtime: expected a finite number"),
    "a rate that is no rate": ('path = "rows', 'rate = "fast"\npath = "rows', r"streams\.diary\.rate: expected a rate"),
    "a pathway without an arrow": ('"diary.text -> shout.text"', '"diary.text shout.text"',
                                   r"pathways: expected 'zone\.port -> zone\.port'"),
    "a pathway from no port": ('"diary.text -> shout.text"', '"diary -> shout.text"',
                               r"pathways\.0\.from: expected 'zone\.port', got 'diary'"),
    "a pathway to no port": ('"diary.text -> shout.text"', '"diary.text -> .text"',
                             r"pathways\.0\.to: expected 'zone\.port', got '\.text'"),
    "a delay that is no time": ("after 5 ms", "after lunch", r"pathways\.1\.delay: expected a time.*'lunch'"),
    "a stream and a zone of one name": ("[zones.shout]", "[zones.diary]\n[zones.shout]",
                                        r"zones\.diary: expected a name that no stream has"),
    "a zone that is no name": ("[zones.shout]", '[zones."my zone"]\n[zones.shout]', r"zones\.my zone: expected a name"),
    "a metric that is no name": ("[checkpoints]", '[metrics."a/b"]\nkind = "scalars"\n[checkpoints]',
                                 r"metrics\.a/b: expected a name of letters"),
    "an unknown split": ('name = "learn"', 'name = "learn"\nsplit = "test"', r"phases\.0\.split: expected 'learn' or"),
    "an unknown policy": ('period = "10 ms"', 'on_error = "ignore"', r"zones\.shout\.on_error: expected 'stop'"),
    "too much held out": ('path = "rows', 'hold_out = 1.0\npath = "rows', r"streams\.diary\.hold_out: expected less"),
    "broken TOML": ("[zones.shout]", "[zones.shout", r"expected valid TOML, got .*line 10"),
    "a key twice": ('name = "small"', 'name = "small"\nname = "other"', r"expected valid TOML, got .*line 4"),
    "deep nesting": ('name = "small"', "name = " + "[" * 5000, r"expected valid TOML"),
    "a number without end": ('name = "small"', "seed = " + "1" * 5000, r"expected valid TOML"),
}


@pytest.mark.parametrize(("old", "new", "message"), MISTAKES.values(), ids=MISTAKES.keys())
def test_every_mistake_is_named_with_file_and_key(tmp_path, old, new, message):
    assert FILE.count(old) == 1
    path = tmp_path / "small.toml"
    path.write_text(FILE.replace(old, new), encoding="utf-8")
    with pytest.raises(ScenarioError, match=message) as raised:
        load_scenario(path)
    assert "small.toml: " in str(raised.value)
    assert "\n" not in str(raised.value)


def test_the_file_without_a_mistake_is_read(tmp_path):
    (tmp_path / "small.toml").write_text(FILE, encoding="utf-8")
    scenario = load_scenario(tmp_path / "small.toml")
    assert scenario.name == "small"
    assert [(p.source, p.target, p.delay) for p in scenario.pathways] \
        == [("diary.text", "shout.text", None), ("diary.x", "shout.x", "5 ms")]
    assert scenario.streams["diary"].reader_options == {"path": "rows.jsonl"}


def test_several_mistakes_are_all_told(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text(FILE.replace("aura = 1", "aura = 1\nseed = -1\nsede = 1"), encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"seed: .*Also .*sede: expected a known key"):
        load_scenario(path)


def test_a_file_that_is_not_there_names_the_nearest_embedded_scenario():
    with pytest.raises(ScenarioError, match=r"scenario 'feelngs': expected a file, .*Try 'feelings'"):
        load_scenario("feelngs")


def test_a_folder_is_no_scenario(tmp_path):
    with pytest.raises(ScenarioError, match="expected a readable UTF-8 file, got IsADirectoryError"):
        load_scenario(tmp_path)


def test_a_file_of_another_encoding_is_refused(tmp_path):
    (tmp_path / "small.toml").write_bytes(FILE.replace("small", "größe").encode("latin-1"))
    with pytest.raises(ScenarioError, match=r"small\.toml: expected a readable UTF-8 file"):
        load_scenario(tmp_path / "small.toml")


def test_a_byte_order_mark_is_no_mistake(tmp_path):
    (tmp_path / "small.toml").write_bytes(FILE.encode("utf-8-sig"))
    assert load_scenario(tmp_path / "small.toml").name == "small"


def test_a_file_of_the_name_of_an_embedded_scenario_wins(tmp_path, monkeypatch):
    (tmp_path / "feelings").write_text('aura = 1\nname = "mine"', encoding="utf-8")
    assert load_scenario("feelings").name == "feelings"
    monkeypatch.chdir(tmp_path)
    assert load_scenario("feelings").name == "mine"


@pytest.mark.parametrize(("text", "key"), [('name = ""', "name"),
                                           ('name = "a"\n[[phases]]\nname = ""', "phases.0.name")])
def test_what_is_named_has_a_name(tmp_path, text, key):
    (tmp_path / "small.toml").write_text(f"aura = 1\n{text}\n", encoding="utf-8")
    with pytest.raises(ScenarioError, match=rf"^small\.toml: {key}: expected a text with at least 1 character, got ''"):
        load_scenario(tmp_path / "small.toml")


def test_a_value_that_is_not_itself_is_no_setting(tmp_path):
    (tmp_path / "small.toml").write_text('aura = 1\nname = "small"\nseed = nan\n', encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"^small\.toml: seed: expected"):
        load_scenario(tmp_path / "small.toml")


@pytest.mark.parametrize(("base", "expected"), [("", "."), ('base = "data"', "data"), ('base = "/tmp"', "/tmp")])
def test_relative_paths_are_relative_to_the_file(tmp_path, monkeypatch, base, expected):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/small.toml").write_text(f'aura = 1\nname = "small"\n{base}', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    folder = load_scenario("deep/small.toml").folder
    assert folder == (tmp_path / "deep" / expected)
    monkeypatch.chdir("/")
    assert folder.is_absolute()


@pytest.mark.parametrize("name", sorted(embedded_scenarios()))
def test_the_embedded_scenarios_are_without_mistakes(name):
    assert load_scenario(name).name == name


@pytest.mark.parametrize("name", [*sorted(embedded_scenarios()), "small"])
def test_a_scenario_survives_its_run_folder(tmp_path, name):
    if name == "small":
        (tmp_path / "small.toml").write_text(FILE, encoding="utf-8")
        name = str(tmp_path / "small.toml")
    scenario = load_scenario(name)
    assert read_scenario(scenario.dump()) == scenario
    RunFolder(tmp_path / "run").create(scenario)
    kept = RunFolder(tmp_path / "run").scenario()
    assert kept == scenario
    assert json.dumps(kept.dump()) == json.dumps(scenario.dump())  # with every key in its place


def test_the_ports_of_a_stream_keep_their_order_in_the_run_folder(sim):
    scenario = load_scenario(sim.file, ["diary.columns={label = {from = 'label', type = 'tags'}, text = 'text'}"])
    RunFolder(sim.folder / "run").create(scenario)
    ports = []
    for same in (scenario, RunFolder(sim.folder / "run").scenario()):
        with build_brain(same, PluginManager((), [sim.zones])) as brain:
            ports.append(list(brain.plans["diary"].outputs))
    assert ports[0] == ports[1] == ["label", "text"]


@pytest.mark.parametrize("setting", ["name=\udcff", "zones.shout.params.word=\udcff", "diary.path=['a', '\udcff']"])
def test_text_that_utf_8_cannot_write_is_refused(tmp_path, setting):
    (tmp_path / "small.toml").write_text(FILE, encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"^(small\.toml:|--set) .*expected .*"):
        load_scenario(tmp_path / "small.toml", [setting])


@pytest.mark.parametrize("number", ["nan", "inf", "-inf"])
def test_a_number_that_is_not_finite_is_kept_for_the_zone_that_refuses_it(tmp_path, number):
    (tmp_path / "small.toml").write_text(FILE, encoding="utf-8")
    settings = [f"zones.ticker.params.rate={number}", f"zones.ticker.params.by={{soma = {number}}}",
                f"streams.diary.wait={number}"]
    scenario = load_scenario(tmp_path / "small.toml", settings)
    RunFolder(tmp_path / "run").create(scenario)
    kept = RunFolder(tmp_path / "run").scenario()
    params = kept.zones["ticker"].params
    values = [params["rate"], params["by"]["soma"], kept.streams["diary"].reader_options["wait"]]
    assert [f"{value:g}" for value in values] == [number] * 3


@pytest.mark.slow
@given(table=st.recursive(
    st.booleans() | st.integers(-2**63, 2**63 - 1) | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=20).map(lambda value: {"name": 1, "zones": {"a": {"params": {"x": value, "y": 1}}}}))
@settings(max_examples=200, deadline=None)
def test_toml_text_reads_back_with_every_key_in_its_place(table):
    assert json.dumps(tomllib.loads(toml_text(table))) == json.dumps(table)


# --- whatever stands in the file -----------------------------------------------------------------------------------

KEYS = st.sampled_from(["aura", "name", "seed", "resolution", "until", "streams", "zones", "pathways", "phases",
                        "metrics", "record", "checkpoints", "kind", "period", "params", "diary", "every", "from", "to",
                        "base", "plugins", "labels", "hold_out", "realtime", "columns"]) | st.text(max_size=5)
VALUES = st.recursive(
    st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.datetimes() | st.dates()
    | st.sampled_from([1, "1 ms", "a.b -> c.d", "a.b -> c.d after 1 s", "jsonl", "50 Hz"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12)
TABLES = st.dictionaries(KEYS, VALUES, max_size=6)


def attempt(function, *arguments):
    """Return the scenario, or None and how it was refused; anything but a ScenarioError goes on up."""
    try:
        return function(*arguments), ""
    except ScenarioError as error:
        return None, str(error)


@pytest.mark.slow
@given(table=TABLES, complete=st.booleans())
@settings(max_examples=150, deadline=None)
def test_any_table_is_a_scenario_or_a_scenario_error(table, complete):
    if complete:
        table = {**table, "aura": 1, "name": "any"}
    scenario, refusal = attempt(read_scenario, table, "any.toml")
    if scenario is None:
        assert refusal.startswith("any.toml: ")
    else:
        assert read_scenario(scenario.dump()).name == scenario.name


@pytest.mark.slow
@given(content=st.text(max_size=200).map(str.encode) | st.binary(max_size=60)
       | TABLES.map(lambda table: tomli_w.dumps({**table, "aura": 1, "name": "any"}).encode("utf-8", "ignore")))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_a_scenario_or_a_scenario_error(tmp_path, content):
    path = tmp_path / "any.toml"
    path.write_bytes(content)
    scenario, refusal = attempt(load_scenario, path)
    assert "any.toml" in refusal if scenario is None else scenario.folder.is_absolute()


@pytest.mark.slow
@given(words=st.lists(st.text(max_size=12) | st.builds("{}={}".format, st.sampled_from(
    ["seed", "until", "zones", "streams", "shout.period", "shout.rate", "diary.items", "zones.shout.params.a",
     "record.every", "pathways"]), st.text(max_size=8)), max_size=3))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_settings_give_a_scenario_or_a_scenario_error(tmp_path, words):
    path = tmp_path / "small.toml"
    path.write_text(FILE, encoding="utf-8")
    scenario, refusal = attempt(load_scenario, path, words)
    assert scenario is None or scenario.aura == 1
    assert "\n" not in refusal


def test_two_phases_of_one_name_are_refused():
    table = {"aura": 1, "name": "a", "phases": [{"name": "learn"}, {"name": "learn"}]}
    with pytest.raises(ScenarioError, match="phases: expected names that differ"):
        read_scenario(table)


def test_a_setting_with_nothing_after_its_sign_takes_the_key_back():
    table = {"streams": {"p": {"kind": "jsonl", "rate": "5 Hz"}}, "zones": {"z": {"params": {"x": 1}}}, "until": "1 s"}
    assert with_settings(table, ["p.rate=", "z.x= ", "until="]) == {
        "streams": {"p": {"kind": "jsonl"}}, "zones": {"z": {"params": {}}}}
    assert with_settings({"name": "a"}, ['summary=""'])["summary"] == ""
    with pytest.raises(ScenarioError, match=r"expected a key that the scenario sets, to be taken back, got 'rat'"):
        with_settings({"streams": {"p": {"rate": "5 Hz"}}}, ["p.rat="])
