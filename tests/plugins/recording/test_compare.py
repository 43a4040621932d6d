"""Where two recordings part."""

from __future__ import annotations

import re

import numpy as np
import pytest

from aura import Brain, Items, Manifest, Port, Zone
from aura.plugins.recording import Recorder, Recording, digest, first_difference


def recording(folder, changes=None, until="5 ms"):
    class Speaker(Zone):
        manifest = Manifest("speaker", "", period="1 ms", outputs=(
            Port("x", shape=("item", 2)), Port("text", dtype="text", shape=("item",)), Port("z")))

        def step(self, now, inputs):
            published = {"x": Items(np.zeros((2, 2), np.float32), np.arange(2)), "text": ("a", "b")}
            return {**published, **(changes or {})} if now == 3_000_000 else published

    with Brain() as brain:
        brain.add(Speaker)
        brain.observe(Recorder(folder))
        brain.run(until=until)
    return Recording(folder)


@pytest.mark.parametrize("changes, message", [
    ({"x": Items(np.array([[0, 0], [0, -0.0]], np.float32), np.arange(2))},
     r"message 6, speaker\.x at 3 ms: np.float32\(0.0\) against np.float32\(-0.0\) at index \[1, 1\]"),
    ({"x": Items(np.zeros((1, 2), np.float32), np.arange(1))}, r"ids \[0, 1\] against \[0\]"),
    ({"x": Items(np.zeros((2, 2), np.float32), np.array([0, 7]))}, r"ids \[0, 1\] against \[0, 7\]"),
    ({"text": ("a", "c")}, r"message 7, speaker\.text at 3 ms: \('a', 'b'\) against \('a', 'c'\)"),
    ({"z": np.float32(1)}, r"message 8: speaker\.x at 4 ms against speaker\.z at 3 ms"),
])
def test_the_first_difference_is_told(tmp_path, changes, message):
    one, other = recording(tmp_path / "a"), recording(tmp_path / "b", changes)
    text = first_difference(one, other)
    assert text is not None
    assert re.search(message, text), text
    assert digest(one) != digest(other)


def test_a_shorter_recording_differs(tmp_path):
    one, other = recording(tmp_path / "a"), recording(tmp_path / "b", until="4 ms")
    assert first_difference(one, other) == "message 8: only the first has one, speaker.x at 4 ms"
    assert first_difference(other, one) == "message 8: only the second has one, speaker.x at 4 ms"


def test_equal_recordings_differ_nowhere(tmp_path):
    assert first_difference(recording(tmp_path / "a"), recording(tmp_path / "b")) is None
