"""Runs: what they leave, that they repeat to the bit, and how they stop, resume, branch, replay and fail."""

from __future__ import annotations

import json
import random
import shutil

import pytest

from aura.core.checkpoint import checkpoint_time, list_checkpoints
from aura.core.errors import AuraError, CheckpointError, ScenarioError
from aura.core.time import MS, format_time, parse_time
from aura.plugins.recording import Recording
from aura.sim import runner
from aura.sim.build import build_brain
from aura.sim.runfolder import RunFolder

NO_STREAM = """
aura = 1
name = "clock"
plugins = ['{zones}']
until = "100 ms"
[zones.ticker]
"""


@pytest.mark.slow
def test_a_finished_run_leaves_everything_that_belongs_in_its_folder(sim):
    assert sim.make("run").start() == "finished"

    left = {path.name for path in (sim.folder / "run").iterdir()}
    assert left == {"run.json", "scenario.toml", "metrics.json", "metrics.jsonl", "recording", "checkpoints"}
    record = sim.read("run")
    assert record["status"] == "finished"
    assert record["seed"] == 3
    assert record["items"] == {"diary": 180}
    assert [(p["name"], p["learning"]) for p in record["phases"]] == [("learn", True), ("held-out", False)]
    assert record["phases"][0]["end"] == record["phases"][1]["start"]
    assert record["now"] == record["phases"][1]["end"]
    assert {zone["name"] for zone in record["graph"]["zones"]} == {"diary", "shout", "slow", "majority", "ticker"}
    assert record["missed_deadlines"] == 0
    assert sim.read("run", "metrics.json")["guess"]["phases"]["held-out"]["summary"]["accuracy"] > 0.8


@pytest.mark.slow
def test_the_items_of_a_phase_are_those_played_in_it(sim):
    sim.make("run").start()
    assert [phase["items"] for phase in sim.read("run")["phases"]] == [{"diary": 160}, {"diary": 20}]


@pytest.mark.slow
def test_rows_of_several_metrics_are_written_in_the_order_of_time(sim):
    sim.make("run").start()
    lines = (sim.folder / "run/metrics.jsonl").read_text(encoding="utf-8").splitlines()
    times = [json.loads(line)["time"] for line in lines]
    assert len(times) > 30
    assert times == sorted(times)


def test_two_runs_record_the_same_bits(sim):
    sim.make("one").start()
    sim.make("two").start()
    assert sim.difference("one", "two") is None
    assert (sim.folder / "one/metrics.json").read_text() == (sim.folder / "two/metrics.json").read_text()


@pytest.mark.slow
def test_another_seed_records_other_bits(sim):
    sim.make("one").start()
    sim.make("two", "seed=4").start()
    assert sim.difference("one", "two") is not None


@pytest.mark.slow
def test_threads_record_the_bits_that_serial_does(sim):
    sim.make("serial").start()
    sim.make("threads", "executor=threads").start()
    assert sim.difference("serial", "threads") is None


@pytest.mark.slow
def test_a_second_zone_changes_no_bit_of_what_the_others_say(sim):
    sim.make("one").start()
    more = sim.text.replace('"diary.text -> shout.text"', '"diary.text -> shout.text", "diary.text -> other.text"')
    sim.make("two", source=sim.scenario(more + '[zones.other]\nkind = "slow"\n', "more.toml")).start()

    topics = set(Recording(sim.folder / "one").topics)
    assert "other.length" in Recording(sim.folder / "two").topics
    before = [(m.topic, m.time, m.data) for m in Recording(sim.folder / "one").raw()]
    after = [(m.topic, m.time, m.data) for m in Recording(sim.folder / "two").raw() if m.topic in topics]
    assert after == before


def test_until_stops_with_a_checkpoint_of_that_instant(sim):
    run = sim.make("run", until=200 * MS)
    assert run.start() == "stopped"
    assert run.now == 200 * MS
    assert checkpoint_time(list_checkpoints(sim.folder / "run/checkpoints")[-1]) == "200 ms"
    assert sim.read("run")["status"] == "stopped"
    assert max(m.time for m in Recording(sim.folder / "run").raw()) < 200 * MS


def test_a_scenario_that_reaches_its_own_end_has_finished(sim):
    run = sim.make("run", source=sim.scenario(NO_STREAM.format(zones=sim.zones), "clock.toml"))
    assert run.start() == "finished"
    assert sim.values("run", "ticker.now") == [(t * 7 * MS, t * 7 * MS) for t in range(15)]


@pytest.mark.slow
def test_a_resumed_run_is_the_uninterrupted_one(sim, whole):
    sim.make("parts", until=231 * MS).start()
    sim.make("parts", until=590 * MS).resume()
    assert sim.make("parts").resume() == "finished"

    assert sim.difference(whole, "parts") is None
    for name in ("metrics.json", "metrics.jsonl"):
        assert (sim.folder / "parts" / name).read_text() == (whole / name).read_text(), name
    record, parts = sim.read(whole), sim.read("parts")
    assert parts["resumed"] == [231 * MS, 590 * MS]
    for key in ("ticks", "now", "items", "status"):
        assert parts[key] == record[key], key
    assert [{**phase, "wall_seconds": 0} for phase in parts["phases"]] \
        == [{**phase, "wall_seconds": 0} for phase in record["phases"]]


@pytest.mark.slow
def test_a_run_stopped_at_any_of_25_random_ticks_resumes_as_if_it_had_not(sim, whole):
    expected = {name: (whole / name).read_text() for name in ("metrics.json", "metrics.jsonl")}
    times = sorted({message.time for message in Recording(whole).raw()})
    for stop in random.Random(7).sample(times, 25):
        # Before the tick, or after it, at an instant that is on no grid.
        sim.make("parts", until=stop + stop % 2).start()
        assert sim.make("parts").resume() == "finished"
        assert sim.difference(whole, "parts") is None, stop
        for name, content in expected.items():
            assert (sim.folder / "parts" / name).read_text() == content, (stop, name)
        shutil.rmtree(sim.folder / "parts")


@pytest.mark.slow
@pytest.mark.parametrize("stop", ["0 s", "1 ns", "530 ms", "530.000001 ms", "561 ms", "561.000001 ms", "652 ms"])
def test_a_run_stopped_at_the_edges_of_its_phases_resumes_as_if_it_had_not(sim, stop, whole):
    sim.make("parts", until=parse_time(stop)).start()
    assert sim.make("parts", "executor=threads").resume() == "finished"
    assert sim.difference(whole, "parts") is None


@pytest.mark.slow
def test_resuming_a_finished_run_adds_nothing(sim):
    sim.make("run").start()
    before = list(Recording(sim.folder / "run").raw())
    rows = (sim.folder / "run/metrics.jsonl").read_text()
    assert sim.make("run").resume() == "finished"
    assert list(Recording(sim.folder / "run").raw()) == before
    assert (sim.folder / "run/metrics.jsonl").read_text() == rows


@pytest.mark.slow
@pytest.mark.parametrize("which", [0, 1, -2])
def test_a_run_resumed_from_an_older_checkpoint_forgets_what_came_after_it(sim, whole, which):
    sim.make("run").start()
    assert sim.make("run").resume(list_checkpoints(sim.folder / "run/checkpoints")[which]) == "finished"
    assert sim.difference(whole, "run") is None
    for name in ("metrics.json", "metrics.jsonl"):
        assert (sim.folder / "run" / name).read_text() == (whole / name).read_text(), name


def test_an_optional_column_that_no_row_has_is_a_notice(sim):
    text = sim.text.replace("columns = {", 'columns = {mood = {from = "mod", optional = true}, ')
    sim.write_rows(sim.folder / "others.jsonl", [{**row, "mod": "glad"} for row in sim.rows(5)])
    held_out = text.replace("hold_out = 0.2", 'held_out = {path = "others.jsonl"}')
    for name, scenario in (("own", text), ("other", held_out)):
        sim.make(name, until=50 * MS, source=sim.scenario(scenario, "mood.toml")).start()
        texts = [notice["text"] for notice in sim.read(name)["notices"] if notice["source"] == "diary"]
        assert "had no row with 'mod', which would feed 'mood'" in texts
        assert len([text for text in texts if "mod" in text]) == 1


def test_a_run_refuses_a_folder_that_holds_something(sim):
    (sim.folder / "run").mkdir()
    (sim.folder / "run/notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(AuraError, match="expected a new or empty folder"):
        sim.make("run").start()
    assert (sim.folder / "run/notes.txt").read_text(encoding="utf-8") == "mine"


def test_a_resume_without_a_checkpoint_says_so(sim):
    with pytest.raises(CheckpointError, match="at least one whole checkpoint"):
        sim.make("nothing").resume()


@pytest.mark.slow
def test_a_resume_that_cannot_load_its_checkpoint_leaves_the_run_as_it_was(sim, whole):
    sim.make("run", until=300 * MS).start()
    before = {name: (sim.folder / "run" / name).read_bytes() for name in ("metrics.json", "metrics.jsonl")}
    sim.write_rows(sim.folder / "rows.jsonl", sim.rows(50))
    with pytest.raises(AuraError, match="the rows it was saved with"):
        sim.make("run").resume()
    assert {name: (sim.folder / "run" / name).read_bytes() for name in before} == before

    sim.write_rows(sim.folder / "rows.jsonl", sim.rows())
    assert sim.make("run").resume() == "finished"
    assert sim.difference(whole, "run") is None


@pytest.mark.slow
def test_a_branch_goes_on_from_a_checkpoint_with_other_settings(sim, whole):
    sim.make("run", until=300 * MS).start()
    checkpoint = list_checkpoints(sim.folder / "run/checkpoints")[-1]
    before = {path: path.read_bytes() for path in sorted((sim.folder / "run").rglob("*")) if path.is_file()}

    assert sim.make("same").branch(checkpoint) == "finished"
    assert sim.make("other", "shout.learn=false", "metrics.learning.every='60 ms'").branch(checkpoint) == "finished"

    later = [m for m in Recording(whole).raw() if m.time >= 300 * MS]
    assert list(Recording(sim.folder / "same").raw()) == later
    topics = Recording(sim.folder / "other").topics
    assert "learn/majority" in topics
    assert "learn/shout" not in topics
    assert {path: path.read_bytes() for path in sorted((sim.folder / "run").rglob("*")) if path.is_file()} == before
    for line in (sim.folder / "same/metrics.jsonl").read_text(encoding="utf-8").splitlines():
        assert json.loads(line)["time"] >= 300 * MS - 60 * MS


def test_a_branch_into_a_brain_with_other_zones_is_refused(sim):
    sim.make("run", until=100 * MS).start()
    fewer = sim.scenario(sim.text.replace("[zones.ticker]", ""), "fewer.toml")
    with pytest.raises(CheckpointError, match="ticker"):
        sim.make("branch", source=fewer).branch(list_checkpoints(sim.folder / "run/checkpoints")[-1])


@pytest.mark.slow
def test_a_replay_of_a_run_records_the_same_bits(sim):
    sim.make("run", until=400 * MS).start()
    origin = RunFolder(sim.folder / "run")
    sim.make("replay", until=400 * MS, replay_of=origin).start()
    assert sim.difference("run", "replay") is None


# --- zones that raise ----------------------------------------------------------------------------------------------


def bomb(sim, at: int, policy: str = "stop", every: str = "30 ms"):
    """Return the scenario with a zone that raises in its tick number `at`, at (at - 1) * 10 ms."""
    text = sim.text.replace('every = "250 ms"', f'every = "{every}"')
    return sim.scenario(text + f'[zones.bomb]\non_error = "{policy}"\nparams = {{at = {at}}}\n', "bomb.toml")


@pytest.mark.slow
@pytest.mark.parametrize("at", [1, 2, 4, 18])
def test_a_zone_that_raises_stops_the_run_and_leaves_a_checkpoint_of_the_last_good_tick(sim, at):
    source, failing = bomb(sim, at), (at - 1) * 10 * MS
    with pytest.raises(AuraError, match=rf"bomb at {format_time(failing)}: .*ValueError: boom"):
        sim.make("run", source=source).start()

    record = sim.read("run")
    assert record["status"] == "failed"
    assert any("boom" in message for message in record["messages"])
    last = list_checkpoints(sim.folder / "run/checkpoints")[-1]
    assert parse_time(checkpoint_time(last)) == failing
    assert all(m.time < failing or m.topic == "phase" for m in Recording(sim.folder / "run").raw())

    with pytest.raises(AuraError, match="boom"):  # it is the same zone still
        sim.make("run", source=source).resume()
    last = list_checkpoints(sim.folder / "run/checkpoints")[-1]
    assert sim.make("mended", "bomb.at=0", source=source).branch(last) == "finished"
    sim.make("unharmed", "bomb.at=0", source=source).start()
    # The phase that the failing tick would have been the first of has begun before the checkpoint.
    later = [m for m in Recording(sim.folder / "unharmed").raw()
             if m.time > failing or (m.time == failing and m.topic != "phase")]
    assert list(Recording(sim.folder / "mended").raw()) == later


@pytest.mark.slow
def test_a_silenced_zone_lets_the_run_finish_and_changes_no_bit_of_the_others(sim):
    sim.make("plain").start()
    assert sim.make("run", source=bomb(sim, 4, "silence")).start() == "finished"
    assert [value for _, value in sim.values("run", "bomb.count")] == [1, 2, 3]
    assert len(sim.values("run", "error/bomb")) == 1
    topics = Recording(sim.folder / "plain").topics
    others = [(m.topic, m.time, m.data) for m in Recording(sim.folder / "run").raw() if m.topic in topics]
    assert others == [(m.topic, m.time, m.data) for m in Recording(sim.folder / "plain").raw()]


@pytest.mark.slow
def test_a_zone_that_restarts_goes_on_from_its_last_checkpoint(sim):
    run = sim.make("run", source=bomb(sim, 6, "restart", every="30 ms"), until=110 * MS)
    run.start()
    # Saved at 30 ms after its fourth tick, at 60 ms after it had gone back to that and counted one more.
    assert sim.values("run", "bomb.count") == [(t * 10 * MS, n) for t, n in enumerate([1, 2, 3, 4, 5])] \
        + [(60 * MS, 5)]
    assert len(sim.values("run", "error/bomb")) == 5

    sim.make("more", source=bomb(sim, 6, "restart", every="1 s"), until=180 * MS).start()
    assert [count for _, count in sim.values("more", "bomb.count")] == [1, 2, 3, 4, 5] * 3


@pytest.mark.slow
def test_a_silenced_zone_is_still_silent_after_a_resume(sim):
    source = bomb(sim, 4, "silence")
    sim.make("unharmed", source=source).start()
    sim.make("parts", source=source, until=200 * MS).start()
    sim.make("parts", source=source).resume()
    assert sim.difference("unharmed", "parts") is None


# --- scenarios that cannot be run ----------------------------------------------------------------------------------


def test_a_scenario_without_an_end_is_refused(sim):
    source = sim.scenario(NO_STREAM.format(zones=sim.zones).replace('until = "100 ms"', ""), "clock.toml")
    with pytest.raises(ScenarioError, match="expected an end"):
        sim.make("run", source=source).start()
    assert not (sim.folder / "run").exists()


@pytest.mark.parametrize(("setting", "message"), [
    ("metrics.guess.kind=classificatoin", "classification"),
    ("metrics.guess.truht=diary.label", r"metrics\.guess\.truht: expected a known key.*'truth'"),
    ("metrics.guess.truth=diary.lable", r"metrics\.guess\.truth: expected an output of this brain.*'diary.label'"),
    ("metrics.guess.prediction=ticker.now", r"metrics\.guess\.prediction: expected a topic"),
    ("metrics.learning.zones=['sout']", r"metrics\.learning\.zones: expected zones.*'shout'"),
])
def test_a_mistake_in_a_metric_is_refused_before_anything_is_written(sim, setting, message):
    with pytest.raises(AuraError, match=message):
        sim.make("run", setting).start()
    assert not (sim.folder / "run").exists()


@pytest.mark.parametrize("broken", [{"bad": [None]}, {"bad": object()}])
def test_a_start_that_cannot_write_its_scenario_leaves_no_folder(sim, monkeypatch, broken):
    run = sim.make("run")
    monkeypatch.setattr(type(run.scenario), "dump", lambda scenario: broken)
    with pytest.raises(ScenarioError, match="small: expected a scenario that a TOML file can hold"):
        run.start()
    assert not (sim.folder / "run").exists()


def test_a_start_that_is_refused_leaves_the_folder_of_another_as_it_was(sim):
    sim.write_rows(sim.folder / "mine", [])
    (sim.folder / "run").mkdir()
    (sim.folder / "mine").rename(sim.folder / "run/mine")
    with pytest.raises(AuraError, match="a new or empty folder"):
        sim.make("run").start()
    assert [path.name for path in (sim.folder / "run").iterdir()] == ["mine"]


@pytest.mark.slow
def test_an_interrupt_while_the_brain_is_built_stops_before_the_first_tick(sim, whole, monkeypatch):
    run = sim.make("parts")
    seen = []

    def interrupted(*given, **options):
        brain = build_brain(*given, **options)
        seen.append(run.building)
        run.interrupt()
        return brain

    monkeypatch.setattr(runner, "build_brain", interrupted)
    assert run.start() == "stopped"
    assert (seen, run.building, run.player.brain.ticks) == ([True], False, 0)
    monkeypatch.undo()
    assert sim.make("parts").resume() == "finished"
    assert sim.difference(whole, "parts") is None


def test_a_metric_named_as_an_observer_of_the_run_is_refused(sim):
    with pytest.raises(ScenarioError, match="checkpoints"):
        sim.make("run", "metrics.checkpoints.kind=scalars").start()
