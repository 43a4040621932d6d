"""A learner of linear readouts: each head has its own, so that heads learn apart from each other."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol

import numpy as np

from aura.zones.amygdala.learners.learner import Block, Head, Learned, Learner, Rows
from aura.zones.common.arrays import Array
from aura.zones.common.least_squares import with_bias

__all__ = ["LinearLearner", "LinearReadout"]


class LinearReadout(Protocol):
    """A linear map from rows, whose last column is one, to the scores of one head; it learns block by block."""

    @property
    def weights(self) -> Array:
        """The map, (features + 1, outputs), the bias in its last row."""

    @weights.setter
    def weights(self, weights: Array) -> None: ...

    def scores(self, rows: Array) -> Array:
        """Return the scores (n, outputs) of rows (n, features + 1)."""

    def left_out(self, rows: Array, targets: Array, weights: Array) -> Array:
        """Return the scores (n, outputs) that learned rows would have if none of their `weights` (n,) had been learned.
        """

    def loss(self, scores: Array, targets: Array) -> Array:
        """Return the loss of each item, (n,)."""

    def slope(self, scores: Array, targets: Array) -> Array:
        """Return the derivative of each item's loss with respect to its scores, (n, outputs)."""

    def learn(self, rows: Array, targets: Array, rate: float) -> None:
        """Learn a block; each item counts `rate` times."""

    def add_classes(self, count: int, seen: float) -> None:
        """Append classes that none of the `seen` items had."""

    def state(self) -> dict[str, Any]:
        """Return all that has been learned."""

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned."""


class LinearLearner(Learner):
    """Keeps a linear readout for each head; a subclass says of which rule."""

    lasting = ("_readouts",)
    leaves_out: ClassVar[bool] = True

    def __init__(self, options: Any, heads: Sequence[Head], features: int, rng: np.random.Generator) -> None:
        super().__init__(options, heads, features, rng)
        self.forgetting = options.forgetting
        self._readouts: dict[str, LinearReadout] = {head.name: self.readout(head) for head in heads}

    @abstractmethod
    def readout(self, head: Head) -> LinearReadout:
        """Return a readout for a head that has learned nothing."""

    def scores(self, rows: Rows) -> Mapping[str, Array]:
        full = with_bias(rows)
        return {name: readout.scores(full) for name, readout in self._readouts.items()}

    def learn(self, block: Block, rate: float, *, want_gradient: bool = False) -> Learned:
        scores, losses = {}, {}
        gradient = np.zeros((len(block.rows), self.features)) if want_gradient else None
        for name, (used, targets) in block.lessons.items():
            readout, rows = self._readouts[name], with_bias(block.rows[used])
            found = scores[name] = readout.scores(rows)
            losses[name] = float(readout.loss(found, targets).mean())
            if gradient is not None:
                gradient[used] += readout.slope(found, targets) @ readout.weights[:-1].T
            if rate > 0:
                readout.learn(rows, targets, rate)
        return Learned(scores, losses, gradient)

    def grow(self, head: str, count: int, seen: float) -> None:
        self._readouts[head].add_classes(count, seen)

    def left_out(self, head: str, rows: Rows, targets: Array, weights: Array) -> Array:
        return self._readouts[head].left_out(with_bias(rows), targets, weights)

    def linear(self, head: str) -> Array:
        return self._readouts[head].weights

    def adopt(self, head: Head, weights: Array) -> None:
        self._readouts[head.name] = self.readout(head)
        self._readouts[head.name].weights = weights
