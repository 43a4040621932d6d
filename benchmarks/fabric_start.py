"""How long the scenario ``tissue`` takes to its first tick: with nothing compiled, warmed up, and at a second start.

Run by hand: ``python benchmarks/fabric_start.py``. Every start is a process of its own; its clock begins before the
first import. The caches lie in a folder of the benchmark's, so that the first start finds nothing.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

START = """
import time
begin = time.perf_counter()
from aura import load_brain
with load_brain("tissue") as brain:
    brain.build()
    built = time.perf_counter()
    brain.run("1 ns")
    print(f"{built - begin:.2f} s until it was built,", end=" ")
    print(f"{time.perf_counter() - begin:.2f} s until its first tick was over;", end=" ")
    brain.run("30 ms")
    print(f"{time.perf_counter() - begin:.2f} s until three frames had been learned")
"""


def main() -> None:
    """Print the three starts, and what warming up takes."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "AURA_CACHE": folder, "NUMBA_CACHE_DIR": str(Path(folder, "numba"))}

        def run(name: str, *arguments: str) -> None:
            done = subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True,
                                  check=True)
            print(f"{name}: {done.stdout.strip()}", flush=True)

        run("nothing compiled", "-c", START)
        run("second start", "-c", START)
        run("third start", "-c", START)
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "AURA_CACHE": folder, "NUMBA_CACHE_DIR": str(Path(folder, "numba"))}
        run("aura warm-up tissue", "-m", "aura", "warm-up", "tissue")
        run("after it", "-c", START)


if __name__ == "__main__":
    main()
