"""Kohonen's rule: every item draws its winner, and the winner's neighbours, towards itself."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aura.core.lasting import Stateful
from aura.zones.fabric.som.codebook import Codebook
from aura.zones.fabric.som.grid import Shape, profiles, shares
from aura.zones.fabric.som.params import Neighbourhood
from aura.zones.fabric.som.product import Rows, add_product
from aura.zones.fabric.som.schedule import Step

__all__ = ["OnlineRule"]

LEAST_WEIGHT = np.float32(1e-15)
"""What has decayed below it is 0: denormal numbers would slow every product."""


LARGEST = 1024
"""Items of one affine map: its matrix is (unit, item)."""


class OnlineRule(Stateful):
    r"""Moves units towards the items of a block, one after the other, their winners sought beforehand.

    Parameters
    ----------
    shape : tuple of three int
        The grid.
    neighbourhood : str
        Its kind.

    Notes
    -----
    For each item x with winner c, the rate α and the share h,

    .. math:: w_u \leftarrow w_u + \alpha h_{uc} (x - w_u).

    The winners of a block are those of the codebook before it. Then its n steps are one affine map,

    .. math:: w_u \leftarrow w_u \prod_i (1 - a_{ui}) + \sum_i x_i \, a_{ui} \prod_{j > i} (1 - a_{uj}),
        \quad a_{ui} = \alpha h_{u c_i},

    a matrix product; a block of one item is Kohonen's rule as it stands. The weights are convex combinations of items,
    so they stay within the data at any rate up to 1.

    References
    ----------
    T. Kohonen, Self-organized formation of topologically correct feature maps, Biological Cybernetics 43, 1982,
    doi:10.1007/BF00337288.
    """

    lasting = ()  # all is in the codebook

    def __init__(self, shape: Shape, neighbourhood: Neighbourhood) -> None:
        self._shape, self._neighbourhood = shape, neighbourhood

    def learn(self, codebook: Codebook, rows: Rows, winners: NDArray[Any], step: Step, weight: float) -> None:
        """Move the units by the items of a block (item, feature), the rate times `weight`."""
        for first in range(0, len(rows), LARGEST):
            here = slice(first, first + LARGEST)
            self._move(codebook, rows[here], winners[here], step, weight)

    def _move(self, codebook: Codebook, rows: Rows, winners: NDArray[Any], step: Step, weight: float) -> None:
        taps = profiles(self._neighbourhood, step.radius, self._shape)
        part = np.float32(min(step.rate * weight, 1.0)) * shares(taps, winners, self._shape)
        moved = np.flatnonzero(part.any(axis=1))
        part = part[moved]
        stays = np.cumprod((1.0 - part)[:, ::-1], axis=1, dtype=np.float32)[:, ::-1]
        part[:, :-1] *= stays[:, 1:]
        part[part < LEAST_WEIGHT] = 0.0
        units = codebook.units[moved] * stays[:, :1]
        add_product(part, rows, units)
        units[np.abs(units) < LEAST_WEIGHT] = 0.0
        codebook.units[moved] = units
        codebook.refresh(moved)
