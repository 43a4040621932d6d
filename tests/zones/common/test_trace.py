"""The eligibility trace against a plain list that does the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura.core.state import trees_equal
from aura.zones.common.trace import EligibilityTrace


def rows(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float32)[:, None]


def ids(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def test_the_oldest_item_goes_first() -> None:
    trace = EligibilityTrace(2, 1)
    trace.store(ids(1, 2, 3), rows(1, 2, 3))
    found, values = trace.recall(ids(1, 2, 3))
    assert found.tolist() == [1, 2]
    assert values.ravel().tolist() == [2, 3]


def test_an_id_stored_again_displaces_its_earlier_row_only() -> None:
    trace = EligibilityTrace(2, 1)
    trace.store(ids(1, 2, 1), rows(1, 2, 10))
    found, values = trace.recall(ids(2, 1))
    assert found.tolist() == [0, 1]
    assert values.ravel().tolist() == [2, 10]


def test_an_item_is_recalled_once_by_each_reader_and_again_after_it_is_stored_again() -> None:
    trace = EligibilityTrace(4, 1, readers=2)
    trace.store(ids(1), rows(1))
    assert [len(trace.recall(ids(1, 1), reader)[0]) for reader in (0, 0, 1, 1)] == [1, 0, 1, 0]
    assert len(trace) == 0
    trace.store(ids(1), rows(2))
    assert trace.recall(ids(1), 0)[1].tolist() == [[2]]


def test_no_items_and_unknown_ids_are_found_nowhere() -> None:
    trace = EligibilityTrace(4, 3)
    trace.store(ids(), np.zeros((0, 3), np.float32))
    found, values = trace.recall(ids(-5, 2**62))
    assert found.shape == (0,)
    assert values.shape == (0, 3)


def test_a_smaller_trace_keeps_the_newest_of_a_state() -> None:
    trace, smaller = EligibilityTrace(8, 1), EligibilityTrace(2, 1)
    trace.store(ids(1, 2, 3), rows(1, 2, 3))
    smaller.load_state(trace.state())
    assert smaller.recall(ids(1, 2, 3))[0].tolist() == [1, 2]


def test_a_state_is_not_changed_by_what_comes_after() -> None:
    trace = EligibilityTrace(2, 1)
    trace.store(ids(1), rows(1))
    kept, same = trace.state(), trace.state()
    trace.store(ids(2, 3), rows(2, 3))
    assert trees_equal(kept, same)


events = st.lists(st.tuples(st.sampled_from(["store", "recall", "reload"]), st.lists(st.integers(0, 6), max_size=5),
                            st.integers(0, 1)), max_size=30)


@pytest.mark.slow
@given(events, st.integers(1, 4))
def test_it_does_what_a_plain_list_would(script: list[tuple[str, list[int], int]], capacity: int) -> None:
    trace = EligibilityTrace(capacity, 1, readers=2)
    naive: list[tuple[int, float, list[bool]]] = []
    clock = 0.0
    for action, keys, reader in script:
        if action == "store":
            for key in keys:
                clock += 1
                naive = [*(entry for entry in naive if entry[0] != key), (key, clock, [True, True])][-capacity:]
                trace.store(ids(key), rows(clock))
        elif action == "recall":
            expected = []
            for index, key in enumerate(keys):
                for identity, value, waiting in naive:
                    if identity == key and waiting[reader]:
                        waiting[reader] = False
                        expected.append((index, value))
            naive = [entry for entry in naive if any(entry[2])]
            found, values = trace.recall(ids(*keys), reader)
            assert list(zip(found.tolist(), values.ravel().tolist(), strict=True)) == expected
        else:
            state = trace.state()
            trace = EligibilityTrace(capacity, 1, readers=2)
            trace.load_state(state)
            assert trees_equal(state, trace.state())
        assert len(trace) == len(naive)
