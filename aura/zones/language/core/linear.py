"""Products of what tokens say with matrices, in the precision that is asked for; sums are float32 always."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax

__all__ = ["linear", "per_head", "rms_norm"]


def linear(rows: Array, weight: Array, precision: str) -> Array:
    """Return rows times a matrix: (..., inputs) by (inputs, outputs)."""
    flat = _product(rows.reshape(-1, rows.shape[-1]), weight, precision)
    return flat.reshape(*rows.shape[:-1], weight.shape[-1])


@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def _product(rows: Array, weight: Array, precision: str) -> Array:
    return lax.dot(rows.astype(precision), weight.astype(precision), preferred_element_type=jnp.float32)


def _forward(rows: Array, weight: Array, precision: str) -> tuple[Array, tuple[Array, Array]]:
    low, matrix = rows.astype(precision), weight.astype(precision)
    return lax.dot(low, matrix, preferred_element_type=jnp.float32), (low, matrix)


def _backward(precision: str, kept: tuple[Array, Array], slope: Array) -> tuple[Array, Array]:
    # Left to jax, the slope would stay float32 beside a bfloat16 matrix, a product that no fast kernel computes.
    rows, weight = kept
    low = slope.astype(precision)
    back = lax.dot_general(low, weight, (((1,), (1,)), ((), ())), preferred_element_type=jnp.float32)
    return back, lax.dot_general(rows, low, (((0,), (0,)), ((), ())), preferred_element_type=jnp.float32)


_product.defvjp(_forward, _backward)


def per_head(left: Array, right: Array, axes: tuple[int, int]) -> Array:
    """Return the products of two stacks of matrices, contracted over an axis each."""
    numbers: Any = (((axes[0],), (axes[1],)), ((0,), (0,)))
    return lax.dot_general(left, right, numbers, preferred_element_type=jnp.float32)


def rms_norm(rows: Array) -> Array:
    """Return rows of a root mean square of 1; B. Zhang, R. Sennrich, 2019, arXiv:1910.07467, equation 4."""
    return rows * lax.rsqrt(jnp.mean(rows * rows, -1, keepdims=True) + 1e-6)
