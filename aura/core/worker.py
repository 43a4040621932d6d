"""A process in which one zone lives: it is told when to compute, and asked what only it knows."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import os
import pickle
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import reduce
from multiprocessing.connection import Connection
from types import FrameType
from typing import Any

from aura.core.arithmetic import one_thread
from aura.core.blame import described
from aura.core.errors import ZoneError
from aura.core.link import ANSWER, ERROR, NUMBER, TICK
from aura.core.local import LocalZone, place_here
from aura.core.output import outputs_of
from aura.core.plan import Plan
from aura.core.sent_errors import error_tree
from aura.core.signals import inbox_class
from aura.core.time import Time, format_time
from aura.core.wire import Arena, pack, unpack

__all__ = ["Setup", "main"]

_LAST_S = 2.0
"""How long a process may last when its brain is gone."""

Record = tuple[str, int, str]
"""Logger, level and text of what was logged."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What a worker is told first; pickled.

    Parameters
    ----------
    plan : Plan
        Without its factory, and with a manifest of no more than a name.
    module, name : str
        Where the zone's class is found.
    seed, resolution, profile : int, int, bool
        Of the brain.
    """

    plan: Plan
    module: str
    name: str
    seed: int
    resolution: Time
    profile: bool


class _Kept(logging.Handler):
    """Keeps what is logged until it is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[Record] = []

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self.records.append((record.name, record.levelno, self.format(record)))
        except Exception:
            self.handleError(record)

    def take(self) -> list[Record]:
        taken, self.records = self.records, []
        return taken


class _Worker:
    def __init__(self, connection: Connection, requests: Arena, replies: Arena, threads: ExitStack) -> None:
        self._connection, self._requests, self._replies, self._threads = connection, requests, replies, threads
        self._log = _Kept()
        logging.getLogger().addHandler(self._log)
        self._zone: LocalZone
        self._home = ""

    def serve(self) -> None:
        """Answer until the other side is gone."""
        while True:
            try:
                message = self._connection.recv_bytes()
            except (EOFError, OSError):
                return
            number, kind, body = message[:NUMBER.size], message[NUMBER.size:NUMBER.size + 1], message[NUMBER.size + 1:]
            try:
                reply = self._tick(body) if kind == TICK else self._answer(body)
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                reply = ERROR + self._packed(error_tree(error, self._home, traced=True))
            try:
                self._connection.send_bytes(number + reply)
            except OSError:
                return

    def _packed(self, content: Any) -> bytes:
        return pack((content, self._log.take()), self._replies)

    def _tick(self, body: bytes) -> bytes:
        now, learns, values, ids = unpack(body, self._requests)
        zone = self._zone
        if learns != zone.learns:
            zone.let_learn(learns)
        inputs = self._inbox(values)
        if ids:
            inputs._ids = dict(ids)
        try:
            published = zone.compute(now, inputs)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            raise zone.failure(now, inputs, error)  # noqa: B904 - which has its cause
        outputs = [(None if output is None else output.port.name, value, ids) for output, value, ids in published]
        content = outputs, *self._next_wake(now), zone.unlearned
        try:
            return TICK + self._packed(content)
        except Exception as error:
            raise ZoneError(f"{zone.name} at {format_time(now)}",
                            expected="outputs that can be sent from the process in which the zone lives",
                            got=described(error)) from error

    def _next_wake(self, now: Time) -> tuple[Time | None, dict[str, Any] | None]:
        """Return when the zone wakes after a tick, or what it raises; one with a latency is asked when it publishes."""
        if not self._zone.plan.self_clocked or self._zone.plan.latency:
            return None, None
        try:
            return self._zone.next_wake(now), None
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            return None, error_tree(error, self._home, traced=True)

    def _answer(self, body: bytes) -> bytes:
        try:
            what, *given = pickle.loads(body)
        except Exception as error:
            raise ZoneError(self._zone.name, expected="what can be read in the process in which the zone lives",
                            got=described(error), hint="Use executor='serial'.") from error
        answer = getattr(self, f"_do_{what}")(*given)
        try:
            return ANSWER + self._packed(pickle.dumps(answer))
        except Exception as error:
            asked = {"get": "{}", "call": "{}()", "ask": "{}()"}.get(what, f"{what}()").format(*given)
            kind = type(answer[1] if what == "get" else answer).__name__
            raise ZoneError(f"{self._zone.name}.{asked}",
                            expected="what can be sent from the process in which the zone lives",
                            got=f"{kind}: {described(error)}",
                            hint="Use executor='serial' to look into the zone.") from error

    def _do_setup(self, files: Mapping[str, str | None], pickled: bytes) -> bool:
        for module, file in files.items():
            _import(module, file)
        self._threads.enter_context(one_thread())
        setup: Setup = pickle.loads(pickled)
        self._home = setup.module
        kind: Any = reduce(getattr, setup.name.split("."), importlib.import_module(setup.module))
        plan = replace(setup.plan, factory=kind)
        self._zone = place_here(plan, outputs_of(plan.name, plan.outputs), setup.seed, setup.resolution,
                                profile=setup.profile)
        self._inbox = inbox_class(plan.inputs, plan.modulators)
        return self._zone.wants_learning

    def _do_ping(self) -> None:
        pass

    def _do_get(self, name: str) -> tuple[bool, Any]:
        found = getattr(self._zone.zone, name)
        return (True, None) if callable(found) else (False, found)

    def _do_set(self, name: str, value: Any) -> None:
        setattr(self._zone.zone, name, value)

    def _do_delete(self, name: str) -> None:
        delattr(self._zone.zone, name)

    def _do_names(self) -> list[str]:
        return dir(self._zone.zone)

    def _do_call(self, name: str, arguments: tuple[Any, ...], named: Mapping[str, Any]) -> Any:
        return getattr(self._zone.zone, name)(*arguments, **named)

    def _do_ask(self, method: str, *arguments: Any) -> Any:
        return self._zone.ask(method, *arguments)

    def _do_next_wake(self, now: Time) -> Time | None:
        return self._zone.next_wake(now)

    def _do_state(self) -> dict[str, Any]:
        return self._zone.tree()

    def _do_load_state(self, tree: dict[str, Any]) -> None:
        self._zone.load_tree(tree)

    def _do_profile(self) -> Any:
        return self._zone.profile()


def main() -> None:
    """Serve the process whose descriptors are given as arguments: connection, requests, replies."""
    # What stops a whole group is for the brain, which ends this process when it has saved.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave_to_the_brain(os.getpid()))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
    descriptors = [int(given) for given in sys.argv[1:4]]
    for descriptor in descriptors:  # what the zone starts must not hold them when this process is gone
        os.set_inheritable(descriptor, False)
    connection, requests, replies = descriptors
    threading.Thread(target=_end_with_the_brain, args=(connection,), daemon=True).start()
    with ExitStack() as threads:
        _Worker(Connection(connection), Arena(requests), Arena(replies), threads).serve()


def _leave_to_the_brain(worker: int) -> Callable[[int, FrameType | None], None]:
    """Return a handler by which a signal does nothing here, and what it always does to a process that is forked here.
    """
    def handle(number: int, _: FrameType | None) -> None:
        if os.getpid() != worker:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

    return handle


def _end_with_the_brain(connection: int) -> None:
    """End this process when the other side is gone, whatever the zone and its threads are at."""
    gone = select.poll()
    gone.register(connection, 0)  # by which it is told of nothing but that
    gone.poll()
    time.sleep(_LAST_S)
    os._exit(1)


def _import(name: str, file: str | None) -> None:
    """Import a module by its name, or from its file, if that is how it was loaded; nothing is written beside that."""
    try:
        importlib.import_module(name)
    except ImportError:
        if file is None:
            raise
        spec = importlib.util.spec_from_file_location(name, file)
        if spec is None:
            raise
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        with open(file, "rb") as source:
            exec(compile(source.read(), file, "exec", dont_inherit=True), module.__dict__)
