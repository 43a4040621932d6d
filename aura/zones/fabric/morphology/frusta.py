"""The geometry of a piece of neurite: a chain of truncated cones (frusta), measured along its axis."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aura.zones.common.arrays import Array

__all__ = ["cut_points", "frusta_areas", "frusta_axial_integrals"]


def frusta_areas(points: Array) -> Array:
    r"""Return the lateral area of each frustum in um², (point - 1,).

    Parameters
    ----------
    points : array (point, 2)
        Path length and diameter in um.

    Notes
    -----
    :math:`A = \pi \frac{d_0 + d_1}{2} \sqrt{\Delta x^2 + (\frac{d_1 - d_0}{2})^2}`; a step in diameter, where
    :math:`\Delta x = 0`, contributes its annulus. The ends of the chain are open.

    Examples
    --------
    >>> frusta_areas(np.array([[0.0, 2.0], [10.0, 2.0]])) / np.pi
    array([20.])
    """
    length, first, last = _pieces(points)
    areas: Array = 0.5 * np.pi * (first + last) * np.hypot(length, 0.5 * (last - first))
    return areas


def frusta_axial_integrals(points: Array) -> Array:
    r"""Return, for each frustum, the integral along its axis of one over its cross-section, in 1/um, (point - 1,).

    Times the resistivity this is the axial resistance of the frustum.

    Parameters
    ----------
    points : array (point, 2)
        Path length and diameter in um.

    Notes
    -----
    :math:`\int \frac{dx}{\pi d(x)^2 / 4} = \frac{4 \Delta x}{\pi d_0 d_1}`, exact for a diameter linear in x.
    """
    length, first, last = _pieces(points)
    integrals: Array = 4.0 * length / (np.pi * first * last)
    return integrals


def cut_points(points: Array, pieces: int) -> tuple[Array, NDArray[np.intp]]:
    """Cut a chain into pieces of equal length, interpolating the diameter at the cuts.

    Parameters
    ----------
    points : array (point, 2)
        Path length, from 0 upwards, and diameter in um.
    pieces : int
        How many, at least 1.

    Returns
    -------
    array (point + pieces - 1, 2)
        The points with the cuts among them.
    array (point + pieces - 2,)
        The piece that each frustum between two of those lies in.

    Notes
    -----
    A step in diameter exactly at a cut belongs to the piece before it.

    Examples
    --------
    >>> chain, piece = cut_points(np.array([[0.0, 1.0], [8.0, 5.0]]), 2)
    >>> chain.tolist(), piece.tolist()
    ([[0.0, 1.0], [4.0, 3.0], [8.0, 5.0]], [0, 1])
    """
    path, diameter = points[:, 0], points[:, 1]
    cuts = path[-1] * np.arange(1, pieces) / pieces
    after = np.searchsorted(path, cuts, side="right")
    share = (cuts - path[after - 1]) / (path[after] - path[after - 1])
    between = (1.0 - share) * diameter[after - 1] + share * diameter[after]
    chain = np.insert(points, after, np.column_stack([cuts, between]), axis=0)
    is_cut = np.insert(np.zeros(len(points), dtype=np.intp), after, 1)
    return chain, np.cumsum(is_cut, dtype=np.intp)[:-1]


def _pieces(points: Array) -> tuple[Array, Array, Array]:
    return np.diff(points[:, 0]), points[:-1, 1], points[1:, 1]
