"""Rows drawn so that every class is held out in the same fraction."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura.sim.readers.order import plan
from aura.sim.readers.strata import stratified

labels = st.lists(st.lists(st.sampled_from("abcdefg"), max_size=3).map(tuple), min_size=2, max_size=60)


@settings(max_examples=50)
@given(labels, st.integers(0, 1000), st.floats(0.05, 0.95))
def test_any_label_sets_are_split_into_two_parts_that_miss_none(classes, seed, hold_out):
    learnt, held = plan(len(classes), seed=seed, hold_out=hold_out, hold_out_from="random", strata=classes)
    assert sorted([*learnt, *held]) == list(range(len(classes)))
    assert len(learnt) >= 1
    assert len(held) >= 1


@settings(max_examples=50)
@given(st.lists(st.sampled_from("abcd"), min_size=10, max_size=80), st.integers(0, 1000))
def test_of_single_classes_each_is_split_to_the_nearest_row(classes, seed):
    held = round(0.3 * len(classes))
    mask = stratified([(label,) for label in classes], np.random.default_rng(seed).permutation(len(classes)), held)
    whole, part = Counter(classes), Counter(np.array(classes)[mask].tolist())
    for label, count in whole.items():
        assert abs(part[label] - count * held / len(classes)) <= 0.5


def test_a_rare_class_is_not_left_to_chance():
    classes = [("common", "rare") if row % 50 == 0 else ("common",) for row in range(500)]  # ten rows of it
    held = {seed: plan(500, seed=seed, hold_out=0.2, hold_out_from="random", strata=classes)[1] for seed in range(20)}
    assert {sum(row % 50 == 0 for row in rows) for rows in held.values()} == {2}
    assert {len(rows) for rows in held.values()} == {100}
    assert len({tuple(rows) for rows in held.values()}) == 20


def test_the_same_seed_draws_the_same_rows():
    classes = [("ab"[row % 2],) for row in range(100)]
    first, again = (plan(100, seed=3, hold_out=0.2, hold_out_from="random", strata=classes)[1] for _ in range(2))
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize("classes", [[("a",), ("b",)], [(), ()], [("a", "a"), ("a",)]])
def test_two_rows_of_whatever_classes_are_one_to_learn_and_one_to_hold_out(classes):
    assert sorted(map(len, plan(2, seed=0, hold_out=0.5, hold_out_from="random", strata=classes))) == [1, 1]
