"""The bytes of an open stream, read in a thread of their own and kept before anything else is done with them."""

from __future__ import annotations

import io
import logging
import os
import select
import socket
import stat
import threading
import time
from typing import IO, TYPE_CHECKING, TypeAlias

from aura.core.errors import AuraError, StreamError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aura.plugins.recording.intake import Intake

__all__ = ["LiveBytes", "Stream"]

Stream: TypeAlias = "IO[bytes] | io.FileIO"

_CHUNK_BYTES = 1 << 16
_DRAIN_S = 0.5
"""Longest that a stream is read on after the run is over, for what was already sent (tuned here: megabytes)."""
_SAME_END_S = 1.0
"""A pipe's writer that ends so shortly before an interrupt was ended by it: Ctrl-C goes to both sides of a pipe."""
_log = logging.getLogger("aura.streams")


class LiveBytes:
    """Reads a stream from `start` until its end or `close`, and hands on what comes.

    Parameters
    ----------
    stream : binary file object, or function that opens one
        What is read, from its present place; nothing else may read it meanwhile. A function is called by `start`: a
        writer that has been let in must not be left with what nobody reads.
    name : str
        What errors call it.
    feed : function (chunk)
        Is handed the rest of earlier sittings, first and always, and then what comes; it may wait, which holds the
        writer back.
    done : function (ended, error)
        Is told that the input has ended, or that nothing more comes for another reason: an error, or `close`.
    close_stream : bool
        Close the stream when nothing more comes.
    intake : Intake, optional
        Keeps all that is read, at once, and whether the input has ended.
    """

    def __init__(self, stream: Stream | Callable[[], Stream], name: str, feed: Callable[[bytes], None],
                 done: Callable[[bool, StreamError | None], None], *, close_stream: bool,
                 intake: Intake | None) -> None:
        self._open: Callable[[], Stream] | None = stream if callable(stream) else None
        self._stream: Stream = io.BytesIO() if callable(stream) else stream
        self._name, self._feed, self._done = name, feed, done
        self._close_stream, self._intake = close_stream, intake
        self._stop = threading.Event()
        self._at_end = self._interrupted = False
        self._wake_out, self._wake_in = os.pipe()
        # A daemon, as a read from a stream that is no file descriptor cannot be broken off.
        self._thread = threading.Thread(target=self._run, name=f"aura-{name}", daemon=True)

    def start(self) -> None:
        """Begin to read, unless that was done, or it is closed, or is yet to be opened though the run is to stop.

        Raises
        ------
        StreamError
            If it cannot be opened.
        """
        if self._thread.ident or self._stop.is_set() or (self._open is not None and self._interrupted):
            return
        if self._open is not None:
            self._stream, self._open = self._open(), None
        self._thread.start()

    def interrupt(self) -> None:
        """Note that the run is to stop; safe to call from a signal handler."""
        self._interrupted = True

    def close(self) -> None:
        """Stop reading, once what was already sent is kept; to be called once, when `feed` waits no more."""
        self._stop.set()
        os.close(self._wake_in)  # wakes a thread that waits for the descriptor
        if self._thread.ident:
            self._thread.join(timeout=1.0 + (_DRAIN_S if self._intake is not None else 0.0))
        else:
            self._let_go()

    def _run(self) -> None:
        error: StreamError | None = None
        try:
            self._feed(b"" if self._intake is None else self._intake.rest)
            for chunk in self._chunks():
                if self._intake is not None:
                    self._intake.keep(chunk)
                self._feed(chunk)
        except (OSError, ValueError) as failed:
            error = StreamError(self._name, expected="a stream that can be read", got=str(failed))
        except AuraError as failed:
            error = StreamError(self._name, expected="input that can be kept", got=str(failed))
        finally:
            self._done(self._at_end, error)
            self._keep_end()
            self._let_go()

    def _chunks(self) -> Iterator[bytes]:
        raw = getattr(self._stream, "raw", self._stream)
        if os.name != "posix" or not isinstance(raw, (io.FileIO, socket.SocketIO)):
            read = getattr(self._stream, "read1", self._stream.read)
            while not self._stop.is_set() and (chunk := read(_CHUNK_BYTES)):
                yield chunk
            self._at_end = not self._stop.is_set()
            return
        descriptor = self._stream.fileno()
        deadline: float | None = None
        while True:
            watched = [descriptor] if deadline is not None else [descriptor, self._wake_out]
            ready, _, _ = select.select(watched, [], [], None if deadline is None else 0)
            if self._wake_out in ready:
                if self._intake is None or self._is(stat.S_ISREG):  # what a file holds is not lost
                    self._at_end = self._is(stat.S_ISREG) and \
                        os.lseek(descriptor, 0, os.SEEK_CUR) >= os.fstat(descriptor).st_size
                    return
                deadline = time.monotonic() + _DRAIN_S
            elif not ready:
                return
            elif deadline is not None and time.monotonic() > deadline:
                _log.warning("%s was still sending when the run was over; what it sends from now on is not kept",
                             self._name)
                return
            if descriptor in ready:
                try:
                    chunk = os.read(descriptor, _CHUNK_BYTES)
                except BlockingIOError:
                    continue
                if not chunk:
                    self._at_end = True
                    return
                yield chunk

    def _keep_end(self) -> None:
        """Keep that the input has ended, unless it is a pipe whose writer was ended by what stops this run."""
        if self._intake is None or not self._at_end or self._intake.ended:
            return
        if not self._is(stat.S_ISFIFO):
            self._intake.end()
        elif not self._interrupted:
            self._intake.end()
            self._stop.wait(_SAME_END_S)
            if self._interrupted:  # the writer felt it first
                self._intake.end(False)

    def _is(self, kind: Callable[[int], bool]) -> bool:
        try:
            return kind(os.fstat(self._stream.fileno()).st_mode)
        except (OSError, ValueError):
            return False

    def _let_go(self) -> None:
        os.close(self._wake_out)
        if self._close_stream:
            self._stream.close()
