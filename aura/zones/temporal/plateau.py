"""The learning rate falls when what was predicted before it was learned gets no better."""

from __future__ import annotations

from aura.core.lasting import Stateful
from aura.zones.temporal.params import PlateauOptions

__all__ = ["Plateau"]


class Plateau(Stateful):
    """Follows a prequential loss, and lowers a factor whenever it has got no better for a while.

    Parameters
    ----------
    options : PlateauOptions

    Notes
    -----
    The loss is averaged exponentially over a quarter of the patience. Without an improvement for all the patience the
    factor falls, and what is the best so far is what there is then.

    Examples
    --------
    >>> plateau = Plateau(PlateauOptions(patience=100, factor=0.5))
    >>> for loss in (1.0, 0.8, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6):
    ...     plateau.add(loss, 40)
    >>> plateau.factor
    0.5
    """

    lasting = ("factor", "_mean", "_best", "_items", "_since")

    def __init__(self, options: PlateauOptions) -> None:
        self._options = options
        self.factor = 1.0
        self._mean = self._best = 0.0
        self._items = self._since = 0

    def add(self, loss: float, items: int) -> None:
        """Take in the mean loss of some items."""
        if not items:
            return
        options = self._options
        share = items / min(self._items + items, max(items, options.patience // 4))
        self._mean += share * (loss - self._mean)
        first, self._items = not self._items, self._items + items
        if first or self._mean < self._best * (1.0 - options.improvement):
            self._best, self._since = self._mean, 0
            return
        self._since += items
        if self._since >= options.patience:
            self.factor = max(options.floor, self.factor * options.factor)
            self._best, self._since = self._mean, 0
