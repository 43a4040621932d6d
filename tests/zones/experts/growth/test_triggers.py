"""Triggers hold when a stream surprises or a gate is at a loss, and not before."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura.core.errors import SignalError, StateError
from aura.core.state import trees_equal
from aura.zones.experts.growth.board import Board
from aura.zones.experts.growth.triggers import FLOOR_NATS, Triggers
from aura.zones.experts.params import GrowthParams


def triggers(**options: Any) -> Triggers:
    """Return triggers over ten items."""
    return Triggers(GrowthParams(**{"surprise_items": 10, **options}))


def see(found: Triggers, count: int, *, loss: float = 0.2, expected: float = 0.2, entropy: float = 0.0) -> None:
    """Show so many items that are alike."""
    found.observe(np.full(count, entropy, np.float32), np.full(count, loss, np.float32), np.full(count, expected))


def test_a_stream_as_expected_surprises_nobody() -> None:
    found = triggers()
    see(found, 1000)
    assert (found.surprised, found.ambiguous) == (0, 0)
    assert found.loss == pytest.approx(0.2)


def test_surprise_counts_the_items_in_a_row_for_which_it_holds() -> None:
    found = triggers(surprise=2.0)
    see(found, 100)
    see(found, 30, loss=1.2)
    # 0.2 + 1.0 (1 - 0.9^n) is above 0.4 from the third item on.
    assert found.surprised == 28
    see(found, 100)
    assert found.surprised == 0


def test_what_is_expected_is_taken_before_the_surprising_items() -> None:
    found = triggers(surprise=2.0)
    see(found, 100)
    see(found, 300, loss=1.2, expected=1.2)
    assert found.surprised == 0  # what was foreseen
    see(found, 300)
    see(found, 5, loss=1.2)
    see(found, 300, loss=1.2, expected=1.2)  # the experts' slow loss follows while the surprise lasts
    assert found.surprised == 303
    assert found.expected == pytest.approx(0.2)


def test_tiny_losses_do_not_surprise() -> None:
    found = triggers(surprise=2.0)
    see(found, 100, loss=1e-4, expected=1e-4)
    see(found, 100, loss=0.99 * FLOOR_NATS, expected=1e-4)
    assert found.surprised == 0
    see(found, 100, loss=1.01 * FLOOR_NATS, expected=1e-4)
    assert found.surprised > 0


def test_nothing_holds_before_the_running_means_are_full() -> None:
    found = triggers(surprise=2.0, entropy=0.5)
    see(found, 9, loss=9.0, entropy=1.0)
    assert (found.surprised, found.ambiguous) == (0, 0)
    see(found, 1, loss=9.0, entropy=1.0)
    assert (found.surprised, found.ambiguous) == (1, 1)


def test_a_gate_at_a_loss_counts() -> None:
    found = triggers(entropy=0.8)
    see(found, 50, entropy=0.5)
    see(found, 50, entropy=0.9)
    # 0.5 + 0.4 (1 - 0.9^n) is above 0.8 from item 14 on.
    assert found.ambiguous == 37
    assert found.entropy == pytest.approx(0.9, abs=0.01)


def test_triggers_that_are_switched_off_never_hold() -> None:
    found = triggers(surprise=0.0, entropy=1.0)
    see(found, 100, loss=9.0, entropy=1.0)
    assert (found.surprised, found.ambiguous) == (0, 0)


def test_a_reset_counts_anew_and_keeps_the_means() -> None:
    found = triggers(surprise=2.0)
    see(found, 100)
    see(found, 50, loss=1.2)
    loss = found.loss
    found.reset()
    assert (found.surprised, found.loss) == (0, loss)
    see(found, 5, loss=1.2)
    assert found.surprised == 5


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32), st.lists(st.integers(0, 60), max_size=5))
def test_blocks_of_any_size_and_restarts_give_the_same_bits(seed: int, cuts: list[int]) -> None:
    random = np.random.default_rng(seed)
    data = (random.random(60).astype(np.float32), random.exponential(size=60).astype(np.float32), random.random(60))
    whole, parts = triggers(surprise=1.2, entropy=0.5), triggers(surprise=1.2, entropy=0.5)
    whole.observe(*data)
    for a, b in pairwise([0, *sorted(cuts), 60]):
        parts.observe(*(array[a:b] for array in data))
        state = parts.state()
        parts = triggers(surprise=1.2, entropy=0.5)
        parts.load_state(state)
    assert trees_equal(parts.state(), whole.state())


def test_means_that_decay_become_zero_and_no_denormal_numbers() -> None:
    found = triggers(surprise_items=2)
    see(found, 10, loss=1.0, entropy=1.0)
    see(found, 3000, loss=0.0, expected=0.0, entropy=0.0)
    assert (found.loss, found.expected, found.entropy) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("which", [0, 1, 2])
def test_what_is_no_number_is_refused_and_nothing_is_counted(which: int) -> None:
    found = triggers()
    see(found, 5)
    before = found.state()
    data = [np.zeros(4), np.zeros(4), np.zeros(4)]
    data[which][2] = np.nan
    with pytest.raises(SignalError, match="item 2 of 4: expected finite"):
        found.observe(*data)
    assert trees_equal(found.state(), before)


def test_a_state_of_another_form_is_refused() -> None:
    with pytest.raises(StateError, match=r"Triggers\.memo"):
        triggers().load_state({"memo": np.zeros(3)})


def losses(error: float, count: int, random: np.random.Generator) -> np.ndarray:
    """Return losses as a classifier has them: small ones, and large ones where it errs."""
    return np.where(random.random(count) < error, random.exponential(2.0, count), random.exponential(0.03, count))


@pytest.mark.parametrize("error", [0.02, 0.1])
def test_chance_alone_does_not_surprise_and_a_drift_is_noticed_soon(error: float) -> None:
    params, random = GrowthParams(), np.random.default_rng(1)
    board, found = Board(fast=params.surprise_items), Triggers(params)
    board.grow()
    data = np.concatenate([losses(error, 30_000, random), losses(0.9, 300, random)]).astype(np.float32)
    surprised = []
    for block in data.reshape(-1, 20):
        one = np.ones((20, 1), np.float32)
        expected = board.update(np.zeros((20, 1), np.int64), one, one * block[:, None], block, one[:, 0] > 0)
        found.observe(np.zeros(20, np.float32), block, expected)
        surprised.append(found.surprised)
    assert max(surprised[:1500]) < params.patience <= surprised[-1]
