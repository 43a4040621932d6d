"""Settings from the command line: what ``--set path=value`` changes."""

from __future__ import annotations

import pytest

from aura.core.errors import ScenarioError
from aura.sim.scenario import read_scenario, with_settings

TABLE = {
    "aura": 1, "name": "small", "streams": {"diary": {"kind": "jsonl", "path": "a.jsonl"}},
    "zones": {"shout": {"kind": "voice", "params": {"gain": 1, "filter": {"low": 1}}}, "plain": {}},
    "record": {"topics": ["*"]},
}


def changed(*settings):
    """Return the scenario with these settings."""
    from copy import deepcopy

    return read_scenario(with_settings(deepcopy(TABLE), settings))


def test_a_zone_and_a_key_that_is_none_of_the_runtime_set_a_parameter():
    zones = changed("shout.gain=2.5", "plain.colour=red").zones
    assert zones["shout"].params == {"gain": 2.5, "filter": {"low": 1}}
    assert zones["plain"].params == {"colour": "red"}


def test_a_nested_parameter_is_set_without_touching_its_neighbours():
    assert changed("shout.filter.high=9").zones["shout"].params == {"gain": 1, "filter": {"low": 1, "high": 9}}


@pytest.mark.parametrize("setting", ["shout.params.gain=7", "zones.shout.params.gain=7", "shout.gain = 7"])
def test_a_parameter_may_be_written_out(setting):
    assert changed(setting).zones["shout"].params["gain"] == 7


def test_a_zone_and_a_key_of_the_runtime_set_that():
    zone = changed("shout.period=20 ms", "shout.learn=false", "shout.on_error=silence", "shout.kind=cry").zones["shout"]
    assert (zone.period, zone.learn, zone.on_error, zone.kind) == ("20 ms", False, "silence", "cry")
    assert zone.params == TABLE["zones"]["shout"]["params"]


def test_a_stream_and_a_key_set_its_settings_and_its_readers():
    stream = changed("diary.items=4", "diary.path=b.jsonl", "diary.columns.text=question").streams["diary"]
    assert stream.items == 4
    assert stream.reader_options == {"path": "b.jsonl", "columns": {"text": "question"}}


def test_a_key_of_the_scenario_is_set():
    scenario = changed("seed=7", "until=2 s", "executor=threads", "realtime=1.5", "profile=true")
    assert (scenario.seed, scenario.until, scenario.executor, scenario.realtime, scenario.profile) \
        == (7, "2 s", "threads", 1.5, True)


def test_a_table_is_reached_by_its_path():
    scenario = changed("record.topics=['a.*']", "checkpoints.keep=9", "record.every={'a.b' = '1 s'}")
    assert scenario.record.topics == ("a.*",)
    assert scenario.checkpoints.keep == 9
    assert scenario.record.every == {"a.b": "1 s"}


def test_what_is_no_toml_is_a_text():
    assert changed("name=a=b c").name == "a=b c"
    assert changed('shout.word=""').zones["shout"].params["word"] == ""


def test_what_toml_cannot_read_for_its_depth_is_a_text():
    assert changed("name=" + "[" * 5000).name == "[" * 5000


def test_of_two_settings_the_later_one_holds():
    assert changed("seed=1", "seed=2").seed == 2


@pytest.mark.parametrize(("setting", "message"), [
    ("seed", r"--set seed: expected 'zone\.param=value'"),
    ("=3", "--set =3: expected 'zone.param=value'"),
    ("shout..gain=3", "expected 'zone.param=value'"),
    ("sede=3", r"--set sede=3: expected a zone, a stream or a key of the scenario, got 'sede'.*'seed'"),
    ("shuot.gain=3", r"got 'shuot'.*'shout'"),
    ("seed.first=3", r"expected a path through tables, got a value at 'seed'"),
    ("shout.gain.more=3", r"expected a path through tables, got a value at 'gain'"),
    ("diary.items=none", r"streams\.diary\.items: expected a valid integer.*'none'"),
    ("until=later", "until: expected a time"),
    ("shout.period=5", r"zones\.shout\.period: expected a time with its unit"),
    ("zones=3", "zones: expected"),
    ("seed=" + "1" * 5000, "seed: expected .*integer"),
    ("record.topcis=[]", r"record\.topcis: expected a known key.*'topics'"),
])
def test_a_setting_that_means_nothing_is_refused(setting, message):
    with pytest.raises(ScenarioError, match=message):
        changed("seed=5", setting)
