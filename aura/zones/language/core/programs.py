"""The compiled programs of a core: read a window, read it with its gradient, move the weights."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from aura.zones.language.core.movement import move
from aura.zones.language.core.network import Tree, predict, surprise
from aura.zones.language.core.options import CoreOptions

if TYPE_CHECKING:
    from aura.zones.language.params import LearningOptions

__all__ = ["Programs", "Read", "programs"]


class Read(NamedTuple):
    """What was read of a window."""

    surprise: Array
    """(streams, answers), in nats; 0 of those that do not count."""
    firing: Array
    """(layers,)"""
    state: dict[str, Array]
    """After the window."""


class Programs(NamedTuple):
    """Of one core; each is compiled anew for windows of another shape."""

    read: Callable[..., Read]
    """Of weights, state, tokens, begins, mask."""
    study: Callable[..., tuple[dict[str, Array], Read]]
    """The same, with the gradient of the summed surprise before it."""
    add: Callable[..., dict[str, Array]]
    move: Callable[..., Any]
    """Takes weights, moments and gradients over: nobody else may hold them."""


@functools.lru_cache(maxsize=16)
def programs(core: CoreOptions, learning: LearningOptions, unroll: bool) -> Programs:
    """Return the programs; zones of the same options share them, and what is compiled."""

    def read(weights: Tree, state: Tree, tokens: Array, begins: Array, mask: Array) -> tuple[Array, Read]:
        found = predict(weights, state, tokens[:, :-1], begins, core, unroll=unroll)
        wrong = jnp.where(mask, surprise(found.logits, tokens[:, 1:]), 0.0)
        paid = wrong.sum()
        if learning.rate_penalty:
            paid = paid + learning.rate_penalty * found.soft.mean() * mask.sum()
        return paid, Read(wrong, found.firing, found.state)

    def added(one: Tree, other: Tree) -> dict[str, Array]:
        return {name: value + other[name] for name, value in one.items()}

    def moved(weights: Tree, moments: Tree, gathered: Tree, answers: Any, rate: Any, steps: Any) -> Any:
        return move(weights, moments, gathered, answers, rate, steps, learning, core.precision)

    return Programs(jax.jit(lambda *given: read(*given)[1]), jax.jit(jax.grad(read, has_aux=True)),
                    jax.jit(added, donate_argnums=0), jax.jit(moved, donate_argnums=(0, 1)))
