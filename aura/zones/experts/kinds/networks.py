"""What a network is, whatever runs it: its module, the names of its arrays, fresh parameters, its optimiser."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, TypeVar

import jax
import numpy as np
import optax
from flax import nnx

from aura.zones.experts.kinds.options import NeuralOptions
from aura.zones.experts.kinds.pytree import Naming

__all__ = ["Arrays", "Builder", "Network", "network"]

Arrays = tuple[Any, ...]
Builder = Callable[[tuple[int, ...], Any, int, nnx.Rngs], Any]
N = TypeVar("N", bound="Network")


class Network(ABC):
    """The definition of a network; parameters and optimiser states are flat tuples of arrays.

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
        self.graph, skeleton = nnx.split(nnx.eval_shape(lambda: self._module(0)))
        leaves, self.tree = jax.tree.flatten(skeleton)
        self.names = Naming(nnx.to_pure_dict(skeleton))
        self.optimiser = _optimiser(options)
        moments = jax.eval_shape(self.optimiser.init, tuple(leaves))
        self.optimiser_tree = jax.tree.structure(moments)
        self.optimiser_names = Naming(moments)

    @abstractmethod
    def placed(self, arrays: Iterable[Any]) -> Arrays:
        """Return copies of arrays where the steps want them; nothing else refers to the copies."""

    def initial(self, seed: int) -> Arrays:
        """Return fresh parameters, a pure function of the seed."""
        _, state = nnx.split(self._module(int(np.random.SeedSequence(seed).generate_state(1)[0])))
        return self.placed(jax.tree.leaves(state))

    def optimiser_state(self) -> Arrays:
        """Return the optimiser's state before the first update: every moment and count is 0."""
        return self.placed(np.zeros(shape, dtype) for shape, dtype in self.optimiser_names.shapes)

    def _module(self, seed: int) -> Any:
        return self.build(self.shape, self.options, self.capacity, nnx.Rngs(seed))


def _optimiser(options: NeuralOptions) -> optax.GradientTransformation:
    """Return the transformation of a gradient into a step, before the learning rate."""
    clip = [optax.clip_by_global_norm(options.clip)] if options.clip else []
    scale = {"adam": optax.scale_by_adam(options.momentum, options.second_momentum),
             "sgd": optax.trace(options.momentum) if options.momentum else optax.identity()}[options.optimiser]
    decay = [optax.add_decayed_weights(options.weight_decay)] if options.weight_decay else []
    return optax.chain(*clip, scale, *decay)


@lru_cache(maxsize=64)
def network(kind: type[N], build: Builder, shape: tuple[int, ...], capacity: int, options: NeuralOptions) -> N:
    """Return the network of a definition; experts of one definition share it, and what it has compiled."""
    return kind(build, shape, capacity, options)
