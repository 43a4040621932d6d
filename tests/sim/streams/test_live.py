"""Live streams: rows as they come through a pipe, journaled before use, replayed to the bit."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import time

import pytest

from aura.core.checkpoint import list_checkpoints
from aura.core.errors import StreamError
from aura.core.time import MS
from aura.plugins.recording.journal import JournalReader
from aura.sim.journal import RunJournal
from aura.sim.runfolder import RunFolder

LIVE = """
aura = 1
name = "live"
seed = 2
plugins = ['{zones}']
pathways = ["ear.text -> shout.text"]

[streams.ear]
kind = "jsonlines"
path = "{pipe}"
columns = {{text = "text"}}
items = 2

[zones.shout]
[zones.ticker]
{more}
"""


@pytest.fixture
def live(sim):
    """A scenario that hears what is written into a named pipe."""
    os.mkfifo(sim.folder / "ear")

    def source(more: str = "", name: str = "live.toml"):
        return sim.scenario(LIVE.format(zones=sim.zones, pipe="ear", more=more), name)

    return source


class Speaker(threading.Thread):
    """Writes lines into the pipe, one group after the other, and closes it, unless it is told to wait."""

    def __init__(self, folder, groups, pause_s=0.03, keep_open=None):
        super().__init__(daemon=True)
        self.path, self.groups, self.pause_s, self.keep_open = folder / "ear", groups, pause_s, keep_open
        self.start()

    def run(self):
        with contextlib.suppress(BrokenPipeError), self.path.open("w", encoding="utf-8") as pipe:
            for group in self.groups:
                pipe.write("".join(json.dumps({"text": text}) + "\n" for text in group))
                pipe.flush()
                time.sleep(self.pause_s)
            if self.keep_open is not None:
                self.keep_open.wait(10)


GROUPS = (["one", "two", "three"], ["four"], ["five", "six"], ["seven"])
WORDS = [word for group in GROUPS for word in group]


def texts(sim, run):
    """Return what a run has heard, in order."""
    return [text for _, published in sim.values(run, "ear.text") for text in published]


def test_every_row_is_heard_once_in_its_order(sim, live):
    Speaker(sim.folder, GROUPS)
    assert sim.make("run", source=live()).start() == "finished"
    assert texts(sim, "run") == WORDS
    assert sim.read("run")["items"] == {"ear": 7}
    assert all(len(published) <= 2 for _, published in sim.values("run", "ear.text"))


def test_the_journal_holds_every_row_and_the_end(sim, live):
    Speaker(sim.folder, GROUPS)
    sim.make("run", source=live()).start()
    entries = list(JournalReader(sim.folder / "run/journal").entries("ear"))
    assert [row["text"] for _, rows in entries for row in rows] == WORDS
    heard = [(at, [row["text"] for row in rows]) for at, rows in entries if rows]
    assert heard == [(at, list(published)) for at, published in sim.values("run", "ear.text")]
    assert entries[-1][1] == []


def test_rows_are_journaled_before_they_are_used(sim, live, monkeypatch):
    order = []
    run = sim.make("run", source=live())
    write = RunJournal.write

    def watched(self, stream, now, rows, *counts):
        write(self, stream, now, rows, *counts)
        order.extend(("kept", now) for _ in rows[:1])

    monkeypatch.setattr(RunJournal, "write", watched)
    shout = next(module.Shout for name, module in sys.modules.items() if name.startswith("aura_file_tiny_zones"))
    step = shout.step
    monkeypatch.setattr(shout, "step", lambda self, now, inputs: order.append(("used", now)) or step(self, now, inputs))
    Speaker(sim.folder, GROUPS)
    run.start()
    assert len(order) >= 8
    for kept, used in zip(order[::2], order[1::2], strict=True):
        assert (kept[0], used[0]) == ("kept", "used")
        assert used[1] == kept[1] + 1 * MS


@pytest.mark.slow
@pytest.mark.parametrize("executor", ["serial", "threads"])
def test_a_replay_from_the_journal_is_identical(sim, live, executor):
    Speaker(sim.folder, GROUPS, pause_s=0.05)
    sim.make("run", source=live()).start()
    replay = sim.make("replay", f"executor={executor}", source=live(), replay_of=RunFolder(sim.folder / "run"))
    assert replay.start() == "finished"
    assert sim.difference("run", "replay") is None
    assert sim.read("replay")["now"] == sim.read("run")["now"]
    again = sim.make("again", source=live(), replay_of=RunFolder(sim.folder / "replay"))
    assert again.start() == "finished"
    assert sim.difference("run", "again") is None


@pytest.mark.slow
def test_a_replay_of_a_paced_run_is_identical(sim, live):
    Speaker(sim.folder, GROUPS, pause_s=0.1)
    assert sim.make("run", "realtime=1.0", source=live()).start() == "finished"
    assert texts(sim, "run") == WORDS
    assert sim.read("run")["now"] > 300 * MS  # the brain went on while nothing came
    assert sim.make("replay", source=live(), replay_of=RunFolder(sim.folder / "run")).start() == "finished"
    assert sim.difference("run", "replay") is None


def test_a_replay_of_a_run_that_was_stopped_ends_where_it_was(sim, live):
    Speaker(sim.folder, GROUPS)
    assert sim.make("run", source=live(), until=25 * MS).start() == "stopped"
    replay = sim.make("replay", source=live(), until=25 * MS, replay_of=RunFolder(sim.folder / "run"))
    assert replay.start() == "stopped"
    assert sim.difference("run", "replay") is None


@pytest.mark.slow
def test_a_free_run_waits_for_input_and_can_be_interrupted_while_it_waits(sim, live):
    hold = threading.Event()
    Speaker(sim.folder, [["one"]], keep_open=hold)
    run = sim.make("run", source=live())
    timer = threading.Timer(0.5, run.interrupt)
    timer.start()
    began = time.monotonic()
    assert run.start() == "stopped"
    assert 0.4 < time.monotonic() - began < 5
    assert texts(sim, "run") == ["one"]
    assert run.now == 10 * MS + 1  # the tick in which it waited, the clock stood still
    hold.set()
    timer.join()


@pytest.mark.slow
def test_an_interrupted_live_run_resumes_with_what_comes_next_and_replays_as_one(sim, live):
    hold = threading.Event()
    Speaker(sim.folder, [["one", "two", "three"]], keep_open=hold)
    run = sim.make("run", source=live())
    timer = threading.Timer(0.4, run.interrupt)
    timer.start()
    assert run.start() == "stopped"
    hold.set()
    timer.join()

    Speaker(sim.folder, [["four"], ["five"]])
    assert sim.make("run", source=live()).resume() == "finished"
    assert texts(sim, "run") == ["one", "two", "three", "four", "five"]
    assert sim.make("replay", source=live(), replay_of=RunFolder(sim.folder / "run")).start() == "finished"
    assert sim.difference("run", "replay") is None


@pytest.mark.slow
def test_rows_heard_after_the_last_checkpoint_are_played_again_after_a_crash(sim, live):
    Speaker(sim.folder, GROUPS)
    sim.make("whole", source=live()).start()
    # What a kill leaves: the journal to its end, the checkpoint from the beginning, and no end of the run.
    Speaker(sim.folder, [["eight"]])
    (sim.folder / "whole").rename(sim.folder / "run")
    first = list_checkpoints(sim.folder / "run/checkpoints")[0]
    assert sim.make("run", source=live()).resume(first) == "finished"
    assert texts(sim, "run") == WORDS
    replay = sim.make("replay", source=live(), replay_of=RunFolder(sim.folder / "run"))
    replay.start()
    assert sim.difference("run", "replay") is None


def test_input_that_ends_at_once_is_an_empty_run_that_replays(sim, live):
    Speaker(sim.folder, [])
    assert sim.make("run", source=live()).start() == "finished"
    assert sim.read("run")["items"] == {"ear": 0}
    assert sim.make("replay", source=live(), replay_of=RunFolder(sim.folder / "run")).start() == "finished"
    assert sim.difference("run", "replay") is None


def test_a_bad_line_stops_the_run_after_the_rows_before_it(sim, live):
    def speak():
        with (sim.folder / "ear").open("w", encoding="utf-8") as pipe:
            pipe.write('{"text": "one"}\n{"text": 2\n')

    threading.Thread(target=speak, daemon=True).start()
    with pytest.raises(StreamError, match="line 2"):
        sim.make("run", source=live()).start()
    assert texts(sim, "run") == ["one"]
    assert sim.read("run")["status"] == "failed"


@pytest.mark.slow
def test_bad_lines_that_were_skipped_are_counted_over_all_sittings(sim, live):
    skip, hold = "ear.on_bad='skip'", threading.Event()
    Speaker(sim.folder, [["one", None, "two", None]], keep_open=hold)
    run = sim.make("run", skip, source=live())
    timer = threading.Timer(0.4, run.interrupt)
    timer.start()
    assert run.start() == "stopped"
    hold.set()
    timer.join()
    Speaker(sim.folder, [[None, "three"]])
    assert sim.make("run", skip, source=live()).resume() == "finished"
    assert texts(sim, "run") == ["one", "two", "three"]
    assert [(n["source"], n["text"], n["count"]) for n in sim.read("run")["notices"]] == [
        ("ear", "left out {count} bad rows", 3)]


@pytest.mark.parametrize(("setting", "key"), [("ear.shuffle=true", "shuffle"), ("ear.hold_out=0.1", "hold_out"),
                                              ("ear.limit=3", "limit"), ("ear.repeat=2", "repeat")])
def test_live_input_takes_no_settings_of_a_file(sim, live, setting, key):
    with pytest.raises(StreamError, match=rf"streams\.ear\.{key}: expected no such setting for live input"):
        sim.make("run", setting, source=live()).start()
