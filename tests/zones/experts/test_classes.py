"""Classes: what a teacher's labels say."""

from __future__ import annotations

import pytest

from aura.core.errors import SignalError
from aura.zones.experts.classes import Classes


def test_classes_keep_the_order_in_which_they_were_met() -> None:
    classes = Classes(())
    assert classes.read([("b",), ("a",), ("b",)], "x").places.tolist() == [0, 1, 0]
    assert classes.names == ["b", "a"]


def test_an_item_without_a_label_teaches_nothing() -> None:
    told = Classes(("a",)).read([(), ("a",)], "x")
    assert told.rows.tolist() == [1]
    assert told.places.tolist() == [0]


def test_a_label_said_twice_counts_once() -> None:
    assert Classes(("a",)).read([("a", "a")], "x").places.tolist() == [0]


def test_several_labels_are_refused() -> None:
    with pytest.raises(SignalError, match="one label for each item, got 'a', 'b'"):
        Classes(("a", "b")).read([("a", "b")], "experts.teacher", 5)


def test_a_label_outside_declared_classes_names_the_nearest() -> None:
    with pytest.raises(SignalError, match=r"got 'sevn'\. Try 'seven'"):
        Classes(("six", "seven"), open=False).read([("sevn",)], "experts.teacher", 5)


def test_a_label_outside_declared_classes_can_be_left_out_and_is_counted() -> None:
    told = Classes(("a",), open=False, on_unknown="skip").read([("b",), ("a",)], "x")
    assert (told.rows.tolist(), told.places.tolist(), told.unknown) == ([1], [0], 1)
