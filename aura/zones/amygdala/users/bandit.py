"""What helps a user: a contextual bandit over named interventions that learns how effective each was, and for whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aura.core.errors import StateError
from aura.core.lasting import Stateful
from aura.zones.common.arrays import Array
from aura.zones.common.least_squares import RecursiveLeastSquares

__all__ = ["LinUcb"]

NEUTRAL = 0.5
"""The effectiveness that is expected of what was never tried."""


class LinUcb(Stateful):
    r"""Chooses among arms by a linear forecast for each, and an upper bound on it while it learns.

    Parameters
    ----------
    arms : sequence of str
        Their names.
    features : int
        Columns of a context, the bias among them.
    exploration : float
        Standard errors between forecast and bound.
    ridge : float
        The penalty on the squared weights of each arm.

    Notes
    -----
    The arm with the highest :math:`w_a^\top x + \alpha \sqrt{x^\top P_a x}` is chosen, with the ridge regression of the
    effectiveness of each arm alone; of those that are alike the first.

    References
    ----------
    L. Li, W. Chu, J. Langford, R. E. Schapire, A contextual-bandit approach to personalized news article
    recommendation, WWW 2010, doi:10.1145/1772690.1772758, algorithm 1.

    Examples
    --------
    >>> bandit = LinUcb(["rest", "hint"], features=1, exploration=1.0, ridge=1.0)
    >>> context = np.ones((1, 1))
    >>> for _ in range(20):
    ...     chosen, _ = bandit.choose(context, explore=True)
    ...     bandit.learn(context, chosen, np.array([0.2 if chosen[0] == 0 else 0.9]), 1.0)
    >>> [bandit.names[arm] for arm in bandit.choose(context, explore=False)[0]]
    ['hint']
    """

    lasting = ("names", "_arms", "tried")

    def __init__(self, arms: Sequence[str], features: int, exploration: float, ridge: float) -> None:
        self.names = tuple(arms)
        self._exploration = exploration
        self._arms = [RecursiveLeastSquares(features, 1, ridge=ridge) for _ in self.names]
        self.tried: NDArray[np.int64] = np.zeros(len(self.names), np.int64)
        """From how many items it has learned of each arm."""

    def choose(self, contexts: Array, *, explore: bool) -> tuple[NDArray[np.intp], Array]:
        """Return the arm for each of the contexts (n, features), and the effectiveness expected of all, (n, arms)."""
        expected = NEUTRAL + np.hstack([arm.predict(contexts) for arm in self._arms])
        bound = expected
        if explore and self._exploration > 0:
            bound = expected + self._exploration * np.sqrt(np.stack([arm.spread(contexts) for arm in self._arms], 1))
        return bound.argmax(axis=1), expected

    def learn(self, contexts: Array, chosen: NDArray[np.integer], effectiveness: Array, rate: float) -> None:
        """Learn how effective the arms chosen (n,) in contexts (n, features) were, (n,)."""
        for place, arm in enumerate(self._arms):
            where = chosen == place
            if rate > 0 and where.any():
                arm.learn(contexts[where], effectiveness[where, None] - NEUTRAL, rate)
                self.tried[place] += int(where.sum())

    def before_load(self, state: dict[str, Any]) -> None:
        """Refuse a state of other interventions, whose places would be mistaken for these."""
        if tuple(state["names"]) != self.names:
            raise StateError("users.interventions", expected=f"those of the state: {', '.join(state['names'])}",
                             got=", ".join(self.names), hint="Leave them as they were.")
