"""What was believed of each conversation after each of its turns, in bounded memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Courses"]

UNKNOWN, OTHER, POSITIVE = -1, 0, 1


class _Course:
    """One conversation: what and whose it is, how many turns it has had, and what was believed after the first."""

    __slots__ = ("beliefs", "last", "truth", "turns", "user")

    def __init__(self) -> None:
        self.truth, self.turns, self.user = UNKNOWN, 0, ""
        self.beliefs: list[tuple[float, ...]] = []
        self.last: tuple[float, ...] = ()


class Courses:
    """The courses of many beliefs, by name, in the order in which they began.

    Parameters
    ----------
    scores : int
        Beliefs after each turn.
    most : int
        Conversations that are kept; beyond, the oldest go.
    turns : int
        Turns of each of which the beliefs are kept, from the first; the last is kept always.

    Examples
    --------
    >>> courses = Courses(1, 10, 100)
    >>> for belief in (0.25, 0.75):
    ...     courses.add("a", [belief])
    >>> courses.tell("a", positive=True)
    >>> courses.after(0, 1), courses.after(0), courses.first_above(0, 0.5)
    (array([0.25]), array([0.75]), array([2]))
    """

    def __init__(self, scores: int, most: int, turns: int) -> None:
        self._scores, self._most, self._turns = scores, most, turns
        self._courses: dict[str, _Course] = {}
        self.gone = 0
        """Conversations that went because there were too many."""

    def add(self, name: str, beliefs: Sequence[float], user: str = "") -> None:
        """Take in what is believed of a conversation, and whose it is, after one more turn."""
        course = self._courses.get(name)
        if course is None:
            course = self._courses[name] = _Course()
            if len(self._courses) > self._most:
                del self._courses[next(iter(self._courses))]
                self.gone += 1
        course.turns += 1
        course.last = tuple(beliefs)
        course.user = user or course.user
        if len(course.beliefs) < self._turns:
            course.beliefs.append(course.last)

    def tell(self, name: str, *, positive: bool) -> None:
        """Say what a conversation is; of one that is not kept nothing is noted."""
        if name in self._courses:
            self._courses[name].truth = POSITIVE if positive else OTHER

    @property
    def _known(self) -> list[_Course]:
        return [course for course in self._courses.values() if course.truth != UNKNOWN]

    @property
    def unlabelled(self) -> int:
        """Conversations of which nobody said what they are."""
        return len(self._courses) - len(self._known)

    @property
    def positive(self) -> NDArray[np.bool_]:
        """Which of those whose truth is known are to be found, (conversation,)."""
        return np.array([course.truth == POSITIVE for course in self._known], np.bool_)

    @property
    def users(self) -> NDArray[np.int64]:
        """Whose they are, numbered from 0, (conversation,); one of nobody stands for itself."""
        names: dict[object, int] = {}
        return np.array([names.setdefault(course.user or id(course), len(names)) for course in self._known], np.int64)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """How many turns they have had, (conversation,)."""
        return np.array([course.turns for course in self._known], np.int64)

    def after(self, score: int, turns: int | None = None) -> NDArray[np.float64]:
        """Return what was believed of them after so many turns, or after their last, (conversation,)."""
        return np.array([
            course.last[score] if turns is None or turns >= course.turns
            else course.beliefs[min(turns, len(course.beliefs)) - 1][score] for course in self._known])

    def first_above(self, score: int, threshold: float) -> NDArray[np.int64]:
        """Return after how many turns each was first believed above a threshold, 0 if never, (conversation,)."""
        def first(course: _Course) -> int:
            above = (turn for turn, beliefs in enumerate(course.beliefs, 1) if beliefs[score] > threshold)
            return next(above, course.turns if course.last[score] > threshold else 0)

        return np.array([first(course) for course in self._known], np.int64)

    def state(self) -> dict[str, Any]:
        """Return all of it, the oldest first."""
        courses = list(self._courses.values())
        rows = [row for course in courses for row in (*course.beliefs, course.last)]
        return {"names": tuple(self._courses), "gone": self.gone, "users": tuple(course.user for course in courses),
                "truths": np.array([course.truth for course in courses], np.int8),
                "turns": np.array([course.turns for course in courses], np.int64),
                "kept": np.array([len(course.beliefs) for course in courses], np.int64),
                "beliefs": np.array(rows, np.float64).reshape(len(rows), self._scores)}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned."""
        self._courses, self.gone, begin = {}, int(state["gone"]), 0
        for name, user, truth, turns, kept in zip(state["names"], state["users"], state["truths"].tolist(),
                                                  state["turns"].tolist(), state["kept"].tolist(), strict=True):
            course = self._courses[name] = _Course()
            rows = [tuple(row) for row in state["beliefs"][begin:begin + kept + 1].tolist()]
            course.truth, course.turns, course.user = truth, turns, user
            course.beliefs, course.last = rows[:-1], rows[-1]
            begin += kept + 1
