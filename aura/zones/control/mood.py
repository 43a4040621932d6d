"""Mood: the slow trace of what turned out better or worse than expected, and the expectations it is measured by."""

from __future__ import annotations

import math
from collections.abc import Mapping

from aura.core.lasting import Stateful
from aura.zones.control.params import MoodOptions
from aura.zones.control.relaxation import flushed, relaxed

__all__ = ["LARGEST_SURPRISE", "Mood"]

LARGEST_SURPRISE = 10.0
"""A single surprise counts no more than this, so that one outlier does not decide mood for long (chosen here)."""
LEAST_SCALE = 1e-6
"""An expected loss below this no longer sets the scale of improvement (chosen here)."""


class Mood(Stateful):
    r"""Mood, from -1 to 1, and the running expectations of reward and of each loss.

    Parameters
    ----------
    options : MoodOptions
        Time constant, weights and the rate of the expectations.

    Notes
    -----
    The surprise of an instant is

    .. math:: \delta = w_r (r - \bar r) + w_l\,\operatorname{mean}_i \frac{\bar l_i - l_i}{|\bar l_i|} + w_v v

    of the reward r, the losses :math:`l_i` and the valence v that came; what did not come, or was never expected, adds
    nothing. Mood is m = tanh h with :math:`\tau \dot h = \delta - h`, the leaky integral of reward prediction errors
    of Eldar and Niv in continuous time; the terms of loss and valence are added here. Expectations follow
    :math:`\bar r \leftarrow \bar r + \eta (r - \bar r)`, the rule of Rescorla and Wagner; the first value is taken
    over whole. They are learned, so that they stand still while learning is off; mood goes on.

    References
    ----------
    E. Eldar, Y. Niv, Nature Communications 6:6149, 2015, doi:10.1038/ncomms7149.
    E. Eldar, R. B. Rutledge, R. J. Dolan, Y. Niv, Trends in Cognitive Sciences 20:15-24, 2016,
    doi:10.1016/j.tics.2015.07.010.

    Examples
    --------
    >>> mood = Mood(MoodOptions(tau_s=1.0))
    >>> mood.expect(None, {"experts.loss": 2.0})
    >>> mood.feel(mood.surprise(None, {"experts.loss": 1.0}, None), seconds=1.0)
    >>> round(mood.level, 3)
    0.306
    """

    lasting = ("_trace", "reward", "losses")

    def __init__(self, options: MoodOptions) -> None:
        self._options = options
        self._trace = 0.0
        self.reward: float | None = None
        self.losses: dict[str, float] = {}

    @property
    def level(self) -> float:
        """Mood, -1 to 1."""
        return math.tanh(self._trace)

    def surprise(self, reward: float | None, losses: Mapping[str, float], valence: float | None) -> float:
        """Return how much better than expected this is."""
        options, total = self._options, 0.0
        if reward is not None and self.reward is not None:
            total += options.reward_weight * (reward - self.reward)
        known = [topic for topic in losses if topic in self.losses]
        if known:
            gains = ((self.losses[topic] - losses[topic]) / max(abs(self.losses[topic]), LEAST_SCALE)
                     for topic in known)
            total += options.loss_weight * math.fsum(gains) / len(known)
        if valence is not None:
            total += options.valence_weight * valence
        return min(max(total, -LARGEST_SURPRISE), LARGEST_SURPRISE)

    def feel(self, surprise: float, seconds: float) -> None:
        """Live through a span with this surprise."""
        self._trace = relaxed(self._trace, surprise, seconds, self._options.tau_s)

    def expect(self, reward: float | None, losses: Mapping[str, float], rate: float = 1.0) -> None:
        """Move the expectations to what came; `rate` multiplies their own."""
        share = min(rate * self._options.baseline_rate, 1.0)
        if share <= 0.0:
            return
        if reward is not None:
            self.reward = _moved(self.reward, reward, share)
        for topic, loss in losses.items():
            self.losses[topic] = _moved(self.losses.get(topic), loss, share)


def _moved(expected: float | None, came: float, share: float) -> float:
    return flushed(came if expected is None else expected + share * (came - expected))
