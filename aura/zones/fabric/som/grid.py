"""The grid of units: where they stand, who is whose neighbour, and how learning spreads over it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from aura.core.errors import ParameterError
from aura.zones.fabric.som.params import Neighbourhood
from aura.zones.fabric.som.product import ORDERED, ROWS, Rows, add_product

__all__ = ["Shape", "adjacent", "positions", "profile", "profiles", "shares", "smooth"]

Shape = tuple[int, int, int]

LEAST_SHARE = 1e-6
"""A smaller share of the learning is none. It hardly shows in float32, and three of them times the least sum that is
kept are still no denormal number."""

CUT = 2.0
"""Radii along an axis at which the cut Gaussian ends; Somoclu, too, cuts its own at two standard deviations."""


def positions(shape: Shape) -> Rows:
    """Return the place of each unit, (unit, 3), in C order of the grid.

    Examples
    --------
    >>> positions((2, 1, 2)).tolist()
    [[0.0, 0.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [1.0, 0.0, 1.0]]
    """
    return np.stack(np.unravel_index(np.arange(math.prod(shape)), shape), axis=1).astype(np.float32)


def adjacent(one: NDArray[Any], other: NDArray[Any], shape: Shape, neighbours: int) -> NDArray[np.bool_]:
    """Return whether units are neighbours of each other (or the same), each of `one` with its own of `other`.

    Of `neighbours`, 4 and 8 are those in the same sheet, without and with the diagonals; 6 and 26 those in space.

    Raises
    ------
    ParameterError
        If `neighbours` is none of these.
    """
    if neighbours not in (4, 6, 8, 26):
        raise ParameterError("fabric.som.topographic_error.neighbours", expected="4, 6, 8 or 26", got=repr(neighbours),
                             hint="4 and 8 are those in a sheet, 6 and 26 those in space.")
    steps = np.abs(np.stack(np.unravel_index(one, shape)) - np.stack(np.unravel_index(other, shape)))
    near: NDArray[np.bool_] = (steps.sum(axis=0) if neighbours in (4, 6) else steps.max(axis=0)) <= 1
    return near & (steps[2] == 0) if neighbours in (4, 8) else near


def profile(kind: Neighbourhood, radius: float, length: int) -> Rows:
    r"""Return the share that a unit has of a winner's learning, by their distance 0 .. length - 1 along one axis.

    Notes
    -----
    The share of a unit is the product of its shares along the three axes, which is why sums over a neighbourhood can
    be taken axis by axis. With d the distance and σ the radius, the kinds are

    .. math:: e^{-d^2 / 2 \sigma^2}, \quad \text{the same for } d \le 2 \sigma, \quad
        1 / \cosh (\pi d / 2 \sigma), \quad \max(0, 1 - d^2 / 5 \sigma^2), \quad [d \le \sigma].

    The product of Gaussians is the Gaussian of the distance in space. The hyperbolic secant has the same variance but
    longer tails, which order a map better that keeps a wide neighbourhood to the end; Epanechnikov's parabola has the
    same variance, too, and no tails.

    Examples
    --------
    >>> profile("gaussian", 1.0, 3).round(3).tolist()
    [1.0, 0.6069999933242798, 0.13500000536441803]
    """
    reach = np.arange(length) / radius
    match kind:
        case "gaussian":
            share = np.exp(-0.5 * reach**2)
        case "cut_gaussian":
            share = np.where(reach <= CUT, np.exp(-0.5 * reach**2), 0.0)
        case "sech":
            # 2 e^-x / (1 + e^-2x) is 1 / cosh x without its overflow.
            tail = np.exp(-0.5 * np.pi * reach)
            share = 2.0 * tail / (1.0 + tail * tail)
        case "epanechnikov":
            share = np.maximum(0.0, 1.0 - reach**2 / 5.0)
        case "bubble":
            share = (reach <= 1.0).astype(float)
    return np.where(share < LEAST_SHARE, 0.0, share).astype(np.float32)


def profiles(kind: Neighbourhood, radius: float, shape: Shape) -> tuple[Rows, Rows, Rows]:
    """Return the profile along each axis."""
    x, y, z = (profile(kind, radius, length) for length in shape)
    return x, y, z


def shares(taps: tuple[Rows, Rows, Rows], winners: NDArray[Any], shape: Shape) -> Rows:
    """Return the share of every unit in what each winner learns, (unit, item)."""
    along = [tap[np.abs(np.arange(length)[:, None] - place)]
             for tap, length, place in zip(taps, shape, np.unravel_index(winners, shape), strict=True)]
    x, y, z = along
    share: Rows = (x[:, None, None] * y[None, :, None] * z[None, None]).reshape(math.prod(shape), len(winners))
    share[share < LEAST_SHARE] = 0.0
    return share


@njit(cache=True, nogil=True, fastmath=ORDERED)
def _smooth_axis(band: Any, reach: int, values: Any, out: Any) -> None:
    """Write, for each of the outer places, the product of a band matrix and `values` (outer, n, inner)."""
    length = len(band)
    out[:] = np.float32(0.0)
    for o in range(len(values)):
        for i in range(0, length, ROWS):
            stop = min(i + ROWS, length)
            first, last = max(0, i - reach), min(length, stop + reach)
            add_product(band[i:stop, first:last], values[o, first:last], out[o, i:stop])


def smooth(values: Rows, taps: tuple[Rows, Rows, Rows], shape: Shape) -> Rows:
    """Return the sums of `values` (unit, column) over each unit's neighbourhood, weighted by the shares.

    Axis by axis: U (x + y + z) products for each column, or fewer when the neighbourhood is narrow, where the matrix
    of all pairs would take U².
    """
    columns = values.shape[1]
    outer = 1
    for axis, (length, tap) in enumerate(zip(shape, taps, strict=True)):
        if length > 1:
            steps = np.abs(np.arange(length)[:, None] - np.arange(length))
            inner = math.prod(shape[axis + 1:]) * columns
            source = values.reshape(outer, length, inner)
            target = np.empty_like(source)
            _smooth_axis(tap[steps], int(np.flatnonzero(tap)[-1]), source, target)
            values = target.reshape(-1, columns)
        outer *= length
    return values
