"""The checks that a zone obeys the modulators that it declares, and the energy gate by not learning."""

from __future__ import annotations

import numpy as np

from aura.core.ports import MODULATORS
from aura.core.state import trees_equal
from aura.testing.play import NAME, Played, difference, make_brain, play, running, span_of
from aura.testing.subject import Subject

__all__ = ["modulators_at_their_defaults_change_nothing", "without_energy_nothing_is_learned"]


def modulators_at_their_defaults_change_nothing(subject: Subject) -> None:
    """A modulator that comes with its default value does what none does."""
    with running(subject):
        member = make_brain(subject)[0].plans[NAME]
    if MODULATORS.name in member.wake_on:
        return  # what wakes the zone is seen
    defaults = {name: one.default for name, one in member.modulators.items()
                if float(np.float32(one.default)) == one.default}  # others are rounded on the bus
    _require_same(subject, play(subject), play(subject, modulators=defaults), "modulators at their defaults")


def without_energy_nothing_is_learned(subject: Subject) -> None:
    """While the energy gate is shut the zone is as with learning off, and what was left out is counted."""
    if MODULATORS.name in make_brain(subject)[0].plans[NAME].wake_on:
        return
    _require_same(subject, play(subject, learning=False), _without_energy(subject),
                  "a shut energy gate, against learning off,")


def _without_energy(subject: Subject) -> Played:
    with running(subject):
        brain, recorder = make_brain(subject, learning=False, modulators={"energy_gate": 0.0})
        with brain:
            brain.run(until=2 * brain.resolution)  # by then it has come
            brain.learning = True
            brain.run(until=span_of(subject))
            return Played(recorder.published, recorder.fed, brain[NAME].state())


def _require_same(subject: Subject, one: Played, other: Played, what: str) -> None:
    reason = difference(one.published, other.published)
    if reason is None and not trees_equal(one.state, other.state):
        reason = "the states differ"
    if reason is not None:
        raise subject.failure(f"{what} changed what it does: {reason}")
