"""How gradients move the weights: Muon for the layers' matrices, AdamW for all else."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

if TYPE_CHECKING:
    from aura.zones.language.params import LearningOptions

__all__ = ["Moved", "fresh_moments", "move"]

Tree = Mapping[str, Array]
_BETAS = (0.9, 0.99)
_EPSILON = 1e-8
_MOMENTUM = 0.95
_NEWTON_SCHULZ = (3.4445, -4.775, 2.0315)
"""Coefficients of the iteration, of which five bring all singular values near 1: K. Jordan et al., Muon, 2024,
https://kellerjordan.github.io/posts/muon/."""
_ITERATIONS = 5


class Moved(NamedTuple):
    """Weights after a step."""

    weights: dict[str, Array]
    moments: dict[str, Array]
    norm: Array
    """Of the mean gradient of all weights, before it is cut."""


def _rotated(name: str, shape: tuple[int, ...], options: LearningOptions) -> bool:
    return options.matrices == "muon" and len(shape) == 3 and name.startswith("layer_") and name != "layer_fade_weight"


def fresh_moments(weights: Mapping[str, np.ndarray], options: LearningOptions) -> dict[str, np.ndarray]:
    """Return what the optimiser remembers before its first step: means, and of AdamW's weights mean squares."""
    found = {f"mean_{name}": np.zeros_like(value) for name, value in weights.items()}
    return found | {f"square_{name}": np.zeros_like(value) for name, value in weights.items()
                    if not _rotated(name, value.shape, options)}


def move(weights: Tree, moments: Tree, gathered: Tree, answers: Any, rate: Any, steps: Any,
         options: LearningOptions, precision: str) -> Moved:
    r"""Return the weights moved by the gradients that were gathered.

    Parameters
    ----------
    gathered : mapping of str to array
        The summed gradient of the surprise of `answers` answers.
    rate : float
        What the learning rates are multiplied with.
    steps : int
        This step's number, from 1.

    References
    ----------
    I. Loshchilov, F. Hutter, 2017, arXiv:1711.05101, algorithm 2. K. Jordan et al., Muon, 2024.
    """
    slopes = {name: value / answers for name, value in gathered.items()}
    norm = jnp.sqrt(sum(jnp.sum(jnp.square(slope)) for slope in slopes.values()))
    cut = 1.0 if options.clip is None else jnp.minimum(1.0, options.clip / jnp.maximum(norm, 1e-12))
    after: dict[str, Array] = {}
    kept: dict[str, Array] = {}
    for name, value in weights.items():
        slope, mean = slopes[name], moments[f"mean_{name}"]
        if _rotated(name, value.shape, options):
            mean = _MOMENTUM * mean + slope
            wide = math.sqrt(max(1.0, value.shape[2] / value.shape[1]))
            step = wide * lax.map(lambda one: _orthogonal(one, precision), slope + _MOMENTUM * mean)
            speed, decay = rate * options.matrix_rate, options.weight_decay
        else:
            slope = slope * cut
            mean = _BETAS[0] * mean + (1 - _BETAS[0]) * slope
            square = _BETAS[1] * moments[f"square_{name}"] + (1 - _BETAS[1]) * jnp.square(slope)
            kept[f"square_{name}"] = square
            step = mean / (1 - _BETAS[0]**steps) / (jnp.sqrt(square / (1 - _BETAS[1]**steps)) + _EPSILON)
            speed = rate * (options.hash_rate if name == "hash_tables" else options.learning_rate)
            decay = options.weight_decay if name.endswith("_weight") or name == "embedding" else 0.0
        kept[f"mean_{name}"] = mean
        after[name] = value - speed * (step + decay * value)
    return Moved(after, kept, norm)


def _orthogonal(matrix: Array, precision: str) -> Array:
    """Return about the nearest matrix whose rows, or columns, are orthonormal."""
    first, second, third = _NEWTON_SCHULZ
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    x = x / (jnp.sqrt(jnp.sum(jnp.square(x))) + 1e-7)

    def product(one: Array, other: Array) -> Array:
        return lax.dot(one.astype(precision), other.astype(precision), preferred_element_type=jnp.float32)

    def nearer(_: int, x: Array) -> Array:
        square = product(x, x.T)
        return first * x + product(second * square + third * product(square, square), x)

    found: Array = lax.fori_loop(0, _ITERATIONS, nearer, x)
    return found.T if tall else found
