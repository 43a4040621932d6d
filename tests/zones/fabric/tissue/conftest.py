"""What the tissue's tests share."""

from __future__ import annotations

import pytest

from aura.zones.fabric.tissue import workers


@pytest.fixture
def eager_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let threads be used however little there is to do."""
    monkeypatch.setattr(workers, "WORTHWHILE_NS", 0.0)
