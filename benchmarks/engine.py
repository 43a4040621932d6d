"""What `EmotionEngine.analyze` costs beside its encoder alone, and how long it takes while other programs compute.

    AURA_DATA=... python benchmarks/engine.py RUN [--texts 300] [--threads 1] [--others 3]

RUN is the folder of a finished run of `emotions-40`. Each text is encoded alone and analysed, one after the other and
in turn first, so that what else the machine does falls on both alike; no embedding is cached. Printed are wall and
processor time of both with their ratios (of sums, and the median of the pairs'), then the percentiles of `took_ms`
while other programs multiply matrices, each with one thread.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np

import aura
from aura.sim.data import dataset_path
from aura.zones.sensory.encoder import load_text_encoder

BUSY = "import numpy as n\na = n.random.rand(400, 400)\nwhile True: a = a @ a; a /= abs(a).max()"
WARM = 20
BOUND, SLOWEST_MS = 1.25, 100.0


def timed(call: Callable[[], object]) -> tuple[int, int]:
    """Return the ns of the wall clock and of the processor that a call took."""
    wall, processor = time.perf_counter_ns(), time.process_time_ns()
    call()
    return time.perf_counter_ns() - wall, time.process_time_ns() - processor


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run")
    for name, default in (("texts", 300), ("threads", 1), ("others", 3)):
        parser.add_argument(f"--{name}", type=int, default=default)
    args = parser.parse_args()
    with dataset_path("goemotions", "dev.tsv").open(encoding="utf-8") as file:
        texts = [line.split("\t", 1)[0] for line in file][:args.texts + WARM]
    encoder = load_text_encoder(threads=args.threads)
    with aura.EmotionEngine.load(args.run, threads=args.threads) as engine:
        pairs = np.zeros((len(texts), 2, 2))
        for place, text in enumerate(texts):
            calls = (lambda text=text: encoder.encode([text]),
                     lambda text=text, place=place: engine.analyze(text, user=f"user {place % 50}"))
            for which in ((0, 1) if place % 2 else (1, 0)):
                pairs[place, which] = timed(calls[which])  # type: ignore[arg-type]
        pairs = pairs[WARM:] / 1e6
        print(f"{len(pairs)} comments, {args.threads} threads: the encoder alone, analyze (ms, median)")
        for clock, name in enumerate(("wall", "processor")):
            bare, whole = pairs[:, 0, clock], pairs[:, 1, clock]
            print(f"  {name:10} {np.median(bare):7.2f} {np.median(whole):7.2f}   ratio of sums "
                  f"{whole.sum() / bare.sum():.3f}, median of pairs {np.median(whole / bare):.3f} (bar {BOUND})")
        alone = {**os.environ, **{f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}}
        others = [subprocess.Popen([sys.executable, "-c", BUSY], env=alone) for _ in range(args.others)]
        try:
            time.sleep(1.0)
            took = np.array([(timed(lambda text=text: encoder.encode([text]))[0] / 1e6,  # type: ignore[misc]
                              engine.analyze(text, user="ada").took_ms) for text in texts])[WARM:].T
        finally:
            for other in others:
                other.kill()
                other.wait()
        print(f"while {args.others} other programs compute (ms): median, 99th percentile, most")
        for name, values in zip(("encoder", "analyze"), took, strict=True):
            bar = f" (bar {SLOWEST_MS:.0f})" if name == "analyze" else ""
            print(f"  {name:10} {np.median(values):7.1f} {np.percentile(values, 99):7.1f}{bar} {values.max():7.1f}")


if __name__ == "__main__":
    main()
