"""Turns that come again are learned from, but say nothing of how sure the zone may be."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from aura.core.signals import again

from .conftest import SMALL, Bench, rows

Make = Callable[..., Bench]
TASKS = {"act": {}, "taste": {"of": "author", "aggregate": "learned"}}


def played(one: Bench, passes: int) -> None:
    """Show and tell 40 conversations of two turns whose truth is a coin's, each so many times."""
    coins = np.random.default_rng(2).integers(2, size=40)
    for number in range(passes):
        for talk, coin in enumerate(coins.tolist()):
            ids = np.array([2 * talk, 2 * talk + 1])
            ids = ids if number == 0 else again(ids) + 100 * number
            one.show(rows(2, talk), ids.tolist(), f"{number} of {talk}", f"author {talk}")
            one.tell(("xy"[coin],) * 2, ids.tolist())
            one.tell(("xy"[coin],), ids[1:].tolist(), "taste")


def test_how_sure_it_may_be_is_learned_from_first_sights_alone(bench: Make) -> None:
    once, again_and_again = (bench(tasks=TASKS, network={**SMALL, "dropout": 0.0}) for _ in range(2))
    played(once, 1)
    played(again_and_again, 2)
    one, other = once.zone._tasks["act"], again_and_again.zone._tasks["act"]
    assert np.array_equal(one._sample.scores, other._sample.scores)
    assert np.array_equal(once.zone._tasks["taste"].aggregator.weights,
                          again_and_again.zone._tasks["taste"].aggregator.weights)
    assert not np.array_equal(one.readout.parameters.values, other.readout.parameters.values)


def test_another_pass_that_the_stream_tells_of_is_no_second_conversation_of_a_name(bench: Make) -> None:
    one = bench()
    one.show(rows(2), [1, 2], "a", turns=[0, 1])
    one.show(rows(2), again(np.array([1, 2])).tolist(), "a", turns=[0, 1])
    assert one.notices["began {count} conversations"] == 0
    assert one.zone._conversations.turns == 2
    one.show(rows(2), [3, 4], "a", turns=[0, 1])
    assert one.notices["began {count} conversations"] == 1
