"""Fatigue: what has been active responds less, and recovers."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from aura.core.errors import ParameterError
from aura.core.lasting import Stateful
from aura.zones.common.arrays import Array
from aura.zones.fabric.learning.response_params import FatigueParams

__all__ = ["LEAST_FATIGUE", "Fatigue"]

LEAST_FATIGUE = 1e-15
"""Fatigue below this is none: no response in double precision shows it, and it never decays into denormal numbers."""

MS_PER_S = 1e3


class Fatigue(Stateful):
    r"""The fatigue of some units, each in [0, 1]; a unit responds with 1 less its fatigue of its full strength.

    Parameters
    ----------
    params : FatigueParams
        Recovery time, utilisation, rate.
    shape : tuple of int
        How many units, in which shape.

    Notes
    -----
    The resources 1 - f of a unit with activity a are used up and recover as those of a depressing synapse, averaged
    over spikes,

    .. math:: \frac{df}{dt} = -\frac{f}{\tau} + U r a (1 - f)

    with the recovery time τ, the utilisation U and the rate r of full activity. While a is constant the solution is

    .. math:: f(t + \Delta) = f_\infty + (f(t) - f_\infty) e^{-\lambda \Delta}, \quad
              \lambda = 1/\tau + U r a, \quad f_\infty = U r a / \lambda

    and that is what a step computes: exact and stable for any step. The activity is that of the unit's response, so a
    tired unit tires more slowly.

    References
    ----------
    M. Tsodyks, H. Markram, PNAS 94, 1997, doi:10.1073/pnas.94.2.719. M. Tsodyks, K. Pawelzik, H. Markram, Neural
    Computation 10, 1998, doi:10.1162/089976698300017502 (the average over spikes).

    Examples
    --------
    >>> fatigue = Fatigue(FatigueParams(), (2,))
    >>> fatigue.step(np.array([0.0, 1.0]), 10_000.0)
    >>> fatigue.level.round(3).tolist(), fatigue.vigour.round(3).tolist()
    ([0.0, 0.8], [1.0, 0.2])
    """

    lasting = ("level",)

    def __init__(self, params: FatigueParams, shape: tuple[int, ...]) -> None:
        self.params = params
        self.level: Array = np.zeros(shape)

    @property
    def vigour(self) -> Array:
        """What is left of each unit's strength, 1 - f."""
        return 1.0 - self.level

    def step(self, activity: ArrayLike, span_ms: float) -> None:
        """Let the units tire and recover.

        Parameters
        ----------
        activity : array, broadcast to the units
            Size of the response, 0 or more, constant over the span.
        span_ms : float
            How long, 0 or more.

        Raises
        ------
        ParameterError
            If the span or an activity is negative or not finite.
        """
        if not 0 <= span_ms < np.inf:
            raise ParameterError("fabric.fatigue.span_ms", expected="a time of 0 ms or more", got=f"{span_ms}")
        active = np.asarray(activity, np.float64)
        if not (np.isfinite(active).all() and (active >= 0).all()):
            raise ParameterError("fabric.fatigue.activity", expected="finite values of 0 or more",
                                 got=f"values from {active.min()} to {active.max()}")
        use_per_ms = self.params.utilisation * self.params.rate_hz / MS_PER_S * active
        rate_per_ms = 1.0 / self.params.recovery_ms + use_per_ms
        final = use_per_ms / rate_per_ms
        level = final + (self.level - final) * np.exp(-rate_per_ms * span_ms)
        level[level < LEAST_FATIGUE] = 0.0
        self.level = level
