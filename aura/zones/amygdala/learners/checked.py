"""What a learner says is held to what it was asked: a plugin's may score too few classes, which numpy would spread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aura.core.errors import ParameterError
from aura.core.handed import sketch
from aura.zones.amygdala.learners.learner import Learned, Learner

__all__ = ["checked_learned", "checked_scores"]


def checked_scores(learner: Learner, scores: Any, head: str, rows: int, classes: int) -> NDArray[np.float64]:
    """Return the scores of a head, (rows, outputs), with as many outputs as it has `classes`, if it has some.

    Raises
    ------
    ParameterError
        If they are no such array.
    """
    found = scores.get(head) if isinstance(scores, Mapping) else scores
    if isinstance(found, np.ndarray) and found.ndim == 2 and len(found) == rows and classes in (0, found.shape[1]):
        return found
    raise ParameterError(f"{type(learner).__name__}.scores()", got=sketch(found),
                         expected=f"an array ({rows}, {classes or 'outputs'}) for the head {head!r}")


def checked_learned(learner: Learner, learned: Any, targets: Mapping[str, NDArray[np.float64]]) -> Learned:
    """Return what a learner says of a block, with the scores and the loss of each head that was told `targets`.

    Raises
    ------
    ParameterError
        If something of it is missing, or of another shape than the targets.
    """
    where = f"{type(learner).__name__}.learn()"
    if not isinstance(learned, Learned):
        raise ParameterError(where, expected="a Learned", got=sketch(learned))
    for head, target in targets.items():
        found = learned.scores.get(head)
        if not isinstance(found, np.ndarray) or found.shape != target.shape:
            raise ParameterError(where, expected=f"scores {target.shape} of the head {head!r}, as its targets are",
                                 got=sketch(found))
        if head not in learned.losses:
            raise ParameterError(where, expected=f"a loss of the head {head!r}", got="none")
    return learned
