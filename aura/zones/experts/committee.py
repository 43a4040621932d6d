"""The experts of a mixture, asked and taught together: those of one kind in one go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from aura.zones.experts.kinds.expert import Expert, Lesson, Rows

__all__ = ["Share", "ask", "shares", "teach"]

F32 = NDArray[np.float32]
Ints = NDArray[np.int64]


class Share(NamedTuple):
    """The part of a block of items that is one expert's."""

    expert: int
    rows: Ints
    """Places of the items in the block."""
    slots: Ints
    """Which of the answers to each of them is this expert's."""


def shares(chosen: Ints) -> list[Share]:
    """Return each asked expert's part of a block, in the order of the experts.

    Parameters
    ----------
    chosen : ndarray, shape (n, K), int64
        The experts asked for each item; -1 for none.

    Examples
    --------
    >>> [(share.expert, share.rows.tolist(), share.slots.tolist()) for share in shares(np.array([[2, 0], [0, -1]]))]
    [(0, [0, 1], [1, 0]), (2, [0], [0])]
    """
    found: dict[int, tuple[list[int], list[int]]] = {}
    for row, experts in enumerate(chosen.tolist()):
        for slot, expert in enumerate(experts):
            if expert >= 0:
                rows, slots = found.setdefault(expert, ([], []))
                rows.append(row)
                slots.append(slot)
    return [Share(expert, np.array(found[expert][0], np.int64), np.array(found[expert][1], np.int64))
            for expert in sorted(found)]


def ask(experts: Mapping[int, Expert], parts: Sequence[Share], rows: Rows, chosen: Ints, classes: int) -> F32:
    """Return the probability of each class by each asked expert, (n, K, classes); 0 where none was asked."""
    answers = np.zeros((*chosen.shape, classes), np.float32)
    by_kind: dict[type[Expert], list[Share]] = {}
    for part in parts:
        by_kind.setdefault(type(experts[part.expert]), []).append(part)
    for kind, group in by_kind.items():
        jobs = [(experts[part.expert], _of(rows, part.rows)) for part in group]
        for part, answer in zip(group, kind.predict_many(jobs), strict=True):
            answers[part.rows, part.slots, :answer.shape[1]] = answer[:, :classes]
    return answers


def teach(experts: Mapping[int, Expert], lessons: Sequence[tuple[int, Lesson]], *,
          want_gradient: bool) -> list[Rows | None]:
    """Let experts learn, each its lesson, and return the gradients in the order of the lessons."""
    by_kind: dict[type[Expert], list[int]] = {}
    for place, (expert, _) in enumerate(lessons):
        by_kind.setdefault(type(experts[expert]), []).append(place)
    gradients: list[Rows | None] = [None] * len(lessons)
    for kind, places in by_kind.items():
        jobs = [(experts[lessons[place][0]], lessons[place][1]) for place in places]
        for place, gradient in zip(places, kind.learn_many(jobs, want_gradient=want_gradient), strict=True):
            gradients[place] = gradient
    return gradients


def _of(rows: Rows, places: Ints) -> Rows:
    """Return these rows; all of them are not copied."""
    return rows if len(places) == len(rows) else rows[places]
