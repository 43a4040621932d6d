r"""The compiled steps of a network: predict, and one update along the gradient of the loss of weighted rows.

.. math:: L = \frac{1}{N} \sum_i \bigl( w_i\, H(t_i, p_i(\theta)) + h_i\, \lVert p_i(\theta) - p_i(\bar\theta)
          \rVert^2 \bigr)

with targets :math:`t`, weights :math:`w`, holds :math:`h`, the cross-entropy :math:`H`, the anchor
:math:`\bar\theta`, and :math:`N` the number of rows whose weight or hold is above 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from numpy.typing import NDArray

from aura.zones.experts.kinds.networks import Arrays, Builder, Network
from aura.zones.experts.kinds.options import CompiledOptions
from aura.zones.experts.kinds.sharding import by_rows, replicated

__all__ = ["BUCKETS", "MASKED", "Program", "bucket_of"]

F32 = NDArray[np.float32]

BUCKETS = (1, 2, 4, 8, 16, 32)
"""Numbers of rows that a step is compiled for; above the last, its multiples."""
MASKED = -1e9
"""Added to the logit of a class that is not known: its probability is 0 exactly."""


def bucket_of(count: int, devices: int = 1) -> int:
    """Return the padded number of rows: the smallest bucket, a multiple of the devices.

    Examples
    --------
    >>> [bucket_of(count) for count in (1, 3, 32, 33)], bucket_of(1, devices=4)
    ([1, 4, 32, 64], 4)
    """
    padded = next((size for size in BUCKETS if size >= count), -(-count // BUCKETS[-1]) * BUCKETS[-1])
    return -(-padded // devices) * devices


class Program(Network):
    """The steps of a network, compiled by XLA, over as many devices as `options.devices` says.

    Parameters
    ----------
    build, shape, capacity, options
        As of `Network`; `options` is a `CompiledOptions`.
    """

    options: CompiledOptions

    def __init__(self, build: Builder, shape: tuple[int, ...], capacity: int, options: Any) -> None:
        self.devices: int = options.devices
        self._everywhere = replicated(self.devices) if self.devices > 1 else None  # refuses too many, before any work
        super().__init__(build, shape, capacity, options)
        self._masks: dict[int, Any] = {}
        self._compiled_predict = jax.jit(self._predict)
        self._compiled_slope = jax.jit(self._slope)
        self._compiled_steps = {(held, wanted): jax.jit(self._step_with(held, wanted), donate_argnums=(0, 1))
                                for held in (False, True) for wanted in (False, True)}

    def mask(self, classes: int) -> Any:
        """Return what is added to the logits where so many classes are known, (capacity,)."""
        if classes not in self._masks:
            known = np.arange(self.capacity) < classes
            (self._masks[classes],) = self.placed([np.where(known, 0, MASKED).astype(np.float32)])
        return self._masks[classes]

    def rows_for(self, count: int) -> int:
        """Return how many rows a call for `count` rows takes."""
        return bucket_of(count, self.devices)

    def padded(self, array: F32, size: int) -> F32:
        """Return rows of 0 appended up to a number of rows.

        Never the array itself: its owner may write to it while the call is still under way.
        """
        if len(array) == size:
            return np.array(array, np.float32, order="C")
        padded = np.zeros((size, *array.shape[1:]), np.float32)
        padded[:len(array)] = array
        return padded

    def predict(self, several: tuple[Arrays, ...], rows: tuple[Any, ...], masks: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the probabilities of all logits by each of several networks; they may still be under way."""
        return tuple(self._compiled_predict(several, rows, masks))

    def step(self, several: tuple[Arrays, ...], states: tuple[Arrays, ...], lessons: tuple[tuple[Any, ...], ...],
             anchors: tuple[Arrays, ...], masks: tuple[Any, ...], rates: tuple[Any, ...], *, held: bool,
             wanted: bool) -> tuple[tuple[Any, ...], tuple[Any, ...], tuple[Any, ...]]:
        """Return parameters, optimiser states and gradients by row after one update of several networks.

        The parameters and states that are given are used up. A lesson is rows, targets, weights and holds; the anchors
        count where `held`, and gradients by row are there where `wanted`.
        """
        after, moments, slopes = self._compiled_steps[held, wanted](several, states, lessons, anchors, masks, rates)
        return tuple(after), tuple(moments), tuple(slopes)

    def slope(self, parameters: Arrays, rows: Any, targets: Any, mask: Any) -> Any:
        """Return the gradient of each row's cross-entropy with respect to it."""
        return self._compiled_slope(parameters, rows, targets, mask)

    def placed(self, arrays: Iterable[Any]) -> Arrays:
        """Return copies on each of the devices."""
        target = self._everywhere or jax.devices()[0]
        return tuple(jax.device_put(np.array(array), target, may_alias=False) for array in arrays)

    def _logits(self, parameters: Arrays, rows: Any, mask: Any) -> jax.Array:
        module = nnx.merge(self.graph, jax.tree.unflatten(self.tree, parameters))
        logits: jax.Array = module(rows) + mask
        return logits

    def _spread(self, array: Any) -> Any:
        """Share the rows out; jax's own annotation of the call is incomplete."""
        constrain: Any = jax.lax.with_sharding_constraint
        return constrain(array, by_rows(self.devices)) if self.devices > 1 else array

    def _predict(self, several: tuple[Arrays, ...], rows: tuple[Any, ...], masks: tuple[Any, ...]) -> Any:
        return tuple(jax.nn.softmax(self._logits(parameters, self._spread(array), mask))
                     for parameters, array, mask in zip(several, rows, masks, strict=True))

    def _slope(self, parameters: Arrays, rows: Any, targets: Any, mask: Any) -> Any:
        rows, targets = self._spread(rows), self._spread(targets)
        return jax.grad(lambda rows: _surprise(self._logits(parameters, rows, mask), targets).sum())(rows)

    def _step_with(self, held: bool, wanted: bool) -> Callable[..., Any]:
        """Return one update of several networks; what is not asked for is not computed."""

        def step(several: tuple[Arrays, ...], states: tuple[Arrays, ...], lessons: tuple[tuple[Any, ...], ...],
                 anchors: tuple[Arrays, ...], masks: tuple[Any, ...], rates: tuple[Any, ...]) -> Any:
            done = [self._update(*parts, held=held, wanted=wanted)
                    for parts in zip(several, states, lessons, anchors, masks, rates, strict=True)]
            return tuple(zip(*done, strict=True))

        return step

    def _update(self, parameters: Arrays, state: Arrays, lesson: tuple[Any, ...], anchor: Arrays, mask: Any,
                rate: Any, *, held: bool, wanted: bool) -> tuple[Arrays, Arrays, Any]:
        rows, targets, weights, holds = (self._spread(array) for array in lesson)

        def losses(parameters: Arrays, rows: Any) -> tuple[Any, Any]:
            logits = self._logits(parameters, rows, mask)
            surprise = _surprise(logits, targets)
            if not held:
                return surprise, jnp.zeros_like(surprise)
            was = jax.lax.stop_gradient(jax.nn.softmax(self._logits(anchor, rows, mask)))
            return surprise, jnp.square(jax.nn.softmax(logits) - was).sum(axis=1)

        (surprise, _), pull = jax.vjp(losses, parameters, rows)
        counted = jnp.maximum(((weights > 0) | (holds > 0)).sum(), 1)
        gradient, _ = pull((weights / counted, holds / counted))
        change, after = self.optimiser.update(gradient, jax.tree.unflatten(self.optimiser_tree, state), parameters)
        moved = tuple(leaf - rate * step for leaf, step in zip(parameters, change, strict=True))
        _, of_rows = pull((jnp.ones_like(surprise), jnp.zeros_like(surprise))) if wanted else (None, None)
        return moved, tuple(jax.tree.leaves(after)), of_rows


def _surprise(logits: jax.Array, targets: Any) -> jax.Array:
    """Return the cross-entropy of each row."""
    surprise: jax.Array = -(targets * jax.nn.log_softmax(logits)).sum(axis=1)
    return surprise
