"""Runs of tokens by their hash, so that what often stands together has an embedding of its own."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array

__all__ = ["run_hashes"]

_FACTORS = (0x9E3779B1, 0x85EBCA6B, 0xC2B2AE35)
"""Odd, with bits all over, as those of the finaliser of MurmurHash3 (A. Appleby, public domain)."""


def run_hashes(before: Array, tokens: Array, segment: Array, length: int, size: int) -> Array:
    """Return the hash, from 0 to below `size`, of the run of `length` tokens that ends at each token.

    Parameters
    ----------
    before : array of int (streams, reach)
        The tokens before the window, at least `length` - 1 of them; -1 for none.
    tokens : array of int (streams, tokens)
        The window.
    segment : array of int (streams, tokens)
        Documents that have begun in the window up to each token; a run ends where its document begins.
    """
    whole = jnp.concatenate([before, tokens], 1)
    of = jnp.concatenate([jnp.zeros_like(before), segment], 1)
    found = jnp.full(tokens.shape, length, jnp.uint32)
    for back in range(length):
        part = slice(before.shape[1] - back, whole.shape[1] - back)
        token = jnp.where(of[:, part] == segment, whole[:, part] + 1, 0)
        found = (found ^ token.astype(jnp.uint32)) * jnp.uint32(_FACTORS[0])
        found = found ^ (found >> 15)
    for factor in _FACTORS[1:]:
        found = (found ^ (found >> 13)) * jnp.uint32(factor)
    row: Array = ((found ^ (found >> 16)) % jnp.uint32(size)).astype(jnp.int32)
    return row
