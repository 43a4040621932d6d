"""The course of each user's affect: exponential means and slopes over several times, of a bounded number of users."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from aura.core.errors import StateError
from aura.zones.common.arrays import Array

__all__ = ["Trajectories"]


class Trajectories:
    r"""Follows what was measured of each user, message by message; beyond the bound the longest silent is forgotten.

    Parameters
    ----------
    width : int
        How many numbers are measured of a message.
    time_constants : sequence of float
        In messages, 1 at least.
    most : int
        Users at most.

    Notes
    -----
    With the gain :math:`g = 1 - e^{-1/\tau}`, a message x moves two means, :math:`m \leftarrow m + g (x - m)` and
    :math:`m' \leftarrow m' + g (m - m')`; both are x at a user's first message. The slope, in what is measured a
    message, is :math:`\frac{g}{1 - g} (m - m')`, exact in the long run where what is measured goes straight.

    References
    ----------
    R. G. Brown, Smoothing, Forecasting and Prediction of Discrete Time Series, 1963, chapter 9 (double smoothing).

    Examples
    --------
    >>> course = Trajectories(width=1, time_constants=[3.0], most=10)
    >>> for message in range(60):
    ...     mean, slope = course.follow("ada", np.array([0.5 + 0.1 * message]))
    >>> round(float(slope), 3), course.follow("bob", np.array([0.25])).tolist()
    (0.1, [0.25, 0.0])
    """

    def __init__(self, width: int, time_constants: Sequence[float], most: int) -> None:
        self._width, self._most = width, most
        self._gain: Array = -np.expm1(-1.0 / np.asarray(time_constants, dtype=np.float64))[:, None]
        self._means: dict[str, Array] = {}
        """Of each user (times, 2, width), the longest silent first."""
        self.evicted = 0
        """Users forgotten because too many others came."""

    def __len__(self) -> int:
        return len(self._means)

    @property
    def features(self) -> int:
        """How many numbers tell a trajectory."""
        return 2 * len(self._gain) * self._width

    @property
    def users(self) -> tuple[str, ...]:
        """Those followed, the longest silent first."""
        return tuple(self._means)

    def follow(self, user: str, measured: Array) -> Array:
        """Return the trajectory with one more message: the means of all times, then the slopes.

        Parameters
        ----------
        user : str
            Of nobody, an empty name, nothing is kept: each message is a first one.
        measured : array (width,)
        """
        means = self._means.pop(user, None)
        if means is None:
            means = np.broadcast_to(measured, (len(self._gain), 2, self._width)).copy()
        else:
            means[:, 0] += self._gain * (measured - means[:, 0])
            means[:, 1] += self._gain * (means[:, 0] - means[:, 1])
        if user:
            self._means[user] = means
            if len(self._means) > self._most:
                del self._means[next(iter(self._means))]
                self.evicted += 1
        slopes = self._gain / (1.0 - self._gain) * (means[:, 0] - means[:, 1])
        return np.concatenate([means[:, 0].ravel(), slopes.ravel()])

    def state(self) -> dict[str, Any]:
        """Return the users, the longest silent first, their means, and how many were forgotten."""
        shape = (len(self._means), len(self._gain), 2, self._width)
        return {"users": list(self._means), "means": np.array(list(self._means.values())).reshape(shape),
                "evicted": self.evicted}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned; where fewer users are followed, those who spoke last."""
        means, expected = state["means"], (len(state["users"]), len(self._gain), 2, self._width)
        if means.shape != expected:
            raise StateError("users", expected=f"means of shape {expected}", got=f"shape {means.shape}",
                             hint="Was it saved with other tasks or time constants?")
        self._means = {user: means[place].copy() for place, user in enumerate(state["users"])}
        while len(self._means) > self._most:
            del self._means[next(iter(self._means))]
        self.evicted = int(state["evicted"])
