"""The controller that holds the gate's entropy at a set point by its temperature: proportional, integral, bounded."""

from __future__ import annotations

import math

from aura.core.lasting import Stateful
from aura.zones.control.params import ControllerOptions
from aura.zones.control.relaxation import flushed

__all__ = ["EntropyController", "integrated"]


class EntropyController(Stateful):
    r"""A PI controller of normalised entropy, its actuator the logarithm of the temperature.

    Parameters
    ----------
    options : ControllerOptions
        Set point, gains and bounds.

    Attributes
    ----------
    integral, error : float
        The integral term, and the error last measured.

    Notes
    -----
    With the error :math:`\varepsilon = H^* - H` and the personality's log factor b as feed-forward,

    .. math:: v = b + k_p \varepsilon + I, \qquad u = \operatorname{clip}(v, \ln T_{\min}, \ln T_{\max}), \qquad
              \dot I = k_i \varepsilon + \frac{u - v}{\tau_t}, \qquad T = e^u

    which is PI control with anti-windup by back-calculation: beyond a bound the integral comes back to it instead of
    winding up. The logarithm is the actuator because a softmax depends on the ratio of logits to temperature: scaled
    logits shift the plant and leave its gain as it is. `integrated` solves the equation exactly for a constant error,
    so that the sampling period matters only by the delay it brings.

    A span without a measurement, because nothing was routed, leaves integral and error as they are.

    References
    ----------
    K. J. Åström, R. M. Murray, Feedback Systems, 2nd edition, 2021, chapter 11 (PID control; integral windup).

    Examples
    --------
    >>> control = EntropyController(ControllerOptions(set_point=0.8, kp=1.0, ki_per_s=2.0))
    >>> control.measure(entropy=0.5, feed_forward=0.0, seconds=0.5)
    >>> round(control.integral, 9), round(control.log_temperature(0.0), 9)
    (0.3, 0.6)
    """

    lasting = ("integral", "error")

    def __init__(self, options: ControllerOptions) -> None:
        self.options = options
        self._low, self._high = math.log(options.minimum), math.log(options.maximum)
        self.integral, self.error = 0.0, 0.0

    def measure(self, entropy: float, feed_forward: float, seconds: float) -> None:
        """Take in the entropy that was measured over a span."""
        self.error = self.options.set_point - entropy
        offset = feed_forward + self.options.kp * self.error
        self.integral = flushed(integrated(self.integral, self.options.ki_per_s * self.error, self._low - offset,
                                           self._high - offset, self.options.tracking_s, seconds))

    def log_temperature(self, feed_forward: float) -> float:
        """Return the logarithm of the factor on the temperature, within its bounds."""
        wanted = feed_forward + self.options.kp * self.error + self.integral
        return min(max(wanted, self._low), self._high)


def integrated(value: float, slope: float, low: float, high: float, tracking_s: float, seconds: float) -> float:
    r"""Return where :math:`\dot x = s + (\operatorname{clip}(x, l, h) - x)/\tau` leads: exact, crossings included.

    Examples
    --------
    >>> integrated(0.0, 0.5, -1.0, 1.0, tracking_s=0.1, seconds=1.0)
    0.5
    >>> round(integrated(0.0, 0.5, -1.0, 1.0, tracking_s=0.1, seconds=10.0), 6)
    1.05
    """
    if slope < 0.0:  # the mirror image rises
        return -integrated(-value, -slope, -high, -low, tracking_s, seconds)
    if value < low:  # comes up to the lower bound by the pull of the anti-windup and the slope
        rest = low + slope * tracking_s
        reached = tracking_s * math.log((rest - value) / (rest - low)) if rest > low else math.inf
        if seconds < reached:
            return rest + (value - rest) * math.exp(-seconds / tracking_s)
        value, seconds = low, seconds - reached
    if value <= high:
        reached = (high - value) / slope if slope > 0.0 else math.inf
        if seconds <= reached:
            return value + slope * seconds
        value, seconds = high, seconds - reached
    rest = high + slope * tracking_s
    return rest + (value - rest) * math.exp(-seconds / tracking_s)
