"""A recording goes on across checkpoints as if the run had never stopped."""

from __future__ import annotations

import random

import pytest

from aura.core.checkpoint import latest_checkpoint
from aura.core.errors import RecordingError
from aura.plugins.recording import Recorder, Recording, digest, first_difference

END = "80 ms"
EVERY = {"other.x": "7 ms"}


def recorded(make_brain, folder, **options):
    brain = make_brain()
    brain.observe(Recorder(folder, every=EVERY, **options))
    return brain


@pytest.fixture(scope="session")
def whole(make_brain, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    with recorded(make_brain, folder) as brain:
        brain.run(until=END)
    return Recording(folder)


@pytest.mark.slow
@pytest.mark.parametrize("tick", random.Random(11).sample(range(1, 79), 25))
def test_resumed_at_any_tick_it_equals_the_uninterrupted_one(make_brain, kill, tmp_path, whole, tick):
    first = recorded(make_brain, tmp_path / "recording")
    for _ in range(tick):
        first.step()
    first.save(tmp_path / "checkpoints")
    first.run(span="9 ms")  # what comes after the checkpoint is lost
    if tick % 2:
        first.close()
    else:
        first.observers[0].flush()
        kill(first, tmp_path / "recording")
    with recorded(make_brain, tmp_path / "recording") as second:
        second.load(latest_checkpoint(tmp_path / "checkpoints"))
        second.run(until=END)
    assert first_difference(Recording(tmp_path), whole) is None
    assert digest(Recording(tmp_path)) == digest(whole)


@pytest.mark.slow
def test_resumed_again_and_again_and_across_parted_files(make_brain, kill, tmp_path, whole):
    recording, checkpoints = tmp_path / "recording", tmp_path / "checkpoints"
    until = 0
    for _ in range(6):
        brain = recorded(make_brain, recording, chunk_bytes=600, file_bytes=4000)
        if until:
            brain.load(latest_checkpoint(checkpoints))
        until += 13_000_000
        brain.run(until=until)
        brain.save(checkpoints)
        brain.run(span="5 ms")
        kill(brain, recording)
    with recorded(make_brain, recording) as brain:
        brain.load(latest_checkpoint(checkpoints))
        brain.run(until=END)
    assert len(list(recording.iterdir())) > 8
    assert digest(Recording(tmp_path)) == digest(whole)


def test_a_brain_taken_back_in_mid_run_records_the_same(make_brain, tmp_path, whole):
    with recorded(make_brain, tmp_path / "recording") as brain:
        brain.run(until="20 ms")
        saved = brain.save(tmp_path / "checkpoints")
        brain.run(until="50 ms")
        brain.load(saved)
        brain.run(until=END)
    assert digest(Recording(tmp_path)) == digest(whole)


def test_an_event_between_ticks_belongs_to_its_side_of_the_checkpoint(make_brain, tmp_path):
    brain = recorded(make_brain, tmp_path / "recording")
    brain.run(until="10 ms")
    brain.begin_phase("before")
    saved = brain.save(tmp_path / "checkpoints")
    brain.begin_phase("after")
    brain.close()
    with recorded(make_brain, tmp_path / "recording") as brain:
        brain.load(saved)
    phases = [signal.value["phase"] for signal in Recording(tmp_path).messages("phase")]
    assert phases == ["before"]


def test_a_branch_in_another_folder_begins_at_the_checkpoint(make_brain, tmp_path, whole):
    with recorded(make_brain, tmp_path / "recording") as brain:
        brain.run(until="30 ms")
        saved = brain.save(tmp_path / "checkpoints")
    with recorded(make_brain, tmp_path / "branch" / "recording") as brain:
        brain.load(saved)
        brain.run(until=END)
    branch = list(Recording(tmp_path / "branch").raw())
    assert branch == [message for message in whole.raw() if message.time >= 30_000_000]


def test_a_run_begun_anew_in_the_same_folder_stands_for_itself(make_brain, tmp_path, whole):
    for until in ("10 ms", END):
        with recorded(make_brain, tmp_path) as brain:
            brain.run(until=until)
    assert digest(Recording(tmp_path)) == digest(whole)


def test_the_recording_is_on_the_disk_as_soon_as_a_checkpoint_is(make_brain, tmp_path):
    with recorded(make_brain, tmp_path / "recording", clock=lambda: 0.0) as brain:
        brain.run(until="10 ms")
        brain.save(tmp_path / "checkpoints")
        times = Recording(tmp_path).series("source.x")[0]
    assert times[-1] == 9_000_000


def test_a_segment_that_lost_what_a_resume_follows_is_named(make_brain, kill, tmp_path):
    brain = recorded(make_brain, tmp_path / "recording")
    brain.run(until="30 ms")
    saved = brain.save(tmp_path / "checkpoints")
    kill(brain, tmp_path / "recording")
    with recorded(make_brain, tmp_path / "recording") as second:
        second.load(saved)
        second.run(until="40 ms")
    first = tmp_path / "recording" / "0000.mcap"
    first.write_bytes(first.read_bytes()[:first.stat().st_size // 2])
    with pytest.raises(RecordingError, match=r"0000\.mcap: expected at least the"):
        list(Recording(tmp_path).raw())
    first.unlink()
    with pytest.raises(RecordingError, match="expected the segment that a later one follows"):
        Recording(tmp_path)


def test_a_recorder_that_is_closed_in_mid_run_goes_on_in_another_file(make_brain, tmp_path, whole):
    with recorded(make_brain, tmp_path) as brain:
        for until in range(10_000_000, 81_000_000, 10_000_000):
            brain.run(until=until)
            brain.observers[0].close()
    assert len(list(tmp_path.iterdir())) == 8
    assert digest(Recording(tmp_path)) == digest(whole)
