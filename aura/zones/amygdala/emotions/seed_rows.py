"""The rows that prototypes are fitted to: the latest embeddings of each emotion's definition and seeds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aura.core.lasting import Stateful
from aura.zones.amygdala.emotions.prototypes import PrototypeRows, prototype_weights
from aura.zones.common.arrays import Array

__all__ = ["SeedRows"]

FEWEST = 8
"""Rows that must be new before prototypes are fitted at first."""


class SeedRows(Stateful):
    """Keeps as many rows of each emotion as the taxonomy has seeds, the newest, and fits the prototypes to them.

    An encoder that learns may play its seeds again: the new rows take the places of the old.

    Parameters
    ----------
    emotions : int
    most : int
        Rows kept of each emotion.
    features : int
        Length of an embedding.
    """

    lasting = ("_rows", "_counts", "weights", "_fitted", "_fresh")

    def __init__(self, emotions: int, most: int, features: int) -> None:
        self._rows: NDArray[np.float32] = np.zeros((emotions, most, features), np.float32)
        self._counts: NDArray[np.int64] = np.zeros(emotions, np.int64)
        """Rows that have come of each emotion."""
        self.weights: Array = np.zeros((features + 1, emotions))
        """The prototypes, (features + 1, emotions), the bias in the last row."""
        self._fitted = self._fresh = 0

    @property
    def kept(self) -> int:
        """How many rows there are."""
        return int(np.minimum(self._counts, self._rows.shape[1]).sum())

    def add(self, embedding: NDArray[np.float32], places: NDArray[np.integer]) -> None:
        """Keep rows (n, features) of emotions (n,); prototypes are fitted when their number has doubled."""
        for row, place in zip(embedding, places.tolist(), strict=True):
            self._rows[place, self._counts[place] % self._rows.shape[1]] = row
            self._counts[place] += 1
        self._fresh += len(embedding)
        if self._fresh >= max(FEWEST, self._fitted) or (self._fitted < self.kept == self._rows[:, :, 0].size):
            self.fit()

    def fit(self) -> None:
        """Bring the prototypes up to the rows that are kept."""
        if not self._fresh:
            return
        kept = np.minimum(self._counts, self._rows.shape[1])
        rows = np.concatenate([of_one[:count] for of_one, count in zip(self._rows, kept.tolist(), strict=True)])
        self.weights = prototype_weights(PrototypeRows(rows, np.repeat(np.arange(len(kept)), kept)), len(kept))
        self._fitted, self._fresh = len(rows), 0

    def adopt(self, weights: Array) -> None:
        """Begin anew from prototypes; as many seeds as there may be must come before others are fitted."""
        self._counts[:] = 0
        self.weights, self._fitted, self._fresh = weights.copy(), self._rows[:, :, 0].size, 0

    def log_chances(self, rows: Array) -> Array:
        """Return the log probability of each emotion for rows (n, features + 1), the bias among them."""
        scores = rows @ self.weights
        logs: Array = scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)
        return logs

    def slope(self, rows: Array, targets: Array) -> Array:
        """Return the derivative of each row's loss with respect to its embedding, (n, features)."""
        slope: Array = (np.exp(self.log_chances(rows)) - targets) @ self.weights[:-1].T
        return slope
