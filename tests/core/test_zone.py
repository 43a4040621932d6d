"""The zone contract: light manifests, and classes found when they are built."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from aura import Brain, Manifest, Port, Zone, ZoneContext, ZoneParams
from aura.core.errors import PluginError, WiringError
from tests.core.kit import MS, Log, Relay, Rover, ScribblerParams


class Sized(ZoneParams):
    size: int = 3


def sized_ports(params: Sized) -> tuple[Port, ...]:
    return (Port("y", shape=(params.size,)),)


def test_ports_may_follow_from_the_parameters() -> None:
    manifest = Manifest("sized", "", params=Sized, outputs=sized_ports)
    assert manifest.ports(Sized(size=5))[1][0].shape == (5,)


def test_two_ports_of_one_name_are_refused() -> None:
    manifest = Manifest("twice", "", outputs=(Port("y"), Port("y", shape=(2,))))
    with pytest.raises(WiringError, match=r"twice\.outputs: expected port names that differ"):
        manifest.ports(ZoneParams())


def test_a_factory_is_imported_when_it_is_loaded() -> None:
    assert Manifest("relay", "tests.core.kit:Relay").load().__name__ == "Relay"
    assert Manifest("relay", Relay).load() is Relay


@pytest.mark.parametrize("factory", ["no.such.module:Zone", "aura.core.zone:Nothing", "aura.core.zone", "json:dumps",
                                     "", "aura.core.zone:Manifest"])
def test_a_factory_that_names_no_zone_is_a_plugin_error(factory: str) -> None:
    with pytest.raises(PluginError, match=r"zone 'broken'\.factory"):
        Manifest("broken", factory).load()


def test_a_summary_in_the_place_of_the_class_is_refused_where_it_is_declared() -> None:
    with pytest.raises(WiringError, match=r"zone 'broken'\.factory: .* The summary stands third"):
        Manifest("broken", "Says nothing.")


@pytest.mark.parametrize("factory", [int, Manifest, 3, print])
def test_a_class_that_is_no_zone_is_refused_where_it_is_declared(factory: Any) -> None:
    with pytest.raises(WiringError, match=r"zone 'broken'\.factory: expected a subclass of aura\.Zone"):
        Manifest("broken", factory)


def test_parameters_are_frozen_and_closed() -> None:
    params = Sized()
    with pytest.raises(ValidationError):
        params.size = 4  # type: ignore[misc]
    with pytest.raises(ValidationError):
        Sized(sise=4)  # type: ignore[call-arg]


def test_a_zone_is_handed_all_it_may_know() -> None:
    contexts: list[ZoneContext[Any]] = []

    class Curious(Relay):
        def __init__(self, context: ZoneContext[Any]) -> None:
            super().__init__(context)
            contexts.append(context)

    brain = Brain(resolution="2 ms", seed=3)
    brain.add(Curious, "c", period="4 ms")
    brain.build()
    context = contexts[0]
    assert (context.name, context.resolution, context.period) == ("c", 2_000_000, 4_000_000)
    assert [port.name for port in context.inputs] == ["x", "modulators"]
    assert [port.name for port in context.outputs] == ["y"]


def test_what_a_zone_leaves_out_does_nothing(tmp_path: Path) -> None:
    brain = Brain()
    brain.add(Relay)
    zone: Zone[Any] = brain["relay"]
    assert (zone.state(), zone.export(tmp_path), zone.load_export(tmp_path)) == ({}, [], [])
    with pytest.raises(NotImplementedError):
        zone.next_wake(0)


@pytest.mark.parametrize("given", ["manifest", "class"])
def test_a_manifest_that_names_its_class_as_text_says_whether_it_clocks_itself(given: str) -> None:
    """Reading it imports nothing, so it cannot follow from the class, whichever of the two a brain is given."""
    def brain(**settings: bool) -> Brain:
        brain = Brain()
        manifest = replace(Rover.manifest, factory="tests.core.kit:Rover", **settings)
        brain.add(manifest if given == "manifest" else type("Rover", (Rover,), {"manifest": manifest}), period="4 ms")
        return brain

    clocked = brain(self_clocked=True)
    assert "wakes every 4 ms and by its own clock" in clocked.schedule()
    log = Log()
    clocked.observe(log)
    clocked.run(until="20 ms")
    assert any(time % (4 * MS) for time, topic, *_ in log.rows if topic == "rover.y")
    with pytest.raises(WiringError, match=r"rover: manifest.self_clocked: expected True, for Rover has a next_wake"):
        brain().build()


def test_a_manifest_may_not_say_that_a_class_clocks_itself_that_does_not() -> None:
    brain = Brain()
    brain.add(replace(Relay.manifest, factory=Relay, self_clocked=True))
    with pytest.raises(WiringError, match=r"relay: manifest.self_clocked: expected False, for Relay has no next_wake"):
        brain.build()


class Paced(ScribblerParams):
    clock: bool = True


@pytest.mark.parametrize("executor", ["serial", pytest.param("processes", marks=pytest.mark.slow)])
def test_a_zone_may_clock_itself_with_some_parameters_only(executor: Any) -> None:
    def times(clock: bool) -> list[int]:
        brain = Brain(executor=executor)
        manifest = replace(Rover.manifest, factory="tests.core.kit:Rover", params=Paced,
                           self_clocked=lambda params: params.clock)
        brain.add(manifest, params={"clock": clock}, period="4 ms")
        assert ("by its own clock" in brain.schedule()) == clock
        log = Log()
        brain.observe(log)
        with brain:
            brain.run(until="20 ms")
        return [time for time, topic, *_ in log.rows if topic == "rover.y"]

    assert any(time % (4 * MS) for time in times(clock=True))
    assert times(clock=False) == [0, 4 * MS, 8 * MS, 12 * MS, 16 * MS]


def test_a_class_named_by_its_manifest_may_clock_itself() -> None:
    class Clocked(Relay):
        def next_wake(self, now: int) -> int | None:
            return 5_000_000 if now < 5_000_000 else None

    brain = Brain()
    brain.add(Manifest("clocked", Clocked, inputs=Relay.manifest.inputs, outputs=Relay.manifest.outputs))
    assert brain.run() == 1
    assert brain.latest("clocked.y").time == 5_000_000
