"""Times the mixture of experts beside a plain network in a bare loop: items a second, learning and recalling.

The bare loop: an MLP of 784-128-10 (flax.nnx, its step by ``jax.jit`` with donated parameters, optax's Adam), 101,770
parameters; *recall* is its prediction, *learning* the prediction and a step, which does not wait for its loss. The zone
``experts`` routes each item to two of its MLPs of 784-64-10, the default, 101,780 active parameters; *recall* is its
`step`, *learning* that and its `learn`, when the labels come: gate, merit, growth and all. Both are shown the same
images of MNIST. Turns are interleaved; each figure is the least over the turns.

    AURA_DATA=... python benchmarks/experts.py --turns 10
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from itertools import count, cycle
from pathlib import Path
from typing import Any

import jax
import numpy as np
import optax
from flax import nnx

from aura import Brain, Manifest, Port, Zone
from aura.core.node import Node
from aura.sim.readers.idx import IdxOptions, open_idx
from aura.zones.experts.kinds.modules import Perceptron
from aura.zones.experts.plugin import MANIFEST

FEATURES, CLASSES, WHOLE, HALF, RATE = 784, 10, 128, 64, 1e-3
Turn = Callable[[], None]
Blocks = list[tuple[np.ndarray, np.ndarray]]


def blocks(items: int, number: int) -> Blocks:
    """Return so many blocks of images (items, 784) and labels (items,)."""
    options = IdxOptions(images="data:mnist/train-images-idx3-ubyte.gz", labels="data:mnist/train-labels-idx1-ubyte.gz")
    rows = open_idx(options, Path()).rows(np.arange(items * number))
    images = np.asarray(rows["image"], np.float32).reshape(number, items, FEATURES)
    labels = np.array([int(label) for (label,) in rows["label"]]).reshape(number, items)
    return list(zip(images, labels, strict=True))


def bare(shown: Blocks) -> tuple[Turn, Turn]:
    """Return a plain network's recall and its learning, a block each."""
    graph, state = nnx.split(Perceptron(FEATURES, (WHOLE,), "relu", CLASSES, nnx.Rngs(0)))
    optimiser = optax.adam(RATE)
    kept: list[Any] = [state, optimiser.init(state)]

    def loss(state: Any, rows: Any, labels: Any) -> Any:
        return optax.softmax_cross_entropy_with_integer_labels(nnx.merge(graph, state)(rows), labels).mean()

    @jax.jit
    def predict(state: Any, rows: Any) -> Any:
        return jax.nn.softmax(nnx.merge(graph, state)(rows))

    def step(state: Any, moments: Any, rows: Any, labels: Any) -> Any:
        slope = jax.grad(loss)(state, rows, labels)
        change, moments = optimiser.update(slope, moments)
        return optax.apply_updates(state, change), moments

    compiled, stream = jax.jit(step, donate_argnums=(0, 1)), cycle(shown)

    def recall() -> None:
        np.asarray(predict(kept[0], next(stream)[0]))

    def learn() -> None:
        rows, labels = next(stream)
        np.asarray(predict(kept[0], rows))
        kept[:] = compiled(*kept, rows, labels)

    return recall, learn


class Silent(Zone[Any]):
    """Has what the mixture needs, and says nothing."""

    manifest = Manifest("silent", "", outputs=(Port("image", shape=("item", FEATURES)),), period="1 h")

    def step(self, now: int, inputs: Any) -> None:
        return None


def mixture(shown: Blocks, experts: int, elastic: float) -> tuple[Turn, Turn]:
    """Return a mixture's recall and its learning, a block each, inboxes laid as the event loop lays them."""
    brain = Brain(seed=1)
    brain.add(Silent)
    brain.add(MANIFEST, "hippocampus", params={
        "stimulus": [FEATURES], "classes": [str(n) for n in range(CLASSES)], "kinds": ["mlp"], "initial": experts,
        "options": {"mlp": {"hidden": [HALF], "learning_rate": RATE}}, "growth": {"schedule": [experts]},
        "learning": {"elastic": elastic}})
    brain.connect("silent.image", "hippocampus.stimulus")
    brain.build()
    node = Node(0, brain.plans["hippocampus"])
    zone, times, items = brain["hippocampus"], count(), count(step=len(shown[0][0]))
    for array, _ in shown:
        array.flags.writeable = False
    labelled = cycle([(rows, tuple((str(label),) for label in labels)) for rows, labels in shown])

    def inbox(port: str, value: Any, ids: Any) -> Any:
        pending = node.inbox()
        lay = node.target(port, "bench.bench")[3]
        assert lay is not None
        lay(pending, value, ids)
        return pending

    def recall() -> None:
        rows, _ = next(labelled)
        first = next(items)
        zone.step(next(times), inbox("stimulus", rows, np.arange(first, first + len(rows))))

    def learn() -> None:
        rows, labels = next(labelled)
        first = next(items)
        ids = np.arange(first, first + len(rows))
        zone.step(next(times), inbox("stimulus", rows, ids))
        teacher, now = inbox("teacher", labels, ids), next(times)
        zone.step(now, teacher)
        zone.learn(now, teacher)

    return recall, learn


def least(timed: dict[str, Turn], turns: int, calls: int) -> dict[str, float]:
    """Return microseconds a call of each, the least over interleaved turns."""
    best = dict.fromkeys(timed, float("inf"))
    for call in timed.values():
        for _ in range(3):
            call()
    for _ in range(turns):
        for name, call in timed.items():
            began = time.perf_counter()
            for _ in range(calls):
                call()
            best[name] = min(best[name], (time.perf_counter() - began) / calls * 1e6)
    return best


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=10)
    parser.add_argument("--calls", type=int, default=100)
    parser.add_argument("--experts", type=int, nargs="*", default=[2, 3, 6])
    args = parser.parse_args()
    for items in (1, 32):
        shown = blocks(items, 300)
        timed: dict[str, Turn] = {}
        timed["bare loop: recall"], timed["bare loop: learning"] = bare(shown)
        for number in args.experts:
            timed[f"{number} experts: recall"], timed[f"{number} experts: learning"] = mixture(shown, number, 0.1)
            timed[f"{number} experts, no soft freeze: learning"] = mixture(shown, number, 0.0)[1]
        found = least(timed, args.turns, args.calls)
        print(f"{items} item{'s' if items > 1 else ''} a tick")
        for name, spent in found.items():
            plain = found[f"bare loop: {name.partition(': ')[2]}"]
            print(f"  {name:<42}{spent:9.1f} us {items / spent * 1e6:10,.0f} items/s {spent / plain:6.2f} x")


if __name__ == "__main__":
    main()
