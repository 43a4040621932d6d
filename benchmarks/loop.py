"""What a step of a zone costs in the event loop, beside nengo's nodes and simpy's events in the same run.

Run by hand: ``python benchmarks/loop.py``. The zones do nothing: each hands its one float32 on to the next of a ring,
a tick later. A zone step is delivery, checks, step, learn and commit. Each contestant has a process of its own, so that
none walks through another's memory, and all take turns, so that a machine that slows down slows all of them.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from aura import Brain, Inputs, Manifest, Observer, Port, Signal, Zone

SIZES = (1, 10, 100, 1_000)
PROCESSES = (1, 10_000)
STEPS = 20_000
"""Zone steps (or events) in one measurement."""
MILLISECOND = 1_000_000
ADDED_TO = 100
"""Zones in the ring that observers, recorder and checkpoints are added to."""
CHECKPOINT_EVERY = 1_000
"""Ticks between checkpoints; one that is written every second of simulated time at the default resolution."""

Turn = Callable[[], float]
"""Runs once and returns microseconds per zone step."""
Contestant = tuple[Callable[..., Turn], Any]
"""What makes a turn, and the argument it is made with."""


class Relay(Zone):
    """Hands on what it gets."""

    manifest = Manifest("relay", "", inputs=(Port("x", shape=(1,)),), outputs=(Port("y", shape=(1,)),), period="1 ms")

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self.silence = np.zeros(1, np.float32)

    def step(self, now: int, inputs: Inputs) -> dict[str, np.ndarray]:
        x = inputs["x"]
        return {"y": self.silence if x is None else x}

    def learn(self, now: int, inputs: Inputs) -> None:
        return None


class Counter(Observer):
    """Counts the signals."""

    name, count = "counter", 0

    def on_signal(self, signal: Signal) -> None:
        self.count += 1


def ring(size: int, **settings: Any) -> Brain:
    """Return a brain of so many relays in a ring."""
    brain = Brain(**settings)
    for i in range(size):
        brain.add(Relay, f"z{i}")
    for i in range(size):
        brain.connect(f"z{i}.y", f"z{(i + 1) % size}.x")
    brain.run(span="5 ms")
    return brain


def running(brain: Brain, size: int, after: Callable[[Brain], object] | None = None) -> Turn:
    """Return the turn of a brain; `after` is called at the end of each."""
    ticks = max(20, STEPS // size)

    def turn() -> float:
        start = time.perf_counter()
        brain.run(span=ticks * MILLISECOND)
        if after is not None:
            after(brain)
        return (time.perf_counter() - start) / ticks / size * 1e6

    return turn


def plain(size: int) -> Turn:
    """Return the turn of the ring alone."""
    return running(ring(size), size)


def profiled(size: int) -> Turn:
    """Return the turn of a ring that is profiled."""
    return running(ring(size, profile=True), size)


def threaded(size: int) -> Turn:
    """Return the turn of a ring on threads."""
    return running(ring(size, executor="threads"), size)


def nengo_functions(size: int) -> Turn:
    """Return the turn of nengo's function nodes."""
    return nengo_ring(size, function=True)


def nengo_passes(size: int) -> Turn:
    """Return the turn of nengo's pass-through nodes."""
    return nengo_ring(size, function=False)


def nengo_ring(size: int, function: bool) -> Turn:
    """Return the turn of nengo's nodes in a ring; ``synapse=0`` is a delay of one step, as a pathway has."""
    import nengo

    def hand_on(_: float, x: np.ndarray) -> np.ndarray:
        return x

    with nengo.Network() as network:
        nodes = [nengo.Node(hand_on if function else None, size_in=1, size_out=1 if function else None)
                 for _ in range(size)]
        for node, after in zip(nodes, nodes[1:] + nodes[:1], strict=True):
            nengo.Connection(node, after, synapse=0)
    simulator = nengo.Simulator(network, progress_bar=False)
    simulator.run_steps(5, progress_bar=False)
    steps = max(20, STEPS // size)

    def turn() -> float:
        start = time.perf_counter()
        simulator.run_steps(steps, progress_bar=False)
        return (time.perf_counter() - start) / steps / size * 1e6

    return turn


def simpy_processes(count: int) -> Turn:
    """Return the turn of simpy processes that wait for one time unit after the other."""
    import simpy

    environment = simpy.Environment()

    def wait() -> Iterator[Any]:
        while True:
            yield environment.timeout(1)

    for _ in range(count):
        environment.process(wait())
    environment.run(until=2)
    ticks = max(2, STEPS // count)

    def turn() -> float:
        start = time.perf_counter()
        environment.run(until=environment.now + ticks)
        return (time.perf_counter() - start) / ticks / count * 1e6

    return turn


def saving(folder: Path) -> Turn:
    """Return the turn of a brain that writes a checkpoint in every so many ticks."""
    brain = ring(ADDED_TO)
    ticks = CHECKPOINT_EVERY

    def turn() -> float:
        start = time.perf_counter()
        brain.run(span=ticks * MILLISECOND)
        brain.save(folder)
        return (time.perf_counter() - start) / ticks / ADDED_TO * 1e6

    return turn


def recording(folder: Path) -> Turn:
    """Return the turn of a brain of which every topic is recorded."""
    from aura.plugins.recording import Recorder

    brain, recorder = ring(ADDED_TO), Recorder(folder)
    brain.observe(recorder)
    return running(brain, ADDED_TO, lambda _: recorder.flush())


def probed(every_topic: bool) -> Turn:
    """Return the turn of a brain with a probe on one topic or on each."""
    brain = ring(ADDED_TO)
    for topic in brain.topics if every_topic else brain.topics[:1]:
        brain.probe(topic, keep=1_000)
    return running(brain, ADDED_TO)


def observed(observer: Observer) -> Turn:
    """Return the turn of a brain with an observer."""
    brain = ring(ADDED_TO)
    brain.observe(observer)
    return running(brain, ADDED_TO)


def serve(pipe: Any, make: Callable[..., Turn], argument: Any) -> None:
    """Take a turn whenever the pipe asks for one, until it asks for no more."""
    turn = make(argument)
    turn()
    pipe.send(None)
    while pipe.recv():
        pipe.send(turn())


def measure(contestants: dict[str, Contestant], rounds: int) -> dict[str, list[float]]:
    """Return what each turn took, round by round; in each round all take one."""
    context = multiprocessing.get_context("spawn")
    taken: dict[str, list[float]] = {name: [] for name in contestants}
    pipes, processes = {}, []
    for name, contestant in contestants.items():
        pipes[name], far_end = context.Pipe()
        processes.append(context.Process(target=serve, args=(far_end, *contestant), daemon=True))
        processes[-1].start()
        far_end.close()
        pipes[name].recv()
    for _ in range(rounds):
        for name, pipe in pipes.items():
            pipe.send(True)
            taken[name].append(pipe.recv())
    for pipe in pipes.values():
        pipe.send(False)
    for process in processes:
        process.join()
    return taken


def print_table(title: str, taken: dict[str, list[float]], base: str | None = None) -> None:
    """Print best and median; beside a base, what each adds to it."""
    print(f"\n{title:<52}{'best':>9}{'median':>9}" + (f"{'adds':>9}" if base else ""))
    for name, values in taken.items():
        line = f"  {name:<50}{min(values):>9.2f}{statistics.median(values):>9.2f}"
        if base and name != base:
            added = statistics.median(value - plain for value, plain in zip(values, taken[base], strict=True))
            line += f"{added:>+9.2f}"
        print(line)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds

    ours: dict[int, list[float]] = {}
    functions: dict[int, list[float]] = {}
    for size in SIZES:
        taken = measure({f"aura, {size} zones": (plain, size),
                         f"nengo, {size} function nodes": (nengo_functions, size),
                         f"nengo, {size} pass-through nodes": (nengo_passes, size)}, rounds)
        print_table(f"microseconds per zone step, {size} in a ring", taken)
        ours[size], functions[size], _ = taken.values()
    print_table("microseconds per event", measure(
        {f"simpy, {count} processes": (simpy_processes, count) for count in PROCESSES}, rounds))
    print()
    for word, of in (("best", min), ("median", statistics.median)):
        print(f"ratio to a function node of nengo (bar: 0.5), {word:<8}"
              + "  ".join(f"{size}: {of(ours[size]) / of(functions[size]):.2f}" for size in SIZES))
        print(f"cost over that of one zone of {ADDED_TO}, {word:<16}"
              + "  ".join(f"{size}: {of(ours[size]) / of(ours[ADDED_TO]):.2f}" for size in SIZES))

    with tempfile.TemporaryDirectory() as folder:
        base = f"{ADDED_TO} zones"
        taken = measure({
            base: (plain, ADDED_TO),
            "and an observer that counts every signal": (observed, Counter()),
            "and a probe on one topic": (probed, False),
            "and a probe on every topic": (probed, True),
            "and the profile": (profiled, ADDED_TO),
            "and the recorder on every topic": (recording, Path(folder) / "recording"),
            f"and a checkpoint in {CHECKPOINT_EVERY} ticks": (saving, Path(folder) / "checkpoints"),
            "on threads": (threaded, ADDED_TO),
        }, rounds)
    print_table("microseconds per zone step", taken, base)


if __name__ == "__main__":
    main()
