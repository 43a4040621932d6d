"""Times experts beside a plain network of as many parameters: microseconds a call for 1 and 32 items, and ratios.

The bare loop: an MLP of 784-82-10 (flax.nnx, its step by ``jax.jit`` with donated parameters, optax's Adam). The
experts: two of kind ``mlp``, 784-41-10 each, through ``predict_many`` and ``learn_many``; with 32 items each is given
half of them (``split``), or all (``both``). All turns are interleaved, and each figure is the least over the turns.

    python benchmarks/experts_step.py --turns 20
    python benchmarks/experts_step.py --dense            # rows without zeros; else four in five are 0, as in MNIST
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import optax
from flax import nnx

from aura.zones.experts.kinds.expert import Lesson
from aura.zones.experts.kinds.mlp import MlpExpert, MlpOptions
from aura.zones.experts.kinds.modules import Perceptron

FEATURES, CLASSES, WHOLE, HALF = 784, 10, 82, 41
RATE = 1e-3
Timed = Callable[[], object]


def lesson(rng: np.random.Generator, items: int, *, dense: bool) -> Lesson:
    """Return rows with random labels."""
    rows = rng.random((items, FEATURES), np.float32)
    if not dense:
        rows *= rng.random(rows.shape) < 0.2
    targets = np.eye(CLASSES, dtype=np.float32)[rng.integers(CLASSES, size=items)]
    return Lesson(rows, targets, np.ones(items, np.float32), np.zeros(items, np.float32), 1.0)


def bare(given: Lesson) -> tuple[Timed, Timed, Timed]:
    """Return a plain network's prediction, its step, and its step with the loss read back."""
    graph, state = nnx.split(Perceptron(FEATURES, (WHOLE,), "relu", CLASSES, nnx.Rngs(0)))
    optimiser = optax.adam(RATE)
    kept: list[Any] = [state, optimiser.init(state)]

    def loss(state: Any, rows: Any, targets: Any) -> Any:
        return optax.softmax_cross_entropy(nnx.merge(graph, state)(rows), targets).mean()

    @jax.jit
    def predict(state: Any, rows: Any) -> Any:
        return jax.nn.softmax(nnx.merge(graph, state)(rows))

    def step(state: Any, moments: Any, rows: Any, targets: Any) -> Any:
        value, slope = jax.value_and_grad(loss)(state, rows, targets)
        change, moments = optimiser.update(slope, moments)
        return optax.apply_updates(state, change), moments, value

    compiled = jax.jit(step, donate_argnums=(0, 1))

    def learn() -> Any:
        kept[0], kept[1], value = compiled(*kept, given.rows, given.targets)
        return value

    return lambda: np.asarray(predict(kept[0], given.rows)), learn, lambda: float(learn())


def experts(given: list[Lesson], options: MlpOptions) -> tuple[Timed, Timed]:
    """Return the prediction and the step of an expert for each lesson."""
    several = [MlpExpert((FEATURES,), CLASSES, options, seed) for seed in range(len(given))]
    asked = [(expert, lesson.rows) for expert, lesson in zip(several, given, strict=True)]
    taught = list(zip(several, given, strict=True))
    return lambda: MlpExpert.predict_many(asked), lambda: MlpExpert.learn_many(taught)


def least(timed: dict[str, Timed], turns: int, calls: int) -> dict[str, float]:
    """Return microseconds a call of each, the least over interleaved turns."""
    best = dict.fromkeys(timed, float("inf"))
    for call in timed.values():
        call()
    for _ in range(turns):
        for name, call in timed.items():
            began = time.perf_counter()
            for _ in range(calls):
                last = call()
            jax.block_until_ready(last)  # else calls still under way would be charged to whoever is timed next
            best[name] = min(best[name], (time.perf_counter() - began) / calls * 1e6)
    return best


def rows_of(table: dict[str, float], plain: str, ours: list[str]) -> None:
    """Print one comparison."""
    print(f"  {plain:<34}{table[plain]:8.1f} us")
    for name in ours:
        print(f"  {name:<34}{table[name]:8.1f} us  {table[name] / table[plain]:5.2f} x")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=20)
    parser.add_argument("--calls", type=int, default=100)
    parser.add_argument("--dense", action="store_true")
    args = parser.parse_args()
    rng = np.random.default_rng(0)
    options = MlpOptions(hidden=(HALF,), learning_rate=RATE)
    for items in (1, 32):
        whole = lesson(rng, items, dense=args.dense)
        halves = [lesson(rng, max(items // 2, 1), dense=args.dense) for _ in range(2)]
        timed: dict[str, Timed] = {}
        timed["bare: predict"], timed["bare: learn"], timed["bare: learn, loss read"] = bare(whole)
        timed["two experts, split: predict"], timed["two experts, split: learn"] = experts(halves, options)
        timed["two experts, both: predict"], timed["two experts, both: learn"] = experts([whole, whole], options)
        found: dict[str, float] = least(timed, args.turns, args.calls)
        print(f"{items} item{'s' if items > 1 else ''} a tick")
        for what in ("predict", "learn"):
            rows_of(found, f"bare: {what}", [f"two experts, {part}: {what}" for part in ("split", "both")])
        plain = found["bare: predict"] + found["bare: learn"]
        read = found["bare: predict"] + found["bare: learn, loss read"]
        for part in ("split", "both"):
            ours = found[f"two experts, {part}: predict"] + found[f"two experts, {part}: learn"]
            print(f"  both together, {part}: {ours:.1f} us, {ours / plain:.2f} x ({ours / read:.2f} x, its loss read)")


if __name__ == "__main__":
    main()
