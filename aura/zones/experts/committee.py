"""The experts of a mixture, asked and taught together: those of one kind in one go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

if TYPE_CHECKING:
    from aura.zones.experts.kinds.expert import Expert, Lesson, Rows

__all__ = ["Shares", "ask", "mixed", "share_out", "teach", "weights_by_expert"]

F32 = NDArray[np.float32]
Ints = NDArray[np.int64]


class Shares(NamedTuple):
    """Which answers of a block of items are whose: all of them, expert by expert."""

    experts: tuple[int, ...]
    """Those that are asked, rising."""
    bounds: tuple[int, ...]
    """Where the answers of each begin in `rows` and `slots`, and where those of the last end."""
    rows: Ints
    """The item that each answer is to, rising for one expert."""
    slots: Ints
    """Which of the answers to that item it is."""

    def parts(self) -> Iterator[tuple[int, slice]]:
        """Return each expert with its part of `rows` and `slots`."""
        for expert, start, end in zip(self.experts, self.bounds, self.bounds[1:], strict=False):
            yield expert, slice(start, end)

    def only(self, keep: NDArray[np.bool_]) -> Shares:
        """Return the shares of some of the experts, (E,)."""
        if all(keep[expert] for expert in self.experts):
            return self
        kept = [(expert, part) for expert, part in self.parts() if keep[expert]]
        places = np.concatenate([np.arange(part.start, part.stop) for _, part in kept] or [np.zeros(0, np.int64)])
        bounds = np.cumsum([0, *(part.stop - part.start for _, part in kept)]).tolist()
        return Shares(tuple(expert for expert, _ in kept), tuple(bounds), self.rows[places], self.slots[places])


def share_out(chosen: Ints) -> Shares:
    """Return who answers what.

    Parameters
    ----------
    chosen : ndarray, shape (n, K), int64
        The experts asked for each item; -1 for none.

    Examples
    --------
    >>> shares = share_out(np.array([[2, 0], [0, -1]]))
    >>> [(expert, shares.rows[part].tolist(), shares.slots[part].tolist()) for expert, part in shares.parts()]
    [(0, [0, 1], [1, 0]), (2, [0], [0])]
    """
    rows, slots = np.empty((2, chosen.size), np.int64)
    ends = np.zeros(chosen.max(initial=-1) + 2, np.int64)
    _sort(chosen, ends, rows, slots)
    experts, bounds, start = [], [0], 0
    for expert, end in enumerate(ends[:-1].tolist()):
        if end > start:
            experts.append(expert)
            bounds.append(start := end)
    return Shares(tuple(experts), tuple(bounds), rows[:start], slots[:start])


@njit(cache=True, nogil=True)
def _sort(chosen: Any, ends: Any, rows: Any, slots: Any) -> None:
    """Write rows and slots expert by expert; `ends` (experts + 1,), zeros, is set to where each one's part ends."""
    for i in range(chosen.shape[0]):
        for j in range(chosen.shape[1]):
            if chosen[i, j] >= 0:
                ends[chosen[i, j] + 1] += 1
    for e in range(1, len(ends)):
        ends[e] += ends[e - 1]
    for i in range(chosen.shape[0]):
        for j in range(chosen.shape[1]):
            if chosen[i, j] >= 0:
                place = ends[chosen[i, j]]
                rows[place], slots[place] = i, j
                ends[chosen[i, j]] = place + 1


def weights_by_expert(chosen: Ints, weights: F32, experts: int) -> F32:
    """Return what each expert weighs, (n, experts); 0 for those that were not asked.

    Examples
    --------
    >>> weights_by_expert(np.array([[2, -1]]), np.float32([[1.0, 0.0]]), 3).tolist()
    [[0.0, 0.0, 1.0]]
    """
    table = np.zeros((len(chosen), experts), np.float32)
    _lay_out(chosen, weights, table)
    return table


@njit(cache=True, nogil=True)
def _lay_out(chosen: Any, weights: Any, table: Any) -> None:
    for i in range(chosen.shape[0]):
        for j in range(chosen.shape[1]):
            if chosen[i, j] >= 0:
                table[i, chosen[i, j]] = weights[i, j]


def ask(experts: Mapping[int, Expert], shares: Shares, rows: Rows, asked: int, classes: int) -> F32:
    """Return the probability of each class by each of the `asked` experts of a row, (n, asked, classes); else 0."""
    answers = np.zeros((len(rows), asked, classes), np.float32)
    mine = rows[shares.rows]  # gathered at once: an expert's part is a view of it
    for kind, group in _by_kind([(type(experts[expert]), (expert, part)) for expert, part in shares.parts()]):
        given = kind.predict_many([(experts[expert], mine[part]) for expert, part in group])
        for (_, part), answer in zip(group, given, strict=True):
            _place(answer, shares.rows[part], shares.slots[part], answers)
    return answers


@njit(cache=True, nogil=True)
def _place(answer: Any, rows: Any, slots: Any, answers: Any) -> None:
    for i in range(len(rows)):
        for c in range(min(answer.shape[1], answers.shape[2])):
            answers[rows[i], slots[i], c] = answer[i, c]


def teach(experts: Mapping[int, Expert], lessons: Sequence[tuple[int, Lesson]], *,
          want_gradient: bool) -> list[Rows | None]:
    """Let experts learn, each its lesson, and return the gradients in the order of the lessons."""
    gradients: list[Rows | None] = [None] * len(lessons)
    for kind, group in _by_kind([(type(experts[expert]), place) for place, (expert, _) in enumerate(lessons)]):
        jobs = [(experts[lessons[place][0]], lessons[place][1]) for place in group]
        for place, gradient in zip(group, kind.learn_many(jobs, want_gradient=want_gradient), strict=True):
            gradients[place] = gradient
    return gradients


def _by_kind(pairs: Sequence[tuple[type[Expert], Any]]) -> list[tuple[type[Expert], list[Any]]]:
    """Return what belongs to each kind."""
    kinds = {kind for kind, _ in pairs}
    if len(kinds) == 1:
        return [(kinds.pop(), [one for _, one in pairs])]
    return [(kind, [one for other, one in pairs if other is kind]) for kind in dict.fromkeys(kind for kind, _ in pairs)]


def mixed(answers: F32, weights: F32) -> F32:
    """Return the mixture's probability of each class, (n, classes), by answers (n, K, classes) and weights (n, K)."""
    out = np.zeros((len(answers), answers.shape[2]), np.float32)
    _mix(answers, weights, out)
    return out


@njit(cache=True, nogil=True)
def _mix(answers: Any, weights: Any, out: Any) -> None:
    for i in range(answers.shape[0]):
        for j in range(answers.shape[1]):
            for c in range(answers.shape[2]):
                out[i, c] += weights[i, j] * answers[i, j, c]
