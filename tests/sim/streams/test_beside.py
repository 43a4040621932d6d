"""Streams that go by each other's time: spread over it, or one after the other."""

from __future__ import annotations

from fractions import Fraction

import pytest

from aura.core.errors import AuraError, CheckpointError
from aura.core.flow import SteadyFlow
from aura.core.time import MS
from aura.plugins.manager import PluginManager
from aura.sim.build import build_brain
from aura.sim.notebook import load_brain
from aura.sim.phases import PhasePlayer
from aura.sim.scenario import load_scenario
from aura.sim.streams.beside import Beside, in_order
from aura.sim.streams.flow import SpreadFlow

NOTES = """
[streams.notes]
kind = "jsonl"
path = "notes.jsonl"
columns = {text = "text", mood = {from = "label", type = "tags"}}
hold_out = 0.2
"""


@pytest.fixture
def both(sim):
    """The scenario of a stream of 100 rows, three a tick in two passes, with another of 20 beside it."""
    rows = [{"text": f"note {i}", "label": [("glad", "sad")[i % 2]]} for i in range(20)]
    sim.write_rows(sim.folder / "notes.jsonl", rows)
    text = sim.text.replace('"diary.label -> majority.label"]',
                            '"diary.label -> majority.label", "notes.text -> majority.text", '
                            '"notes.text -> shout.text", "notes.mood -> majority.label"]')
    sim.scenario(text + NOTES)

    def played(*settings, phase=0):
        """Return for each stream when it played how many rows in a phase, in ms since that began."""
        scenario = load_scenario(sim.file, settings)
        plugins = [sim.zones]
        with build_brain(scenario, PluginManager((), plugins)) as brain:
            probes = {name: brain.probe(f"{name}.text") for name in scenario.streams}
            player = PhasePlayer(brain, scenario, None)
            assert player.play()
            begin, end = (player.log[phase][key] for key in ("start", "end"))
            return {name: [((signal.time - begin) // MS, len(signal.ids)) for signal in probe.signals
                           if begin <= signal.time < end] for name, probe in probes.items()}

    sim.played = played
    return sim


def spread(ticks, last):
    """Return the instants of so many ticks from 0 to `last`, each rounded on its own."""
    return [int(Fraction(last * number, ticks - 1) + Fraction(1, 2)) for number in range(ticks)]


def test_rows_come_evenly_from_the_first_to_the_last_of_the_other_stream(both):
    found = both.played("notes.spread_over=diary")
    diary, notes = ([time for time, _ in found[name]] for name in ("diary", "notes"))
    assert diary == [10 * number for number in range(54)]
    assert notes == spread(16, diary[-1])


def test_held_out_rows_are_spread_over_those_held_out(both):
    found = both.played("notes.spread_over=diary", phase=1)
    assert [time for time, _ in found["notes"]] == spread(4, 60)
    assert found["diary"][-1][0] == 60


def test_the_longer_stream_may_be_spread_over_the_shorter_one(both):
    found = both.played("diary.spread_over=notes")
    assert [time for time, _ in found["diary"]] == spread(54, 150)
    assert found["notes"][-1][0] == 150


def test_where_the_other_plays_nothing_rows_come_at_their_own_period(both):
    found = both.played("notes.spread_over=diary", "diary.hold_out=0", "notes.period=20 ms", phase=1)
    assert found["diary"] == []
    assert [time for time, _ in found["notes"]] == [0, 20, 40, 60]


def test_one_stream_after_the_other(both):
    found = both.played("notes.follows=diary", "notes.period=5 ms")
    assert [time for time, _ in found["notes"]] == [530 + 5 * number for number in range(1, 17)]
    assert found["diary"][-1][0] == 530


def test_a_column_of_times_is_followed_and_spread_over(both):
    timed = ["diary.columns={text = 'text', label = {from = 'label', type = 'tags'}, at = {from = 'at', type = 'int'}}",
             "diary.time=at", "diary.time_unit=ms", "diary.shuffle=false", "diary.repeat=1"]
    found = both.played(*timed, "notes.spread_over=diary")
    assert [time for time, _ in found["notes"]] == spread(16, found["diary"][-1][0])
    found = both.played(*timed, "notes.follows=diary")
    assert found["notes"][0][0] == found["diary"][-1][0] + 10


@pytest.mark.slow
def test_a_stopped_run_goes_on_bit_for_bit(both):
    for settings in (["notes.spread_over=diary"], ["notes.follows=diary"]):
        run = settings[0].partition(".")[2].partition("=")[0]
        both.make(run, *settings).start()
        for stop in (200 * MS, 540 * MS, 760 * MS):
            name = f"{run}-{stop}"
            assert both.make(name, *settings, until=stop).start() == "stopped"
            assert both.make(name, *settings).resume() == "finished"
            assert both.difference(run, name) is None
            assert both.read(name, "metrics.json") == both.read(run, "metrics.json")


@pytest.mark.slow
def test_each_item_has_its_own_id_and_only_the_labels_of_its_own_stream(both):
    both.make("run", "notes.spread_over=diary").start()
    found = both.read("run", "metrics.json")["guess"]
    # The metric is of the diary's labels: what was guessed of notes is no part of it, and nothing waits in vain.
    assert {place: part["items"] for place, part in found["phases"].items()} == {
        "learn": 80, "learn, seen before": 80, "held-out": 20}
    assert found["unmatched"] == {"truth": 0, "prediction": 0}
    notices = both.read("run")["notices"]
    assert not any("too many waited" in notice["text"] for notice in notices)


def test_a_branch_cannot_time_rows_otherwise(both):
    both.make("run", "notes.spread_over=diary", until=200 * MS).start()
    checkpoint = sorted((both.folder / "run/checkpoints").iterdir())[-1]
    with pytest.raises(CheckpointError, match=r"streams\.notes\.spread_over"):
        both.make("branch").branch(checkpoint)


@pytest.mark.parametrize(("settings", "message"), [
    (["notes.spread_over=dairy"], r"streams\.notes\.spread_over: expected a stream of this scenario.*Try 'diary'"),
    (["notes.follows=notes"], r"streams\.notes\.follows: expected another stream"),
    (["notes.follows=diary", "diary.spread_over=notes"], r"expected another stream, whose time does not follow"),
    (['notes.spread_over=""'], r"streams\.notes\.spread_over: expected a stream of this scenario, got ''"),
    (["notes.follows=diary", "notes.spread_over=diary"], r"streams\.notes: expected spread_over or follows, got both"),
    (["diary.time=at", "diary.spread_over=notes"], r"streams\.diary\.spread_over: expected a time column or the time"),
    (["diary.items=1", "diary.repeat=20", "diary.spread_over=notes"],
     r"streams\.diary\.spread_over: expected at most one tick in a resolution, 1 ms, got 1600 in 150 ms")])
def test_what_cannot_be_played_so_is_refused_before_the_run_begins(both, settings, message):
    with pytest.raises(AuraError, match=message):
        both.make("run", *settings).start()
    assert not (both.folder / "run").exists()


def test_the_order_in_which_streams_are_told_is_that_of_what_they_go_by():
    assert in_order({"a": Beside(follows="b"), "b": Beside(spread_over="c"), "c": Beside()}) == ["c", "b", "a"]


def test_a_brain_in_a_notebook_plays_them_so_too(both):
    with load_brain(both.file, "notes.spread_over=diary") as brain:
        probe = brain.probe("notes.text")
        brain.run("600 ms")
        assert [signal.time // MS for signal in probe.signals] == spread(16, 530)


def test_the_memory_for_late_labels_is_room_for_what_may_come():
    flow = SpreadFlow(items=3, total=100)
    assert (flow.least(10 * MS), flow.most(10 * MS), flow.most(10**6 * MS)) == (0, 36, 100)
    assert SteadyFlow(3, 10 * MS, 100).least(10 * MS) == 6


def test_settings_of_live_input_have_neither(both):
    text = 'aura = 1\nname = "x"\n[streams.live]\nkind = "jsonlines"\ncolumns = {t = "t"}\nfollows = "notes"\n'
    both.scenario(text + NOTES, "live.toml")
    with pytest.raises(AuraError, match=r"streams\.live\.follows: expected no such setting for live input"):
        both.make("run", source=both.folder / "live.toml").start()


@pytest.mark.parametrize("key", ["follows", "spread_over"])
def test_no_stream_goes_by_live_input(both, key):
    both.scenario(both.file.read_text(encoding="utf-8") + '[streams.live]\nkind = "jsonlines"\ncolumns = {x = "x"}\n')
    with pytest.raises(AuraError, match=rf"streams\.notes\.{key}: .* are played, got 'live', which is live input"):
        both.played(f"notes.{key}=live")
