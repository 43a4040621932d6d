"""Curricula and changes as a scenario file says them, and phases that play one stage."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from aura.core.checkpoint import list_checkpoints
from aura.core.errors import ScenarioError, StreamError
from aura.core.time import MS
from aura.sim.scenario import load_scenario, read_scenario

CURRICULUM = """
[streams.diary.curriculum]
field = "label"
groups = [["red", "green"], ["blue", "grey"]]
"""

STAGES = """
[[phases]]
name = "first"
stage = 0
[[phases]]
name = "after the first"
split = "held_out"
learn = false
[[phases]]
name = "second"
stage = 1
[[phases]]
name = "after the second"
split = "held_out"
learn = false
"""


def published(sim, run, topic):
    """Return all items of a topic, in their order."""
    return [item for _, items in sim.values(run, topic) for item in items]


@pytest.fixture
def staged(sim):
    return sim.scenario(sim.text.replace("repeat = 2", "repeat = 1") + CURRICULUM + STAGES)


@pytest.mark.slow
def test_each_phase_plays_its_stage_and_all_held_out_rows(sim, staged):
    sim.make("run", source=staged).start()
    parts = {phase["name"]: phase["items"]["diary"] for phase in sim.read("run")["phases"]}
    assert parts["after the first"] == parts["after the second"] == 20
    assert parts["first"] + parts["second"] == 80
    labels = [label for label, in published(sim, "run", "diary.label")]
    first = parts["first"]
    assert set(labels[:first]) == {"red", "green"}
    assert set(labels[first + 20:-20]) == {"blue", "grey"}
    assert labels[first:first + 20] == labels[-20:]
    stages = published(sim, "run", "diary.stage")
    assert stages[:first] == [0] * first
    assert stages[first + 20:-20] == [1] * parts["second"]


@pytest.mark.slow
def test_a_run_stopped_in_a_stage_goes_on_bit_for_bit(sim, staged):
    sim.make("run", source=staged).start()
    second = sim.read("run")["phases"][2]["start"]
    for stop in (70 * MS, second - 50 * MS, second + 70 * MS):
        name = f"stopped-{stop}"
        assert sim.make(name, source=staged, until=stop).start() == "stopped"
        assert sim.make(name, source=staged).resume() == "finished"
        assert sim.difference("run", name) is None
        assert sim.read(name, "metrics.json") == sim.read("run", "metrics.json")


@pytest.mark.parametrize(("stage", "text", "message"), [
    (2, CURRICULUM, r"phases\.0\.stage: expected a stage of a stream's curriculum, from 0 to 1, got 2"),
    (0, "", r"phases\.0\.stage: expected a stream with a curriculum, got 0")])
def test_a_stage_that_no_stream_has_is_refused(sim, stage, text, message):
    source = sim.scenario(f'{sim.text}{text}[[phases]]\nname = "one"\nstage = {stage}\n')
    with pytest.raises(ScenarioError, match=message):
        sim.make("run", source=source).start()
    assert not (sim.folder / "run").exists()


def test_a_stage_of_held_out_rows_is_refused():
    with pytest.raises(ScenarioError, match="no stage where held-out rows are played"):
        read_scenario({"aura": 1, "name": "x", "phases": [{"name": "a", "split": "held_out", "stage": 0}]})


@pytest.mark.parametrize(("text", "message"), [
    ('[streams.diary.curriculum]\nfield = "label"\nfields = "x"',
     r"streams\.diary\.curriculum\.fields: expected a known key"),
    ('[streams.diary.curriculum]\ngroups = [["red"]]', r"streams\.diary\.curriculum\.field: expected a value"),
    ('[streams.diary.change]\nfield = "x"\nafter = 1.5', r"streams\.diary\.change\.after: .*a whole number"),
    ('[streams.diary.change]\nfield = "x"\nafter = 5\nhow = "mirror"', r"streams\.diary\.change\.how: .*'permute'")])
def test_wrong_settings_name_their_key(sim, text, message):
    with pytest.raises(ScenarioError, match=message):
        load_scenario(sim.scenario(sim.text + text))


def test_a_row_of_no_group_stops_the_run_before_it_begins(sim):
    source = sim.scenario(sim.text + '[streams.diary.curriculum]\nfield = "label"\ngroups = [["red", "green", "blue"]]')
    with pytest.raises(StreamError, match=r"diary\.curriculum\.groups: .* got 'grey' \(first in row"):
        sim.make("run", source=source).start()
    assert not (sim.folder / "run").exists()


def test_settings_survive_the_run_folder(sim):
    source = sim.scenario(sim.text + CURRICULUM + '[streams.diary.change]\nfield = "x"\nafter = 0.5\n')
    scenario = load_scenario(source)
    again = read_scenario(scenario.dump())
    assert again.streams == scenario.streams
    assert again.streams["diary"].curriculum.groups == (("red", "green"), ("blue", "grey"))
    assert again.streams["diary"].change.after == 0.5


def test_live_input_has_neither(sim):
    for key in ("curriculum", "change"):
        with pytest.raises(StreamError, match=rf"streams\.live\.{key}: expected no such setting for live input"):
            sim.make("run", source=sim.scenario(
                'aura = 1\nname = "x"\n[streams.live]\nkind = "jsonlines"\ncolumns = {t = "t"}\n'
                f'{key} = {{field = "t"{", after = 3" if key == "change" else ""}}}\n')).start()


def test_the_settings_that_the_page_shows_are_valid():
    page = (Path(__file__).parents[3] / "docs/streams.md").read_text(encoding="utf-8")
    [block] = [found for found in re.findall(r"```toml[^\n]*\n(.*?)```", page, re.DOTALL) if "curriculum" in found]
    table = tomllib.loads(block)
    table["streams"]["digits"]["kind"] = "digits"
    scenario = read_scenario({"aura": 1, "name": "x", **table})
    assert scenario.streams["digits"].curriculum.groups == (("0", "1"), ("2", "3"))
    assert scenario.streams["digits"].change.after == 25000


@pytest.mark.slow
def test_rows_that_are_opened_as_held_out_have_a_limit_of_their_own(sim):
    other = ["diary.repeat=1", "diary.hold_out=0.0", "diary.limit=20"]
    assert sim.make("all", *other, "diary.held_out={path='rows.jsonl'}").start() == "finished"
    assert sim.make("few", *other, "diary.held_out={path='rows.jsonl', limit=7}").start() == "finished"
    items = {run: [phase["items"]["diary"] for phase in sim.read(run)["phases"]] for run in ("all", "few")}
    assert items == {"all": [20, 100], "few": [20, 7]}


@pytest.mark.parametrize(("setting", "message"), [
    ("limit=0", r"streams\.diary\.held_out\.limit: expected .*greater than or equal to 1, got 0"),
    ("limt=7", r"streams\.diary\.held_out\.limt: .* Try 'limit'"),
    ("shuffle=true", r"streams\.diary\.held_out\.shuffle: expected a setting of"),
])
def test_what_held_out_cannot_say_is_named(sim, setting, message):
    with pytest.raises(ScenarioError, match=message):
        sim.make("run", "diary.hold_out=0.0", f"diary.held_out={{{setting}}}").start()


def test_a_time_column_that_rows_may_lack_is_refused_before_any_row_is_read(sim):
    setting = "diary.columns={text = 'text', at = {from = 'at', type = 'float', optional = true}}"
    with pytest.raises(StreamError, match=r"columns\.at\.optional: expected a column that every row has.*`default`"):
        sim.make("run", setting, "diary.time='at'", "diary.shuffle=false", "diary.path='gone.jsonl'").start()


@pytest.mark.parametrize(("settings", "message"), [
    (("period=20 ms", "rate=50"), r"got period = '20 ms' and rate = '50 Hz'\. .*`--set diary\.period=` or "
                                  r"`--set diary\.rate=`"),
    (("held_out={path = 'rows.jsonl'}",), r"got hold_out = 0\.2 and held_out = \{'path'.*`--set diary\.hold_out=`")])
def test_two_settings_of_which_one_is_too_many_are_named_and_either_can_be_taken_back(sim, settings, message):
    settings = [f"diary.{setting}" for setting in settings]
    with pytest.raises(ScenarioError, match=message):
        sim.make("run", *settings).start()
    back = "diary.hold_out=" if "hold_out" in message else "diary.rate="
    assert sim.make("run", *settings, back, until=35 * MS).start() == "stopped"


@pytest.mark.parametrize("setting", ["limit=20", "hold_out=0.4", "where={label = 'red'}"])
def test_a_branch_with_other_rows_is_told_which_setting_made_them_others(sim, setting):
    settings = ("diary.path='lines.tsv'", "diary.kind='delimited'",
                "diary.columns={text = 'text', label = {from = 'label', type = 'tags'}}")
    (sim.folder / "lines.tsv").write_text("text\tlabel\n" + "".join(
        f"{row['text']}\t{row['label'][0]}\n" for row in sim.rows()), encoding="utf-8")
    sim.make("run", *settings, until=100 * MS).start()
    checkpoint = list_checkpoints(sim.folder / "run/checkpoints")[-1]
    key = setting.partition("=")[0]
    with pytest.raises(StreamError, match=rf"diary: expected the rows it was .*, with {key}.* = .*, which was"):
        sim.make("branch", *settings, f"diary.{setting}").branch(checkpoint)
    assert not (sim.folder / "branch").exists()
