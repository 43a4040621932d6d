"""What the brain adds to a plastic pass: `goemotions-plastic` beside a bare torch loop that does the same arithmetic.

    AURA_DATA=... python benchmarks/plastic.py [--blocks 200] [--turn 10] [--threads 1]

Both read the same blocks of 32 comments and take turns of some blocks, so that what else the machine does falls on
both alike. The brain plays the scenario: stream, encoder, amygdala, labels, gradients over the bus. The bare loop has
none of them: it calls the same packed BERT (transformers' would pad), binary cross-entropy on a linear layer,
`backward`, and torch's own AdamW, SparseAdam for the words. Printed are the times of both and their ratios.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator

import numpy as np
import torch
import torch.nn.functional as F

import aura
from aura.sim.data import dataset_path
from aura.zones.sensory.encoder import load_text_encoder
from aura.zones.sensory.minilm import LeanEncoder
from aura.zones.sensory.plastic_bert import PlasticBert
from aura.zones.sensory.plasticity import PlasticOptions

ITEMS, PERIOD_MS, EMOTIONS = 32, 10, 28
SETTINGS = ("posts.shuffle=false", "sensory.plastic.schedule=constant", "sensory.plastic.warm_up=0")


def rows() -> Iterator[tuple[list[str], torch.Tensor]]:
    """Yield the blocks of the file: texts, and which emotions each has."""
    with dataset_path("goemotions", "train.tsv").open(encoding="utf-8") as file:
        lines = [line.rstrip("\n").split("\t") for line in file]
    for first in range(0, len(lines), ITEMS):
        block = lines[first:first + ITEMS]
        truth = torch.zeros(len(block), EMOTIONS)
        for row, (_, labels, _) in enumerate(block):
            truth[row, [int(label) for label in labels.split(",")]] = 1.0
        yield [text for text, _, _ in block], truth


class BareLoop:
    """Forward, loss, backward, step."""

    def __init__(self, threads: int) -> None:
        lean = load_text_encoder(threads=threads)
        assert isinstance(lean, LeanEncoder)
        self.lean, options = lean, PlasticOptions()
        self.network = PlasticBert(lean.tensors(), lean.settings, "full", options, np.random.default_rng(0))
        tensors = [one.tensor.requires_grad_() for one in self.network.moving.values()]
        decaying = [one.tensor for one in self.network.moving.values() if one.decays]
        others = [one.tensor for one in self.network.moving.values() if not one.decays]
        self.head = torch.nn.Linear(lean.dimensions, EMOTIONS)
        self.tensors = [*tensors, *self.head.parameters()]
        self.words = self.network.words.requires_grad_()
        self.steps = (
            torch.optim.AdamW([{"params": decaying},
                               {"params": [*others, *self.head.parameters()], "weight_decay": 0.0}],
                              lr=options.learning_rate, fused=True),
            torch.optim.SparseAdam([self.words], lr=options.learning_rate))
        self.blocks = rows()

    def run(self, blocks: int) -> None:
        """Learn some blocks."""
        for (texts, truth), _ in zip(self.blocks, range(blocks), strict=False):
            tokens = self.lean.tokens(texts)
            order = sorted(range(len(tokens)), key=lambda index, of=tokens: len(of[index]))  # type: ignore[misc]
            with torch.no_grad():
                self.network.words = self.words.detach()
            done = self.network.forward([tokens[index] for index in order])
            loss = F.binary_cross_entropy_with_logits(self.head(done.embeddings), truth[order], reduction="sum") / ITEMS
            found = torch.autograd.grad(loss, [*self.tensors, done.rows])
            for tensor, gradient in zip(self.tensors, found[:-1], strict=True):
                tensor.grad = gradient
            self.words.grad = torch.sparse_coo_tensor(done.words[None], found[-1], self.words.shape)
            torch.nn.utils.clip_grad_norm_(self.tensors, 1.0)
            for step in self.steps:
                step.step()


def timed(call: Callable[[], object]) -> tuple[float, float]:
    """Return the wall time and the processor time of a call in seconds."""
    wall, busy = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - wall, time.process_time() - busy


def main() -> None:
    """Take turns and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--blocks", type=int, default=200)
    parser.add_argument("--turn", type=int, default=10, help="blocks a turn")
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    bare = BareLoop(asked.threads)
    spans: list[tuple[float, float, float, float]] = []
    with aura.load_brain("goemotions-plastic", *SETTINGS, f"sensory.threads={asked.threads}") as brain:
        for turn in range(asked.blocks // asked.turn + 1):
            ours, theirs = timed(lambda: brain.run(span=f"{asked.turn * PERIOD_MS} ms")), timed(
                lambda: bare.run(asked.turn))
            if turn:  # the first one compiles
                spans.append((*ours, *theirs))
        learned = brain["sensory"].state()["plastic"]["mover"]["steps"]
    table = np.array(spans)
    total = table.sum(0)
    print(f"{asked.turn * len(table)} blocks of {ITEMS} each, {asked.threads} threads; the brain's encoder has made "
          f"{learned} steps")
    for place, name in enumerate(("wall", "processor")):
        ratio = table[:, place] / table[:, place + 2]
        print(f"{name:9s}  brain {total[place]:7.1f} s  bare loop {total[place + 2]:7.1f} s  ratio of the sums "
              f"{total[place] / total[place + 2]:.3f}  median of the turns {np.median(ratio):.3f}")


if __name__ == "__main__":
    main()
