"""A brain: a network that runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from aura.core import saving
from aura.core.engine import Engine
from aura.core.errors import WiringError, nearest
from aura.core.executor import Executor
from aura.core.executors import make_executor
from aura.core.network import Network
from aura.core.notices import Notice
from aura.core.observer import BrainView, Observer
from aura.core.params import checked_bool
from aura.core.paths import Paths
from aura.core.pathway import split_topic
from aura.core.probe import Probe
from aura.core.signals import Signal
from aura.core.time import Time, format_time, parse_time
from aura.core.view import view_of
from aura.core.watched import Watched
from aura.core.zone import Zone

__all__ = ["Brain"]


class Brain(Network, Watched):
    """Zones and pathways, run tick by tick. It is built, and sealed, by what first needs the zones.

    Parameters
    ----------
    seed : int
        Every zone's random stream derives from it and from the zone's name.
    resolution : str or int
        Periods and delays are whole multiples of it.
    executor : {"serial", "threads", "processes"} or Executor
        How the zones of one tick are computed; the results are the same to the bit. It is closed with the brain.
    profile : bool
        Measure the time that each zone spends in step and learn.
    paths : Paths, optional
        How files that zones' parameters name are found; by default relative ones start from the current folder.
    pace : function, optional
        Called with the instant of each tick before it runs, and may wait: a `Pacer`. It may be set between two runs.

    Examples
    --------
    >>> from aura import Brain, Manifest, Port, Zone
    >>> class Counter(Zone):
    ...     manifest = Manifest("counter", "", outputs=(Port("count", dtype="int64"),), period="10 ms")
    ...     def step(self, now, inputs):
    ...         return {"count": now // 10_000_000}
    >>> brain = Brain(seed=1)
    >>> brain.add(Counter)
    'counter'
    >>> brain.run(until="50 ms")
    5
    >>> int(brain.read("counter.count"))
    4
    """

    def __init__(self, *, seed: int = 0, resolution: str | Time = "1 ms", executor: str | Executor = "serial",
                 profile: bool = False, paths: Paths | None = None, pace: Callable[[Time], None] | None = None) -> None:
        Network.__init__(self, seed=seed, resolution=resolution, paths=paths)
        Watched.__init__(self)
        self.profile, self.pace = checked_bool(profile, "brain.profile"), pace
        self._executor = make_executor(executor)
        self._built: Engine | None = None
        self._learning, self._closed = True, False

    @classmethod
    def of(cls, network: Network, *, executor: str | Executor = "serial", profile: bool = False,
           pace: Callable[[Time], None] | None = None) -> Brain:
        """Return a brain that begins with these zones and pathways, and is not built yet."""
        brain = cls(seed=network.seed, resolution=network.resolution, executor=executor, profile=profile, pace=pace)
        network._copy_to(brain)
        return brain

    def __repr__(self) -> str:
        when = "not run yet" if self._built is None else f"at {format_time(self.now)}"
        state = ", closed" if self._closed else ", failed" if self.broken else "" if self.learning else ", not learning"
        return f"<Brain {when}{state}: {self._contents}>"

    def _ipython_key_completions_(self) -> list[str]:
        return list(self.plans)

    def build(self) -> None:
        """Check the wiring and build the zones; the first tick does this by itself.

        Raises
        ------
        WiringError
            If the brain cannot be built.
        """
        self._engine  # noqa: B018 - which builds it

    @property
    def now(self) -> Time:
        """The instant up to which the brain has run, in nanoseconds; nothing before it is left to do."""
        return self._built.now if self._built is not None else 0

    @property
    def last_tick(self) -> Time:
        """The instant of the last tick, also of one that was broken off, in nanoseconds; -1 before the first."""
        return self._built.loop.now if self._built is not None else -1

    @property
    def ticks(self) -> int:
        """Ticks run since the brain was built."""
        return self._built.loop.ticks if self._built is not None else 0

    @property
    def broken(self) -> bool:
        """Whether a tick was broken off, so that only a checkpoint leads on."""
        return self._built is not None and self._built.failed is not None

    @property
    def next_time(self) -> Time | None:
        """The next instant at which something is due, or None for an idle brain."""
        return self._engine.loop.next_time

    def run(self, until: str | Time | None = None, *, span: str | Time | None = None) -> int:
        """Run all ticks before `until` (or for a `span` from now) and return how many there were.

        Without either, the brain runs until nothing is due any more or `stop` is called.

        Raises
        ------
        AuraError
            If both are given or one is no time, or the brain is closed or broken.
        """
        engine = self._ready()
        if until is not None and span is not None:
            raise WiringError("brain.run", expected="until or span", got=f"until={until!r} and span={span!r}",
                              hint="Give one: until is an instant, span a time from now.")
        limit = None if until is None else parse_time(until, "run.until")
        if span is not None:
            limit = engine.reached + parse_time(span, "run.span")
        return engine.run_until(limit, self.pace)

    def step(self) -> Time | None:
        """Run the next tick and return its instant, or None if nothing is due."""
        engine = self._ready()
        engine.loop.stopping = False
        return engine.loop.now if engine.run(None, 1, self.pace) else None

    def stop(self) -> None:
        """End `run` after the present tick; safe to call from a signal handler or another thread."""
        if self._built is not None:
            self._built.loop.stopping = True

    def wake(self, name: str) -> None:
        """Ask a zone that clocks itself anew when it wakes, as after a stream has been told what to play."""
        engine = self._ready()
        engine.loop.arm(engine.nodes[name], engine.reached - 1)

    @property
    def learning(self) -> bool:
        """Whether zones learn; set it to False to evaluate."""
        return self._learning if self._built is None else self._built.learning

    @learning.setter
    def learning(self, value: bool) -> None:
        self._learning = checked_bool(value, "brain.learning")
        if self._built is not None:
            self._built.let_learn(self._learning)

    def begin_phase(self, name: str, *, learning: bool = True) -> Time:
        """Tell the observers that a phase begins, in which zones learn or do not; return its first instant."""
        return self._ready().begin_phase(name, learning=checked_bool(learning, "begin_phase.learning"))

    def __getitem__(self, name: str) -> Zone[Any]:
        zone: Zone[Any] = self._engine.zone(name)
        return zone

    def latest(self, topic: str) -> Signal | None:
        """Return the last signal of a topic, or None if it has published nothing."""
        return self._engine.latest(topic)

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
        engine = self._ready()
        wait = self.resolution if delay is None else parse_time(delay, "inject.delay")
        return engine.injector.put(engine.loop, engine.nodes, self.now, topic, value, ids, wait)

    @property
    def view(self) -> BrainView:
        """The brain as observers are handed it: it can be read, and not changed."""
        return view_of(self)

    def observe(self, observer: Observer) -> None:
        """Take on an observer, before the first tick or in mid-run; those that keep a state differ in name."""
        self._observers.add(observer)
        if self._built is not None:
            self._observers.call_each([observer], "on_start", self.view)  # in which it may settle what it watches
            self._built.watch()

    def probe(self, topic: str, every: str | Time = 0, keep: int = 10_000) -> Probe:
        """Return a probe that keeps the signals of a topic from now on."""
        split_topic(topic, "probe")
        if topic not in self.topics:
            raise WiringError(f"probe {topic!r}", expected="an output of this brain", got=repr(topic),
                              hint=nearest(topic, self.topics))
        probe = Probe(topic, parse_time(every, "probe.every"), keep)
        self.observe(probe)
        return probe

    def all_notices(self) -> list[Notice]:
        """Return what is to be told of this brain beside its signals: its own notices, and those of its zones."""
        return [*self.notices, *(self._built.zone_notices() if self._built is not None else ())]

    def profile_table(self) -> dict[str, dict[str, tuple[int, int]]]:
        """Return zone to (calls, nanoseconds) of step and learn; empty unless the brain was made with profile."""
        return self._built.profile() if self._built is not None else {}

    def save(self, folder: str | Path, *, keep: int = 3, extra: Mapping[str, Any] | None = None,
             restarts: bool = True) -> Path:
        """Write a checkpoint below `folder` and return its own folder; the oldest beyond `keep` go.

        Zones with ``on_error="restart"`` go back to it from now on, unless `restarts` is False.
        """
        return saving.save(self._ready(), Path(folder), keep=keep, extra=extra or {}, restarts=restarts)

    def load(self, folder: str | Path) -> dict[str, Any]:
        """Take over a checkpoint and return its `extra`; the brain goes on as the saved one would have.

        Of a folder of checkpoints, or of a run's folder, it is the newest.

        Raises
        ------
        CheckpointError
            If the checkpoint is damaged, of a brain with other zones, or of one with other parameters that its states
            were made with.
        """
        return saving.load(self._engine, Path(folder))

    def load_zones(self, folder: str | Path, names: Sequence[str]) -> None:
        """Take over what some zones had learned in another brain, out of its checkpoint or run folder.

        The other may have had other zones beside them, such as the streams that taught them. Time, and what lies on the
        bus, stay as they are.

        Raises
        ------
        AuraError
            If the checkpoint is damaged, or it or this brain lacks one of these zones as it is here.
        """
        saving.load_zones(self._ready(), Path(folder), names)

    def export(self, folder: str | Path) -> list[Path]:
        """Let every zone write what other programs can use of what it has learned, and return the files.

        Of several zones of one kind, such as two amygdalas, each writes into a folder of its own name in `folder`.
        """
        return self._ready().export(Path(folder))

    def warm_up(self, name: str) -> None:
        """Let one zone compile or load ahead what its first ticks would wait for."""
        self._engine.nodes[name].handle.ask("warm_up")

    def close(self) -> None:
        """End the brain: observers are told, zones and threads let go."""
        if self._closed:
            return
        self._closed = True
        with ExitStack() as ends:  # what fails, or is interrupted, keeps no zone from closing
            if self._built is not None:
                ends.callback(self._built.close)
                ends.callback(self._observers.call, "on_stop", self.view)
            self._executor.close()

    def __enter__(self) -> Brain:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    @property
    def _engine(self) -> Engine:
        if self._built is None:
            self._built = Engine(self, self._executor, self._observers, self.notices, learning=self._learning,
                                 profile=self.profile)
            self._observers.call("on_start", self.view)
            self._built.watch()
        return self._built

    def _ready(self) -> Engine:
        if self._closed:
            raise WiringError("brain", expected="an open brain", got="one that is closed", hint="Build a new one.")
        engine = self._engine
        if engine.failed is not None:
            raise engine.failed
        return engine
