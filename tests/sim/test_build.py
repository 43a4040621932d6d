"""From a scenario to a brain: what is built, and which mistakes are named before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from aura.core.errors import AuraError, PluginError, ScenarioError, StreamError, WiringError
from aura.core.time import MS
from aura.plugins.manager import PluginManager
from aura.sim.build import build_brain, settle_time
from aura.sim.scenario import load_scenario
from aura.sim.sources import Sources


@pytest.fixture
def built(sim):
    """Build the scenario small.toml with settings; or another text of it."""
    brains = []

    def build(*settings, text=None, **options):
        source = sim.file if text is None else sim.scenario(text, "other.toml")
        scenario = load_scenario(source, settings)
        brains.append(build_brain(scenario, PluginManager((), [sim.zones]), **options))
        brains[-1].build()
        return brains[-1]

    yield build
    for brain in brains:
        brain.close()


def test_a_brain_has_the_zones_and_pathways_of_its_scenario(built):
    brain = built()
    assert list(brain.plans) == ["diary", "shout", "slow", "majority", "ticker"]
    assert {(str(p), p.delay) for p in brain.pathways} == {
        ("diary.text -> shout.text", 1 * MS), ("diary.text -> slow.text", 1 * MS),
        ("diary.text -> majority.text", 1 * MS), ("diary.label -> majority.label", 2 * MS)}
    assert brain.seed == 3


def test_settings_of_a_zone_reach_it(built):
    brain = built("shout.latency=9 ms", "ticker.period=3 ms", "majority.decay=0.5", "slow.kind=shout")
    assert brain.plans["shout"].latency == 9 * MS
    assert brain.plans["ticker"].period == 3 * MS
    assert brain.plans["majority"].params.decay == 0.5
    assert brain.plans["slow"].latency == 0


def test_streams_wait_to_be_told_unless_they_are_to_play_by_themselves(built):
    quiet, playing = built(), built(autoplay=True)
    quiet.run(until="20 ms")
    playing.run(until="20 ms")
    assert quiet.read("diary.text") is None
    assert len(playing.read("diary.text")) == 3


def test_a_path_is_relative_to_the_scenarios_folder(built, monkeypatch):
    monkeypatch.chdir("/")
    assert built()["diary"].remaining == 0  # opened, and not told to play yet


ZONES = """
aura = 1
name = "paths"
[zones.sensory.params]
model = "./model"
cache_path = "cache/e.sqlite"
[zones.fabric.params.tissue.neuron]
swc = "cell.swc"
[zones.experts.params.store]
folder = "~/experts"
"""


@pytest.mark.parametrize("at", ["/", None])
def test_a_path_of_a_zone_is_relative_to_the_scenarios_folder(sim, monkeypatch, at):
    monkeypatch.chdir(at or sim.folder)
    sources = Sources(sim.folder)
    brain = build_brain(load_scenario(sim.scenario(ZONES)), PluginManager(), sources=sources)
    params = {name: plan.params for name, plan in brain.plans.items()}
    assert params["sensory"].model == str(sim.folder / "model")
    assert params["sensory"].cache_path == str(sim.folder / "cache/e.sqlite")
    assert params["fabric"].tissue.neuron.swc == str(sim.folder / "cell.swc")
    assert params["experts"].store.folder == str(Path.home() / "experts")
    assert sorted(source.name for source in sources.take()) == ["./model", "cell.swc"]


def test_a_model_is_a_folder_where_there_is_one_and_else_a_name(sim):
    path = sim.scenario(ZONES.replace("./model", "all-MiniLM-L6-v2"))

    def model():
        brain = build_brain(load_scenario(path), PluginManager())
        return brain.plans["sensory"].params.model

    assert model() == "all-MiniLM-L6-v2"
    (sim.folder / "all-MiniLM-L6-v2").mkdir()
    assert model() == str(sim.folder / "all-MiniLM-L6-v2")


@pytest.mark.parametrize(("settings", "period"), [((), 10 * MS), (("diary.rate=50 Hz",), 20 * MS),
                                                  (("diary.period=3 ms",), 3 * MS),
                                                  (("resolution=20 ms", "ticker.period=20 ms", "slow.latency=20 ms"),
                                                   20 * MS)])
def test_a_stream_plays_by_its_period_its_rate_or_the_default(built, settings, period):
    brain = built(*settings, autoplay=True)
    probe = brain.probe("diary.text")
    brain.run(until=period * 3)
    assert probe.times.tolist() == [0, period, 2 * period]


def test_the_settling_time_is_above_all_delays_and_latencies(built):
    brain = built()
    assert settle_time(brain) == 100 * MS
    assert settle_time(built("slow.latency=99 ms")) == 200 * MS
    assert settle_time(built("resolution=7 ms", "diary.period=7 ms", "slow.latency=0 s")) % (7 * MS) == 0


@pytest.mark.parametrize(("settings", "error", "message"), [
    (("diary.kind=jsnol",), PluginError, r"stream 'jsnol': .*Try 'jsonl'"),
    (("shout.kind=shuot",), PluginError, r"zone 'shuot': .*Try 'shout'"),
    (("diary.shufle=true",), ScenarioError, r"streams\.diary\.shufle: .* kind 'jsonl', got 'shufle'.*'shuffle'"),
    (("diary.colunms={}",), ScenarioError, r"streams\.diary\.colunms: .*'columns'"),
    (("diary.columns={text = 3.5}",), ScenarioError, r"streams\.diary\.columns\.text"),
    (("diary.path=raws.jsonl",), StreamError, r"raws\.jsonl"),
    (("diary.rate=50 Hz", "diary.period=20 ms"), ScenarioError, r"streams\.diary: expected a period or a rate"),
    (("diary.time=at", "diary.rate=50 Hz"), ScenarioError, r"diary\.rate: expected a time column or a rate, got time"),
    (("diary.time=at", "diary.period=20 ms", "diary.repeat=1"), ScenarioError,
     r"diary\.period: expected no period beside a time column"),
    (("diary.period=1.5 ms",), ScenarioError, r"streams\.diary\.period: expected a multiple of the resolution, 1 ms"),
    (("diary.period=0 s",), ScenarioError, r"streams\.diary\.period: expected a multiple of the resolution"),
    (("diary.rate=1001 Hz",), ScenarioError, r"streams\.diary\.rate: expected at most one tick.*1 ms, got 1001 Hz"),
    (("diary.held_out={path = 'b.jsonl'}",), ScenarioError,
     r"streams\.diary: expected hold_out or held_out, got hold_out = "),
    (("diary.hold_out=0.0", "diary.held_out={pth = 'b'}"), ScenarioError, r"streams\.diary\.held_out\.pth: .*'path'"),
    (("diary.truth=['lable']",), StreamError, r"diary\.truth: expected fields of the stream, got 'lable'.*'label'"),
    (("diary.time=text",), StreamError, r"diary\.time: expected a numeric field"),
    (("majority.deacy=1",), WiringError, r"majority\.deacy: expected a known key.*'decay'"),
    (("shout.wake_on=['txet']",), WiringError, r"shout\.wake_on: expected inputs of the zone, got 'txet'.*'text'"),
    (("ticker.period=0.5 ms",), WiringError, r"ticker\.period: expected a whole multiple of the resolution"),
    (("pathways=['diary.text -> shuot.text']",), WiringError, r"'shuot'.*'shout'"),
    (("pathways=['diary.txet -> shout.text']",), WiringError, r"an output of diary, got 'txet'.*'text'"),
    (("pathways=[]",), WiringError, r"shout\.text: expected a pathway into this required input"),
])
def test_a_mistake_is_named_with_its_key(built, settings, error, message):
    with pytest.raises(error, match=message) as raised:
        built(*settings)
    assert isinstance(raised.value, AuraError)
    assert "\n" not in str(raised.value)


def test_a_zone_that_asks_for_the_present_label_cannot_be_wired(built, sim):
    early = sim.text.replace('"diary.label -> majority.label"', '"diary.label -> majority.label after 1 ms"')
    with pytest.raises(WiringError, match=r"expected more than 1 ms, when the stimulus has arrived, got 1 ms"):
        built(text=early)
    stimulus = sim.text.replace('"diary.label -> majority.label"', '"diary.label -> shout.text"')
    with pytest.raises(WiringError, match="expected an input that takes labels"):
        built(text=stimulus)


def test_an_empty_file_is_an_error_of_its_stream(built, sim):
    (sim.folder / "rows.jsonl").write_text("", encoding="utf-8")
    with pytest.raises(StreamError, match=r"rows\.jsonl: expected at least one row"):
        built()


def test_the_former_name_of_a_reader_is_read_and_the_run_told(sim, caplog):
    soundfile = pytest.importorskip("soundfile")
    soundfile.write(sim.folder / "a.wav", [0.0] * 400, 8000)
    text = 'aura = 1\nname = "old"\n[streams.ear]\nkind = "wav"\npath = "a.wav"\nframe = "10 ms"\n'
    scenario = load_scenario(sim.scenario(text, "old.toml"))
    warning = "the stream kind 'wav' is deprecated and goes in AURA 0.3: use 'audio'"
    with build_brain(scenario, PluginManager(), autoplay=True) as brain:
        brain.run()
        assert brain.read("ear.audio").shape == (1, 80)
        assert [str(notice) for notice in brain.notices] == [f"ear comes with a warning: {warning}"]
    assert warning in caplog.messages


ROWS = """
from aura import hookimpl
from aura.plugins.streams import ReaderKind
from aura.sim.readers.options import ReaderOptions


@hookimpl
def aura_streams():
    return [ReaderKind("mine", "Rows.", ReaderOptions, lambda options, base: {opened}, live={live})]
"""


@pytest.mark.parametrize(("opened", "live", "message"), [
    ("3", False, "expected an aura.plugins.streams.Reader, or an iterable of rows, got int"),
    ("[1]", False, "expected a dict, or a tuple with as many `names`, got 1"),
    ("[]", False, "expected at least one row, got no rows"),
    ("[{'x': 1}]", True, "expected an aura.plugins.streams.Source, got list")])
def test_what_a_kind_of_stream_opens_is_looked_at(sim, opened, live, message):
    (sim.folder / "mine.py").write_text(ROWS.format(opened=opened, live=live), encoding="utf-8")
    scenario = load_scenario(sim.scenario('aura = 1\nname = "x"\n[streams.s]\nkind = "mine"\n', "x.toml"))
    with pytest.raises(StreamError) as raised:
        build_brain(scenario, PluginManager((), [sim.folder / "mine.py"]))
    assert message in str(raised.value)


def test_a_reader_that_raises_while_it_yields_is_told_with_its_line(sim):
    rows = "({'age': float(text)} for text in ('3', 'thirty'))"
    (sim.folder / "mine.py").write_text(ROWS.format(opened=rows, live=False), encoding="utf-8")
    scenario = load_scenario(sim.scenario('aura = 1\nname = "x"\n[streams.s]\nkind = "mine"\n', "x.toml"))
    with pytest.raises(StreamError, match=r"^x.toml: streams.s: expected a row, or the end, got ValueError: "
                       r"could not convert string to float: 'thirty', at .*mine\.py:9 in "):
        build_brain(scenario, PluginManager((), [sim.folder / "mine.py"]))


def test_a_row_without_any_key_is_told_without_a_hint(sim):
    (sim.folder / "mine.py").write_text(ROWS.format(opened="[{'a': 1}, {}]", live=False), encoding="utf-8")
    scenario = load_scenario(sim.scenario('aura = 1\nname = "x"\n[streams.s]\nkind = "mine"\n', "x.toml"))
    with pytest.raises(StreamError, match=r"row 1, 'a': expected the key 'a', got none\.?$"):
        build_brain(scenario, PluginManager((), [sim.folder / "mine.py"]))


def test_a_kind_of_stream_may_open_any_iterable_of_rows(sim):
    rows = "({'x': n} for n in range(3))"
    (sim.folder / "mine.py").write_text(ROWS.format(opened=rows, live=False), encoding="utf-8")
    scenario = load_scenario(sim.scenario('aura = 1\nname = "x"\n[streams.s]\nkind = "mine"\n', "x.toml"))
    with build_brain(scenario, PluginManager((), [sim.folder / "mine.py"]), autoplay=True) as brain:
        probe = brain.probe("s.x")
        brain.run()
        assert [value.tolist() for value in probe.values] == [[0], [1], [2]]
