"""Log-mel frames against librosa, and against the sum that they are."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura.core.errors import AuraError, ParameterError
from aura.core.params import validated
from aura.zones.sensory.mel import LogMel
from aura.zones.sensory.params import AudioOptions

SOUND = np.random.default_rng(3).normal(0, 0.1, 4000).astype(np.float32)


@pytest.mark.slow
@pytest.mark.parametrize("options", [
    AudioOptions(rate=8000),
    AudioOptions(rate=8000, window="32 ms", mels=20, fmin=100, fmax=3500),
    AudioOptions(rate=16000, window="20 ms", hop="5 ms", fft=1024, mels=64),
])
def test_a_frame_is_librosas_melspectrogram(options):
    from librosa import stft
    from librosa.filters import mel as mel_bank

    mel, length = LogMel(options), options.transform
    # librosa sets a window shorter than the transform in its middle.
    margin = (length - mel.window) // 2
    lines = stft(np.pad(SOUND.astype(np.float64), (margin, length)), n_fft=length, win_length=mel.window,
                 hop_length=mel.hop, center=False)
    bank = mel_bank(sr=options.rate, n_fft=length, n_mels=options.mels, fmin=options.fmin, fmax=options.highest)
    power = (bank @ abs(lines) ** 2).T  # as librosa.feature.melspectrogram, whose module takes seconds to import
    frames = mel.frames(SOUND)
    assert len(frames) == mel.count(len(SOUND)) > 20
    np.testing.assert_allclose(np.exp(frames.astype(np.float64)), power[:len(frames)], rtol=1e-5)


def test_a_frame_is_the_sum_that_it_is_said_to_be():
    from librosa.filters import mel as mel_bank

    options = AudioOptions(rate=1000, window="16 ms", hop="6 ms", mels=4)
    piece = SOUND[6:22].astype(np.float64)
    taper = np.array([math.sin(math.pi * n / 16) ** 2 for n in range(16)])
    lines = [abs(sum(taper[n] * piece[n] * np.exp(-2j * math.pi * k * n / 16) for n in range(16))) ** 2
             for k in range(9)]
    expected = [math.log(sum(w * p for w, p in zip(row, lines, strict=True)))
                for row in mel_bank(sr=1000, n_fft=16, n_mels=4)]
    np.testing.assert_allclose(LogMel(options).frames(SOUND[:30])[1], expected, rtol=1e-5)


def test_silence_is_the_floor():
    frames = LogMel(AudioOptions(rate=8000, floor=1e-4)).frames(np.zeros(400, np.float32))
    assert (frames == np.float32(math.log(1e-4))).all()


def test_a_tone_falls_into_its_band():
    options = AudioOptions(rate=8000, mels=30)
    tone = (0.5 * np.sin(2 * np.pi * 1000 * np.arange(400) / 8000)).astype(np.float32)
    best = int(LogMel(options).frames(tone)[0].argmax())
    assert 12 <= best <= 15  # 1 kHz is 15 of 35.2 mel to 4 kHz on Slaney's scale, hence near band 12.8


@settings(deadline=None)
@given(st.integers(0, 3999), st.integers(0, 3))
def test_frames_begin_a_hop_apart_and_each_stands_on_its_own(samples, late):
    mel = MEL
    frames = mel.frames(SOUND[:samples])
    assert len(frames) == sum(1 for start in range(0, samples, 80) if start + 200 <= samples)
    for number in range(late, len(frames), 7):
        alone = mel.frames(SOUND[number * 80:number * 80 + 200])
        np.testing.assert_array_equal(alone[0], frames[number])


MEL = LogMel(AudioOptions(rate=8000))


def test_many_frames_are_made_in_parts_with_the_same_bits():
    long = np.tile(SOUND, 13)
    np.testing.assert_array_equal(MEL.frames(long)[-1:], MEL.frames(long[(MEL.count(len(long)) - 1) * 80:]))


def test_bands_without_a_line_are_refused():
    with pytest.raises(ParameterError, match=r"ear\.mels: expected bands that each hold a line .* Choose fewer mels"):
        LogMel(AudioOptions(rate=8000, mels=200), "ear")


@pytest.mark.parametrize(("options", "message"), [
    ({"rate": 0}, "audio.rate"), ({"rate": 8000, "hop": "30 ms"}, "no longer than the window"),
    ({"rate": 8000, "window": "0 ms"}, "a time above zero"), ({"rate": 8000, "hop": "soon"}, "a time such as"),
    ({"rate": 8000, "fft": 128}, "an fft that holds the window, 200 samples"),
    ({"rate": 8000, "fmin": 900, "fmax": 800}, "fmin below fmax"),
    ({"rate": 8000, "fmax": 5000}, "half the rate, 4000 Hz"), ({"rate": 50}, "a window of two samples"),
    ({"rate": 8000, "length": "10 us"}, "a length of one"), ({"rate": 8000, "hops": "1 ms"}, "Try 'hop'"),
    ({"rate": 8000, "floor": 0}, "greater than 0"),
])
def test_options_that_cannot_be_meant_are_named(options, message):
    with pytest.raises(AuraError, match=message):
        validated(AudioOptions, options, "sensory.audio")
