"""What is known in closed form of a stream: means, variances, how often classes come. A network learns the rest."""

from __future__ import annotations

import numpy as np

from aura.core.lasting import Free, Stateful
from aura.zones.common.arrays import Array

__all__ = ["Frequencies", "Moments"]

PRIOR_ITEMS = 1.0
"""Items that the first guess of a variance weighs (tuned here: a guard for the first rows)."""

MEMORY_ITEMS = 20_000.0
"""Items after which earlier ones count less and less, so that moments follow what moves slowly (chosen here)."""


class Moments(Stateful):
    """Mean and variance of each column, as far as rows have come.

    Parameters
    ----------
    columns : int
        Of a row.

    Notes
    -----
    The variance is drawn towards the second moment of all columns together as long as few rows have come. The update by
    blocks is that of T. F. Chan, G. H. Golub, R. J. LeVeque, Algorithms for computing the sample variance, The American
    Statistician 37, 1983, doi:10.1080/00031305.1983.10483115.
    """

    lasting = ("mean", "squares", "_items")

    def __init__(self, columns: int) -> None:
        self.mean: Array = np.zeros(columns)
        self.squares: Array = np.zeros(columns)
        """Sums of the squared deviations from the mean."""
        self._items = np.zeros(1)

    @property
    def items(self) -> float:
        """How many rows have come; earlier ones count less and less beyond `MEMORY_ITEMS`."""
        return float(self._items[0])

    @property
    def arrays(self) -> dict[str, Array]:
        """All that it holds, by name."""
        return {"mean": self.mean, "squares": self.squares, "items": self._items}

    @property
    def sound(self) -> bool:
        """Whether these are sums that rows can have."""
        return self.items >= 0 and bool((self.squares >= 0).all())

    @property
    def deviation(self) -> Array:
        """The standard deviation of each column, 1 before any row; above 0."""
        if not self.items:
            return np.ones_like(self.mean)
        common = float((self.squares / self.items + self.mean**2).mean()) or 1.0
        variance = (self.squares + PRIOR_ITEMS * common) / (self.items + PRIOR_ITEMS)
        out: Array = np.sqrt(np.maximum(variance, 1e-6 * common))
        return out

    def add(self, rows: Array) -> None:
        """Take in rows (n, columns)."""
        count = float(len(rows))
        if not count:
            return
        kept = min(self.items, MEMORY_ITEMS)
        if self.items > kept:
            self.squares *= kept / self.items
        mean = rows.mean(axis=0)
        gap, total = mean - self.mean, kept + count
        self.squares += ((rows - mean) ** 2).sum(axis=0) + gap**2 * (kept * count / total)
        self.mean += gap * (count / total)
        self._items[0] = total


class Frequencies(Stateful):
    """How often each class of a head has come, and the log odds that follow.

    Parameters
    ----------
    classes : int
        Known from the start.
    exclusive : bool
        Whether an item has exactly one of them.
    """

    lasting = (Free("counts", 0), "_items")

    def __init__(self, classes: int, *, exclusive: bool) -> None:
        self.counts: Array = np.zeros(classes)
        self._items = np.zeros(1)
        self._exclusive = exclusive

    @property
    def items(self) -> float:
        """How many items have come."""
        return float(self._items[0])

    @property
    def arrays(self) -> dict[str, Array]:
        """All that it holds, by name."""
        return {"counts": self.counts, "items": self._items}

    @property
    def sound(self) -> bool:
        """Whether these are counts that items can have."""
        return bool(((self.counts >= 0) & (self.counts <= self.items)).all()) and self.items >= 0

    @property
    def log_odds(self) -> Array:
        """Of each class that an item has it when nothing is known of the item; half an item is added to each count.

        Where classes exclude each other it is the logarithm of the frequency, which the softmax takes.
        """
        others = self.items if self._exclusive else self.items - self.counts
        odds: Array = np.log((self.counts + 0.5) / (others + 0.5))
        return odds

    def add(self, targets: Array) -> None:
        """Take in the targets (n, classes) of a block."""
        self.counts += targets.sum(axis=0)
        self._items[0] += len(targets)

    def add_classes(self, count: int) -> None:
        """Append classes that have not come so far."""
        self.counts = np.append(self.counts, np.zeros(count))
