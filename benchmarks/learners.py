"""What a block costs the learners of the amygdala, beside a bare torch loop with the network's arithmetic.

    python benchmarks/learners.py [--rounds 7]

Processor time of one thread, the best of interleaved rounds. A block is 32 items, or one, of 384 features with 28
classes; the network has 256 hidden units.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import torch

from aura.zones.amygdala.learners.kinds import KINDS
from aura.zones.amygdala.learners.learner import Block, Head, Lesson

FEATURES, HIDDEN, CLASSES = 384, 256, 28
REPEATS = 200
Step = Callable[[np.ndarray, np.ndarray], None]


def learner(kind: str, **options: object) -> Step:
    """Return what shows a block to a learner of AURA's."""
    found = KINDS[kind]
    one = found.load()(found.options(**options), [Head("emotion", "labels", CLASSES)], FEATURES,
                       np.random.default_rng(0))
    return lambda rows, targets: void(one.learn(Block(rows, {"emotion": Lesson(np.arange(len(rows)), targets)}), 1.0))


def bare() -> Step:
    """Return a step of torch alone: the same layers, loss, clipping and AdamW, by its modules and its autograd."""
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(FEATURES, HIDDEN), torch.nn.GELU(), torch.nn.Linear(HIDDEN, CLASSES))
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.01, fused=True)

    def step(rows: np.ndarray, targets: np.ndarray) -> None:
        loss = torch.nn.functional.binary_cross_entropy_with_logits(
            model(torch.from_numpy(rows)), torch.from_numpy(targets.astype(np.float32)), reduction="sum") / len(rows)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()

    return step


def void(_: object) -> None:
    """Return nothing."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    for items in (32, 1):
        blocks = [(rng.normal(scale=0.05, size=(items, FEATURES)).astype(np.float32),
                   (rng.random((items, CLASSES)) < 0.04).astype(float)) for _ in range(REPEATS)]
        steps = {"bare torch": bare(), "network": learner("network"), "rls": learner("rls"),
                 "network, no hidden": learner("network", hidden=()), "logistic": learner("logistic")}
        best = dict.fromkeys(steps, float("inf"))
        for _ in range(rounds):
            for name, step in steps.items():
                before = time.process_time()
                for rows, targets in blocks:
                    step(rows, targets)
                best[name] = min(best[name], (time.process_time() - before) / REPEATS)
        shown = ", ".join(f"{name} {1e6 * seconds:.0f} us" for name, seconds in best.items())
        print(f"{items} items a block: {shown}; network {best['network'] / best['bare torch']:.2f} times bare torch")


if __name__ == "__main__":
    main()
