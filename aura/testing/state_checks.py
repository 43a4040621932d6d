"""Checks that the state is complete: it survives a file, and a resumed run equals one that never stopped."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from aura.core.handed import as_files
from aura.core.held import saved
from aura.core.lasting import Stateful
from aura.core.state import read_tree, trees_equal, write_tree
from aura.core.time import format_time
from aura.core.zone import Zone
from aura.testing.play import NAME, difference, make_brain, play, running, span_of
from aura.testing.subject import Subject

__all__ = ["a_used_zone_goes_back", "exports_come_back", "resume_after_learning_is_exact", "resume_is_exact",
           "state_survives_a_file"]


_COMPARED = (bool, int, float, str, bytes, tuple, list, dict, set, deque, np.ndarray)
"""Types of attributes that are compared to name what a state lacks."""


def state_survives_a_file(subject: Subject) -> None:
    """The state after learning goes through a safetensors file and into a new zone without a changed bit."""
    tree = play(subject).state
    with running(subject), TemporaryDirectory() as folder, make_brain(subject)[0] as fresh:
        file = Path(folder) / "state.safetensors"
        write_tree(file, tree, NAME)
        back = read_tree(file, NAME)
        if not trees_equal(tree, back):
            raise subject.failure("its state changes on the way through a file")
        fresh[NAME].load_state(back)
        if not trees_equal(fresh[NAME].state(), read_tree(file, NAME)):
            raise subject.failure("state() after load_state() is not the state that was loaded")


def resume_is_exact(subject: Subject) -> None:
    """With learning off, a run that is stopped and resumed equals one that never stopped."""
    _resume(subject, learning=False)


def resume_after_learning_is_exact(subject: Subject) -> None:
    """With learning on, a run that is stopped and resumed equals one that never stopped: learner state is complete."""
    _resume(subject, learning=True)


def a_used_zone_goes_back(subject: Subject) -> None:
    """A zone that has gone on takes an earlier state as a new zone does: so a run that fails goes back.

    And a state that it returned earlier has stayed as it was.
    """
    end = span_of(subject)
    with running(subject), TemporaryDirectory() as folder:
        brain, recorder = make_brain(subject)
        with brain:
            brain.run(until=end // 2)
            checkpoint, before = brain.save(folder), len(recorder.published)
            taken, twin = brain[NAME].state(), deepcopy(brain[NAME].state())
            brain.run(until=end)
            if not trees_equal(taken, twin):
                raise subject.failure("a state that it returned changes as it goes on: state() must return copies")
            first, state = recorder.published[before:], brain[NAME].state()
            recorder.published.clear()
            brain.load(checkpoint)
            brain.run(until=end)
            again = brain[NAME].state()
    where = difference(first, recorder.published)
    if where is None and not trees_equal(state, again):
        where = "the states at the end"
    if where is not None:
        raise subject.failure(f"taken back to {format_time(end // 2)} it differs from when it was there first: "
                              f"{where}. load_state() must replace all that the zone carries from tick to tick")


def exports_come_back(subject: Subject) -> None:
    """What the zone exports after learning, a new zone takes over and exports alike; nothing to do for most zones."""
    with running(subject):
        kind = subject.load()
    if kind.export is Zone.export:
        return
    with running(subject), TemporaryDirectory() as folder:
        out, again = Path(folder, "out"), Path(folder, "again")
        out.mkdir()
        again.mkdir()
        with make_brain(subject)[0] as learned, make_brain(subject)[0] as fresh:
            learned.run(until=span_of(subject))
            # People write `load_export("heads")`.
            as_files(learned[NAME].export(str(out)), f"{NAME}.export()")
            as_files(fresh[NAME].load_export(str(out)), f"{NAME}.load_export()")
            fresh[NAME].export(again)
        first, second = ({str(file.relative_to(place)): file.read_bytes() for file in sorted(place.rglob("*"))
                          if file.is_file()} for place in (out, again))
        for name in sorted(first.keys() | second.keys()):
            if first.get(name) != second.get(name):
                raise subject.failure(f"its export {name!r} is another after load_export()")


def _resume(subject: Subject, learning: bool) -> None:
    whole = play(subject, learning=learning)
    end = span_of(subject)
    # A third and two thirds in, and one instant later each: with signals on their way as well as without.
    for cut in sorted({end * part // 3 + late for part in (1, 2) for late in (0, 1_000_000)}):
        with running(subject), TemporaryDirectory() as folder:
            with make_brain(subject, learning=learning)[0] as stopped:
                stopped.run(until=cut)
                checkpoint, zone = stopped.save(folder), stopped[NAME]
            brain, recorder = make_brain(subject, learning=learning)
            with brain:
                brain.load(checkpoint)
                brain.run(until=end)
                where = difference([message for message in whole.published if message.time >= cut], recorder.published)
                if where is None and not trees_equal(whole.state, brain[NAME].state()):
                    where = "the states at the end"
                if where is None:
                    continue
                brain.load(checkpoint)
                others = ", ".join(_others(zone, brain[NAME]))
                raise subject.failure(
                    f"resumed at {format_time(cut)} it differs from the run that never stopped: {where}. Its state "
                    "must hold all that the zone carries from tick to tick"
                    + (f"; when it is loaded, these are others: {others}" if others else ""))


def _others(zone: Any, loaded: Any, path: str = "") -> Iterator[str]:
    """Return the attributes that hold others in a zone that has loaded the state of `zone` than in that one."""
    for name, value in vars(zone).items():
        other = vars(loaded).get(name)
        if isinstance(value, Stateful) and type(value) is type(other):
            yield from _others(value, other, f"{path}{name}.")
        elif type(value) in _COMPARED and not trees_equal(saved(value), saved(other)):
            yield f"{path}{name}"
