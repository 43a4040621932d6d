"""One step of a running mean, for kernels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

__all__ = ["TINY", "toward"]

TINY = 1e-30
"""What decays below this is set to 0, as denormal numbers are slow."""


@njit(cache=True, nogil=True)
def toward(old: float, value: Any, rate: float) -> float:
    """Return `old`, moved toward a value by a rate that counts as 1 if it is more."""
    new = old + min(1.0, rate) * (np.float64(value) - old)
    return new if abs(new) >= TINY else 0.0
