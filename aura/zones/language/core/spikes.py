"""Spikes with surrogate gradients: how many a site sends for what it is driven with."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
from jax import Array

__all__ = ["spikes"]


@functools.partial(jax.custom_vjp, nondiff_argnums=(1, 2, 3))
def spikes(drive: Array, signed: bool, burst: int, narrow: float) -> Array:
    r"""Return the spikes of a drive in thresholds: its whole part, at most `burst`, 0 below the first threshold.

    Parameters
    ----------
    drive : array
        In thresholds, 1 where a site just fires.
    signed : bool
        Whether there are spikes below 0 too.
    burst : int
        Spikes at most.
    narrow : float
        Of the surrogate of the slope, :math:`1 / (1 + (a d)^2)` with the distance :math:`d` from the staircase.

    References
    ----------
    E. O. Neftci, H. Mostafa, F. Zenke, Surrogate gradient learning in spiking neural networks, IEEE Signal Processing
    Magazine 36, 2019, doi:10.1109/MSP.2019.2931595. W. Fang et al., 2021, arXiv:2007.05785, appendix: the slope of an
    arc tangent.

    Examples
    --------
    >>> spikes(jnp.array([-3.0, -0.5, 0.9, 1.0, 2.5]), True, 2, 1.0).tolist()
    [-2.0, -0.0, 0.0, 1.0, 2.0]
    """
    if signed:
        return jnp.sign(drive) * jnp.minimum(jnp.floor(jnp.abs(drive)), burst)
    return jnp.clip(jnp.floor(drive), 0, burst)


def _forward(drive: Array, signed: bool, burst: int, narrow: float) -> tuple[Array, Array]:
    return spikes(drive, signed, burst, narrow), drive


def _backward(signed: bool, burst: int, narrow: float, drive: Array, slope: Array) -> tuple[Array]:
    size = jnp.abs(drive) if signed else drive
    distance = narrow * (jnp.maximum(1.0 - size, 0.0) + jnp.maximum(size - burst, 0.0))
    return (slope / (1.0 + distance * distance),)


spikes.defvjp(_forward, _backward)
