"""A long run of an emotion engine: many messages of many users, with memory and counters on the way.

    AURA_DATA=... python benchmarks/users.py RUN [--messages 100000] [--users 1000] [--most 500] [--together 32]

RUN is the folder of a finished run of `emotions-40`. The messages are GoEmotions' dev comments over and over, each of a
user drawn at random (seed 1), some much more often than others; their embeddings come from the cache after the first
round. A simulated learner says of each how much the intervention helped: a challenge while pleasure is high, a pause
while it is low. Printed are the resident memory, the users followed and forgotten, and the mean effectiveness.
"""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path

import numpy as np

import aura
from aura.sim.data import dataset_path

STAGES = 10


def resident_mb() -> float:
    """Return what the process holds in memory now, in MB, or at most has held where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return pages * resource.getpagesize() / 2**20


def main() -> None:
    """Print a row for each tenth of the messages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run")
    for name, default in (("messages", 100_000), ("users", 1000), ("most", 500), ("together", 32)):
        parser.add_argument(f"--{name}", type=int, default=default)
    args = parser.parse_args()
    with dataset_path("goemotions", "dev.tsv").open(encoding="utf-8") as file:
        texts = [line.split("\t", 1)[0] for line in file]
    rng = np.random.default_rng(1)
    share = 1.0 / np.arange(1, args.users + 1) ** 0.5
    drawn = rng.choice(args.users, size=args.messages, p=share / share.sum())
    with aura.EmotionEngine.load(args.run, cache=True, most=args.most, explore=True) as engine:
        print("messages   MB  users  forgotten  effectiveness   s (processor)")
        helped: list[float] = []
        stage = -(-args.messages // STAGES)
        for first in range(0, args.messages, args.together):
            part = range(first, min(first + args.together, args.messages))
            answers = engine.analyze_many([texts[place % len(texts)] for place in part],
                                          [f"user {drawn[place]}" for place in part])
            pleasures = [answer.pad.pleasure if answer.pad is not None else 0.5 for answer in answers]
            useful = ["challenge" if pleasure > 0.5 else "pause" for pleasure in pleasures]
            effects = [0.9 if answer.intervention == what else 0.2
                       for answer, what in zip(answers, useful, strict=True)]
            engine.teach_many(answers, effectiveness=effects)
            helped += effects
            if first // stage != (part[-1] + 1) // stage or part[-1] + 1 == args.messages:
                followed, forgotten = engine.users
                print(f"{part[-1] + 1:8} {resident_mb():5.0f} {followed:6} {forgotten:10} {np.mean(helped):14.3f} "
                      f"{time.process_time():9.1f}", flush=True)
                helped = []
        print(*engine.notices(), sep="\n")


if __name__ == "__main__":
    main()
