r"""The compiled steps of a network: predict, and one update along the gradient of the loss of weighted rows.

.. math:: L = \frac{1}{N} \sum_i \bigl( w_i\, H(t_i, p_i(\theta)) + h_i\, \lVert p_i(\theta) - p_i(\bar\theta)
          \rVert^2 \bigr)

with targets :math:`t`, weights :math:`w`, holds :math:`h`, the cross-entropy :math:`H`, the anchor
:math:`\bar\theta`, and :math:`N` the number of rows whose weight or hold is above 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from numpy.typing import NDArray

from aura.zones.experts.kinds.options import NeuralOptions
from aura.zones.experts.kinds.pytree import Naming
from aura.zones.experts.kinds.sharding import by_rows, replicated

__all__ = ["BUCKETS", "MASKED", "Arrays", "Builder", "Program", "bucket_of", "program"]

Arrays = tuple[Any, ...]
F32 = NDArray[np.float32]
Builder = Callable[[tuple[int, ...], Any, int, nnx.Rngs], Any]

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


class Program:
    """The compiled steps of one network; parameters and optimiser states are flat tuples of arrays.

    Parameters
    ----------
    build : callable
        Returns the module from the shape of a row, the options, the number of logits and the `nnx.Rngs`.
    shape : tuple of int
        Of one row.
    capacity : int
        Logits, those of classes to come included.
    options : NeuralOptions
        Of the kind.
    """

    def __init__(self, build: Builder, shape: tuple[int, ...], capacity: int, options: NeuralOptions) -> None:
        self.build, self.shape, self.capacity, self.options = build, shape, capacity, options
        self.devices = options.devices
        self.graph, skeleton = nnx.split(nnx.eval_shape(lambda: self._module(0)))
        leaves, self.tree = jax.tree.flatten(skeleton)
        self.names = Naming(nnx.to_pure_dict(skeleton))
        self.optimiser = _optimiser(options)
        moments = jax.eval_shape(self.optimiser.init, tuple(leaves))
        self.optimiser_tree = jax.tree.structure(moments)
        self.optimiser_names = Naming(moments)
        self._compiled_predict = jax.jit(self._predict)
        self._compiled_slope = jax.jit(self._slope)
        self._compiled_steps = {(held, wanted): jax.jit(self._step_with(held, wanted), donate_argnums=(0, 1))
                                for held in (False, True) for wanted in (False, True)}

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

    def initial(self, seed: int) -> Arrays:
        """Return fresh parameters, a pure function of the seed."""
        _, state = nnx.split(self._module(int(np.random.SeedSequence(seed).generate_state(1)[0])))
        return self.placed(jax.tree.leaves(state))

    def optimiser_state(self) -> Arrays:
        """Return the optimiser's state before the first update: every moment and count is 0."""
        return self.placed(np.zeros(shape, dtype) for shape, dtype in self.optimiser_names.shapes)

    def placed(self, leaves: Iterable[Any]) -> Arrays:
        """Return copies of arrays where the program wants them; nothing else refers to the copies."""
        target = replicated(self.devices) if self.devices > 1 else jax.devices()[0]
        return tuple(jax.device_put(np.array(leaf), target, may_alias=False) for leaf in leaves)

    def _module(self, seed: int) -> Any:
        return self.build(self.shape, self.options, self.capacity, nnx.Rngs(seed))

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


def _optimiser(options: NeuralOptions) -> optax.GradientTransformation:
    """Return the transformation of a gradient into a step, before the learning rate."""
    clip = [optax.clip_by_global_norm(options.clip)] if options.clip else []
    scale = {"adam": optax.scale_by_adam(options.momentum, options.second_momentum),
             "sgd": optax.trace(options.momentum) if options.momentum else optax.identity()}[options.optimiser]
    decay = [optax.add_decayed_weights(options.weight_decay)] if options.weight_decay else []
    return optax.chain(*clip, scale, *decay)


@lru_cache(maxsize=64)
def program(build: Builder, shape: tuple[int, ...], capacity: int, options: NeuralOptions) -> Program:
    """Return the program of a network; experts of one definition share it, and what it has compiled."""
    return Program(build, shape, capacity, options)
