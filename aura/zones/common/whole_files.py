"""Files that are seen whole or not at all: written aside and renamed, read in one piece."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from aura.core.blame import described
from aura.core.errors import StateError

__all__ = ["read_file", "whole_file", "write_file"]


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a place to write a file at that takes the place of `path` once it is whole; its folder is made.

    Raises
    ------
    StateError
        If it cannot be written; nothing of it is left, and an earlier file stays.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield aside
        aside.replace(path)
    except OSError as error:
        raise StateError(str(path), expected="a place that can be written to", got=error.strerror or str(error),
                         hint="Free some space or choose another folder.") from error
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)


def write_file(path: Path, data: bytes, *, durable: bool = False) -> None:
    """Write a file aside and rename it; `durable` waits until the disk has it. Its folder is made if there is none.

    Raises
    ------
    StateError
        If it cannot be written; nothing of it is left.
    """
    with whole_file(path) as aside, aside.open("wb") as file:
        file.write(data)
        if durable:
            file.flush()
            os.fsync(file.fileno())


def read_file(path: Path, expected: str, hint: str = "") -> bytes:
    """Return the bytes of a file that should be what `expected` says.

    Raises
    ------
    StateError
        If it is missing or cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise StateError(str(path), expected=expected, got="no such file", hint=hint) from None
    except OSError as error:
        raise StateError(str(path), expected=expected, got=described(error)) from error
