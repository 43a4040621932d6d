"""From credit to lessons: what each of the experts that were asked is to learn from a block of items."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aura.zones.experts.credit import weigh
from aura.zones.experts.kinds.expert import Lesson

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from aura.zones.experts.answers import Answers
    from aura.zones.experts.committee import Shares
    from aura.zones.experts.credit import Credit
    from aura.zones.experts.kinds.expert import Rows
    from aura.zones.experts.params import LearningParams

__all__ = ["Lessons", "one_hot", "plan_lessons"]



class Lessons(NamedTuple):
    """What is to be taught."""

    shares: Shares
    """Whose the lessons are, and of which items."""
    lessons: list[Lesson]
    skipped: int
    """Items of which no expert may learn."""


def one_hot(places: NDArray[np.intp], classes: int) -> NDArray[np.float32]:
    """Return rows (n, classes) with 1 at each place.

    Examples
    --------
    >>> one_hot(np.array([1, 0]), 3).tolist()
    [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
    """
    rows = np.zeros((len(places), classes), np.float32)
    rows[np.arange(len(places)), places] = 1.0
    return rows


def plan_lessons(answers: Answers, credit: Credit, truth: NDArray[np.float32], rate: float, learning: LearningParams,
                 shares: Shares, may_learn: NDArray[np.bool_],
                 soft_targets: Callable[[int, Rows], tuple[float, Rows] | None]) -> Lessons:
    r"""Return the lessons of a block of n items.

    Parameters
    ----------
    answers : Answers
        What was predicted.
    credit : Credit
        And what it was worth.
    truth : ndarray, shape (n, classes)
        One-hot.
    rate : float
        Scales the lessons.
    learning : LearningParams
        How an item is shared among the experts that were asked.
    shares : Shares
        Who answered what.
    may_learn : ndarray of bool, shape (E,)
        False for those that are frozen.
    soft_targets : callable
        ``(expert, rows) -> (share, answer)`` for an expert in its bootstrap, or None.

    Notes
    -----
    An item that is an expert's own to the share w weighs w in its lesson, and its output on it is held where it was
    with the strength :math:`\epsilon (1 - w)`: what belongs to another should not move it (soft freeze).
    """
    taught = shares.only(may_learn)
    # Gathered at once: an expert's part is a view of each.
    rows, targets = answers.rows[taught.rows], truth[taught.rows]
    weights = weigh(credit, answers.weights, learning.credit)[taught.rows, taught.slots]
    holds = np.float32(learning.elastic) * (np.float32(1.0) - weights)
    lessons = []
    for expert, part in taught.parts():
        distilled = soft_targets(expert, rows[part])
        if distilled is not None:
            share, answer = distilled
            targets[part] = np.float32(share) * answer + np.float32(1.0 - share) * targets[part]
        lessons.append(Lesson(rows[part], targets[part], weights[part], holds[part], rate))
    skipped = 0
    if taught is not shares or not shares.experts:
        learned = np.zeros(len(truth), np.bool_)
        learned[taught.rows] = True
        skipped = int(np.count_nonzero(~learned))
    return Lessons(taught, lessons, skipped)
