"""Checks that a run depends on seed and inputs alone: not on the clock, the executor, or who else is in the brain."""

from __future__ import annotations

from typing import Any

from aura.core.signals import Inputs
from aura.core.state import trees_equal
from aura.core.time import Time
from aura.core.zone import Manifest, Outputs, Zone
from aura.testing.feeder import Feed
from aura.testing.play import Played, difference, play
from aura.testing.subject import Subject

__all__ = ["labels_do_nothing_when_learning_is_off", "neighbours_change_nothing", "runs_are_identical",
           "threads_equal_serial"]


def runs_are_identical(subject: Subject) -> None:
    """Two runs with one seed are identical to the bit, the state that they end in included."""
    _must_equal(subject, play(subject), play(subject), "two runs with the same seed and inputs differ",
                "Take all randomness from self.rng, and neither time nor the order of sets")


def threads_equal_serial(subject: Subject) -> None:
    """The zone beside a copy of itself gives the same bits serially and on threads."""
    serial, threads = (play(subject, executor=executor, copies=["twin"]) for executor in ("serial", "threads"))
    _must_equal(subject, serial, threads, "the executors serial and threads differ",
                "Share nothing between zones: no globals, no class attributes that change")


def neighbours_change_nothing(subject: Subject) -> None:
    """A copy of the zone, and a zone that draws random numbers, change no bit of it."""
    alone = play(subject)
    together = play(subject, copies=["twin"], extra=[_Bystander])
    _must_equal(subject, alone, together, "it changes when other zones join the brain",
                "Share nothing between zones: no globals, no class attributes that change")


def labels_do_nothing_when_learning_is_off(subject: Subject) -> None:
    """With learning off, other labels give the same outputs: `step` learns nothing."""
    one, other = (play(subject, Feed(label_seed=seed), learning=False) for seed in (0, 1))
    _must_equal(subject, one, other, "with learning off, its labels change it",
                "Read labels in learn() alone")


class _Bystander(Zone[Any]):
    """Draws from its own stream at every tick."""

    manifest = Manifest("bystander", "", period="1 ms")

    def step(self, now: Time, inputs: Inputs) -> Outputs:
        self.rng.random(3)
        return None


def _must_equal(subject: Subject, one: Played, other: Played, what: str, hint: str) -> None:
    where = difference(one.published, other.published)
    if where is None and not trees_equal(one.state, other.state):
        where = "the states at the end"
    if where is not None:
        raise subject.failure(f"{what}: {where}. {hint}")
