"""The executor `processes`: each zone whose class can be imported lives in a process of its own."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import reduce
from io import BytesIO
from types import FunctionType
from typing import Any
from weakref import WeakSet

from aura.core.executor import Result, ThreadExecutor, attempt
from aura.core.handle import ZoneHandle
from aura.core.node import Node
from aura.core.output import Output
from aura.core.plan import Plan
from aura.core.remote import RemoteZone
from aura.core.time import Time
from aura.core.worker import Setup
from aura.core.zone import Manifest

__all__ = ["ProcessExecutor"]


class ProcessExecutor(ThreadExecutor):
    """Each zone in a process of its own, so that zones that hold the interpreter compute at once.

    A zone whose class is made on the spot, stands in ``__main__``, or has parameters that cannot be pickled stays in
    this process; so do streams. Arrays go over shared memory.
    """

    def __init__(self, workers: int | None = None) -> None:
        super().__init__(workers)
        self._remote: WeakSet[RemoteZone] = WeakSet()

    def place(self, plan: Plan, outputs: Mapping[str, Output], seed: int, resolution: Time, *,
              profile: bool) -> ZoneHandle:
        setup = _setup(plan, seed, resolution, profile=profile)
        if setup is None:
            return super().place(plan, outputs, seed, resolution, profile=profile)
        zone = RemoteZone(plan, outputs, *setup)
        self._remote.add(zone)
        return zone

    def compute(self, nodes: Sequence[Node], now: Time) -> list[Result]:
        taken = [(node, node.handle, node.take()) for node in nodes]
        with ExitStack() as turns:
            begun: dict[int, Callable[[], Result]] = {}
            for node, zone, inputs in taken:
                if isinstance(zone, RemoteZone):
                    turns.enter_context(zone.turn())
                    begun[node.index] = zone.begin(now, inputs)
            return [begun[node.index]() if node.index in begun else attempt(node, now, inputs)
                    for node, _, inputs in taken]

    def close(self) -> None:
        for zone in list(self._remote):
            zone.release()  # else a thread waits on for one that does not answer
        super().close()


def _setup(plan: Plan, seed: int, resolution: Time, *, profile: bool) -> tuple[bytes, str] | None:
    """Return what a worker must be told to build a zone, pickled, and the module of its class; None if it cannot."""
    factory = plan.factory or plan.manifest.factory
    if isinstance(factory, str):
        module, _, name = factory.partition(":")
    else:
        module, name = factory.__module__, factory.__qualname__
        found: Any = reduce(lambda part, inner: getattr(part, inner, None), name.split("."), sys.modules.get(module))
        if found is not factory or module == "__main__":
            return None
    clock = plan.manifest.self_clocked
    manifest = Manifest(plan.kind, f"{module}:{name}", parts=plan.manifest.parts,
                        self_clocked=_by_parameters if callable(clock) else clock)
    light = replace(plan, manifest=manifest, factory=None, inputs=dict(plan.inputs), outputs=dict(plan.outputs),
                    modulators=dict(plan.modulators), waits=dict(plan.waits), sources=dict(plan.sources))
    setup = BytesIO()
    pickler = _Pickler(setup)
    try:
        pickler.dump(Setup(light, module, name, seed, resolution, profile))
    except Exception:  # whatever a parameter's own code raises, the zone can live here
        return None
    if "__main__" in pickler.modules:
        return None
    files = {home: getattr(sys.modules.get(home), "__file__", None) for home in (*pickler.modules, module)}
    return pickle.dumps(("setup", files, setup.getvalue())), module


def _by_parameters(params: Any) -> bool:
    """Stand for a manifest's function of the parameters, whose answer the plan has."""
    return False


class _Pickler(pickle.Pickler):
    """Notes in which modules the classes and functions stand that are named in what it pickles.

    Some of them, a plugin's that is a file, are found by no import.
    """

    def __init__(self, file: BytesIO) -> None:
        super().__init__(file)
        self.modules: dict[str, None] = {}

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, (type, FunctionType)):
            self.modules[value.__module__] = None
        return NotImplemented
