"""What runs a brain: its zones in their places, wired into an event loop."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from aura.core.arithmetic import one_thread
from aura.core.blame import described
from aura.core.errors import AuraError, WiringError, nearest
from aura.core.executor import Executor
from aura.core.failures import FailurePolicy
from aura.core.handed import as_files, as_notices
from aura.core.handle import ZoneHandle
from aura.core.injection import Injector
from aura.core.loop import EventLoop
from aura.core.modulators import UNLEARNED
from aura.core.network import Network
from aura.core.node import Node
from aura.core.notices import Notice, Notices
from aura.core.observers import Observers
from aura.core.signals import Signal
from aura.core.time import Time, format_time

__all__ = ["Engine"]


def _close(node: Node) -> None:
    node.handle.close()  # that of the zone which is there by then, for another may have been put in its place


class Engine:
    """A network whose zones are built.

    Parameters
    ----------
    network : Network
        Is sealed by this.
    executor : Executor
        Says where the zones live, and computes them.
    observers : Observers
    notices : Notices
    learning : bool
        Whether zones learn.
    profile : bool
        Whether the time of step and learn is measured.

    Attributes
    ----------
    failed : AuraError or None
        Why a tick was broken off, so that only a checkpoint leads on.
    reached : int
        The instant up to which nothing is left to do, in nanoseconds.

    Raises
    ------
    WiringError
        If the wiring is wrong.
    """

    def __init__(self, network: Network, executor: Executor, observers: Observers, notices: Notices, *, learning: bool,
                 profile: bool) -> None:
        network.seal()
        self.network, self.observers, self.notices, self.learning = network, observers, notices, learning
        self._executor, self._profile = executor, profile
        self.reached: Time = 0
        self.failed: AuraError | None = None
        nodes = [Node(index, plan) for index, plan in enumerate(network.plans.values())]
        self.nodes = {node.name: node for node in nodes}
        self.outputs = {output.topic: output for node in nodes for output in node.outputs.values()}
        self.failures = FailurePolicy(self._place, notices)
        self.injector = Injector(observers, network.resolution)
        self.loop = EventLoop(nodes, executor, observers, self.failures.apply, network.resolution)
        with ExitStack() as built:  # what fails leaves no zone behind
            self._put_zones(nodes, built)
            self._lay_pathways()
            self.loop.set_clocks(0)
            for node in nodes:
                self.loop.arm(node, -1)
            self.failures.keep(nodes)
            self._zones = built.pop_all()

    @property
    def now(self) -> Time:
        """The instant up to which the brain has run, in nanoseconds; nothing before it is left to do."""
        return max(self.reached, self.loop.now + 1)

    def run_until(self, limit: Time | None, pace: Callable[[Time], None] | None) -> int:
        """Run all ticks before `limit`, if none is told to be the last, and return how many ran."""
        ticks = self.run(limit, None, pace)
        if limit is not None and not self.loop.stopping:
            self.reached = max(self.reached, limit)
        self.loop.stopping = False
        return ticks

    def run(self, until: Time | None, ticks: int | None, pace: Callable[[Time], None] | None) -> int:
        """Run the ticks before `until`, at most `ticks` of them, and return how many ran.

        `pace` is called with the instant of each before it runs, and may wait.
        """
        self.loop.pace = pace
        try:
            with one_thread():
                return self.loop.run(until, ticks)
        except BaseException as error:
            # The tick is half done, by Ctrl-C as by a zone, so only a checkpoint leads on from here.
            self.failed = error if isinstance(error, AuraError) else WiringError(
                f"brain at {format_time(self.loop.now)}", expected="a whole tick",
                got=f"one broken off by {type(error).__name__}", hint="Load a checkpoint to go on.")
            raise
        finally:
            self.reached = self.now

    def begin_phase(self, name: str, *, learning: bool) -> Time:
        """Tell the observers that a phase begins, and return its first instant."""
        self.let_learn(learning)
        start = -(-self.now // self.network.resolution) * self.network.resolution
        self.observers.call("on_phase", name, learning, start)
        return start

    def let_learn(self, learning: bool) -> None:
        """Let zones learn from now on, or not; background work has begun under the setting of before."""
        self.loop.settle()
        self.learning = learning
        for node in self.nodes.values():
            node.handle.let_learn(learning)

    def zone(self, name: str) -> Any:
        """Return a zone, or what stands for it here."""
        if name not in self.nodes:
            raise WiringError(f"brain[{name!r}]", expected="a zone of this brain", got=repr(name),
                              hint=nearest(name, self.nodes))
        return self.nodes[name].handle.zone

    def latest(self, topic: str) -> Signal | None:
        """Return the last signal of a topic, or None if it has published nothing."""
        if topic not in self.outputs:
            raise WiringError(f"read {topic!r}", expected="an output of this brain", got=repr(topic),
                              hint=nearest(topic, self.outputs))
        output = self.outputs[topic]
        return None if output.last is None else Signal(topic, output.published_at, *output.last[1:])

    def export(self, folder: Path) -> list[Path]:
        """Let every zone write what other programs can use of what it has learned, and return the files.

        Of several zones of one kind, whose files have the same names, each writes into a folder of its own name.
        """
        self.loop.settle()
        written, kinds = [], Counter(node.plan.kind for node in self.nodes.values())
        for node in self.nodes.values():
            place = folder / node.name if kinds[node.plan.kind] > 1 else folder
            place.mkdir(parents=True, exist_ok=True)
            files = as_files(node.handle.ask("export", place), f"{node.name}.export()")
            if place != folder and not any(place.iterdir()):
                place.rmdir()
            written += files
        return written

    def watch(self) -> None:
        """Look up anew which observers want which topic."""
        for topic, output in self.outputs.items():
            output.watchers = self.observers.watching(topic)

    def profile(self) -> dict[str, dict[str, tuple[int, int]]]:
        """Return zone to (calls, nanoseconds) of step and learn, of those that are measured."""
        found = {node.name: node.handle.profile() for node in self.nodes.values()}
        return {name: dict(profile) for name, profile in found.items() if profile is not None}

    def zone_notices(self) -> list[Notice]:
        """Return what the zones have to tell."""
        found = []
        for node in self.nodes.values():
            try:
                counts = as_notices(node.handle.notices(), node.name)
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # what else there is to tell is told all the same
                found.append(Notice(node.name, f"could not tell what it left out: {described(error)}", fault=True))
                continue
            found += [Notice(node.name, text, count) for text, count in counts.items() if count]
        return found + [Notice(node.name, UNLEARNED, node.handle.unlearned) for node in self.nodes.values()
                        if node.handle.unlearned]

    def close(self) -> None:
        """Let go of the zones; one that raises keeps no other from closing."""
        self._zones.close()

    # --- building -------------------------------------------------------------------------------------------------

    def _put_zones(self, nodes: list[Node], built: ExitStack) -> None:
        with one_thread():
            for node in nodes:  # those in other processes come up at once
                node.put(self._place(node))
                built.callback(_close, node)
            for node in nodes:
                node.handle.let_learn(self.learning)

    def _place(self, node: Node) -> ZoneHandle:
        return self._executor.place(node.plan, node.outputs, self.network.seed, self.network.resolution,
                                    profile=self._profile)

    def _lay_pathways(self) -> None:
        for path in self.network.pathways:
            output = self.nodes[path.source].outputs[path.source_port]
            target = self.nodes[path.target].target(path.target_port, output.topic)
            output.targets.append((path.delay or self.network.resolution, target))
