"""Classes: what a teacher's labels say in numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura.core.classes import OTHER, ClassIndex
from aura.core.errors import SignalError
from aura.core.state import trees_equal

LABELS = st.lists(st.sampled_from(["a", "b", "c", "d", "e"]), max_size=12)


def test_classes_keep_the_order_in_which_they_were_met() -> None:
    classes = ClassIndex(["neutral"])
    assert classes.one_each([("joy",), ("fear",), ("joy",)], "t").places.tolist() == [1, 2, 1]
    assert classes.targets([("anger", "joy")], "t").matrix.tolist() == [[0.0, 1.0, 0.0, 1.0]]
    assert classes.names == ["neutral", "joy", "fear", "anger"]


def test_a_label_twice_counts_once_and_an_empty_set_is_all_negative() -> None:
    targets = ClassIndex(("joy", "fear")).targets([("joy", "joy"), ()], "t")
    assert targets.matrix.tolist() == [[1.0, 0.0], [0.0, 0.0]]
    assert targets.rows.tolist() == [0, 1]


def test_the_places_of_a_label_set_ascend_and_stand_once() -> None:
    classes = ClassIndex(("joy", "fear"), open=False)
    sets = (("fear", "joy", "fear"), (), ("envy", "joy"))
    assert [classes.places(labels) for labels in sets] == [(0, 1), (), (-1, 0)]


def test_where_each_item_has_one_class_an_item_without_a_label_teaches_nothing() -> None:
    labels = ClassIndex(("a",)).one_each([(), ("a", "a")], "t")
    assert (labels.rows.tolist(), labels.places.tolist(), labels.unknown) == ([1], [0], 0)


def test_several_labels_are_refused_before_any_becomes_a_class() -> None:
    classes = ClassIndex()
    with pytest.raises(SignalError, match=r"zone\.teacher at 5 ns: expected one label .*got 2: 'b', 'c'\. Try another"):
        classes.one_each([("a",), ("b", "c")], "zone.teacher", 5, hint="Try another.")
    assert len(classes) == 0


@pytest.mark.parametrize("read", [ClassIndex.one_each, ClassIndex.targets])
def test_an_unknown_label_stops_a_closed_index_with_the_nearest_class_and_the_setting(read: object) -> None:
    classes = ClassIndex(("joy", "fear"), open=False, setting="tasks.emotion.")
    with pytest.raises(SignalError, match=r"amygdala\.teacher at 3 ns: expected a label among the 2 classes, got 'jyo'"
                                          r".*'joy'.*tasks\.emotion\.open = true"):
        read(classes, [("jyo",)], "amygdala.teacher", 3)  # type: ignore[operator]


def test_an_unknown_label_is_left_out_and_counted_where_that_is_asked_for() -> None:
    classes = ClassIndex(("joy",), open=False, on_unknown="skip")
    targets = classes.targets([("joy", "envy"), ("envy",)], "t")
    assert (targets.matrix.tolist(), targets.rows.tolist(), targets.unknown) == ([[1.0], [0.0]], [0, 1], 2)
    labels = classes.one_each([("envy",), ("joy",)], "t")
    assert (labels.rows.tolist(), labels.places.tolist(), labels.unknown) == ([1], [0], 1)
    assert classes.names == ["joy"]


@given(LABELS, st.integers(2, 7), st.integers(0, 12))
def test_a_bounded_index_tells_apart_the_first_and_counts_the_others(labels: list[str], most: int, cut: int) -> None:
    classes, other = ClassIndex(most=most), ClassIndex(most=most)
    first = list(dict.fromkeys(labels))[:most - 1]
    for number, label in enumerate(labels):
        if number == cut:
            other.load_state(classes.state())
        wanted = first.index(label) if label in first else most - 1
        for each in (classes, other)[:1 + (number >= cut)]:
            assert each.place(label) == wanted
    assert classes.names == (first if set(labels) <= set(first) else [*first, OTHER])
    assert classes.beyond == len(set(labels) - set(first))
    assert all((label in classes) == (label in first) for label in "abcde")
    assert (OTHER in classes) is False
    if cut < len(labels):
        assert trees_equal(classes.state(), other.state())
