"""Handwriting and speech, from their files to tokens."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

import aura
from aura.zones.sensory.mel import LogMel
from aura.zones.sensory.moments import straighten
from aura.zones.sensory.params import AudioOptions, ImageOptions
from aura.zones.sensory.patches import Patches
from aura.zones.sensory.plugin import MANIFEST

HANDWRITING = """
aura = 1
name = "handwriting"

[streams.digits]
kind = "idx"
images = "{folder}/mnist/train-images-idx3-ubyte.gz"
items = 32
limit = 96

[zones.sensory.params]
modalities = ["image"]
image = {{ patch = 7 }}

[[pathways]]
from = "digits.image"
to = "sensory.image"
"""
SPEECH = """
aura = 1
name = "speech"

[streams.digits]
kind = "audio"
path = "{folder}/fsdd/recordings/*_theo_1.wav"
frame = "10 ms"

[zones.sensory.params]
modalities = ["audio"]

[zones.sensory.params.audio]
rate = 8000
length = "10 ms"
mels = 32

[[pathways]]
from = "digits.audio"
to = "sensory.audio"

[[pathways]]
from = "digits.position"
to = "sensory.audio_position"
"""


class Listener(aura.Observer):
    def __init__(self):
        self.heard = {}

    def on_signal(self, signal):
        self.heard.setdefault(signal.topic, []).append(signal)


def play(tmp_path, text, folder):
    file = tmp_path / "scenario.toml"
    file.write_text(text.format(folder=folder))
    listener = Listener()
    with aura.load_brain(file) as brain:
        brain.observe(listener)
        brain.run()
    return {topic: (np.concatenate([signal.value for signal in signals]),
                    np.concatenate([signal.ids for signal in signals])) for topic, signals in listener.heard.items()}


def test_mnist_is_seen_from_a_scenario(tmp_path, data_folder):
    heard = play(tmp_path, HANDWRITING, data_folder)
    tokens, ids = heard["sensory.visual_tokens"]
    assert (tokens.shape, ids.tolist()) == ((96, 16, 49), list(range(96)))
    with gzip.open(data_folder / "mnist" / "train-images-idx3-ubyte.gz") as file:
        pixels = np.frombuffer(file.read(16 + 96 * 784)[16:], np.uint8).reshape(96, 28, 28) / 255
    for item, row, column in ((0, 1, 2), (17, 2, 1), (95, 3, 3)):
        patch = pixels[item, row * 7:row * 7 + 7, column * 7:column * 7 + 7].ravel()
        expected = (patch - patch.mean()) / np.sqrt(patch.var() + 10 / 255**2)
        np.testing.assert_allclose(tokens[item, row * 4 + column], expected, atol=1e-5)
    assert np.isfinite(heard["sensory.cognitive_context"][0]).all()


def test_speech_is_heard_from_a_scenario_recording_by_recording(tmp_path, data_folder):
    soundfile = pytest.importorskip("soundfile")
    heard = play(tmp_path, SPEECH, data_folder)
    frames, ids = heard["sensory.audio_tokens"]
    mel, start, chunk = LogMel(AudioOptions(rate=8000, mels=32)), 0, 0
    for path in sorted((data_folder / "fsdd" / "recordings").glob("*_theo_1.wav")):
        samples, _ = soundfile.read(path, dtype="float32")
        chunks = len(samples) // 80
        expected = mel.frames(samples[:chunks * 80])
        np.testing.assert_array_equal(frames[start:start + len(expected)], expected)
        # A frame of 200 samples is whole with the third chunk of 80.
        assert ids[start:start + len(expected)].tolist() == list(range(chunk + 2, chunk + chunks))
        start, chunk = start + len(expected), chunk + chunks
    assert (start, frames.shape[1]) == (len(frames), 32)
    assert -23.1 < frames.min() < -5 < frames.max() < 10


def test_straightened_digits_of_a_class_are_more_alike(data_folder):
    with gzip.open(data_folder / "mnist" / "train-images-idx3-ubyte.gz") as file:
        pixels = np.frombuffer(file.read(16 + 2000 * 784)[16:], np.uint8).reshape(2000, 28, 28) / 255
    with gzip.open(data_folder / "mnist" / "train-labels-idx1-ubyte.gz") as file:
        labels = np.frombuffer(file.read(8 + 2000)[8:], np.uint8)

    def nearest_mean(images):
        flat = images.reshape(2000, -1)
        means = np.array([flat[:1000][labels[:1000] == digit].mean(axis=0) for digit in range(10)])
        distance = ((flat[1000:, None] - means) ** 2).sum(axis=2)
        return float((distance.argmin(axis=1) == labels[1000:]).mean())

    assert nearest_mean(straighten(pixels, centre=True, deskew=True)) > nearest_mean(pixels) + 0.02


def test_scikit_learns_digits_are_seen():
    datasets = pytest.importorskip("sklearn.datasets")
    digits = datasets.load_digits()
    images = digits.images[:50] / 16
    with aura.Brain() as brain:
        brain.add(MANIFEST, modalities=["image"], image={"patch": 4, "dtype": "float64"})
        brain.add(aura.stream([{"image": image} for image in images], items=10), "digits")
        brain.connect("digits.image", "sensory.image")
        brain.run()
        tokens = brain.read("sensory.visual_tokens")
    np.testing.assert_array_equal(tokens, Patches(ImageOptions(patch=4, dtype="float64")).cut(images[40:]))
    assert tokens.shape == (10, 4, 16)
