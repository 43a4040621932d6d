"""What a unit answers to, by the majority of the labels of what it has won."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aura.core.classes import ClassIndex
from aura.core.errors import ParameterError
from aura.core.lasting import Free, Stateful

__all__ = ["MajorityReadout"]

LEAST_COUNT = 1e-9
"""A count that has faded below it is 0: the unit has forgotten that label."""


class MajorityReadout(Stateful):
    """Counts (unit, label) and answers with the label most often met; labels may be new at any time.

    Parameters
    ----------
    units : int
        How many there are.
    half_life : float
        Labels received, of all units, after which one counts half, so that units that have moved forget what they stood
        for; 0 keeps all alike.

    Raises
    ------
    ParameterError
        If `units` is less than 1 or `half_life` is negative.

    Examples
    --------
    >>> readout = MajorityReadout(3)
    >>> readout.learn_all([0, 0, 0, 2], ["a", "b", "b", "a"])
    >>> readout.read(np.array([0, 1, 2]), np.array([[0.0], [0.9], [1.0]]))
    ['b', 'a', 'a']
    """

    lasting = (Free("_counts", 1), "_classes", "_fade")

    def __init__(self, units: int, half_life: float = 0.0) -> None:
        if units < 1:
            raise ParameterError("fabric.readout.units", expected="at least 1", got=repr(units))
        if not half_life >= 0.0:
            raise ParameterError("fabric.readout.half_life", expected="a number from 0 up", got=repr(half_life))
        self._half_life = float(half_life)
        self._counts = np.zeros((units, 0))
        self._classes = ClassIndex()
        self._fade = 1.0

    @property
    def labels(self) -> list[str]:
        """The labels met so far, in the order in which they came."""
        return list(self._classes.names)

    @property
    def counts(self) -> NDArray[np.float64]:
        """How often each unit received each label, (unit, label), old ones counting less."""
        return self._counts * self._fade

    def learn(self, unit: int, label: str) -> None:
        """Count that a unit won an item of this label."""
        if not 0 <= unit < len(self._counts):
            raise ParameterError("fabric.readout.unit", expected=f"0 to {len(self._counts) - 1}", got=repr(unit))
        place = self._classes.place(label)
        if place == self._counts.shape[1]:
            self._counts = np.hstack([self._counts, np.zeros((len(self._counts), 1))])
        if self._half_life > 0.0:
            # Instead of letting all counts shrink, later ones are entered larger, until it is time to settle.
            self._fade *= 0.5 ** (1.0 / self._half_life)
            if self._fade < LEAST_COUNT:
                self._settle()
        self._counts[unit, place] += 1.0 / self._fade

    def learn_all(self, units: Sequence[int] | NDArray[Any], labels: Sequence[str]) -> None:
        """Count units with a label each, one after the other."""
        for unit, label in zip(units, labels, strict=True):
            self.learn(int(unit), label)

    def of_units(self, codebook: NDArray[Any]) -> list[str | None]:
        """Return the label of every unit, as `read` does."""
        return self.read(np.arange(len(self._counts)), codebook)

    def read(self, winners: NDArray[Any], codebook: NDArray[Any]) -> list[str | None]:
        """Return the label of each winner, None while none is known.

        Parameters
        ----------
        winners : array (item,)
            Units.
        codebook : array (unit, feature)
            Their weights: a unit that never received one answers with the label of the nearest unit that was.

        Notes
        -----
        Of labels met equally often, the one that was first met anywhere wins.
        """
        known = self._counts.max(axis=1, initial=0.0) * self._fade >= LEAST_COUNT
        if not known.any():
            return [None] * len(winners)
        names, labelled = self.labels, np.flatnonzero(known)
        best = np.argmax(self._counts, axis=1)
        for unit in np.unique(winners):
            if not known[unit]:
                apart = ((codebook[labelled] - codebook[unit]) ** 2).sum(axis=1)
                best[unit] = best[labelled[np.argmin(apart)]]
        return [names[best[unit]] for unit in winners]

    def _settle(self) -> None:
        """Let the counts shrink by what has been put off."""
        self._counts *= self._fade
        self._counts[self._counts < LEAST_COUNT] = 0.0
        self._fade = 1.0
