"""Waiting answers: kept until the teacher speaks, each handed out once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura.core.state import trees_equal
from aura.zones.experts.memory import Answers, WaitingAnswers, joined


def answers(values: list[float], classes: int = 2) -> Answers:
    n = len(values)
    rows = np.array(values, np.float32)[:, None]
    return Answers(rows, rows.copy(), rows.copy(), np.zeros((n, 1), np.int64), np.ones((n, 1), np.float32),
                   np.full((n, 1, classes), 0.5, np.float32), np.zeros(n, np.float32), 1.0)


def recalled(memory: WaitingAnswers, ids: list[int]) -> dict[int, float]:
    """Return place to stored value, for the ids that were found."""
    found = {}
    for places, group in memory.recall(np.array(ids, np.int64)):
        found.update(zip(places.tolist(), group.rows[:, 0].tolist(), strict=True))
    return found


def test_a_block_is_handed_back_as_it_was_stored() -> None:
    memory = WaitingAnswers(10)
    block = answers([1.0, 2.0])
    memory.store(np.array([5, 6]), block)
    [(places, back)] = memory.recall(np.array([5, 6]))
    assert places.tolist() == [0, 1]
    assert back is block
    assert len(memory) == 0


def test_items_are_found_across_blocks_and_in_any_order() -> None:
    memory = WaitingAnswers(10)
    memory.store(np.array([1, 2]), answers([1.0, 2.0]))
    memory.store(np.array([3, 4]), answers([3.0, 4.0]))
    assert recalled(memory, [4, 9, 1]) == {0: 4.0, 2: 1.0}
    assert recalled(memory, [1, 2, 3]) == {1: 2.0, 2: 3.0}


def test_a_part_of_a_block_leaves_the_rest() -> None:
    memory = WaitingAnswers(10)
    memory.store(np.array([1, 2]), answers([1.0, 2.0]))
    assert recalled(memory, [1]) == {0: 1.0}
    assert recalled(memory, [1, 2]) == {1: 2.0}


def test_an_id_stored_again_displaces_the_earlier_answer() -> None:
    memory = WaitingAnswers(10)
    memory.store(np.array([1]), answers([1.0]))
    memory.store(np.array([1]), answers([7.0]))
    assert recalled(memory, [1]) == {0: 7.0}
    assert recalled(memory, [1]) == {}


def test_the_oldest_blocks_go_when_there_are_more_than_the_capacity() -> None:
    memory = WaitingAnswers(2)
    for item in range(5):
        memory.store(np.array([item]), answers([float(item)]))
    assert recalled(memory, [0, 1, 2, 3, 4]) == {3: 3.0, 4: 4.0}


@pytest.mark.slow
@given(st.lists(st.lists(st.integers(0, 12), min_size=1, max_size=4), max_size=12),
       st.lists(st.integers(0, 12), max_size=8))
def test_memory_equals_a_plain_dictionary(stored: list[list[int]], asked: list[int]) -> None:
    memory, plain = WaitingAnswers(10_000), {}
    value = 0.0
    for ids in stored:
        values = [value := value + 1.0 for _ in ids]
        memory.store(np.array(ids, np.int64), answers(values))
        plain.update(zip(ids, values, strict=True))
    expected = {}
    for place, identity in enumerate(asked):
        if identity in plain:
            expected[place] = plain.pop(identity)
    assert recalled(memory, asked) == expected
    assert len(memory) == len(plain)


def test_a_restored_memory_holds_the_same() -> None:
    memory, other = WaitingAnswers(10), WaitingAnswers(10)
    memory.store(np.array([1, 2, 3]), answers([1.0, 2.0, 3.0]))
    memory.store(np.array([4]), answers([4.0]))
    memory.recall(np.array([2]))
    other.load_state(memory.state())
    assert trees_equal(other.state(), memory.state())
    assert recalled(other, [1, 2, 3, 4]) == {0: 1.0, 2: 3.0, 3: 4.0}


def test_blocks_of_other_widths_are_joined_with_new_classes_at_zero() -> None:
    old, new = answers([1.0], classes=1), answers([2.0], classes=2)
    whole = joined([old, new], 3)
    assert whole.rows[:, 0].tolist() == [1.0, 2.0]
    assert whole.answers[:, 0].tolist() == [[0.5, 0.0, 0.0], [0.5, 0.5, 0.0]]
