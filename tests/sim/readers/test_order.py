"""Which rows are played, in which order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura.core.errors import StreamError
from aura.sim.readers import pass_order, plan


@pytest.mark.slow
@given(st.integers(2, 200), st.integers(0, 2**64), st.floats(0, 0.999), st.sampled_from(["end", "random"]),
       st.none() | st.integers(2, 300))
def test_learnt_and_held_out_rows_share_none_and_miss_none(n, seed, hold_out, source, limit):
    learnt, held = plan(n, seed=seed, hold_out=hold_out, hold_out_from=source, limit=limit)
    count = min(n, limit or n)
    assert sorted([*learnt, *held]) == list(range(count))
    assert list(learnt) == sorted(learnt)
    assert list(held) == sorted(held)
    assert len(learnt) >= 1
    assert len(held) == (0 if hold_out == 0 else min(count - 1, max(1, int(hold_out * count + 0.5))))


def test_the_last_rows_are_held_out():
    learnt, held = plan(10, seed=0, hold_out=0.2)
    assert (list(learnt), list(held)) == (list(range(8)), [8, 9])


def test_the_same_seed_draws_the_same_rows_and_another_others():
    first, again, other = (plan(100, seed=s, hold_out=0.3, hold_out_from="random")[1] for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert list(first) != list(other)


def test_each_pass_has_its_own_order_whatever_came_before():
    rows = np.arange(50)
    orders = [pass_order(rows, seed=7, number=p, shuffle=True) for p in range(4)]
    np.testing.assert_array_equal(orders[3], pass_order(rows, seed=7, number=3, shuffle=True))
    assert len({tuple(order) for order in orders}) == 4
    assert all(sorted(order) == list(range(50)) for order in orders)
    np.testing.assert_array_equal(rows, np.arange(50))
    np.testing.assert_array_equal(pass_order(rows, seed=7, number=3, shuffle=False), rows)


def test_a_seed_sequence_is_not_used_up():
    root = np.random.SeedSequence(5, spawn_key=(3,))
    first = pass_order(np.arange(30), seed=root, number=0, shuffle=True)
    root.spawn(2)
    np.testing.assert_array_equal(first, pass_order(np.arange(30), seed=root, number=0, shuffle=True))
    assert list(first) != list(pass_order(np.arange(30), seed=5, number=0, shuffle=True))


@pytest.mark.parametrize(("n", "options"), [(0, {}), (1, {"hold_out": 0.5}), (5, {"hold_out": 1.0}),
                                            (5, {"hold_out": -0.1}), (5, {"limit": 0}),
                                            (5, {"hold_out": float("nan")})])
def test_what_leaves_nothing_to_learn_from_is_refused(n, options):
    with pytest.raises(StreamError):
        plan(n, seed=0, **options)
