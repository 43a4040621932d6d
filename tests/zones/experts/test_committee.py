"""The committee: experts of one kind are asked and taught in one go, each with its own part of the items."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from aura.zones.experts.committee import ask, share_out, teach
from aura.zones.experts.kinds.expert import Expert, Lesson, Rows


class Constant(Expert):
    """Answers one class, and keeps what it was taught."""

    kind: ClassVar[str] = "constant"

    def predict(self, rows: Rows) -> Rows:
        answer = np.zeros((len(rows), self.classes), np.float32)
        answer[:, self.seed % self.classes] = 1.0
        return answer

    def learn(self, lesson: Lesson, *, want_gradient: bool = False) -> Rows | None:
        self.taught = lesson
        return lesson.rows * self.seed if want_gradient else None

    def add_classes(self, count: int) -> None:
        self.classes += count

    def state(self) -> dict[str, Any]:
        return {}

    def load_state(self, state: dict[str, Any]) -> None:
        pass

    @property
    def nbytes(self) -> int:
        return 0


class Other(Constant):
    """Of another kind."""


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.lists(st.integers(-1, 5), min_size=3, max_size=3, unique_by=lambda e: e if e >= 0 else object()),
                min_size=1, max_size=8))
def test_shares_cover_every_choice_once(chosen: list[list[int]]) -> None:
    shares = share_out(np.array(chosen))
    seen = [(row, slot, expert) for expert, part in shares.parts()
            for row, slot in zip(shares.rows[part].tolist(), shares.slots[part].tolist(), strict=True)]
    expected = [(row, slot, expert) for row, line in enumerate(chosen) for slot, expert in enumerate(line)
                if expert >= 0]
    assert sorted(seen) == expected


def test_the_shares_of_some_are_as_if_the_others_had_not_been_asked() -> None:
    shares = share_out(np.array([[1, 0], [0, -1], [2, 1]]))
    keep = np.array([True, False, True])
    some = shares.only(keep)
    other = share_out(np.array([[-1, 0], [0, -1], [2, -1]]))
    assert (some.experts, some.bounds, some.rows.tolist(), some.slots.tolist()) == (
        other.experts, other.bounds, other.rows.tolist(), other.slots.tolist())
    assert shares.only(np.ones(3, np.bool_)) is shares
    assert shares.only(np.zeros(3, np.bool_)).experts == ()


def test_answers_stand_where_their_expert_was_chosen() -> None:
    chosen = np.array([[1, 0], [0, -1], [2, 1]])
    experts = {0: Constant((1,), 3, None, 0), 1: Other((1,), 3, None, 1), 2: Constant((1,), 3, None, 2)}
    answers = ask(experts, share_out(chosen), np.zeros((3, 1), np.float32), 2, 3)
    assert answers.argmax(axis=2).tolist()[0] == [1, 0]
    assert answers[1].tolist() == [[1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    assert answers.argmax(axis=2).tolist()[2] == [2, 1]


def test_gradients_come_in_the_order_of_the_lessons() -> None:
    experts = {1: Other((1,), 3, None, 1), 2: Constant((1,), 3, None, 2), 3: Other((1,), 3, None, 3)}
    rows = np.ones((1, 1), np.float32)
    lesson = Lesson(rows, np.eye(3, dtype=np.float32)[:1], np.ones(1, np.float32), np.zeros(1, np.float32), 1.0)
    found = teach(experts, [(3, lesson), (2, lesson), (1, lesson)], want_gradient=True)
    assert [float(gradient[0, 0]) for gradient in found if gradient is not None] == [3.0, 2.0, 1.0]

