"""Checkpoints are saved every so often, also after the brain has gone back."""

from __future__ import annotations

from aura import Brain
from aura.core.checkpoint import list_checkpoints
from aura.plugins.checkpoints import Checkpoints
from tests.core.kit import Scribbler


def test_a_brain_that_goes_back_is_saved_from_there_on(tmp_path):
    """The checkpoint that is loaded was saved before this observer was taken on, so it says nothing to it."""
    with Brain() as brain:
        brain.add(Scribbler, "z")
        brain.run(until="2 ms")
        saved = brain.save(tmp_path / "own")
        brain.observe(Checkpoints(brain.save, tmp_path / "run", 5_000_000, 0, dict))
        brain.run(until="21 ms")
        there = set(list_checkpoints(tmp_path / "run"))
        assert len(there) == 4
        brain.load(saved)
        brain.run(until="12 ms")
        assert len(set(list_checkpoints(tmp_path / "run")) - there) == 2
