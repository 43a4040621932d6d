"""Weights of a mixture and the two ways in which they move: AdamW along a gradient, or a plain step."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from aura.core.lasting import Free, Stateful
from aura.zones.common.arrays import Array

__all__ = ["FLUSH_BELOW", "Weights", "adamw"]

MEAN_DECAY, SQUARE_DECAY, EPSILON = 0.9, 0.999, 1e-8
"""Those of Kingma and Ba, 2015, arXiv:1412.6980, section 2."""

FLUSH_BELOW = 1e-150
"""What a decaying moment is 0 below: far above the denormals of float64, its square too (chosen here)."""


@njit(cache=True, nogil=True)
def adamw(gradient: Any, decayed: Any, rate: Any, decay: Any, step: Any, values: Any, mean: Any, square: Any) -> None:
    """Take one step of AdamW.

    Parameters
    ----------
    gradient : array (n,), float64
    decayed : int
        How many of the first values shrink; biases stand behind them.
    rate, decay : float
        Learning rate and weight decay.
    step : int
        Which step it is, from 1.
    values, mean, square : arrays (n,), float64
        Changed.

    References
    ----------
    I. Loshchilov, F. Hutter, Decoupled weight decay regularization, ICLR 2019, arXiv:1711.05101, algorithm 2.
    """
    first, second = 1.0 - MEAN_DECAY**step, 1.0 - SQUARE_DECAY**step
    for i in range(values.shape[0]):
        m = MEAN_DECAY * mean[i] + (1.0 - MEAN_DECAY) * gradient[i]
        v = SQUARE_DECAY * square[i] + (1.0 - SQUARE_DECAY) * gradient[i] * gradient[i]
        m = 0.0 if abs(m) < FLUSH_BELOW else m
        v = 0.0 if v < FLUSH_BELOW else v
        mean[i], square[i] = m, v
        if i < decayed:
            values[i] -= rate * decay * values[i]
        values[i] -= rate * (m / first) / (np.sqrt(v / second) + EPSILON)


class Weights(Stateful):
    """An array with what AdamW knows of it.

    Parameters
    ----------
    values : array (inputs + 1, ..., outputs)
        What they are at first; the last of the first axis is the bias.
    """

    lasting = (Free("values", -1), Free("mean", -1), Free("square", -1), "steps")

    def __init__(self, values: Array) -> None:
        self.values: Array = np.array(values, np.float64, order="C")
        self.mean: Array = np.zeros_like(self.values)
        self.square: Array = np.zeros_like(self.values)
        self.steps = 0

    def follow_gradient(self, gradient: Array, rate: float, decay: float) -> None:
        """Take one step of AdamW; an array without values stays one."""
        if not self.values.size:
            return
        self.steps += 1
        decayed = self.values.size - self.values[-1].size
        adamw(np.ascontiguousarray(gradient).reshape(-1), decayed, rate, decay, self.steps,
              self.values.reshape(-1), self.mean.reshape(-1), self.square.reshape(-1))

    def add_outputs(self, count: int) -> None:
        """Append outputs of which nothing is known."""
        more = [(0, 0)] * (self.values.ndim - 1) + [(0, count)]
        self.values, self.mean, self.square = (np.pad(one, more) for one in (self.values, self.mean, self.square))
