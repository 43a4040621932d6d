"""What the gate decided for the items of a tick."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Routing", "Rows"]

Rows = NDArray[np.float32]


class Routing(NamedTuple):
    """Who is asked about each item, and what each answer weighs.

    K is the number of experts that take part at most: the shared ones and k more, or all if there are fewer.
    """

    chosen: NDArray[np.int64]
    """(n, K), experts by order of birth: first the shared ones, then the others from the best on; -1 where none."""
    weights: Rows
    """(n, K), 0 or more; sum to 1 over the chosen; 0 where none."""
    entropy: Rows
    """(n,), of the softmax over all active experts, 0 to 1: divided by the log of their number; 0 if there is one."""
    full: Rows
    """(n, E), the softmax over all active experts; 0 for the others."""
