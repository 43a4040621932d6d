"""Drives: goals that are unmet raise the learning drive, goals that are met let it fall back."""

from __future__ import annotations

import math
from collections.abc import Mapping

from aura.core.lasting import Stateful
from aura.zones.control.params import GoalOptions
from aura.zones.control.relaxation import relaxed

__all__ = ["Drives", "shortfall"]


def shortfall(value: float, goal: GoalOptions) -> float:
    """Return how far a goal is unmet, from 0 (met) to 1 (by its span or more).

    Examples
    --------
    >>> shortfall(0.75, GoalOptions(target=1.0, span=0.5)), shortfall(2.0, GoalOptions(target=1.0))
    (0.5, 0.0)
    """
    missing = goal.target - value if goal.direction == "above" else value - goal.target
    return min(max(missing / goal.span, 0.0), 1.0)


class Drives(Stateful):
    r"""The drives of all goals, and the learning drive that follows from them.

    Parameters
    ----------
    goals : mapping of str to GoalOptions
        The goals by name.
    largest : float
        The learning drive when every goal is wholly unmet.

    Notes
    -----
    The drive of each goal follows its shortfall by :math:`\tau_g \dot d_g = u_g - d_g`. The drive of the brain is
    :math:`D = \sum_g w_g d_g / \sum_g w_g`, and the learning drive :math:`1 + (L - 1) D`, L being the largest. That a
    drive is the distance from where a quantity should be is Hull's; the form is chosen here.

    References
    ----------
    C. L. Hull, Principles of Behavior, 1943.
    M. Keramati, B. Gutkin, eLife 3:e04811, 2014, doi:10.7554/eLife.04811 (drive as a distance from a set point).
    """

    lasting = ("levels",)

    def __init__(self, goals: Mapping[str, GoalOptions], largest: float) -> None:
        self._goals, self._largest = dict(goals), largest
        self._total = math.fsum(goal.weight for goal in self._goals.values())
        self.levels = dict.fromkeys(self._goals, 0.0)

    def follow(self, values: Mapping[str, float], seconds: float) -> None:
        """Live through a span in which the goals' numbers were these; a goal without a number keeps its drive."""
        for name, value in values.items():
            goal = self._goals[name]
            self.levels[name] = relaxed(self.levels[name], shortfall(value, goal), seconds, goal.tau_s)

    @property
    def drive(self) -> float:
        """The weighted mean of all drives, 0 to 1; 0 without goals."""
        if not self.levels:
            return 0.0
        total = math.fsum(self._goals[name].weight * level for name, level in self.levels.items())
        return min(total / self._total, 1.0)

    @property
    def learning_drive(self) -> float:
        """The factor on learning: 1 with all goals met, the largest with none."""
        return 1.0 + (self._largest - 1.0) * self.drive

    def after_load(self) -> None:
        self.levels = {name: self.levels.get(name, 0.0) for name in self._goals}  # others than before begin at 0
