"""A brain: a blueprint that runs."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np

from aura.core.arithmetic import one_thread
from aura.core.blame import blaming, described
from aura.core.blueprint import Blueprint
from aura.core.builder import make_loop
from aura.core.changes import params_of
from aura.core.checkpoint import checkpoint_of, read_checkpoint, write_checkpoint
from aura.core.errors import AuraError, CheckpointError, WiringError, nearest
from aura.core.executors import make_executor
from aura.core.failures import RESTARTS, FailurePolicy
from aura.core.handed import as_files, as_notices
from aura.core.handle import ZoneHandle
from aura.core.injection import Injector
from aura.core.lasting import within
from aura.core.modulators import UNLEARNED
from aura.core.node import Node
from aura.core.notices import Notice, Notices
from aura.core.observer import Observer, Observers, Probe
from aura.core.output import Output
from aura.core.params import checked_bool
from aura.core.paths import Paths
from aura.core.pathway import split_topic
from aura.core.signals import Signal
from aura.core.snapshot import (
    BUS,
    bus_tree,
    kinds_of,
    load_bus,
    require_same_brain,
    require_same_params,
)
from aura.core.time import Time, format_time, parse_time
from aura.core.zone import Zone

if TYPE_CHECKING:
    from aura.core.loop import EventLoop

__all__ = ["Brain"]

_log = logging.getLogger("aura.brain")


class Brain(Blueprint):
    """Zones and pathways, run tick by tick.

    Parameters
    ----------
    seed : int
        Every zone's random stream derives from it and from the zone's name.
    resolution : str or int
        Periods and delays are whole multiples of it.
    executor : {"serial", "threads", "processes"}
        How the zones of one tick are computed; the results are the same to the bit.
    profile : bool
        Measure the time that each zone spends in step and learn.
    paths : Paths, optional
        How files that zones' parameters name are found; by default relative ones start from the current folder.

    Examples
    --------
    >>> import numpy as np
    >>> from aura import Brain, Manifest, Port, Zone
    >>> class Counter(Zone):
    ...     manifest = Manifest("counter", "", outputs=(Port("count", dtype="int64"),), period="10 ms")
    ...     def step(self, now, inputs):
    ...         return {"count": np.asarray(now // 10_000_000)}
    >>> brain = Brain(seed=1)
    >>> brain.add(Counter)
    'counter'
    >>> brain.run(until="50 ms")
    5
    >>> int(brain.read("counter.count"))
    4
    """

    def __init__(self, *, seed: int = 0, resolution: str | Time = "1 ms", executor: str = "serial",
                 profile: bool = False, paths: Paths | None = None) -> None:
        super().__init__(seed, resolution, paths)
        self.profile = checked_bool(profile, "brain.profile")
        self.notices = Notices()
        self.observers = Observers(self.notices)
        self._executor = make_executor(executor)
        self._loop: EventLoop | None = None
        self._nodes: dict[str, Node] = {}
        self._outputs: dict[str, Output] = {}
        self._learning, self._now, self._closed = True, 0, False
        self._failures = FailurePolicy(self._place, self.notices)
        self._injector = Injector(self.observers, self.resolution)
        self._failed: AuraError | None = None

    def __repr__(self) -> str:
        when = "not run yet" if self._loop is None else f"at {format_time(self.now)}"
        state = "" if self._learning else ", not learning"
        state = ", closed" if self._closed else ", failed" if self._failed else state
        return (f"<Brain {when}{state}: {len(self._plans)} zones ({', '.join(self._plans)}), "
                f"{len(self._pathways)} pathways, seed {self.seed}>")

    def _ipython_key_completions_(self) -> list[str]:
        return list(self._plans)

    # --- building -------------------------------------------------------------------------------------------------

    def observe(self, observer: Observer) -> None:
        """Take on an observer, before the first tick or in mid-run; those that keep a state differ in name."""
        if observer.has_state and observer.name in {o.name for o in self.observers.all}:
            raise WiringError(f"observer {observer.name!r}", expected="a name that no observer has yet",
                              got="a second observer of that name", hint="Its state is saved under that name.")
        self.observers.add(observer)
        if self._loop is not None:
            self.observers.call_each([observer], "on_start", self)  # in which it may settle what it watches
            self._refresh_watchers()

    def probe(self, topic: str, every: str | Time = 0, keep: int = 10_000) -> Probe:
        """Return a probe that keeps the signals of a topic from now on."""
        zone, port = split_topic(topic, "probe")
        plan = self._plans.get(zone)
        if plan is None or port not in plan.outputs:
            raise WiringError(f"probe {topic!r}", expected="an output of this brain", got=repr(topic),
                              hint=nearest(topic, self.topics))
        probe = Probe(topic, parse_time(every, "probe.every"), keep)
        self.observe(probe)
        return probe

    def build(self) -> None:
        """Check the wiring and build the zones; the first tick does this by itself.

        Raises
        ------
        WiringError
            If the brain cannot be built.
        """
        if self._loop is not None:
            return
        self.seal()
        with one_thread():
            nodes = [Node(index, plan) for index, plan in enumerate(self._plans.values())]
            handles = [self._place(node) for node in nodes]  # those in other processes come up at once
            try:
                for node, handle in zip(nodes, handles, strict=True):
                    node.put(handle)
                    handle.let_learn(self._learning)
            except BaseException:
                for handle in handles:
                    handle.close()
                raise
        self._nodes = {node.name: node for node in nodes}
        self._outputs = {output.topic: output for node in nodes for output in node.outputs.values()}
        self._loop = make_loop(nodes, self._pathways, self._executor, self.observers, self._failures.apply,
                               self.resolution)
        self._failures.keep(self._nodes.values())
        self.observers.call("on_start", self)
        self._refresh_watchers()

    # --- running --------------------------------------------------------------------------------------------------

    @property
    def now(self) -> Time:
        """The instant up to which the brain has run, in nanoseconds; nothing before it is left to do."""
        return self._now if self._loop is None else max(self._now, self._loop.now + 1)

    @property
    def ticks(self) -> int:
        """Ticks run since the brain was built."""
        return self._loop.ticks if self._loop is not None else 0

    @property
    def broken(self) -> bool:
        """Whether a tick was broken off, so that only a checkpoint leads on."""
        return self._failed is not None

    @property
    def next_time(self) -> Time | None:
        """The next instant at which something is due, or None for an idle brain."""
        return self.loop.next_time

    @property
    def loop(self) -> EventLoop:
        """The event loop; building the brain if it is not built yet."""
        self.build()
        if self._loop is None:
            raise WiringError("brain", expected="a brain that is built", got="one that is not")
        return self._loop

    def run(self, until: str | Time | None = None, *, span: str | Time | None = None) -> int:
        """Run all ticks before `until` (or for a `span` from now) and return how many there were.

        Without either, the brain runs until nothing is due any more or `stop` is called.

        Raises
        ------
        AuraError
            If both are given or one is no time, or the brain is closed or broken.
        """
        loop = self._ready()
        if until is not None and span is not None:
            raise WiringError("brain.run", expected="until or span", got=f"until={until!r} and span={span!r}",
                              hint="Give one: until is an instant, span a time from now.")
        limit = None if until is None else parse_time(until, "run.until")
        if span is not None:
            limit = self._now + parse_time(span, "run.span")
        ticks = self._run(loop, limit, None)
        if limit is not None and not loop.stopping:
            self._now = max(self._now, limit)
        loop.stopping = False
        return ticks

    def step(self) -> Time | None:
        """Run the next tick and return its instant, or None if nothing is due."""
        loop = self._ready()
        loop.stopping = False
        return loop.now if self._run(loop, None, 1) else None

    def wake(self, name: str) -> None:
        """Ask a zone that clocks itself anew when it wakes, as after a stream has been told what to play."""
        loop = self._ready()
        loop.arm(self._nodes[name], self._now - 1)

    def stop(self) -> None:
        """End `run` after the present tick; safe to call from a signal handler or another thread."""
        if self._loop is not None:
            self._loop.stopping = True

    @property
    def learning(self) -> bool:
        """Whether zones learn; set it to False to evaluate."""
        return self._learning

    @learning.setter
    def learning(self, value: bool) -> None:
        value = checked_bool(value, "brain.learning")
        if self._loop is not None:
            self._loop.settle()  # background work has begun under the present setting
        self._learning = value
        self._set_learning()

    # --- reading and writing --------------------------------------------------------------------------------------

    def __getitem__(self, name: str) -> Zone[Any]:
        self.build()
        if name not in self._nodes:
            raise WiringError(f"brain[{name!r}]", expected="a zone of this brain", got=repr(name),
                              hint=nearest(name, self._nodes))
        zone: Zone[Any] = self._nodes[name].handle.zone
        return zone

    def latest(self, topic: str) -> Signal | None:
        """Return the last signal of a topic, or None if it has published nothing."""
        self.build()
        if topic not in self._outputs:
            raise WiringError(f"read {topic!r}", expected="an output of this brain", got=repr(topic),
                              hint=nearest(topic, self._outputs))
        output = self._outputs[topic]
        return None if output.last is None else Signal(topic, output.published_at, *output.last[1:])

    def read(self, topic: str) -> Any:
        """Return the last value of a topic, or None."""
        signal = self.latest(topic)
        return None if signal is None else signal.value

    def inject(self, topic: str, value: Any, *, ids: np.ndarray | None = None, delay: str | Time | None = None) -> Time:
        """Put a value into the input ``"zone.port"`` from outside and return when it arrives.

        A modulator is named behind its port: ``"amygdala.modulators.learning_rate"``.

        It arrives one resolution from now, or after `delay`. Items without ids are numbered -1, -2, and so on. Items
        that a pathway brings at the same instant come first, in the same signal; at an input without items the
        injected value stands, and a notice says so. At an input by which its zone does not wake, the newest that came
        is what it finds, as ever.
        """
        loop = self._ready()
        wait = self.resolution if delay is None else parse_time(delay, "inject.delay")
        return self._injector.put(loop, self._nodes, self.now, topic, value, ids, wait)

    # --- looking at it --------------------------------------------------------------------------------------------

    def profile_table(self) -> dict[str, dict[str, tuple[int, int]]]:
        """Return zone to (calls, nanoseconds) of step and learn; empty unless the brain was made with profile."""
        found = {node.name: node.handle.profile() for node in self._nodes.values()}
        return {name: dict(profile) for name, profile in found.items() if profile is not None}

    def all_notices(self) -> list[Notice]:
        """Return what is to be told of this brain beside its signals: its own notices, and those of its zones."""
        found = list(self.notices)
        for node in self._nodes.values():
            try:
                counts = as_notices(node.handle.notices(), node.name)
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # what else there is to tell is told all the same
                found.append(Notice(node.name, f"could not tell what it left out: {described(error)}",
                                    fault=True))
                continue
            found += [Notice(node.name, text, count) for text, count in counts.items() if count]
        found += [Notice(node.name, UNLEARNED, node.handle.unlearned) for node in self._nodes.values()
                  if node.handle.unlearned]
        return found

    # --- saving ---------------------------------------------------------------------------------------------------

    def save(self, folder: str | Path, *, keep: int = 3, extra: Mapping[str, Any] | None = None,
             restarts: bool = True) -> Path:
        """Write a checkpoint below `folder` and return its own folder; the oldest beyond `keep` go.

        Zones with ``on_error="restart"`` go back to it from now on, unless `restarts` is False.
        """
        loop = self._ready()
        loop.settle()
        trees = {node.name: node.handle.tree() for node in self._nodes.values()}
        trees[BUS] = bus_tree(loop)
        trees.update({f"observer.{name}": tree for name, tree in self.observers.states().items()})
        if self._failures.kept and not restarts:
            trees[RESTARTS] = dict(self._failures.kept)
        now = self.now
        manifest = {"loop_now": loop.now, "resolution": self.resolution, "seed": self.seed,
                    "zones": kinds_of(self._plans),
                    "params": {name: params_of(plan) for name, plan in self._plans.items()},
                    "learning": self._learning,
                    "injected": self._injector.count, "notices": self.notices.state(), "extra": dict(extra or {})}
        path = write_checkpoint(Path(folder), now, manifest, trees, keep=keep)
        if restarts:
            self._failures.keep(self._nodes.values(), trees)
        return path

    def load(self, folder: str | Path) -> dict[str, Any]:
        """Take over a checkpoint and return its `extra`; the brain goes on as the saved one would have.

        Of a folder of checkpoints, or of a run's folder, it is the newest.

        Raises
        ------
        CheckpointError
            If the checkpoint is damaged, of a brain with other zones, or of one with other parameters that its states
            were made with.
        """
        loop = self.loop
        folder = checkpoint_of(Path(folder))
        manifest, trees = read_checkpoint(folder)
        require_same_brain(manifest, self._plans, self.resolution, str(folder))
        require_same_params(manifest, trees, self._plans)
        loop.settle()
        try:
            self._lay_back(loop, manifest, trees)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            # Half of the brain is another's by now, so it must not go on.
            self._failed = error if isinstance(error, AuraError) else CheckpointError(
                str(folder), expected="a checkpoint of this brain", got=described(error),
                hint="Were zones, ports or pathways changed since it was written?")
            raise self._failed from error
        self._now, self._injector.count, self._failed = manifest["time"], manifest["injected"], None
        self.learning = manifest["learning"]
        self.notices.load_state(manifest["notices"])
        self._failures.keep(self._nodes.values(), trees.get(RESTARTS, trees))
        self.observers.call("on_load", self._now)
        return dict(manifest["extra"])

    def export(self, folder: str | Path) -> list[Path]:
        """Let every zone write what other programs can use of what it has learned, and return the files."""
        self._ready().settle()
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        return [path for node in self._nodes.values()
                for path in as_files(node.handle.ask("export", folder), f"{node.name}.export()")]

    def warm_up(self, name: str) -> None:
        """Let one zone compile or load ahead what its first ticks would wait for."""
        self.build()
        self._nodes[name].handle.ask("warm_up")

    def close(self) -> None:
        """End the brain: observers are told, zones and threads let go."""
        if self._closed:
            return
        self._closed = True
        self._executor.close()
        if self._loop is not None:
            self.observers.call("on_stop", self)
        with ExitStack() as each:  # one that raises keeps no other from closing
            for node in self._nodes.values():
                each.callback(node.handle.close)

    def __enter__(self) -> Brain:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    # --- within ---------------------------------------------------------------------------------------------------

    def _run(self, loop: EventLoop, until: Time | None, ticks: int | None) -> int:
        try:
            with one_thread():
                return loop.run(until, ticks)
        except BaseException as error:
            # The tick is half done, by Ctrl-C as by a zone, so only a checkpoint leads on from here.
            self._failed = error if isinstance(error, AuraError) else WiringError(
                f"brain at {format_time(loop.now)}", expected="a whole tick",
                got=f"one broken off by {type(error).__name__}", hint="Load a checkpoint to go on.")
            raise
        finally:
            self._now = self.now

    def _lay_back(self, loop: EventLoop, manifest: Mapping[str, Any], trees: Mapping[str, Any]) -> None:
        for node in self._nodes.values():
            node.handle.load_tree(trees[node.name])
        load_bus(loop, manifest["loop_now"], trees[BUS], manifest["time"])
        for observer in self.observers.all:
            tree = trees.get(f"observer.{observer.name}")
            if tree is not None:
                where = f"observer {observer.name!r}"
                with blaming(where, "a load_state() that takes the state that was saved", CheckpointError,
                             type(observer).__module__), within(where, observer):
                    observer.load_state(tree)

    def _place(self, node: Node) -> ZoneHandle:
        return self._executor.place(self._plans[node.name], node.outputs, self.seed, self.resolution,
                                    profile=self.profile)

    def _ready(self) -> EventLoop:
        if self._closed:
            raise WiringError("brain", expected="an open brain", got="one that is closed", hint="Build a new one.")
        if self._failed is not None:
            raise self._failed
        return self.loop

    def _refresh_watchers(self) -> None:
        for topic, output in self._outputs.items():
            output.watchers = self.observers.watching(topic)

    def _set_learning(self) -> None:
        for node in self._nodes.values():
            node.handle.let_learn(self._learning)
