"""Resident memory of a temporal lobe that follows a million turns of 100,000 authors, and what it has let go.

    python benchmarks/temporal_memory.py [TURNS]

Conversations of 20 turns by two authors, 512 side by side, a turn of each a tick; nobody speaks in two of them. Of
every turn its act is told, at the end the role of each speaker, the character of each author and how it ended. Printed
as it goes: turns, authors so far, resident memory in MiB and its ratio to that after 100,000 turns; at the end what was
forgotten.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from aura import Brain, Items, Manifest, Port, Zone
from aura.zones.temporal.plugin import MANIFEST

FEATURES, LENGTH, SIDE_BY_SIDE, PRINTED = 16, 20, 512, 100_000
NETWORK = {"hidden": 16, "heads": 2, "layers": 1, "filters": 4, "blocks": 1, "batch": SIDE_BY_SIDE}
TASKS = {"act": {}, "end": {"of": "conversation"}, "role": {"of": "speaker", "aggregate": "contrast"},
         "manner": {"of": "author"}}


class Talks(Zone):
    """So many conversations side by side, and when they end as many others."""

    manifest = Manifest("talks", "", period="10 ms", outputs=(
        Port("embedding", shape=("item", FEATURES)),
        *(Port(name, dtype="text", shape=("item",)) for name in ("conversation", "author")),
        *(Port(name, dtype="tags", shape=("item",), role="label") for name in TASKS)))
    ticks = 0

    def step(self, now: int, inputs: object) -> dict[str, object]:
        block, turn = divmod(self.ticks, LENGTH)
        self.ticks += 1
        numbers = block * SIDE_BY_SIDE + np.arange(SIDE_BY_SIDE)
        ids = numbers * LENGTH + turn
        sides = (numbers + turn) % 2
        rows = self.rng.normal(size=(SIDE_BY_SIDE, FEATURES)).astype(np.float32)
        rows[:, 0] += sides

        def told(classes: tuple[str, str]) -> Items:
            return Items(tuple((classes[side],) for side in sides.tolist()), ids)

        out: dict[str, object] = {
            "embedding": Items(rows, ids), "conversation": Items(tuple(map(str, numbers.tolist())), ids),
            "author": Items(tuple(f"{number} {side}" for number, side in zip(numbers, sides, strict=True)), ids),
            "act": told(("asks", "tells"))}
        if turn >= LENGTH - 2:
            out |= {"role": told(("asks", "tells")), "manner": told(("dry", "warm"))}
        if turn == LENGTH - 1:
            out["end"] = told(("well", "ill"))
        return out


def resident_mib() -> float:
    """Return the memory that the process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def main(turns: int) -> None:
    with Brain(seed=0) as brain:
        brain.add(Talks)
        brain.add(MANIFEST, params={"window": 4, "kept": LENGTH, "network": NETWORK, "tasks": TASKS})
        for name in ("embedding", "conversation", "author"):
            brain.connect(f"talks.{name}", f"temporal.{name}")
        for name in TASKS:
            brain.connect(f"talks.{name}", f"temporal.{name}_teacher")
        early, begun, ticks = 0.0, time.process_time(), 0
        for goal in range(PRINTED, turns + 1, PRINTED):
            more = -(-goal // SIDE_BY_SIDE) - ticks
            ticks += more
            brain.run(span=f"{10 * more} ms")
            early = early or resident_mib()
            done = ticks * SIDE_BY_SIDE
            print(f"{done:>9,} turns  {2 * -(-done // LENGTH):>7,} authors  {resident_mib():6.1f} MiB  "
                  f"{resident_mib() / early:.3f}  {done / (time.process_time() - begun):.0f} turns/s", flush=True)
        zone = brain["temporal"]
        print("; ".join(text.format(count=f"{count:,}") for text, count in zone.notices().items()))
        print(f"kept: {len(zone._conversations):,} conversations of {zone._conversations.turns:,} turns, "
              f"{len(zone._tasks['manner'].profiles):,} authors, {len(zone._tasks['role'].profiles):,} speakers")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
