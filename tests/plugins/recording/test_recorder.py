"""What a recorder writes: every kind of event, chosen by topic, the same in every run, open to existing viewers."""

from __future__ import annotations

import numpy as np
import pytest
from mcap.reader import make_reader
from mcap_ros2.decoder import DecoderFactory

from aura import Brain, Manifest, Port, Zone
from aura.core.errors import RecordingError, TimeError
from aura.core.ports import NUMERIC, TEXTUAL
from aura.core.probe import Probe
from aura.core.time import MS
from aura.plugins.recording import Recorder, Recording, digest, first_difference
from aura.plugins.recording.schemas import codec_for


def record(brain, folder, until="60 ms", **options):
    brain.observe(Recorder(folder, **options))
    brain.begin_phase("learn")
    brain.run(until=until)
    brain.close()
    return Recording(folder)


def test_every_signal_is_recorded_with_its_ids(make_brain, tmp_path):
    brain = make_brain()
    probes = [Probe(topic) for topic in brain.topics]
    for probe in probes:
        brain.observe(probe)
    recording = record(brain, tmp_path)
    for probe in probes:
        back = list(recording.messages(probe.topics[0]))
        assert len(back) == len(probe.signals) > 0
        for one, other in zip(back, probe.signals, strict=True):
            assert one.time == other.time
            assert (one.ids is None) == (other.ids is None)
            assert one.ids is None or one.ids.tolist() == other.ids.tolist()
            if isinstance(other.value, tuple):
                assert one.value == other.value
            else:
                assert one.value.dtype == other.value.dtype
                assert one.value.tobytes() == other.value.tobytes()


def test_learning_phases_injections_and_errors_are_recorded(tmp_path):
    class Fragile(Zone):
        manifest = Manifest("fragile", "", inputs=(Port("x", shape=(2,), required=False),), wake_on=("x",),
                            outputs=(Port("y", shape=(2,)),))

        def step(self, now, inputs):
            if inputs["x"][0] < 0:
                raise ValueError("below zero")
            return {"y": inputs["x"] * 2}

        def learn(self, now, inputs):
            return {"loss": np.float32(0.5), "gain": 1e300, "n": 3}

    brain = Brain()
    brain.add(Fragile, on_error="silence")
    brain.observe(Recorder(tmp_path))
    brain.begin_phase("held-out", learning=False)
    brain.learning = True
    brain.inject("fragile.x", np.array([1, 2], np.float32), delay="5 ms")
    brain.run(until="10 ms")
    brain.inject("fragile.x", np.array([-1, 2], np.float32))
    brain.run(until="20 ms")
    brain.close()
    recording = Recording(tmp_path)
    assert recording.topics == ("phase", "inject/fragile.x", "fragile.y", "learn/fragile", "error/fragile")
    events = {signal.topic: signal for signal in recording.messages()}
    assert events["phase"].value == {"phase": "held-out", "learning": False}
    assert events["learn/fragile"].value == {"loss": 0.5, "gain": 1e300, "n": 3}
    assert "below zero" in events["error/fragile"].value["error"]
    times = [(message.time, message.publish_time) for message in recording.raw() if message.topic == "inject/fragile.x"]
    assert times[0] == (0, 5_000_000)
    assert times[1][0] == 10_000_000 < times[1][1]


def test_two_runs_record_the_same_bits(make_brain, tmp_path):
    one, other = (record(make_brain(), tmp_path / name) for name in "ab")
    assert first_difference(one, other) is None
    assert digest(one) == digest(other)
    different = record(make_brain(seed=4), tmp_path / "c")
    assert digest(different) != digest(one)


def test_serial_and_threads_record_the_same_bits(make_brain, tmp_path):
    serial, threads = (record(make_brain(executor), tmp_path / executor) for executor in ("serial", "threads"))
    assert digest(serial) == digest(threads)


def test_chunk_boundaries_change_no_message(make_brain, tmp_path):
    small = record(make_brain(), tmp_path / "small", chunk_bytes=100)
    large = record(make_brain(), tmp_path / "large")
    assert (tmp_path / "small" / "0000.mcap").stat().st_size != (tmp_path / "large" / "0000.mcap").stat().st_size
    assert digest(small) == digest(large)


def test_with_a_clock_that_stands_still_files_are_identical(make_brain, tmp_path):
    for name in "ab":
        record(make_brain(), tmp_path / name, clock=lambda: 0.0)
    assert (tmp_path / "a" / "0000.mcap").read_bytes() == (tmp_path / "b" / "0000.mcap").read_bytes()


def test_topics_are_chosen_left_out_and_decimated(make_brain, tmp_path):
    recording = record(make_brain(), tmp_path, topics=("source.*", "learn/*"), leave_out=("*.t*", "learn/second"),
                       every={"source.x": "10 ms", "*": 1})
    assert set(recording.topics) == {"source.x", "source.level", "learn/learner"}
    times, _ = recording.series("source.x")
    assert times.tolist() == [0, 10_000_000, 20_000_000, 30_000_000, 40_000_000, 50_000_000]
    assert len(recording.series("source.level")[0]) == 20


def test_a_pattern_that_fits_no_topic_is_refused_and_one_that_leaves_out_nothing_is_told(make_brain, tmp_path):
    with pytest.raises(RecordingError, match=r"'sourze.x'.*'source.x'"):
        record(make_brain(), tmp_path / "a", topics=("learn/*", "sourze.x"))
    brain = make_brain()
    record(brain, tmp_path / "b", leave_out=("sourze.*", "error/source"), every={"nothing": "10 ms"})
    assert [(notice.source, notice.text) for notice in brain.notices] == [
        ("record.every", "'nothing' fits no topic of this brain"),
        ("record.leave_out", "'sourze.*' fits no topic of this brain")]


def test_a_decimation_that_is_no_time_is_refused(tmp_path):
    with pytest.raises(TimeError, match="every"):
        Recorder(tmp_path, every={"a": "soon"})


def test_an_existing_viewers_reader_decodes_everything(make_brain, tmp_path):
    brain = make_brain()
    probe = brain.probe("source.x")
    record(brain, tmp_path)
    with (tmp_path / "0000.mcap").open("rb") as file:
        reader = make_reader(file, validate_crcs=True, decoder_factories=[DecoderFactory()])
        summary = reader.get_summary()
        arrays = [m for _, channel, _, m in reader.iter_decoded_messages(topics=["source.x"])]
        texts = list(reader.iter_messages(topics=["source.text"]))
        late = list(reader.iter_messages(starting_at=50_000_000))
        metadata = [record.name for record in reader.iter_metadata()]
    assert metadata == ["aura"]
    assert summary.statistics.message_count == sum(1 for _ in Recording(tmp_path).raw())
    assert len(summary.channels) == len(Recording(tmp_path).topics)
    assert len(summary.chunk_indexes) == summary.statistics.chunk_count > 0
    assert {c.topic: c.metadata.get("unit") for c in summary.channels.values()}["source.level"] == "mV"
    assert len(arrays) == len(probe.signals)
    for array, signal in zip(arrays, probe.signals, strict=True):
        assert list(array.ids) == signal.ids.tolist()
        assert np.asarray(array.data, np.float32).tobytes() == signal.value.tobytes()
    assert len(texts) == 20
    assert texts[0][0].encoding == "jsonschema"
    assert min(message.log_time for _, _, message in late) == 50_000_000


def test_a_chunk_is_written_when_it_is_a_second_old(make_brain, tmp_path):
    seconds = [0.0]
    brain = make_brain()
    brain.observe(Recorder(tmp_path, clock=lambda: seconds[0]))
    brain.run(until="5 ms")
    assert list(Recording(tmp_path).raw()) == []
    seconds[0] = 1.5
    brain.run(until="10 ms")
    written = len(list(Recording(tmp_path).raw()))
    assert written > 0
    brain.run(until="15 ms")
    assert len(list(Recording(tmp_path).raw())) == written
    brain.close()
    assert len(list(Recording(tmp_path).raw())) > written


def test_flush_hands_over_what_an_idle_brain_has_said(make_brain, tmp_path):
    brain = make_brain()
    recorder = Recorder(tmp_path, clock=lambda: 0.0)
    brain.observe(recorder)
    recorder.flush()
    brain.run(until="3 ms")
    recorder.flush()
    assert Recording(tmp_path).series("source.x")[0].tolist() == [0, 1_000_000, 2_000_000]
    brain.close()


@pytest.mark.parametrize("bound", [{"file_bytes": 3000}, {"index_bytes": 400}])
def test_a_file_that_grows_too_large_is_followed_by_another(make_brain, tmp_path, bound):
    whole = record(make_brain(), tmp_path / "whole")
    parted = record(make_brain(), tmp_path / "parted", chunk_bytes=500, **bound)
    assert len(list((tmp_path / "parted").iterdir())) > 3
    assert digest(parted) == digest(whole)
    for path in (tmp_path / "parted").iterdir():
        with path.open("rb") as file:
            assert make_reader(file).get_summary() is not None


def test_there_is_a_message_for_every_type_a_port_may_have():
    for dtype in (*NUMERIC, *TEXTUAL):
        assert codec_for(Port("x", dtype=dtype, shape=("item",))).type.schema


def test_a_full_disk_stops_the_brain_and_leaves_what_is_whole(make_brain, tmp_path, full_disk):
    brain = make_brain()
    brain.observe(Recorder(tmp_path, chunk_bytes=200))
    brain.run(until="3 ms")
    whole = (tmp_path / "0000.mcap").stat().st_size
    with full_disk(whole + 10), pytest.raises(RecordingError, match=r"0000\.mcap: expected a place that can be"):
        brain.run(until="20 ms")
    assert (tmp_path / "0000.mcap").stat().st_size == whole
    assert max(signal.time for signal in Recording(tmp_path).messages()) < 3 * MS
    brain.close()


def test_a_recorder_that_may_end_is_switched_off_and_counts_as_a_fault(make_brain, tmp_path, full_disk):
    brain = make_brain()
    brain.observe(Recorder(tmp_path / "run", chunk_bytes=200, on_error="go on"))
    brain.run(until="3 ms")
    with full_disk((tmp_path / "run/0000.mcap").stat().st_size + 10):
        assert brain.run(until="10 ms") == 7
    assert [(notice.source, notice.fault) for notice in brain.notices] == [("recorder", True)]
    saved, before = brain.save(tmp_path / "saved"), list(Recording(tmp_path / "run").raw())
    brain.close()

    again = make_brain()
    again.observe(Recorder(tmp_path / "run", on_error="go on"))
    again.load(saved)
    again.close()
    assert list(Recording(tmp_path / "run").raw()) == before


def test_a_recording_whose_file_is_removed_is_noticed_when_the_next_chunk_is_written(make_brain, tmp_path):
    brain = make_brain()
    brain.observe(Recorder(tmp_path, chunk_bytes=200))
    brain.run(until="3 ms")
    (tmp_path / "0000.mcap").unlink()
    with pytest.raises(RecordingError, match="the file has been removed"):
        brain.run(until="20 ms")
    brain.close()
