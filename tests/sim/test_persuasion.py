"""`persuasion-plastic`: the encoder learns from every sentence, and if told to, from earlier ones once more."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aura.sim.notebook import load_brain

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not os.environ.get("AURA_DATA"), reason="AURA_DATA is not set")]

REHEARSING = """
aura = 1
name = "rehearsing"
extends = "persuasion-plastic"
pathways = ["...", "sensory.rehearsed -> temporal.rehearsed"]
streams.talk.period = "20 ms"
zones.sensory.params.plastic.rehearse = 6
zones.temporal.params.rehearse = 100
"""


def learned(scenario: str | Path) -> tuple[int, int]:
    """Return the items that the encoder has learned and its steps, when four sentences have come three times."""
    with load_brain(scenario, "talk.items=4", "talk.period=20 ms") as brain:
        brain.run(until="60 ms")
        assert not [notice for notice in brain.all_notices() if "gradient" in str(notice)]
        mover = brain["sensory"].state()["plastic"]["mover"]
        return int(mover["items"]), int(mover["steps"])


def test_every_sentence_is_learned_when_it_comes() -> None:
    assert learned("persuasion-plastic") == (3 * 4, 3)


def test_earlier_ones_are_learned_between(tmp_path: Path) -> None:
    """Of 4 that have come all are read again, of 8 and of 12 six."""
    path = tmp_path / "rehearsing.toml"
    path.write_text(REHEARSING)
    assert learned(path) == (3 * 4 + 4 + 6 + 6, 6)
