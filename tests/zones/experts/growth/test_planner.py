"""The planner follows its schedule, answers surprise with a birth or a revival, and prunes idle experts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura.core.errors import StateError
from aura.core.state import trees_equal
from aura.zones.experts.growth.board import Board
from aura.zones.experts.growth.log import GrowthEvent
from aura.zones.experts.growth.planner import GrowthPlanner, Plan
from aura.zones.experts.growth.structure import Structure
from aura.zones.experts.params import GrowthParams

Trial = Callable[[str], float]


class Life:
    """A mixture without experts: a planner, a board and a structure, driven by hand."""

    def __init__(self, *, most: int = 16, k: int = 2, shared: int = 0, **options: Any) -> None:
        params = GrowthParams(**{"schedule": (1,), "surprise_items": 20, "patience": 20, "cooldown": 0, **options})
        self.planner = GrowthPlanner(params, max_experts=most, k=k, shared=shared)
        self.board, self.structure, self.items = Board(memory=50, fast=20), Structure(), 0
        self.history: list[tuple[int, Plan]] = []

    def decide(self, drive: float = 1.0, trial: Trial | None = None) -> list[Plan]:
        """Decide, and do what was decided."""
        plans = self.planner.decide(self.structure, self.board, self.items, drive=drive, trial=trial)
        for plan in plans:
            name = plan.expert or self.structure.next_name
            self.structure.apply(GrowthEvent(time=self.items, items=self.items, action=plan.action, expert=name,
                                             parents=plan.teachers, start=plan.start, reason=plan.reason))
            if plan.action == "grow":
                self.board.grow()
            self.history.append((self.items, plan))
        return plans

    def see(self, count: int, loss: float = 0.2, expert: int = 0, entropy: float = 0.0, block: int = 1,
            **decide: Any) -> list[Plan]:
        """Show items that go to one expert, and return what was planned meanwhile."""
        first = len(self.history)
        for _ in range(0, count, block):
            one = np.ones((block, 1), np.float32)
            losses = np.float32(loss) * one
            expected = self.board.update(np.full((block, 1), expert), one, losses, losses[:, 0], np.ones(block, bool))
            self.planner.observe(np.full(block, entropy, np.float32), losses[:, 0], expected)
            self.items += block
            self.decide(**decide)
        return [plan for _, plan in self.history[first:]]


def test_the_schedule_begins_each_stage_with_its_experts() -> None:
    life = Life(schedule=(1, 3, 6), every=100, prune_below=0.0)
    assert [plan.reason for plan in life.decide()] == ["schedule"]
    assert life.see(99) == []
    assert len(life.see(1)) == 2
    assert life.see(99) == []
    assert len(life.see(1)) == 3
    assert life.see(300) == []
    assert len(life.structure) == 6


def test_the_first_experts_begin_on_their_own_and_later_ones_from_the_most_asked_in_turn() -> None:
    life = Life(schedule=(2, 5), every=100)
    assert life.decide() == [Plan("grow", "schedule", start="seed")] * 2
    life.see(60, expert=0)
    plans = life.see(40, expert=1)
    assert [plan.teachers for plan in plans] == [("expert_1",), ("expert_0",), ("expert_1",)]
    assert {plan.start for plan in plans} == {"clone"}


@pytest.mark.parametrize("start, teachers", [("seed", ()), ("clone", ("expert_2",)), ("distil", ("expert_2",)),
                                             ("committee", ("expert_2", "expert_0"))])
def test_teachers_are_as_the_start_asks(start: str, teachers: tuple[str, ...]) -> None:
    life = Life(schedule=(3, 4), every=100, start=start)
    life.decide()
    life.see(60, expert=0)
    assert life.see(40, expert=2) == [Plan("grow", "schedule", start=start, teachers=teachers)]  # type: ignore[arg-type]


def test_a_schedule_that_begins_late_catches_up_at_once() -> None:
    life = Life(schedule=(1, 3, 6), every=100)
    life.items = 250
    assert len(life.decide()) == 6


def test_stages_that_were_passed_over_do_not_come_again() -> None:
    life = Life(schedule=(1, 3, 3), every=100)
    life.items = 250
    life.decide()
    life.structure.apply(GrowthEvent(250, 250, "prune", "expert_2"))
    assert life.decide() == []


def test_teachers_are_active_and_have_been_asked() -> None:
    life = Life(schedule=(3, 6), every=100, prune_below=0.0)
    life.decide()
    life.see(40, expert=0)
    life.see(59, expert=1)
    life.structure.apply(GrowthEvent(99, 99, "prune", "expert_1"))
    assert [plan.teachers for plan in life.see(1, expert=0)] == [("expert_0",)] * 4


def test_the_count_begins_anew_after_a_birth_even_without_a_cooldown() -> None:
    life = Life(entropy=0.5)
    life.decide()
    life.see(100, entropy=1.0)
    births = [items for items, plan in life.history if plan.reason == "entropy"]
    assert births == [39, 59, 79, 99]


def test_what_is_pruned_is_replaced_when_the_next_stage_begins_and_not_before() -> None:
    life = Life(schedule=(3, 3), every=200, prune_after=100, prune_below=0.1)
    life.decide()
    assert [plan.action for plan in life.see(199)] == ["prune", "prune"]
    assert [plan.action for plan in life.see(1)] == ["grow", "grow"]


def test_a_surprise_that_lasts_gives_birth_to_an_expert() -> None:
    life = Life()
    life.decide()
    assert life.see(500) == []
    assert life.see(500, loss=2.0)[0] == Plan("grow", "surprise", start="clone", teachers=("expert_0",))
    item = life.history[1][0] - 500
    assert 20 <= item <= 25  # the patience, and the items until the running loss is above the threshold


def test_a_surprise_that_passes_is_none() -> None:
    life = Life()
    life.decide()
    life.see(500)
    assert life.see(5, loss=2.0) + life.see(500) == []


def test_a_gate_at_a_loss_gives_birth_to_an_expert() -> None:
    life = Life(entropy=0.8, schedule=(2,))
    life.decide()
    assert life.see(100, entropy=0.7) == []
    assert [plan.reason for plan in life.see(100, entropy=0.95)][:1] == ["entropy"]


def test_no_trigger_counts_in_the_cooldown() -> None:
    life = Life(entropy=0.5, cooldown=100, schedule=(1,))
    life.decide()
    life.see(500, entropy=1.0)
    # From the end of a cooldown on, the patience is counted; its first item is the one that ends it.
    assert [items for items, plan in life.history if plan.reason == "entropy"] == [119, 238, 357, 476]


def test_the_drive_divides_the_patience_and_zero_ends_growth_by_triggers() -> None:
    waits = []
    for drive in (0.5, 1.0, 2.0):
        life = Life(entropy=0.5, patience=40)
        life.decide()
        life.see(200, entropy=1.0, drive=drive)
        waits.append(life.history[1][0] - 20)
    assert [wait + 1 for wait in waits] == [80, 40, 20]
    life = Life(entropy=0.5)
    life.decide()
    assert life.see(500, loss=0.1, entropy=1.0, drive=0.0) + life.see(500, loss=5.0, entropy=1.0, drive=0.0) == []


def test_births_beyond_the_greatest_number_are_refused_and_counted() -> None:
    life = Life(most=2, schedule=(1, 2), every=100, cooldown=50, prune_below=0.0)
    life.decide()
    life.see(500)
    assert life.planner.refused == 0
    assert life.see(75, loss=3.0) == []
    assert (life.planner.refused, len(life.structure)) == (1, 2)
    life = Life(most=3, schedule=(1, 2), every=100)
    life.structure.apply(GrowthEvent(0, 0, "grow", "expert_0"))
    life.planner = GrowthPlanner(GrowthParams(schedule=(5,)), max_experts=3)
    life.board.grow()
    assert len(life.decide()) == 2
    assert life.planner.refused == 2


def surprised(losses: dict[str, float], **options: Any) -> list[Plan]:
    """Return what is planned by surprise where two experts were pruned that have these losses."""
    life = Life(schedule=(3,), prune_below=0.0, cooldown=10**6, **options)
    life.decide()
    life.planner = GrowthPlanner(GrowthParams(schedule=(1,), prune_below=0.0, surprise_items=20, patience=20,
                                              **options), max_experts=16)
    for name in ("expert_1", "expert_2"):
        life.structure.apply(GrowthEvent(0, 0, "prune", name))
    life.see(500)
    return life.see(60, loss=2.0, trial=losses.__getitem__)


def test_an_expert_that_does_better_on_the_surprising_items_is_taken_up_again() -> None:
    assert surprised({"expert_1": 0.5, "expert_2": 0.3}) == [Plan("revive", "surprise", "expert_2")]


def test_a_new_expert_is_born_where_none_of_those_pruned_does_better() -> None:
    assert [plan.action for plan in surprised({"expert_1": 1.9, "expert_2": 2.5})] == ["grow"]
    assert [plan.action for plan in surprised({"expert_1": 0.1, "expert_2": 0.1}, revive=False)] == ["grow"]


def test_a_teacher_is_frozen_when_that_is_asked_for_and_the_birth_is_by_surprise() -> None:
    life = Life(freeze_parent=True, entropy=0.9, schedule=(1, 2), every=50, prune_below=0.0, cooldown=10)
    life.decide()
    assert [plan.action for plan in life.see(100)] == ["grow"]
    life.see(400)
    assert life.see(40, loss=2.0)[:2] == [Plan("grow", "surprise", start="clone", teachers=("expert_0",)),
                                          Plan("freeze", "surprise", "expert_0")]
    assert life.structure.frozen.tolist()[0]
    assert {plan.action for plan in life.see(40, loss=9.0)} == {"grow"}  # it is frozen already


def test_idle_experts_are_pruned_one_at_a_time_and_not_at_all_if_switched_off() -> None:
    life = Life(schedule=(3,), prune_after=100, prune_below=0.1)
    life.decide()
    life.see(300, expert=1)
    assert [plan for _, plan in life.history[3:]] == [Plan("prune", "utilisation", "expert_0"),
                                                      Plan("prune", "utilisation", "expert_2")]
    assert life.history[3][0] < life.history[4][0]
    life = Life(schedule=(3,), prune_after=100, prune_below=0.0)
    life.decide()
    assert life.see(300, expert=1) == []


def test_shared_experts_are_never_pruned() -> None:
    life = Life(schedule=(3,), prune_after=100, prune_below=0.1, shared=1)
    life.decide()
    life.see(300, expert=1)
    assert life.structure.active.tolist() == [True, True, False]


@pytest.mark.slow
@settings(deadline=None, max_examples=20)
@given(st.lists(st.tuples(st.integers(1, 60), st.sampled_from([0.05, 0.3, 2.0]), st.integers(0, 3),
                          st.sampled_from([0.0, 0.9])), max_size=12), st.integers(0, 12))
def test_a_planner_that_was_restored_decides_the_same(days: list[tuple[int, float, int, float]], cut: int) -> None:
    options: dict[str, Any] = {"schedule": (1, 2, 4), "every": 60, "entropy": 0.8, "cooldown": 30, "prune_after": 40,
                               "prune_below": 0.2, "most": 6, "freeze_parent": True}
    whole, first = Life(**options), Life(**options)
    for number, (count, loss, expert, entropy) in enumerate(days):
        if number == cut:
            other = Life(**options)
            other.planner.load_state(first.planner.state())
            other.board.load_state(first.board.state())
            other.structure, other.items, other.history = first.structure, first.items, first.history
            first = other
        for life in (whole, first):
            life.decide()
            asked = int(np.flatnonzero(life.structure.active)[expert % int(life.structure.active.sum())])
            life.see(count, loss=loss, expert=asked, entropy=entropy, trial=lambda name: 0.01 * len(name))
    assert first.history == whole.history
    assert first.structure == whole.structure
    assert trees_equal(first.planner.state(), whole.planner.state())


def test_a_state_that_does_not_fit_is_refused_and_changes_nothing() -> None:
    planner = Life().planner
    before = planner.state()
    for state in ({}, {**before, "stage": "first"}, {**before, "triggers": {}}, {**before, "triggers": None}):
        with pytest.raises(StateError, match="GrowthPlanner"):
            planner.load_state(state)
    assert trees_equal(planner.state(), before)
