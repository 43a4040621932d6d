"""Images and sound on the bus, beside text or without."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import aura
from aura.core.errors import AuraError
from aura.zones.sensory.chunks import ChunkedFrames
from aura.zones.sensory.mel import LogMel
from aura.zones.sensory.params import AudioOptions, SensoryParams
from aura.zones.sensory.plugin import MANIFEST

RNG = np.random.default_rng(4)
IMAGES = RNG.random((6, 8, 8), dtype=np.float32)
CHUNKS = RNG.normal(0, 0.1, (6, 10)).astype(np.float32)
AUDIO = {"rate": 1000, "window": "20 ms", "hop": "10 ms", "mels": 6}


def fields(items, offset=0, **arrays):
    """Return a zone that publishes the rows of arrays, so many in each tick of 10 ms."""
    ports = tuple(aura.Port(name, dtype=array.dtype.name, shape=("item", *array.shape[1:]))
                  for name, array in arrays.items())

    class Feeder(aura.Zone):
        manifest = aura.Manifest("feeder", "", outputs=ports, period="10 ms")

        def step(self, now, inputs):
            part = slice(now // 10_000_000 * items, (now // 10_000_000 + 1) * items)
            return {name: aura.Items(array[part], np.arange(len(array), dtype=np.int64)[part] + offset)
                    for name, array in arrays.items() if len(array[part])}

    return Feeder


class Listener(aura.Observer):
    def __init__(self):
        self.published = {}

    def on_signal(self, signal):
        zone, _, port = signal.topic.partition(".")
        if zone == "sensory":
            self.published.setdefault(port, []).append(signal)

    def rows(self, port):
        return np.concatenate([signal.value for signal in self.published[port]])

    def ids(self, port):
        return np.concatenate([signal.ids for signal in self.published[port]]).tolist()


def hear(params, *feeders, until="100 ms", seed=0):
    """Run a brain of a sensory zone and feeders whose outputs bear the names of its inputs; return what it says."""
    listener = Listener()
    with aura.Brain(seed=seed) as brain:
        brain.add(MANIFEST, **params)
        for number, feeder in enumerate(feeders):
            brain.add(feeder, f"feeder{number}")
            for port in feeder.manifest.outputs:
                brain.connect(f"feeder{number}.{port.name}", f"sensory.{port.name}")
        brain.observe(listener)
        brain.run(until=until)
    return listener


def test_text_alone_has_the_ports_it_always_had():
    inputs, outputs = MANIFEST.ports(SensoryParams())
    assert ([port.name for port in inputs], [port.name for port in outputs]) == (["text"], ["embedding"])
    assert MANIFEST.wake_on(SensoryParams()) == ("text",)


def test_images_become_patches_that_carry_on_their_ids():
    heard = hear({"modalities": ["image"], "image": {"patch": 4}}, fields(4, 100, image=IMAGES))
    assert [signal.value.shape for signal in heard.published["visual_tokens"]] == [(4, 4, 16), (2, 4, 16)]
    assert heard.ids("visual_tokens") == heard.ids("cognitive_context") == list(range(100, 106))
    assert heard.rows("cognitive_context").shape == (6, 384)
    assert "embedding" not in heard.published


def test_items_played_one_by_one_or_together_say_the_same():
    params = {"modalities": ["image", "audio"], "image": {"patch": 3}, "audio": AUDIO, "fusion": {"width": 32}}
    one, all_at_once = (hear(params, fields(items, image=IMAGES, audio=CHUNKS)) for items in (1, 6))
    for port in ("visual_tokens", "audio_tokens", "cognitive_context"):
        np.testing.assert_array_equal(one.rows(port), all_at_once.rows(port))
        assert one.ids(port) == all_at_once.ids(port)


def test_sound_in_chunks_becomes_frames_with_the_ids_of_the_chunks_that_ended_them():
    heard = hear({"modalities": ["audio"], "audio": AUDIO}, fields(1, 50, audio=CHUNKS))
    np.testing.assert_array_equal(heard.rows("audio_tokens"), LogMel(AudioOptions(**AUDIO)).frames(CHUNKS.ravel()))
    assert heard.ids("audio_tokens") == heard.ids("cognitive_context") == [51, 52, 53, 54, 55]


def test_a_new_recording_begins_anew():
    position = np.array([0, 1, 2, 0, 1, 2])
    heard = hear({"modalities": ["audio"], "audio": AUDIO}, fields(2, audio=CHUNKS, audio_position=position))
    mel = LogMel(AudioOptions(**AUDIO))
    expected = [mel.frames(part.ravel()) for part in (CHUNKS[:3], CHUNKS[3:])]
    np.testing.assert_array_equal(heard.rows("audio_tokens"), np.concatenate(expected))
    assert heard.ids("audio_tokens") == [1, 2, 4, 5]


def test_whole_recordings_stand_each_on_its_own():
    recordings = RNG.normal(0, 0.1, (4, 47)).astype(np.float32)
    heard = hear({"modalities": ["audio"], "audio": {**AUDIO, "items": "recording", "length": "47 ms"}},
                 fields(3, audio=recordings))
    mel = LogMel(AudioOptions(**AUDIO))
    np.testing.assert_array_equal(heard.rows("audio_tokens"), [mel.frames(recording) for recording in recordings])
    assert heard.ids("audio_tokens") == heard.ids("cognitive_context") == [0, 1, 2, 3]


def test_modalities_of_one_tick_are_fused_by_id():
    eye, ear, width = {"image": {"patch": 4}}, {"audio": AUDIO}, {"fusion": {"width": 16}}
    seen = hear({"modalities": ["image"], **eye, **width}, fields(2, image=IMAGES))
    heard = hear({"modalities": ["audio"], **ear, **width}, fields(2, audio=CHUNKS))
    both = hear({"modalities": ["image", "audio"], **eye, **ear, **width}, fields(2, image=IMAGES),
                fields(2, audio=CHUNKS))
    contexts = both.rows("cognitive_context")
    np.testing.assert_array_equal(contexts[0], seen.rows("cognitive_context")[0])  # no frame was whole yet
    expected = (seen.rows("cognitive_context")[1:] + heard.rows("cognitive_context")) / np.sqrt(2)
    np.testing.assert_allclose(contexts[1:], expected, atol=1e-6)


@pytest.mark.slow
def test_text_is_fused_with_what_is_seen_and_its_embedding_is_what_it_was():
    from aura.zones.sensory.encoder import load_text_encoder

    texts = ("a cat", "", "rain all day")
    with aura.Brain() as brain:
        brain.add(MANIFEST, modalities=["text", "image"], image={"patch": 4}, cache=False)
        brain.add(aura.stream([{"text": text, "image": image} for text, image in zip(texts, IMAGES, strict=False)],
                              items=3), "world")
        for port in ("text", "image"):
            brain.connect(f"world.{port}", f"sensory.{port}")
        brain.run()
        np.testing.assert_array_equal(brain.read("sensory.embedding"), load_text_encoder().encode(texts))
        context = brain.read("sensory.cognitive_context")
    seen = hear({"modalities": ["image"], "image": {"patch": 4}}, fields(3, image=IMAGES[:3]))
    # The empty text says nothing, but it is there: what is seen weighs 1/√2.
    np.testing.assert_allclose(context[1], seen.rows("cognitive_context")[1] / np.sqrt(2), atol=1e-6)
    assert not np.allclose(context[0], seen.rows("cognitive_context")[0] / np.sqrt(2), atol=0.1)


@pytest.mark.parametrize(("params", "feeders", "message"), [
    ({}, [], r"sensory\.text: expected a pathway into this required input"),
    ({"modalities": ["image", "audio"], "audio": AUDIO}, [fields(1, image=IMAGES)], r"sensory\.audio: expected a path"),
    ({"modalities": ["image"]}, [fields(1, audio=CHUNKS)], "expected an input of sensory, got 'audio'"),
    ({"modalities": ["image"], "image": {"dtype": "uint8"}}, [fields(1, image=IMAGES)], "type float32, not uint8"),
    ({"modalities": ["image"], "image": {"channels": 3}}, [fields(1, image=IMAGES)], "expected float32 .*width, 3"),
    ({"modalities": ["audio"], "audio": {**AUDIO, "rate": 2000, "length": "10 ms"}}, [fields(1, audio=CHUNKS)],
     "axis 1 has length 10, not 20"),
    ({"modalities": ["audio"]}, [fields(1, audio=CHUNKS)], r"expected audio\.rate, in Hz"),
    ({"modalities": ["audio"], "audio": {**AUDIO, "mels": 60}}, [fields(1, audio=CHUNKS)], r"sensory\.audio\.mels"),
    ({"modalities": []}, [], "one modality or more"), ({"modalities": ["image", "image"]}, [], "each of them once"),
    ({"modalities": ["smell"]}, [], "'text', 'image' or 'audio'"),
    ({"image": {"patch": 3}}, [], "expected 'image' among the modalities"),
    ({"fusion": {"width": 3}}, [], "expected more than text among the modalities"),
    ({"modalities": ["image"], "image": {"patch": 0}}, [], r"sensory\.image\.patch"),
    ({"modalities": ["image"], "fusion": {"weights": {"image": -1}}}, [], "greater than 0"),
])
def test_what_cannot_work_is_refused_before_the_first_tick(params, feeders, message):
    brain = aura.Brain()
    with pytest.raises(AuraError, match=message):
        hear({"cache": False, **params}, *feeders, until="0 ms")
    brain.close()


@pytest.mark.parametrize(("params", "feeder", "message"), [
    ({"modalities": ["image"], "image": {"patch": 9}}, fields(1, image=IMAGES),
     r"sensory\.image at 1 ms: expected images of 9 x 9 pixels or more, one patch, got 8 x 8"),
    ({"modalities": ["image"]}, fields(1, image=np.full((1, 8, 8), np.nan, np.float32)), r"feeder0\.image .*finite"),
    ({"modalities": ["audio"], "audio": AUDIO}, fields(1, audio=np.full((1, 8), np.inf, np.float32)), "finite"),
    ({"modalities": ["audio"], "audio": {**AUDIO, "items": "recording"}}, fields(1, audio=CHUNKS),
     "expected recordings of 20 samples or more, one window, got 10"),
])
def test_what_goes_wrong_in_a_tick_is_named(params, feeder, message):
    with pytest.raises(AuraError, match=message):
        hear(params, feeder)


def test_positions_that_come_at_other_times_are_refused():
    late = fields(3, audio_position=np.arange(6))
    with pytest.raises(AuraError, match="expected 2 positions, one a chunk, got 3"):
        hear({"modalities": ["audio"], "audio": AUDIO}, fields(2, audio=CHUNKS), late)


def test_a_checkpoint_of_other_modalities_is_refused(tmp_path):
    def brain(**params):
        made = aura.Brain()
        made.add(MANIFEST, modalities=["audio"], audio={**AUDIO, **params})
        made.add(fields(1, audio=CHUNKS), "feeder")
        made.connect("feeder.audio", "sensory.audio")
        return made

    with brain() as saved:
        saved.run(until="15 ms")
        path = saved.save(tmp_path)
    with brain(window="10 ms") as other, pytest.raises(AuraError, match=r"audio\.window: expected '20 ms'"):
        other.load(path)
    with brain(items="recording", length="10 ms") as other, pytest.raises(AuraError, match=r"audio\.\w+: expected"):
        other.load(path)


@pytest.mark.slow
def test_looking_at_images_loads_neither_librosa_nor_torch_nor_scipy():
    code = ("import sys, numpy as np, aura;"
            "from aura.zones.sensory.plugin import MANIFEST; brain = aura.Brain();"
            "brain.add(MANIFEST, modalities=['image']);"
            "brain.add(aura.stream([{'image': np.ones((8, 8), np.float32)}]), 'eye');"
            "brain.connect('eye.image', 'sensory.image'); brain.run();"
            "print({'torch', 'librosa', 'scipy', 'numba'} & set(sys.modules),"
            "brain.read('sensory.visual_tokens').shape)")
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set() (1, 1, 49)"


def test_sound_that_is_injected_is_heard():
    frames, chunks = ChunkedFrames(LogMel(AudioOptions(**AUDIO))).take(CHUNKS, None)
    with aura.Brain() as brain:
        brain.add(MANIFEST, modalities=["audio"], audio=AUDIO)
        brain.add(fields(1, audio=CHUNKS[:0]), "feeder")
        brain.connect("feeder.audio", "sensory.audio")
        brain.build()
        brain.inject("sensory.audio", CHUNKS)
        brain.run(span="5 ms")
        np.testing.assert_array_equal(brain.read("sensory.audio_tokens"), frames)
    assert len(chunks) == 5
