"""Zones in processes of their own: two that hold the interpreter 100 ms each a tick, and what a tick costs at least.

    python benchmarks/processes.py [--ticks 20]

Prints a table in Markdown: seconds by executor, beside `serial` in the same run, and what the machine itself gives two
bare processes that count at once.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from aura import Brain, Manifest, Port, Zone

MODULE = "benchmarks.processes"


class Busy(Zone[Any]):
    """Holds the interpreter until it has counted as far as takes 100 ms."""

    manifest = Manifest("busy", f"{MODULE}:Busy", period="1 ms", outputs=(Port("n", "int64"),))
    turns = 0

    def step(self, now: int, inputs: Any) -> dict[str, Any]:
        count = 0
        while count < self.turns:
            count += 1
        return {"n": np.int64(count)}

    def state(self) -> dict[str, Any]:
        return {"turns": self.turns}

    def load_state(self, state: dict[str, Any]) -> None:
        self.turns = state["turns"]


class Idle(Zone[Any]):
    """Passes an array on."""

    manifest = Manifest("idle", f"{MODULE}:Idle", period="1 ms", outputs=(Port("x", shape=(1000,)),))

    def step(self, now: int, inputs: Any) -> dict[str, Any]:
        return {"x": np.zeros(1000, np.float32)}


def turns_of(seconds: float) -> int:
    """Return how far this machine counts in so many seconds."""
    end, count = time.perf_counter() + seconds, 0
    while time.perf_counter() < end:
        for _ in range(1000):
            count += 1
    return count


def seconds_of(executor: str, zone: type[Zone[Any]], ticks: int, turns: int = 0) -> float:
    """Return how long two zones take for so many ticks, when they are up."""
    with Brain(executor=executor) as brain:
        for name in ("one", "other"):
            brain.add(zone.manifest, name)
        brain.build()
        if turns:
            for name in ("one", "other"):
                setattr(brain[name], "turns", turns)  # noqa: B010 - it may live elsewhere
        brain.run(until="1 ms")
        begun = time.perf_counter()
        brain.run(span=f"{ticks} ms")
        return time.perf_counter() - begun


def count_to(turns: int) -> float:
    """Count as far, and return the seconds that it took."""
    begun, count = time.perf_counter(), 0
    while count < turns:
        count += 1
    return time.perf_counter() - begun


def ceiling(turns: int, times: int = 1) -> float:
    """Return how long two bare processes take to count at once, of what one takes to count twice.

    They count so many times, and each time both wait until the other has done so too, as at the end of a tick.
    """
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        pool.map(count_to, [1, 1], chunksize=1)
        alone = sum(pool.map(count_to, [turns])[0] for _ in range(times))
        begun = time.perf_counter()
        for _ in range(times):
            pool.map(count_to, [turns, turns], chunksize=1)
        return (time.perf_counter() - begun) / (2 * alone)


def main() -> None:
    """Time each executor in turn."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--ticks", type=int, default=20)
    ticks = options.parse_args().ticks
    print("| zones | executor | s | of serial |\n|---|---|---|---|")
    for what, zone, count, turns in (("two that hold the interpreter 100 ms a tick", Busy, ticks, turns_of(0.1)),
                                     ("two that pass 1,000 float32 on", Idle, 100 * ticks, 0)):
        first = 0.0
        for executor in ("serial", "threads", "processes"):
            took = seconds_of(executor, zone, count, turns)
            first = first or took
            print(f"| {what}, {count:,} ticks | {executor} | {took:.2f} | {took / first:.2f} |", flush=True)
    print(f"| two bare processes that count at once | | | {ceiling(turns_of(2.0)):.2f} |")
    print(f"| two that wait for each other every 100 ms | | | {ceiling(turns_of(0.1), ticks):.2f} |")


if __name__ == "__main__":
    main()
