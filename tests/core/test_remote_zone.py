"""A zone in a process of its own when something goes wrong: it is told, ended or put in place anew, and never lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from aura import Brain, Observer
from aura.core import link, remote
from aura.core.errors import AuraError, ZoneError
from aura.plugins.manager import PluginManager
from tests.core.kit import MS
from tests.core.strange import Alarmed, Strange, Unbuilt

pytestmark = pytest.mark.slow


class Learned(Observer):
    """Keeps what zones say of their learning."""

    name = "learned"

    def __init__(self) -> None:
        self.logged: list[Any] = []

    def on_learn(self, zone: str, now: int, scalars: Any) -> None:
        self.logged.append(scalars)


@pytest.fixture
def brain() -> Iterator[Brain]:
    with Brain(executor="processes") as brain:
        yield brain


@pytest.fixture
def short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (link, remote):
        monkeypatch.setattr(module, "GRACE_S", 0.5)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """The processes of zones, as they are started; each is sent a Ctrl-C at once."""
    found: list[subprocess.Popen[bytes]] = []

    begin = subprocess.Popen

    def start(*given: Any, **named: Any) -> subprocess.Popen[bytes]:
        found.append(begin(*given, **named))
        os.kill(found[-1].pid, signal.SIGINT)
        return found[-1]

    monkeypatch.setattr(subprocess, "Popen", start)
    return found


def tell(brain: Brain, *whats: str, zone: str = "strange") -> None:
    """Let a zone do one thing after the other, a millisecond apart."""
    for at, what in enumerate(whats):
        brain.inject(f"{zone}.what", [what], delay=(at + 1) * MS)


def zone_of(brain: Brain, name: str = "strange") -> Any:
    return brain[name]


def notices(brain: Brain) -> str:
    return "; ".join(map(str, brain.notices))


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(done: Callable[[], bool], seconds: float = 20.0) -> bool:
    until = time.monotonic() + seconds
    while not done() and time.monotonic() < until:
        time.sleep(0.05)
    return done()


def test_a_tick_that_ctrl_c_breaks_off_leaves_no_answer_behind(brain: Brain, tmp_path: Path) -> None:
    brain.add(Strange, "beside")
    brain.add(Strange)
    tell(brain, "count", "interrupt", "count")
    tell(brain, "count", "count", "count", zone="beside")
    brain.run(until=2 * MS)
    brain.save(tmp_path)
    pid = zone_of(brain).pid()
    with pytest.raises(KeyboardInterrupt):
        brain.run()
    assert (zone_of(brain, "beside").n, zone_of(brain).n) == (2, 2)
    brain.load(tmp_path)
    assert zone_of(brain).pid() == pid
    with pytest.raises(KeyboardInterrupt):  # as it is in the checkpoint
        brain.run()
    brain.load(tmp_path)
    assert (zone_of(brain, "beside").n, zone_of(brain).n) == (1, 1)


def test_a_zone_that_does_not_answer_is_replaced_by_loading_and_ended_by_closing(
        brain: Brain, tmp_path: Path, short_grace: None) -> None:
    brain.add(Strange)
    tell(brain, "count")
    brain.run()
    brain.save(tmp_path)
    pid = zone_of(brain).pid()
    tell(brain, "hang")
    with pytest.raises(KeyboardInterrupt):
        brain.run()
    with pytest.raises(ZoneError, match="at work or stopped"):
        zone_of(brain).n  # noqa: B018
    brain.load(tmp_path)
    other = zone_of(brain).pid()
    assert (is_alive(pid), other != pid, zone_of(brain).n) == (False, True, 1)
    os.kill(other, signal.SIGSTOP)
    brain.close()
    assert not is_alive(other)


def test_one_that_is_stuck_in_the_background_ends_with_the_brain(brain: Brain, short_grace: None) -> None:
    brain.add(Strange, latency="5 ms")
    tell(brain, "hang")
    with pytest.raises(KeyboardInterrupt):
        brain.run()
    started = time.monotonic()
    brain.close()
    assert time.monotonic() - started < 60


def test_another_thread_may_ask_while_the_brain_runs(brain: Brain) -> None:
    brain.add(Strange)
    tell(brain, *["count"] * 300)
    brain.build()
    seen: list[Any] = []
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            seen.append(zone_of(brain).n)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        brain.run()
    finally:
        over.set()
        thread.join()
    assert brain.read("strange.n") == 300
    assert seen == sorted(seen)
    assert len(seen) > 5


def test_what_cannot_be_sent_is_the_failure_of_its_zone(
        brain: Brain, full_disk: Any, caplog: pytest.LogCaptureFixture) -> None:
    brain.add(Strange, on_error="silence")
    learned = Learned()
    brain.observe(learned)
    with full_disk(1 << 20):
        tell(brain, "count", "log", "large")
        brain.run()
    assert brain.read("strange.n") == 2
    assert learned.logged[0] == {"big": 2**70}  # more than 64 bits
    assert "raised OSError" in notices(brain)
    assert [record.message for record in caplog.records if record.name == "strange"] == ["a 3"]


@pytest.mark.parametrize("what", ["fork", "spawn"])
def test_a_death_is_noticed_while_a_child_of_the_zone_lives(brain: Brain, what: str) -> None:
    brain.add(Strange)
    tell(brain, what, "die")
    brain.run(until=2 * MS)
    child = zone_of(brain).child if what == "fork" else 0
    try:
        started = time.monotonic()
        with pytest.raises(ZoneError, match="killed by SIGKILL"):
            brain.run()
        assert time.monotonic() - started < 30
    finally:
        if child:
            os.kill(child, signal.SIGKILL)


def test_no_zone_outlives_its_brain_whatever_it_is_at() -> None:
    script = ("import tests.core.test_remote_zone as r, tests.core.strange as t; b = r.Brain(executor='processes'); "
              "b.add(t.Threaded); b.add(t.Strange); b.build(); print(b['threaded'].pid(), b['strange'].pid(), "
              "flush=True); r.tell(b, 'end_the_brain'); b.run()")
    ended = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, timeout=100, check=False)
    assert ended.returncode == -signal.SIGKILL
    pids = [int(pid) for pid in ended.stdout.split()]
    assert len(pids) == 2
    assert wait_until(lambda: not any(map(is_alive, pids)))


def test_a_zone_whose_process_died_is_put_in_place_anew_by_loading(brain: Brain, tmp_path: Path) -> None:
    brain.add(Strange)
    brain.add(Strange, "silent", on_error="silence")
    tell(brain, "count")
    tell(brain, "count", "die", zone="silent")
    brain.run(until=2 * MS)
    brain.save(tmp_path)
    brain.run()
    assert "was silenced" in notices(brain)
    brain.export(tmp_path / "exported")
    assert zone_of(brain, "silent").n == 1  # as it was saved
    tell(brain, "die")
    with pytest.raises(ZoneError, match="killed by SIGKILL"):
        brain.run()
    brain.load(tmp_path)
    tell(brain, "count")
    brain.run()
    assert brain.read("strange.n") == 2
    os.kill(zone_of(brain).pid(), signal.SIGKILL)  # and where nobody has noticed it yet
    brain.load(tmp_path)
    assert zone_of(brain).n == 1


def test_a_process_starts_with_the_modules_and_signals_of_its_brain(
        brain: Brain, started: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "signal.py").write_text("raise SystemExit('the module of a stranger')")
    file = tmp_path / "plugin.py"
    file.write_text("from aura import *\nclass Plain(Zone):\n    manifest = Manifest('plain', '', period='1 ms')\n"
                    "    def step(self, now, inputs): pass\n    def place(self): return __file__\n"
                    "@hookimpl\ndef aura_zones(): return [Manifest('plain', Plain, period='1 ms')]\n")
    monkeypatch.chdir(tmp_path)
    manager = PluginManager(files=[str(file)])
    brain.add(manager.zone("plain"))
    brain.add(Strange)
    brain.run(until=2 * MS)
    assert len(started) == 2  # each lives, in spite of its Ctrl-C
    assert zone_of(brain, "plain").place() == str(file)
    assert not (tmp_path / "__pycache__").exists()


def test_a_zone_is_asked_anew_when_it_wakes_and_what_it_said_before_it_raised_stays() -> None:
    runs = []
    for executor in ("serial", "processes"):
        with Brain(executor=executor) as brain:
            brain.add(Alarmed, on_error="silence")
            probe = brain.probe("alarmed.n")
            brain.run()
            for at in (5, 9):
                zone_of(brain, "alarmed").at = at * MS
                brain.wake("alarmed")
                brain.run()
            times = [signal.time // MS for signal in probe.signals]
            runs.append((times, notices(brain), zone_of(brain, "alarmed").asked))
    assert runs[0] == runs[1]
    assert runs[1][0] == [2, 5, 9]


def test_a_zone_with_a_latency_is_asked_once_for_each_tick() -> None:
    asked = []
    for executor in ("serial", "processes"):
        with Brain(executor=executor) as brain:
            brain.add(Alarmed, latency="1 ms")
            brain.run()
            asked.append(zone_of(brain, "alarmed").asked)
    assert asked[0] == asked[1]


def test_a_brain_that_cannot_be_built_leaves_no_process(
        brain: Brain, started: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    brain.add(Strange)
    brain.add(type("Local", (Unbuilt,), {}))
    with pytest.raises(AuraError, match="unbuilt"):
        brain.build()
    assert [process.returncode is None for process in started] == [False]
    before = set(os.listdir("/proc/self/fd"))

    def refuse(*given: Any, **named: Any) -> Any:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    other = Brain(executor="processes")
    other.add(Strange)
    with pytest.raises(ZoneError, match=r"strange: expected a process of its own, got OSError: .* Too many open"):
        other.build()
    assert set(os.listdir("/proc/self/fd")) == before


def test_what_a_zone_raises_is_told_as_here() -> None:
    messages = []
    for executor in ("serial", "processes"):
        with Brain(executor=executor) as brain:
            for what in ("own_error", "odd_error", "key_error"):
                brain.add(Strange, what, on_error="silence")
            for what in ("own_error", "odd_error", "key_error"):
                tell(brain, what, "count", zone=what)
            brain.run()
            messages.append(notices(brain))
    assert messages[0] == messages[1]
    assert messages[1].count("strange.py:") == 3


def test_a_background_failure_is_told_alike_by_a_brain_that_was_stopped(tmp_path: Path) -> None:
    messages = []
    for stopped in (False, True):
        brain = Brain()
        brain.add(Strange, on_error="silence", latency="5 ms")
        tell(brain, "own_error")
        brain.run(until=3 * MS)
        if stopped:
            brain.save(tmp_path)
            brain = Brain()
            brain.add(Strange, on_error="silence", latency="5 ms")
            brain.load(tmp_path)
        brain.run()
        messages.append(notices(brain))
    assert messages[0] == messages[1]
    assert "raised OwnError at" in messages[1]


def test_what_stands_for_a_zone_says_what_it_cannot_do(brain: Brain) -> None:
    brain.add(Strange)
    zone: Any = zone_of(brain)
    zone._handle = "mine"
    assert zone._handle == "mine"
    del zone._handle
    assert "_handle" not in dir(zone)
    assert "weights" in dir(zone)
    with pytest.raises(ValueError, match="read-only"):
        zone.weights[0] = 7  # a copy, of which the zone would see nothing
    with pytest.raises(KeyError, match="w"):
        zone.key_error()
    with pytest.raises(ZoneError, match="what can be sent to the process"):
        zone.call(lambda number: number)
    assert zone.n == 0
