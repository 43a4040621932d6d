"""Files that are seen whole or not at all: written aside and renamed, read in one piece."""

from __future__ import annotations

import os
from pathlib import Path

from aura.core.blame import described
from aura.core.errors import StateError

__all__ = ["read_file", "write_file"]


def write_file(path: Path, data: bytes, *, durable: bool = False) -> None:
    """Write a file aside and rename it; `durable` waits until the disk has it. Its folder is made if there is none.

    Raises
    ------
    StateError
        If it cannot be written; nothing of it is left.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with aside.open("wb") as file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        aside.replace(path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise StateError(str(path), expected="a place that can be written to", got=error.strerror or str(error),
                         hint="Free some space or choose another folder.") from error


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
