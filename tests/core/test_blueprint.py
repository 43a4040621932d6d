"""A blueprint is apart from the brains that are built of it."""

from __future__ import annotations

from typing import Any

import pytest

from aura import AuraError, Blueprint, Brain
from aura.core.errors import WiringError
from aura.core.executor import SerialExecutor
from tests.core.kit import MS, Log, Relay, Scribbler


def blueprint(**settings: Any) -> Blueprint:
    made = Blueprint(**settings)
    made.add(Scribbler, "a")
    made.add(Relay, "b", period="2 ms")
    return made


def published(brain: Brain, until: str = "9 ms") -> list[Any]:
    log = Log()
    brain.observe(log)
    with brain:
        brain.run(until=until)
    return log.rows


def test_a_brain_of_a_blueprint_says_what_one_says_that_was_put_together_by_hand() -> None:
    brain = Brain(seed=3)
    brain.add(Scribbler, "a")
    brain.add(Relay, "b", period="2 ms")
    assert published(blueprint(seed=3).build()) == published(brain) != published(blueprint(seed=4).build())


def test_brains_of_one_blueprint_have_nothing_in_common() -> None:
    made = blueprint()
    first, second = made.build(), made.build(executor="threads")
    first.run(until="5 ms")
    assert (first.now, second.now) == (5 * MS, 0)
    assert first["a"] is not second["a"]
    assert published(second) == published(made.build())
    first.close()


def test_what_is_added_later_is_in_later_brains_alone() -> None:
    made = blueprint()
    with made.build() as first:
        made.add(Relay, "c")
        with made.build() as second:
            assert (list(first.plans), list(second.plans)) == (["a", "b"], ["a", "b", "c"])
        with pytest.raises(WiringError, match="a brain that has not run yet"):
            first.add(Relay, "d")


def test_a_blueprint_that_is_sealed_takes_no_more() -> None:
    made = blueprint()
    made.seal()
    with pytest.raises(WiringError, match="attempt to connect"):
        made.connect("a.y", "b.x")
    assert published(made.build()) == published(blueprint().build())


def test_drawing_a_blueprint_builds_no_zone() -> None:
    class Never(Relay):
        def __init__(self, context: Any) -> None:
            raise AssertionError

    made = Blueprint(resolution="2 ms")
    made.add(Never, "n", period="4 ms")
    assert list(made.graph) == ["n"]
    assert "n  wakes every 4 ms" in made.schedule()
    assert repr(made) == "<Blueprint: 1 zones (n), 0 pathways, seed 0>"


def test_a_zone_that_cannot_be_built_leaves_none_behind() -> None:
    closed = []

    class Costly(Relay):
        def close(self) -> None:
            closed.append(self.context.name)

    class Never(Relay):
        def __init__(self, context: Any) -> None:
            raise OSError("no")

    made = Blueprint()
    for kind, name in ((Costly, "a"), (Costly, "b"), (Never, "c")):
        made.add(kind, name)
    with pytest.raises(AuraError, match="OSError: no"):
        made.build()
    assert sorted(closed) == ["a", "b"]


def test_an_executor_of_ones_own_computes_a_brain_and_is_closed_with_it() -> None:
    class Counting(SerialExecutor):
        ticks, open = 0, True

        def compute(self, nodes: Any, now: int) -> Any:
            self.ticks += 1
            return super().compute(nodes, now)

        def close(self) -> None:
            self.open = False

    executor = Counting()
    assert published(blueprint().build(executor=executor)) == published(blueprint().build())
    assert (executor.ticks, executor.open) == (9, False)


def test_a_pace_is_kept_before_each_tick() -> None:
    kept: list[int] = []
    with blueprint().build(pace=kept.append) as brain:
        brain.run(until="3 ms")
        brain.pace = None
        brain.run(until="5 ms")
    assert kept == [0, MS, 2 * MS]


@pytest.mark.parametrize("executor", [None, 3, "seriel", Brain])
def test_what_is_no_executor_is_refused(executor: Any) -> None:
    with pytest.raises(AuraError, match=r"executor: expected .*serial, threads, processes"):
        blueprint().build(executor=executor)
