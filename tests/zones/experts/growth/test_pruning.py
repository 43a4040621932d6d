"""Experts that are hardly asked are pruned, one at a time; the one that does better is revived."""

from __future__ import annotations

import numpy as np
import pytest

from aura.zones.experts.growth.pruning import REVIVAL_MARGIN, idle, revivable
from aura.zones.experts.growth.structure import Structure
from tests.zones.experts.growth.growth_events import act, grown


def asked(structure: Structure, share: list[float], items: int = 1000, shared: int = 0) -> str | None:
    """Return who may be pruned."""
    return idle(structure, np.array(share), items, below=0.1, after=500, shared=shared)


def test_the_least_asked_is_pruned_below_its_part_of_an_equal_share() -> None:
    assert asked(grown(4), [0.9, 0.020, 0.010, 0.070]) == "expert_2"
    assert asked(grown(4), [0.9, 0.026, 0.026, 0.048]) is None  # a tenth of a quarter is 0.025


def test_nobody_is_pruned_in_its_grace() -> None:
    structure = grown(2)
    assert asked(structure, [1.0, 0.0], items=499) is None
    assert asked(structure, [1.0, 0.0], items=500) == "expert_1"
    structure.apply(act("prune", 1))
    structure.apply(act("revive", 1, items=900))
    assert asked(structure, [1.0, 0.0], items=1399) is None
    assert asked(structure, [1.0, 0.0], items=1400) == "expert_1"


def test_frozen_and_shared_experts_and_the_last_active_one_stay() -> None:
    structure = grown(3)
    assert asked(structure, [0.0, 0.0, 1.0], shared=2) is None
    structure.apply(act("freeze", 0))
    assert asked(structure, [0.0, 0.01, 0.99]) == "expert_1"
    structure.apply(act("prune", 1))
    structure.apply(act("thaw", 0))
    structure.apply(act("prune", 0))
    assert asked(structure, [0.0, 0.0, 0.0]) is None


def test_equal_parts_are_counted_among_the_active() -> None:
    structure = grown(4)
    for number in (2, 3):
        structure.apply(act("prune", number))
    assert asked(structure, [0.96, 0.04, 0.0, 0.0]) == "expert_1"  # a tenth of a half


@pytest.mark.parametrize("losses, expected", [
    ([0.9, 0.9], None), ([0.5, 0.7], "expert_1"), ([0.7, 0.5], "expert_2"), ([np.nan, 0.5], "expert_2"),
    ([np.nan, np.nan], None), ([np.inf, -np.inf], None), ([REVIVAL_MARGIN, REVIVAL_MARGIN], None)])
def test_the_best_of_those_pruned_is_revived_if_it_beats_the_stream(losses: list[float],
                                                                      expected: str | None) -> None:
    structure = grown(3)
    for number in (1, 2):
        structure.apply(act("prune", number))
    tried: list[str] = []

    def trial(name: str) -> float:
        tried.append(name)
        return losses[structure.index(name) - 1]

    assert revivable(structure, trial, 1.0) == expected
    assert tried == ["expert_1", "expert_2"]
