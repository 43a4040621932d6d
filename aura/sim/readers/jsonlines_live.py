"""Live JSON lines: standard input, a pipe or a socket, read by a thread into a bounded queue."""

from __future__ import annotations

import io
import os
import select
import socket
import sys
import threading
from collections import deque
from functools import partial
from typing import IO, TYPE_CHECKING, Annotated

from pydantic import Field as Setting

from aura.core.errors import StreamError
from aura.sim.readers.bad import BadRows, BadValue
from aura.sim.readers.columns import ColumnMap, RowParser
from aura.sim.readers.files import checked_file
from aura.sim.readers.jsonl import json_cell, json_object
from aura.sim.readers.options import PathText, ReaderOptions, resolve_path
from aura.sim.readers.where import Chooser, Where

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from aura.sim.readers.bad import OnBad
    from aura.sim.readers.columns import Column
    from aura.sim.readers.rows import Field, Item

__all__ = ["STANDARD_INPUT", "JsonLinesOptions", "JsonLinesSource", "jsonlines_fields", "open_jsonlines"]

STANDARD_INPUT = "-"
_TCP = "tcp://"
_CONNECT_S = 10.0
_CHUNK_BYTES = 1 << 16
_LINE_BYTES = 1 << 20
"""Longest line (tuned here: a hundred times a long text); a longer one is bad, so that memory stays bounded."""


class JsonLinesOptions(ReaderOptions):
    """Live JSON objects, one a line.

    Parameters
    ----------
    path : str
        ``-`` for standard input, ``tcp://host:port`` for a socket to connect to, or a file or named pipe.
    columns : mapping of str to column
        Port name to key or dotted path. Arrays tell their `shape`.
    where : mapping of str to value, optional
        Only rows with this value, or one of these, at a key: ``{ lang = ["en", "de"] }``.
    capacity : int
        Rows that may wait; the writer is held back when as many do.
    """

    path: PathText = STANDARD_INPUT
    columns: ColumnMap = Setting(min_length=1)
    where: Where = Setting(default_factory=dict)
    capacity: Annotated[int, Setting(ge=1)] = 1024


def jsonlines_fields(options: JsonLinesOptions) -> Mapping[str, Field]:
    """Return the fields that the rows will have, without opening anything."""
    return RowParser(options.columns, settle=False).fields


def open_jsonlines(options: JsonLinesOptions, base: Path) -> JsonLinesSource:
    """Start reading live JSON lines."""
    if options.path == STANDARD_INPUT:
        if sys.stdin is None:  # closed by the shell: <&-
            raise StreamError("standard input", expected="an open stream of lines", got="none: it is closed",
                              hint="Pipe the lines in, or give the stream a path.")
        return JsonLinesSource(sys.stdin.buffer, options.columns, on_bad=options.on_bad, capacity=options.capacity,
                               where=options.where)
    if options.path.startswith(_TCP):
        return JsonLinesSource(_connect(options.path), options.columns, on_bad=options.on_bad,
                               capacity=options.capacity, name=options.path, close_stream=True, where=options.where)
    path = resolve_path(options.path, base)
    try:
        stream = io.FileIO(path if path.is_fifo() else checked_file(path))
    except OSError as error:
        raise StreamError(str(path), expected="a file or named pipe that can be read", got=str(error)) from error
    return JsonLinesSource(stream, options.columns, on_bad=options.on_bad, capacity=options.capacity, name=path.name,
                           close_stream=True, where=options.where)


def _connect(address: str) -> IO[bytes]:
    """Return what comes over a TCP connection, as a file."""
    host, colon, port = address.removeprefix(_TCP).rpartition(":")
    if not (colon and host and port.isdecimal()):
        raise StreamError(address, expected="tcp://host:port", got=repr(address))
    try:
        connection = socket.create_connection((host.strip("[]"), int(port)), timeout=_CONNECT_S)
    except (OSError, OverflowError) as error:
        raise StreamError(address, expected="a server that takes the connection", got=str(error),
                          hint="Start the server first.") from error
    connection.settimeout(None)
    stream = connection.makefile("rb")
    connection.close()  # the file keeps the connection open until it is closed itself
    return stream


class JsonLinesSource:
    """A live source of rows; also a context manager.

    A bad line, once its turn comes, raises from `take`, or is counted and logged, as the source was told.

    Parameters
    ----------
    stream : binary file object
        What is read, from its present place; nothing else may read it meanwhile.
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
    """

    def __init__(
        self,
        stream: IO[bytes] | io.FileIO,
        columns: Mapping[str, Column],
        *,
        on_bad: OnBad = "stop",
        capacity: int = 1024,
        name: str = "standard input",
        close_stream: bool = False,
        where: Where | None = None,
    ) -> None:
        self.name, self._close_stream = name, close_stream
        self._parser, self._wanted = RowParser(columns, settle=False), Chooser(where or {})
        self.fields: dict[str, Field] = self._parser.fields
        self._stream, self._capacity, self._bad = stream, capacity, BadRows(name, on_bad)
        self._waiting: deque[dict[str, Item] | StreamError] = deque()
        self._changed = threading.Condition()
        self._finished = self._stopping = False
        self._wake_out, self._wake_in = os.pipe()
        # A daemon, as a read from a stream that is no file descriptor cannot be broken off.
        self._thread = threading.Thread(target=self._run, name=f"aura-{name}", daemon=True)
        self._thread.start()

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
        taken: list[dict[str, Item]] = []
        with self._changed:
            if block:
                self._changed.wait_for(lambda: self._waiting or self._finished, timeout_s)
            while self._waiting and len(taken) < max_items:
                if isinstance(self._waiting[0], StreamError):
                    if taken:
                        break
                    raise self._waiting.popleft()  # type: ignore[misc]
                taken.append(self._waiting.popleft())  # type: ignore[arg-type]
            self._changed.notify_all()
        return taken

    def close(self) -> None:
        """Stop reading and drop what waits."""
        with self._changed:
            already, self._stopping = self._stopping, True
            self._finished = True
            self._waiting.clear()
            self._changed.notify_all()
        if not already:
            os.close(self._wake_in)  # wakes a thread that waits for the descriptor
            self._thread.join(timeout=1.0)

    def __enter__(self) -> JsonLinesSource:
        """Return the source."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def _run(self) -> None:
        try:
            for number, line in enumerate(self._lines(), start=1):
                self._accept(number, line)
        except StreamError as error:
            self._put(error)
        except (OSError, ValueError) as error:
            self._put(StreamError(self.name, expected="a stream that can be read", got=str(error)))
        finally:
            self._bad.finish()
            os.close(self._wake_out)
            if self._close_stream:
                self._stream.close()
            with self._changed:
                self._finished = True
                self._changed.notify_all()

    def _accept(self, number: int, line: bytes | None) -> None:
        if line is not None and not line.strip():
            return
        try:
            if line is None:
                raise BadValue(f"at most {_LINE_BYTES} bytes a line", "more")
            record = json_object(line.decode("utf-8-sig" if number == 1 else "utf-8"), exact=self._parser.exact)
            get = partial(json_cell, record)
            if not self._wanted(get):
                return
            row = self._parser.parse(get)
        except UnicodeDecodeError as error:
            self._bad.report(f"line {number}", expected="text in utf-8",
                             got=f"byte 0x{line[error.start]:02X} at byte {error.start + 1} of the line")  # type: ignore[index]
        except BadValue as bad:
            self._bad.value(f"line {number}", bad)
        else:
            self._put(row)

    def _put(self, entry: dict[str, Item] | StreamError) -> None:
        with self._changed:
            self._changed.wait_for(lambda: len(self._waiting) < self._capacity or self._stopping)
            if not self._stopping:
                self._waiting.append(entry)
                self._finished = isinstance(entry, StreamError)
                self._changed.notify_all()

    def _lines(self) -> Iterator[bytes | None]:
        rest, too_long = b"", False
        for chunk in self._chunks():
            *whole, tail = (rest + chunk).split(b"\n")
            for line in whole:
                yield None if too_long or len(line) > _LINE_BYTES else line
                too_long = False
            too_long = too_long or len(tail) > _LINE_BYTES
            rest = b"" if too_long else tail
        if too_long or rest:
            yield None if too_long else rest

    def _chunks(self) -> Iterator[bytes]:
        raw = getattr(self._stream, "raw", self._stream)
        if os.name != "posix" or not isinstance(raw, (io.FileIO, socket.SocketIO)):
            read = getattr(self._stream, "read1", self._stream.read)
            while not self._stopping and (chunk := read(_CHUNK_BYTES)):
                yield chunk
            return
        descriptor = self._stream.fileno()
        while True:
            ready, _, _ = select.select([descriptor, self._wake_out], [], [])
            if self._wake_out in ready:
                return
            chunk = os.read(descriptor, _CHUNK_BYTES)
            if not chunk:
                return
            yield chunk
