"""Random lives of a mixture: sequences of growth events that can follow one another."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from aura.zones.experts.growth.log import GrowthEvent
from aura.zones.experts.growth.structure import Structure


@st.composite
def lives(draw: st.DrawFn, most: int = 12) -> list[GrowthEvent]:
    """Return events, each of which the structure allows."""
    structure, events, time = Structure(), [], 0
    for _ in range(draw(st.integers(0, most))):
        time += draw(st.integers(0, 2**40))
        names = structure.names
        active = [unit.name for unit in structure.units if unit.status == "active"]
        pruned = [unit.name for unit in structure.units if unit.status == "pruned"]
        choices = {"grow": (structure.next_name,), "prune": active if len(active) > 1 else [], "revive": pruned,
                   "freeze": [unit.name for unit in structure.units if not unit.frozen],
                   "thaw": [unit.name for unit in structure.units if unit.frozen]}
        action = draw(st.sampled_from([action for action, who in choices.items() if who]))
        event = GrowthEvent(time=time, items=draw(st.integers(0, 2**40)), action=action,  # type: ignore[arg-type]
                            expert=draw(st.sampled_from(choices[action])), kind=draw(st.text(max_size=3)),
                            reason=draw(st.sampled_from(["schedule", "surprise", "entropy", "utilisation", "request"])))
        if action == "grow":
            parents = tuple(draw(st.lists(st.sampled_from(names), max_size=3, unique=True))) if names else ()
            event = replace(event, parents=parents, seed=draw(st.integers(0, 2**128)), group=draw(st.integers(0, 3)),
                            start=draw(st.sampled_from(["seed", "clone", "distil", "committee"])))
        structure.apply(event)
        events.append(event)
    return events


def birth(number: int, items: int = 0, **more: object) -> GrowthEvent:
    """Return the event of one expert's birth."""
    return GrowthEvent(time=items, items=items, action="grow", expert=f"expert_{number}", kind="mlp", start="seed",
                       reason="schedule", **more)  # type: ignore[arg-type]


def act(action: str, number: int, items: int = 0) -> GrowthEvent:
    """Return the event of another change."""
    return GrowthEvent(time=items, items=items, action=action, expert=f"expert_{number}")  # type: ignore[arg-type]


def grown(count: int) -> Structure:
    """Return a structure of so many experts, born at item 0."""
    structure = Structure()
    for number in range(count):
        structure.apply(birth(number))
    return structure
