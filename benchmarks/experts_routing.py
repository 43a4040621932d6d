"""Does growth pay, and is routing real? Plays ``mnist-drift`` with growth and without, then permutes the gate's choice.

Prints the prequential error after the drift, the held-out error before and after it, for the brain that grows and the
same brain that does not; and the held-out accuracy of the one that grew when each item's weights are given to the next
of the active experts.

    AURA_DATA=... python benchmarks/experts_routing.py
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence

import numpy as np

import aura
from aura import Observer
from aura.core.signals import Signal

DRIFT = 25_000
TOPICS = ("digits.label", "digits.regime", "hippocampus.label", "hippocampus.expert")


class Ledger(Observer):
    """Keeps what was true, what was predicted and by whom, by item."""

    topics = TOPICS

    def __init__(self) -> None:
        self.published: dict[str, dict[int, str]] = {topic: {} for topic in TOPICS}

    def on_signal(self, signal: Signal) -> None:
        assert signal.ids is not None
        values = [value if isinstance(value, str) else "".join(value) for value in signal.value]
        self.published[signal.topic].update(zip(signal.ids.tolist(), values, strict=True))

    def right(self, items: Sequence[int]) -> np.ndarray:
        """Return which of the items were predicted."""
        truth, given = self.published["digits.label"], self.published["hippocampus.label"]
        return np.array([truth[item] == given[item] for item in items])

    def share(self, items: Sequence[int]) -> float:
        """Return the largest share of one expert in the items."""
        _, counts = np.unique([self.published["hippocampus.expert"][item] for item in items], return_counts=True)
        return float(counts.max() / len(items))


def held_out(brain: aura.Brain, ledger: Ledger) -> tuple[float, float, float]:
    """Play the held-out rows and return the accuracy before and after the change, and the largest expert's share."""
    brain.learning = False
    first = brain["digits"].played
    brain["digits"].play("held_out", -(-brain.now // brain.resolution) * brain.resolution,
                         learning=False)
    brain.wake("digits")
    brain.run(span="10 s")
    items = range(first, brain["digits"].played)
    regime = ledger.published["digits.regime"]
    before, after = ([item for item in items if regime[item] == name] for name in ("before", "after"))
    return float(ledger.right(before).mean()), float(ledger.right(after).mean()), ledger.share(items)


def play(settings: Sequence[str], *, permuted: bool) -> None:
    """Play the whole, and print."""
    with aura.load_brain("mnist-drift", *settings) as brain, tempfile.TemporaryDirectory() as folder:
        ledger = Ledger()
        brain.observe(ledger)
        brain.run(until="17 s")
        learned = range(brain["digits"].played)
        right = ledger.right(learned)
        saved = brain.save(folder)
        before, after, share = held_out(brain, ledger)
        print(f"{' '.join(settings) or 'as it is'}: {len(brain['hippocampus'].structure)} experts")
        print(f"  prequential error before {1 - right[:DRIFT].mean():.4f}, after {1 - right[DRIFT:].mean():.4f}")
        print(f"  held-out accuracy before {before:.4f}, after {after:.4f}; largest share of one expert {share:.3f}")
        if not permuted:
            return
        with aura.load_brain("mnist-drift", *settings, "hippocampus.gate.permute=true") as other:
            ledger = Ledger()
            other.observe(ledger)
            other.load(saved)
            one, two, _ = held_out(other, ledger)
            print(f"  with the gate's choice permuted: before {one:.4f}, after {two:.4f}; "
                  f"it costs {100 * ((before + after) - (one + two)) / 2:.1f} points")


def main() -> None:
    """Play and print."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    play([], permuted=True)
    play(["hippocampus.growth=false"], permuted=False)


if __name__ == "__main__":
    main()
