"""Phases: what is played in them, who learns, and when they end."""

from __future__ import annotations

from itertools import pairwise

import pytest

from aura.core.notices import Notice
from aura.core.time import MS, S, parse_time
from aura.plugins.recording import Recording

TWO_STREAMS = """
[streams.long]
kind = "jsonl"
path = "rows.jsonl"
columns = { x = { from = "x", type = "float" } }
limit = 30
"""


def phases(sim, run="run"):
    """Return (name, learning, start, end) of each phase."""
    return [(p["name"], p["learning"], p["start"], p["end"]) for p in sim.read(run)["phases"]]


def last(sim, run, topic):
    """Return when a topic was said last."""
    return sim.values(run, topic)[-1][0]


def test_without_phases_a_run_learns_and_is_then_tried_on_what_was_held_out(sim, whole):
    assert [(name, learning) for name, learning, *_ in phases(sim, whole)] == [("learn", True), ("held-out", False)]
    assert [value for _, value in sim.values(whole, "phase")] \
        == [{"phase": "learn", "learning": True}, {"phase": "held-out", "learning": False}]


def test_without_held_out_rows_there_is_one_phase(sim):
    sim.make("run", "diary.hold_out=0.0", "diary.repeat=1").start()
    assert [name for name, *_ in phases(sim)] == ["learn"]
    assert sim.read("run")["items"] == {"diary": 100}


@pytest.mark.slow
def test_no_zone_changes_in_a_phase_without_learning(sim, whole):
    _, _, start, end = phases(sim, whole)[1]
    messages = [m for m in Recording(whole).messages() if m.time >= start]
    assert any(m.topic == "majority.guess" for m in messages)
    assert not [m for m in messages if m.topic.startswith("learn/")]
    assert last(sim, whole, "learn/shout") < start < last(sim, whole, "shout.length") < end

    states = {}
    for name, until in (("before", start), ("after", end)):
        run = sim.make(name, until=until + 1)
        run.start()
        states[name] = {zone: run.player.brain[zone].state() for zone in ("shout", "slow", "majority")}
    # The stimuli wait for labels in both; what has been learned from them does not change.
    assert states["before"]["shout"] == states["after"]["shout"] == {"seen": 160}
    assert states["before"]["majority"]["counts"] == states["after"]["majority"]["counts"] != {}


@pytest.mark.slow
def test_a_zone_told_not_to_learn_does_not(sim):
    run = sim.make("run", "shout.learn=false", "diary.repeat=1")
    run.start()
    assert run.player.brain["shout"].state() == {"seen": 0}
    assert run.player.brain["slow"].state() == {"seen": 80}


@pytest.mark.slow
def test_phases_are_played_as_the_scenario_says(sim):
    source = sim.scenario(sim.text + """
[[phases]]
name = "naive"
split = "held_out"
learn = false
[[phases]]
name = "first"
[[phases]]
name = "trained"
split = "held_out"
learn = false
[[phases]]
name = "revision"
split = "held_out"
""", "phases.toml")
    sim.make("run", "diary.repeat=1", source=source).start()
    phases = sim.read("run")["phases"]
    assert [(p["name"], p["learning"], p["items"]["diary"]) for p in phases] \
        == [("naive", False, 20), ("first", True, 80), ("trained", False, 20), ("revision", True, 20)]
    assert all(one["end"] == other["start"] for one, other in pairwise(phases))
    scores = {name: phase["summary"]["accuracy"]
              for name, phase in sim.read("run", "metrics.json")["guess"]["phases"].items()}
    assert scores["naive"] == 0.0
    assert scores["trained"] > 0.5


@pytest.mark.slow
def test_a_span_ends_a_phase_though_rows_are_left(sim):
    more = '[[phases]]\nname = "short"\nspan = "100 ms"\n[[phases]]\nname = "rest"\n'
    source = sim.scenario(sim.text + more, "p.toml")
    sim.make("run", source=source).start()
    assert phases(sim)[0] == ("short", True, 0, 100 * MS)
    items = [p["items"]["diary"] for p in sim.read("run")["phases"]]
    assert items == [30, 160]  # the next phase plays its rows from the first on


def test_a_span_longer_than_its_rows_ends_with_the_rows(sim, whole):
    source = sim.scenario(sim.text + '[[phases]]\nname = "learn"\nspan = "1 h"\n', "p.toml")
    sim.make("run", source=source).start()
    assert phases(sim)[0] == phases(sim, whole)[0]


@pytest.mark.slow
def test_a_phase_ends_with_its_last_stream(sim):
    source = sim.scenario(sim.text + TWO_STREAMS, "two.toml")
    sim.make("run", "diary.repeat=1", "diary.hold_out=0.0", source=source).start()
    assert last(sim, "run", "long.x") == 290 * MS
    assert last(sim, "run", "diary.text") == 330 * MS
    assert sim.read("run")["phases"][0]["end"] == 330 * MS + 100 * MS

    sim.make("other", "diary.limit=6", "diary.repeat=1", "diary.hold_out=0.0", source=source).start()
    assert last(sim, "other", "diary.text") == 10 * MS
    assert sim.read("other")["phases"][0]["end"] == 290 * MS + 100 * MS


def test_a_stream_without_held_out_rows_is_silent_in_the_phase_for_them(sim):
    sim.make("run", "diary.repeat=1", source=sim.scenario(sim.text + TWO_STREAMS, "two.toml")).start()
    phases = sim.read("run")["phases"]
    assert [p["items"] for p in phases] == [{"diary": 80, "long": 30}, {"diary": 20, "long": 0}]
    assert phases[1]["end"] - phases[1]["start"] == 60 * MS + 100 * MS


@pytest.mark.parametrize("settle", ["30 ms", "250 ms"])
def test_a_phase_runs_on_for_the_settling_time(sim, settle):
    sim.make("run", f"settle={settle}", "diary.repeat=1").start()
    _, _, _, end = phases(sim)[0]
    assert end == 260 * MS + parse_time(settle)


def test_by_default_the_settling_time_lets_every_answer_arrive(sim, whole):
    _, _, start, end = phases(sim, whole)[0]
    played = [at for at, _ in sim.values(whole, "diary.text") if at < end]
    answered = [at for at, _ in sim.values(whole, "slow.length") if at < end]
    learned = [at for at, _ in sim.values(whole, "learn/majority") if at < end]
    assert answered == [at + 26 * MS for at in played]
    assert learned == [at + 2 * MS for at in played]
    assert (end - start - max(played)) % (100 * MS) == 0


def test_a_run_without_streams_ends_at_its_spans(sim):
    text = f"aura = 1\nname = 'clock'\nplugins = ['{sim.zones}']\n[zones.ticker]\n"
    text += '[[phases]]\nname = "one"\nspan = "20 ms"\n[[phases]]\nname = "two"\nspan = "1 s"\nlearn = false\n'
    assert sim.make("run", source=sim.scenario(text, "clock.toml")).start() == "finished"
    assert phases(sim) == [("one", True, 0, 20 * MS), ("two", False, 20 * MS, 20 * MS + 1 * S)]


LATE = ("majority was first told what is right after its last prediction of the phase 'learn', which was judged "
        "before anything of it was learned")


@pytest.mark.parametrize(("delay", "late"), [("5 s", True), ("101 ms", True), ("90 ms", False), ("12 ms", False)])
def test_labels_that_all_come_after_the_last_prediction_of_a_phase_are_told(sim, delay, late):
    text = sim.text.replace('"diary.label -> majority.label"',
                            f'{{ from = "diary.label", to = "majority.label", delay = "{delay}" }}')
    source = sim.scenario(text, "late.toml")
    sim.make("run", "diary.limit=33", "diary.repeat=1", "diary.hold_out=0.0", source=source).start()
    run = sim.read("run")
    notices = [str(Notice(**notice)) for notice in run["notices"]]
    assert notices == ([LATE] if late else [])
    figures = sim.read("run", "metrics.json")["guess"]["phases"]["learn"]["summary"]
    assert (figures["accuracy"] == 0) >= late


def test_rows_that_all_come_in_one_tick_are_told_to_be_judged_before_they_are_learned(sim):
    sim.make("run", "diary.items=100", "diary.repeat=1", "diary.hold_out=0.0").start()
    assert [str(Notice(**notice)) for notice in sim.read("run")["notices"]] == [LATE]
