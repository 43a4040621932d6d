"""Observers are handed a view of the brain, by which it can be read and not changed."""

from __future__ import annotations

from typing import Any

import pytest

from aura import Brain, BrainView, Observer
from tests.core.kit import MS, Log, Relay, Scribbler


class Watch(Observer):
    """Keeps what it is handed."""

    name = "watch"

    def on_start(self, brain: BrainView) -> None:
        self.brain: Any = brain

    def on_stop(self, brain: BrainView) -> None:
        self.last = brain


@pytest.fixture
def watched() -> tuple[Brain, Any]:
    brain, watch = Brain(seed=4), Watch()
    brain.add(Scribbler, "a")
    brain.add(Relay, "b")
    brain.observe(watch)
    brain.run(until="3 ms")
    return brain, watch.brain


def test_all_that_a_view_has_is_as_the_brain_says(watched: tuple[Brain, Any]) -> None:
    brain, view = watched
    for name in ("seed", "resolution", "now", "ticks", "learning", "topics", "plans", "pathways", "observers"):
        assert getattr(view, name) == getattr(brain, name)
    assert view.schedule() == brain.schedule()
    assert list(view.graph) == ["a", "b"]
    assert view.read("a.y") is brain.read("a.y")
    assert view.arrivals("a") == {}
    assert {name for name in vars(BrainView) if not name.startswith("_")} == set(dir(view))
    for name in dir(view):
        assert hasattr(brain, name)


@pytest.mark.parametrize("name", ["run", "step", "stop", "inject", "wake", "load", "save", "add", "connect", "close",
                                  "observe", "begin_phase", "pace", "notices", "build"])
def test_a_view_gives_no_way_to_change_the_run(watched: tuple[Brain, Any], name: str) -> None:
    assert hasattr(watched[0], name)
    with pytest.raises(AttributeError, match=rf"brain\.{name}: expected what an observer may ask .*cannot change it"):
        getattr(watched[1], name)


@pytest.mark.parametrize("name", ["learning", "now", "pace", "anything"])
def test_nothing_of_a_view_can_be_set_or_deleted(watched: tuple[Brain, Any], name: str) -> None:
    brain, view = watched
    with pytest.raises(AttributeError, match="expected nothing to be set"):
        setattr(view, name, False)
    with pytest.raises(AttributeError):
        delattr(view, name)
    assert brain.learning


def test_zones_are_not_within_reach_and_plans_cannot_be_put_in(watched: tuple[Brain, Any]) -> None:
    with pytest.raises(TypeError):
        watched[1]["a"]
    plans = watched[1].plans
    for mapping in (plans, plans["a"].inputs, plans["a"].outputs, plans["a"].modulators, plans["a"].waits):
        with pytest.raises(TypeError):
            mapping["c"] = None
    with pytest.raises(AttributeError):
        plans["a"].learn = False


def test_an_observer_that_tries_to_steer_is_switched_off_and_changes_nothing() -> None:
    class Steering(Observer):
        name = "steering"

        def on_start(self, brain: BrainView) -> None:
            self.brain: Any = brain

        def after_tick(self, now: int) -> None:
            self.brain.learning = False

    rows = []
    for observers in ((), (Steering(),)):
        brain, log = Brain(seed=1), Log()
        brain.add(Scribbler, "z")
        for observer in (log, *observers):
            brain.observe(observer)
        with brain:
            brain.run(until="8 ms")
        rows.append(log.rows)
    assert rows[0] == rows[1]
    assert brain.off == ["steering"]


def test_what_an_observer_tells_is_told_with_the_rest(watched: tuple[Brain, Any]) -> None:
    brain, view = watched
    view.tell("watch", "left out {count} rows", 2)
    assert [str(notice) for notice in brain.all_notices()] == ["watch left out 2 rows"]


def test_a_phase_begins_on_the_grid_and_is_told_with_its_learning() -> None:
    phases: list[tuple[str, bool, int]] = []

    class Ear(Observer):
        def on_phase(self, phase: str, learning: bool, now: int) -> None:
            phases.append((phase, learning, now))

    brain = Brain(resolution="2 ms")
    brain.add(Relay, period="2 ms")
    brain.observe(Ear())
    assert brain.begin_phase("first") == 0
    brain.step()
    assert brain.begin_phase("second", learning=False) == 2 * MS
    assert phases == [("first", True, 0), ("second", False, 2 * MS)]
    assert not brain.learning
