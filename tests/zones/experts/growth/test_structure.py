"""A structure is what its growth log comes to, and refuses what cannot be."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura.core.errors import StateError
from aura.zones.experts.growth.log import GrowthEvent
from aura.zones.experts.growth.structure import Structure, rebuild
from tests.zones.experts.growth.growth_events import act, birth, grown, lives


@settings(deadline=None, max_examples=25)
@given(lives())
def test_the_log_rebuilds_the_structure_exactly(events: list[GrowthEvent]) -> None:
    structure = Structure()
    for event in events:
        structure.apply(event)
    found = rebuild([event.line() for event in events])
    assert found == structure
    assert found.active.tolist() == structure.active.tolist()
    assert found.frozen.tolist() == structure.frozen.tolist()
    assert found.names == structure.names == tuple(f"expert_{number}" for number in range(len(found)))
    assert len(found) == 0 or found.active.any()


@settings(deadline=None, max_examples=25)
@given(lives(), st.data())
def test_structures_with_other_lives_differ(events: list[GrowthEvent], data: st.DataObject) -> None:
    if not events:
        return
    one, other = Structure(), Structure()
    for event in events[:-1]:
        one.apply(event)
        other.apply(event)
    one.apply(events[-1])
    assert one != other


def test_a_life_of_one_expert() -> None:
    structure = grown(2)
    structure.apply(act("prune", 0, 10))
    assert structure.active.tolist() == [False, True]
    unit = structure.apply(act("revive", 0, 30))
    assert (unit.born, unit.since, unit.status) == (0, 30, "active")
    structure.apply(act("freeze", 1, 40))
    assert structure.frozen.tolist() == [False, True]
    structure.apply(act("thaw", 1, 50))
    assert structure.frozen.tolist() == [False, False]
    assert structure.index("expert_1") == 1
    assert structure.groups.tolist() == [0, 0]


@pytest.mark.parametrize("event, message", [
    (birth(3), "the birth of 'expert_2', got 'expert_3'"), (birth(1), "the birth of 'expert_2'"),
    (birth(2, parents=("expert_5",)), "parents that were born before"), (act("revive", 0), "that was pruned"),
    (act("thaw", 0), "frozen"), (act("prune", 7), "'expert_0'|expert_1"), (act("freeze", 9), "unknown name")])
def test_what_cannot_be_is_refused_and_changes_nothing(event: GrowthEvent, message: str) -> None:
    structure = grown(2)
    with pytest.raises(StateError, match=message):
        structure.apply(event)
    assert structure == grown(2)


def test_the_last_active_expert_is_not_pruned() -> None:
    structure = grown(2)
    structure.apply(act("prune", 0))
    with pytest.raises(StateError, match=r"expert_1: prune.*the last one"):
        structure.apply(act("prune", 1))
    with pytest.raises(StateError, match="pruned already"):
        structure.apply(act("prune", 0))


def test_masks_are_never_changed_in_place() -> None:
    structure = grown(2)
    before = structure.active
    structure.apply(act("prune", 0))
    assert before.tolist() == [True, True]
    with pytest.raises(ValueError, match="read-only"):
        structure.active[0] = True


def test_a_line_that_cannot_follow_is_named_by_its_number() -> None:
    lines = [birth(0).line(), birth(2).line()]
    with pytest.raises(StateError, match=r"^growth\.jsonl: line 2: expected the birth of 'expert_1'"):
        rebuild(lines, "growth.jsonl")
    with pytest.raises(StateError, match=r"^growth\.jsonl: line 3: expected an event"):
        rebuild([birth(0).line(), birth(1).line(), "{"], "growth.jsonl")


def test_a_structure_of_no_lines_is_empty() -> None:
    assert rebuild([]) == Structure()
    assert Structure().active.tolist() == []
