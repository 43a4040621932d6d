"""Checkpoints of a brain: resumed, it goes on to the bit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aura import Brain, Manifest, Observer, Port, Zone
from aura.core.checkpoint import latest_checkpoint, list_checkpoints
from aura.core.errors import CheckpointError, WiringError
from tests.core.kit import MS, Log, Relay, Scribbler, built, loop_of, random_design

TICKS = 45




def run_on(brain: Brain, log: Log) -> list[Any]:
    """What is seen from here on."""
    start = len(log.rows)
    while (brain.next_time or 0) < 90 * MS and brain.step() is not None:
        pass
    return log.rows[start:]


@pytest.mark.slow
@pytest.mark.parametrize("failing", [False, True])
def test_a_brain_resumed_at_any_of_25_ticks_goes_on_to_the_bit(tmp_path: Path, failing: bool) -> None:
    rng = np.random.default_rng(7)
    for turn in range(25):
        design = random_design(1000 + turn, failing=failing)
        stop = int(rng.integers(1, TICKS))
        executor = ["serial", "threads"][turn % 2]
        first, log_first = design.brain(executor)
        for _ in range(stop):
            first.step()
        folder = first.save(tmp_path / str(turn))
        expected = run_on(first, log_first)
        resumed, log_resumed = design.brain(["threads", "serial"][turn % 2])
        resumed.load(folder)
        assert run_on(resumed, log_resumed) == expected
        if not any(spec.on_error == "restart" for spec in design.zones):  # these go back to the last checkpoint
            never_saved, log_never = design.brain()
            for _ in range(stop):
                never_saved.step()
            assert run_on(never_saved, log_never) == expected
            never_saved.close()
        for brain in (first, resumed):
            brain.close()


@pytest.mark.slow
def test_the_resumed_brains_cover_every_feature() -> None:
    """So that the test above does not pass for want of anything to save."""
    held = flying = silenced = restarted = background = rang = 0
    for turn in range(25):
        design = random_design(1000 + turn, failing=True)
        brain, log = design.brain()
        for _ in range(TICKS // 2):
            brain.step()
        loop = loop_of(brain)
        held += any(node.pending for node in loop.nodes)
        flying += any(signals for signals, _, _ in loop.agenda.values())
        background += any(finished for _, _, finished in loop.agenda.values())
        rang += any(node.alarm_at > loop.now for node in loop.nodes)
        silenced += any(node.silenced for node in loop.nodes)
        restarted += any("restart" in {s.on_error for s in design.zones if s.name == row[1]} for row in log.rows
                         if row[2:3] == ("ZoneError",))
    assert min(held, flying, silenced, restarted, background, rang) >= 2


@pytest.mark.parametrize("seed", range(4))
def test_loading_into_a_brain_that_has_run_on_goes_back_to_the_bit(tmp_path: Path, seed: int) -> None:
    brain, log = random_design(seed, failing=True).brain("threads")
    for _ in range(9):
        brain.step()
    folder = brain.save(tmp_path)
    expected = run_on(brain, log)
    brain.load(folder)
    assert run_on(brain, log) == expected
    brain.close()


def test_a_brain_saved_between_runs_resumes_between_them(tmp_path: Path) -> None:
    brain = Brain()
    brain.add(Relay, period="7 ms")
    brain.run(until="10 ms")
    other = Brain()
    other.add(Relay, period="7 ms")
    other.load(brain.save(tmp_path))
    assert (other.now, other.next_time) == (10 * MS, 14 * MS)
    assert other.read("relay.y").tolist() == [0.0]


def test_a_changed_period_takes_hold_in_a_branch(tmp_path: Path) -> None:
    brain = Brain()
    brain.add(Relay, period="2 ms")
    brain.run(until="10 ms")
    branch = Brain()
    branch.add(Relay, period="3 ms")
    branch.load(brain.save(tmp_path))
    branch.run(until="20 ms")
    assert branch.latest("relay.y").time == 18 * MS
    assert loop_of(branch).ticks == 3


class Holder(Zone):
    """Repeats what it holds."""

    manifest = Manifest("holder", "", inputs=(Port("x", shape=(1,), required=False, keep="hold"),),
                        outputs=(Port("y", shape=(1,)),), period="1 ms")

    def step(self, now: int, inputs: Any) -> Any:
        return None if inputs["x"] is None else {"y": inputs["x"] + np.float32(0)}


def test_a_value_injected_and_held_is_held_on_after_a_resume(tmp_path: Path) -> None:
    brain, other = Brain(), Brain()
    brain.add(Holder)
    other.add(Holder)
    brain.inject("holder.x", np.full(1, 5, np.float32))
    brain.run(until="4 ms")
    other.load(brain.save(tmp_path))
    other.run(until="9 ms")
    assert other.latest("holder.y").time == 8 * MS


def test_learning_and_extra_are_part_of_a_checkpoint(tmp_path: Path) -> None:
    brain, other = Brain(), Brain()
    for each in (brain, other):
        each.add(Scribbler)
    brain.learning = False
    brain.step()
    assert other.load(brain.save(tmp_path, extra={"phase": 2})) == {"phase": 2}
    assert other.learning is False
    other.step()
    assert other["scribbler"].weight.tolist() == [0.5, 1.5]  # type: ignore[attr-defined]


class Counting(Observer):
    name = "counting"

    def __init__(self, name: str = "counting") -> None:
        self.name, self.ticks = name, 0

    def after_tick(self, now: int) -> None:
        self.ticks += 1

    def state(self) -> dict[str, Any]:
        return {"ticks": self.ticks}

    def load_state(self, state: dict[str, Any]) -> None:
        self.ticks = state["ticks"]


def test_observers_keep_their_state_and_their_names_apart(tmp_path: Path) -> None:
    brain, other = Brain(), Brain()
    counts = Counting(), Counting()
    for each, count in zip((brain, other), counts, strict=True):
        each.add(Relay)
        each.observe(count)
    brain.run(until="5 ms")
    other.load(brain.save(tmp_path))
    other.run(until="7 ms")
    assert counts[1].ticks == 7
    with pytest.raises(WiringError, match="a name that no observer has yet"):
        brain.observe(Counting())
    brain.observe(Counting("another"))


@pytest.mark.parametrize("other", [
    lambda: built(Relay, "relay", "more"), lambda: built(Relay), lambda: built(Scribbler, "relay"),
    lambda: built(Relay, "relay", resolution="100 us"),
])
def test_a_checkpoint_of_another_brain_is_refused(tmp_path: Path, other: Any) -> None:
    folder = built(Relay, "relay").save(tmp_path)
    with pytest.raises(CheckpointError):
        other().load(folder)


def test_another_version_of_a_zones_state_is_refused(tmp_path: Path) -> None:
    class Newer(Relay):
        manifest = Manifest("relay", "", inputs=Relay.manifest.inputs, outputs=Relay.manifest.outputs, period="1 ms",
                            version="2")

    with pytest.raises(CheckpointError, match="'version': '2'"):
        built(Newer, "relay").load(built(Relay, "relay").save(tmp_path))


def test_a_checkpoint_that_does_not_fit_leaves_a_brain_that_refuses_to_go_on(tmp_path: Path) -> None:
    class Picky(Scribbler):
        def load_state(self, state: dict[str, Any]) -> None:
            if self.name_is_b:
                raise KeyError("weights")
            super().load_state(state)

        @property
        def name_is_b(self) -> bool:
            return self.context.name == "b"

    brain = built(Picky, "a", "b")
    folder = brain.save(tmp_path)
    with pytest.raises(CheckpointError, match=r"b: expected a state that its zone can load, got KeyError"):
        brain.load(folder)
    for attempt in (brain.run, brain.step, lambda: brain.save(tmp_path)):
        with pytest.raises(CheckpointError):
            attempt()


def test_signals_in_flight_to_a_port_that_is_gone_are_a_checkpoint_error(tmp_path: Path) -> None:
    brain = Brain()
    brain.add(Relay, "a")
    brain.add(Scribbler, "b", params={"keeps": ("fresh", "fresh")})
    brain.inject("b.x1", np.ones(2))
    folder = brain.save(tmp_path)
    other = Brain()
    other.add(Relay, "a")
    other.add(Scribbler, "b")
    with pytest.raises(CheckpointError, match="Were zones, ports or pathways changed"):
        other.load(folder)


def test_only_whole_checkpoints_are_taken_and_the_oldest_go(tmp_path: Path) -> None:
    brain = built(Relay, "relay")
    folders = [brain.save(tmp_path, keep=2) for _ in range(4) if brain.step() is not None]
    assert list_checkpoints(tmp_path) == folders[-2:]
    (folders[-1] / "relay.safetensors").write_bytes(b"")
    assert latest_checkpoint(tmp_path) == folders[-2]
    brain.load(latest_checkpoint(tmp_path))
    assert brain.now == 3 * MS + 1


def test_no_zone_and_no_observer_can_take_the_name_of_the_bus(tmp_path: Path) -> None:
    brain = Brain()
    brain.add(Scribbler, "_bus")
    brain.add(Scribbler, "manifest")
    brain.step()
    other = Brain()
    other.add(Scribbler, "_bus")
    other.add(Scribbler, "manifest")
    other.load(brain.save(tmp_path))
    assert other["_bus"].steps == 1  # type: ignore[attr-defined]
    json.loads((latest_checkpoint(tmp_path) / "manifest.json").read_text())
