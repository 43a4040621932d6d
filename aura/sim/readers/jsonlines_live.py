"""Live JSON lines: what a scenario may say of them, and opening standard input, a pipe, a socket or a file."""

from __future__ import annotations

import io
import logging
import os
import socket
import stat
import sys
from functools import partial
from typing import IO, TYPE_CHECKING, Annotated

from pydantic import Field as Setting

from aura.core.errors import StreamError
from aura.sim.readers.columns import ColumnMap, RowParser
from aura.sim.readers.files import checked_file
from aura.sim.readers.live_source import JsonLinesSource
from aura.sim.readers.options import LivePathText, ReaderOptions, resolve_path
from aura.sim.readers.where import Where

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from aura.plugins.recording.intake import Intake
    from aura.plugins.streams import Field
    from aura.sim.readers.live_bytes import Stream

__all__ = ["STANDARD_INPUT", "JsonLinesOptions", "jsonlines_fields", "open_jsonlines"]

STANDARD_INPUT = "-"
_TCP = "tcp://"
_CONNECT_S = 10.0
_SOCKET_BYTES = 1 << 17
"""What the system may hold of a connection that is not read (tuned here: little, as a kill loses it)."""
_log = logging.getLogger("aura.streams")


class JsonLinesOptions(ReaderOptions):
    """Live JSON objects, one a line."""

    path: LivePathText = Setting(
        STANDARD_INPUT,
        description="`-` for standard input, `tcp://host:port` for a socket to connect to, or a file or named pipe.")
    columns: ColumnMap = Setting(
        min_length=1,
        description="Port name to key or dotted path. Arrays tell their `shape`.")
    where: Where = Setting(
        default_factory=dict,
        description='Only rows with this value, or one of these, at a key: `{ lang = ["en", "de"] }`.')
    capacity: Annotated[int, Setting(ge=1)] = Setting(
        1 << 16,
        description="Rows that may wait; the writer is held back when as many do, or 8 MiB of them.")


def jsonlines_fields(options: JsonLinesOptions) -> Mapping[str, Field]:
    """Return the fields that the rows will have, without opening anything."""
    return RowParser(options.columns, settle=False).fields


def open_jsonlines(options: JsonLinesOptions, base: Path, intake: Intake | None = None) -> JsonLinesSource:
    """Open live JSON lines; they are read, and a connection or named pipe is opened, from `start` or `take` on.

    Of a file that begins with what earlier sittings of a run have read, the rest is read; nothing is opened if the
    input has ended, but for a branch that may be given more.
    """
    stream: Stream | Callable[[], Stream]
    if intake is not None and intake.ended and intake.branched and _has_more(options.path, base):
        intake.ended = False
    if intake is not None and intake.ended:
        stream, name = io.BytesIO(), options.path
    elif options.path == STANDARD_INPUT:
        if sys.stdin is None:  # closed by the shell: <&-
            raise StreamError("standard input", expected="an open stream of lines", got="none: it is closed",
                              hint="Pipe the lines in, or give the stream a path.")
        stream, name = sys.stdin.buffer, "standard input"
    elif options.path.startswith(_TCP):
        stream, name = partial(_connect, options.path, *_host_and_port(options.path)), options.path
    else:
        path = resolve_path(options.path, base)
        stream, name = partial(_open_path, path) if path.is_fifo() else _open_path(path), path.name
    if intake is not None and intake.total and not (intake.ended or callable(stream)):
        _pass_over(stream, name, intake)
    return JsonLinesSource(stream, options.columns, on_bad=options.on_bad, capacity=options.capacity, name=name,
                           close_stream=options.path != STANDARD_INPUT, where=options.where, intake=intake)


def _has_more(path: str, base: Path) -> bool:
    """Return whether an input that has ended may have more for a branch: what is piped in, or what a file got since."""
    if path == STANDARD_INPUT:
        return sys.stdin is not None and not sys.stdin.isatty()
    return not path.startswith(_TCP) and resolve_path(path, base).is_file()


def _open_path(path: Path) -> io.FileIO:
    try:
        if path.is_fifo() and sys.platform == "linux":  # opened at once, so that Ctrl-C need not wait for a writer
            return io.FileIO(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC))
        return io.FileIO(path if path.is_fifo() else checked_file(path))
    except OSError as error:
        raise StreamError(str(path), expected="a file or named pipe that can be read", got=str(error)) from error


def _host_and_port(address: str) -> tuple[str, int]:
    host, colon, port = address.removeprefix(_TCP).rpartition(":")
    if not (colon and host and port.isdecimal()):
        raise StreamError(address, expected="tcp://host:port", got=repr(address))
    return host.strip("[]"), int(port)


def _connect(address: str, host: str, port: int) -> IO[bytes]:
    """Return what comes over a TCP connection, as a file."""
    try:
        connection = socket.create_connection((host, port), timeout=_CONNECT_S)
    except (OSError, OverflowError) as error:
        raise StreamError(address, expected="a server that takes the connection", got=str(error),
                          hint="Start the server first.") from error
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SOCKET_BYTES)
    connection.settimeout(None)
    stream = connection.makefile("rb")
    connection.close()  # the file keeps the connection open until it is closed itself
    return stream


def _pass_over(stream: Stream, name: str, intake: Intake) -> None:
    """Pass over what earlier sittings have read of a file; a pipe goes on by itself."""
    try:
        descriptor = stream.fileno()
        if not stat.S_ISREG(os.fstat(descriptor).st_mode) or os.lseek(descriptor, 0, os.SEEK_CUR):
            return
        with os.fdopen(os.dup(descriptor), "rb") as file:
            known = intake.begins(file)
        os.lseek(descriptor, intake.total if known else 0, os.SEEK_SET)
    except OSError as error:
        raise StreamError(name, expected="a file that can be read", got=str(error)) from error
    if not known:
        _log.warning("%s does not begin with what was read of it before; it is read from its beginning", name)
