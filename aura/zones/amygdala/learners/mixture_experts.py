"""The experts of a mixture: linear readouts, and networks with one hidden layer, each with a score for every output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from aura.core.lasting import Made, Stateful
from aura.zones.amygdala.learners.learner import Head
from aura.zones.amygdala.learners.mixture_options import MixtureOptions
from aura.zones.amygdala.learners.mixture_weights import Weights
from aura.zones.common.arrays import Array

__all__ = ["ExpertHead", "Experts"]


class ExpertHead(Stateful):
    """What all experts have for one head; none knows anything at first.

    Parameters
    ----------
    features, hidden : int
        Of a row and of a network, the column of ones included.
    readouts, networks : int
        How many experts are of either kind.
    outputs : int
        Of the head.
    """

    lasting = ("readouts", "networks")

    def __init__(self, features: int, hidden: int, readouts: int, networks: int, outputs: int) -> None:
        self.readouts = Weights(np.zeros((features, readouts, outputs)))
        self.networks = Weights(np.zeros((hidden, networks, outputs)))

    def add_outputs(self, count: int) -> None:
        """Append outputs of which nothing is known."""
        self.readouts.add_outputs(count)
        self.networks.add_outputs(count)


class Experts(Stateful):
    """All experts; those of one kind are asked and taught in one product.

    Parameters
    ----------
    options : MixtureOptions
    heads : sequence of Head
    features : int
        Of a standardised row, without the column of ones.
    rng : numpy.random.Generator
        The hidden layers come from it.
    """

    lasting = ("hidden", Made("heads", "_new_head"))

    def __init__(self, options: MixtureOptions, heads: Sequence[Head], features: int, rng: np.random.Generator) -> None:
        self._options = options
        units = options.networks * options.hidden
        self.hidden = Weights(np.vstack([rng.standard_normal((features, units)) / np.sqrt(features),
                                         np.zeros((1, units))]))
        self.heads = {head.name: ExpertHead(features + 1, options.hidden + 1, options.readouts, options.networks,
                                            head.outputs) for head in heads}

    def _new_head(self) -> ExpertHead:
        return ExpertHead(len(self.hidden.values), self._options.hidden + 1, self._options.readouts,
                          self._options.networks, 0)

    def represent(self, rows: Array) -> Array:
        """Return the hidden layers (networks, n, hidden + 1) for rows (n, features + 1), each with a column of ones."""
        options = self._options
        out = np.ones((options.networks, len(rows), options.hidden + 1))
        out[:, :, :-1] = np.tanh(rows @ self.hidden.values).reshape(
            len(rows), options.networks, options.hidden).transpose(1, 0, 2)
        return out

    def scores(self, head: str, rows: Array, hidden: Array) -> Array:
        """Return what each expert reads out for a head, (n, experts, outputs)."""
        one = self.heads[head]
        features, readouts, outputs = one.readouts.values.shape
        linear = (rows @ one.readouts.values.reshape(features, -1)).reshape(len(rows), readouts, outputs)
        return np.concatenate([linear, (hidden @ one.networks.values.transpose(1, 0, 2)).transpose(1, 0, 2)], axis=1)

    def back(self, head: str, slope: Array) -> tuple[Array, Array]:
        """Return the derivatives by the rows (n, features) and by the hidden layers (networks, n, hidden), given those
        by `scores`.
        """
        one = self.heads[head]
        linear, network = self._split(slope)
        weights = one.readouts.values[:-1]
        return (linear.reshape(len(slope), -1) @ weights.reshape(len(weights), -1).T,
                network @ one.networks.values[:-1].transpose(1, 2, 0))

    def through_hidden(self, slope: Array, hidden: Array) -> Array:
        """Return the derivative by the sums of the hidden units, (n, networks * hidden)."""
        sums = slope * (1.0 - hidden[:, :, :-1] ** 2)
        out: Array = sums.transpose(1, 0, 2).reshape(hidden.shape[1], -1)
        return out

    def gradients(self, head: str, slope: Array, rows: Array, hidden: Array) -> tuple[Array, Array]:
        """Return the derivatives by the weights of both kinds for a head, of their shapes, summed over items."""
        linear, network = self._split(slope)
        one = self.heads[head]
        return ((rows.T @ linear.reshape(len(rows), -1)).reshape(one.readouts.values.shape),
                (hidden.transpose(0, 2, 1) @ network).transpose(1, 0, 2))

    def follow_gradient(self, found: Mapping[str, tuple[Array, Array]], to_sums: Array, rows: Array,
                        rate: float) -> None:
        """Take a step of AdamW; `found` holds the mean gradients of the heads that were told of something."""
        decay = self._options.weight_decay
        for name, (readouts, networks) in found.items():
            self.heads[name].readouts.follow_gradient(readouts, rate, decay)
            self.heads[name].networks.follow_gradient(networks, rate, decay)
        self.hidden.follow_gradient(rows.T @ to_sums, rate, decay)

    def learn_delta(self, found: Mapping[str, tuple[Array, Array]], rows: Array, hidden: Array,
                    rates: Mapping[str, float]) -> None:
        r"""Take a step of the normalised delta rule: error times input, over a bound on how far the inputs add up.

        Notes
        -----
        A step over a block with inputs X and the rate η, of a loss whose curvature is at most 1, does not overshoot for
        :math:`\eta \lambda_{\max}(X X^\top) < 2`; the largest row sum of :math:`|X X^\top|` is no less than this
        eigenvalue (Gershgorin), and what the rate is divided by. For one item that is the square of its length.

        References
        ----------
        B. Widrow, M. E. Hoff, Adaptive switching circuits, IRE WESCON 1960, part 4. B. Widrow, S. D. Stearns, Adaptive
        signal processing, 1985, chapter 6 (convergence).
        """
        linear = np.abs(rows @ rows.T).sum(axis=1).max()
        network = np.abs(hidden @ hidden.transpose(0, 2, 1)).sum(axis=2).max(axis=1)
        for name, (readouts, networks) in found.items():
            one = self.heads[name]
            one.readouts.values -= rates[name] / linear * readouts
            one.networks.values -= rates[name] / network[:, None] * networks

    def _split(self, slope: Array) -> tuple[Array, Array]:
        """Return the part of the readouts (n, readouts, outputs), and that of the networks (networks, n, outputs)."""
        return slope[:, :self._options.readouts], slope[:, self._options.readouts:].transpose(1, 0, 2)
