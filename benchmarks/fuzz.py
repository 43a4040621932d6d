"""Damaged files by the million: what every reader makes of them, each input within a bound of time and memory.

    python benchmarks/fuzz.py [--inputs 1000000] [--only NAME] [--seed 2] [--seconds 600] [--folder /dev/shm]

Each kind of file has a process of its own, which may take 1 GiB beyond what it begins with; a fault prints its seed and
number, by which it comes again. Prints a table in Markdown.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.fuzz.attack import attack, bounded_memory
from tests.fuzz.subjects import SUBJECTS

MEMORY_BYTES = 1 << 30
ROUND = 1000


def play(name: str, inputs: int, seed: int, seconds: float, root: str) -> tuple[Counter[str], list[str], float, float]:
    """Return outcomes, faults, seconds and MiB that reading took beyond what there was."""
    subject = next(subject for subject in SUBJECTS if subject.name == name)
    outcomes, faults = Counter[str](), []
    with tempfile.TemporaryDirectory(dir=root) as folder:
        first, began = True, time.monotonic()
        for number in range(-(-inputs // ROUND)):
            place = Path(folder) / str(number)
            place.mkdir()
            found, bad = attack(subject, place, min(ROUND, inputs - outcomes.total()), seed * 10**6 + number)
            outcomes += found
            faults += bad
            if first:  # what is imported at the first input is no input's memory
                bounded_memory(MEMORY_BYTES)
                before, first = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, False
            if time.monotonic() - began > seconds:
                break
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return outcomes, faults, time.monotonic() - began, (after - before) / 1024


def main() -> None:
    """Attack every kind of file in turn."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--inputs", type=int, default=1_000_000)
    options.add_argument("--only", default="")
    options.add_argument("--seed", type=int, default=2)
    options.add_argument("--seconds", type=float, default=float("inf"))
    options.add_argument("--folder", default="/dev/shm" if Path("/dev/shm").is_dir() else None)
    given = options.parse_args()
    print("| kind of file | inputs | refused | read as before, or told | faults | inputs/s | MiB more |", flush=True)
    print("|---|---|---|---|---|---|---|")
    for subject in SUBJECTS:
        if given.only in subject.name:
            with ProcessPoolExecutor(1, get_context("spawn")) as pool:
                try:
                    outcomes, faults, took, memory = pool.submit(
                        play, subject.name, given.inputs, given.seed, given.seconds, given.folder).result()
                except BrokenProcessPool:
                    print(f"| {subject.name} | the process died | | | | | |", flush=True)
                    continue
            total = outcomes.total()
            print(f"| {subject.name} | {total:,} | {outcomes['refused']:,} | "
                      f"{outcomes['same'] + outcomes['warned']:,} | "
                  f"{len(faults):,} | {total / took:,.0f} | {memory:.0f} |", flush=True)
            for fault in faults[:20]:
                print(fault, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
