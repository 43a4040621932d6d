"""A process in which one zone lives: it is told when to compute, and asked what only it knows."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import os
import pickle
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import reduce
from multiprocessing.connection import Connection
from typing import Any

from aura.core.arithmetic import one_thread
from aura.core.blame import message_of
from aura.core.errors import ZoneError
from aura.core.local import LocalZone, place_here
from aura.core.output import outputs_of
from aura.core.plan import Plan
from aura.core.sent_errors import sent
from aura.core.signals import inbox_class
from aura.core.time import Time
from aura.core.wire import Arena, pack, unpack

__all__ = ["ANSWER", "ERROR", "TICK", "Setup", "main"]

TICK, ANSWER, ERROR = b"t", b"a", b"e"
"""What a message begins with."""

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
        self.records.append((record.name, record.levelno, record.getMessage()))

    def take(self) -> list[Record]:
        taken, self.records = self.records, []
        return taken


class _Worker:
    def __init__(self, connection: Connection, requests: Arena, replies: Arena) -> None:
        self._connection, self._requests, self._replies = connection, requests, replies
        self._log = _Kept()
        logging.getLogger().addHandler(self._log)
        self._zone: LocalZone

    def serve(self) -> None:
        """Answer until the other side is gone."""
        while True:
            try:
                message = self._connection.recv_bytes()
            except (EOFError, OSError):
                return
            try:
                answer = self._tick(message) if message[:1] == TICK else ANSWER + pickle.dumps(
                    (self._answer(*pickle.loads(message[1:])), self._log.take()))
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                answer = ERROR + pickle.dumps((sent(error, self._home), self._log.take()))
            try:
                self._connection.send_bytes(answer)
            except OSError:
                return

    @property
    def _home(self) -> str:
        return self._zone.home if hasattr(self, "_zone") else ""

    def _tick(self, message: bytes) -> bytes:
        now, learns, values, ids = unpack(message[1:], self._requests)
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
        wake = zone.next_wake(now) if zone.plan.self_clocked else None
        sent = [(None if output is None else output.port.name, value, ids) for output, value, ids in published]
        return TICK + pack((sent, wake, zone.unlearned, self._log.take()), self._replies)

    def _answer(self, what: str, *given: Any) -> Any:
        return getattr(self, f"_do_{what}")(*given)

    def _do_setup(self, setup: Setup) -> bool:
        kind: Any = reduce(getattr, setup.name.split("."), importlib.import_module(setup.module))
        plan = replace(setup.plan, factory=kind)
        self._zone = place_here(plan, outputs_of(plan.name, plan.outputs), setup.seed, setup.resolution,
                                profile=setup.profile)
        self._inbox = inbox_class(plan.inputs, plan.modulators)
        return self._zone.wants_learning

    def _do_get(self, name: str) -> tuple[bool, Any]:
        found = getattr(self._zone.zone, name)
        if callable(found):
            return True, None
        return False, _sendable(found, f"{self._zone.name}.{name}")

    def _do_set(self, name: str, value: Any) -> None:
        setattr(self._zone.zone, name, value)

    def _do_call(self, name: str, arguments: tuple[Any, ...], named: Mapping[str, Any]) -> Any:
        return _sendable(getattr(self._zone.zone, name)(*arguments, **named), f"{self._zone.name}.{name}()")

    def _do_ask(self, method: str, *arguments: Any) -> Any:
        return self._zone.ask(method, *arguments)

    def _do_next_wake(self, now: Time) -> Time | None:
        return self._zone.next_wake(now)

    def _do_tree(self) -> dict[str, Any]:
        return self._zone.tree()

    def _do_load_tree(self, tree: dict[str, Any]) -> None:
        self._zone.load_tree(tree)

    def _do_profile(self) -> Any:
        return self._zone.profile()


def _sendable(value: Any, where: str) -> Any:
    try:
        pickle.dumps(value)
    except Exception as error:
        raise ZoneError(where, expected="what can be sent from the process in which the zone lives",
                        got=f"{type(value).__name__}: {message_of(error)}",
                        hint="Use executor='serial' to look into the zone.") from error
    return value


def main() -> None:
    """Serve the process whose descriptors are given as arguments: connection, requests, replies."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the brain, which ends this process when it has saved
    connection, requests, replies = map(int, sys.argv[1:4])
    link = Connection(connection)
    path, folder, modules = pickle.loads(link.recv_bytes())
    sys.path[:] = path
    os.chdir(folder)
    for name, file in modules:
        _import(name, file)
    with one_thread():
        _Worker(link, Arena(requests), Arena(replies)).serve()


def _import(name: str, file: str | None) -> None:
    """Import a module by its name, or from its file, if that is how it was loaded."""
    try:
        importlib.import_module(name)
    except ImportError:
        if file is None:
            raise
        spec = importlib.util.spec_from_file_location(name, file)
        if spec is None or spec.loader is None:
            raise
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
