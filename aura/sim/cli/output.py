"""Standard output and error: they outlive their readers, and where a program reads, nothing stands beside a document.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any

__all__ = ["keep_output_open", "led_to_errors"]


class _Unbroken(io.FileIO):
    """A file descriptor that is written to; when nobody reads it any more, what is written goes nowhere."""

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            return memoryview(data).nbytes


def keep_output_open() -> None:
    """Let a command end as it would have, and with the same status, where ``| head`` reads its output no further.

    A shell that has closed a stream (``>&-``) is taken at its word as well. What is written need be no valid text:
    names of folders may be of any bytes.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            # It stays open to the end; closed, its number would be that of the next file that is opened.
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        elif type(stream) is io.TextIOWrapper and isinstance(getattr(stream.buffer, "raw", stream.buffer), io.FileIO):
            stream.flush()
            raw = io.BufferedWriter(_Unbroken(stream.fileno(), "w", closefd=False))
            setattr(sys, name, io.TextIOWrapper(raw, stream.encoding, "backslashreplace",
                                                line_buffering=stream.line_buffering,
                                                write_through=stream.write_through))
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


@contextmanager
def led_to_errors(wanted: bool) -> Iterator[None]:
    """Lead to standard error meanwhile what zones and plugins print: in Python or C, and in processes that they start.
    """
    if not wanted:
        yield
        return
    sys.stdout.flush()
    printed_by_name, kept = sys.stdout, os.dup(1)
    os.dup2(2, 1)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        for stream in (printed_by_name, sys.__stdout__):  # what holds one of them has printed to it
            if stream is not None:
                stream.flush()
        os.dup2(kept, 1)
        os.close(kept)
