"""Recordings that are missing, foreign, cut off or damaged; and the ways to read a whole one."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from mcap.exceptions import EndOfFile
from mcap.reader import NonSeekingReader
from mcap.writer import Writer

from aura import Brain, Manifest, Port, Zone
from aura.core.errors import RecordingError, TimeError
from aura.plugins.recording import Recorder, Recording


@pytest.fixture
def folder(make_brain, tmp_path):
    with make_brain() as brain:
        brain.observe(Recorder(tmp_path / "recording", chunk_bytes=600))
        brain.run(until="20 ms")
    return tmp_path


def test_messages_are_chosen_by_topic_and_time(folder):
    recording = Recording(folder)
    some = list(recording.messages(["source.x", "learn/*"], start="5 ms", end="8 ms"))
    assert {signal.topic for signal in some} == {"source.x", "learn/learner", "learn/second"}
    assert {signal.time for signal in some} == {5_000_000, 6_000_000, 7_000_000}
    with pytest.raises(TimeError):
        next(recording.messages(start="soon"))


def test_a_series_is_stacked_where_shapes_agree(folder):
    recording = Recording(folder)
    times, values = recording.series("learner.weights")
    assert values.shape == (19, 3)
    assert times.tolist() == [1_000_000 * tick for tick in range(1, 20)]
    _, ragged = recording.series("source.x")
    assert isinstance(ragged, list)
    assert len({value.shape for value in ragged}) > 1
    assert isinstance(recording.series("source.text")[1][0], tuple)


def test_a_topic_that_was_not_recorded_is_named_with_the_nearest(folder):
    with pytest.raises(RecordingError, match=r"Try 'source\.text'"):
        Recording(folder).series("source.txet")


def test_the_series_of_a_topic_that_was_silent_is_empty(tmp_path):
    class Quiet(Zone):
        manifest = Manifest("quiet", "", outputs=(Port("spikes"), Port("level"), Port("secret")), period="10 ms")

        def step(self, now, inputs):
            return {"level": np.float32(1.0)}

    with Brain() as brain:
        brain.add(Quiet)
        brain.observe(Recorder(tmp_path, leave_out=("*.secret",)))
        brain.run(until="30 ms")
    recording = Recording(tmp_path)
    times, values = recording.series("quiet.spikes")
    assert (times.dtype, len(times), len(values)) == (np.int64, 0, 0)
    assert recording.declared == ("quiet.spikes", "quiet.level")
    for topic, hint in (("quiet.spiks", "Try 'quiet.spikes'"), ("quiet.secret", "")):
        with pytest.raises(RecordingError, match=rf"{topic}: expected a topic of this recording.*{hint}"):
            recording.series(topic)


@pytest.mark.parametrize("place", ["run", "recording", "file"])
def test_run_folder_recording_folder_and_file_are_read_alike(folder, place):
    path = {"run": folder, "recording": folder / "recording", "file": folder / "recording" / "0000.mcap"}[place]
    assert len(list(Recording(path).raw())) == len(list(Recording(folder).raw())) > 100


def test_what_is_not_there_is_named(tmp_path):
    with pytest.raises(RecordingError, match="nothing of that name"):
        Recording(tmp_path / "none")
    with pytest.raises(RecordingError, match="a folder without a recording"):
        Recording(tmp_path)


@pytest.mark.parametrize("content", [b"garbage that is no recording", b"\x00" * 4096, b"\x89MCAP0\r\r" + b"x" * 99])
def test_a_foreign_file_is_refused(tmp_path, content):
    path = tmp_path / "0000.mcap"
    path.write_bytes(content)
    with pytest.raises(RecordingError, match="expected an MCAP file"):
        Recording(path)
    with pytest.raises(RecordingError, match="expected an MCAP file"):
        Recording(tmp_path)


@pytest.mark.slow
def test_a_file_cut_at_any_byte_gives_its_whole_chunks(folder):
    path = folder / "recording" / "0000.mcap"
    data, whole = path.read_bytes(), list(Recording(folder).raw())
    longest = 0
    for cut in range(0, len(data), 61):
        path.write_bytes(data[:cut])
        got = list(Recording(folder).raw())
        assert got == whole[:len(got)]
        assert len(got) >= longest
        longest = len(got)
        assert not Recording(path).ended
    assert longest == len(whole)
    path.write_bytes(data)
    assert Recording(path).ended


def test_the_mcap_packages_own_reader_reads_a_cut_file_as_far(folder):
    path = folder / "recording" / "0000.mcap"
    path.write_bytes(path.read_bytes()[:path.stat().st_size // 2])
    got = list(Recording(folder).raw())
    assert got
    with path.open("rb") as file:
        messages = NonSeekingReader(file).iter_messages(log_time_order=False)
        for ours in got:
            _, channel, theirs = next(messages)
            assert (ours.topic, ours.time, ours.data) == (channel.topic, theirs.log_time, theirs.data)
        with pytest.raises((EndOfFile, struct.error)):
            next(messages)


@pytest.mark.slow
def test_a_tail_of_zeros_is_a_cut(folder):
    path = folder / "recording" / "0000.mcap"
    data, whole = path.read_bytes(), list(Recording(folder).raw())
    for cut in range(len(data) // 4, len(data) // 2, 41):
        path.write_bytes(data[:cut] + bytes(5000))
        got = list(Recording(folder).raw())
        assert got == whole[:len(got)]
        assert got


@pytest.mark.slow
def test_damage_within_a_file_is_never_passed_over(folder):
    path = folder / "recording" / "0000.mcap"
    data, whole = path.read_bytes(), list(Recording(folder).raw())
    noticed = 0
    for place in range(200, len(data) - 600, 97):
        path.write_bytes(data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1:])
        try:
            got = list(Recording(folder).raw())
        except RecordingError:
            noticed += 1
        else:
            assert got == whole  # an index was hit, which reading in order does not use
    assert noticed > 10


def test_a_recording_can_be_read_while_it_is_written(make_brain, tmp_path):
    brain = make_brain()
    recorder = Recorder(tmp_path)
    brain.observe(recorder)
    brain.run(until="5 ms")
    recorder.flush()
    assert len(Recording(tmp_path).series("source.x")[0]) == 5
    brain.run(until="8 ms")
    recorder.flush()
    assert len(Recording(tmp_path).series("source.x")[0]) == 8
    brain.close()


def test_a_foreign_mcap_file_tells_its_topics_but_not_its_values(tmp_path):
    path = tmp_path / "other.mcap"
    with path.open("wb") as file:
        writer = Writer(file)
        writer.start()
        schema = writer.register_schema("other/Type", "jsonschema", b"{}")
        writer.add_message(writer.register_channel("camera", "json", schema), 5, b"{}", 5)
        writer.finish()
    recording = Recording(path)
    assert recording.topics == ("camera",)
    with pytest.raises(RecordingError, match="'other/Type' is none of AURA's"):
        list(recording.messages())


def test_an_unknown_format_is_refused(folder):
    path = folder / "recording" / "0000.mcap"
    data = path.read_bytes()
    place = data.index(b"format") + len(b"format") + 4
    path.write_bytes(data[:place] + b"9" + data[place + 1:])
    with pytest.raises(RecordingError, match="another version of AURA"):
        Recording(folder)


def test_values_read_are_read_only(folder):
    signal = next(Recording(folder).messages("source.x"))
    with pytest.raises(ValueError, match="read-only"):
        np.copyto(signal.value, 0)


@pytest.fixture
def killed(make_brain, kill, tmp_path):
    """A recording of a run that was killed after a flush, its file and what it holds."""
    brain, recorder = make_brain(), Recorder(tmp_path / "recording", chunk_bytes=600)
    brain.observe(recorder)
    brain.run(until="20 ms")
    recorder.flush()
    kill(brain, tmp_path / "recording")
    path = tmp_path / "recording" / "0000.mcap"
    return path, path.read_bytes(), list(Recording(tmp_path).raw())


def chunks(data):
    """Return where the chunk records of a file begin."""
    places, place = [], 8
    while place + 9 <= len(data) and data[place] in (1, 6, 7, 0x0C):
        if data[place] == 6:
            places.append(place)
        place += 9 + struct.unpack_from("<Q", data, place + 1)[0]
    return places


@pytest.mark.parametrize("opcode", [0, 1, 2, 3, 5, 7, 8, 9, 0x0A, 0x0B, 0x0C, 0x0F, 0x10, 0x7F, 0x80, 0xFF])
@pytest.mark.parametrize("number", [0, 5, -1])
def test_a_chunk_whose_kind_was_changed_is_damage(killed, opcode, number):
    path, data, _ = killed
    place = chunks(data)[number]
    path.write_bytes(data[:place] + bytes([opcode]) + data[place + 1:])
    with pytest.raises(RecordingError, match="damaged"):
        list(Recording(path).raw())


@pytest.mark.parametrize("length", [0, 1, 6, 100, 5000, 1 << 20, 1 << 40, (1 << 64) - 1])
@pytest.mark.parametrize("number", [0, 5, -1])
def test_a_wrong_length_in_a_killed_file_is_damage(killed, length, number):
    path, data, _ = killed
    place = chunks(data)[number] + 1
    path.write_bytes(data[:place] + length.to_bytes(8, "little") + data[place + 8:])
    with pytest.raises(RecordingError, match="damaged"):
        list(Recording(path).raw())


@pytest.mark.parametrize("size", [0, 5, 1 << 30, 1 << 62, (1 << 64) - 1])
def test_the_size_that_a_chunk_says_is_not_believed(killed, size):
    path, data, _ = killed
    place = chunks(data)[3] + 9 + 16
    path.write_bytes(data[:place] + size.to_bytes(8, "little") + data[place + 8:])
    with pytest.raises(RecordingError, match="damaged"):
        list(Recording(path).raw())


def test_a_chunk_that_is_missing_is_seen(killed):
    path, data, _ = killed
    one, next_one = chunks(data)[3:5]
    path.write_bytes(data[:one] + data[next_one:])
    with pytest.raises(RecordingError, match="some are missing"):
        list(Recording(path).raw())


def test_the_last_chunk_that_is_missing_of_an_ended_file_is_seen(folder):
    path = folder / "recording" / "0000.mcap"
    data = path.read_bytes()
    last, end = chunks(data)[-1], data.rindex(b"\x0f" + (4).to_bytes(8, "little") + bytes(4))
    path.write_bytes(data[:last] + data[end:])
    with pytest.raises(RecordingError, match=r"\d+ messages where its summary counts \d+"):
        list(Recording(path).raw())


def test_a_bit_flipped_in_the_last_chunk_of_a_killed_file_is_damage(killed):
    path, data, _ = killed
    place = chunks(data)[-1] + 120
    path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1:])
    with pytest.raises(RecordingError, match="damaged"):
        list(Recording(path).raw())


def test_a_changed_origin_of_a_segment_is_seen(folder):
    path = folder / "recording" / "0000.mcap"
    data = path.read_bytes()
    place = data.index(b"messages") + len(b"messages") + 4
    path.write_bytes(data[:place] + b"7" + data[place + 1:])
    with pytest.raises(RecordingError, match="other values than were written"):
        Recording(folder)
