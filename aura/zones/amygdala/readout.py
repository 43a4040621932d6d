"""What the amygdala's two learning rules have in common."""

from __future__ import annotations

from typing import Any, Protocol

from aura.zones.amygdala.params import AmygdalaParams
from aura.zones.common.arrays import Array

__all__ = ["LinearReadout", "make_readout"]


class LinearReadout(Protocol):
    """A linear map from rows, whose last column is one, to the scores of the classes; it learns block by block."""

    calibrated: bool
    """Whether scores become probabilities by a calibration that is learned beside."""

    score_range: tuple[float, float]
    """Where nearly all scores lie."""

    neutral: float
    """The score above which a class is more likely than not, as far as the rule itself knows."""

    @property
    def weights(self) -> Array:
        """The map, (features + 1, classes), the bias in its last row."""

    @weights.setter
    def weights(self, weights: Array) -> None: ...

    def scores(self, rows: Array) -> Array:
        """Return the scores (n, classes) of rows (n, features + 1)."""

    def left_out(self, rows: Array, targets: Array, weights: Array) -> Array:
        """Return the scores (n, classes) that learned rows would have if none of their `weights` (n,) had been learned.
        """

    def probability(self, logits: Array) -> Array:
        """Return the probabilities (n, classes) for scores, calibrated ones if the rule's are to be calibrated."""

    def loss(self, scores: Array, targets: Array) -> Array:
        """Return the loss of each item, (n,)."""

    def slope(self, scores: Array, targets: Array) -> Array:
        """Return the derivative of each item's loss with respect to its scores, (n, classes)."""

    def learn(self, rows: Array, targets: Array, rate: float) -> None:
        """Learn a block; each item counts `rate` times."""

    def add_classes(self, count: int, seen: float) -> None:
        """Append classes that none of the `seen` items had."""

    def state(self) -> dict[str, Any]:
        """Return all that has been learned."""

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned."""


def make_readout(params: AmygdalaParams, features: int, classes: int, multi_label: bool) -> LinearReadout:
    """Return the readout that the parameters ask for."""
    if params.rule == "rls":
        from aura.zones.amygdala.rls import LeastSquaresReadout

        return LeastSquaresReadout(features + 1, classes, multi_label=multi_label, ridge=params.ridge,
                                   forgetting=params.forgetting)
    from aura.zones.amygdala.logistic import LogisticReadout

    return LogisticReadout(features + 1, classes, multi_label=multi_label, ridge=params.ridge,
                           forgetting=params.forgetting, learning_rate=params.learning_rate)
