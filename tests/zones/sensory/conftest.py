"""What the tests of the senses share."""

from __future__ import annotations

from functools import lru_cache

import pytest

from aura.zones.sensory.encoder import load_text_encoder


@pytest.fixture(scope="session")
def _loaded_once() -> object:
    return lru_cache(load_text_encoder)


@pytest.fixture
def one_encoder(_loaded_once: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Zones share one encoder, which carries nothing from call to call; loading it takes most of a short run."""
    monkeypatch.setattr("aura.zones.sensory.zone.load_text_encoder", _loaded_once)
