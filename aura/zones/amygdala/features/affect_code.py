r"""The affect code: a sum of two sine waves; frequency and phase of each say which emotion, its height how much of it.

For the primary emotion e with intensity i and the secondary emotion s with intensity j

.. math:: c[t] = i A_e \sin(2 \pi f_e t / 32 + \varphi_e) + \tfrac12 j A_s \sin(2 \pi f_s t / 32 + \varphi_s)

with t from 0 to 31. The emotion at place k of a list has, with r = k div 15,

.. math:: f = 1 + k \bmod 15, \qquad \varphi = \pi\,v(r), \qquad A = 8 / (8 + r)

where v is van der Corput's sequence 0, 1/2, 1/4, 3/4, 1/8, ... in base two.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aura.zones.common.arrays import Array

__all__ = ["LENGTH", "NONE", "SECONDARY", "affect_code", "waves"]

LENGTH = 32
"""Samples of the code."""

FREQUENCIES = LENGTH // 2 - 1
"""Whole frequencies whose sine and cosine are independent over the samples: all but zero and the highest."""

SECONDARY = 0.5
"""What the second emotion weighs beside the first."""

NONE = -1
"""The place of no emotion."""

HALF_AMPLITUDE_ROUND = 8
"""The round of the frequencies at which the amplitude has halved; it only sets later emotions apart a little more."""


def waves(count: int) -> Array:
    """Return the wave of each of the first `count` emotions at intensity one, (count, 32).

    Notes
    -----
    No wave is a multiple of another: two differ in frequency, and are orthogonal then, or have the same one and
    differ in phase, which lies in [0, pi). The first 30 are all orthogonal to each other.

    Examples
    --------
    >>> products = waves(30) @ waves(30).T
    >>> bool(np.abs(products - np.diag(np.diag(products))).max() < 1e-12)
    True
    """
    place = np.arange(count)
    turn = place // FREQUENCIES
    phase = np.pi * np.array([_van_der_corput(number) for number in turn.tolist()])
    amplitude = HALF_AMPLITUDE_ROUND / (HALF_AMPLITUDE_ROUND + turn)
    angle = 2.0 * np.pi * np.outer(1 + place % FREQUENCIES, np.arange(LENGTH)) / LENGTH
    out: Array = amplitude[:, None] * np.sin(angle + phase[:, None])
    return out


def affect_code(places: NDArray[np.intp], intensities: Array) -> Array:
    """Return the codes of items, (n, 32).

    Parameters
    ----------
    places : array of int (n, 2)
        Of each item's primary and secondary emotion; `NONE` where it has none.
    intensities : array (n, 2)
        How much there is of each, from 0 to 1.

    Examples
    --------
    >>> code = affect_code(np.array([[0, 15], [2, NONE]]), np.array([[1.0, 0.5], [0.0, 0.0]]))
    >>> code[0, :2].round(3).tolist(), float(np.abs(code[1]).max())
    ([0.222, 0.413], 0.0)
    """
    table = np.vstack([waves(int(places.max(initial=NONE)) + 1), np.zeros(LENGTH)])  # NONE is the last row
    weights = intensities * np.array([1.0, SECONDARY])
    code: Array = (weights[:, :, None] * table[places]).sum(axis=1)
    return code


def _van_der_corput(number: int) -> float:
    """Return the bits of a number, mirrored at the binary point.

    References
    ----------
    J. G. van der Corput, Verteilungsfunktionen I, Proceedings Akademie Amsterdam 38, 1935.
    """
    out, share = 0.0, 0.5
    while number:
        out += share * (number & 1)
        number, share = number >> 1, share / 2
    return out
