"""A stream of sound, cut anywhere."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura.core.errors import SignalError, StateError
from aura.zones.sensory.chunks import ChunkedFrames
from aura.zones.sensory.mel import LogMel
from aura.zones.sensory.params import AudioOptions

MEL = LogMel(AudioOptions(rate=1000, window="20 ms", hop="7 ms", mels=6))  # 20 and 7 samples
SOUND = np.random.default_rng(8).normal(0, 0.1, 600).astype(np.float32)


@pytest.mark.slow
@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 50), st.booleans()), max_size=12))
def test_wherever_the_stream_is_cut_and_resumed_the_frames_are_the_same(ticks):
    stream, at, frames = ChunkedFrames(MEL), 0, [np.empty((0, 6), np.float32)]
    for items, length, resumed in ticks:
        here = min(items, (len(SOUND) - at) // length) if length else items
        found, chunks = stream.take(SOUND[at:at + here * length].reshape(here, length), None)
        for number, chunk in enumerate(chunks, sum(map(len, frames))):
            assert at + chunk * length <= 7 * number + 19 < at + (chunk + 1) * length  # where its last sample lies
        frames.append(found)
        at += here * length
        if resumed:
            saved, stream = stream.state(), ChunkedFrames(MEL)
            stream.load_state(saved)
    np.testing.assert_array_equal(np.concatenate(frames), MEL.frames(SOUND[:at]))


@pytest.mark.slow
@settings(deadline=None)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=5), st.integers(1, 6))
def test_no_frame_spans_two_recordings_however_they_share_ticks(lengths, at_once):
    positions = np.concatenate([np.arange(length) for length in lengths])
    chunks = SOUND[:len(positions) * 10].reshape(-1, 10)
    stream = ChunkedFrames(MEL)
    got = [stream.take(chunks[i:i + at_once], positions[i:i + at_once]) for i in range(0, len(chunks), at_once)]
    starts = np.concatenate(([0], np.cumsum(lengths)))
    expected = [MEL.frames(chunks[a:b].ravel()) for a, b in pairwise(starts)]
    np.testing.assert_array_equal(np.concatenate([frames for frames, _ in got]), np.concatenate(expected))
    whose = np.concatenate([items + i * at_once for i, (_, items) in enumerate(got)])
    assert whose.tolist() == [start + (7 * number + 19) // 10 for start, frames in zip(starts, expected, strict=False)
                              for number in range(len(frames))]


@pytest.mark.parametrize(("before", "after", "joined"), [(4, 5, True), (4, 6, False), (4, 4, False), (0, 0, False),
                                                         (-1, 0, False), (None, 7, True), (4, None, True)])
def test_a_position_that_is_no_successor_begins_anew(before, after, joined):
    stream = ChunkedFrames(MEL)
    stream.take(SOUND[None, :15], None if before is None else np.array([before]))
    frames, _ = stream.take(SOUND[None, 15:30], None if after is None else np.array([after]))
    assert len(frames) == (2 if joined else 0)


def test_a_break_is_seen_after_a_resume_too():
    stream, resumed = ChunkedFrames(MEL), ChunkedFrames(MEL)
    stream.take(SOUND[None, :15], np.array([3]))
    resumed.load_state(stream.state())
    assert len(resumed.take(SOUND[None, 15:30], np.array([9]))[0]) == 0


def test_the_state_is_its_own_copy():
    stream = ChunkedFrames(MEL)
    stream.take(SOUND[None, :15], None)
    saved = stream.state()
    stream.take(SOUND[None, 15:30], None)
    np.testing.assert_array_equal(saved["tail"], SOUND[:15])


def test_positions_that_do_not_belong_to_the_chunks_are_refused():
    with pytest.raises(SignalError, match="ear_position at 20 ms: expected 2 positions, one a chunk, got 3"):
        ChunkedFrames(MEL).take(SOUND[:20].reshape(2, 10), np.arange(3), "ear", 20_000_000)


def test_a_state_of_a_longer_window_is_refused():
    with pytest.raises(StateError, match="fewer than 20 samples"):
        ChunkedFrames(MEL).load_state({"tail": np.zeros(20, np.float32), "position": None})
