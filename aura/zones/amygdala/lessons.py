"""What the tasks were told in one tick, joined to the one block that the learner is shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aura.zones.amygdala.learners.learner import Block, Lesson
from aura.zones.amygdala.tasks.task import LabelledItems

__all__ = ["TaughtItems", "joined"]

Ids = NDArray[np.int64]


class TaughtItems(NamedTuple):
    """The items that a task's head is to learn from."""

    ids: Ids
    """(u,)."""
    rows: NDArray[np.float32]
    """Their embeddings, (u, features)."""
    items: LabelledItems
    """What the task made of its labels."""


def joined(heads: Mapping[str, TaughtItems]) -> tuple[Ids, Block]:
    """Return the ids of the items that any head is told of, each once in the order in which they first come, and a
    block of them.
    """
    first, *others = heads.values()
    if all(np.array_equal(first.ids, other.ids) for other in others):
        every = np.arange(len(first.ids))
        return first.ids, Block(first.rows, {name: Lesson(every, head.items.targets) for name, head in heads.items()})
    ids = np.concatenate([head.ids for head in heads.values()])
    known, begin, place = np.unique(ids, return_index=True, return_inverse=True)
    order = np.argsort(begin)
    rank = np.argsort(order)[place]
    rows = np.concatenate([head.rows for head in heads.values()])[begin[order]]
    lessons, at = {}, 0
    for name, head in heads.items():
        lessons[name] = Lesson(rank[at:at + len(head.ids)], head.items.targets)
        at += len(head.ids)
    return known[order], Block(rows, lessons)
