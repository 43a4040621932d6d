"""Runs that fail: what is kept, that it is said, and that nothing that fails again goes round in circles."""

from __future__ import annotations

import shutil
import signal

import pytest

from aura.core.checkpoint import checkpoint_time, list_checkpoints
from aura.core.errors import AuraError, CheckpointError
from aura.core.observer import Observer
from aura.core.time import MS
from aura.plugins.recording import Recording
from aura.sim import recovery, runner
from aura.sim.phases import PhasePlayer
from aura.sim.streams.played import PlayedStream


def bomb(sim, at: int, policy: str = "stop", every: str = "250 ms", more: str = ""):
    """Return the scenario with a zone that raises in its tick number `at`, at (at - 1) * 10 ms."""
    text = sim.text.replace('every = "250 ms"', f'every = "{every}"') + more
    return sim.scenario(text + f'[zones.bomb]\non_error = "{policy}"\nparams = {{at = {at}}}\n', "bomb.toml")


def last_kept(sim, name: str = "run") -> str:
    return checkpoint_time(list_checkpoints(sim.folder / name / "checkpoints")[-1])


def test_a_recovery_that_fails_is_not_recovered(sim, monkeypatch):
    calls = []

    def fails(player):
        calls.append(player.until)
        raise ValueError("again")

    run = sim.make("run", source=bomb(sim, 4))
    play = PhasePlayer.play
    monkeypatch.setattr(recovery, "latest_checkpoint", lambda folder: monkeypatch.setattr(
        PhasePlayer, "play", fails) or list_checkpoints(folder)[-1])
    with pytest.raises(AuraError, match="boom"):
        run.start()
    assert calls == [30 * MS]
    assert run.trouble == ["the last good tick could not be saved: again"]
    assert last_kept(sim) == "0 s"
    assert sim.read("run")["status"] == "failed"
    monkeypatch.setattr(PhasePlayer, "play", play)


@pytest.mark.slow
def test_a_recovery_takes_no_longer_than_its_time_and_keeps_what_it_has_reached(sim, monkeypatch):
    whole = bomb(sim, 21)
    clock = iter(range(1000))
    monkeypatch.setattr(recovery.keep_last_good, "__defaults__", (lambda: float(next(clock)),))
    with pytest.raises(AuraError, match="boom"):
        sim.make("run", source=whole).start()
    kept = list_checkpoints(sim.folder / "run/checkpoints")[-1]
    assert 0 < int(kept.name[1:]) < 200 * MS
    assert sim.make("mended", "bomb.at=0", source=whole).branch(kept) == "finished"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_recovery(sim, aura, monkeypatch, number):
    load = runner.Run._go_to

    def load_and_be_stopped(run, *given):
        found = load(run, *given)
        signal.raise_signal(number)
        return found

    monkeypatch.setattr("aura.plugins.report.write_report", lambda folder: None)
    monkeypatch.setattr(runner.Run, "_go_to", load_and_be_stopped)
    bomb(sim, 21)
    answer = aura("run", "bomb.toml", "--quiet", "--out", "run")
    assert answer.status == 2
    assert "the run failed; its state at 0 s is kept in run" in answer.err


@pytest.mark.slow
def test_live_observers_and_figures_stand_where_the_kept_checkpoint_does(sim):
    """What a failed run leaves is what a run leaves that was stopped there."""
    source = bomb(sim, 21)
    with pytest.raises(AuraError, match="boom"):
        sim.make("run", source=source).start()
    sim.make("stopped", source=source, until=200 * MS).start()
    assert sim.difference("run", "stopped") is None
    for name in ("metrics.json", "metrics.jsonl"):
        assert (sim.folder / "run" / name).read_text() == (sim.folder / "stopped" / name).read_text(), name
    failed, stopped = sim.read("run"), sim.read("stopped")
    for key in ("ticks", "now", "items"):
        assert failed[key] == stopped[key], key


@pytest.mark.slow
@pytest.mark.parametrize("size", [2_000, 6_000])
def test_a_full_disk_ends_the_run_at_once_and_a_resume_with_room_is_the_uninterrupted_run(sim, whole, full_disk, size):
    run = sim.make("run")
    with full_disk(size), pytest.raises(AuraError, match="a place that can be written to"):
        run.start()
    if not run.folder.path.exists():  # not even the first checkpoint could be written
        return
    assert run.trouble
    assert sim.make("run").resume() == "finished"
    assert sim.difference(whole, "run") is None
    for name in ("metrics.json", "metrics.jsonl"):
        assert (sim.folder / "run" / name).read_text() == (whole / name).read_text(), name


@pytest.mark.slow
def test_a_run_may_go_on_without_its_recording_and_says_so(sim, aura, whole, full_disk):
    source = sim.scenario(sim.text + '[record]\non_error = "go on"\n', "loose.toml")
    sizes = {path: path.stat().st_size for path in whole.rglob("*") if path.is_file()}
    recorded = sizes.pop(whole / "recording/0000.mcap")
    others = max(sizes.values())
    assert others < 0.6 * recorded
    with full_disk(int(0.6 * recorded)):
        assert sim.make("run", source=source, until=600 * MS).start() == "stopped"
    # It has room again, but a recording with a hole in it would be none.
    assert sim.make("run", source=source).resume() == "finished"
    notice, = (notice for notice in sim.read("run")["notices"] if notice["fault"])
    assert (notice["source"], notice["fault"]) == ("recorder", True)
    beginning, everything = list(Recording(sim.folder / "run").raw()), list(Recording(whole).raw())
    assert 0 < len(beginning) < len(everything)
    assert beginning == everything[:len(beginning)]
    answer = aura("replay", "run", "--out", "again", "--quiet")
    assert "the replay is identical to run, bit for bit, as far as both go" in answer.out


@pytest.mark.slow
def test_a_phase_whose_rows_cannot_be_played_fails_between_two_ticks_and_is_played_once_they_can(sim, whole):
    play = PlayedStream.play

    def cannot(stream, split, *given, **more):
        if split == "held_out":
            raise ValueError("no such rows")
        play(stream, split, *given, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PlayedStream, "play", cannot)
        for begin in (sim.make("run").start, sim.make("run").resume):
            with pytest.raises(ValueError, match="no such rows"):
                begin()
            assert sim.read("run")["status"] == "failed"
            assert [phase["name"] for phase in sim.read("run")["phases"]] == ["learn"]
    assert sim.make("run").resume() == "finished"
    assert sim.difference(whole, "run") is None


def test_a_live_run_that_fails_goes_back_by_its_journal_and_takes_no_new_input(sim):
    lines = [f'{{"text": "{number}"}}\n' for number in range(30)]
    (sim.folder / "ear.jsonl").write_text("".join(lines), encoding="utf-8")
    source = sim.scenario(f"""aura = 1
name = "live"
plugins = ['{sim.zones}']
pathways = ["ear.text -> shout.text"]
[streams.ear]
kind = "jsonlines"
path = "ear.jsonl"
columns = {{text = "text"}}
[zones.shout]
[zones.bomb]
params = {{at = 11}}
""", "live.toml")
    with pytest.raises(AuraError, match="boom"):
        sim.make("run", source=source).start()
    heard = sim.values("run", "ear.text")
    assert last_kept(sim) == "100 ms"
    assert 0 < len(heard) < 30
    mended = sim.scenario(source.read_text().replace("at = 11", "at = 0"), "live.toml")
    assert sim.make("run", source=mended).resume() == "finished"
    assert sim.values("run", "ear.text")[:len(heard)] == heard


@pytest.mark.slow
def test_a_folder_that_is_removed_ends_the_run_and_is_not_made_anew(sim):
    class Remover(Observer):
        name = "remover"

        def after_tick(self, now):
            if now == 300 * MS:
                shutil.rmtree(sim.folder / "run")

    run = sim.make("run", observers=[Remover()])
    with pytest.raises(AuraError, match="run"):
        run.start()
    assert run.trouble
    assert not (sim.folder / "run").exists()


def test_a_run_that_fails_before_its_first_tick_leaves_no_folder_and_says_nothing_of_a_state(sim, aura, monkeypatch):
    def fails(player):
        raise CheckpointError("here", expected="this", got="that")

    monkeypatch.setattr(PhasePlayer, "play", fails)
    answer = aura("run", "small.toml", "--quiet", "--out", "run")
    assert answer.err == "aura: here: expected this, got that\n"
    assert not (sim.folder / "run").exists()


# --- what is told --------------------------------------------------------------------------------------------------


def test_a_zone_that_fails_at_every_tick_is_logged_once_and_counted(sim, caplog):
    source = bomb(sim, 1, "restart")
    assert sim.make("run", source=source, until=200 * MS).start() == "stopped"
    assert sum("bomb" in record.getMessage() for record in caplog.records) == 1
    notice, = (notice for notice in sim.read("run")["notices"] if notice["fault"])
    assert (notice["source"], notice["count"], notice["fault"]) == ("bomb", 20, True)
    assert notice["text"].startswith("raised ValueError at ")
    assert "tiny_zones.py:" in notice["text"]
    kept = (sim.folder / "run/tracebacks.txt").read_text(encoding="utf-8")
    assert kept.count("Traceback") == 1
    assert 'raise ValueError("boom")' in kept


@pytest.mark.slow
def test_an_observer_that_was_switched_off_is_told_after_a_resume_too_and_stays_off(sim):
    class Fails(Observer):
        name = "fails"

        def __init__(self):
            self.calls = 0

        def after_tick(self, now):
            self.calls += 1
            raise ValueError("no")

        def state(self):
            return {"calls": self.calls}

        def load_state(self, state):
            self.calls = state["calls"]

    sim.make("run", until=200 * MS, observers=[Fails()]).start()
    second = Fails()
    sim.make("run", observers=[second]).resume()
    assert second.calls == 1
    notice, = (notice for notice in sim.read("run")["notices"] if notice["fault"])
    assert (notice["source"], notice["fault"], notice["count"]) == ("fails", True, 1)
    assert "ValueError: no" in notice["text"]
    assert "ValueError: no" in (sim.folder / "run/tracebacks.txt").read_text(encoding="utf-8")


def test_sys_exit_in_a_zone_is_a_failure_of_that_zone(sim, aura):
    (sim.folder / "leaves.py").write_text('''
import sys
from aura import Manifest, Zone, hookimpl
class Leaves(Zone):
    def step(self, now, inputs):
        if now: sys.exit(0)
@hookimpl
def aura_zones(): return [Manifest("leaves", Leaves, "Ends Python.", period="10 ms")]
''', encoding="utf-8")
    sim.scenario('aura = 1\nname = "x"\nuntil = "1 s"\nplugins = ["leaves.py"]\n[zones.leaves]\n', "leaves.toml")
    answer = aura("run", "leaves.toml", "--quiet", "--out", "run")
    assert answer.status == 2
    assert "SystemExit: 0" in answer.err
    assert "leaves.py:6 in step: if now: sys.exit(0)" in answer.err


@pytest.mark.slow
def test_a_restarting_zone_goes_back_to_the_same_state_wherever_the_run_was_stopped(sim):
    source = bomb(sim, 6, "restart", every="100 ms")
    sim.make("whole", source=source, until=400 * MS).start()
    for stop in (20, 130, 250):
        sim.make("parts", source=source, until=stop * MS).start()
        sim.make("parts", source=source, until=400 * MS).resume()
        assert sim.difference("whole", "parts") is None, stop
        shutil.rmtree(sim.folder / "parts")


# --- killed at an odd moment ----------------------------------------------------------------------------------------


def killed_at_once(sim, name, like, **more):
    """Leave the folder of a run that is killed before its first checkpoint; it began with the files of another."""
    run = sim.make(name)
    run.folder.create(run.scenario, {"inputs": sim.read(like)["inputs"], **more}).release()
    return run


@pytest.mark.slow
def test_a_run_killed_before_its_first_checkpoint_begins_anew(sim, whole):
    killed_at_once(sim, "run", whole)
    assert sim.make("run").resume() == "finished"
    assert sim.difference(whole, "run") is None


@pytest.mark.slow
def test_a_branch_killed_before_its_first_checkpoint_begins_at_its_origin_again(sim):
    sim.make("run", until=300 * MS).start()
    origin = list_checkpoints(sim.folder / "run/checkpoints")[-1]
    sim.make("whole").branch(origin)
    killed_at_once(sim, "branch", "run", branched_from=str(origin))
    assert sim.make("branch").resume() == "finished"
    assert sim.difference("whole", "branch") is None


@pytest.mark.slow
def test_a_run_killed_before_its_first_checkpoint_may_be_started_again_into_its_folder(sim, whole):
    killed_at_once(sim, "run", whole)
    assert sim.make("run").start() == "finished"
    assert sim.difference(whole, "run") is None
    with pytest.raises(AuraError, match="one that is not empty"):
        sim.make("run").start()


@pytest.mark.slow
def test_a_live_run_killed_before_its_first_checkpoint_is_resumed_but_not_started_over_its_journal(sim, whole):
    killed_at_once(sim, "run", whole).folder.journal.mkdir()
    with pytest.raises(AuraError, match="one that is not empty"):
        sim.make("run").start()
    assert sim.make("run").resume() == "finished"


def test_what_only_looks_like_a_run_is_not_cleared_away(sim):
    (sim.folder / "run").mkdir()
    (sim.folder / "run/scenario.toml").write_text("mine", encoding="utf-8")
    with pytest.raises(AuraError, match="one that is not empty"):
        sim.make("run").start()
    assert (sim.folder / "run/scenario.toml").read_text(encoding="utf-8") == "mine"


@pytest.mark.slow
def test_a_run_killed_before_its_report_was_written_gets_it_by_resume(sim, aura, monkeypatch):
    monkeypatch.setattr("aura.plugins.report.write_report", lambda folder: (folder / "report.html").write_text("x")
                        and folder / "report.html")
    sim.make("run").start()
    answer = aura("resume", "run")
    assert "nothing to resume" in answer.out
    assert "report: run/report.html" in answer.out
    assert "report:" not in aura("resume", "run").out


@pytest.mark.slow
def test_a_folder_that_is_being_played_is_refused(sim):
    class Other(Observer):
        name = "other"

        def after_tick(self, now):
            if now == 200 * MS:
                for begin in (sim.make("run").resume, sim.make("run").start):
                    with pytest.raises(AuraError, match=r"a run that no other process plays|one that is not empty"):
                        begin()
                seen.append(now)

    seen: list[int] = []
    assert sim.make("run", observers=[Other()]).start() == "finished"
    assert seen == [200 * MS]
    assert not [notice for notice in sim.read("run")["notices"] if notice["fault"]]
