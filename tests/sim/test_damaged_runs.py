"""A run folder of which something is gone: it is refused, or what came of it is told; nothing of it is lost."""

from __future__ import annotations

import shutil

import pytest

from aura.core.checkpoint import list_checkpoints
from aura.core.errors import AuraError, CheckpointError
from aura.core.observer import Observer
from aura.core.time import MS
from aura.plugins.recording import Recording
from aura.plugins.recording.segments import Origin, open_segment


def notices(sim, name="run"):
    return [f"{notice['source']} {notice['text']}" for notice in sim.read(name)["notices"]
            if notice["source"] == "the run"]


@pytest.fixture
def stopped(sim):
    """The folder of a run that was stopped at 300 ms, resumed and stopped again: two segments."""
    sim.make("run", until=200 * MS).start()
    sim.make("run", until=300 * MS).resume()
    return sim.folder / "run"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["recording/0000.mcap", "recording/0001.mcap", "metrics.jsonl"])
@pytest.mark.parametrize("how", ["gone", "cut"])
def test_a_resume_is_refused_where_what_was_written_up_to_the_checkpoint_is_gone_or_cut(sim, whole, stopped, name, how):
    path = stopped / name
    before = path.read_bytes()
    if how == "gone":
        path.unlink()
    else:
        path.write_bytes(before[:len(before) // 3])
    with pytest.raises(AuraError, match="up to the checkpoint") as refused:
        sim.make("run").resume()
    assert refused.value.where == str(path)
    assert "aura branch" in refused.value.hint
    path.write_bytes(before)
    assert sim.make("run").resume() == "finished"
    assert sim.difference(whole, "run") is None
    assert (stopped / "metrics.jsonl").read_bytes() == (whole / "metrics.jsonl").read_bytes()


@pytest.mark.slow
def test_a_branch_goes_on_where_the_recording_of_its_origin_is_gone(sim, stopped):
    shutil.rmtree(stopped / "recording")
    assert sim.make("branch").branch(list_checkpoints(stopped / "checkpoints")[-1]) == "finished"


@pytest.mark.slow
def test_a_run_that_goes_on_without_its_last_checkpoint_says_so(sim, whole, stopped, caplog):
    newest = list_checkpoints(stopped / "checkpoints")[-1]
    (newest / "shout.safetensors").write_bytes(b"")
    assert sim.make("run").resume() == "finished"
    assert sim.difference(whole, "run") is None
    message = "the run went on from 250 ms, as the checkpoint of 300 ms cannot be read"
    assert notices(sim) == [message]
    assert message in caplog.text


def killed(sim, name="run"):
    """Make a folder look as if its run was killed, and its checkpoints removed since."""
    shutil.rmtree(sim.folder / name / "checkpoints")
    run = sim.make(name)
    run.folder.write("run.json", {**run.folder.read(), "status": "running"})


@pytest.mark.slow
@pytest.mark.parametrize("left", ["recording", "metrics.jsonl"])
def test_a_killed_run_without_checkpoints_is_neither_begun_anew_nor_run_over(sim, stopped, left):
    killed(sim)
    other = {"recording": "metrics.jsonl", "metrics.jsonl": "recording"}[left]
    shutil.rmtree(stopped / other) if (stopped / other).is_dir() else (stopped / other).unlink()
    for begin, message in ((sim.make("run").start, "one that is not empty"),
                           (sim.make("run").resume, "whole checkpoint")):
        with pytest.raises(AuraError, match=message):
            begin()
    assert (stopped / left).exists()
    if left == "recording":
        assert len(list(Recording(stopped).raw())) > 100


@pytest.mark.slow
@pytest.mark.parametrize("empty", [True, False])
def test_a_run_killed_while_it_began_its_recording_begins_anew_and_says_so(sim, whole, caplog, empty):
    sim.make("run", until=10 * MS).start()
    killed(sim)
    (sim.folder / "run/metrics.jsonl").write_bytes(b"")
    shutil.rmtree(sim.folder / "run/recording")
    _, begun = open_segment(sim.folder / "run/recording", Origin())
    begun.close()
    if empty:
        begun.path.write_bytes(b"")
    assert sim.make("run").resume() == "finished"
    assert sim.difference(whole, "run") is None
    assert notices(sim) == ["the run was ended before its first checkpoint and began anew"]
    assert "began anew" in caplog.text


@pytest.mark.slow
def test_a_moved_folder_is_named_with_the_state_in_it(sim, aura, monkeypatch):
    class Mover(Observer):
        name = "mover"

        def say_loading(self, name):
            pass

        def after_tick(self, now):
            if now == 300 * MS:
                (sim.folder / "run").rename(sim.folder / "moved")

    monkeypatch.setattr("aura.plugins.progress.Progress", Mover)
    answer = aura("run", "small.toml", "--out", "run")
    assert answer.status == 2
    moved = f"{sim.folder}/moved, where its folder was moved"
    assert f"the run failed; its state at 250 ms is kept in {moved}" in answer.err


@pytest.mark.slow
def test_a_file_in_place_of_a_run_folder_and_the_other_way_round_are_told(sim, aura, stopped):
    assert "expected the folder of a run, got a file. A run of it is begun by `aura run`" \
        in aura("resume", "small.toml").err
    assert "expected the folder of a run, got a file. The folder is run." in aura("resume", "run/run.json").err
    assert "expected a scenario, got the folder of a run. Go on with it by `aura resume run`" in aura("run", "run").err


@pytest.mark.slow
def test_a_branch_that_would_end_before_its_checkpoint_is_refused_with_both_times(sim, aura, stopped):
    answer = aura("branch", "run", "--until", "100 ms", "--out", "two")
    assert "--until: expected a time after the checkpoint, 300 ms, got 100 ms, which lies before it" in answer.err
    with pytest.raises(CheckpointError):
        sim.make("two").resume()
