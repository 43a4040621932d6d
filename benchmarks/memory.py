"""Resident memory of a brain that records itself, early in a run and at its end.

Run by hand: ``python benchmarks/memory.py [TICKS]``, a million by default. Printed as the run goes: ticks, resident
memory in MiB, and its ratio to that after the first ten thousand ticks.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from aura import Brain, Items, Manifest, Port, Zone
from aura.plugins.recording import Recorder

EARLY_TICKS = 10_000
PRINTED = 10


class Source(Zone):
    """Says two random vectors and two texts a tick."""

    manifest = Manifest("source", "aura:none", period="1 ms",
                        outputs=(Port("x", shape=("item", 8)), Port("text", dtype="text", shape=("item",))))

    def step(self, now: int, inputs: Any) -> dict[str, Any]:
        ids = np.array([now, now + 1])
        return {"x": Items(self.rng.standard_normal((2, 8), dtype=np.float32), ids),
                "text": Items(("one", "two"), ids.copy())}


class Learner(Zone):
    """Follows the mean of what it reads."""

    manifest = Manifest("learner", "aura:none", inputs=(Port("x", shape=("item", 8)),), wake_on=("x",),
                        outputs=(Port("mean", shape=(8,)),))

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self.mean = np.zeros(8, np.float32)

    def step(self, now: int, inputs: Any) -> dict[str, Any]:
        return {"mean": self.mean}

    def learn(self, now: int, inputs: Any) -> dict[str, float]:
        change = inputs["x"].mean(axis=0) - self.mean
        self.mean = (self.mean + np.float32(0.01) * change).astype(np.float32)
        return {"change": float(np.abs(change).sum())}

    def state(self) -> dict[str, Any]:
        return {"mean": self.mean}

    def load_state(self, state: dict[str, Any]) -> None:
        self.mean = state["mean"]


def resident_bytes() -> int:
    """Return the resident memory of this process (Linux: field 2 of /proc/self/statm, in pages)."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def measure(ticks: int, folder: Path, *, shown: bool = False) -> tuple[int, int]:
    """Return the resident bytes after the first ten thousand ticks, and after all of them."""
    with Brain() as brain:
        brain.add(Source)
        brain.add(Learner)
        brain.connect("source.x", "learner.x")
        brain.observe(Recorder(folder))
        brain.run(until=EARLY_TICKS * 1_000_000)
        early = last = resident_bytes()
        for part in range(1, PRINTED + 1):
            reached = EARLY_TICKS + (ticks - EARLY_TICKS) * part // PRINTED
            brain.run(until=reached * 1_000_000)
            last = resident_bytes()
            if shown:
                print(f"{reached:>10,} ticks  {last / 2**20:8.1f} MiB  {last / early:6.3f}", flush=True)
    return early, last


def main() -> None:
    """Print the table."""
    ticks = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "recording"
        early, last = measure(ticks, folder, shown=True)
        size = sum(path.stat().st_size for path in folder.iterdir())
    print(f"after {EARLY_TICKS:,} ticks {early / 2**20:.1f} MiB, after {ticks:,} {last / 2**20:.1f} MiB: "
          f"{last / early - 1:+.1%}; {size / 2**20:.0f} MiB recorded in {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
