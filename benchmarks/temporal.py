"""What a turn costs in the temporal lobe, beside a bare torch loop of the same network, and at turn 10 and turn 1,000.

    python benchmarks/temporal.py [--rounds 7] [--hidden 256] [--ticks 24]

Processor time of one thread, the best of interleaved rounds. The bare loop keeps the window of each conversation, lays
the windows of a tick side by side, predicts, and learns by torch's autograd and AdamW; the zone does the same in a
brain, with its stream, labels, thresholds and confidence.
"""

from __future__ import annotations

import argparse
import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import torch

from aura import Brain, Manifest, Port, Zone
from aura.core.signals import Items
from aura.core.zone import ZoneContext
from aura.zones.temporal.plugin import MANIFEST
from aura.zones.temporal.sequence import SequenceEncoder

FEATURES, CLASSES, WINDOW, TURNS = 384, 11, 32, 24


class Talks(Zone):
    """So many conversations side by side, a turn of each a tick; their labels come a tick later."""

    manifest = Manifest("talks", "", period="10 ms", outputs=(
        Port("embedding", shape=("item", FEATURES)), Port("conversation", dtype="text", shape=("item",)),
        Port("act", dtype="tags", shape=("item",), role="label")))
    side_by_side, length = 32, TURNS

    def __init__(self, context: ZoneContext) -> None:
        super().__init__(context)
        self.turns = made(self.side_by_side, self.length)

    def step(self, now: int, inputs: object) -> dict[str, object]:
        rows, names, labels, ids = next(self.turns)
        return {"embedding": Items(rows, ids), "conversation": Items(names, ids),
                "act": Items(tuple((str(label),) for label in labels.tolist()), ids)}


def made(side_by_side: int, length: int) -> Iterator[tuple[np.ndarray, tuple[str, ...], np.ndarray, np.ndarray]]:
    """Return turns without end."""
    rng, number = np.random.default_rng(0), 0
    while True:
        names = tuple(str(number + place) for place in range(side_by_side))
        for turn in range(length):
            rows = rng.normal(size=(side_by_side, FEATURES)).astype(np.float32)
            ids = (number + np.arange(side_by_side)) * length + turn
            yield rows, names, rng.integers(0, CLASSES, side_by_side), ids
        number += side_by_side


def zone(hidden: int, side_by_side: int = 32, length: int = TURNS) -> Brain:
    """Return a brain of a stream and a temporal lobe."""
    kind = type("SomeTalks", (Talks,), {"side_by_side": side_by_side, "length": length})
    brain = Brain(seed=0)
    brain.add(kind, "talks")
    brain.add(MANIFEST, params={"window": WINDOW, "speakers": 0, "network": {"hidden": hidden}, "tasks": {
        "act": {"classes": [str(label) for label in range(CLASSES)]}}})
    for source, target in (("embedding", "embedding"), ("conversation", "conversation"), ("act", "act_teacher")):
        brain.connect(f"talks.{source}", f"temporal.{target}")
    return brain


def bare(hidden: int) -> Callable[[], None]:
    """Return one tick of a loop of torch alone."""
    torch.manual_seed(0)
    encoder = SequenceEncoder(FEATURES, hidden=hidden)
    readout = torch.nn.Linear(hidden + FEATURES, CLASSES)
    parameters = [*encoder.parameters(), *readout.parameters()]
    optimiser = torch.optim.AdamW(parameters, lr=1e-3, weight_decay=0.01, fused=True)
    talks: dict[str, list[np.ndarray]] = defaultdict(list)
    turns = made(32, TURNS)

    def scores(rows: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
        which = torch.arange(len(rows))
        return readout(torch.cat([encoder(rows, which, places), rows[which, places]], 1))

    def tick() -> None:
        new, names, labels, _ = next(turns)
        windows = []
        for name, row in zip(names, new, strict=True):
            talks[name] = [*talks[name], row][-WINDOW:]
            windows.append(np.stack(talks[name]))
        rows = np.zeros((len(windows), max(map(len, windows)), FEATURES), np.float32)
        for place, window in enumerate(windows):
            rows[place, :len(window)] = window
        batch, places = torch.from_numpy(rows), torch.tensor([len(window) - 1 for window in windows])
        encoder.eval()
        with torch.no_grad():
            scores(batch, places).softmax(1).numpy()
        encoder.train()
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(scores(batch, places), torch.from_numpy(labels)).backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()

    return tick


def timed(what: Callable[[], object]) -> float:
    """Return the seconds of the processor that something takes."""
    before = time.process_time()
    what()
    return time.process_time() - before


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--hidden", type=int, default=256)
    parser.add_argument("--ticks", type=int, default=TURNS, help="Ticks of a round, of 32 turns each.")
    options = parser.parse_args()
    torch.set_num_threads(1)
    tick, best = bare(options.hidden), {"zone": float("inf"), "bare": float("inf")}
    with zone(options.hidden) as brain:
        for _ in range(options.rounds + 1):  # of which the first warms up
            best["bare"] = min(best["bare"], timed(lambda: [tick() for _ in range(options.ticks)]))
            best["zone"] = min(best["zone"], timed(lambda: brain.run(span=f"{10 * options.ticks} ms")))
    rates = {name: 32 * options.ticks / seconds for name, seconds in best.items()}
    print(f"32 conversations side by side, {TURNS} turns each: zone {rates['zone']:.0f} turns/s, bare torch "
          f"{rates['bare']:.0f}: {best['zone'] / best['bare']:.2f} times its time")
    places = {place: zone(options.hidden, side_by_side=1, length=10_000) for place in (10, 40, 1000)}
    for place, brain in places.items():
        brain.run(span=f"{10 * (place - 5)} ms")
    found: dict[int, list[float]] = {place: [] for place in places}
    for _ in range(20):
        for place, brain in places.items():
            found[place].append(timed(lambda one=brain: one.run(span="10 ms")))
    print("one conversation, a turn a tick, predicted and learned, the least and the median of 20 turns: " + ", ".join(
        f"from turn {place} on {1e3 * min(times):.1f} and {1e3 * float(np.median(times)):.1f} ms"
        for place, times in found.items()))


if __name__ == "__main__":
    main()
