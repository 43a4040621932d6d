"""The printable schedule."""

from __future__ import annotations

from aura import Brain, Manifest
from tests.core.kit import Relay

SCHEDULE = """\
resolution 1 ms

zones
  clock     wakes every 1 ms
  listener  wakes when x arrives, answers after 20 ms
  both      wakes every 4 ms and when x arrives

pathways
  clock.y    -> listener.x  after 1 ms
  listener.y -> both.x  after 1500 ms"""


def test_the_schedule_says_who_wakes_when() -> None:
    brain = Brain()
    event_driven = Manifest("listener", Relay, inputs=Relay.manifest.inputs, outputs=Relay.manifest.outputs,
                            wake_on=("x",))
    brain.add(Relay, "clock")
    brain.add(event_driven, "listener", latency="20 ms")
    brain.add(event_driven, "both", period="4 ms")
    brain.connect("clock.y", "listener.x")
    brain.connect("listener.y", "both.x", "1.5 s")
    assert brain.schedule() == SCHEDULE


def test_an_empty_brain_has_a_schedule() -> None:
    assert Brain().schedule() == "resolution 1 ms\n\nzones\n\npathways"


def test_a_clock_of_its_own_is_said() -> None:
    class Clocked(Relay):
        def next_wake(self, now: int) -> int | None:
            return None

    brain = Brain()
    brain.add(Clocked, "c", period="1 ms")
    assert "c  wakes every 1 ms and by its own clock" in brain.schedule()
