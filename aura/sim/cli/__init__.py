"""The command ``aura``."""

from __future__ import annotations

import sys
from io import TextIOWrapper

__all__ = ["main"]


def main() -> None:
    """Run the command line; bad input ends it with one line on standard error, and status 2."""
    # Imported here and not at the top: `aura --help` is to answer in under 0.3 s.
    from aura.sim.cli.app import app

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a folder's name may be of bytes that are no text
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except Exception as error:
        from aura.core.errors import AuraError

        if isinstance(error, OSError):  # a disk, a right, a name too long: no fault of the program
            said = f"{error.filename or 'the system'}: expected to be let, got {type(error).__name__}: {error.strerror}"
        elif isinstance(error, AuraError):
            said = str(error)
        else:
            raise
        print("aura:", " ".join(said.splitlines()), file=sys.stderr)
        raise SystemExit(2) from None
