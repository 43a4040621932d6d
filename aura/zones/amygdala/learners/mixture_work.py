"""What a block of items says of a mixture: losses, and the derivatives that they have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aura.zones.amygdala.learners.learner import Block, TargetType
from aura.zones.amygdala.learners.mixture_experts import Experts
from aura.zones.amygdala.learners.mixture_gate import LiquidGate, Route
from aura.zones.amygdala.learners.mixture_losses import loss_of, slope_of
from aura.zones.amygdala.learners.mixture_words import Buckets
from aura.zones.common.arrays import Array
from aura.zones.common.running import Frequencies, Moments

__all__ = ["Seen", "Work"]


class Seen(NamedTuple):
    """A block, and all that was made of it on the way to its scores."""

    rows: Array
    """Standardised, with a column of ones, (n, features + 1)."""
    hidden: Array
    places: Buckets
    weights: Array
    """Of the words, (n, words)."""
    route: Route


class Work:
    """What a block says of all heads, and the derivatives that follow.

    Parameters
    ----------
    seen : Seen
    block : Block
        Of which every row is told something.
    experts, gate
        Those of the mixture.
    target_types : mapping of str to str
        What the targets of each head are.
    known : mapping of str to Frequencies or Moments
        What is known of its targets in closed form.
    own : bool
        Whether the losses of each expert alone are wanted.
    """

    def __init__(self, seen: Seen, block: Block, experts: Experts, gate: LiquidGate,
                 target_types: Mapping[str, TargetType], known: Mapping[str, Frequencies | Moments], *,
                 own: bool) -> None:
        self.seen, self._experts, self._gate = seen, experts, gate
        self.mixed: dict[str, Array] = {}
        """What the mixture reads out for each lesson, (u, outputs)."""
        self.losses: dict[str, float] = {}
        self.by_mixture: Array = np.zeros_like(seen.route.shares)
        """The slope of the mixture's loss along the scores of each expert, summed over heads, (n, experts)."""
        self.own: Array = np.zeros_like(seen.route.shares)
        """The loss of each expert alone."""
        self._slopes: dict[str, Array] = {}
        self._own_slopes: dict[str, Array] = {}
        for name, (used, targets) in block.lessons.items():
            one, shares = known[name], seen.route.shares[used]
            read = experts.scores(name, seen.rows[used], seen.hidden[:, used])
            mixed = self.mixed[name] = np.einsum("ne,neo->no", shares, read)
            offset, aim = (0.0, (targets - one.mean) / one.deviation) if isinstance(one, Moments) else (
                one.log_odds, targets)
            self.losses[name] = float(loss_of(target_types[name], mixed + offset, aim).mean())
            slope = slope_of(target_types[name], mixed + offset, aim)
            self.by_mixture[used] += np.einsum("no,neo->ne", slope, read)
            self._slopes[name] = self._spread(shares[:, :, None] * slope[:, None], used)
            if own:
                self.own[used] += loss_of(target_types[name], read + offset, aim[:, None])
                self._own_slopes[name] = self._spread(
                    shares[:, :, None] * slope_of(target_types[name], read + offset, aim[:, None]), used)

    def _spread(self, slope: Array, used: NDArray[np.intp]) -> Array:
        """Return the slope of all rows of the block, 0 for those that are not used."""
        out = np.zeros((len(self.seen.rows), *slope.shape[1:]))
        out[used] = slope
        return out

    def routing(self, worth: Array) -> Array:
        """Return the derivative by the logits of the routing, (n, experts), of what is `worth` so by the shares."""
        shares = self.seen.route.shares
        out: Array = shares * (worth - (shares * worth).sum(axis=1, keepdims=True))
        return out

    def by_weights(self) -> tuple[dict[str, tuple[Array, Array]], Array]:
        """Return the mean gradients of each head's experts, and of the sums of the hidden units."""
        share = 1.0 / len(self.seen.rows)
        found = {name: self._experts.gradients(name, slope * share, self.seen.rows, self.seen.hidden)
                 for name, slope in self._slopes.items()}
        by_hidden = np.zeros_like(self.seen.hidden[:, :, :-1])
        for name, slope in self._slopes.items():
            by_hidden += self._experts.back(name, slope * share)[1]
        return found, self._experts.through_hidden(by_hidden, self.seen.hidden)

    def by_own_errors(self) -> dict[str, tuple[Array, Array]]:
        """Return error times input of each head's experts, each by its own error, weighted by its share."""
        return {name: self._experts.gradients(name, slope, self.seen.rows, self.seen.hidden)
                for name, slope in self._own_slopes.items()}

    def by_rows(self) -> Array:
        """Return the gradient of each item's loss with respect to its standardised row, (n, features)."""
        to_drive, *_ = self._gate.backward(self.seen.route, self.routing(self.by_mixture))
        out: Array = to_drive @ self._gate.inputs.values[:-1].T
        by_hidden = np.zeros_like(self.seen.hidden[:, :, :-1])
        for name, slope in self._slopes.items():
            by_row, more = self._experts.back(name, slope)
            out += by_row
            by_hidden += more
        return out + self._experts.through_hidden(by_hidden, self.seen.hidden) @ self._experts.hidden.values[:-1].T
