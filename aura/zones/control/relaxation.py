"""Exact exponential relaxation over any span, so that one long step and many short ones end alike."""

from __future__ import annotations

import math

__all__ = ["LEAST", "flushed", "relaxed"]

LEAST = 1e-30
"""Magnitudes below this are taken for 0, well above where float32 turns denormal and slow (chosen here)."""


def flushed(value: float) -> float:
    """Return the value, or 0 where it is too small to mean anything.

    Examples
    --------
    >>> flushed(1e-31), flushed(-0.5)
    (0.0, -0.5)
    """
    return value if value >= LEAST or value <= -LEAST else 0.0


def relaxed(value: float, target: float, seconds: float, tau_s: float) -> float:
    r"""Return where :math:`\tau\,\dot x = x_\infty - x` leads in the given time: exact, for a constant target.

    Examples
    --------
    >>> round(relaxed(1.0, 0.0, seconds=2.0, tau_s=2.0), 6)
    0.367879
    """
    decay = math.exp(-seconds / tau_s)
    return flushed(decay * value + (1.0 - decay) * target)
