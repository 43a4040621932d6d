"""What the mixture made of a block of items, which waits until the teacher says what they were."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Answers", "joined"]

F32 = NDArray[np.float32]


class Answers(NamedTuple):
    """What the mixture made of a block of items."""

    rows: F32
    """The stimuli, (n, *shape)."""
    projections: F32
    """Their random projections for the gate, (n, m)."""
    features: F32
    """What the gate made of them, (n, H)."""
    chosen: NDArray[np.int64]
    """The experts that were asked, (n, K); -1 for none."""
    weights: F32
    """What each answer weighed, (n, K)."""
    answers: F32
    """The probability of each class by each expert, (n, K, classes known then)."""
    entropy: F32
    """Of the gate, (n,)."""
    temperature: float
    """Of the gate."""

    def take(self, places: Sequence[int] | NDArray[np.intp]) -> Answers:
        """Return the answers at these places."""
        at = np.asarray(places, np.intp)
        return Answers(self.rows[at], self.projections[at], self.features[at], self.chosen[at], self.weights[at],
                       self.answers[at], self.entropy[at], self.temperature)


def joined(groups: Sequence[Answers], classes: int) -> Answers:
    """Return blocks of answers as one, with the classes that have come since at probability 0.

    All blocks are of one gate; where they differ in temperature, that of the last counts.
    """
    if len(groups) == 1 and groups[0].answers.shape[2] == classes:
        return groups[0]
    width = max(group.chosen.shape[1] for group in groups)
    columns = []
    for group in groups:
        lacking = width - group.chosen.shape[1]
        columns.append((group.rows, group.projections, group.features,
                        np.pad(group.chosen, ((0, 0), (0, lacking)), constant_values=-1),
                        np.pad(group.weights, ((0, 0), (0, lacking))),
                        np.pad(group.answers, ((0, 0), (0, lacking), (0, classes - group.answers.shape[2]))),
                        group.entropy))
    rows, projections, features, chosen, weights, answers, entropy = (
        np.concatenate(parts) for parts in zip(*columns, strict=True))
    return Answers(rows, projections, features, chosen, weights, answers, entropy, groups[-1].temperature)
