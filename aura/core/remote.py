"""A zone in another process, as the event loop needs it."""

from __future__ import annotations

import logging
import pickle
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from aura.core.blame import described
from aura.core.errors import AuraError, ZoneError
from aura.core.executor import Result
from aura.core.link import ANSWER, ASK, ERROR, GRACE_S, TICK, Link
from aura.core.output import Output, Published
from aura.core.plan import Plan
from aura.core.proxy import ZoneProxy
from aura.core.sent_errors import error_of
from aura.core.signals import Inputs
from aura.core.time import Time, format_time
from aura.core.wire import pack, unpack

__all__ = ["RemoteZone"]

_log = logging.getLogger("aura.brain")

CLOSING_S = 20.0
"""How long a zone's own close() may take."""


class RemoteZone:
    """A zone in another process; see `ZoneHandle`.

    It is asked one thing at a time, whichever thread asks. Where its process has ended or does not answer, `load_tree`
    puts a new one in its place; so does whatever is asked of a zone that was silenced as its process had died, and that
    zone has the state in which it was saved, loaded or built last.

    Parameters
    ----------
    plan : Plan
    outputs : mapping of str to Output
        By which it is told what it publishes.
    setup : bytes
        What the process is told first, pickled.
    module : str
        Of the zone's class.

    Raises
    ------
    ZoneError
        If no process can be started.
    """

    def __init__(self, plan: Plan, outputs: Mapping[str, Output], setup: bytes, module: str) -> None:
        self.name, self.home, self._outputs, self._setup = plan.name, module, outputs, setup
        self.unlearned, self.learns = 0, plan.learn
        self.zone: Any = ZoneProxy(plan.name, self.request)
        self._lock = threading.RLock()
        self._tick: int | None = None
        self._wake: tuple[Time, Time | None, BaseException | None] | None = None
        """The instant of a tick, and the answer of next_wake there, or what it raised."""
        self._silences = plan.on_error == "silence"
        self._tree: dict[str, Any] | None = None
        self._notices: Mapping[str, int] = {}
        self._profile: Mapping[str, tuple[int, int]] | None = None
        self._wants_learning = self._ready = self._fell = self._closed = False
        self._link = self._placed()

    # --- a tick ---------------------------------------------------------------------------------------------------

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Let no other thread ask the zone anything; the answer of a tick that is broken off within is given up."""
        with self._lock:
            try:
                yield
            finally:
                if self._tick is not None:
                    self._link.give_up(self._tick)
                    self._tick = None

    def begin(self, now: Time, inputs: Inputs) -> Callable[[], Result]:
        """Let the zone begin a tick, within its turn, and return what waits for the result."""
        try:
            self._wait_ready()
            self._link.settle()
            self._wake = None
            tick = pack((now, self.learns, dict(inputs), dict(inputs.ids)), self._link.requests)
            self._tick = self._link.send(TICK, tick)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            failed = self.failure(now, inputs, error)
            return lambda: failed
        return partial(self._end, self._tick, now, inputs)

    def compute(self, now: Time, inputs: Inputs) -> Published:
        with self.turn():
            result = self.begin(now, inputs)()
        if isinstance(result, AuraError):
            raise result
        return result

    def failure(self, now: Time, inputs: Inputs, error: BaseException) -> AuraError:
        self._fell = not self._link.alive
        if isinstance(error, AuraError):
            return error
        failed = ZoneError(f"{self.name} at {format_time(now)}", expected="a tick in the process of the zone",
                           got=described(error))
        failed.__cause__ = error
        return failed

    # --- beside the ticks -----------------------------------------------------------------------------------------

    def let_learn(self, learning: bool) -> None:
        with self._lock:
            self._wait_ready()
        self.learns = learning and self._wants_learning

    def next_wake(self, now: Time) -> Time | None:
        answer, self._wake = self._wake, None  # once: what the zone would say later may be something else
        if answer is None or answer[0] != now:
            wake: Time | None = self.request("next_wake", now)
            return wake
        _, wake, error = answer
        if error is not None:
            raise error
        return wake

    def ask(self, method: str, *arguments: Any) -> Any:
        return self.request("ask", method, *arguments)

    def tree(self) -> dict[str, Any]:
        if self._tree is not None and not self._link.alive:
            return self._tree
        tree: dict[str, Any] = self.request("state")
        self._keep(tree)
        return tree

    def load_tree(self, tree: dict[str, Any]) -> None:
        with self._lock:
            self._require_open()
            try:
                self._wait_ready()
                self._link.settle(surely=True)
            except AuraError:
                self._replace()
            self._fell = False
            self.request("load_state", tree)
            self._keep(tree)
            self._wake, self.unlearned = None, tree["unlearned"]

    def profile(self) -> Mapping[str, tuple[int, int]] | None:
        if not self._closed and self._link.alive:
            with suppress(AuraError):  # of one that does not answer it is what was known last
                self._profile = self.request("profile")
        return self._profile

    def notices(self) -> Any:
        if not self._closed:
            self._notices = self.request("call", "notices", (), {})
        return self._notices

    def request(self, what: str, *given: Any) -> Any:
        """Return what the zone's process answers."""
        with self._lock:
            self._require_open()
            if self._fell and self._tree is not None:
                self._replace()
                self._wait_ready()
                self._request("load_state", self._tree)
            self._wait_ready()
            return self._request(what, *given)

    def release(self) -> None:
        """End the process if a thread waits for it and, within the grace, in vain."""
        if self._lock.acquire(timeout=GRACE_S):
            self._lock.release()
        else:
            self._link.kill()

    def close(self) -> None:
        self.release()
        with self._lock:
            if self._closed:
                return
            try:
                self._say_goodbye()
            finally:
                self._closed = True
                self._link.end()

    # --- within ---------------------------------------------------------------------------------------------------

    def _placed(self) -> Link:
        try:
            return Link(self.name, self._setup)
        except OSError as error:
            raise ZoneError(self.name, expected="a process of its own", got=described(error),
                            hint="Executor 'serial' needs none.") from error

    def _replace(self) -> None:
        self._link.kill()
        self._link.end()
        self._link, self._ready, self._fell = self._placed(), False, False

    def _wait_ready(self, limit: float | None = None) -> None:
        if not self._ready:
            try:
                self._wants_learning = self._read(self._link.receive(1, limit))
            except Exception as error:
                if isinstance(error, AuraError):
                    raise
                raise ZoneError(self.name, expected="a zone that can be built in a process of its own",
                                got=described(error), hint="Use executor='serial'.") from error
            self._ready = True
            if self._silences and self._tree is None:
                self._tree = self._request("state")

    def _keep(self, tree: dict[str, Any]) -> None:
        if self._silences:
            self._tree = tree

    def _require_open(self) -> None:
        if self._closed:
            raise ZoneError(self.name, expected="an open brain", got="one that is closed, with its processes")

    def _say_goodbye(self) -> None:
        try:
            self._wait_ready(GRACE_S)
            self._link.settle(surely=True)
        except AuraError:
            if self._ready and self._link.alive:
                _log.warning("zone %r did not answer; its process was ended", self.name)
            self._link.kill()
            return
        with suppress(AuraError):  # it is told where it is asked for
            self._profile = self._request("profile", limit=GRACE_S)
            self._notices = self._request("call", "notices", (), {}, limit=GRACE_S)
        self._request("ask", "close", limit=CLOSING_S)

    def _request(self, what: str, *given: Any, limit: float | None = None) -> Any:
        try:
            question = pickle.dumps((what, *given))
        except Exception as error:
            raise ZoneError(f"{self.name}.{given[0] if what in ('call', 'set', 'ask') else what}",
                            expected="what can be sent to the process in which the zone lives", got=described(error),
                            hint="Use executor='serial'.") from error
        self._link.settle()
        number = self._link.send(ASK, question)
        try:
            answer = self._link.receive(number, limit)
        except BaseException:
            self._link.give_up(number)
            raise
        return self._read(answer)

    def _end(self, number: int, now: Time, inputs: Inputs) -> Result:
        try:
            published, wake, error, self.unlearned = self._read(self._link.receive(number))
            self._wake = now, wake, None if error is None else error_of(error)
            return [(None if port is None else self._outputs[port], value,
                     dict(ids) if port is None else ids) for port, value, ids in published]
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            return self.failure(now, inputs, error)

    def _read(self, message: bytes) -> Any:
        """Return what an answer says, or raise the error that it tells of; what was logged there is logged here."""
        kind = message[:1]
        content, records = unpack(message[1:], self._link.replies)
        for logger, level, text in records:
            logging.getLogger(logger).log(level, "%s", text)
        if kind == ERROR:
            raise error_of(content)
        if kind != ANSWER:
            return content
        try:
            return pickle.loads(content)
        except Exception as error:
            raise ZoneError(self.name, expected="an answer that can be read in this process", got=described(error),
                            hint="Use executor='serial' to look into the zone.") from error
