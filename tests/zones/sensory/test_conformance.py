"""Seeing and hearing pass the battery that every zone passes; reading does in `test_zone`."""

from __future__ import annotations

from typing import Any

import pytest

from aura.testing import CHECKS, Check, Subject
from aura.zones.sensory.plugin import MANIFEST

AUDIO = {"rate": 1000, "window": "16 ms", "hop": "5 ms", "mels": 5}
AXES = {"height": 9, "width": 11, "sample": 7}
PARAMS: dict[str, dict[str, Any]] = {
    "images": {"modalities": ["image"], "image": {"patch": 4, "stride": 3}},
    "pictures": {"modalities": ["image"], "image": {"patch": 3, "channels": 3, "dtype": "uint8", "normalise": "none",
                                                    "centre": True, "deskew": True}},
    "chunks": {"modalities": ["audio"], "audio": AUDIO, "fusion": {"width": 12}},
    "recordings": {"modalities": ["audio"], "audio": {**AUDIO, "items": "recording", "length": "40 ms"}},
    "both": {"modalities": ["audio", "image"], "image": {"patch": 4}, "audio": AUDIO,
             "fusion": {"weights": {"audio": 2}}},
}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("kind", PARAMS)
def test_it_conforms(kind: str, check: Check) -> None:
    check(Subject(MANIFEST, PARAMS[kind], axes=AXES))


@pytest.mark.slow
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_it_conforms_with_text_beside(check: Check) -> None:
    check(Subject(MANIFEST, {**PARAMS["both"], "modalities": ["text", "image", "audio"], "cache": False}, axes=AXES,
                  ticks=6))
