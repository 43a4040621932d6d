"""Times the perceptron's kernels beside what XLA compiles of the same network: a recall, an update, the start.

The same experts, of the same parameters, are asked and taught the same rows by both, through `predict_many` and
`learn_many` as the mixture calls them; XLA's updates are waited for, as those of the zone are when the next tick asks.
Each row goes to two of the experts (to the one, where there is one). Turns are interleaved. *us*: of each tick the
least time over the turns, and the mean over the ticks. *cpu*: processor time of all threads, the least of the turns.

    python benchmarks/experts_engines.py --turns 20
    python benchmarks/experts_engines.py --start

With ``--start`` it is how long a fresh process takes to import an engine, to make an expert, and for its first recall,
update and recall, with what was compiled before and without.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import numpy as np

from aura.zones.experts.kinds.compiled import CompiledExpert
from aura.zones.experts.kinds.expert import ExpertOptions, Lesson
from aura.zones.experts.kinds.mlp import MlpExpert, MlpOptions
from aura.zones.experts.kinds.options import CompiledOptions

CLASSES, ASKED, TICKS = 10, 2, 20
SHAPES = ((64, 64), (784, 64), (784, 128), (784, 256))
Jobs = list[tuple[int, Lesson]]
Turn = Callable[[Jobs], Any]
Name = tuple[str, str]
"""The engine, and what it does."""

FIRST = """
import time
began = time.perf_counter()
from benchmarks.experts_engines import ENGINES, taught
kind, [[(_, lesson)]] = ENGINES[{name!r}], taught({features}, 1, {items}, 1)
imported = time.perf_counter()
expert = kind(({features},), 10, kind.Options(hidden=({hidden},)), 0)
made = time.perf_counter()
expert.predict(lesson.rows)
expert.learn(lesson)
expert.predict(lesson.rows)
print(imported - began, made - imported, time.perf_counter() - made, time.process_time())
"""


class XlaOptions(CompiledOptions, MlpOptions):
    """A perceptron's options, and XLA's."""


class XlaMlp(CompiledExpert):
    """The same perceptron, run as convolutions are: by a program that XLA compiles."""

    kind: ClassVar[str] = "xla-mlp"
    Options: ClassVar[type[ExpertOptions]] = XlaOptions
    build = staticmethod(MlpExpert.build)


ENGINES: dict[str, type[Any]] = {"kernels": MlpExpert, "XLA": XlaMlp}


def taught(features: int, experts: int, items: int, ticks: int) -> list[Jobs]:
    """Return the lessons of some ticks: of each the experts that are asked, and their rows."""
    rng = np.random.default_rng(experts)
    found = []
    for _ in range(ticks):
        rows = rng.random((items, features), np.float32) * (rng.random((items, features)) < 0.2)
        targets = np.eye(CLASSES, dtype=np.float32)[rng.integers(CLASSES, size=items)]
        asked = np.argsort(rng.random((items, experts)), axis=1)[:, :ASKED]
        jobs = []
        for expert in range(experts):
            mine = np.flatnonzero((asked == expert).any(axis=1))
            if len(mine):
                share = np.full(len(mine), 1 / min(ASKED, experts), np.float32)
                holds = np.float32(0.1) * (1 - share)
                jobs.append((expert, Lesson(rows[mine].astype(np.float32), targets[mine], share, holds, 1.0)))
        found.append(jobs)
    return found


def calls_of(kind: type[Any], features: int, hidden: int, experts: int) -> dict[str, Turn]:
    """Return a tick of recall and one of an update."""
    known = [kind((features,), CLASSES, kind.Options(hidden=(hidden,)), seed) for seed in range(experts)]

    def recall(jobs: Jobs) -> None:
        kind.predict_many([(known[expert], lesson.rows) for expert, lesson in jobs])

    def update(jobs: Jobs) -> None:
        kind.learn_many([(known[expert], lesson) for expert, lesson in jobs])
        for expert, _ in jobs:
            np.asarray(known[expert]._parameters[0])  # waits for XLA

    return {"recall": recall, "update": update}


def least(timed: dict[Name, Turn], ticks: list[Jobs], turns: int) -> dict[Name, tuple[float, float]]:
    """Return microseconds a tick by the clock and by the processor."""
    clock = {name: np.full(len(ticks), np.inf) for name in timed}
    processor = dict.fromkeys(timed, np.inf)
    for call in timed.values():
        for jobs in ticks:  # every number of rows is compiled
            call(jobs)
    for _ in range(turns):
        for name, call in timed.items():
            used = time.process_time()
            for place, jobs in enumerate(ticks):
                began = time.perf_counter()
                call(jobs)
                clock[name][place] = min(clock[name][place], time.perf_counter() - began)
            processor[name] = min(processor[name], (time.process_time() - used) / len(ticks))
    return {name: (float(clock[name].mean()) * 1e6, float(processor[name]) * 1e6) for name in timed}


def compare(turns: int, counts: list[int]) -> None:
    """Print a table of both engines."""
    print("| perceptron | items a tick | experts | recall, us: kernels | XLA | ratio | cpu: kernels | XLA "
          "| update, us: kernels | XLA | ratio | cpu: kernels | XLA |\n|" + "---|" * 13)
    for features, hidden in SHAPES:
        for items in (1, 32):
            for experts in counts:
                timed = {(engine, name): call for engine, kind in ENGINES.items()
                         for name, call in calls_of(kind, features, hidden, experts).items()}
                found = least(timed, taught(features, experts, items, TICKS), turns)
                cells = []
                for name in ("recall", "update"):
                    (ours, used), (theirs, spent) = found["kernels", name], found["XLA", name]
                    cells.append(f"{ours:,.0f} | {theirs:,.0f} | {ours / theirs:.2f} | {used:,.0f} | {spent:,.0f}")
                print(f"| {features}-{hidden}-{CLASSES} | {items} | {experts} | {' | '.join(cells)} |", flush=True)


def start() -> None:
    """Print how long each engine takes to be ready in a fresh process."""
    root = str(Path(__file__).parents[1])
    print("| engine | rows | numba's cache | import | an expert | first recall, update, recall | processor in all |\n"
          "|---|---|---|---|---|---|---|")
    for engine in ENGINES:
        for items in (1, 32):
            with TemporaryDirectory() as cache:
                for state in ("empty", "filled"):
                    done = subprocess.run(
                        [sys.executable, "-c", FIRST.format(name=engine, features=784, hidden=64, items=items)],
                        capture_output=True, text=True, check=True, cwd=root,
                        env={**os.environ, "NUMBA_CACHE_DIR": cache, "PYTHONPATH": root})
                    spent = [f"{float(part):.2f} s" for part in done.stdout.split()]
                    print(f"| {engine} | {items} | {state} | {' | '.join(spent)} |", flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=20)
    parser.add_argument("--experts", type=int, nargs="*", default=[1, 3, 6])
    parser.add_argument("--start", action="store_true")
    args = parser.parse_args()
    if args.start:
        start()
    else:
        compare(args.turns, args.experts)


if __name__ == "__main__":
    main()
