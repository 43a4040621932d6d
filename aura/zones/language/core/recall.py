r"""The linear-time memory of a head: keys and values that fade, read by a receptance.

With :math:`S` the memory (keys by values), :math:`w_t` what of it stays, and :math:`u` what the newest token weighs,

.. math:: o_t = r_t (S_{t-1} + u\,k_t^\top v_t), \qquad S_t = w_t S_{t-1} + k_t^\top v_t .

B. Peng et al., Eagle and Finch, 2024, arXiv:2404.05892, section 4.2 (RWKV-5 and 6); here :math:`w_t` is one number a
head and token, as T. Dao, A. Gu have it (2024, arXiv:2405.21060, section 3), which makes a window one product of
matrices.
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jax import Array

from aura.zones.language.core.linear import per_head
from aura.zones.language.core.rotary import rotate, turns

__all__ = ["Taken", "recall_step", "recall_window"]

Taken = tuple[Array, Array]
"""What was read, and the memory after."""


def recall_step(receptance: Array, key: Array, value: Array, fade: Array, bonus: Array, memory: Array,
                base: float) -> Taken:
    """Return the same as `recall_window` for a window of one token, by the equations as they stand."""
    pair = key[:, 0, :, None] * value[:, 0, None, :]
    read = jnp.sum(receptance[:, 0, :, None] * (memory + bonus[:, None, None] * pair), 1)
    return read[:, None], moved(memory * jnp.exp(fade)[:, :, None] + pair, 1, base)


def recall_window(receptance: Array, key: Array, value: Array, fade: Array, bonus: Array, memory: Array,
                  segment: Array, base: float, chunk: int) -> Taken:
    """Return what a window reads from the memory and from itself, and the memory after it.

    Parameters
    ----------
    receptance, key, value : array (rows, tokens, head)
        A row is a head of a stream. The first two are turned by their places in the window.
    fade : array (rows, tokens)
        The logarithm of what stays at each token, 0 or less.
    bonus : array (rows,)
        What the newest token weighs.
    memory : array (rows, head, head)
        As it stands before the window, keys turned relative to its begin.
    segment : array of int (rows, tokens)
        The documents that have begun in the window up to each token; nothing crosses from one to the next.
    base : float
        Of the rotary positions.
    chunk : int
        Tokens whose pairs are held side by side.
    """
    parts, length = [], receptance.shape[1]
    before = jnp.zeros_like(segment[:, :1])
    for start in range(0, length, chunk):
        part = slice(start, start + chunk)
        read, memory = _chunk(receptance[:, part], key[:, part], value[:, part], fade[:, part], bonus, memory,
                              segment[:, part] - before)
        before = segment[:, part][:, -1:]
        parts.append(read)
    return jnp.concatenate(parts, 1), moved(memory, length, base)


def _chunk(receptance: Array, key: Array, value: Array, fade: Array, bonus: Array, memory: Array,
           segment: Array) -> Taken:
    length = fade.shape[1]
    until = jnp.cumsum(fade, 1)  # what is left at each token of what was there before the chunk, it included
    earlier = np.tril(np.ones((length, length), bool), -1)
    same = earlier & (segment[:, :, None] == segment[:, None, :])
    # Never an exponential of more than 0, however strongly a head forgets.
    left = jnp.exp(jnp.where(same, (until - fade)[:, :, None] - until[:, None, :], -jnp.inf))
    left += jnp.eye(length, dtype=left.dtype) * bonus[:, None, None]
    read = per_head(per_head(receptance, key, (2, 2)) * left, value, (2, 1))
    old = jnp.where(segment == 0, jnp.exp(until - fade), 0.0)
    read += per_head(receptance * old[:, :, None], memory, (2, 1))
    last = segment[:, -1:]
    kept = jnp.where(segment == last, jnp.exp(until[:, -1:] - until), 0.0)
    stays = jnp.where(last == 0, jnp.exp(until[:, -1:]), 0.0)
    return read, memory * stays[:, :, None] + per_head(key * kept[:, :, None], value, (1, 1))


def moved(memory: Array, tokens: int, base: float) -> Array:
    """Return a memory whose keys are turned back, so that places count from the end of the window."""
    cosine, sine = turns(np.array([-tokens]), memory.shape[1], base)
    return rotate(memory.swapaxes(1, 2), cosine, sine).swapaxes(1, 2)
