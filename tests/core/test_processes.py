"""The executor `processes`: zones in processes of their own, with the bits of one process."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aura import Brain, Inputs, Manifest, Port, Zone
from aura.core.errors import AuraError, ZoneError
from aura.core.remote import RemoteZone
from aura.core.wire import Arena, pack, unpack
from tests.core.kit import MS, Log, Relay, Scribbler, loop_of, node_of, random_design
from tests.core.strange import Odd


def odd(**how: Any) -> Brain:
    brain = Brain(executor="processes")
    brain.add(Odd, **how)
    return brain


@pytest.mark.parametrize("value", [
    None, 1.5, ("a", "ä", "\ud800"), ((), ("x", "y")), np.arange(6.0).reshape(2, 3), np.asfortranarray(np.ones((3, 4))),
    np.zeros((0, 3), np.float16), np.array(3, np.int64), np.arange(24).reshape(2, 3, 4).transpose(2, 0, 1),
    {"a.b": np.ones(2), "c.d": ("t",)}, (np.ones(2), np.zeros(3)), np.array([1 + 2j]), np.ones(200_000),
    np.arange(6.0)[::-2], 2**70, -2**1000])
def test_what_lies_on_the_bus_is_sent_to_the_bit(value: Any) -> None:
    arena = Arena()
    back = unpack(pack([value, value], arena), Arena(os.dup(arena.descriptor)))
    for found in back:
        compare(found, value)


def compare(found: Any, value: Any) -> None:
    if isinstance(value, np.ndarray):
        assert (found.dtype, found.shape) == (value.dtype, value.shape)
        assert found.flags.c_contiguous
        assert found.tobytes() == value.tobytes()
        assert not found.flags.writeable
    elif isinstance(value, dict):
        assert list(found) == list(value)
        for key, part in value.items():
            compare(found[key], part)
    elif isinstance(value, tuple):
        assert len(found) == len(value)
        for one, other in zip(found, value, strict=True):
            compare(one, other)
    else:
        assert found == value


@pytest.mark.slow
@pytest.mark.parametrize("seed", [9, 24])  # of four zones each: every zone is a process to start
def test_random_brains_say_and_save_the_same(seed: int, tmp_path: Path) -> None:
    rows, digests = [], []
    for executor in ("serial", "processes"):
        brain, log = random_design(seed, failing=True).brain(executor)
        with brain:
            if executor == "processes":
                assert any(isinstance(node.handle, RemoteZone) for node in loop_of(brain).nodes)
            brain.run(until=20 * MS)
            folder = brain.save(tmp_path / executor)
            brain.run(until=40 * MS)
        rows.append(log.rows)
        digests.append([(file.name, file.read_bytes()) for file in sorted(folder.glob("*.safetensors"))])
    assert rows[0] == rows[1]
    assert digests[0] == digests[1]


@pytest.mark.slow
def test_a_checkpoint_of_one_executor_goes_on_in_another(tmp_path: Path) -> None:
    logs = []
    for first, second in (("serial", "serial"), ("serial", "processes"), ("processes", "serial")):
        brain, _ = random_design(24).brain(first)
        with brain:
            brain.run(until=15 * MS)
            saved = brain.save(tmp_path / first)
        other, log = random_design(24).brain(second)
        with other:
            other.load(saved)
            other.run(until=40 * MS)
        logs.append(log.rows)
    assert logs[0] == logs[1] == logs[2]


@pytest.mark.slow
def test_a_zone_lives_elsewhere_and_is_asked_from_afar() -> None:
    with odd() as brain:
        brain.inject("odd.what", ["tell"])
        brain.run()
        assert int(brain.read("odd.pid")) != os.getpid()
        zone: Any = brain["odd"]
        assert zone.double(21) == 42
        zone.mark = 7
        assert (zone.mark, repr(zone)) == (7, "<'odd' in another process>")
        with pytest.raises(AttributeError, match="no attribute 'nowhere'"):
            zone.nowhere  # noqa: B018
        with pytest.raises(ZoneError, match="what can be sent from the process"):
            zone.handle()


def test_what_a_zone_raises_is_told_as_ever_with_its_place() -> None:
    messages = []
    for executor in ("serial", "processes"):
        with Brain(executor=executor) as brain:
            brain.add(Odd)
            brain.inject("odd.what", ["raise"])
            with pytest.raises(ZoneError) as caught:
                brain.run()
            messages.append(str(caught.value))
            assert type(caught.value.__cause__).__name__ == "LookupError"
    assert messages[0] == messages[1]
    assert "in step: raise LookupError" in messages[1]


@pytest.mark.slow
@pytest.mark.parametrize(("what", "how"), [("die", "killed by SIGKILL"), ("leave", "ended with status 3")])
def test_a_worker_that_dies_ends_the_brain_by_name(what: str, how: str) -> None:
    with odd() as brain:
        brain.inject("odd.what", [what])
        with pytest.raises(ZoneError, match=f"odd: expected the process in which the zone lives, got one that was {how}"
                           if what == "die" else how):
            brain.run()


@pytest.mark.slow
def test_what_stops_a_whole_group_of_processes_leaves_a_zone_to_its_brain() -> None:
    with odd() as brain:
        brain.build()
        for number in (signal.SIGINT, signal.SIGTERM):
            os.kill(brain["odd"].state()["pid"], number)
        brain.inject("odd.what", ["tell"])
        assert brain.run() == 1


@pytest.mark.slow
def test_a_worker_that_dies_between_two_ticks_is_named_at_the_next() -> None:
    with odd() as brain:
        brain.build()
        os.kill(brain["odd"].state()["pid"], signal.SIGKILL)
        brain.inject("odd.what", ["tell"])
        with pytest.raises(ZoneError, match="killed by SIGKILL"):
            brain.run()


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["silence", "restart"])
def test_a_worker_that_dies_is_silenced_or_restarted_as_on_error_says(policy: Any, tmp_path: Path) -> None:
    with odd(on_error=policy) as brain:
        for at, what in enumerate(("tell", "die", "tell")):
            brain.inject("odd.what", [what], delay=(5 * at + 1) * MS)
        brain.run(until=6 * MS)
        first = int(brain.read("odd.pid"))
        brain.run(until=20 * MS)
        assert (int(brain.read("odd.pid")) == first) is (policy == "silence")
        assert any(f"was {policy}" in str(notice) for notice in brain.all_notices())
        brain.save(tmp_path)


@pytest.mark.slow
def test_nothing_is_left_when_a_brain_is_closed() -> None:
    brain = odd()
    brain.build()
    pid = brain["odd"].state()["pid"]
    before = set(os.listdir("/dev/shm")) if Path("/dev/shm").is_dir() else set()
    brain.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert not before or not set(os.listdir("/dev/shm")) - before


@pytest.mark.slow
def test_a_zone_that_cannot_be_built_there_is_told_as_here() -> None:
    messages = []
    for executor in ("serial", "processes"):
        brain = Brain(executor=executor)
        brain.add(Unbuilt)
        with pytest.raises(AuraError) as caught:
            brain.build()
        messages.append(str(caught.value))
    assert messages[0] == messages[1]


class Unbuilt(Zone[Any]):
    """Cannot be built."""

    manifest = Manifest("unbuilt", "", period="1 ms")

    def __init__(self, context: Any) -> None:
        raise ValueError("no")


def test_a_class_made_on_the_spot_stays_here() -> None:
    with Brain(executor="processes") as brain:
        brain.add(type("Made", (Relay,), {}))
        assert not isinstance(node_of(brain, "relay").handle, RemoteZone)


class Busy(Zone[Any]):
    """Holds the interpreter for 100 ms a tick."""

    manifest = Manifest("busy", "", period="1 ms", outputs=(Port("n", "int64"),))

    def step(self, now: int, inputs: Inputs) -> Any:
        end, count = time.perf_counter() + 0.1, 0
        while time.perf_counter() < end:
            count += 1
        return {"n": np.int64(now)}


@pytest.mark.slow
def test_profile_learning_and_notices_come_from_afar() -> None:
    brain = Brain(executor="processes", profile=True)
    brain.add(Scribbler, "z")
    log = Log()
    brain.observe(log)
    with brain:
        brain.inject("z.modulators.energy_gate", 0.0, delay=3 * MS)
        brain.run(until=6 * MS)
        assert brain.profile_table()["z"]["step"][0] == 6
        assert brain.profile_table()["z"]["learn"][0] == 3
        assert [str(notice) for notice in brain.all_notices()] == [
            "z left 3 items unlearned while energy_gate was below 0.1"]
        brain.learning = False
        brain.run(until=8 * MS)
    # Also when it is over.
    assert brain.profile_table()["z"]["learn"][0] == 3
    assert [str(notice) for notice in brain.all_notices()] == [
        "z left 3 items unlearned while energy_gate was below 0.1"]
    with pytest.raises(ZoneError, match="an open brain"):
        brain["z"].steps  # noqa: B018
