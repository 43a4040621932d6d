"""Seeing and hearing pass the battery that every zone passes; reading does in `test_zone`."""

from __future__ import annotations

from typing import Any

import pytest

from aura.testing import CHECKS, Check, Subject
from aura.testing.manifest_checks import manifest_is_light
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
CASES = [(kind, check) for kind in PARAMS for check in CHECKS if kind == "images" or check is not manifest_is_light]
"""The manifest's module is the same for all."""


@pytest.mark.parametrize("kind, check", CASES, ids=lambda part: getattr(part, "__name__", part))
def test_it_conforms(kind: str, check: Check) -> None:
    check(Subject(MANIFEST, PARAMS[kind], axes=AXES))


@pytest.mark.slow
@pytest.mark.usefixtures("one_encoder")
@pytest.mark.parametrize("check", [check for check in CHECKS if check is not manifest_is_light],
                         ids=lambda check: check.__name__)
def test_it_conforms_with_text_beside(check: Check) -> None:
    check(Subject(MANIFEST, {**PARAMS["both"], "modalities": ["text", "image", "audio"], "cache": False}, axes=AXES,
                  ticks=6))
