"""The turns that the modes of propagation take."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura.core.errors import ParameterError, StateError
from aura.zones.fabric.learning.mode_cycle import ModeCycle
from aura.zones.fabric.learning.response_params import ModeCycleParams, PropagationMode

SWITCHES = st.fixed_dictionaries({mode.value: st.booleans() for mode in PropagationMode})


def cycle(**params: Any) -> ModeCycle:
    return ModeCycle(ModeCycleParams(**params))


def names(made: ModeCycle, count: int) -> list[str]:
    return [made.advance().value for _ in range(count)]


def test_the_three_modes_have_a_third_each() -> None:
    assert Counter(names(cycle(), 300)) == {"normal": 100, "random": 100, "intentional": 100}


def test_with_the_fourth_each_has_a_quarter() -> None:
    assert set(Counter(names(cycle(bidirectional=True), 400)).values()) == {100}


@given(SWITCHES, st.integers(1, 5), st.integers(0, 40))
def test_the_share_is_exact_over_any_whole_cycle_of_the_modes_that_are_on(switches: dict[str, bool], steps_each: int,
                                                                          begin: int) -> None:
    on = [name for name, switch in switches.items() if switch]
    if not on:
        with pytest.raises(ParameterError, match="at least one mode"):
            cycle(**switches)
        return
    made = cycle(**switches, steps_each=steps_each)
    names(made, begin)
    assert Counter(names(made, len(on) * steps_each)) == dict.fromkeys(on, steps_each)


def test_a_mode_has_its_steps_in_a_row() -> None:
    assert names(cycle(steps_each=2, random=False), 6) == ["normal"] * 2 + ["intentional"] * 2 + ["normal"] * 2


def test_looking_at_the_mode_does_not_advance_it() -> None:
    made = cycle()
    assert made.mode == made.mode == made.advance() == "normal"
    assert made.mode == "random"


@given(SWITCHES.filter(lambda switches: any(switches.values())), st.integers(1, 4), st.integers(0, 30), st.booleans())
def test_state_continues_the_cycle(switches: dict[str, bool], steps_each: int, begin: int, keeps: bool) -> None:
    made, other = (cycle(**switches, steps_each=steps_each) for _ in range(2))
    names(made, begin)
    if keeps:
        made.keep(made.mode)
    other.load_state(made.state())
    assert names(made, 20) == names(other, 20)
    for one in (made, other):
        one.keep(None)
    assert names(made, 20) == names(other, 20)


def test_it_keeps_the_mode_that_it_is_told_and_then_goes_on_where_it_stood() -> None:
    made = cycle()
    names(made, 1)
    made.keep("intentional")
    assert names(made, 5) == ["intentional"] * 5
    made.keep(None)
    assert names(made, 3) == ["random", "intentional", "normal"]


def test_a_mode_can_be_kept_from_the_start() -> None:
    assert set(names(cycle(keep="random"), 10)) == {"random"}


def test_a_mode_that_is_off_or_unknown_cannot_be_kept() -> None:
    with pytest.raises(ParameterError, match=r"fabric\.modes\.keep.*'bidirectional'"):
        cycle(keep="bidirectional")
    with pytest.raises(ParameterError, match="Try 'normal'"):
        cycle().keep("norml")


def test_a_state_of_another_cycle_is_refused() -> None:
    made = cycle()
    names(made, 2)
    with pytest.raises(StateError):
        cycle(intentional=False).load_state(made.state())
    made.keep("random")
    with pytest.raises(StateError):
        cycle(random=False, bidirectional=True).load_state(made.state())
