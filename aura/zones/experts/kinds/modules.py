"""The networks that experts are made of, as flax.nnx modules: layers, then a linear `head` that gives the logits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import jax
import jax.numpy as jnp
from flax import nnx

__all__ = ["ACTIVATIONS", "ConvNet", "Perceptron"]

ACTIVATIONS: dict[str, Callable[[jax.Array], jax.Array]] = {
    "relu": jax.nn.relu, "gelu": jax.nn.gelu, "tanh": jnp.tanh, "silu": jax.nn.silu}

_HE = nnx.initializers.he_normal()
_GLOROT = nnx.initializers.glorot_uniform()


class Perceptron(nnx.Module):
    """A multilayer perceptron over all numbers of a row.

    Parameters
    ----------
    features : int
        Numbers in a row.
    hidden : sequence of int
        Units of each hidden layer; none makes it a softmax regression.
    activation : str
        One of `ACTIVATIONS`.
    outputs : int
        Logits.
    rngs : nnx.Rngs
        Where the parameters are drawn from: He et al. 2015 (doi:10.1109/ICCV.2015.123) for hidden layers, Glorot and
        Bengio 2010 for the head.
    """

    def __init__(self, features: int, hidden: Sequence[int], activation: str, outputs: int, rngs: nnx.Rngs) -> None:
        self.activation = activation
        sizes = [features, *hidden]
        self.layers = nnx.List([nnx.Linear(wide, narrow, kernel_init=_HE, rngs=rngs)
                                for wide, narrow in pairwise(sizes)])
        self.head = nnx.Linear(sizes[-1], outputs, kernel_init=_GLOROT, rngs=rngs)

    def __call__(self, rows: jax.Array) -> jax.Array:
        """Return the logits (n, outputs) of rows (n, ...)."""
        signal = rows.reshape(len(rows), -1)
        for layer in self.layers:
            signal = ACTIVATIONS[self.activation](layer(signal))
        logits: jax.Array = self.head(signal)
        return logits


class ConvNet(nnx.Module):
    """Convolutions over one or two axes, each followed by an activation and a pooling, then a perceptron.

    Parameters
    ----------
    shape : tuple of int
        The axes convolved over, and the channels last.
    channels, kernels, strides : sequence of int
        Of each convolution: output channels, and the width and step along every axis.
    pooling : {"max", "mean", "none"}
        Over blocks of `pool` along every axis; what does not fill a block is left out.
    pool : int
        Width of a block; an axis shorter than it is not pooled.
    hidden, activation, outputs, rngs
        As of `Perceptron`.
    """

    def __init__(self, shape: tuple[int, ...], channels: Sequence[int], kernels: Sequence[int],
                 strides: Sequence[int], pooling: str, pool: int, hidden: Sequence[int], activation: str,
                 outputs: int, rngs: nnx.Rngs) -> None:
        self.shape, self.activation, self.pooling, self.pool = shape, activation, pooling, pool
        *axes, before = shape
        layers = []
        for after, kernel, stride in zip(channels, kernels, strides, strict=True):
            layers.append(nnx.Conv(before, after, (kernel,) * len(axes), strides=stride, padding="SAME",
                                   kernel_init=_HE, rngs=rngs))
            axes = [self._pooled(-(-length // stride)) for length in axes]
            before = after
        self.convolutions = nnx.List(layers)
        features = before
        for length in axes:
            features *= length
        self.top = Perceptron(features, hidden, activation, outputs, rngs)

    def __call__(self, rows: jax.Array) -> jax.Array:
        """Return the logits (n, outputs) of rows (n, *shape); an axis of one channel may be missing."""
        signal = rows.reshape(len(rows), *self.shape)
        for convolution in self.convolutions:
            # Pooled before activated: the same for the maximum of a rising function, and fewer numbers to activate.
            signal = ACTIVATIONS[self.activation](self._reduce(convolution(signal)))
        return self.top(signal)

    def _pooled(self, length: int) -> int:
        return length // self.pool if self.pooling != "none" and length >= self.pool else length

    def _reduce(self, signal: jax.Array) -> jax.Array:
        """Pool by reshaping: the gradient of XLA's window reduction is slow on CPUs."""
        if self.pooling == "none":
            return signal
        for axis in range(1, signal.ndim - 1):
            blocks = signal.shape[axis] // self.pool
            if blocks:
                kept = jax.lax.slice_in_dim(signal, 0, blocks * self.pool, axis=axis)
                split = kept.reshape(*kept.shape[:axis], blocks, self.pool, *kept.shape[axis + 1:])
                signal = split.max(axis + 1) if self.pooling == "max" else split.mean(axis + 1)
        return signal
