"""The way to a zone's own process: requests are numbered, and answered in their order, each once."""

from __future__ import annotations

import json
import pickle
import select
import signal
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from multiprocessing import Pipe
from pathlib import Path
from time import monotonic

from aura.core.errors import ZoneError
from aura.core.wire import Arena

__all__ = ["ANSWER", "ASK", "ERROR", "GRACE_S", "NUMBER", "TICK", "Link"]

TICK, ASK, ANSWER, ERROR = b"t", b"q", b"a", b"e"
"""What a message begins with, behind its number."""

NUMBER = struct.Struct("<q")
"""The number of a request, and of its answer."""

GRACE_S = 5.0
"""How long a process may take to answer what it was asked before, and to end."""

_AGAIN_S = 0.2
"""And how long where it did not."""

_LOOK_MS = 500
"""How often it is looked whether a process lives: one that it has started may hold the other end open."""

_AT_ONCE = 1 << 14
"""Bytes that are written whole or not at all."""

_PING = pickle.dumps(("ping",))

_START = "import json, sys; sys.path[:] = json.loads(sys.argv.pop(1)); from aura.core.worker import main; main()"


class Link:
    """A process that serves one zone.

    What breaks off a wait for an answer, as Ctrl-C does, leaves the link whole: the answer is left out when it comes.
    What breaks off in the middle of a message ends the process, for nobody could tell where the next one begins.

    Parameters
    ----------
    name : str
        The zone's.
    first : bytes
        The first request: what it needs to build the zone.

    Attributes
    ----------
    requests, replies : Arena
        What arrays are laid into.

    Raises
    ------
    OSError
        If no process can be started.
    """

    def __init__(self, name: str, first: bytes) -> None:
        self.name = name
        self._sent = 0
        self._awaited: set[int] = set()
        self._kept: dict[int, bytes] = {}
        self._loose = False
        """Whether there may be requests under way whose answers nobody awaits."""
        self._silent = False
        """Whether it has used up a limit since it last answered; it is given little time from then on."""
        with ExitStack() as made:
            self.requests = made.enter_context(closing(Arena()))
            self.replies = made.enter_context(closing(Arena()))
            self._connection, theirs = Pipe()
            made.enter_context(self._connection)
            with theirs:
                self._process = _started((theirs.fileno(), self.requests.descriptor, self.replies.descriptor))
            made.callback(self._reap)
            self._answers = select.poll()
            self._answers.register(self._connection.fileno(), select.POLLIN)
            self.send(ASK, first)
            self._made = made.pop_all()

    @property
    def alive(self) -> bool:
        """Whether the process has not ended."""
        return self._process.poll() is None

    def send(self, kind: bytes, body: bytes) -> int:
        """Send a request and return its number, by which its answer is received or given up.

        Raises
        ------
        ZoneError
            If the process has ended.
        """
        self._sent += 1
        number, message = self._sent, NUMBER.pack(self._sent) + kind + body
        self._awaited.add(number)
        try:
            self._connection.send_bytes(message)
        except OSError:
            raise self._gone() from None
        except BaseException:
            if len(message) > _AT_ONCE:
                self.kill()
            self.give_up(number)  # it may be under way, or not
            raise
        return number

    def receive(self, number: int, limit: float | None = None) -> bytes:
        """Return the answer to a request, within so many seconds.

        Raises
        ------
        ZoneError
            If the process has ended, or the time is over; the answer may be received later.
        """
        until = None if limit is None else monotonic() + (_AGAIN_S if self._silent else limit)
        while number not in self._kept:
            self._read_next(until)
        self._awaited.discard(number)
        return self._kept.pop(number)

    def give_up(self, number: int) -> None:
        """Leave out the answer to a request when it comes."""
        if number in self._awaited:
            self._awaited.discard(number)
            self._kept.pop(number, None)
            self._loose = True

    def settle(self, *, surely: bool = False) -> None:
        """Wait until nothing is under way that was given up; what lay in the arenas for that is read by then.

        Parameters
        ----------
        surely : bool
            Whether to ask for a sign of life where nothing was given up.

        Raises
        ------
        ZoneError
            If the process has ended, or the grace is over.
        """
        if self._loose or surely:
            number = self.send(ASK, _PING)  # answers come in the order of the questions
            try:
                self.receive(number, GRACE_S)
            except BaseException:
                self.give_up(number)
                raise
            self._loose = False

    def kill(self) -> None:
        """End the process at once."""
        self._process.kill()

    def end(self) -> None:
        """Let the process end, within the grace, and let go of all that was shared with it."""
        self._made.close()

    def _read_next(self, until: float | None) -> None:
        self._wait(until)
        try:
            message = self._connection.recv_bytes()
            self._silent = False
            number, = NUMBER.unpack_from(message)
            if number in self._awaited:
                self._kept[number] = message[NUMBER.size:]
        except (EOFError, OSError):
            raise self._gone() from None
        except BaseException:
            self.kill()
            raise

    def _wait(self, until: float | None) -> None:
        while True:
            alive = self.alive
            left = _LOOK_MS if until is None else min(_LOOK_MS, max(0, int(1000 * (until - monotonic()))))
            if self._answers.poll(left if alive else 0):
                return
            if not alive:
                raise self._gone()
            if until is not None and monotonic() >= until:
                self._silent = True
                raise ZoneError(self.name, expected="an answer from the process in which the zone lives",
                                got="none, for it is at work or stopped",
                                hint="Load a checkpoint, which puts a new process in its place.")

    def _reap(self) -> None:
        self._connection.close()
        try:
            self._process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            pass
        finally:
            self._process.kill()
            self._process.wait()

    def _gone(self) -> ZoneError:
        try:
            status = self._process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        return ZoneError(self.name, expected="the process in which the zone lives", got=f"one that was {_how(status)}",
                         hint="Its on_error says what becomes of the brain.")


def _how(status: int) -> str:
    if status >= 0:
        return f"ended with status {status}"
    name = signal.Signals(-status).name if -status in {*signal.Signals} else f"signal {-status}"
    return f"killed by {name}"


def _started(descriptors: tuple[int, ...]) -> subprocess.Popen[bytes]:
    """Start a process that imports what this one would, and nothing of the folder that it happens to stand in."""
    path = json.dumps([*(part for part in sys.path if isinstance(part, str)), str(Path(__file__).parents[2])])
    with _uninterrupted():
        return subprocess.Popen([sys.executable, "-P", "-c", _START, path, *map(str, descriptors)],
                                pass_fds=descriptors, stdin=subprocess.DEVNULL)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let nothing that stops a whole group reach what is started within; it is blocked there, until it is ignored."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
