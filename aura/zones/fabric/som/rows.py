"""What comes in, checked and laid out as the kernels want it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aura.core.errors import SignalError
from aura.zones.fabric.som.product import Rows

__all__ = ["checked"]

LARGEST = 1e15
"""Beyond it the squared lengths of long rows would overflow float32."""


def checked(rows: NDArray[Any], features: int, *, least: int = 0) -> Rows:
    """Return rows (item, feature) in float32 and C order.

    Raises
    ------
    SignalError
        If they have another number of features, are fewer than `least`, or are not finite or too large for float32.
    """
    with np.errstate(over="ignore"):
        block = np.ascontiguousarray(rows, dtype=np.float32)
    if block.ndim != 2 or block.shape[1] != features:
        raise SignalError("fabric.som.rows", expected=f"rows of {features} features, (item, feature)",
                          got=f"an array of shape {block.shape}")
    if len(block) < least:
        raise SignalError("fabric.som.rows", expected="one row or more", got="none")
    # A NaN makes both comparisons false.
    if len(block) and not (block.max() <= LARGEST and block.min() >= -LARGEST):
        raise SignalError("fabric.som.rows", expected=f"finite numbers of up to {LARGEST:g}",
                          got="NaN, or greater ones")
    return block
