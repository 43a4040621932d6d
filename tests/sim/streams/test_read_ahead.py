"""What a live stream has read ahead when its run stops is played first when the run goes on."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from aura.core.checkpoint import list_checkpoints
from aura.core.errors import AuraError, CheckpointError, ZoneError
from aura.core.observer import Observer
from aura.core.time import MS
from aura.plugins.recording import JournalReader
from aura.plugins.recording.intake import IntakeFolder
from aura.sim.hold import Hold
from aura.sim.runfolder import RunFolder

LIVE = """
aura = 1
name = "live"
seed = 2
plugins = ['{zones}']
pathways = ["ear.text -> shout.text"]

[streams.ear]
kind = "jsonlines"
path = "{path}"
columns = {{text = "text"}}
on_bad = "{on_bad}"
items = {items}

[zones.shout]
"""
PATIENCE_S = 20


def lines(first, last):
    return b"".join(b'{"text": "%d"}\n' % number for number in range(first, last))


def numbers(sim, run="run"):
    return [int(text) for _, texts in sim.values(run, "ear.text") for text in texts]


@pytest.fixture
def live(sim):
    def source(path="ear", on_bad="stop", items=1):
        return sim.scenario(LIVE.format(zones=sim.zones, path=path, on_bad=on_bad, items=items), "live.toml")

    return source


@pytest.fixture
def pipe(sim):
    """A named pipe, and the function that opens it, writes, and says when it is read."""
    os.mkfifo(sim.folder / "ear")
    ends = []

    def speak(content, *, close=True):
        while ends:
            ends.pop().close()

        def write():
            end = (sim.folder / "ear").open("wb", buffering=0)
            ends.append(end)
            end.write(content)
            if close:
                end.close()

        threading.Thread(target=write, daemon=True).start()

    yield speak
    for end in ends:
        end.close()


def first(sim):
    return list_checkpoints(sim.folder / "run/checkpoints")[0]


def replayed(sim, live):
    sim.make("replay", source=live(), replay_of=RunFolder(sim.folder / "run")).start()
    return sim.difference("run", "replay")


@pytest.mark.slow
def test_an_input_that_ended_before_the_stop_is_played_to_its_end_without_being_opened_again(sim, live, pipe):
    pipe(lines(0, 400))
    assert sim.make("run", source=live(), until=35 * MS).start() == "stopped"
    assert numbers(sim) == [0, 1, 2, 3]
    assert sim.make("run", source=live()).resume() == "finished"
    assert numbers(sim) == list(range(400))
    assert replayed(sim, live) is None


@pytest.mark.slow
def test_what_was_sent_before_the_stop_comes_before_what_is_sent_after_it(sim, live, pipe):
    pipe(lines(0, 400), close=False)
    assert sim.make("run", source=live(), until=35 * MS).start() == "stopped"
    assert sim.make("run", source=live(), until=65 * MS).resume() == "stopped"
    pipe(lines(400, 500))
    assert sim.make("run", source=live()).resume() == "finished"
    assert numbers(sim) == list(range(500))
    assert replayed(sim, live) is None


@pytest.mark.slow
def test_a_crash_after_a_resume_neither_loses_nor_repeats_a_row(sim, live, pipe):
    pipe(lines(0, 300), close=False)
    sim.make("run", "checkpoints.keep=0", source=live(), until=35 * MS).start()
    sim.make("run", "checkpoints.keep=0", source=live(), until=95 * MS).resume()
    # As after a kill: what was played since is played again, but only half of it before the next.
    sim.make("run", "checkpoints.keep=0", source=live(), until=55 * MS).resume(first(sim))
    pipe(lines(300, 310))
    assert sim.make("run", "checkpoints.keep=0", source=live()).resume(first(sim)) == "finished"
    assert numbers(sim) == list(range(310))
    assert replayed(sim, live) is None


@pytest.mark.parametrize(("half", "more", "heard"), [
    (b'{"text": "7', b'7"}\n', [0, 1, 77, 8]), (b'{"text": "7"}', b"\n", [0, 1, 7, 8]), (b"{", b'"text": "7"}\n',
                                                                                          [0, 1, 7, 8]),
    (b'{"text": "7', b'{"text": "9"}\n', [0, 1, 9, 8]), (b'{"text": "7"}', b'{"text": "9"}\n', [0, 1, 7, 9, 8])])
def test_a_line_that_was_cut_in_two_is_joined_unless_the_input_begins_anew(sim, live, pipe, half, more, heard):
    pipe(lines(0, 2) + half, close=False)
    sim.make("run", source=live(), until=5 * MS).start()
    pipe(more + lines(8, 9))
    assert sim.make("run", source=live()).resume() == "finished"
    assert numbers(sim) == heard
    assert replayed(sim, live) is None


def test_bad_lines_among_those_read_ahead_are_counted(sim, live, pipe):
    pipe(lines(0, 5) + b"no\n" + lines(5, 9) + b"{}\n")
    sim.make("run", source=live(on_bad="skip"), until=25 * MS).start()
    assert sim.make("run", source=live(on_bad="skip")).resume() == "finished"
    assert numbers(sim) == list(range(9))
    notices = sim.read("run")["notices"]
    assert [(notice["source"], notice["count"]) for notice in notices] == [("ear", 2)]


def test_what_comes_behind_the_end_of_a_file_is_not_waited_for(sim, live):
    (sim.folder / "ear").write_bytes(lines(0, 5))
    sim.make("run", source=live(), until=25 * MS).start()
    (sim.folder / "ear").write_bytes(lines(0, 8))
    assert sim.make("run", source=live()).resume() == "finished"
    assert numbers(sim) == list(range(5))


@pytest.mark.slow
@pytest.mark.parametrize("same", [True, False])
def test_a_file_that_was_not_read_to_its_end_is_gone_on_with_if_it_is_the_same(sim, live, caplog, same):
    settings = ("streams.ear.capacity=100", "streams.ear.items=4096", "record.enabled=false")
    (sim.folder / "ear").write_bytes(lines(0, 30_000))
    sim.make("run", *settings, source=live(), until=25 * MS).start()
    before = heard(sim.folder / "run")
    if not same:
        (sim.folder / "ear").write_bytes(lines(7, 20))
    assert sim.make("run", *settings, source=live()).resume() == "finished"
    after = heard(sim.folder / "run")
    assert after[:len(before)] == before
    if same:
        assert after == list(range(30_000))
        assert "does not begin with" not in caplog.text
    else:
        assert after[-13:] == list(range(7, 20))
        assert after[:-13] == list(range(len(after) - 13))
        assert "does not begin with" in caplog.text


def test_a_row_is_kept_before_it_is_parsed(tmp_path):
    from aura.sim.readers import Column, JsonLinesSource

    folder = IntakeFolder(tmp_path)
    out, into = os.pipe()
    with os.fdopen(out, "rb") as reader, os.fdopen(into, "wb", buffering=0) as writer:
        columns = {"text": Column.model_validate({"from": "text"})}
        source = JsonLinesSource(reader, columns, intake=folder.stream("ear", 0))
        writer.write(lines(0, 3) + b'{"text"')
        assert len(source.take(1, timeout_s=PATIENCE_S)) == 1
        kept = IntakeFolder(tmp_path).stream("ear", source.position)  # as another process finds it after a kill
        assert (kept.rest, kept.ended) == (lines(1, 3) + b'{"text"', False)
        writer.write(b': "3"}\n')
        source.close()  # drains
    folder.close()
    assert IntakeFolder(tmp_path).stream("ear", 0).rest == lines(0, 4)


class Server(threading.Thread):
    """Sends numbered lines to whoever connects, one after the other, until the connection breaks."""

    def __init__(self, pause_s=0.0, limit=None):
        super().__init__(daemon=True)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port, self.pause_s, self.limit, self.sent = self.socket.getsockname()[1], pause_s, limit, 0
        self.start()

    def run(self):
        with self.socket:
            self.serve()

    def serve(self):
        while True:
            connection, _ = self.socket.accept()
            with connection:
                try:
                    while self.limit is None or self.sent < self.limit:
                        connection.sendall(lines(self.sent, self.sent + 1))
                        self.sent += 1
                        time.sleep(self.pause_s)
                except OSError:
                    continue
                return


def process(*arguments, **options):
    return subprocess.Popen([sys.executable, "-m", "aura", *map(str, arguments)], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, **options)


def until(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def heard(folder):
    try:
        return [int(row["text"]) for _, rows in JournalReader(folder / "journal").entries("ear") for row in rows]
    except Exception:  # not begun
        return []


def read(folder):
    """Return how many bytes the stream has read and kept."""
    try:
        return IntakeFolder(folder / "journal/intake").stream("ear", 0).total
    except Exception:  # not begun
        return 0


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_standard_input_loses_no_row_at_a_stop(sim, live, how):
    source, folder = live("-", items=4), sim.folder / "run"
    # Paced, 15 s in all, so that the stop comes after all was read and long before all is heard.
    with process("run", source, "--out", folder, "--quiet", "--realtime", "0.1", stdin=subprocess.PIPE) as run:
        run.stdin.write(lines(0, 600))
        run.stdin.flush()
        until(lambda: len(heard(folder)) > 20 and read(folder) == len(lines(0, 600)))
        run.send_signal(how)
        run.wait(60)
    assert len(heard(folder)) < 600
    scenario = (folder / "scenario.toml").read_text(encoding="utf-8")
    assert "realtime = 0.1" in scenario
    (folder / "scenario.toml").write_text(scenario.replace("realtime = 0.1", "realtime = 0.0"), encoding="utf-8")
    with process("resume", folder, "--quiet", stdin=subprocess.PIPE) as run:
        out, errors = run.communicate(lines(600, 620), timeout=120)
        assert run.returncode == 0, (out, errors)
    assert heard(folder) == list(range(620))
    assert replayed(sim, lambda: source) is None


@pytest.mark.slow
def test_a_connection_loses_no_row_that_had_come_at_a_stop(sim, live):
    server = Server(pause_s=0.001, limit=1200)
    source, folder = live(f"tcp://127.0.0.1:{server.port}", items=4), sim.folder / "run"
    with process("run", source, "--out", folder, "--quiet") as run:
        until(lambda: len(heard(folder)) > 20 and server.sent > 300)
        run.send_signal(signal.SIGTERM)
        run.wait(60)
    with process("resume", folder, "--quiet") as run:
        out, errors = run.communicate(timeout=120)
        assert run.returncode == 0, (out, errors)
    got = heard(folder)
    assert got == sorted(set(got))
    assert got[-1] == 1199
    # A sender learns of the end by its second write after it, so the first may be lost; the machine may be busy.
    assert 1200 - len(got) <= 20


class Stopper(Observer):
    """Interrupts a run before its first tick: while it is built, or when its first checkpoint is written."""

    name = "stopper"

    def __init__(self, when, ready=lambda: True):
        self.when, self.ready, self.run = when, ready, None

    def follow(self, player):
        self.stop("built")

    def state(self):
        self.stop("begun")
        return {}

    def stop(self, when):
        if when == self.when:
            until(self.ready)
            self.run.interrupt()


def stopped_before_the_first_tick(sim, source, stopper):
    stopper.run = sim.make("run", source=source, observers=[stopper])
    assert stopper.run.start() == "stopped"
    assert stopper.run.now == 0
    assert not heard(sim.folder / "run")


class Teller(Server):
    """Sends nine lines to the first who connects and learns how that one left; sends the others to the second."""

    def serve(self):
        self.met, self.left = 0, None
        for _ in range(2):
            connection, _ = self.socket.accept()
            self.met += 1
            with connection:
                connection.sendall(lines(self.sent, self.sent + 9))
                self.sent += 9
                if self.met == 1:
                    try:
                        self.left = connection.recv(1)
                    except OSError as error:
                        self.left = error


def test_a_stop_before_the_first_tick_keeps_what_a_connection_has_sent(sim, live):
    server = Teller()
    source = live(f"tcp://127.0.0.1:{server.port}")
    stopped_before_the_first_tick(sim, source, Stopper("begun", lambda: server.sent))
    until(lambda: server.left is not None)
    assert server.left == b"", "all that was sent was read"
    assert sim.make("run", source=source).resume() == "finished"
    assert numbers(sim) == list(range(18))
    assert replayed(sim, lambda: source) is None


def test_a_stop_while_the_brain_is_built_lets_no_writer_in(sim, live):
    server = Teller()
    source = live(f"tcp://127.0.0.1:{server.port}")
    stopped_before_the_first_tick(sim, source, Stopper("built"))
    assert server.met == 0
    assert sim.make("run", source=source, until=5 * MS).resume() == "stopped"
    assert sim.make("run", source=source).resume() == "finished"
    assert numbers(sim) == list(range(18))


@pytest.mark.parametrize("when", ["built", "begun"])
def test_a_stop_before_the_first_tick_keeps_what_was_piped_in(sim, live, monkeypatch, when):
    out, into = os.pipe()
    os.write(into, lines(0, 9))
    os.close(into)
    with os.fdopen(out) as piped:
        monkeypatch.setattr(sys, "stdin", piped)
        stopped_before_the_first_tick(sim, live("-"), Stopper(when))
    monkeypatch.setattr(sys, "stdin", None)
    assert read(sim.folder / "run") == len(lines(0, 9))
    with (sim.folder / "rest").open("wb+") as file:
        file.write(lines(9, 12))
        file.seek(0)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(file))
        assert sim.make("run", source=live("-")).resume() == "finished"
    assert numbers(sim) == list(range(12))


REFUSED = {
    "a folder that is not empty": lambda sim: (sim.folder / "run").mkdir() or (sim.folder / "run/x").touch(),
    "a folder that another process plays": lambda sim: (sim.folder / "run").mkdir() or Hold(sim.folder / "run"),
    "a setting of a zone": lambda sim: "zones.shout.params.none=1",
    "a setting of the stream": lambda sim: "ear.rate='5 kHz'",
    "a phase": lambda sim: "phases=[{name = 'a', stage = 3}]",
    "a metric": lambda sim: "metrics.fit={kind = 'none'}",
    "a metric's topic": lambda sim: "metrics.fit={kind = 'classification', truth = 'ear.a', prediction = 'ear.b'}",
}


@pytest.mark.parametrize("why", REFUSED)
def test_a_run_that_is_refused_has_let_no_writer_in(sim, live, why):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        setting = REFUSED[why](sim)
        run = sim.make("run", *([setting] if isinstance(setting, str) else ()),
                       source=live(f"tcp://127.0.0.1:{server.getsockname()[1]}"))
        with pytest.raises(AuraError):
            run.start()
        with pytest.raises(BlockingIOError):
            server.accept()


def test_a_branch_that_is_refused_has_let_no_writer_in(sim, live):
    server = Teller()
    source = live(f"tcp://127.0.0.1:{server.port}")
    stopped_before_the_first_tick(sim, source, Stopper("built"))
    other = sim.scenario(source.read_text() + "[zones.ticker]\n", "other.toml")
    with pytest.raises(CheckpointError):
        sim.make("branch", source=other).branch(first(sim))
    assert server.met == 0


def test_a_folder_that_is_taken_is_told_before_anything_is_built(sim):
    (sim.folder / "run").mkdir()
    (sim.folder / "run/x").touch()
    run = sim.make("run", "diary.path='gone.jsonl'")
    with pytest.raises(AuraError, match="a new or empty folder"):
        run.start()


@pytest.mark.slow
def test_a_closed_standard_input_is_named(sim, live):
    with process("run", live("-"), "--out", sim.folder / "run", "--quiet", stdin=subprocess.DEVNULL) as run:
        assert run.wait(60) == 0
    done = subprocess.run(f"{sys.executable} -m aura run {live('-')} --out {sim.folder / 'other'} <&-", shell=True,
                          check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert "standard input: expected an open stream" in done.stderr
    assert json.loads((sim.folder / "run/run.json").read_text(encoding="utf-8"))["items"] == {"ear": 0}


def branch(sim, live, *settings, out="branch", at=-1, **options):
    checkpoint = list_checkpoints(sim.folder / "run/checkpoints")[at]
    return sim.make(out, *settings, source=live(), **options).branch(checkpoint)


def test_a_branch_plays_what_its_origin_had_taken_in_and_then_what_is_new(sim, live):
    (sim.folder / "ear").write_bytes(lines(0, 50))
    assert sim.make("run", source=live(), until=35 * MS).start() == "stopped"
    with (sim.folder / "ear").open("ab") as file:
        file.write(lines(50, 60))
    assert branch(sim, live, "shout.learn=false") == "finished"
    assert numbers(sim, "branch") == list(range(4, 60))
    for played, again in (("branch", "replay"), ("replay", "once more")):
        sim.make(again, "shout.learn=false", source=live(), replay_of=RunFolder(sim.folder / played)).start()
        assert sim.difference(played, again) is None
    assert [entry.rows[0]["text"] for entry in JournalReader(sim.folder / "branch/journal").kept("ear") if entry.rows] \
        == [str(number) for number in range(60)]


def test_a_branch_from_the_middle_plays_the_rows_after_it_when_they_were_played(sim, live, pipe):
    pipe(lines(0, 20))
    sim.make("run", "checkpoints.every='50 ms'", "checkpoints.keep=0", source=live()).start()
    middle = len(list_checkpoints(sim.folder / "run/checkpoints")) // 2
    assert branch(sim, live, at=middle) == "finished"  # the pipe is not opened again: it has no writer
    heard = sim.values("branch", "ear.text")
    assert 2 < len(heard) < 20
    assert heard == sim.values("run", "ear.text")[-len(heard):]


def test_a_branch_that_is_stopped_or_has_lost_its_origin_goes_on_as_any_run(sim, live):
    (sim.folder / "ear").write_bytes(lines(0, 50))
    sim.make("run", source=live(), until=35 * MS).start()
    assert branch(sim, live, until=75 * MS) == "stopped"
    (sim.folder / "run").rename(sim.folder / "gone")
    newest = list_checkpoints(sim.folder / "branch/checkpoints")[0]  # as after a kill
    assert sim.make("branch", source=live()).resume(newest) == "finished"
    assert numbers(sim, "branch") == list(range(4, 50))


def test_a_branch_whose_checkpoint_does_not_fit_leaves_no_folder(sim, live):
    (sim.folder / "ear").write_bytes(lines(0, 50))
    sim.make("run", source=live(), until=35 * MS).start()
    other = sim.scenario(live().read_text() + "[zones.ticker]\n", "other.toml")
    with pytest.raises(CheckpointError):
        sim.make("branch", source=other).branch(list_checkpoints(sim.folder / "run/checkpoints")[-1])
    assert not (sim.folder / "branch").exists()


def test_bad_lines_are_counted_the_same_resumed_after_a_kill_replayed_branched_and_failed(sim, live):
    bad = b"no\n"
    (sim.folder / "ear").write_bytes(bad + lines(0, 5) + bad + lines(5, 9) + bad)
    notices = [{"source": "ear", "text": "left out {count} bad rows", "count": 3, "fault": False}]

    def source():
        return live(on_bad="skip")

    sim.make("run", "checkpoints.keep=0", source=source()).start()
    assert sim.read("run")["notices"] == notices
    sim.make("replay", source=source(), replay_of=RunFolder(sim.folder / "run")).start()
    assert sim.read("replay")["notices"] == notices
    assert sim.make("branch", source=source()).branch(first(sim)) == "finished"
    assert sim.read("branch")["notices"] == notices
    assert sim.make("run", source=source()).resume(first(sim)) == "finished"  # as after a kill
    assert sim.read("run")["notices"] == notices


def test_a_run_that_fails_tells_its_bad_lines_and_a_branch_of_it_plays_the_rows_that_were_left(sim):
    (sim.folder / "ear").write_bytes(b"no\n" + lines(0, 5) + b"no\n" + lines(5, 30) + b"no\n")
    source = sim.scenario(LIVE.format(zones=sim.zones, path="ear", on_bad="skip", items=1)
                          + "[zones.bomb]\nparams = {at = 8}\n", "live.toml")
    with pytest.raises(ZoneError):
        sim.make("run", source=source).start()
    assert [(n["source"], n["count"]) for n in sim.read("run")["notices"]] == [("ear", 2)]
    newest = list_checkpoints(sim.folder / "run/checkpoints")[-1]
    assert sim.make("branch", "bomb.at=1000", "until='500 ms'", source=source).branch(newest) == "finished"
    assert numbers(sim, "branch") == list(range(7, 30))
    assert [(n["source"], n["count"]) for n in sim.read("branch")["notices"]] == [("ear", 3)]
