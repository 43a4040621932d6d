"""The personality engine: traits, moved by mood and energy, set how the brain gates, credits, teaches and grows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aura.zones.control.params import PersonalityOptions

__all__ = ["LARGEST_MOMENTUM", "Manner", "Personality"]

SWING = 0.5
"""How far full mood moves a trait's deviation at full sensitivity (chosen here)."""
LARGEST_MOMENTUM = 1.0 - 1e-6
"""Momentum stays below 1, in float32 too, so that merit never stands still."""


class Manner(NamedTuple):
    """How the brain goes about it, at one instant."""

    log_temperature: float
    """Logarithm of the factor on the gate's temperature."""
    merit_momentum: float
    """Share of old merit that is kept at each item."""
    distillation_alpha: float
    """Factor on the share of the teacher's answer in what a new expert is taught, 1 being neutral."""
    growth_drive: float
    """Factor on the readiness to grow, 1 being neutral."""


class Personality:
    r"""Turns traits, mood and energy into modulators, and utilisation into a bias of routing.

    Parameters
    ----------
    options : PersonalityOptions
        Traits from 0 to 1, and their reach.

    Notes
    -----
    A trait t deviates from neutral by :math:`z = 2 t - 1`. With mood m, lack of energy :math:`l = 1 - E` and
    :math:`\sigma` half the sensitivity, the deviations at an instant are, clipped to -1..1,

    ============ ================================ =================================================================
    openness     :math:`z_o + \sigma (m - l)`     :math:`\ln T = z \ln(\text{temperature\_span})`
    persistence  :math:`z_h + \sigma m`           :math:`1 - \mu = (1 - \mu_0)\,\text{momentum\_span}^{-z}`
    trust        :math:`z_t - \sigma m`           :math:`\alpha = \text{distillation\_span}^{z}`
    plasticity   :math:`z_g - \sigma (m + l)`     :math:`g = \text{growth\_span}^{z}`
    ============ ================================ =================================================================

    so that a neutral personality in neutral mood with full energy changes nothing. Openness as exploration and
    plasticity as a trait apart from stability follow DeYoung; persistence follows Cloninger; that temperature is what
    sets exploration follows Doya; that good mood broadens follows Fredrickson. Trust, sensitivity, and all forms and
    numbers are chosen here.

    References
    ----------
    C. G. DeYoung, Journal of Personality and Social Psychology 91:1138-1151, 2006, doi:10.1037/0022-3514.91.6.1138.
    C. R. Cloninger, D. M. Svrakic, T. R. Przybeck, Archives of General Psychiatry 50:975-990, 1993,
    doi:10.1001/archpsyc.1993.01820240059008.
    K. Doya, Neural Networks 15:495-506, 2002, doi:10.1016/S0893-6080(02)00044-8.
    B. L. Fredrickson, American Psychologist 56:218-226, 2001, doi:10.1037/0003-066X.56.3.218.

    Examples
    --------
    >>> Personality(PersonalityOptions()).manner(mood=0.0, energy=1.0)
    Manner(log_temperature=0.0, merit_momentum=0.99, distillation_alpha=1.0, growth_drive=1.0)
    """

    def __init__(self, options: PersonalityOptions) -> None:
        self.options = options
        self._openness, self._persistence, self._plasticity, self._trust = (
            2.0 * trait - 1.0
            for trait in (options.openness, options.persistence, options.plasticity, options.trust))
        self._swing = SWING * options.sensitivity
        self._log_temperature = math.log(options.temperature_span)
        self._log_momentum = math.log(options.momentum_span)
        self._log_trust = math.log(options.distillation_span)
        self._log_growth = math.log(options.growth_span)

    def manner(self, mood: float, energy: float) -> Manner:
        """Return the modulators at this mood (-1 to 1) and energy (0 to 1)."""
        options, swing, lack = self.options, self._swing, 1.0 - energy
        openness = _bounded(self._openness + swing * (mood - lack))
        persistence = _bounded(self._persistence + swing * mood)
        trust = _bounded(self._trust - swing * mood)
        plasticity = _bounded(self._plasticity - swing * (mood + lack))
        momentum = 1.0 - (1.0 - options.merit_momentum) * math.exp(-persistence * self._log_momentum)
        return Manner(openness * self._log_temperature, min(max(momentum, 0.0), LARGEST_MOMENTUM),
                      math.exp(trust * self._log_trust), math.exp(plasticity * self._log_growth))

    def routing_bias(self, utilisation: Sequence[float]) -> NDArray[np.float32]:
        r"""Return what to add to the experts' logits (expert,): of mean zero, within the largest bias.

        With the share :math:`p_i` of each of E experts and its excess :math:`x_i = E p_i - 1`, it is
        :math:`-\beta z_o x_i / \max(1, \max_j |x_j|)`: an open personality favours those that are used less, a closed
        one those that are used more, a neutral one none. It is zero while nothing has been used.

        Parameters
        ----------
        utilisation : sequence of float
            How much each expert is used, 0 or more; their shares count.
        """
        strength = self.options.routing_bias * self._openness
        # Python's own sums: experts are few, and an array's first operation costs more than all of these.
        total = math.fsum(utilisation) if strength else 0.0
        if total <= 0.0:
            return np.zeros(len(utilisation), np.float32)
        scale = len(utilisation) / total
        largest = max(1.0, scale * max(utilisation) - 1.0)  # none lies further than 1 below 0
        slope = -strength / largest
        return np.array([slope * (scale * used - 1.0) for used in utilisation], np.float32)


def _bounded(deviation: float) -> float:
    return min(max(deviation, -1.0), 1.0)
