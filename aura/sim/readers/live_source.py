"""Live JSON lines from an open stream, read ahead by a thread, kept as they are read, and parsed as they are taken."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from aura.core.errors import StreamError
from aura.plugins.streams import Source
from aura.sim.readers.bad import BadRows, BadValue
from aura.sim.readers.columns import RowParser
from aura.sim.readers.json_rows import json_cell, json_object
from aura.sim.readers.live_bytes import LiveBytes
from aura.sim.readers.where import Chooser

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aura.plugins.recording.intake import Intake
    from aura.plugins.streams import Field, Item
    from aura.sim.readers.bad import OnBad
    from aura.sim.readers.columns import Column
    from aura.sim.readers.live_bytes import Stream
    from aura.sim.readers.where import Where

__all__ = ["JsonLinesSource"]

_LINE_BYTES = 1 << 20
"""Longest line (tuned here: a hundred times a long text); a longer one is bad, so that memory stays bounded."""
_AHEAD_BYTES = 8 << 20
"""Most that waits in memory (tuned here: what a kill would lose lies in pipes and sockets, so they are kept empty)."""
_log = logging.getLogger("aura.streams")


class _Line(NamedTuple):
    """A line, None for one that is too long; and how far into the input and at which number it ends."""

    text: bytes | None
    end: int
    number: int


class JsonLinesSource(Source):
    """A live source of rows; also a context manager. It reads from `start`, or the first `take`, on.

    A bad line, once its turn comes, raises from `take`, or is counted and logged, as the source was told.

    Parameters
    ----------
    stream : binary file object, or function that opens one
        What is read, from its present place; nothing else may read it meanwhile. A function is called when the reading
        begins.
    columns : mapping of str to Column
    on_bad : {"stop", "skip"}
    capacity : int
        Rows that may wait in the queue.
    name : str
        What errors call it.
    close_stream : bool
        Close the stream once it has been read to its end or the source is closed.
    where : Where, optional
        Which rows are wanted; the others are passed over.
    intake : Intake, optional
        Keeps all that is read, at once; what earlier sittings of a run left there comes first.
    """

    def __init__(
        self,
        stream: Stream | Callable[[], Stream],
        columns: Mapping[str, Column],
        *,
        on_bad: OnBad = "stop",
        capacity: int = 1 << 16,
        name: str = "standard input",
        close_stream: bool = False,
        where: Where | None = None,
        intake: Intake | None = None,
    ) -> None:
        self.name = name
        self._parser, self._wanted = RowParser(columns, settle=False), Chooser(where or {})
        self.fields: dict[str, Field] = self._parser.fields
        self._capacity, self._bad = capacity, BadRows(name, on_bad)
        self._number, self._at = (intake.lines, intake.total - len(intake.rest)) if intake is not None else (0, 0)
        self.position = self._at  # over all sittings
        self._rest, self._too_long, self._seam = b"", False, -1
        self._waiting: deque[_Line | StreamError] = deque()
        self._bytes = 0
        self._changed = threading.Condition()
        self._finished = self._stopping = False
        self._reading = LiveBytes(stream, name, self._feed, self._done, close_stream=close_stream, intake=intake)

    @property
    def skipped(self) -> int:
        """How many lines were left out as bad so far."""
        return self._bad.count

    @property
    def ended(self) -> bool:
        """Whether the last row has been taken."""
        with self._changed:
            return self._finished and not self._waiting

    def take(self, max_items: int, *, block: bool = True, timeout_s: float | None = None) -> list[dict[str, Item]]:
        """Return at most `max_items` rows in their order; with `block`, wait for the first one, the end or the time.

        Raises
        ------
        StreamError
            At a bad line, if told to stop: after the rows before it have been taken.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        taken: list[dict[str, Item]] = []
        with self._changed:
            self._reading.start()
            while True:
                if block:
                    left = None if deadline is None else deadline - time.monotonic()
                    self._changed.wait_for(lambda: self._waiting or self._finished, left)
                while self._waiting and len(taken) < max_items:
                    try:
                        row = self._parsed(self._waiting[0])
                    except StreamError:
                        if taken:  # it is raised when those are used
                            break
                        self._waiting.clear()
                        self._finished = True
                        raise
                    self._pop()
                    if row is not None:
                        taken.append(row)
                self._changed.notify_all()
                late = deadline is not None and time.monotonic() >= deadline
                if taken or not block or late or (self._finished and not self._waiting):
                    return taken

    def start(self) -> None:
        """Begin to read, so that what comes is kept even if nothing is ever taken.

        Raises
        ------
        StreamError
            If the input cannot be opened.
        """
        with self._changed:
            self._reading.start()

    def interrupt(self) -> None:
        """Note that the run is to stop; safe to call from a signal handler."""
        self._reading.interrupt()

    def close(self) -> None:
        """Stop reading, keep what was already sent if there is an intake, and drop what waits."""
        with self._changed:
            already, self._stopping = self._stopping, True
            self._finished = True
            self._waiting.clear()
            self._changed.notify_all()
        if not already:
            self._reading.close()
            self._bad.finish()

    def __enter__(self) -> JsonLinesSource:
        """Return the source."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    # --- taking ---------------------------------------------------------------------------------------------------

    def _pop(self) -> None:
        line = self._waiting.popleft()
        if isinstance(line, _Line):
            self.position = line.end
            self._bytes -= len(line.text or b"")

    def _parsed(self, line: _Line | StreamError) -> dict[str, Item] | None:
        """Return the row of a line, or None for one that is not wanted, and for a bad one that is left out."""
        if isinstance(line, StreamError):
            raise line
        try:
            return self._row(line.text)
        except BadValue as bad:
            self._bad.value(f"line {line.number}", bad)
        return None

    def _row(self, text: bytes | None) -> dict[str, Item] | None:
        if text is None:
            raise BadValue(f"at most {_LINE_BYTES} bytes a line", "more")
        try:
            record = json_object(text.decode("utf-8-sig"), exact=self._parser.exact)
        except UnicodeDecodeError as error:
            raise BadValue("text in utf-8",
                           f"byte 0x{text[error.start]:02X} at byte {error.start + 1} of the line") from error
        get = partial(json_cell, record)
        return self._parser.parse(get) if self._wanted(get) else None

    # --- reading, in the thread of the bytes ----------------------------------------------------------------------

    def _done(self, ended: bool, error: StreamError | None) -> None:
        """Put what is left of the input into the queue."""
        if ended and (self._rest or self._too_long):
            self._line(self._rest, 0)
        if error is not None:
            self._put(error)
        with self._changed:
            self._finished = True
            self._changed.notify_all()

    def _feed(self, chunk: bytes) -> None:
        """Put the lines that end in a chunk into the queue; the first chunk is the rest of earlier sittings."""
        *whole, tail = (self._rest + chunk).split(b"\n")
        for text in whole:
            self._line(text, 1)
        self._too_long = self._too_long or len(tail) > _LINE_BYTES
        if self._too_long:
            self._at += len(tail)
            tail = b""
        self._rest = tail
        if self._seam < 0:
            self._seam = len(tail)

    def _line(self, text: bytes, newline: int) -> None:
        seam, self._seam = max(self._seam, 0), min(self._seam, 0)
        too_long, self._too_long = self._too_long or len(text) > _LINE_BYTES, False
        self._at += len(text) + newline
        self._number += 1
        if too_long:
            self._put(_Line(None, self._at, self._number))
            return
        for part in self._mended(text, seam) if seam else (text,):
            if part.strip():
                self._put(_Line(part, self._at, self._number))

    def _mended(self, text: bytes, seam: int) -> tuple[bytes, ...]:
        """Return the lines in one of which the first bytes, as many as `seam`, are the last of an earlier sitting.

        The input may go on where it was left, or anew with a line of its own.
        """
        if self._is_row(text):
            return (text,)
        if self._is_row(text[:seam]):
            return text[:seam], text[seam:]
        if self._is_row(text[seam:]):
            _log.warning("%s: %d bytes of a line that was cut off when the run stopped are left out", self.name, seam)
            return (text[seam:],)
        return (text,)

    def _is_row(self, text: bytes) -> bool:
        try:
            self._row(text)
        except BadValue:
            return False
        return True

    def _put(self, entry: _Line | StreamError) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._stopping or (
                len(self._waiting) < self._capacity and self._bytes < _AHEAD_BYTES))
            if not self._stopping:
                self._waiting.append(entry)
                self._bytes += len(entry.text or b"") if isinstance(entry, _Line) else 0
                self._finished = isinstance(entry, StreamError)
                self._changed.notify_all()
