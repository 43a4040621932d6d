"""AdamW over tensors that lie side by side in one array, with words that move only where they occur."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.optim.adamw import adamw

from aura.core.lasting import Stateful

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from aura.zones.sensory.plastic_bert import PlasticBert
    from aura.zones.sensory.plasticity import PlasticOptions

__all__ = ["Gradient", "Mover"]

_EPSILON = 1e-8
_ALIGNED = 16
"""Floats of 64 bytes: a product's bits may depend on where a matrix begins."""


class Gradient:
    """The gradient of the summed loss of some items; of the words only those rows that occur."""

    def __init__(self, tensors: list[Tensor], words: Tensor, rows: Tensor | None) -> None:
        self.tensors, self.words, self.rows = tensors, words, rows

    def add(self, other: Gradient) -> None:
        """Add another."""
        for mine, theirs in zip(self.tensors, other.tensors, strict=True):
            mine.add_(theirs)
        if self.rows is not None and other.rows is not None:
            words, places = torch.unique(torch.cat([self.words, other.words]), return_inverse=True)
            rows = torch.cat([self.rows, other.rows])
            self.words, self.rows = words, torch.zeros(len(words), rows.shape[1]).index_add_(0, places, rows)


class Mover(Stateful):
    r"""Moves what learns of an encoder by AdamW.

    Parameters
    ----------
    network : PlasticBert
        Its tensors are put in place by views of one array, `values`.
    options : PlasticOptions
        Rate and schedule, betas, decay, clipping, accumulation.

    Notes
    -----
    .. math:: m \leftarrow \beta_1 m + (1 - \beta_1) g, \quad v \leftarrow \beta_2 v + (1 - \beta_2) g^2, \quad
              w \leftarrow w - \eta \lambda w - \eta \hat m / (\sqrt{\hat v} + \epsilon)

    with g the gradient of the mean loss of the items of a step. The moments of a word's embedding move in the steps
    in which the word occurs, and are freed of their bias by the number of all steps.

    References
    ----------
    I. Loshchilov, F. Hutter, Decoupled weight decay regularization, ICLR 2019, arXiv:1711.05101. The rate that falls
    from layer to layer: J. Howard, S. Ruder, Universal language model fine-tuning, ACL 2018, doi:10.18653/v1/P18-1031.
    """

    lasting = ("values", "_first", "_second", "_sum", "items", "steps", "overflowed", "_waiting")

    def __init__(self, network: PlasticBert, options: PlasticOptions) -> None:
        self._network, self._options = network, options
        self.items = 0
        """Items learned."""
        self.steps = 0
        """How often the weights have moved."""
        self.overflowed = 0
        """Items whose gradient was too large for a float."""
        self._waiting = 0
        sizes = [one.tensor.numel() for one in network.moving.values()]
        sizes += [network.words.numel()] * network.words_learn
        starts = np.cumsum([0, *(-(-size // _ALIGNED) * _ALIGNED for size in sizes)]).tolist()
        self._spans = [slice(start, start + size) for start, size in zip(starts, sizes, strict=False)]
        # torch aligns what it allocates, whatever process it is in.
        self.values, self._first, self._second = (torch.zeros(starts[-1]).numpy() for _ in range(3))
        self._sum = torch.zeros(starts[-1] if options.accumulate > 1 else 0).numpy()
        with torch.no_grad():
            for (name, one), view in zip(network.moving.items(), self._views(self.values), strict=False):
                view.copy_(one.tensor)
                network.moving[name] = one._replace(tensor=view.requires_grad_())
            if network.words_learn:
                network.words = self._views(self.values)[-1].copy_(network.words)
        self._groups = self._grouped(options)

    def _views(self, array: NDArray[np.float32]) -> list[Tensor]:
        """Return what learns, the words last, as it lies in an array."""
        whole, network = torch.from_numpy(array), self._network
        shapes = [one.tensor.shape for one in network.moving.values()] + [network.words.shape] * network.words_learn
        return [whole[span].view(shape) for span, shape in zip(self._spans, shapes, strict=True)]

    def _grouped(self, options: PlasticOptions) -> list[tuple[list[int], float, float]]:
        """Return the tensors that are moved alike: their places, the factor on the rate, the decay."""
        moving = list(self._network.moving.values())
        deepest = max(one.depth for one in moving)
        alike: dict[tuple[int, bool], list[int]] = {}
        for place, one in enumerate(moving):
            alike.setdefault((deepest if options.layer_decay == 1 else one.depth, one.decays), []).append(place)
        return [(places, options.layer_decay ** (deepest - depth), options.weight_decay if decays else 0.0)
                for (depth, decays), places in alike.items()]

    # --- learning -------------------------------------------------------------------------------------------------

    @torch.no_grad()
    def learn(self, gradient: Gradient, items: int, rate: float) -> dict[str, float]:
        """Take the gradient of the summed loss of so many items; move the weights when enough have come.

        Returns
        -------
        dict
            The rate and the norm of the gradient, where the weights have moved.
        """
        if self._options.accumulate > 1:
            self._waiting += items
            self._gather(gradient)
            if self._waiting < self._options.accumulate:
                return {}
            gradient, items, self._waiting = self._gathered(), self._waiting, 0
        norm = self._scaled(gradient, items)
        if not np.isfinite(norm):
            self.overflowed += items
            return {}
        self.items += items
        self.steps += 1
        rate *= self._options.rate_at(self.items)
        self._move(gradient, rate)
        return {"rate": rate, "gradient_norm": norm}

    def _gather(self, gradient: Gradient) -> None:
        sums = self._views(self._sum)
        for mine, theirs in zip(sums, gradient.tensors, strict=False):
            mine.add_(theirs)
        if gradient.rows is not None:
            sums[-1].index_add_(0, gradient.words, gradient.rows)

    def _gathered(self) -> Gradient:
        sums = [one.clone() for one in self._views(self._sum)]
        self._sum.fill(0)
        if not self._network.words_learn:
            return Gradient(sums, torch.zeros(0, dtype=torch.int64), None)
        words = sums[-1].any(1).nonzero()[:, 0]
        return Gradient(sums[:-1], words, sums[-1][words])

    def _scaled(self, gradient: Gradient, items: int) -> float:
        """Make the gradient that of the mean loss, no longer than is allowed; return how long it was."""
        parts = gradient.tensors if gradient.rows is None else [*gradient.tensors, gradient.rows]
        norm = float(torch.nn.utils.get_total_norm(parts)) / items
        clip = self._options.clip
        torch._foreach_mul_(parts, (1.0 if clip is None or norm <= clip else clip / norm) / items)
        return norm

    def _move(self, gradient: Gradient, rate: float) -> None:
        first, second, (one, two) = self._views(self._first), self._views(self._second), self._options.betas
        tensors = [moving.tensor for moving in self._network.moving.values()]
        for places, factor, decay in self._groups:
            def chosen(of: Sequence[Tensor], places: list[int] = places) -> list[Tensor]:
                return [of[place] for place in places]

            adamw(chosen(tensors), chosen(gradient.tensors), chosen(first), chosen(second), [],
                  [torch.tensor(self.steps - 1.0) for _ in places], fused=True, amsgrad=False, beta1=one, beta2=two,
                  lr=rate * factor, weight_decay=decay, eps=_EPSILON, maximize=False)
        if gradient.rows is not None:
            words, rows, factor = gradient.words, gradient.rows, self._options.layer_decay ** self._network.layers
            m, v = first[-1][words].mul_(one).add_(rows, alpha=1 - one), second[-1][words].mul_(two)
            v.addcmul_(rows, rows, value=1 - two)
            first[-1][words], second[-1][words] = m, v
            scale = (1 - two**self.steps) ** 0.5
            self._network.words[words] -= m / (v.sqrt_() / scale + _EPSILON) * (rate * factor / (1 - one**self.steps))
