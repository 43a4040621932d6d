"""A branch keeps the checkpoint that it began at, so that it is played again from there."""

from __future__ import annotations

import shutil

import pytest

from aura.core.checkpoint import list_checkpoints

RUN = ("run", "small.toml", "--quiet", "--out", "one", "--until", "300 ms")


@pytest.fixture(autouse=True)
def _no_report(monkeypatch):
    """Leave out the plots, which take seconds."""
    monkeypatch.setattr("aura.plugins.report.write_report", lambda folder: folder / "report.html")


@pytest.fixture
def branch(sim, aura):
    """A finished branch with settings of its own, whose own checkpoint of its beginning is pruned by now."""
    aura(*RUN)
    assert aura("branch", "one", "--at", "250 ms", "--set", "shout.learn=false", "--out", "two", "--quiet").status == 0
    assert len(list_checkpoints(sim.folder / "two/checkpoints")) == 3
    return sim.folder / "two"


@pytest.mark.slow
def test_a_replay_of_a_branch_is_identical_and_so_is_one_of_the_replay(sim, aura, branch):
    shutil.rmtree(sim.folder / "one")
    for played, again in (("two", "three"), ("three", "four")):
        answer = aura("replay", played, "--out", again, "--quiet")
        assert (answer.status, answer.err) == (0, "")
        assert f"the replay is identical to {played}, bit for bit" in answer.out
    assert sim.values("four", "diary.text")[0][0] == 260_000_000


@pytest.mark.slow
def test_a_replay_of_a_branch_of_a_branch_is_identical(sim, aura, branch):
    assert aura("branch", "two", "--at", "500 ms", "--set", "shout.learn=true", "--out", "three", "--quiet").status == 0
    shutil.rmtree(branch)
    assert aura("replay", "three", "--out", "four", "--quiet").status == 0


@pytest.mark.slow
def test_a_stopped_and_resumed_branch_is_replayed_identically(sim, aura):
    aura(*RUN)
    aura("branch", "one", "--at", "250 ms", "--out", "two", "--quiet", "--until", "290 ms")
    aura("resume", "two", "--quiet", "--until", "340 ms")
    assert aura("replay", "two", "--out", "three", "--quiet").status == 0


@pytest.mark.slow
def test_a_branch_whose_beginning_is_gone_is_refused_and_never_said_to_differ(sim, aura, branch):
    shutil.rmtree(branch / "origin")
    assert aura("replay", "two", "--out", "three", "--quiet").status == 0  # the first run still has it
    shutil.rmtree(sim.folder / "one")
    answer = aura("replay", "two", "--out", "four", "--quiet")
    assert answer.status == 2
    assert "expected the checkpoint that this branch began at" in answer.err
    assert not (sim.folder / "four").exists()


@pytest.mark.slow
def test_a_branch_killed_before_its_first_checkpoint_begins_again_though_its_first_run_is_gone(sim, aura, branch):
    (branch / "recording").rename(sim.folder / "recording")
    for name in ("checkpoints", "metrics.jsonl", "metrics.json"):
        path = branch / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    text = (branch / "run.json").read_text(encoding="utf-8")
    (branch / "run.json").write_text(text.replace('"status": "finished"', '"status": "running"'), encoding="utf-8")
    shutil.rmtree(sim.folder / "one")
    assert aura("resume", "two", "--quiet").status == 0
    shutil.copytree(sim.folder / "recording", sim.folder / "before/recording")
    assert sim.difference("before", "two") is None


@pytest.mark.slow
def test_a_branch_says_what_another_seed_changes_and_zones_keep_their_random_streams(sim, aura):
    aura(*RUN)
    noise = {}
    for seed, out in ((3, "same"), (9, "other")):
        answer = aura("branch", "one", "--set", f"seed={seed}", "--out", out, "--quiet")
        assert answer.status == 0
        assert (f"the seed is {seed}, was 3: by it the order, split or change of the rows of diary is drawn anew; "
                "zones go on with the random streams of the checkpoint" in answer.out) is (seed == 9)
        texts = [text for _, published in sim.values(out, "diary.text") for text in published]
        lengths = [length for _, published in sim.values(out, "shout.length") for length in published]
        noise[out] = (texts, [length - len(text) for text, length in zip(texts, lengths, strict=True)])
    assert noise["other"][0] != noise["same"][0]
    assert noise["other"][1] == pytest.approx(noise["same"][1], abs=1e-5)


@pytest.mark.slow
def test_another_seed_by_which_no_stream_draws_is_said_to_change_nothing_there(sim, aura):
    aura(*RUN, "--set", "diary.shuffle=false")
    aura("branch", "one", "--out", "same", "--quiet")
    answer = aura("branch", "one", "--set", "seed=9", "--out", "other", "--quiet")
    assert "the seed is 9, was 3: no stream draws anything by it; zones go on" in answer.out
    assert sim.difference("same", "other") is None


@pytest.mark.slow
@pytest.mark.parametrize(("setting", "text"), [
    ("diary.repeat=3", "goes on with repeat = 3, which was 2 in the run that it comes from"),
    ("diary.shuffle=false", "goes on with shuffle = False, which was True in the run that it comes from; of a pass "
                            "that had begun, some rows may come again and others not at all")])
def test_a_branch_says_what_of_a_stream_is_another(sim, aura, setting, text):
    aura(*RUN)
    answer = aura("branch", "one", "--set", setting, "--out", "two", "--quiet", "--until", "350 ms")
    assert answer.status == 0
    assert f"diary {text}\n" in answer.out
    notice = {"source": "diary", "text": text, "count": 1, "fault": False}
    assert notice in sim.read("two")["notices"]
    aura("resume", "two", "--quiet", "--until", "400 ms")
    assert notice in sim.read("two")["notices"]


@pytest.mark.slow
@pytest.mark.parametrize(("key", "old", "new"), [
    ("period", "None", "'20 ms'"), ("rate", "None", "'50 Hz'"), ("items", "3", "4"), ("time", "None", "'x'")])
def test_what_times_the_rows_cannot_be_changed_in_a_branch(sim, aura, key, old, new):
    column = ("--set", "diary.columns.x={from='x', type='float'}", "--set", "diary.shuffle=false")
    aura(*RUN, *column)
    answer = aura("branch", "one", "--set", f"diary.{key}={new}", "--out", "two", "--quiet")
    assert answer.status == 2
    assert f"streams.diary.{key}: expected {old}, by which the state in the checkpoint times the rows, got {new}" \
        in answer.err
    assert not (sim.folder / "two").exists()
