"""Audio files in frames, or whole."""

from __future__ import annotations

import os
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from aura.core.errors import StreamError
from aura.sim.readers.audio import AudioOptions
from aura.sim.readers.sound import SoundBlocks, inspect_sound

soundfile = pytest.importorskip("soundfile")
RATE = 1000
RAMP = np.arange(100) / 128


def write(path, samples, *, rate=RATE, subtype="PCM_16", **more):
    soundfile.write(path, samples, rate, subtype=subtype, **more)


def test_frames_step_by_the_hop_and_name_their_file(tmp_path, opened):
    write(tmp_path / "b.wav", RAMP)
    write(tmp_path / "a.wav", -RAMP[:45])
    reader = opened("audio", path=".", frame="20 ms", hop="10 ms")
    assert len(reader) == 3 + 9
    rows = reader.rows([11, 3, 0, 4])
    np.testing.assert_allclose(rows["audio"], [RAMP[80:], RAMP[:20], -RAMP[:20], RAMP[10:30]], atol=1e-4)
    np.testing.assert_array_equal(rows["file"], [1, 1, 0, 1])
    assert (rows["audio"].dtype, reader.fields["audio"].shape, reader.rate_hz) == (np.float32, (20,), RATE)


def test_a_recordings_first_frame_has_position_zero(tmp_path, opened):
    write(tmp_path / "a.wav", RAMP[:45])
    write(tmp_path / "b.wav", RAMP[:5])
    write(tmp_path / "c.wav", RAMP[:30])
    reader = opened("audio", path=".", frame="20 ms", hop="10 ms")
    np.testing.assert_array_equal(reader.rows(range(len(reader)))["position"], [0, 1, 2, 0, 0, 1])
    assert reader.rows([4, 2])["position"].dtype == np.int64
    assert "position" not in opened("audio", path=".", whole="20 ms").fields


def test_files_are_shuffled_by_a_seed_and_their_frames_stay_in_order(tmp_path, opened):
    for name in "abcdefgh":
        write(tmp_path / f"{name}.wav", RAMP)
    orders = []
    for seed in (None, 1, 1, 2):
        reader = opened("audio", path=".", frame="50 ms", labels="(?P<name>.)", shuffle_files=seed)
        rows = reader.rows(range(len(reader)))
        assert rows["position"].tolist() == [0, 1] * 8
        assert [path.stem for path in reader.files] == [name for (name,) in rows["name"]][::2]
        orders.append(rows["name"])
    assert orders[1] == orders[2]
    assert len({*orders}) == 3
    assert orders[0] == tuple(sorted(orders[1]))


@pytest.fixture(scope="module")
def long_file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("long")
    signal = np.random.default_rng(5).uniform(-1, 1, (1000, 2)).astype(np.float32)
    write(folder / "long.wav", signal, subtype="FLOAT")
    write(folder / "short.wav", signal[:37], subtype="FLOAT")
    return [inspect_sound(folder / name) for name in ("long.wav", "short.wav")], signal.mean(axis=1)


@pytest.mark.slow
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 300), st.integers(0, 3),
       st.lists(st.tuples(st.integers(0, 1), st.integers(0, 999), st.integers(1, 400)), min_size=1, max_size=20))
def test_samples_are_the_same_whatever_was_read_before(long_file, block, kept, reads):
    sounds, signal = long_file
    blocks = SoundBlocks(sounds, "mix", block=block, kept=kept)
    for file, start, length in reads:
        out = np.zeros(length, np.float32)
        blocks.read(file, start, out)
        there = signal[:sounds[file].samples][start:start + length]
        np.testing.assert_array_equal(out, [*there, *[0] * (length - len(there))])


def test_frames_that_follow_on_each_other_open_their_file_once(tmp_path, opened, monkeypatch):
    write(tmp_path / "a.wav", RAMP)
    reader = opened("audio", path="a.wav", frame="10 ms")
    openings, sound_file = [], soundfile.SoundFile
    monkeypatch.setattr(soundfile, "SoundFile", lambda path: openings.append(path) or sound_file(path))
    read = [reader.rows([index])["audio"] for index in range(10)]
    np.testing.assert_allclose(np.concatenate(read).ravel(), RAMP, atol=1e-4)
    assert len(openings) == 1


def test_a_file_shorter_than_a_frame_is_padded(tmp_path, opened):
    write(tmp_path / "a.wav", RAMP[5:10])
    np.testing.assert_allclose(opened("audio", path="a.wav", frame="8 ms").rows([0])["audio"],
                               [[*RAMP[5:10], 0, 0, 0]], atol=1e-4)


def test_whole_files_are_cut_or_padded(tmp_path, opened):
    write(tmp_path / "a.wav", RAMP)
    write(tmp_path / "b.wav", RAMP[:10])
    audio = opened("audio", path="*.wav", whole="50 ms").rows([0, 1])["audio"]
    np.testing.assert_allclose(audio, [RAMP[:50], [*RAMP[:10], *[0] * 40]], atol=1e-4)


@pytest.mark.parametrize(("subtype", "step"), [
    ("PCM_U8", 2**-7), ("PCM_16", 2**-15), ("PCM_24", 2**-23), ("PCM_32", 2**-23), ("FLOAT", 2**-23),
    ("DOUBLE", 2**-23), ("ULAW", 2**-5),
])
@pytest.mark.parametrize("container", ["WAV", "WAVEX"])
def test_every_sample_format_comes_as_float_from_minus_one_to_one(tmp_path, opened, subtype, step, container):
    signal = np.sin(np.arange(200) / 7)
    write(tmp_path / "a.wav", signal, subtype=subtype, format=container)
    audio = opened("audio", path="a.wav", whole="200 ms").rows([0])["audio"][0]
    np.testing.assert_allclose(audio, signal, atol=step)
    assert np.abs(audio).max() <= 1


@pytest.mark.parametrize("subtype", ["FLOAT", "DOUBLE"])
def test_float_samples_beyond_one_are_refused_scaled_or_clipped_with_the_peak(tmp_path, opened, caplog, subtype):
    write(tmp_path / "a.wav", np.array([2.0, -3.0, 0.75]), subtype=subtype)
    with pytest.raises(StreamError, match=r"a\.wav: expected samples from -1 to 1, got a peak of 3. Set beyond"):
        opened("audio", path="a.wav", whole="3 ms")
    clipped = opened("audio", path="a.wav", whole="3 ms", beyond="clip").rows([0])["audio"]
    np.testing.assert_array_equal(clipped, [[1, -1, 0.75]])
    assert "a.wav: a peak of 3 is clipped" in caplog.text
    scaled = opened("audio", path="a.wav", whole="3 ms", beyond="scale").rows([0])["audio"]
    np.testing.assert_allclose(scaled, [[2 / 3, -1, 0.25]], rtol=1e-6)
    assert "a.wav: a peak of 3 is scaled to 1" in caplog.text


def test_int16_numbers_in_a_float_file_keep_their_shape_when_scaled(tmp_path, opened):
    signal = np.sin(np.arange(200) / 7)
    write(tmp_path / "a.wav", signal / np.abs(signal).max() * 32767, subtype="FLOAT")
    audio = opened("audio", path="a.wav", whole="200 ms", beyond="scale").rows([0])["audio"][0]
    np.testing.assert_allclose(audio, signal / np.abs(signal).max(), atol=1e-6)


CONTAINERS = {"RIFX": {"format": "WAV", "endian": "BIG"}, "RF64": {"format": "RF64"}, "W64": {"format": "W64"},
              "AIFF": {"format": "AIFF"}, "AU": {"format": "AU"}, "CAF": {"format": "CAF"}, "WAV": {"format": "WAV"},
              "FLAC": {"format": "FLAC"}, "FLAC 24": {"format": "FLAC", "subtype": "PCM_24"},
              "SPHERE": {"format": "NIST"}, "MP3": {"format": "MP3", "subtype": "MPEG_LAYER_III"},
              "OGG": {"format": "OGG", "subtype": "VORBIS"}, "OPUS": {"format": "OGG", "subtype": "OPUS"},
              "ALAC": {"format": "CAF", "subtype": "ALAC_16"}, "ADPCM": {"format": "WAV", "subtype": "MS_ADPCM"}}


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_file_cut_in_half_is_found_in_every_container_and_left_out_with_skip(tmp_path, opened, container):
    noise = np.random.default_rng(1).uniform(-0.9, 0.9, 20_000)
    for name in "abc":
        write(tmp_path / f"{name}.wav", noise, rate=8000, **CONTAINERS[container])
    assert len(opened("audio", path=".", frame="12.5 ms")) in (600, 603)
    path = tmp_path / "b.wav"
    path.write_bytes(path.read_bytes()[:path.stat().st_size // 2])
    with pytest.raises(StreamError, match=r"b\.wav") as raised:
        opened("audio", path=".", frame="12.5 ms")
    assert ".." not in str(raised.value)
    reader = opened("audio", path=".", frame="12.5 ms", on_bad="skip")
    assert len(reader) in (400, 402)
    assert reader.skipped == 1
    loud = np.abs(reader.rows(range(400))["audio"]).max(axis=1) > 0.1
    assert loud.sum() > 395  # Vorbis fades the last frame out


UNCHECKED = ("VOC", "IRCAM", "SVX", "PAF", "SDS", "MAT4", "MAT5", "AVR", "PVF", "XI", "MPC2K", "WVE")


@pytest.mark.parametrize("container", UNCHECKED)
@pytest.mark.parametrize("share", [1, 2], ids=["whole", "half"])
def test_a_format_whose_length_cannot_be_checked_is_a_bad_file_with_what_to_try(tmp_path, opened, container, share):
    noise = np.random.default_rng(1).uniform(-0.9, 0.9, 20_000)
    write(tmp_path / "b.wav", RAMP, rate=8000)
    path = tmp_path / "a.wav"
    write(path, noise, rate=8000, format=container, subtype=soundfile.default_subtype(container))
    path.write_bytes(path.read_bytes()[:path.stat().st_size // share])
    with pytest.raises(StreamError, match=r"a\.wav: expected wav, flac, ogg or another format whose length can be "
                                          r"checked, got .+\. Convert it to wav \(PCM\) or flac\.$"):
        opened("audio", path=".", frame="10 ms")
    reader = opened("audio", path=".", frame="10 ms", on_bad="skip")
    assert (len(reader), reader.skipped) == (1, 1)


def test_an_encoding_that_can_only_be_read_from_its_beginning_is_refused(tmp_path, opened):
    write(tmp_path / "a.wav", RAMP, rate=8000, subtype="GSM610")
    with pytest.raises(StreamError, match=r"a\.wav: expected samples that can be read from any place on, got GSM 6.10"):
        opened("audio", path="a.wav", frame="10 ms")


def test_an_mp3_file_that_does_not_tell_its_length_is_refused(tmp_path, opened):
    write(tmp_path / "a.mp3", np.random.default_rng(1).uniform(-0.9, 0.9, 40_000), rate=8000, format="MP3",
          subtype="MPEG_LAYER_III")
    data = (tmp_path / "a.mp3").read_bytes()
    (tmp_path / "a.mp3").write_bytes(b"ID3\4\0\0\0\0\1\2" + bytes(130) + data)
    assert len(opened("audio", path="a.mp3", frame="10 ms")) == 500
    (tmp_path / "a.mp3").write_bytes(data[data.index(data[:2], 40):])
    with pytest.raises(StreamError, match=r"a\.mp3: expected an MP3 file that says how many frames it has"):
        opened("audio", path="a.mp3", frame="10 ms")


@pytest.mark.parametrize("how", [{"whole": "1 s"}, {"frame": "1 s"}])
def test_a_row_larger_than_may_be_unpacked_is_refused_whatever_rate_a_header_tells(tmp_path, opened, how):
    for name in "ab":
        write(tmp_path / f"{name}.wav", RAMP)
    data = bytearray((tmp_path / "a.wav").read_bytes())
    data[24:28] = (2**31 - 1).to_bytes(4, "little")
    (tmp_path / "a.wav").write_bytes(data)
    message = (r"a\.wav: expected rows of at most 1073741824 bytes, got 1 s at 2147483647 Hz, which is 8589934588\. "
            r"If that is meant, set max_unpacked\.")
    with pytest.raises(StreamError, match=message):
        opened("audio", path=".", **how)
    reader = opened("audio", path=".", on_bad="skip", **how)
    assert (reader.rate_hz, reader.skipped) == (RATE, 1)
    with pytest.raises(StreamError, match="expected rows of at most 3999 bytes, got 1 s at 1000 Hz"):
        opened("audio", path="b.wav", max_unpacked=3999, **how)


def test_a_file_that_fails_while_it_is_played_and_is_the_same_is_not_said_to_be_changed(tmp_path, opened, monkeypatch):
    write(tmp_path / "a.wav", RAMP)
    reader = opened("audio", path="a.wav", frame="10 ms")

    def fails(*_, **__):
        raise RuntimeError("Internal psf_fseek() failed.")

    monkeypatch.setattr(soundfile.SoundFile, "read", fails)
    with pytest.raises(StreamError) as raised:
        reader.rows([0])
    assert str(raised.value) == "a.wav: expected samples that can be decoded, got Internal psf_fseek() failed"


def test_a_flac_file_whose_samples_were_changed_is_damaged(tmp_path, opened):
    write(tmp_path / "a.flac", np.random.default_rng(1).uniform(-0.9, 0.9, 20_000), format="FLAC")
    data = bytearray((tmp_path / "a.flac").read_bytes())
    data[len(data) // 2] ^= 0x10
    (tmp_path / "a.flac").write_bytes(data)
    with pytest.raises(StreamError, match=r"a\.flac"):
        opened("audio", path="a.flac", frame="100 ms")


@pytest.mark.parametrize("length", [
    0x7FFFF000, 0x7FFFFFDB, 0x7FFFFFFF, 0x80000000, 0xFFFFF000, 0xFFFFFFDB, 0xFFFFFFFF])
def test_a_length_that_a_pipe_left_open_is_read_to_the_end_of_the_file(tmp_path, opened, length):
    write(tmp_path / "a.wav", RAMP)
    data = bytearray((tmp_path / "a.wav").read_bytes())
    place = data.index(b"data") + 4
    data[place:place + 4] = length.to_bytes(4, "little")
    data[4:8] = min(length + 36, 0xFFFFFFFF).to_bytes(4, "little")
    (tmp_path / "a.wav").write_bytes(data)
    audio = opened("audio", path="a.wav", frame="10 ms").rows(range(10))["audio"]
    np.testing.assert_allclose(audio.reshape(-1), RAMP, atol=1e-4)


def test_a_length_of_zero_with_samples_behind_it_is_a_bad_file_that_says_so(tmp_path, opened):
    write(tmp_path / "a.wav", RAMP)
    write(tmp_path / "b.wav", RAMP)
    data = bytearray((tmp_path / "a.wav").read_bytes())
    place = data.index(b"data") + 4
    data[place:place + 4] = bytes(4)
    (tmp_path / "a.wav").write_bytes(data)
    with pytest.raises(StreamError, match=r"a\.wav: expected at least one sample, got none by its header, and 200 "
                                          r"bytes behind it\. .*--ignore-length"):
        opened("audio", path=".", frame="10 ms")
    assert opened("audio", path=".", frame="10 ms", on_bad="skip").skipped == 1


@pytest.mark.parametrize("path", [".", "*.wav", "**/*.wav"])
def test_a_folder_that_is_named_as_a_sound_is_none(tmp_path, opened, path):
    write(tmp_path / "a.wav", RAMP)
    (tmp_path / "x.wav").mkdir()
    assert [file.name for file in opened("audio", path=path, frame="10 ms").files] == ["a.wav"]


@pytest.mark.parametrize("pattern", ["takes [old]", "takes [old]/*.wav", "takes [old]/?.wav", "takes [old]/a.wav",
                                     "./takes [old]/../takes [old]/*", "**/a.wav"])
def test_a_folder_with_brackets_in_its_name_finds_its_files_and_no_hidden_ones(tmp_path, opened, pattern):
    folder = tmp_path / "takes [old]"
    folder.mkdir()
    write(folder / "a.wav", RAMP)
    (folder / "._a.wav").write_bytes(b"\0\5\x16\7 of another program")
    (folder / ".b.wav").write_bytes(b"")
    assert [file.name for file in opened("audio", path=pattern, frame="100 ms").files] == ["a.wav"]


def test_channels_are_mixed_or_chosen(tmp_path, opened):
    write(tmp_path / "a.wav", np.stack([RAMP, -RAMP / 2], axis=1))
    mixed = opened("audio", path="a.wav", whole="100 ms").rows([0])["audio"][0]
    second = opened("audio", path="a.wav", whole="100 ms", channel=1).rows([0])["audio"][0]
    np.testing.assert_allclose(mixed, RAMP / 4, atol=1e-4)
    np.testing.assert_allclose(second, -RAMP / 2, atol=1e-4)
    with pytest.raises(StreamError, match=r"a\.wav: expected a channel 2, got 2 channels"):
        opened("audio", path="a.wav", whole="1 s", channel=2)


def test_labels_come_from_the_files_name(tmp_path, opened):
    for name in ("7_theo_1.wav", "3_ann_2.wav"):
        write(tmp_path / name, RAMP)
    reader = opened("audio", path=".", whole="1 s", labels=r"(?P<digit>\d)_(?P<speaker>\w+)_\d+(?P<more>x)?\.wav")
    rows = reader.rows([0, 1])
    assert (rows["digit"], rows["speaker"], rows["more"]) == ((("3",), ("7",)), (("ann",), ("theo",)), ((), ()))
    assert reader.fields["digit"].classes == ("3", "7")


def bad_file(folder, how):
    path = folder / "b.wav"
    write(path, RAMP)
    if how == "truncated":
        path.write_bytes(path.read_bytes()[:-60])
    elif how == "header only":
        path.write_bytes(path.read_bytes()[:20])
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "no samples":
        write(path, RAMP[:0])
    elif how == "rate":
        write(path, RAMP, rate=500)
    elif how == "text":
        path.write_text("not audio at all, not audio at all")
    elif how == "nan":
        write(path, np.array([0.5, np.nan]), subtype="FLOAT")
    elif how == "name":
        path.rename(folder / "no label.wav")


@pytest.mark.parametrize(("how", "message"), [
    ("truncated", r"b\.wav: expected 200 bytes of samples, as its header says, got 140 bytes: it is truncated"),
    ("header only", r"b\.wav: expected an audio file"), ("empty", r"b\.wav: expected an audio file"),
    ("no samples", "expected at least one sample"), ("rate", "expected a sample rate of 1000 Hz, got 500 Hz"),
    ("text", r"b\.wav: expected an audio file"), ("nan", "expected finite samples"),
    ("name", "expected a name that fits"),
])
def test_a_bad_file_stops_or_is_skipped(tmp_path, opened, how, message):
    write(tmp_path / "a.wav", RAMP)
    bad_file(tmp_path, how)
    with pytest.raises(StreamError, match=message):
        opened("audio", path=".", whole="1 s", labels=r"(?P<n>[ab])\.wav")
    reader = opened("audio", path=".", whole="1 s", labels=r"(?P<n>[ab])\.wav", on_bad="skip")
    assert (len(reader), reader.skipped) == (1, 1)


@pytest.mark.parametrize(("path", "message"), [
    ("folder", "no file fits"), ("x*.wav", "no file fits"), ("none.wav", r"none\.wav: expected an audio file")])
def test_a_path_without_audio_is_an_error(tmp_path, opened, path, message):
    (tmp_path / "folder").mkdir()
    with pytest.raises(StreamError, match=message):
        opened("audio", path=path, frame="10 ms")


def test_what_is_no_regular_file_is_said_and_never_read(tmp_path, opened):
    os.mkfifo(tmp_path / "pipe.wav")
    for path in ("/dev/zero", "pipe.wav", "*.wav", "."):
        with pytest.raises(StreamError, match="expected a regular file, got a device, a pipe or a socket"):
            opened("audio", path=path, frame="10 ms")


def test_all_files_bad_is_an_error_when_skipping(tmp_path, opened):
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    with pytest.raises(StreamError, match=r"no rows \(1 bad files were skipped\)"):
        opened("audio", path=".", frame="10 ms", on_bad="skip")


@pytest.mark.parametrize("row", [0, 9])
@pytest.mark.parametrize("left", [10, None])
def test_a_file_that_shrinks_or_goes_after_opening_is_an_error(tmp_path, opened, row, left):
    write(tmp_path / "a.wav", RAMP)
    reader = opened("audio", path="a.wav", frame="10 ms")
    (tmp_path / "a.wav").unlink() if left is None else write(tmp_path / "a.wav", RAMP[:left])
    with pytest.raises(StreamError, match="It was changed or removed after the stream was opened"):
        reader.rows([row])


@pytest.mark.parametrize("options", [
    {}, {"frame": "10 ms", "whole": "1 s"}, {"whole": "1 s", "hop": "1 ms"}, {"frame": "0 s"}, {"frame": "ten"},
    {"frame": "1 s", "labels": "("}, {"frame": "1 s", "labels": "(?P<audio>.)"},
    {"frame": "1 s", "labels": "(?P<position>.)"}, {"frame": "1 s", "shuffle_files": -1},
    {"frame": "1 s", "channel": -1}])
def test_options_that_cannot_be_meant_are_refused(options):
    with pytest.raises(ValidationError):
        AudioOptions.model_validate({"path": "a.wav"} | options)


def test_a_frame_shorter_than_a_sample_is_refused(tmp_path, opened):
    write(tmp_path / "a.wav", RAMP)
    with pytest.raises(StreamError, match="from one sample"):
        opened("audio", path="a.wav", frame="1 us")


def test_spoken_digits_are_read_whole(real_data, opened):
    reader = opened("audio", path="data:fsdd/recordings/7_*.wav", whole="1 s",
                    labels=r"(?P<digit>\d)_(?P<speaker>\w+)_")
    assert (len(reader), reader.rate_hz) == (200, 8000)
    assert reader.fields["speaker"].classes == ("george", "jackson", "nicolas", "theo")
    assert np.abs(reader.rows([5])["audio"]).max() > 0.05


@pytest.mark.slow
def test_spoken_digits_are_read_in_frames_with_their_digit(real_data, opened):
    reader = opened("audio", path="data:fsdd/recordings/*_theo_*.wav", frame="10 ms", shuffle_files=3,
                    labels=r"(?P<digit>\d)_(?P<speaker>\w+)_\d+\.wav")
    assert reader.fields["audio"].shape == (80,)
    rows = reader.rows(range(2000))
    first = np.flatnonzero(rows["position"] == 0)
    for start, stop in pairwise(first):
        path = reader.files[rows["file"][start]]
        whole, _ = soundfile.read(path, dtype="float32")
        np.testing.assert_array_equal(rows["audio"][start:stop].ravel(), whole[:(stop - start) * 80])
        assert rows["position"][start:stop].tolist() == list(range(stop - start))
        assert set(rows["digit"][start:stop]) == {(path.name[0],)}
    assert len({rows["digit"][start] for start in first}) > 5  # the digits come mixed
