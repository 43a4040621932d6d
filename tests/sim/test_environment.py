"""A run says what it was computed with, and what goes on or is replayed under something else is told."""

from __future__ import annotations

from typing import Any

from aura.sim.environment import environment
from aura.sim.runfolder import RunFolder


def messages(sim: Any, out: str) -> list[str]:
    return [notice["text"] for notice in sim.read(out)["notices"] if notice["source"] == "the environment"]


def pretend(sim: Any, out: str, **other: str) -> None:
    """Let a run have been computed with other things."""
    folder = RunFolder(sim.folder / out)
    known = folder.read()
    folder.write("run.json", {**known, "environment": {**known["environment"], **other}})


def test_a_run_says_what_decides_its_bits(sim: Any) -> None:
    sim.make("run", until=10_000_000).start()
    known = sim.read("run")["environment"]
    assert known == environment()
    assert {"python", "system", "processor", "vector instructions", "blas", "numpy", "scipy", "numba"} <= known.keys()
    assert messages(sim, "run") == []


def test_a_run_resumed_elsewhere_says_what_is_another(sim: Any) -> None:
    sim.make("run", until=50_000_000).start()
    pretend(sim, "run", numpy="1.0", processor="a Cray")
    sim.make("run", until=100_000_000).resume()
    now = environment()
    assert messages(sim, "run") == [
        f"is another: {name} {now[name]}, was {was}; bits may differ (docs/determinism.md)"
        for name, was in (("processor", "a Cray"), ("numpy", "1.0"))]
    assert sim.read("run")["environment"] == now


def test_a_replay_elsewhere_says_what_is_another(sim: Any) -> None:
    sim.make("run", until=50_000_000).start()
    pretend(sim, "run", numba="0.1")
    sim.make("again", until=50_000_000, replay_of=RunFolder(sim.folder / "run")).start()
    assert messages(sim, "again") == [
        f"is another: numba {environment()['numba']}, was 0.1; bits may differ (docs/determinism.md)"]
