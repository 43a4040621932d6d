"""Executors: how the awake zones of one tick are computed. The bits do not depend on the choice."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from aura.core.arithmetic import one_thread
from aura.core.contract import Contribution, imported
from aura.core.errors import AuraError, PluginError
from aura.core.handle import ZoneHandle
from aura.core.local import place_here
from aura.core.node import Node
from aura.core.output import Output, Published
from aura.core.plan import Plan
from aura.core.signals import Inputs
from aura.core.time import Time

__all__ = ["Executor", "ExecutorKind", "Result", "SerialExecutor", "ThreadExecutor", "attempt"]

Result = Published | AuraError
"""What a zone published, or the error that names what it raised."""


@runtime_checkable
class Executor(Protocol):
    """How the nodes of one tick are computed."""

    def place(self, plan: Plan, outputs: Mapping[str, Output], seed: int, resolution: Time, *,
              profile: bool) -> ZoneHandle:
        """Build a zone where it is to live; what it publishes is told by these outputs."""

    def compute(self, nodes: Sequence[Node], now: Time) -> list[Result]:
        """Compute all nodes and give their results in order."""

    def start(self, node: Node, now: Time) -> Callable[[], Result]:
        """Start a node that has a latency; the returned function waits for its result."""

    def close(self) -> None:
        """Let go of threads."""


def attempt(node: Node, now: Time, inputs: Inputs) -> Result:
    """Return what a node publishes, or the error that names what it raised."""
    try:
        return node.compute(now, inputs)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return node.handle.failure(now, inputs, error)


def _attempt_alone(node: Node, now: Time, inputs: Inputs) -> Result:
    with one_thread():
        return attempt(node, now, inputs)


class SerialExecutor:
    """One zone after the other, in the calling thread."""

    place = staticmethod(place_here)

    def compute(self, nodes: Sequence[Node], now: Time) -> list[Result]:
        # Written out, not through `_attempt`, and no generator: this is the loop's inner loop.
        results: list[Result] = []
        for node in nodes:
            if node.held:
                inputs = node.take()
            else:
                inputs, node.pending = node.pending, node.inbox()
            try:
                results.append(node.compute(now, inputs))
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                results.append(node.handle.failure(now, inputs, error))
        return results

    def start(self, node: Node, now: Time) -> Callable[[], Result]:
        result = attempt(node, now, node.take())
        return lambda: result

    def close(self) -> None:
        pass


class ThreadExecutor:
    """The zones of one tick at once on a pool of threads; zones with a latency on a thread each, in the background."""

    def place(self, plan: Plan, outputs: Mapping[str, Output], seed: int, resolution: Time, *,
              profile: bool) -> ZoneHandle:
        return place_here(plan, outputs, seed, resolution, profile=profile)

    def __init__(self, workers: int | None = None) -> None:
        self._pool = ThreadPoolExecutor(workers or os.cpu_count() or 2, thread_name_prefix="aura")
        self._own: dict[int, ThreadPoolExecutor] = {}

    def compute(self, nodes: Sequence[Node], now: Time) -> list[Result]:
        if len(nodes) == 1:
            return [attempt(nodes[0], now, nodes[0].take())]
        futures: list[Future[Result]] = [self._pool.submit(attempt, node, now, node.take()) for node in nodes]
        return [future.result() for future in futures]

    def start(self, node: Node, now: Time) -> Callable[[], Result]:
        # One thread a node keeps its ticks in order; the inbox is taken here, before more can arrive. The work may
        # outlast the run that began it.
        if node.index not in self._own:
            self._own[node.index] = ThreadPoolExecutor(1, thread_name_prefix=f"aura-{node.name}")
        return self._own[node.index].submit(_attempt_alone, node, now, node.take()).result

    def close(self) -> None:
        for pool in (self._pool, *self._own.values()):
            pool.shutdown(wait=True)


@dataclass(frozen=True, slots=True)
class ExecutorKind(Contribution):
    """An executor as scenarios name it.

    Parameters
    ----------
    name : str
        What a scenario writes.
    summary : str
        One sentence.
    factory : function, or str
        Makes an `Executor`, without arguments: a class, or ``"package.module:Class"``, imported when it is used.
    """

    name: str
    summary: str
    factory: str | Callable[[], Executor]

    def make(self) -> Executor:
        """Return a new executor, for one brain.

        Raises
        ------
        PluginError
            If it cannot be imported, or has not the methods of an executor.
        """
        where = f"executor {self.name!r}.factory"
        factory: Any = imported(self.factory, where) if isinstance(self.factory, str) else self.factory
        made = factory()
        if not isinstance(made, Executor):
            raise PluginError(where, expected="what makes an aura.core.executor.Executor", got=repr(made),
                              hint="It has the methods place, compute, start and close.")
        return made
