"""Items that wait for what is said of them later, against a plain list that does the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura.core.errors import SignalError
from aura.core.pending import PendingItems, received
from aura.core.signals import FIRST_IDS, Inputs, again
from aura.core.state import read_tree, trees_equal, write_tree


def rows(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float32)[:, None]


def ids(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def taken(pending: PendingItems, *wanted: int, reader: int = 0) -> dict[int, Any]:
    """Return index to value, of rows of one number, of what was found."""
    which, values = pending.take(ids(*wanted), reader)
    return dict(zip(which.tolist(), np.ravel(values).tolist(), strict=True))


def test_the_oldest_item_goes_first_and_is_counted_and_told_of() -> None:
    gone: list[Any] = []
    pending = PendingItems(2, on_displaced=gone.append)
    pending.store(ids(1, 2, 3), rows(1, 2, 3))
    assert (pending.displaced, [row.tolist() for row in gone]) == (1, [[1]])
    assert taken(pending, 1, 2, 3) == {1: 2, 2: 3}
    assert pending.unmatched == 1


def test_an_id_stored_again_replaces_its_earlier_value_and_counts_as_new() -> None:
    pending = PendingItems(2)
    pending.store(ids(1, 2, 1), rows(1, 2, 10))
    pending.store(ids(3), rows(3))
    assert taken(pending, 2, 1, 3) == {1: 10, 2: 3}


def test_an_item_is_taken_once_by_each_reader_and_again_after_it_is_stored_again() -> None:
    pending = PendingItems(4, readers=2)
    pending.store(ids(1), rows(1))
    assert [len(taken(pending, 1, 1, reader=reader)) for reader in (0, 0, 1, 1)] == [1, 0, 1, 0]
    assert (len(pending), pending.unmatched) == (0, 6)
    pending.store(ids(1), rows(2))
    assert taken(pending, 1) == {0: 2}


def test_what_is_asked_for_as_it_came_is_handed_back_without_a_copy() -> None:
    pending, block = PendingItems(), rows(1, 2)
    for _ in range(2):
        pending.store(ids(5, 6), block)
        assert pending.take(ids(5, 6))[1] is block
    pending.store(ids(5, 6), block)
    assert pending.take(ids(6, 5))[1].tolist() == [[2], [1]]


def test_rows_of_several_blocks_come_in_the_order_in_which_they_are_asked_for() -> None:
    pending = PendingItems()
    pending.store(ids(1, 2), rows(1, 2))
    pending.store(ids(3, 4), rows(3, 4))
    assert list(taken(pending, 4, 9, 1, 3).items()) == [(0, 4), (2, 1), (3, 3)]
    assert taken(pending, 1, 2) == {1: 2}


def test_columns_and_any_values_wait_as_arrays_do() -> None:
    pending = PendingItems()
    pending.store(ids(1, 2), {"x": rows(1, 2), "best": ids(7, 8), "heat": 0.5})
    pending.store(ids(3), {"x": rows(3), "best": ids(9), "heat": 2.0})
    assert pending.get(2)["best"] == 8
    which, columns = pending.take(ids(3, 2))
    assert (which.tolist(), columns["x"].tolist(), columns["best"].tolist()) == ([0, 1], [[3], [2]], [9, 8])
    texts = PendingItems()
    texts.store([1, 2], ("a", None))
    texts.store([3], ["c"])
    assert texts.take([3, 1])[1] == ["c", "a"]
    assert (texts.pop(2, "nothing"), texts.pop(2, "nothing"), texts.get(2)) == (None, "nothing", None)


def test_blocks_of_other_widths_are_handed_out_one_by_one_in_the_order_in_which_they_came() -> None:
    pending = PendingItems()
    pending.store(ids(1, 2), np.zeros((2, 3)))
    pending.store(ids(3), np.zeros((1, 4)))
    found = pending.take_blocks(ids(3, 2))
    assert [(which.tolist(), block.shape) for which, block in found] == [([1], (1, 3)), ([0], (1, 4))]


def test_no_items_and_unknown_ids_are_found_nowhere() -> None:
    pending = PendingItems(4)
    pending.store(ids(), np.zeros((0, 3), np.float32))
    which, values = pending.take(ids(-5, 2**62))
    assert (which.tolist(), values, pending.take_blocks(ids())) == ([], [], [])


def test_where_less_may_wait_the_newest_of_a_state_are_kept() -> None:
    pending, smaller = PendingItems(8), PendingItems(2)
    pending.store(ids(1, 2, 3), rows(1, 2, 3))
    smaller.load_state(pending.state())
    assert taken(smaller, 1, 2, 3) == {1: 2, 2: 3}


def test_a_state_is_not_changed_by_what_comes_after() -> None:
    pending = PendingItems(2)
    pending.store(ids(1), rows(1))
    kept, same = pending.state(), pending.state()
    pending.store(ids(2, 3), rows(2, 3))
    assert trees_equal(kept, same)


def test_blocks_that_are_alike_are_saved_as_one_and_what_waits_goes_on_from_a_file(tmp_path: Any) -> None:
    pending, other = PendingItems(readers=2), PendingItems(readers=2)
    for item in range(3):
        pending.store(ids(item), {"x": rows(item), "heat": 1.0})
    pending.store(ids(3), {"x": rows(3), "heat": 2.0})
    pending.store(ids(4, 5), rows(4, 5))
    pending.take(ids(1, 9), reader=1)
    write_tree(tmp_path / "state", pending.state(), "zone")
    other.load_state(read_tree(tmp_path / "state", "zone"))
    assert trees_equal(pending.state(), other.state())
    assert len(other.state()["blocks"]) == 3
    assert other.unmatched == 1
    for each in (pending, other):
        assert [len(each.take(ids(0, 1, 2), reader)[0]) for reader in (0, 1)] == [3, 2]


events = st.lists(st.tuples(st.sampled_from(["store", "block", "take", "reload"]),
                            st.lists(st.integers(0, 6), max_size=5), st.integers(0, 1)), max_size=30)


@pytest.mark.slow
@given(events, st.integers(1, 4), st.booleans())
def test_it_does_what_a_plain_list_would(script: list[tuple[str, list[int], int]], capacity: int,
                                         as_arrays: bool) -> None:
    pending = PendingItems(capacity, readers=2)
    naive: list[tuple[int, float, list[bool]]] = []
    clock, displaced, unmatched = 0.0, 0, 0
    for action, keys, reader in script:
        if action in ("store", "block"):
            for block in [keys] if action == "block" else [[key] for key in keys]:
                values = [clock := clock + 1 for _ in block]
                for key, value in zip(block, values, strict=True):
                    naive = [*(entry for entry in naive if entry[0] != key), (key, value, [True, True])]
                displaced += max(0, len(naive) - capacity)
                naive = naive[-capacity:]
                pending.store(ids(*block), rows(*values) if as_arrays else values)
        elif action == "take":
            expected = []
            for index, key in enumerate(keys):
                for identity, value, waiting in naive:
                    if identity == key and waiting[reader]:
                        waiting[reader] = False
                        expected.append((index, value))
                        break
                else:
                    unmatched += 1
            naive = [entry for entry in naive if any(entry[2])]
            assert list(taken(pending, *keys, reader=reader).items()) == expected
        else:
            state = pending.state()
            pending = PendingItems(capacity, readers=2)
            pending.load_state(state)
            assert trees_equal(state, pending.state())
        assert (len(pending), pending.displaced, pending.unmatched) == (len(naive), displaced, unmatched)


def inputs(value: Any, identities: Any) -> Inputs:
    given = Inputs({"teacher": value})
    given._ids = {} if identities is None else {"teacher": identities}
    return given


def test_what_has_come_to_an_input_is_one_block() -> None:
    one, two = ids(1, 2), ids(3)
    for value, identities, wanted in ((np.ones(2), one, [1, 1]), ((np.ones(2), np.zeros(1)), (one, two), [1, 1, 0]),
                                      ((("a",), ("b",)), one, [("a",), ("b",)]),
                                      (((("a",), ()), (("c",),)), (one, two), [("a",), (), ("c",)])):
        found = received(inputs(value, identities), "teacher", "zone", 0)
        assert found is not None
        assert found[0].tolist() == [1, 2, 3][:len(wanted)]
        assert list(found[1]) == wanted
    assert received(inputs(None, None), "teacher", "zone", 0) is None


@pytest.mark.parametrize("identities", [None, ()])
def test_labels_without_ids_are_refused(identities: Any) -> None:
    with pytest.raises(SignalError, match=r"zone\.teacher at 5 ns: expected labels with the ids of their items"):
        received(inputs(((("a",),),), identities), "teacher", "zone", 5)


def test_items_of_sources_that_no_reader_asks_for_are_not_kept() -> None:
    """Else they would displace those that labels come for."""
    pending = PendingItems(2, readers=2, sources=[frozenset({1}), frozenset({1, 2})])
    first, second = FIRST_IDS, 2 * FIRST_IDS
    pending.store(ids(first, second, *range(10)), rows(1, 2, *range(10)))
    assert (len(pending), pending.displaced) == (2, 0)
    assert taken(pending, first, second, 3, reader=1) == {0: 1, 1: 2}
    assert len(pending) == 1  # the second has nobody left who asks for it
    assert taken(pending, first, second) == {0: 1}
    assert len(pending) == 0


def test_items_are_kept_of_which_nobody_knows_whether_they_are_asked_for() -> None:
    pending = PendingItems(4, sources=[frozenset({1})])
    pending.store(ids(-1, int(again(ids(FIRST_IDS))[0])), rows(1, 2))
    assert len(pending) == 2
    some = PendingItems(4, readers=2, sources=[frozenset({1}), None])
    some.store(ids(3), rows(1))
    assert taken(some, 3, reader=1) == {0: 1}


def test_a_state_of_one_that_kept_all_leaves_what_is_asked_for_here() -> None:
    whole = PendingItems(8, readers=2)
    whole.store(ids(1, FIRST_IDS, FIRST_IDS + 1), rows(1, 2, 3))
    whole.take(ids(FIRST_IDS + 1))
    pending = PendingItems(8, readers=2, sources=[frozenset({1}), frozenset({2})])
    pending.load_state(whole.state())
    assert len(pending) == 1
    assert taken(pending, FIRST_IDS) == {0: 2}
