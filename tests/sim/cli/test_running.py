"""The commands that run a brain: run, resume, branch, replay, export, report."""

from __future__ import annotations

import json
import os
import signal
import threading

import pytest

from aura.core.errors import CheckpointError
from aura.core.time import MS
from aura.sim.build import build_brain
from aura.sim.cli.ending import say_end
from aura.sim.runfolder import RunFolder

RUN = ("run", "small.toml", "--quiet")


@pytest.fixture(autouse=True)
def _no_report(monkeypatch):
    """Leave out the plots, which take seconds; a slow test has them."""
    def write_report(folder):
        (folder / "report.html").write_text("<html>", encoding="utf-8")
        return folder / "report.html"

    monkeypatch.setattr("aura.plugins.report.write_report", write_report)


def refused(answer, message):
    """Check that a command said in one line what was wrong, and ended with status 2."""
    assert answer.status == 2
    assert answer.err.startswith("aura: ")
    assert message in answer.err
    assert len(answer.err.splitlines()) == 1
    assert "Traceback" not in answer.out + answer.err


@pytest.mark.slow
def test_a_run_says_where_it_is(sim, aura):
    answer = aura(*RUN, "--out", "one")
    assert answer.status == 0
    assert "finished at 790 ms: one" in answer.out
    assert "report: one/report.html" in answer.out
    assert answer.err == ""
    assert sim.read("one")["status"] == "finished"


def test_a_run_without_out_has_a_folder_of_its_own(sim, aura):
    assert aura(*RUN, "--until", "10 ms").status == 0
    assert aura(*RUN, "--until", "10 ms").status == 0
    assert len(list((sim.folder / "runs").glob("small-*/run.json"))) == 2


def test_the_options_of_run_reach_the_scenario(sim, aura):
    answer = aura(*RUN, "--out", "one", "--seed", 9, "--executor", "threads", "--realtime", "50", "--until", "100 ms",
                  "--set", "diary.items=5", "--set", "profile=true")
    assert answer.status == 0
    record = sim.read("one")
    assert (record["seed"], record["executor"], record["realtime"], record["now"]) == (9, "threads", 50.0, 100 * MS)
    assert record["items"] == {"diary": 50}
    assert record["profile"]["shout"]["step"][0] == 10


@pytest.mark.slow
def test_an_interrupt_while_the_brain_is_built_says_when_it_stops_and_can_be_resumed(sim, aura, whole, monkeypatch):
    def interrupted(*given, **options):
        signal.raise_signal(signal.SIGINT)
        return build_brain(*given, **options)

    monkeypatch.setattr("aura.sim.runner.build_brain", interrupted)
    answer = aura(*RUN, "--out", "one")
    assert answer.status == 0
    assert "stopping once the brain is built; press Ctrl-C again" in answer.err
    assert "stopped at 0 s: one" in answer.out
    assert sim.read("one")["ticks"] == 0
    monkeypatch.setattr("aura.sim.runner.build_brain", build_brain)
    assert aura("resume", "one", "--quiet").status == 0
    assert sim.difference(whole, "one") is None


def test_a_run_that_is_refused_for_a_number_that_is_not_finite_leaves_no_folder(sim, aura):
    answer = aura("run", "tissue", "--out", "one", "--set", "fabric.tissue.neuron.channels.sodium.all=nan")
    refused(answer, "fabric.tissue.neuron.channels.sodium.all: expected a density of 0 or more, in S/cm², got nan")
    assert not (sim.folder / "one").exists()


@pytest.mark.slow
def test_a_stopped_run_says_how_to_go_on_and_does(sim, aura, whole):
    answer = aura(*RUN, "--out", "a run", "--until", "300 ms")
    assert answer.out.splitlines()[-1] == "to go on: aura resume 'a run'"
    assert aura("resume", "a run", "--quiet", "--until", "400 ms").status == 0
    answer = aura("resume", "a run", "--quiet")
    assert "finished at 790 ms: a run" in answer.out
    assert sim.difference(whole, "a run") is None
    assert "there is nothing to resume" in aura("resume", "a run").out


@pytest.mark.slow
def test_a_branch_starts_from_the_last_checkpoint_or_the_one_asked_for(sim, aura):
    aura(*RUN, "--out", "one", "--until", "300 ms")
    answer = aura("branch", "one", "--out", "two", "--quiet", "--set", "shout.learn=false")
    assert answer.status == 0
    assert "branching from 300 ms of one" in answer.out
    assert min(at for at, _ in sim.values("two", "diary.text")) == 300 * MS
    answer = aura("branch", "one", "--out", "three", "--quiet", "--at", "299 ms", "--until", "1 s")
    assert "branching from 250 ms of one" in answer.out
    refused(aura("branch", "one", "--out", "four", "--at", "soon"), "--at: expected a time")


def test_a_branch_from_before_the_first_checkpoint_is_refused(sim, aura):
    aura(*RUN, "--out", "one", "--set", "checkpoints.keep=1", "--until", "300 ms")
    refused(aura("branch", "one", "--out", "two", "--at", "10 ms"),
            "expected a checkpoint at or before 10 ms, got 300 ms")


@pytest.mark.slow
def test_a_branch_at_a_time_takes_the_checkpoint_of_that_tick(sim, aura):
    aura(*RUN, "--out", "one", "--until", "300 ms")  # of which one checkpoint is of the tick at 250 ms
    assert aura("branch", "one", "--out", "two", "--quiet", "--at", "250 ms").status == 0
    assert min(at for at, _ in sim.values("two", "diary.text")) == 260 * MS


@pytest.mark.slow
@pytest.mark.parametrize("words", [(), ("--set", "shout.learn=false")])
def test_a_branch_with_nothing_left_to_play_is_refused_and_names_the_checkpoints(sim, aura, words):
    aura(*RUN, "--out", "one")
    answer = aura("branch", "one", "--out", "two", "--quiet", *words)
    refused(answer, "expected a checkpoint with something left to play, got one at the end")
    assert "Earlier ones: 500 ms, 756 ms; choose one with --at" in answer.err
    assert not (sim.folder / "two").exists()


@pytest.mark.slow
def test_a_branch_from_the_end_goes_on_where_the_branch_has_more_to_play(sim, aura):
    aura(*RUN, "--out", "one", "--set", "until=300 ms")
    assert sim.read("one")["status"] == "finished"
    answer = aura("branch", "one", "--out", "two", "--quiet", "--set", "until=400 ms")
    assert answer.status == 0
    assert "finished at 400 ms" in answer.out


@pytest.mark.slow
def test_a_replay_is_identical(sim, aura):
    aura(*RUN, "--out", "one", "--until", "300 ms", "--realtime", "20")
    answer = aura("replay", "one", "--out", "two", "--quiet", "--executor", "threads")
    assert answer.status == 0
    assert "the replay is identical to one, bit for bit" in answer.out


@pytest.mark.slow
def test_a_replay_is_identical_where_a_table_stands_before_a_plain_text(sim, aura):
    order = "diary.columns={label = {from = 'label', type = 'tags'}, text = 'text'}"
    aura(*RUN, "--out", "one", "--until", "100 ms", "--set", order)
    assert aura("replay", "one", "--out", "two", "--quiet").status == 0


@pytest.mark.slow
def test_a_replay_that_is_stopped_is_compared_as_far_as_it_came(sim, aura, monkeypatch):
    aura(*RUN, "--out", "one", "--until", "300 ms")

    def stopped(player):
        player._begin()
        player.brain.run(until="100 ms")
        return False

    monkeypatch.setattr("aura.sim.phases.PhasePlayer.play", stopped)
    answer = aura("replay", "one", "--out", "two", "--quiet")
    assert "the replay is identical to one, bit for bit, as far as both go" in answer.out
    assert "stopped at 100 ms" in answer.out


@pytest.mark.slow
def test_a_replay_that_differs_says_where(sim, aura):
    aura(*RUN, "--out", "one", "--until", "100 ms")
    tampered = sim.folder / "one/scenario.toml"
    tampered.write_text(tampered.read_text(encoding="utf-8").replace("seed = 3", "seed = 4"), encoding="utf-8")
    answer = aura("replay", "one", "--out", "two", "--quiet")
    assert answer.status == 1
    assert "the replay differs: message 1, diary.text at 0 s: " in answer.out
    assert "Traceback" not in answer.err


def test_a_run_that_was_killed_is_not_replayed_but_resumed(sim, aura):
    aura(*RUN, "--out", "one", "--until", "100 ms")
    record = sim.folder / "one/run.json"
    record.write_text(record.read_text(encoding="utf-8").replace('"stopped"', '"running"'), encoding="utf-8")
    refused(aura("replay", "one"), "aura resume one")


@pytest.mark.slow
def test_a_failed_run_is_replayed_to_its_last_good_tick(sim, aura):
    source = sim.scenario(sim.text + "[zones.bomb]\nparams = {at = 4}\n", "bomb.toml")
    answer = aura("run", str(source), "--quiet", "--out", "one")
    assert answer.status == 2
    assert "its state at 30 ms is kept in one" in answer.err
    assert "boom" in answer.err
    answer = aura("replay", "one", "--out", "two", "--quiet")
    assert "the replay is identical to one, bit for bit" in answer.out


@pytest.mark.slow
def test_what_was_learned_is_exported(sim, aura):
    aura(*RUN, "--out", "one")
    answer = aura("export", "one", "--out", "weights")
    assert answer.status == 0
    assert answer.out.split() == ["weights/shout.txt", "weights/shout.txt"]  # shout and slow are of one kind
    assert (sim.folder / "weights/shout.txt").read_text(encoding="utf-8") == "160"


def test_a_report_is_written_again(sim, aura):
    aura(*RUN, "--out", "one", "--until", "50 ms")
    (sim.folder / "one/report.html").unlink()
    assert aura("report", "one").out.strip() == "one/report.html"
    assert (sim.folder / "one/report.html").is_file()


def test_a_zone_that_raises_ends_the_run_with_one_line_and_what_is_kept(sim, aura):
    sim.scenario(sim.text + "[zones.bomb]\n", "bomb.toml")
    answer = aura("run", "bomb.toml", "--quiet", "--out", "one")
    assert answer.status == 2
    lines = [line for line in answer.err.splitlines() if line]
    assert lines[-2] == "the run failed; its state at 20 ms is kept in one"
    assert lines[-1].startswith("aura: bomb at 20 ms: ")
    assert "ValueError: boom" in lines[-1]
    assert "Traceback" not in answer.err


@pytest.mark.slow
def test_a_second_ctrl_c_stops_at_once_and_says_what_is_kept(sim, aura, whole, monkeypatch):
    def twice(player, limit):
        raise KeyboardInterrupt

    aura(*RUN, "--out", "one", "--until", "200 ms")
    with monkeypatch.context() as patch:
        patch.setattr("aura.sim.phases.PhasePlayer._run_until", twice)
        answer = aura("resume", "one", "--quiet")
    assert answer.status == 130
    assert answer.err.splitlines() == ["stopped at once", "the run failed; its state at 200 ms is kept in one"]
    assert aura("resume", "one", "--quiet").status == 0
    assert sim.difference(whole, "one") is None


@pytest.mark.slow
def test_a_folder_whose_name_is_no_text_can_be_run_into_exported_and_resumed(sim, aura):
    name = os.fsdecode(b"r\xff")
    answer = aura(*RUN, "--out", name, "--until", "100 ms")
    assert answer.status == 0
    assert "stopped at 99 ms: $'r\\xff'" in answer.out or "stopped at 100 ms: $'r\\xff'" in answer.out
    assert answer.out.splitlines()[-1] == "to go on: aura resume $'r\\xff'"
    assert aura("export", name, "--out", "weights").status == 0
    assert aura("resume", name, "--quiet").status == 0


def test_standard_input_that_is_closed_is_said_to_be(sim, aura, monkeypatch):
    sim.scenario('''aura = 1
name = "live"
[streams.ear]
kind = "jsonlines"
columns = {text = "text"}
''', "live.toml")
    monkeypatch.setattr("sys.stdin", None)
    refused(aura("run", "live.toml", "--quiet", "--out", "one"), "standard input: expected an open stream of lines")
    assert not (sim.folder / "one").exists()


def test_an_export_onto_a_file_is_refused(sim, aura):
    aura(*RUN, "--out", "one", "--until", "50 ms")
    refused(aura("export", "one", "--out", "small.toml"), "--out small.toml: expected a folder that can be written to")


def test_a_replay_of_what_is_no_run_says_that_and_not_that_it_was_not_recorded(sim, aura):
    refused(aura("replay", "nowhere"), "nowhere: expected the folder of a run")


def test_a_plugin_may_be_blocked_and_its_zones_are_missed(sim, aura):
    refused(aura(*RUN, "--out", "one", "--no-plugin", "tiny_zones"), "Plugin 'tiny_zones' is blocked")
    assert not (sim.folder / "one").exists()


def test_hook_calls_can_be_traced(sim, aura):
    answer = aura(*RUN, "--out", "one", "--until", "10 ms", "--trace")
    assert answer.status == 0
    assert "aura_zones" in answer.err


@pytest.mark.slow
def test_a_run_that_has_live_input_is_exported_and_described_without_it(sim, aura):
    os.mkfifo(sim.folder / "ear")
    sim.scenario(f'''aura = 1
name = "live"
plugins = ['{sim.zones}']
pathways = ["ear.text -> shout.text"]
[streams.ear]
kind = "jsonlines"
path = "ear"
columns = {{text = "text"}}
[zones.shout]
''', "live.toml")
    assert "ear.text -> shout.text" in aura("describe", "live.toml").out

    def speak():
        with (sim.folder / "ear").open("w", encoding="utf-8") as pipe:
            pipe.write('{"text": "one"}\n')

    threading.Thread(target=speak, daemon=True).start()
    assert aura("run", "live.toml", "--quiet", "--out", "one").status == 0
    assert aura("export", "one", "--out", "weights").status == 0
    assert (sim.folder / "weights/shout.txt").read_text(encoding="utf-8") == "1"


@pytest.mark.parametrize(("words", "message"), [
    (("run", "smal.toml"), "scenario 'smal.toml': expected a file"),
    ((*RUN, "--set", "shuot.x=1"), "got 'shuot'. Try 'shout'"),
    ((*RUN, "--seed", "-1"), "--set seed: expected greater than or equal to 0, got -1"),
    ((*RUN, "--until", "soon"), "--until: expected a time"),
    ((*RUN, "--executor", "gpu"), "executor 'gpu': expected an executor that a plugin brings, got 'gpu'"),
    ((*RUN, "--realtime", "-2"), "--set realtime: expected"),
    ((*RUN, "--out", "small.toml"), "expected a new or empty folder"),
    ((*RUN, "--out", "small.toml/deep"), "expected a folder that can be written to"),
    ((*RUN, "--no-plugin", "shuot"), "--no-plugin shuot: expected a plugin's"),
    (("resume", "nothing"), "expected the folder of a run"),
    (("branch", "nothing"), "expected the folder of a run"),
    (("replay", "nothing"), "expected"),
    (("report", "nothing"), "expected"),
    (("export", "nothing", "--out", "weights"), "expected the folder of a run"),
])
def test_a_wrong_argument_is_refused_in_one_line(sim, aura, words, message, monkeypatch):
    if words[0] == "report":
        monkeypatch.undo()
        monkeypatch.chdir(sim.folder)
    refused(aura(*words), message)


@pytest.mark.slow
def test_a_run_ends_with_the_figures_of_each_phase_as_the_report_has_them(sim, aura):
    answer = aura(*RUN, "--out", "one")
    phases = sim.read("one", "metrics.json")["guess"]["phases"]
    assert list(phases) == ["learn", "learn, seen before", "held-out"]
    for name, phase in phases.items():
        [line] = [line for line in answer.out.splitlines() if line.startswith(f"guess, {name} (")]
        assert line.startswith(f"guess, {name} ({phase['how']}): {phase['items']} items, ")
        for shown in line.split(": ", 1)[1].split(", ")[1:]:
            words, value = shown.rsplit(" ", 1)
            key = {"exact match": "accuracy", "top-1": "top1"}.get(words, words.replace(" ", "_").lower())
            assert value == f"{phase['summary'][key]:.3f}"


@pytest.mark.slow
def test_bad_rows_are_counted_by_stream_in_run_json_and_on_the_terminal(sim, aura):
    file = sim.folder / "rows.jsonl"
    lines = file.read_text(encoding="utf-8").splitlines()
    lines[10], lines[20], lines[30] = "{", '{"text": 1}', "nonsense"
    file.write_text("\n".join(lines), encoding="utf-8")
    answer = aura(*RUN, "--out", "one", "--set", "diary.on_bad='skip'")
    assert "diary left out 3 bad rows" in answer.out.splitlines()
    [notice] = [notice for notice in sim.read("one")["notices"] if "bad rows" in notice["text"]]
    assert (notice["source"], notice["count"], notice["fault"]) == ("diary", 3, False)


@pytest.mark.slow
def test_json_is_one_document_with_the_figures_and_nothing_beside_it(sim, aura):
    answer = aura(*RUN, "--out", "one", "--until", "250 ms", "--json")
    ending = json.loads(answer.out)
    assert (ending["folder"], ending["status"], ending["now"]) == ("one", "stopped", 250 * MS)
    assert ending["report"] == "one/report.html"
    [phase] = ending["phases"]
    found = sim.read("one", "metrics.json")["guess"]["phases"]["learn"]
    assert (phase["name"], phase["learning"], phase["start"], phase["items"]) == ("learn", True, 0, {"diary": 75})
    assert phase["figures"]["guess"] == {"measured": "prequential", "items": found["items"], "unlabelled": 0,
                                         **found["summary"]}
    whole = json.loads(aura("resume", "one", "--quiet", "--json").out)
    assert [phase["name"] for phase in whole["phases"]] == ["learn", "learn, seen before", "held-out"]
    again = aura("replay", "one", "--quiet", "--json", "--out", "two")
    assert json.loads(again.out)["difference"] is None
    assert "bit for bit" in again.err


def test_json_of_a_run_that_fails_says_so(sim, aura):
    sim.scenario(sim.text + "[zones.bomb]\n", "bomb.toml")
    answer = aura("run", "bomb.toml", "--quiet", "--out", "one", "--json")
    assert answer.status == 2
    assert json.loads(answer.out)["status"] == "failed"
    assert len(json.loads(answer.out)["messages"]) == 1


TALKER = """
import os
import sys

from aura import Manifest, Port, Zone, hookimpl

print("imported")
KEPT = sys.stdout


class Talker(Zone):
    def __init__(self, context):
        super().__init__(context)
        print("built")

    def step(self, now, inputs):
        print("stepped")
        KEPT.write("to a stream that it keeps\\n")
        os.write(1, b"past Python\\n")
        os.system("echo from a child")
        return {"n": 1}

    def close(self):
        print("closed")


@hookimpl
def aura_zones():
    return [Manifest("talker", Talker, "Talks.", outputs=(Port("n", "int64"),), period="10 ms")]
"""
TALK = """
aura = 1
name = "talk"
until = "30 ms"
plugins = ["talker.py"]
zones.talker = {}
"""
LINES = ("imported", "built", "stepped", "to a stream that it keeps", "past Python", "from a child", "closed")


@pytest.mark.parametrize("executor", ["serial", "processes"])
@pytest.mark.parametrize(("played", "status"), [('{"n": 1}', 0), ('{"n": 1 // (now < 20_000_000)}', 2)])
def test_what_zones_and_plugins_print_is_kept_out_of_the_document(sim, aura, executor, played, status):
    (sim.folder / "talker.py").write_text(TALKER.replace('{"n": 1}', played), encoding="utf-8")
    sim.scenario(TALK, "talk.toml")
    answer = aura("run", "talk.toml", "--quiet", "--out", "one", "--executor", executor, "--json")
    assert answer.status == status
    assert json.loads(answer.out)["status"] == ("failed" if status else "finished")
    assert [line for line in LINES if line not in answer.err] == []


def test_what_zones_print_is_left_where_it_is_without_a_document(sim, aura):
    (sim.folder / "talker.py").write_text(TALKER, encoding="utf-8")
    sim.scenario(TALK, "talk.toml")
    answer = aura("run", "talk.toml", "--quiet", "--out", "one")
    assert [line for line in LINES if line not in answer.out] == []


def test_what_a_plugin_prints_is_kept_out_of_the_schema(sim, aura, monkeypatch):
    monkeypatch.setattr("aura.sim.schema.scenario_schema", lambda manager: print("imported") or {})
    answer = aura("schema")
    assert (json.loads(answer.out), answer.err) == ({}, "imported\n")


def test_a_folder_that_is_gone_as_the_run_ends_is_named(tmp_path):
    with pytest.raises(CheckpointError, match="moved or removed as the run ended"):
        say_end(RunFolder(tmp_path / "gone"))
