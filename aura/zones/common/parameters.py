"""Parameters that a gradient moves, and AdamW, which moves them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from aura.core.lasting import Free, Stateful
from aura.zones.common.arrays import Array

__all__ = ["Moving", "Parameters", "step"]

BETAS = (0.9, 0.999)
EPSILON = 1e-8
"""Those of Kingma and Ba, 2015, arXiv:1412.6980, section 2."""

_NAMES = ("values", "gradient", "mean", "square")


def _aligned(array: Array | np.ndarray) -> np.ndarray:
    """Return a copy that lies where torch would lay it, for products may round otherwise where an array lies otherwise.
    """
    laid: np.ndarray = torch.empty(array.shape, dtype=torch.float32).numpy()
    laid[...] = array
    return laid


class Parameters(Stateful):
    """A matrix whose last row is a bias, with its gradient and what AdamW knows of it.

    Parameters
    ----------
    values : array (inputs + 1, outputs)
        What they are at first.

    Notes
    -----
    The arrays of the state and the tensors of the arithmetic are the same memory.
    """

    lasting = (Free("values", 1), Free("gradient", 1), Free("mean", 1), Free("square", 1), "steps")

    def __init__(self, values: np.ndarray) -> None:
        self.values = _aligned(values)
        self.gradient, self.mean, self.square = (_aligned(np.zeros_like(self.values)) for _ in range(3))
        self.steps = 0
        self._lay()

    def _lay(self) -> None:
        tensors = [torch.from_numpy(getattr(self, name)) for name in _NAMES]
        self.weight, self.weight_gradient, *_ = [tensor[:-1] for tensor in tensors]
        self.bias, self.bias_gradient, *_ = [tensor[-1] for tensor in tensors]
        self.weights, self.biases = [tensor[:-1] for tensor in tensors], [tensor[-1] for tensor in tensors]
        self.whole_gradient = tensors[1]

    def after_load(self) -> None:
        for name in _NAMES:
            setattr(self, name, _aligned(getattr(self, name)))
        self._lay()

    def add_outputs(self, count: int) -> None:
        """Append outputs of which nothing is known."""
        for name in _NAMES:
            setattr(self, name, _aligned(np.pad(getattr(self, name), ((0, 0), (0, count)))))
        self._lay()


class Moving(Protocol):
    """What a gradient moves: tensors of weights, which decay, and of biases, which do not."""

    steps: int
    whole_gradient: Tensor
    weights: list[Tensor]
    """Values, gradient, and AdamW's mean and square."""
    biases: list[Tensor]


def step(parameters: Sequence[Moving], rate: float, weight_decay: float, scale: float, clip: float | None) -> float:
    r"""Move parameters by the gradients that they have gathered, forget those, and return the norm of their mean.

    Parameters
    ----------
    rate : float
        The learning rate.
    weight_decay : float
        Of the weights; biases have none.
    scale : float
        What the gathered gradients are multiplied with, to be a mean.
    clip : float, optional
        The largest norm of the scaled gradient of all.

    References
    ----------
    I. Loshchilov, F. Hutter, Decoupled weight decay regularization, ICLR 2019, arXiv:1711.05101, algorithm 2.
    """
    gradients = [one.whole_gradient for one in parameters]
    norm = scale * float(torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients))))
    factor = scale * min(1.0, clip / norm) if clip is not None and norm > 0 else scale
    torch._foreach_mul_(gradients, factor)
    for one in parameters:
        one.steps += 1
    counts = [torch.tensor(float(one.steps)) for one in parameters]
    weights, biases = [one.weights for one in parameters], [one.biases for one in parameters]
    for decay, parts in ((weight_decay, weights), (0.0, biases)):
        values, slopes, means, squares = map(list, zip(*parts, strict=True))
        torch._fused_adamw_(values, slopes, means, squares, [], counts, lr=rate, beta1=BETAS[0], beta2=BETAS[1],
                            weight_decay=decay, eps=EPSILON, amsgrad=False, maximize=False)
    torch._foreach_zero_(gradients)
    return norm
