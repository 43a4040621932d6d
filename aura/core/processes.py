"""The executor `processes`: each zone whose class can be imported lives in a process of its own."""

from __future__ import annotations

import logging
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import reduce
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

from aura.core.errors import AuraError, ZoneError
from aura.core.executor import Result, ThreadExecutor, attempt
from aura.core.handle import ZoneHandle
from aura.core.node import Node
from aura.core.output import Output, Published
from aura.core.plan import Plan
from aura.core.sent_errors import raised
from aura.core.signals import Inputs
from aura.core.time import Time
from aura.core.wire import Arena, pack, unpack
from aura.core.worker import ANSWER, ERROR, TICK, Setup
from aura.core.zone import Manifest

__all__ = ["ProcessExecutor", "RemoteZone"]

_GRACE_S = 5.0
"""How long a worker may take to end before it is killed."""
_START = ("import sys; sys.path.insert(0, sys.argv.pop(1)); "
          "from aura.core.worker import main; main()")


class ProcessExecutor(ThreadExecutor):
    """Each zone in a process of its own, so that zones that hold the interpreter compute at once.

    A zone whose class is made on the spot, stands in ``__main__``, or has parameters that cannot be pickled stays in
    this process; so do streams. Arrays go over shared memory.
    """

    def place(self, plan: Plan, outputs: Mapping[str, Output], seed: int, resolution: Time, *,
              profile: bool) -> ZoneHandle:
        setup = _setup(plan, seed, resolution, profile=profile)
        if setup is None:
            return super().place(plan, outputs, seed, resolution, profile=profile)
        return RemoteZone(plan, outputs, *setup)

    def compute(self, nodes: Sequence[Node], now: Time) -> list[Result]:
        taken = [(node, node.take()) for node in nodes]
        sent: dict[int, AuraError | None] = {}
        for node, inputs in taken:
            if isinstance(node.handle, RemoteZone):
                sent[node.index] = node.handle.send(now, inputs)
        results: list[Result] = []
        for node, inputs in taken:
            if node.index not in sent:
                results.append(attempt(node, now, inputs))
            elif (refused := sent[node.index]) is not None:
                results.append(refused)
            else:
                results.append(node.handle.receive())  # type: ignore[attr-defined]
        return results


class RemoteZone:
    """A zone in another process; see `ZoneHandle`.

    Parameters
    ----------
    plan : Plan
    outputs : mapping of str to Output
        By which it is told what it publishes.
    site, setup : bytes
        What the worker is told first, pickled.
    module : str
        Of the zone's class.
    """

    def __init__(self, plan: Plan, outputs: Mapping[str, Output], site: bytes, setup: bytes, module: str) -> None:
        self.name, self.home, self._outputs = plan.name, module, outputs
        self.unlearned, self.learns = 0, plan.learn
        self.zone: Any = ZoneProxy(self)
        self._lock = threading.RLock()
        self._requests, self._replies = Arena(), Arena()
        self._now: Time = -1
        self._wakes: tuple[Time, Time | None] | None = None
        self._tree: dict[str, Any] | None = None
        self._notices: Mapping[str, int] = {}
        self._profile: Mapping[str, tuple[int, int]] | None = None
        self._keeps_tree, self._ready, self._closed = plan.on_error == "silence", False, False
        self._wants_learning = False
        self._connection, theirs = Pipe()
        descriptors = (theirs.fileno(), self._requests.descriptor, self._replies.descriptor)
        self._process = subprocess.Popen(
            [sys.executable, "-c", _START, str(Path(__file__).parents[2]), *map(str, descriptors)],
            pass_fds=descriptors, stdin=subprocess.DEVNULL)
        theirs.close()
        for message in (site, ANSWER + setup):
            try:
                self._connection.send_bytes(message)
            except OSError:
                break  # the answer says what has become of it

    # --- a tick ---------------------------------------------------------------------------------------------------

    def send(self, now: Time, inputs: Inputs) -> AuraError | None:
        """Let the zone begin a tick; return an error if it cannot."""
        self._wait_ready()
        values, ids = dict(inputs), dict(inputs.ids)
        try:
            self._connection.send_bytes(TICK + pack((now, self.learns, values, ids), self._requests))
        except OSError:
            return self._gone()
        self._now = now
        return None

    def receive(self) -> Result:
        """Return what the zone has published at the tick that `send` began, or its error."""
        try:
            published, wake, self.unlearned = self._answer()
        except AuraError as error:
            return error
        self._wakes = (self._now, wake)
        return [(None if port is None else self._outputs[port], value,
                 dict(ids) if port is None else ids) for port, value, ids in published]

    def compute(self, now: Time, inputs: Inputs) -> Published:
        with self._lock:
            result: Result | None = self.send(now, inputs)
            if result is None:
                result = self.receive()
        if isinstance(result, AuraError):
            raise result
        return result

    def failure(self, now: Time, inputs: Inputs, error: BaseException) -> AuraError:
        return error if isinstance(error, AuraError) else ZoneError(
            self.name, expected="a tick in the process of the zone", got=f"{type(error).__name__}: {error}")

    # --- beside the ticks -----------------------------------------------------------------------------------------

    def let_learn(self, learning: bool) -> None:
        self._wait_ready()
        self.learns = learning and self._wants_learning

    def next_wake(self, now: Time) -> Time | None:
        if self._wakes is not None and self._wakes[0] == now:
            return self._wakes[1]
        wake: Time | None = self.request("next_wake", now)
        return wake

    def ask(self, method: str, *arguments: Any) -> Any:
        return self.request("ask", method, *arguments)

    def tree(self) -> dict[str, Any]:
        if self._tree is not None and self._process.poll() is not None:
            return self._tree  # what is left of a zone that was silenced as its process had died
        self._tree = self.request("tree")
        return self._tree

    def load_tree(self, tree: dict[str, Any]) -> None:
        self.request("load_tree", tree)
        self._tree, self._wakes, self.unlearned = tree, None, tree["unlearned"]

    def profile(self) -> Mapping[str, tuple[int, int]] | None:
        if not self._closed and self._process.poll() is None:
            self._profile = self.request("profile")
        return self._profile

    def notices(self) -> Any:
        if not self._closed:
            self._notices = self.request("call", "notices", (), {})
        return self._notices

    def request(self, what: str, *given: Any) -> Any:
        """Return what the worker answers."""
        with self._lock:
            if self._closed:
                raise ZoneError(self.name, expected="an open brain", got="one that is closed, with its processes")
            self._wait_ready()
            return self._request(what, *given)

    def close(self) -> None:
        with self._lock:
            if self._closed:
                return
            try:
                if self._ready and self._process.poll() is None:
                    with suppress(AuraError):  # it is told where it is asked for
                        self.profile()
                        self.notices()
                    self._request("ask", "close")
            finally:
                self._closed = True
                self._connection.close()
                try:
                    self._process.wait(_GRACE_S)
                except subprocess.TimeoutExpired:
                    self._process.kill()
                    self._process.wait()
                self._requests.close()
                self._replies.close()

    # --- within ---------------------------------------------------------------------------------------------------

    def _wait_ready(self) -> None:
        if not self._ready:
            self._wants_learning = self._answer()
            self._ready = True
            self.learns = self._wants_learning
            if self._keeps_tree:
                self._tree = self._request("tree")

    def _request(self, what: str, *given: Any) -> Any:
        try:
            self._connection.send_bytes(ANSWER + pickle.dumps((what, *given)))
        except OSError:
            raise self._gone() from None
        return self._answer()

    def _answer(self) -> Any:
        try:
            message = self._connection.recv_bytes()
        except (EOFError, OSError):
            raise self._gone() from None
        if message[:1] == TICK:
            published, wake, unlearned, records = unpack(message[1:], self._replies)
            answer: Any = (published, wake, unlearned)
        else:
            answer, records = pickle.loads(message[1:])
        for logger, level, text in records:
            logging.getLogger(logger).log(level, "%s", text)
        if message[:1] == ERROR:
            raise raised(*answer)
        return answer

    def _gone(self) -> ZoneError:
        try:
            status = self._process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        how = f"killed by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
        return ZoneError(self.name, expected="the process in which the zone lives", got=f"one that was {how}",
                         hint="Its on_error says what becomes of the brain.")


class ZoneProxy:
    """What stands for a zone in another process: attributes are read and set there, methods called there."""

    _handle: RemoteZone

    def __init__(self, handle: RemoteZone) -> None:
        object.__setattr__(self, "_handle", handle)

    def __repr__(self) -> str:
        return f"<{self._handle.name!r} in another process>"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        is_method, value = self._handle.request("get", name)
        if not is_method:
            return value

        def call(*arguments: Any, **named: Any) -> Any:
            return self._handle.request("call", name, arguments, named)

        return call

    def __setattr__(self, name: str, value: Any) -> None:
        self._handle.request("set", name, value)


def _setup(plan: Plan, seed: int, resolution: Time, *, profile: bool) -> tuple[bytes, bytes, str] | None:
    """Return what a worker must be told to build a zone, pickled, and the module of its class; None if it cannot."""
    factory = plan.factory or plan.manifest.factory
    if isinstance(factory, str):
        module, _, name = factory.partition(":")
    else:
        module, name = factory.__module__, factory.__qualname__
        found: Any = reduce(lambda part, inner: getattr(part, inner, None), name.split("."), sys.modules.get(module))
        if found is not factory or module == "__main__":
            return None
    manifest = Manifest(plan.kind, f"{module}:{name}", parts=plan.manifest.parts)
    light = replace(plan, manifest=manifest, factory=None, inputs=dict(plan.inputs), outputs=dict(plan.outputs),
                    modulators=dict(plan.modulators), waits=dict(plan.waits))
    file = getattr(sys.modules.get(module), "__file__", None)
    try:
        setup = pickle.dumps(("setup", Setup(light, module, name, seed, resolution, profile)))
    except Exception:  # whatever a parameter's own code raises, the zone can live here
        return None
    return pickle.dumps((list(sys.path), os.getcwd(), [(module, file)])), setup, module
