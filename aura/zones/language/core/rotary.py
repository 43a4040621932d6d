"""Rotary positions: what is rotated by its place, so that a product of two depends on how far they are apart."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jax import Array

__all__ = ["rotate", "turns"]


def turns(places: np.ndarray, head: int, base: float) -> tuple[np.ndarray, np.ndarray]:
    r"""Return cosine and sine of the angles of places, (n, head / 2) each.

    The pair :math:`i` turns by :math:`p\,b^{-2i/d}` at the place :math:`p`.

    References
    ----------
    J. Su et al., RoFormer, 2021, arXiv:2104.09864, section 3.2.2.
    """
    angles = np.asarray(places, np.float64)[:, None] * base ** (-np.arange(head // 2) / (head // 2))
    return np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)


def rotate(rows: Array, cosine: np.ndarray, sine: np.ndarray) -> Array:
    """Return rows, (..., head), turned; number i and number i + head / 2 are a pair."""
    half = rows.shape[-1] // 2
    one, other = rows[..., :half], rows[..., half:]
    return jnp.concatenate([one * cosine - other * sine, one * sine + other * cosine], -1)
