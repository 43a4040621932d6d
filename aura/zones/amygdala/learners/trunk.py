"""The hidden layers that all heads share: forward, and backward in closed form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from aura.core.lasting import Stateful
from aura.zones.common.parameters import Parameters

__all__ = ["Product", "Tape", "Trunk", "bf16_product", "product"]

Product = Callable[[Tensor, Tensor], Tensor]
"""Of two matrices, at some precision."""

GAINS = {"gelu": 2.0, "relu": 2.0, "tanh": 1.0}
"""Variance of the first weights times the inputs; for those that cut off half of what comes that of K. He et al.,
Delving deep into rectifiers, ICCV 2015, section 2.2."""

product: Product = torch.mm


def bf16_product(one: Tensor, other: Tensor) -> Tensor:
    """Return the product of two matrices rounded to bfloat16, as float32."""
    return torch.mm(one.bfloat16(), other.bfloat16()).float()


class Tape(NamedTuple):
    """What the way forward leaves for the way back."""

    inputs: list[Tensor]
    """Of each layer, (n, width)."""
    sums: list[Tensor]
    """Of each layer, before the activation."""
    masks: list[Tensor | None]
    """Of each layer, what its units were multiplied with."""


class Trunk(Stateful):
    """Fully connected layers; none at all is a trunk too, which passes rows on.

    Parameters
    ----------
    widths : sequence of int
        Of the rows, then of each hidden layer.
    activation : {"gelu", "relu", "tanh"}
        Of the hidden units.
    rng : numpy.random.Generator
        The first weights come from it.
    """

    lasting = ("layers",)

    def __init__(self, widths: Sequence[int], activation: str, rng: np.random.Generator) -> None:
        self._activation = activation
        self.layers: list[Parameters] = []
        for inputs, outputs in pairwise(widths):
            spread = np.sqrt(GAINS[activation] / inputs)
            self.layers.append(Parameters(np.vstack([
                spread * rng.standard_normal((inputs, outputs), dtype=np.float32), np.zeros((1, outputs))])))

    def forward(self, rows: Tensor, times: Product, masks: Sequence[Tensor | None]) -> tuple[Tensor, Tape]:
        """Return the representation (n, width) of rows, and the tape."""
        tape = Tape([], [], [])
        for layer, mask in zip(self.layers, masks, strict=True):
            tape.inputs.append(rows)
            sums = times(rows, layer.weight).add_(layer.bias)
            rows = self._active(sums)
            if mask is not None:
                rows = rows.mul_(mask)
            tape.sums.append(sums)
            tape.masks.append(mask)
        return rows, tape

    def backward(self, slope: Tensor, tape: Tape, times: Product, *, gather: bool,
                 to_rows: bool) -> Tensor:
        """Return the gradient for the rows, given that for the representation; the layers gather theirs if told so.

        Where it is not to go on `to_rows`, what is returned is nothing to go by.
        """
        first = self.layers[0] if self.layers and not to_rows else None
        for layer, inputs, sums, mask in zip(self.layers[::-1], tape.inputs[::-1], tape.sums[::-1], tape.masks[::-1],
                                             strict=True):
            if mask is not None:
                slope = slope * mask
            slope = self._slope(slope, sums)
            if gather:
                layer.weight_gradient.add_(times(inputs.t(), slope))
                layer.bias_gradient.add_(slope.sum(0))
            slope = slope if layer is first else times(slope, layer.weight.t())
        return slope

    def _active(self, sums: Tensor) -> Tensor:
        if self._activation == "gelu":
            return F.gelu(sums)
        return sums.relu() if self._activation == "relu" else sums.tanh()

    def _slope(self, slope: Tensor, sums: Tensor) -> Tensor:
        if self._activation == "gelu":
            return torch.ops.aten.gelu_backward(slope, sums)  # type: ignore[no-any-return]
        if self._activation == "relu":
            return slope * (sums > 0)
        return slope * (1.0 - sums.tanh().square())
