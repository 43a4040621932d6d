"""Energy and fatigue, spent by activity and learning and restored by rest, and the gate that stops learning."""

from __future__ import annotations

import math

from aura.core.lasting import Lasting, Stateful
from aura.core.modulators import LEAST_ENERGY
from aura.zones.control.params import EnergyOptions
from aura.zones.control.relaxation import flushed

__all__ = ["Energy"]


class Energy(Stateful):
    r"""Energy and fatigue, each from 0 to 1, and the gate between energy and learning.

    Parameters
    ----------
    options : EnergyOptions
        Costs, time constants and the gate's thresholds.

    Attributes
    ----------
    level : float
        Energy, 0 to 1.
    fatigue : float
        Fatigue, 0 to 1.
    is_open : bool
        Whether the gate lets the brain learn.

    Notes
    -----
    With the rate of cost :math:`c = c_a a + c_e e` of activity a and effort e, in 1/s, and the load
    :math:`x = \tau_E c`, energy E and fatigue F follow

    .. math:: \dot E = \frac{1 - \varphi F - E}{\tau_E} - c E, \qquad
              \tau_F \dot F = \frac{x}{1 + x} - F, \qquad \tau_E < \tau_F

    so that each unit of activity spends a share of what is left, rest brings it back, and fatigue lowers the level to
    which it does. The first equation is the one of a synaptic resource that is used and recovers (Tsodyks and Markram
    1997); fatigue is added here. Both stay in 0 to 1 by themselves. For a constant input the pair has a closed
    solution, which `spend` evaluates: with :math:`\lambda = 1/\tau_E + c`, :math:`s = x/(1 + x)`,

    .. math:: F(t) = s + (F_0 - s)\,e^{-t/\tau_F}, \quad
              E(t) = E_0 e^{-\lambda t} + \frac{1 - \varphi s}{1 + x}\,(1 - e^{-\lambda t})
              - \frac{\varphi (F_0 - s)}{\tau_E}\;\frac{e^{-t/\tau_F} - e^{-\lambda t}}{\lambda - 1/\tau_F}

    There is no step size: a long step equals many short ones.

    The gate is 0 while shut. It shuts when E falls below `shut_below`, and opens when E has come back to `open_above`;
    while open it is ``0.1 + 0.9 (E - shut_below) / (1 - shut_below)``, with the defaults E itself (chosen here). If
    activity alone keeps E below `open_above`, it stays shut; nothing else happens.

    References
    ----------
    M. V. Tsodyks, H. Markram, PNAS 94:719-723, 1997, doi:10.1073/pnas.94.2.719.

    Examples
    --------
    >>> energy = Energy(EnergyOptions(restore_s=1.0, fatigue_weight=0.0))
    >>> energy.spend(activity=50.0, effort=0.0, seconds=60.0)
    >>> round(energy.level, 9), round(energy.fatigue, 3), energy.gate
    (0.5, 0.316, 0.5)
    """

    lasting = ("level", "fatigue", Lasting("is_open", key="open"))

    def __init__(self, options: EnergyOptions) -> None:
        self._options = options
        self.level, self.fatigue = options.initial, 0.0
        self.is_open = self.level >= options.shut_below

    def spend(self, activity: float, effort: float, seconds: float) -> None:
        """Live through a span in which activity and effort were these, both 0 or more."""
        options = self._options
        cost = options.activity_cost_per_s * activity + options.effort_cost_per_s * effort
        load = options.restore_s * cost
        tired = load / (1.0 + load)
        rate = 1.0 / options.restore_s + cost
        slower = rate - 1.0 / options.fatigue_s
        spent, slow = -math.expm1(-rate * seconds), math.exp(-seconds / options.fatigue_s)
        excess = self.fatigue - tired
        between = slow * -math.expm1(-slower * seconds) / slower
        level = (self.level * (1.0 - spent) + (1.0 - options.fatigue_weight * tired) / (1.0 + load) * spent
                 - options.fatigue_weight * excess / options.restore_s * between)
        # Both stay within 0 and 1 but for rounding.
        self.level = flushed(min(max(level, 0.0), 1.0))
        self.fatigue = flushed(min(max(tired + excess * slow, 0.0), 1.0))
        self.is_open = self.level >= (options.shut_below if self.is_open else options.open_above)

    @property
    def gate(self) -> float:
        """The energy gate, 0 while shut and from 0.1 to 1 while open."""
        if not self.is_open:
            return 0.0
        least = self._options.shut_below
        return max(LEAST_ENERGY + (1.0 - LEAST_ENERGY) * (self.level - least) / (1.0 - least), LEAST_ENERGY)
