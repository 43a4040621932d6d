"""The growth log is only ever added to, comes back from its lines, and names a line that is damaged."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura.core.errors import StateError
from aura.zones.experts.growth.log import GrowthEvent, GrowthLog, parse, parse_lines
from tests.zones.experts.growth.growth_events import birth, lives


@pytest.mark.slow
@settings(deadline=None, max_examples=25)
@given(lives())
def test_events_come_back_from_their_lines(events: list[GrowthEvent]) -> None:
    assert [parse(event.line()) for event in events] == events
    assert all("\n" not in event.line() for event in events)


@pytest.mark.slow
@settings(deadline=None, max_examples=25)
@given(lives(), st.integers(0, 20))
def test_a_log_continues_after_a_restart(events: list[GrowthEvent], cut: int) -> None:
    whole, first, second = GrowthLog(), GrowthLog(), GrowthLog()
    for event in events:
        whole.append(event)
    for event in events[:cut]:
        first.append(event)
    second.load_state(json.loads(json.dumps(first.state())))
    for event in events[cut:]:
        second.append(event)
    assert second.lines() == whole.lines()
    assert second.events() == events
    assert len(second) == len(events)


def test_a_state_does_not_change_when_events_follow() -> None:
    log = GrowthLog()
    log.append(birth(0))
    state = log.state()
    log.append(birth(1))
    assert len(state["lines"]) == 1


def test_the_latest_lines_can_be_had_alone() -> None:
    log = GrowthLog()
    first, second = log.append(birth(0)), log.append(birth(1))
    assert (log.lines(0), log.lines(1), log.lines(2)) == ([first, second], [second], [])


LINE = birth(0).line()


@pytest.mark.parametrize("line", [
    "", "no JSON", "[]", "{}", LINE[:-1], LINE + "}", "[" * 100_000, LINE.replace('"seed"', '"sead"'),
    LINE.replace('"grow"', '"grown"'), LINE.replace('"schedule"', '"whim"'), LINE.replace('"items": 0', '"items": -1'),
    LINE.replace('"items": 0', '"items": 0.5'), LINE.replace('"items": 0', '"items": true'),
    LINE.replace('"parents": []', '"parents": "expert_0"'), LINE.replace('"parents": []', '"parents": [1]'),
    LINE.replace('"expert_0"', "null"), LINE.replace('"start": "seed"', '"start": null'),
    LINE.replace('"start": "seed"', '"start": []')])
def test_a_damaged_line_is_named_by_its_number(line: str) -> None:
    with pytest.raises(StateError, match=r"^growth\.jsonl: line 2"):
        parse_lines([LINE, line, LINE], "growth.jsonl")


def test_a_damaged_state_is_refused_and_changes_nothing() -> None:
    log = GrowthLog("experts.growth")
    log.append(birth(0))
    for state in ({}, {"lines": LINE}, {"lines": [LINE, "x"]}):
        with pytest.raises(StateError, match=r"experts\.growth|GrowthLog"):
            log.load_state(state)
    assert log.lines() == [LINE]
